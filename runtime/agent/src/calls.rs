//! Tool calls that were made and have no result yet, and the results that they get.

use serde_json::json;

use crate::answer::ToolCall;
use crate::clock::now_ms;
use crate::message::{Block, Message};
use crate::tools::ToolOutput;

/// What came of a call, as the conversation keeps it.
pub(crate) fn result(call: &ToolCall, output: &ToolOutput) -> Message {
    Message::ToolResult {
        tool_call_id: call.id.clone(),
        tool_name: call.name.clone(),
        content: output.blocks(),
        details: Some(output.details.clone().unwrap_or_else(|| json!({}))),
        is_error: output.is_error,
        timestamp: now_ms(),
    }
}

/// The calls of the last answer that have no result yet.
pub(crate) fn unanswered(messages: &[Message]) -> Vec<ToolCall> {
    let mut answered = Vec::new();
    for message in messages.iter().rev() {
        match message {
            Message::ToolResult { tool_call_id, .. } => answered.push(tool_call_id.as_str()),
            Message::Assistant { content, .. } => {
                let calls = content.iter().filter_map(|block| match block {
                    Block::ToolCall { id, name, arguments } => Some(ToolCall {
                        id: id.clone(),
                        name: name.clone(),
                        arguments: arguments.clone(),
                    }),
                    _ => None,
                });
                return calls
                    .filter(|call| !answered.contains(&call.id.as_str()))
                    .collect();
            }
            Message::User { .. } => break,
        }
    }
    Vec::new()
}
