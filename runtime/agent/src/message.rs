//! Messages as the transcript keeps them, in OpenClaw's shape.

use openclaw_state::Entry;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::outcome::Tokens;
use crate::request::Image;

/// The kind of transcript entry that holds a message.
pub(crate) const MESSAGE: &str = "message";

/// A message of a conversation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Message {
    /// What a person said.
    User {
        content: Said,
        /// What the model reads in place of the content.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prompt: Option<String>,
        timestamp: i64,
        /// What was asked of the gateway and not of the model.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        exclude_from_context: bool,
    },
    /// What a model said.
    Assistant {
        content: Vec<Block>,
        api: String,
        provider: String,
        model: String,
        #[serde(default)]
        usage: Tokens,
        stop_reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_message: Option<String>,
        timestamp: i64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        exclude_from_context: bool,
    },
    /// What came of a tool call.
    ToolResult {
        tool_call_id: String,
        tool_name: String,
        content: Vec<Block>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<Value>,
        is_error: bool,
        timestamp: i64,
    },
}

/// What a person said: text alone, or parts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Said {
    Text(String),
    Parts(Vec<Block>),
}

/// A part of a message.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Block {
    Text {
        text: String,
    },
    Image {
        data: String,
        mime_type: String,
    },
    Thinking {
        thinking: String,
    },
    ToolCall {
        id: String,
        name: String,
        arguments: Value,
    },
}

impl Block {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

impl Message {
    /// What a person wrote.
    pub(crate) fn of_user(text: &str, prompt: Option<String>, images: &[Image], timestamp: i64) -> Self {
        let content = match images {
            [] => Said::Text(text.to_owned()),
            images => {
                let images = images.iter().map(|image| Block::Image {
                    data: image.data.clone(),
                    mime_type: image.mime_type.clone(),
                });
                Said::Parts(std::iter::once(Block::text(text)).chain(images).collect())
            }
        };
        Self::User {
            content,
            prompt,
            timestamp,
            exclude_from_context: false,
        }
    }

    /// What the gateway itself answers. No model reads it.
    pub(crate) fn of_gateway(text: &str, timestamp: i64) -> Self {
        Self::Assistant {
            content: vec![Block::text(text)],
            api: "openai-responses".to_owned(),
            provider: "openclaw".to_owned(),
            model: "gateway-injected".to_owned(),
            usage: Tokens::default(),
            stop_reason: "stop".to_owned(),
            error_message: None,
            timestamp,
            exclude_from_context: true,
        }
    }

    /// The body of a transcript entry.
    pub(crate) fn body(&self) -> String {
        json!({"message": self}).to_string()
    }

    /// Reads an entry; none if it holds no message of these.
    pub(crate) fn read(entry: &Entry) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            message: Message,
        }
        if entry.kind != MESSAGE {
            return None;
        }
        serde_json::from_str::<Body>(&entry.body)
            .ok()
            .map(|body| body.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_kept_in_openclaws_shape() {
        let user = Message::of_user("hi", None, &[], 7);
        assert_eq!(
            user.body(),
            r#"{"message":{"content":"hi","role":"user","timestamp":7}}"#
        );
        let result = Message::ToolResult {
            tool_call_id: "c1".to_owned(),
            tool_name: "read".to_owned(),
            content: vec![Block::text("x")],
            details: None,
            is_error: false,
            timestamp: 8,
        };
        let value: Value = serde_json::from_str(&result.body()).unwrap();
        assert_eq!(
            value["message"],
            json!({
                "role": "toolResult", "toolCallId": "c1", "toolName": "read", "isError": false, "timestamp": 8,
                "content": [{"type": "text", "text": "x"}],
            })
        );
    }
}
