//! What is told of models in lists.

use openclaw_config::tree::models::ModelInput;
use serde::Serialize;

/// A model in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// Who provides it.
    pub provider: String,
    /// What the provider calls it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How much it can read, in tokens, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// How much it can write, in tokens, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Whether it can think.
    pub reasoning: bool,
    /// What it reads.
    pub input: Vec<ModelInput>,
}

impl ModelInfo {
    /// The reference that leads to it: `provider/model`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// Whether it looks at images.
    pub fn reads_images(&self) -> bool {
        self.input.contains(&ModelInput::Image)
    }
}
