//! How the server says no.

use serde_json::{Map, Value, json};

/// A refusal, in the one shape that all have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) parameters: Map<String, Value>,
}

/// The outcome of a method.
pub(crate) type Outcome<T = Value> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            parameters: Map::new(),
        }
    }

    pub(crate) fn bad(what: impl std::fmt::Display) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    pub(crate) fn forbidden(what: impl std::fmt::Display) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    pub(crate) fn conflict(what: impl std::fmt::Display) -> Self {
        Self::new(409, format!("Conflict: {what}"))
    }

    pub(crate) fn too_many(retry_after: u64) -> Self {
        Self::new(429, format!("Too Many Requests: retry after {retry_after}"))
            .with("retry_after", json!(retry_after))
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.parameters.insert(name.to_owned(), value);
        self
    }

    /// The document that is answered.
    pub(crate) fn to_json(&self) -> Value {
        let mut answer = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let (false, Some(members)) = (self.parameters.is_empty(), answer.as_object_mut()) {
            members.insert("parameters".to_owned(), Value::Object(self.parameters.clone()));
        }
        answer
    }
}
