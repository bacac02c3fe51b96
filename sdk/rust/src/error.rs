//! Making errors of the interfaces' one shape. They say what went wrong around a tool.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wit::types::errors::{Error, ErrorCode, Sent};

impl Error {
    /// An error after which nothing has left this machine. Where something may have, set `sent`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            sent: Sent::No,
            detail: None,
        }
    }
}

/// Reads JSON that stands at a place which the message names.
pub(crate) fn decode<T: DeserializeOwned>(json: &[u8], place: &str) -> Result<T, Error> {
    serde_json::from_slice(json)
        .map_err(|error| Error::new(ErrorCode::Invalid, format!("{place} is not as expected: {error}")))
}

/// Writes JSON for a place which the message names.
pub(crate) fn encode(value: &impl Serialize, place: &str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(
            ErrorCode::Invalid,
            format!("{place} has no form in JSON: {error}"),
        )
    })
}
