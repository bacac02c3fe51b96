//! Questions to the configured model, with a budget for each call of the component, and which models it may name.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::atom::check_count;
use crate::error::{Error, Result};
use crate::text::{is_quiet, name_type};

name_type!(
    /// A model, written `provider/model`.
    ModelName,
    "model",
    is_model_name,
    "must be PROVIDER/MODEL in visible ASCII without quotes and parentheses, 128 at most"
);

fn is_model_name(text: &str) -> bool {
    let parts = text.split_once('/');
    text.len() <= 128
        && text.chars().all(is_quiet)
        && !text.contains('*')
        && parts.is_some_and(|(provider, model)| !provider.is_empty() && !model.is_empty())
}

/// How much of the model one call may use.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Questions.
    pub calls: NonZeroU32,
    /// Tokens of all questions and answers together.
    pub tokens: NonZeroU32,
    /// Models that it may choose; none: it takes what the operator chose.
    #[serde(default, skip_serializing_if = "Models::is_empty")]
    pub models: Models,
}

/// Models by their names.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "BTreeSet<ModelName>", into = "BTreeSet<ModelName>")]
pub struct Models(BTreeSet<ModelName>);

impl Models {
    /// Takes names.
    pub fn new(names: BTreeSet<ModelName>) -> Result<Self> {
        check_count("model", std::iter::once(names.len()))?;
        Ok(Self(names))
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &ModelName> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<ModelName>> for Models {
    type Error = Error;

    fn try_from(names: BTreeSet<ModelName>) -> Result<Self> {
        Self::new(names)
    }
}

impl From<Models> for BTreeSet<ModelName> {
    fn from(models: Models) -> Self {
        models.0
    }
}

impl Model {
    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        self.calls >= asked.calls && self.tokens >= asked.tokens && self.models.0.is_superset(&asked.models.0)
    }

    /// Whether a question may go to a model; `None` is the operator's choice, which may always be asked.
    pub fn allows(&self, model: Option<&str>) -> bool {
        let named = |model| self.models.names().any(|granted| granted.as_str() == model);
        model.is_none_or(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(models: &[&str]) -> Model {
        let value = serde_json::json!({"calls": 1, "tokens": 10, "models": models});
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_a_granted_model_may_be_named() {
        let (none, one) = (model(&[]), model(&["anthropic/opus"]));
        assert!(none.allows(None) && !none.allows(Some("anthropic/opus")));
        assert!(one.allows(None) && one.allows(Some("anthropic/opus")) && !one.allows(Some("openai/gpt")));
        assert!(one.covers(&none) && !none.covers(&one));
        for text in ["", "opus", "/opus", "anthropic/", "anthropic/*", "a/b c", "a/\"b"] {
            assert!(text.parse::<ModelName>().is_err(), "{text}");
        }
    }
}
