//! Why the HTTP API did not do what was asked: a status, a kind that programs branch on and a text for people.
//!
//! Two shapes of body exist because OpenClaw has two: the one of OpenAI's API, and the one of `/tools/invoke` with
//! its `ok`. Whatever fails before a tool is looked for (sign-in, size, JSON) has the first shape on both.

use http::StatusCode;
use serde::Serialize;

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    /// What was sent cannot be used as it is.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// A body over the limit of its route.
    pub(crate) fn too_large() -> Self {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, "invalid_request_error", "Payload too large")
    }

    /// A body that did not arrive in time.
    pub(crate) fn body_timeout() -> Self {
        let status = StatusCode::REQUEST_TIMEOUT;
        Self::new(status, "invalid_request_error", "Request body timeout")
    }

    /// The fault is on this side.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api_error",
            "internal error",
        )
    }

    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
        }
    }

    /// The body in the shape of OpenAI's API.
    pub(crate) fn openai(&self) -> String {
        text(&Openai {
            error: Told {
                message: &self.message,
                kind: self.kind,
            },
        })
    }

    /// The body in the shape of `/tools/invoke`.
    pub(crate) fn tool(&self) -> String {
        text(&Tool {
            ok: false,
            error: ToldTool {
                kind: self.kind,
                message: &self.message,
            },
        })
    }
}

#[derive(Serialize)]
struct Openai<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    ok: bool,
    error: ToldTool<'a>,
}

#[derive(Serialize)]
struct ToldTool<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
}

/// JSON text of what always has one.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
