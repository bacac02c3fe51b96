//! What one event of an answer says, as JSON. Only what is used is read.

use serde::Deserialize;
use serde_json::Value;

use crate::stream::Usage;

/// One event, or a whole answer of a server that does not stream.
#[derive(Deserialize)]
pub(super) struct Chunk {
    pub(super) choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    pub(super) error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    pub(super) index: u64,
    #[serde(alias = "message")]
    pub(super) delta: Option<Delta>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Delta {
    pub(super) content: Option<Text>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) tool_calls: Option<Vec<CallDelta>>,
}

impl Delta {
    /// More of its thoughts. Servers that say both say the same twice.
    pub(super) fn thinking(&mut self) -> Option<String> {
        let spelled = [self.reasoning_content.take(), self.reasoning.take()];
        spelled.into_iter().flatten().find(|text| !text.is_empty())
    }
}

/// Text, which some servers send in parts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Text {
    Whole(String),
    Parts(Vec<TextPart>),
}

#[derive(Deserialize)]
pub(super) struct TextPart {
    #[serde(default)]
    text: String,
}

impl Text {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Whole(text) => text,
            Self::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
        }
    }
}

/// More of a call of a tool.
#[derive(Deserialize)]
pub(super) struct CallDelta {
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
pub(super) struct FunctionDelta {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_cache_hit_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

impl Chunk {
    /// What the answer cost so far, if it says.
    pub(super) fn usage(&self) -> Option<Usage> {
        let counts = self.usage.as_ref()?;
        let details = counts.prompt_tokens_details.as_ref();
        let cached = details.and_then(|details| details.cached_tokens);
        let cache_read = cached.or(counts.prompt_cache_hit_tokens).unwrap_or_default();
        let cache_write = details
            .and_then(|details| details.cache_write_tokens)
            .unwrap_or_default();
        let read = counts.prompt_tokens.unwrap_or_default();
        let output = counts.completion_tokens.unwrap_or_default();
        Some(Usage {
            input: read.saturating_sub(cache_read).saturating_sub(cache_write),
            output,
            cache_read,
            cache_write,
            total: counts.total_tokens.unwrap_or(read.saturating_add(output)),
        })
    }
}
