//! The places that keep secrets, each asked once per resolution for everything that is wanted from it.

pub(crate) mod env;
pub(crate) mod exec;
pub(crate) mod file;
mod process;
pub(crate) mod reply;

use std::collections::BTreeMap;

use crate::error::SecretError;
use crate::value::SecretValue;

/// What a provider says, by id.
pub(crate) type Answers = BTreeMap<String, Result<SecretValue, AnswerError>>;

/// Why one id has no value.
pub(crate) enum AnswerError {
    /// The reason, in full.
    Error(SecretError),
    /// It has a value that is no text, or an empty one; the reference is named by whoever knows it.
    Empty,
}

impl From<SecretError> for AnswerError {
    fn from(error: SecretError) -> Self {
        Self::Error(error)
    }
}
