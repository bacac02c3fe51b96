//! What a request is answered with when it is refused.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The class of a refusal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The request is not understood, not known, or not valid here; failures to connect too.
    InvalidRequest,
    /// The caller lacks a scope.
    Forbidden,
    /// The device is unknown or waits for approval.
    NotPaired,
    /// It cannot be done at this moment.
    Unavailable,
    /// No such approval.
    ApprovalNotFound,
    /// A channel is not linked.
    NotLinked,
    /// The agent took too long.
    AgentTimeout,
}

/// A refusal, as it is sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct Error {
    /// The class.
    pub code: Code,
    /// What a person is told.
    pub message: String,
    /// What a program is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Whether the same request may succeed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// After how many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Error {
    /// A refusal of this class.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            retryable: None,
            retry_after_ms: None,
        }
    }

    /// The request is not valid.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// It cannot be done at this moment.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// The caller lacks this scope.
    pub fn missing_scope(scope: &str) -> Self {
        Self::new(Code::Forbidden, format!("missing scope: {scope}")).details(serde_json::json!({
            "code": "MISSING_SCOPE", "missingScope": scope, "requiredScopes": [scope],
        }))
    }

    /// No method has this name.
    pub fn unknown_method(method: &str) -> Self {
        Self::invalid(format!("unknown method: {method}"))
    }

    /// With what a program is told.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Worth another try after so many milliseconds.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.retryable = Some(true);
        self.retry_after_ms = Some(ms);
        self
    }
}
