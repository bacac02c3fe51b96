//! How a turn ended, as the state keeps it and clients are told.

use openclaw_models::Usage;
use serde::{Deserialize, Serialize};

/// How a turn ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// In which of three ways.
    pub status: Status,
    /// What was said; none for silence, and for an error before the first word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// Why the model stopped, in OpenClaw's words: `stop`, `length`, `aborted`, `error`, …
    pub stop_reason: String,
    /// Whether a chat command was answered, without a model.
    #[serde(default)]
    pub is_command: bool,
    /// The conversation.
    pub session_id: String,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// When it ended, in milliseconds since 1970.
    pub ended_ms: i64,
    /// The provider of the model, if one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How many tokens the model can read.
    #[serde(default)]
    pub context_tokens: u64,
    /// What all calls of the model cost together.
    #[serde(default)]
    pub usage: Tokens,
    /// What the last call cost.
    #[serde(default)]
    pub last_usage: Tokens,
    /// What whoever asked is to run, where the model asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ClientCall>,
    /// The tools that did what they were asked, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
}

/// A call of a tool that whoever asked runs itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCall {
    /// What its result refers to.
    pub id: String,
    /// The tool.
    pub name: String,
    /// What it is asked, as JSON.
    pub arguments: String,
}

/// In which way a turn ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was answered.
    Ok,
    /// It failed.
    Error,
    /// Somebody stopped it.
    Aborted,
}

/// What went wrong.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// What people are told.
    pub message: String,
    /// Its kind for programs: `auth`, `rate_limit`, `timeout`, `context_length`, `refusal`, `interrupted`, …
    pub kind: String,
}

/// What something cost, in tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tokens {
    /// Read, and not from a cache.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Put into a cache.
    pub cache_write: u64,
    /// All together.
    pub total_tokens: u64,
}

impl Tokens {
    pub(crate) fn add(&mut self, other: Self) {
        self.input += other.input;
        self.output += other.output;
        self.cache_read += other.cache_read;
        self.cache_write += other.cache_write;
        self.total_tokens += other.total_tokens;
    }
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            total_tokens: usage.total,
        }
    }
}
