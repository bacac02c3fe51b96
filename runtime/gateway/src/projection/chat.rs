//! `chat` events: what a person sees of a run, as text that grows and then one end.
//!
//! **Promise.** Deltas come at most once in [`PACE`], and what was held back is told before the end; each carries the
//! text so far, so that a client that missed one is right again with the next. **Cost.** A run under way holds its
//! text once; a delta copies it once into its payload.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// How long at least lies between two deltas of a run.
pub(crate) const PACE: Duration = Duration::from_millis(75);

/// What was told of one run's text.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    text: String,
    told: usize,
    last: Option<Instant>,
}

/// A piece of text that is to be told.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Delta<'a> {
    /// What is new.
    pub(crate) delta: &'a str,
    /// All of it.
    pub(crate) text: &'a str,
    /// Whether what was told before counts no more.
    pub(crate) replace: bool,
}

impl Spoken {
    /// Takes the text as it is now. Says what is to be told at once, if it is time.
    pub(crate) fn hear(&mut self, text: &str, now: Instant) -> Option<Delta<'_>> {
        let is_more = text.starts_with(self.text.get(..self.told).unwrap_or_default());
        if is_more {
            let kept = self.text.len().min(self.told);
            self.text.truncate(kept);
            self.text.push_str(text.get(kept..).unwrap_or_default());
        } else {
            text.clone_into(&mut self.text);
            self.told = 0;
            self.last = Some(now);
            return self.tell(now, true);
        }
        match self.last {
            Some(last) if last + PACE > now => None,
            _ => self.flush(now),
        }
    }

    /// When what was held back is to be told; none while nothing is.
    pub(crate) fn due(&self) -> Option<Instant> {
        let is_held = self.told < self.text.len();
        self.last.filter(|_| is_held).map(|last| last + PACE)
    }

    /// What was held back.
    pub(crate) fn flush(&mut self, now: Instant) -> Option<Delta<'_>> {
        match self.told < self.text.len() {
            true => self.tell(now, false),
            false => None,
        }
    }

    /// All that was said.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn tell(&mut self, now: Instant, replace: bool) -> Option<Delta<'_>> {
        let from = self.told;
        self.told = self.text.len();
        self.last = Some(now);
        Some(Delta {
            delta: self.text.get(from..)?,
            text: &self.text,
            replace,
        })
    }
}

/// What stands in every `chat` event of a run.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) session_key: &'a str,
    pub(crate) agent_id: &'a str,
    pub(crate) seq: u64,
}

/// What a `chat` event tells.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum State<'a> {
    /// More text.
    Delta {
        delta_text: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        replace: bool,
        message: Message<'a>,
    },
    /// The end, with the whole text; none where nothing was said.
    Final {
        #[serde(skip_serializing_if = "Option::is_none")]
        stop_reason: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Message<'a>>,
    },
    /// Somebody stopped it.
    Aborted {
        #[serde(skip_serializing_if = "Option::is_none")]
        stop_reason: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Message<'a>>,
    },
    /// It failed.
    Error {
        error_message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error_kind: Option<&'a str>,
    },
}

/// Something that the agent said.
#[derive(Debug, Serialize)]
pub(crate) struct Message<'a> {
    role: &'static str,
    content: [Text<'a>; 1],
    timestamp: i64,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

impl<'a> Message<'a> {
    /// A text of the agent at a time in milliseconds.
    pub(crate) fn new(text: &'a str, timestamp: i64) -> Self {
        Self {
            role: "assistant",
            content: [Text { kind: "text", text }],
            timestamp,
        }
    }
}

/// The payload of a `chat` event.
#[derive(Debug, Serialize)]
pub(crate) struct Payload<'a> {
    #[serde(flatten)]
    pub(crate) run: Run<'a>,
    #[serde(flatten)]
    pub(crate) state: State<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run<'static> {
        Run {
            run_id: "r",
            session_key: "agent:main:main",
            agent_id: "main",
            seq: 6,
        }
    }

    fn payload(run: Run<'_>, state: State<'_>) -> String {
        serde_json::to_string(&Payload { run, state }).unwrap()
    }

    #[test]
    fn the_first_words_come_at_once_and_the_next_when_it_is_time() {
        let (mut spoken, start) = (Spoken::default(), Instant::now());
        assert_eq!(spoken.hear("a", start).unwrap().delta, "a");
        assert_eq!(spoken.hear("ab", start + PACE / 3), None);
        assert_eq!(spoken.hear("abc", start + PACE / 2), None);
        assert_eq!(spoken.due(), Some(start + PACE));
        let more = spoken.hear("abcd", start + PACE).unwrap();
        assert_eq!((more.delta, more.text, more.replace), ("bcd", "abcd", false));
        assert_eq!(spoken.due(), None);
    }

    #[test]
    fn what_was_held_back_is_told_before_the_end() {
        let (mut spoken, start) = (Spoken::default(), Instant::now());
        spoken.hear("Hello", start);
        spoken.hear("Hello there", start);
        assert_eq!(spoken.flush(start).unwrap().delta, " there");
        assert_eq!(spoken.flush(start), None);
    }

    #[test]
    fn text_that_does_not_go_on_replaces_what_was_told() {
        let (mut spoken, start) = (Spoken::default(), Instant::now());
        spoken.hear("Hello", start);
        let other = spoken.hear("Good day", start).unwrap();
        assert_eq!((other.delta, other.replace), ("Good day", true));
    }

    #[test]
    fn text_that_was_held_back_may_change_before_it_is_told() {
        let (mut spoken, start) = (Spoken::default(), Instant::now());
        spoken.hear("Hé", start);
        spoken.hear("Hé one", start);
        assert_eq!(spoken.hear("Hé two", start), None);
        assert_eq!(spoken.flush(start).unwrap().delta, " two");
    }

    #[test]
    fn events_have_the_fields_of_openclaw_in_its_order() {
        let delta = State::Delta {
            delta_text: "Hello",
            replace: false,
            message: Message::new("Hello", 1),
        };
        assert_eq!(
            payload(run(), delta),
            r#"{"runId":"r","sessionKey":"agent:main:main","agentId":"main","seq":6,"state":"delta","deltaText":"Hello","message":{"role":"assistant","content":[{"type":"text","text":"Hello"}],"timestamp":1}}"#
        );
        let silent = State::Final {
            stop_reason: Some("stop"),
            message: None,
        };
        assert_eq!(
            payload(run(), silent),
            r#"{"runId":"r","sessionKey":"agent:main:main","agentId":"main","seq":6,"state":"final","stopReason":"stop"}"#
        );
    }
}
