//! Questions to the configured model, with a budget for each call of the component.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// How much of the model one call may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Questions.
    pub calls: NonZeroU32,
    /// Tokens of all questions and answers together.
    pub tokens: NonZeroU32,
}

impl Model {
    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        self.calls >= asked.calls && self.tokens >= asked.tokens
    }
}
