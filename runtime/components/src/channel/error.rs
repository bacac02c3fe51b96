//! How a call of an adapter failed.

use std::fmt;
use std::time::Duration;

use openclaw_policy::{Limit, display_safe};
use serde::{Deserialize, Serialize};

use super::{ErrorCode, Sent, WitError};
use crate::error::Error;
use crate::limits::Stop;

/// What an error shows of a message.
const SHOWN: usize = 400;

/// How a call of an adapter failed: what the adapter said, or what the host says of a call that did not end well.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AdapterError {
    /// What kind of failure it was.
    pub code: ErrorCode,
    /// What failed, for a person.
    pub message: String,
    /// How long to wait before trying again.
    pub retry_after: Option<Duration>,
    /// Whether something left this machine.
    pub sent: Sent,
    /// More for logs and programs, as JSON.
    pub detail: Option<String>,
    /// Whether the adapter itself said so. What the host says is of a call that broke off.
    pub is_said: bool,
}

impl AdapterError {
    /// What the host says of a call, with what is known of whether something left.
    pub(super) fn of_host(error: &Error, sent: Sent) -> Self {
        Self {
            code: match error {
                Error::Stopped {
                    stop: Stop::Limit(reached),
                    ..
                } => match reached.limit {
                    Limit::Cpu | Limit::Deadline => ErrorCode::Timeout,
                    _ => ErrorCode::TooLarge,
                },
                Error::Stopped { .. } | Error::Busy { .. } => ErrorCode::Unavailable,
                Error::Missing { .. } => ErrorCode::NotFound,
                _ => ErrorCode::Internal,
            },
            message: error.to_string(),
            retry_after: None,
            sent,
            detail: None,
            is_said: false,
        }
    }
}

impl From<WitError> for AdapterError {
    fn from(error: WitError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            retry_after: error.retry_after.map(Duration::from_millis),
            sent: error.sent,
            detail: error.detail,
            is_said: true,
        }
    }
}

impl From<AdapterError> for WitError {
    fn from(error: AdapterError) -> Self {
        let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self {
            code: error.code,
            message: error.message,
            retry_after: error.retry_after.map(millis),
            sent: error.sent,
            detail: error.detail,
        }
    }
}

impl fmt::Display for AdapterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&display_safe(&self.message, SHOWN))
    }
}

impl std::error::Error for AdapterError {}
