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
    /// After how many seconds another try may do better.
    pub(crate) retry_after: Option<u64>,
    /// The scope that is missing.
    missing: Option<&'static str>,
    /// Whether a person would have to be asked first.
    requires_approval: bool,
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
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "api_error", "internal error")
    }

    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            retry_after: None,
            missing: None,
            requires_approval: false,
        }
    }

    /// A person would have to be asked first, and is not on this way.
    pub(crate) fn requires_approval(message: impl Into<String>) -> Self {
        Self {
            requires_approval: true,
            ..Self::new(StatusCode::FORBIDDEN, "tool_call_blocked", message)
        }
    }

    /// The caller lacks this scope.
    pub(crate) fn missing_scope(scope: &'static str) -> Self {
        let message = format!("missing scope: {scope}");
        Self {
            missing: Some(scope),
            ..Self::new(StatusCode::FORBIDDEN, "forbidden", message)
        }
    }

    /// With the time after which another try may do better.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The body in the shape of OpenAI's API.
    pub(crate) fn openai(&self) -> String {
        if self.missing.is_some() {
            return self.tool();
        }
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
                requires_approval: self.requires_approval,
                details: self.missing.map(|scope| Missing {
                    code: "MISSING_SCOPE",
                    missing_scope: scope,
                    required_scopes: [scope],
                }),
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
    #[serde(rename = "requiresApproval", skip_serializing_if = "std::ops::Not::not")]
    requires_approval: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Missing>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Missing {
    code: &'static str,
    missing_scope: &'static str,
    required_scopes: [&'static str; 1],
}

/// JSON text of what always has one.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
