//! Heartbeats of one connection: when the next is due, and when its silence has lasted too long.
//!
//! **Cost.** A heartbeat that carries a value reads each arriving frame of text as JSON.

use std::time::Duration;

use openclaw_egress::socket::{Frame, Pattern};
use serde_json::Value;
use tokio::time::Instant;

use super::keep::{Heartbeat, KeepAlive};

/// The shortest interval, so that a slip does not flood the other side.
const LEAST: Duration = Duration::from_millis(100);

/// What is to be done now.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    /// Nothing before then.
    Wait(Instant),
    /// A ping is to be sent.
    Ping,
    /// A frame is to be sent.
    Send(Frame),
    /// The other side is silent.
    Silent,
}

/// The heartbeats of a connection.
pub(super) struct Beat {
    keep_alive: KeepAlive,
    next: Instant,
    /// Since when a sign of life is missing.
    missing_since: Option<Instant>,
    /// The last value for heartbeats that carry one.
    remembered: Option<String>,
}

impl Beat {
    pub(super) fn new(keep_alive: KeepAlive, now: Instant) -> Self {
        let first = keep_alive.first_after.unwrap_or(keep_alive.every.max(LEAST));
        let is_silent = matches!(keep_alive.heartbeat, Heartbeat::Silent);
        Self {
            next: now + first,
            missing_since: is_silent.then_some(now),
            remembered: None,
            keep_alive,
        }
    }

    /// Goes on with what was remembered by the one before.
    pub(super) fn after(mut self, before: Option<Self>) -> Self {
        self.remembered = before.and_then(|before| before.remembered);
        self
    }

    /// What is due. A heartbeat counts as sent from here on.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        if let Some(since) = self.missing_since
            && now >= since + self.keep_alive.patience
        {
            return Due::Silent;
        }
        let end = self.missing_since.map(|since| since + self.keep_alive.patience);
        let send = match &self.keep_alive.heartbeat {
            Heartbeat::Silent => {
                return Due::Wait(end.unwrap_or(now + self.keep_alive.patience));
            }
            _ if now < self.next => {
                return Due::Wait(end.map_or(self.next, |end| end.min(self.next)));
            }
            Heartbeat::Ping => Due::Ping,
            Heartbeat::Fixed(frame) => Due::Send(frame.clone()),
            Heartbeat::Echoing {
                before,
                initial,
                after,
                ..
            } => {
                let value = self.remembered.as_ref().unwrap_or(initial);
                Due::Send(Frame::Text(format!("{before}{value}{after}")))
            }
        };
        self.next = now + self.keep_alive.every.max(LEAST);
        self.missing_since.get_or_insert(now);
        send
    }

    /// Something arrived that is no text, such as a pong.
    pub(super) fn hear(&mut self, now: Instant) {
        if self.keep_alive.alive_on == Pattern::Anything {
            self.live(now);
        }
    }

    /// A text arrived. Says whether it is kept from the adapter, as a mere answer to a heartbeat.
    pub(super) fn hear_text(&mut self, text: &str, now: Instant) -> bool {
        if let Heartbeat::Echoing { remembered, .. } = &self.keep_alive.heartbeat
            && let Ok(document) = serde_json::from_str::<Value>(text)
            && let Some(value) = document.pointer(remembered).filter(|value| !value.is_null())
        {
            self.remembered = Some(value.to_string());
        }
        if self.keep_alive.alive_on == Pattern::Anything {
            self.live(now);
            return false;
        }
        let is_alive = self.keep_alive.alive_on.matches(text);
        if is_alive {
            self.live(now);
        }
        is_alive && self.keep_alive.quiet
    }

    fn live(&mut self, now: Instant) {
        let is_silent = matches!(self.keep_alive.heartbeat, Heartbeat::Silent);
        self.missing_since = is_silent.then_some(now);
    }

    /// Nothing was read for so long, so nobody was silent.
    pub(super) fn pause(&mut self, time: Duration) {
        if let Some(since) = &mut self.missing_since {
            *since += time;
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_egress::socket::JsonTest;

    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn keep_alive(heartbeat: Heartbeat, alive_on: Pattern) -> KeepAlive {
        KeepAlive {
            heartbeat,
            every: seconds(40),
            first_after: Some(seconds(7)),
            alive_on,
            patience: seconds(10),
            quiet: true,
        }
    }

    #[test]
    fn a_heartbeat_carries_the_last_value_and_its_answer_is_kept_from_the_adapter() {
        let begun = Instant::now();
        let heartbeat = Heartbeat::Echoing {
            before: "{\"op\":1,\"d\":".to_owned(),
            remembered: "/s".to_owned(),
            initial: "null".to_owned(),
            after: "}".to_owned(),
        };
        let ack = Pattern::Json(vec![JsonTest::parse("/op", "11").unwrap()]);
        let mut beat = Beat::new(keep_alive(heartbeat, ack), begun);
        assert_eq!(beat.due(begun), Due::Wait(begun + seconds(7)));
        let text = |text: &str| Due::Send(Frame::Text(text.to_owned()));
        assert_eq!(beat.due(begun + seconds(7)), text("{\"op\":1,\"d\":null}"));
        assert_eq!(beat.due(begun + seconds(8)), Due::Wait(begun + seconds(17)));
        assert!(!beat.hear_text(r#"{"op":0,"s":41}"#, begun + seconds(9)));
        assert!(!beat.hear_text(r#"{"op":0,"s":null}"#, begun + seconds(9)));
        assert!(beat.hear_text(r#"{"op":11}"#, begun + seconds(9)));
        assert_eq!(beat.due(begun + seconds(20)), Due::Wait(begun + seconds(47)));
        assert_eq!(beat.due(begun + seconds(47)), text("{\"op\":1,\"d\":41}"));
        assert_eq!(beat.due(begun + seconds(57)), Due::Silent);
    }

    #[test]
    fn whoever_only_listens_waits_for_a_sign_of_life_and_no_longer() {
        let begun = Instant::now();
        let mut beat = Beat::new(keep_alive(Heartbeat::Silent, Pattern::Anything), begun);
        assert_eq!(beat.due(begun), Due::Wait(begun + seconds(10)));
        beat.hear(begun + seconds(9));
        assert_eq!(beat.due(begun + seconds(18)), Due::Wait(begun + seconds(19)));
        beat.pause(seconds(5));
        assert_eq!(beat.due(begun + seconds(19)), Due::Wait(begun + seconds(24)));
        assert_eq!(beat.due(begun + seconds(24)), Due::Silent);
    }

    #[test]
    fn a_pong_is_a_sign_of_life_only_where_anything_is() {
        let begun = Instant::now();
        for (alive_on, wanted) in [
            (Pattern::Anything, false),
            (Pattern::Contains("pong".to_owned()), true),
        ] {
            let mut beat = Beat::new(keep_alive(Heartbeat::Ping, alive_on), begun);
            assert_eq!(beat.due(begun + seconds(7)), Due::Ping);
            beat.hear(begun + seconds(8));
            assert_eq!(beat.due(begun + seconds(17)) == Due::Silent, wanted);
        }
    }
}
