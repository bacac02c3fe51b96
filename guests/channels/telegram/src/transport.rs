//! How updates come: the account asks who it is, then either asks for updates again and again or has Telegram call.
//!
//! **Promise.** The cursor moves past an update in the same transaction that delivers it, so none is lost and a
//! repeated one is recognised by its id. An update that cannot be read is passed over, with its id in the log. Only
//! the operator ends an account: after every failure there is a next attempt, at most five minutes later.
//!
//! **Cost.** One request and one transaction every 30 seconds while nothing happens.

mod intake;

use std::time::Duration;

use openclaw_sdk::channel::{Event, Happening, cursors, health, timers};
use openclaw_sdk::http::{self, Response};
use openclaw_sdk::{Error, ErrorCode, log};
use serde_json::{Value, json};

use crate::inbound::{KINDS, Me};
use crate::settings::Settings;
use crate::state::State;
use crate::{api, batch};

pub(crate) use intake::{advance, take};

/// The cursor: the id of the first update that was not delivered.
pub(crate) const CURSOR: &str = "updates";

/// Requests in the background, by their tokens.
const ME: &str = "me";
const POLL: &str = "poll";
const HOOK: &str = "webhook";
const UNHOOK: &str = "webhook-off";

/// Timers, by their names. `BEGIN` and `POLL` make the next attempt, `WATCH` looks whether one is under way.
const BEGIN: &str = "begin";
const WATCH: &str = "watch";
const ALBUMS: &str = "albums";

/// How long Telegram holds a question for updates to which it has no answer.
const HOLD: Duration = Duration::from_secs(30);
/// How much longer the answer may take.
const GRACE: Duration = Duration::from_secs(20);
/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The pause after what only a person can mend.
const LONG_PAUSE: Duration = Duration::from_secs(300);
/// The shortest pause while another program asks for the same updates.
const CONFLICT_PAUSE: Duration = Duration::from_secs(5);
/// For how long Telegram keeps what it could not deliver is 24 hours, and after a week without updates it may number
/// them anew. In between the cursor is of no use any more.
const STALE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Deals with what happened.
pub(crate) fn handle(state: &mut State, event: Event) -> Result<(), Error> {
    let now = event.time;
    match event.what {
        Happening::Started(_) => {
            state.failures = 0;
            state.is_settled = false;
            begin(state, now)
        }
        Happening::Timer(name) => match name.as_str() {
            BEGIN => begin(state, now),
            POLL => poll(state, now),
            ALBUMS => intake::finish_albums(state),
            WATCH => watch(state, now),
            _ => Ok(()),
        },
        Happening::HttpDone { token, outcome } => match token.as_str() {
            ME => introduced(state, now, outcome),
            POLL => polled(state, now, outcome),
            HOOK => hooked(state, now, outcome),
            UNHOOK => unhooked(state, now, outcome),
            // Whether a press of a button was confirmed changes nothing here.
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Asks who this account is.
fn begin(state: &mut State, now: u64) -> Result<(), Error> {
    start(state, now, ME, "getMe", &json!({}), Duration::ZERO)
}

fn introduced(state: &mut State, now: u64, outcome: Result<Response, Error>) -> Result<(), Error> {
    let me = outcome.and_then(|response| api::read(response, "getMe"));
    let me = me.and_then(|user| {
        let unknown = || Error::new(ErrorCode::Protocol, "Telegram did not say who this bot is");
        Me::read(&user).ok_or_else(unknown)
    });
    match me {
        Ok(me) => {
            state.me = Some(me);
            let settings = Settings::load()?;
            match settings.webhook() {
                Some(url) => hook(state, now, url),
                None => poll(state, now),
            }
        }
        Err(error) => pause(state, now, BEGIN, &error),
    }
}

/// Has Telegram call.
fn hook(state: &mut State, now: u64, url: &str) -> Result<(), Error> {
    let secret = match openclaw_sdk::secrets::get("webhookSecret") {
        Ok(secret) => secret,
        Err(error) => {
            let message = format!(
                "webhookUrl is set and webhookSecret is not, so calls could not be told from forged ones: {}",
                error.message
            );
            return pause(state, now, BEGIN, &Error { message, ..error });
        }
    };
    let arguments = json!({
        "url": url,
        "secret_token": secret,
        "allowed_updates": KINDS,
        // One after the other, so that they come in their order.
        "max_connections": 1,
    });
    start(state, now, HOOK, "setWebhook", &arguments, Duration::ZERO)
}

fn hooked(state: &mut State, now: u64, outcome: Result<Response, Error>) -> Result<(), Error> {
    match outcome.and_then(|response| api::read(response, "setWebhook")) {
        Ok(_) => {
            state.failures = 0;
            timers::cancel(WATCH)?;
            health::connected();
            Ok(())
        }
        Err(error) => pause(state, now, BEGIN, &error),
    }
}

/// Asks for updates. Telegram answers at once if there are any.
fn poll(state: &mut State, now: u64) -> Result<(), Error> {
    let cursor = cursors::read(CURSOR)?.and_then(|position| position.parse::<i64>().ok());
    let is_stale = state
        .last_update
        .is_none_or(|last| now.saturating_sub(last) > milliseconds(STALE));
    state.from_beginning = is_stale;
    let hold = if state.is_settled { HOLD } else { Duration::ZERO };
    let mut arguments = json!({
        "timeout": hold.as_secs(),
        "limit": if state.one_by_one { 1 } else { 100 },
        "allowed_updates": KINDS,
    });
    if let (Some(offset), false, Some(arguments)) = (cursor, is_stale, arguments.as_object_mut()) {
        arguments.insert("offset".to_owned(), Value::from(offset));
    }
    start(state, now, POLL, "getUpdates", &arguments, hold)
}

fn polled(state: &mut State, now: u64, outcome: Result<Response, Error>) -> Result<(), Error> {
    let answer = outcome.and_then(|response| {
        let status = response.status();
        response.bytes().map(|body| (status, body))
    });
    let (status, body) = match answer {
        Ok(answer) => answer,
        Err(error) if error.code == ErrorCode::TooLarge && !state.one_by_one => {
            state.one_by_one = true;
            return poll(state, now);
        }
        Err(error) => return pause(state, now, POLL, &error),
    };
    let read = match status {
        ..400 => batch::read(&body),
        _ => Err(String::new()),
    };
    match read {
        Ok(updates) => {
            state.one_by_one = false;
            let had_any = !updates.is_empty();
            let moved = intake::take_batch(state, now, updates)?;
            if had_any && !moved {
                let error = Error::new(ErrorCode::Protocol, "Telegram sent updates without ids");
                return pause(state, now, POLL, &error);
            }
            state.failures = 0;
            state.is_settled = true;
            health::connected();
            poll(state, now)
        }
        Err(why) => match api::judge(status, &body, "getUpdates") {
            Err(error) if status >= 400 || error.code != ErrorCode::Protocol => {
                pause(state, now, POLL, &error)
            }
            _ => pass_over(state, now, &body, &why),
        },
    }
}

/// Goes on behind an answer that cannot be read: first by asking for single updates, then by passing over the one that
/// cannot be.
fn pass_over(state: &mut State, now: u64, body: &[u8], why: &str) -> Result<(), Error> {
    if !state.one_by_one {
        // At once: what can be read should not wait for what cannot.
        log::warn!(why = why; "an answer to getUpdates cannot be read; updates are asked for one by one");
        state.one_by_one = true;
        return poll(state, now);
    }
    let message = format!("the answer of Telegram to getUpdates cannot be read: {why}");
    if let Some(last) = batch::find_last_id(body) {
        log::error!(update = last, why = why; "an update was passed over");
        advance(state, last)?;
        // The next question is to confirm it.
        state.last_update = Some(now);
    }
    pause(state, now, POLL, &Error::new(ErrorCode::Protocol, message))
}

fn unhooked(state: &mut State, now: u64, outcome: Result<Response, Error>) -> Result<(), Error> {
    match outcome.and_then(|response| api::read(response, "deleteWebhook")) {
        Ok(_) => poll(state, now),
        Err(error) => pause(state, now, POLL, &error),
    }
}

/// Begins anew if nothing is under way that would lead on, for example because the event that should have was set
/// aside.
fn watch(state: &mut State, now: u64) -> Result<(), Error> {
    let is_asked = http::in_flight()
        .iter()
        .any(|token| [ME, POLL, HOOK, UNHOOK].contains(&token.as_str()));
    let is_waiting = timers::pending()
        .iter()
        .any(|timer| [BEGIN, POLL].contains(&timer.name.as_str()));
    match is_asked || is_waiting {
        true => keep_watch(Duration::ZERO),
        false => begin(state, now),
    }
}

fn keep_watch(hold: Duration) -> Result<(), Error> {
    timers::set_after(WATCH, hold + GRACE + LONG_PAUSE)
}

/// Sends a request in the background.
fn start(
    state: &mut State,
    now: u64,
    token: &str,
    method: &str,
    arguments: &Value,
    hold: Duration,
) -> Result<(), Error> {
    let settings = Settings::load()?;
    let request = match api::prepare(&settings, method, arguments) {
        Ok(request) => request
            .timeout(hold + GRACE)
            .first_byte(hold + GRACE)
            .idle(hold + GRACE),
        Err(error) => return pause(state, now, BEGIN, &error),
    };
    keep_watch(hold)?;
    request.start(token)
}

/// Tells what is wrong and sets the timer for the next attempt.
fn pause(state: &mut State, now: u64, next: &str, error: &Error) -> Result<(), Error> {
    state.failures = state.failures.saturating_add(1);
    state.is_settled = false;
    let usual = usual_pause(state.failures, now);
    let delay = match error.code {
        ErrorCode::Conflict if api::says(error, "webhook") && next == POLL => {
            log::info!("a webhook was set for this bot; it is taken away, because updates are asked for");
            return start(state, now, UNHOOK, "deleteWebhook", &json!({}), Duration::ZERO);
        }
        ErrorCode::Conflict => {
            health::degraded(
                "another program asks Telegram for the updates of this bot; stop it, or give it a bot of its own",
            );
            usual.max(CONFLICT_PAUSE)
        }
        ErrorCode::Unauthenticated => {
            health::signed_out(&error.message);
            LONG_PAUSE
        }
        ErrorCode::Denied | ErrorCode::NotFound | ErrorCode::Invalid => {
            health::failed(&error.message);
            LONG_PAUSE
        }
        ErrorCode::RateLimited => {
            health::degraded(&error.message);
            error.retry_after.map_or(usual, Duration::from_millis)
        }
        _ => {
            health::degraded(&error.message);
            usual
        }
    };
    log::warn!(failures = state.failures, pause_ms = delay.as_millis(); "{}", error.message);
    keep_watch(delay)?;
    timers::set_after(next, delay)
}

/// Twice as long after each failure. Accounts that failed together come again at different moments.
fn usual_pause(failures: u32, now: u64) -> Duration {
    let doubled = PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(5));
    let pause = doubled.min(LONGEST_PAUSE);
    pause + pause / 10 * u32::try_from(now % 10).unwrap_or(0) / 10
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_end_there() {
        let seconds = |failures| usual_pause(failures, 0).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, 7].map(seconds), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(usual_pause(u32::MAX, 9).as_millis(), 32_700);
    }
}
