//! When a session begins afresh by itself: at an hour of the day, or after silence.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use openclaw_config::tree::Config;
use openclaw_config::tree::session::{ResetMode, Session as Settings, SessionReset};
use openclaw_state::Session;

use crate::request::{Chat, Request};

/// The hour of a daily reset where none is set.
const HOUR: u32 = 4;

/// Whether a message finds its session too old to go on, by the clock of this machine.
pub(crate) fn is_stale(config: &Config, session: &Session, request: &Request, now_ms: i64) -> bool {
    is_over(
        policy(&config.session, session, request),
        session,
        now_ms,
        TimeZone::system(),
    )
}

/// What holds for a message: its channel's settings, else those of its kind of conversation, else those of all.
fn policy<'a>(settings: &'a Settings, session: &Session, request: &Request) -> &'a SessionReset {
    let channel = request.route.as_ref().map(|route| route.channel.as_str());
    if let Some(own) = channel.and_then(|channel| settings.reset_by_channel.get(channel)) {
        return own;
    }
    let kinds = &settings.reset_by_type;
    let own = match request.chat {
        _ if session.key.contains(":thread:") => kinds.thread.as_ref(),
        Chat::Direct => kinds.direct.as_ref(),
        Chat::Group | Chat::Channel => kinds.group.as_ref(),
    };
    own.unwrap_or(&settings.reset)
}

fn is_over(policy: &SessionReset, session: &Session, now_ms: i64, zone: TimeZone) -> bool {
    let mode = policy.mode.unwrap_or(match policy.idle_minutes {
        Some(_) => ResetMode::Idle,
        None => ResetMode::None,
    });
    let silent_too_long = || {
        let allowed = policy.idle_minutes.map(|minutes| i64::from(minutes) * 60_000);
        allowed.is_some_and(|allowed| now_ms - session.last_interaction_ms > allowed)
    };
    match mode {
        ResetMode::None => false,
        ResetMode::Idle => silent_too_long(),
        ResetMode::Daily => {
            let hour = policy.at_hour.unwrap_or(HOUR);
            let turned = last_at(now_ms, hour, zone).is_some_and(|turn| session.started_ms < turn);
            turned || silent_too_long()
        }
    }
}

/// The last time that it was this hour.
fn last_at(now_ms: i64, hour: u32, zone: TimeZone) -> Option<i64> {
    let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone);
    let today = now
        .with()
        .hour(i8::try_from(hour).ok()?)
        .minute(0)
        .second(0)
        .subsec_nanosecond(0);
    let today = today.build().ok()?;
    let turn = match today > now {
        true => today.checked_sub(1.day()).ok()?,
        false => today,
    };
    Some(turn.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Route;

    const HOURS: i64 = 3_600_000;

    fn session(started_ms: i64, last_interaction_ms: i64) -> Session {
        Session {
            key: "agent:main:main".to_owned(),
            agent_id: "main".to_owned(),
            session_id: "s".to_owned(),
            started_ms,
            last_interaction_ms,
            updated_ms: 0,
            entry: "{}".to_owned(),
        }
    }

    fn over(policy: &SessionReset, session: &Session, now_ms: i64) -> bool {
        is_over(policy, session, now_ms, TimeZone::UTC)
    }

    #[test]
    fn without_a_word_about_it_a_session_goes_on_for_ever() {
        assert!(!over(&SessionReset::default(), &session(0, 0), 10_000 * HOURS));
    }

    #[test]
    fn a_daily_reset_comes_with_its_hour_whenever_the_session_began() {
        let policy = SessionReset {
            mode: Some(ResetMode::Daily),
            ..SessionReset::default()
        };
        let day = 24 * HOURS;
        // It began at three in the night.
        let began = session(10 * day + 3 * HOURS, 0);
        assert!(!over(&policy, &began, 10 * day + 4 * HOURS - 1));
        assert!(over(&policy, &began, 10 * day + 4 * HOURS));
        // It began at five.
        let began = session(10 * day + 5 * HOURS, 0);
        assert!(!over(&policy, &began, 11 * day + 3 * HOURS));
        assert!(over(&policy, &began, 11 * day + 5 * HOURS));
    }

    #[test]
    fn silence_is_counted_from_the_last_message_and_beside_a_daily_reset_too() {
        for mode in [None, Some(ResetMode::Idle), Some(ResetMode::Daily)] {
            let policy = SessionReset {
                mode,
                idle_minutes: Some(60),
                at_hour: Some(0),
            };
            let talked = session(24 * HOURS, 30 * HOURS);
            assert!(!over(&policy, &talked, 31 * HOURS), "{mode:?}");
            assert!(over(&policy, &talked, 31 * HOURS + 1), "{mode:?}");
        }
    }

    #[test]
    fn a_channel_says_it_before_the_kind_of_conversation_and_that_before_all() {
        let of = |minutes| SessionReset {
            idle_minutes: Some(minutes),
            ..SessionReset::default()
        };
        let mut settings = Settings {
            reset: of(1),
            ..Settings::default()
        };
        settings.reset_by_type.group = Some(of(2));
        settings.reset_by_channel.insert("irc".to_owned(), of(3));
        let minutes = |channel: &str, chat| {
            let request = Request {
                route: Some(Route {
                    channel: channel.to_owned(),
                    ..Route::default()
                }),
                chat,
                ..Request::default()
            };
            policy(&settings, &session(0, 0), &request).idle_minutes
        };
        assert_eq!(minutes("telegram", Chat::Direct), Some(1));
        assert_eq!(minutes("telegram", Chat::Group), Some(2));
        assert_eq!(minutes("irc", Chat::Group), Some(3));
    }
}
