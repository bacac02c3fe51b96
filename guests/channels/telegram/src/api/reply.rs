//! What an answer means: a result, or an error of the gateway's kinds with the right word on whether anything was
//! done.

use openclaw_sdk::http::Response;
use openclaw_sdk::{Error, ErrorCode, Sent};
use serde_json::Value;

use crate::look::Look;

/// How much of an answer is kept in an error.
const MAX_DETAIL: usize = 2000;

/// The result in an answer to a method.
pub(crate) fn read(response: Response, method: &str) -> Result<Value, Error> {
    let status = response.status();
    let body = response.bytes().map_err(|error| Error {
        // The other side has acted on a request that it answered with success, even if nobody can read how.
        sent: if status < 400 { Sent::Yes } else { Sent::Unknown },
        ..error
    })?;
    judge(status, &body, method)
}

/// The result in the body of an answer with this status.
pub(crate) fn judge(status: u16, body: &[u8], method: &str) -> Result<Value, Error> {
    let mut answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if status < 400 && answer.flag("ok") {
        let result = answer.get_mut("result").map(Value::take);
        return Ok(result.unwrap_or(Value::Null));
    }
    if status < 400 && answer.get("ok").is_none() {
        let message = format!("Telegram answered {method} with something that is not its own form");
        return Err(Error {
            sent: Sent::Yes,
            ..Error::new(ErrorCode::Protocol, message)
        });
    }
    // An answer in between may come from a proxy that knows only the status.
    let status = answer
        .int("error_code")
        .and_then(|code| u16::try_from(code).ok())
        .unwrap_or(status);
    let said = answer.text("description").unwrap_or("no reason was given");
    let retry_after = answer.at("parameters").int("retry_after");
    let code = match status {
        401 | 404 => ErrorCode::Unauthenticated,
        400 if said.contains("not found") => ErrorCode::NotFound,
        409 => ErrorCode::Conflict,
        413 => ErrorCode::TooLarge,
        429 => ErrorCode::RateLimited,
        500.. => ErrorCode::Unavailable,
        _ => ErrorCode::Refused,
    };
    let message = match code {
        ErrorCode::Unauthenticated => {
            format!(
                "Telegram does not know this bot token ({said}); get one from @BotFather and set botToken"
            )
        }
        _ => format!("Telegram answered {method} with {status}: {said}"),
    };
    Err(Error {
        retry_after: retry_after
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(|seconds| seconds.saturating_mul(1000)),
        // A refusal says that nothing was done. Behind a failure on the other side anything may have happened.
        sent: if status < 500 { Sent::No } else { Sent::Unknown },
        detail: answer
            .is_object()
            .then(|| answer.to_string())
            .filter(|detail| detail.len() <= MAX_DETAIL),
        ..Error::new(code, message)
    })
}

/// Whether the platform's own words in an error contain these.
pub(crate) fn says(error: &Error, words: &str) -> bool {
    error.message.contains(words)
}

/// The new id of a group that has moved, if that is what an error says.
pub(crate) fn migrated_to(error: &Error) -> Option<String> {
    let answer: Value = serde_json::from_str(error.detail.as_deref()?).ok()?;
    answer.at("parameters").id("migrate_to_chat_id")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, body: &Value) -> Error {
        judge(status, body.to_string().as_bytes(), "sendMessage").unwrap_err()
    }

    #[test]
    fn a_result_is_taken_out_of_its_envelope() {
        let body = json!({"ok": true, "result": {"message_id": 5}}).to_string();
        assert_eq!(
            judge(200, body.as_bytes(), "x").unwrap(),
            json!({"message_id": 5})
        );
    }

    #[test]
    fn a_refusal_did_nothing_and_a_failure_may_have() {
        for (status, code, sent) in [
            (400, ErrorCode::Refused, Sent::No),
            (401, ErrorCode::Unauthenticated, Sent::No),
            (403, ErrorCode::Refused, Sent::No),
            (409, ErrorCode::Conflict, Sent::No),
            (429, ErrorCode::RateLimited, Sent::No),
            (500, ErrorCode::Unavailable, Sent::Unknown),
            (502, ErrorCode::Unavailable, Sent::Unknown),
        ] {
            let error = refused(
                status,
                &json!({"ok": false, "error_code": status, "description": "x"}),
            );
            assert_eq!((error.code, error.sent), (code, sent), "{status}");
            let error = judge(status, b"<html>", "x").unwrap_err();
            assert_eq!((error.code, error.sent), (code, sent), "{status} from a proxy");
        }
        let torn = judge(200, b"{\"ok\":tr", "x").unwrap_err();
        assert_eq!((torn.code, torn.sent), (ErrorCode::Protocol, Sent::Yes));
    }

    #[test]
    fn the_pause_and_the_new_address_are_read() {
        let parameters = json!({"retry_after": 7, "migrate_to_chat_id": -1001});
        let error = refused(
            429,
            &json!({"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": parameters}),
        );
        assert_eq!(error.retry_after, Some(7000));
        assert_eq!(migrated_to(&error).as_deref(), Some("-1001"));
        let missing = refused(
            400,
            &json!({"ok": false, "error_code": 400, "description": "Bad Request: chat not found"}),
        );
        assert_eq!((missing.code, migrated_to(&missing)), (ErrorCode::NotFound, None));
    }
}
