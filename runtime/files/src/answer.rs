//! What a tool answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What came of a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What the model reads.
    pub text: String,
    /// The same and more for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Whether it failed.
    pub is_error: bool,
}

impl Answer {
    pub(crate) fn ok(text: impl Into<String>, details: Value) -> Self {
        Self {
            text: text.into(),
            details: Some(details),
            is_error: false,
        }
    }
}

/// What a tool says in place of a result.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Refusal(pub(crate) String);

impl Refusal {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            text: refusal.0,
            details: None,
            is_error: true,
        }
    }
}
