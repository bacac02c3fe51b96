//! What a model is asked: the conversation so far and the tools that it may call.
//!
//! The types are the same for every provider; each provider translates them and mends what its protocol does not
//! take, such as a call without a result.

use bytes::Bytes;
use openclaw_config::tree::agent_defaults::Thinking;
use serde_json::Value;

/// One request to a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// What stands before the conversation. Empty: nothing.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools that it may call.
    pub tools: Vec<ToolDefinition>,
    /// How long the answer may be, in tokens. Unset: what the config says of the model.
    pub max_tokens: Option<u32>,
    /// How free it is in its choice of words. Unset: what the config says of the model.
    pub temperature: Option<f64>,
    /// How much it thinks. Only models that can are told.
    pub thinking: Option<Thinking>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// What a person said.
    User {
        /// Text and images.
        content: Vec<Content>,
    },
    /// What a model said.
    Assistant {
        /// In the order in which it said it.
        content: Vec<Part>,
    },
    /// What came of a tool call.
    ToolResult {
        /// Which call.
        call_id: String,
        /// Which tool.
        name: String,
        /// What the tool said.
        content: Vec<Content>,
        /// Whether it failed.
        is_error: bool,
    },
}

/// What people and tools say.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Text.
    Text(String),
    /// An image.
    Image {
        /// Its media type, such as `image/png`.
        media_type: String,
        /// The file.
        data: Bytes,
    },
}

/// What models say.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text of the answer.
    Text(String),
    /// Text of its thoughts.
    Thinking(String),
    /// A call of a tool.
    ToolCall {
        /// What its result refers to.
        id: String,
        /// Which tool.
        name: String,
        /// JSON, usually an object.
        arguments: String,
    },
}

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDefinition {
    /// Its name: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Value,
}
