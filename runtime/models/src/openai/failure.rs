//! What went wrong in one attempt, and what kind of failure it is.
//!
//! **Promise.** The class follows the status and the words by which providers tell their failures; what they say is
//! shortened to one line. **Bound.** [`MAX_BODY`] bytes of a refusal are read, within [`BODY_WAIT`].

use std::time::{Duration, SystemTime};

use openclaw_egress::{Header, Kind, Response};
use openclaw_policy::display_safe;
use serde_json::Value;
use tokio::time::timeout;

use crate::error::Class;

/// How much of a refusal is read.
const MAX_BODY: usize = 64 << 10;
/// How long it may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(5);
/// How much of what a provider says is shown.
const SHOWN: usize = 400;

/// Words by which providers tell that a conversation is too long.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "context length",
    "context window",
    "context size",
    "exceeds the available context",
    "input is too long",
    "prompt is too long",
    "reduce the length",
    "too many tokens",
];
/// Words by which they tell that there is no money left.
const UNPAID: &[&str] = &[
    "billing",
    "credit balance",
    "insufficient_balance",
    "insufficient balance",
    "insufficient credits",
    "insufficient_quota",
    "payment required",
];
/// Words by which they decline.
const DECLINED: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "content management policy",
];

/// What went wrong in one attempt.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) class: Class,
    pub(super) status: Option<u16>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            status: None,
            message: message.into(),
        }
    }

    /// An answer that is none.
    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self::new(Class::Unknown, message)
    }

    /// Whether another attempt may go better.
    pub(super) fn may_pass(&self) -> bool {
        match self.class {
            Class::RateLimited { .. }
            | Class::Overloaded
            | Class::Timeout
            | Class::Connection
            | Class::Unknown => true,
            Class::Auth
            | Class::Billing
            | Class::ContextLength
            | Class::NotFound
            | Class::BadRequest
            | Class::Refusal => false,
        }
    }

    /// A response that is a refusal.
    pub(super) async fn of_response(mut response: Response) -> Self {
        let status = response.status();
        let body = read(&mut response).await;
        let said = Said::read(&body);
        let class = classify(status, &said, wait_of(response.headers(), SystemTime::now()));
        let message = match said.message.as_str() {
            "" => format!("the provider answered with status {status} and without a reason"),
            message => format!("the provider answered with status {status}: {message}"),
        };
        Self {
            class,
            status: Some(status),
            message,
        }
    }

    /// A refusal in the middle of a stream.
    pub(super) fn of_event(error: &Value) -> Self {
        let said = Said::of(error);
        let code = error.get("code").and_then(|code| {
            let number = code.as_u64().and_then(|code| u16::try_from(code).ok());
            number.or_else(|| code.as_str()?.parse().ok())
        });
        let class = match code {
            Some(status) if status >= 400 => classify(status, &said, None),
            Some(_) | None => said.class().unwrap_or(Class::Unknown),
        };
        let message = format!("the provider broke the answer off: {}", said.message);
        Self::new(class, message)
    }
}

impl From<openclaw_egress::Error> for Fault {
    fn from(error: openclaw_egress::Error) -> Self {
        let class = match error.cause.kind() {
            Kind::Timeout => Class::Timeout,
            Kind::RateLimited => Class::RateLimited {
                retry_after: error.cause.retry_after(),
            },
            Kind::Quota => Class::Overloaded,
            Kind::Unavailable | Kind::Closed | Kind::Protocol | Kind::Conflict => Class::Connection,
            Kind::Invalid | Kind::Denied | Kind::NotFound | Kind::TooLarge | Kind::Unsupported => {
                Class::BadRequest
            }
            Kind::Internal => Class::Unknown,
        };
        Self::new(class, error.to_string())
    }
}

async fn read(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while body.len() < MAX_BODY {
            match response.chunk().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) | Err(_) => break,
            }
        }
    };
    // What arrived in time is what is known.
    let _ = timeout(BODY_WAIT, reading).await;
    body
}

/// What a provider says of a failure.
struct Said {
    /// For people.
    message: String,
    /// Everything that programs may go by, in lower case.
    words: String,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of(value.get("error").unwrap_or(&value)),
            Err(_) => Self::new(&String::from_utf8_lossy(body), ""),
        }
    }

    fn of(error: &Value) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let message = match error.as_str() {
            Some(text) => text,
            None => ["message", "detail", "error"]
                .map(text)
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        };
        Self::new(message, &format!("{} {}", text("type"), text("code")))
    }

    fn new(message: &str, codes: &str) -> Self {
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            words: format!("{line} {codes}").to_lowercase(),
            message: display_safe(&line, SHOWN),
        }
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }

    /// What its words alone tell.
    fn class(&self) -> Option<Class> {
        let told = [
            (TOO_LONG, Class::ContextLength),
            (DECLINED, Class::Refusal),
            (UNPAID, Class::Billing),
            (
                &["rate limit", "rate_limit", "too many requests"],
                Class::RateLimited { retry_after: None },
            ),
            (
                &["overloaded", "over capacity", "server_error"],
                Class::Overloaded,
            ),
        ];
        told.into_iter()
            .find_map(|(words, class)| self.has(words).then_some(class))
    }
}

fn classify(status: u16, said: &Said, retry_after: Option<Duration>) -> Class {
    match (status, said.class()) {
        (402, _) | (401 | 403 | 429, Some(Class::Billing)) => Class::Billing,
        (429, _) => Class::RateLimited { retry_after },
        (401 | 403, _) => Class::Auth,
        (404, _) => Class::NotFound,
        (408 | 499 | 504 | 522 | 524, _) => Class::Timeout,
        (400 | 413 | 422 | 500, Some(class @ (Class::ContextLength | Class::Refusal))) => class,
        (400, Some(class @ Class::Billing)) => class,
        (500.., _) => Class::Overloaded,
        (400..=499, _) => Class::BadRequest,
        (300..=399, _) => Class::BadRequest,
        (_, _) => Class::Unknown,
    }
}

/// How long a provider asks to wait: seconds, a date, or milliseconds in a header of its own.
fn wait_of(headers: &[Header], now: SystemTime) -> Option<Duration> {
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
            .map(str::trim)
    };
    if let Some(millis) = header("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(millis));
    }
    let text = header("retry-after")?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, body: &str) -> Class {
        classify(status, &Said::read(body.as_bytes()), None)
    }

    #[test]
    fn the_class_follows_the_status_and_the_words() {
        let limited = Class::RateLimited { retry_after: None };
        for (status, body, wanted) in [
            (401, r#"{"error":{"message":"Incorrect API key"}}"#, Class::Auth),
            (402, "", Class::Billing),
            (403, "{}", Class::Auth),
            (404, r#"{"error":{"code":"model_not_found"}}"#, Class::NotFound),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, Class::Billing),
            (429, r#"{"error":{"message":"Rate limit reached"}}"#, limited),
            (
                400,
                r#"{"error":{"code":"context_length_exceeded"}}"#,
                Class::ContextLength,
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#,
                Class::ContextLength,
            ),
            (
                400,
                r#"{"error":{"code":"content_policy_violation"}}"#,
                Class::Refusal,
            ),
            (
                400,
                r#"{"error":{"message":"tools[0] is wrong"}}"#,
                Class::BadRequest,
            ),
            (422, r#"{"detail":"a field is missing"}"#, Class::BadRequest),
            (408, "", Class::Timeout),
            (504, "<html>", Class::Timeout),
            (500, "oops", Class::Overloaded),
            (503, "{\"error\":\"loading\"}", Class::Overloaded),
            (529, "", Class::Overloaded),
            (302, "", Class::BadRequest),
        ] {
            assert_eq!(class(status, body), wanted, "{status} {body}");
        }
    }

    #[test]
    fn an_error_in_a_stream_has_a_class_too() {
        let class = |json: &str| Fault::of_event(&serde_json::from_str(json).unwrap()).class;
        assert_eq!(class(r#"{"code":502,"message":"x"}"#), Class::Overloaded);
        assert_eq!(
            class(r#"{"code":"429","message":"x"}"#),
            Class::RateLimited { retry_after: None }
        );
        assert_eq!(
            class(r#"{"type":"overloaded_error","message":"Overloaded"}"#),
            Class::Overloaded
        );
        assert_eq!(class(r#""who knows""#), Class::Unknown);
    }

    #[test]
    fn the_wait_is_read_in_each_spelling() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:30 GMT").unwrap();
        let wait = |name: &str, value: &str| wait_of(&[(name.to_owned(), value.as_bytes().to_vec())], now);
        assert_eq!(wait("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(wait("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(
            wait("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            wait("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT"),
            Some(Duration::ZERO)
        );
        for text in ["", "soon", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(wait("retry-after", text), None, "{text}");
        }
    }

    #[test]
    fn what_a_provider_says_is_one_short_line() {
        let said = Said::read(format!("<html>\n\n\u{1b}[31m{}", "x ".repeat(10_000)).as_bytes());
        assert!(said.message.len() < 3 * SHOWN && !said.message.contains(['\n', '\u{1b}']));
    }
}
