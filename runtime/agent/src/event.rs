//! What is told about a run while it goes on.
//!
//! **Promise.** A run's events are numbered from 1 without a gap, and exactly one of them ends it, after its end is
//! kept. They are told once: who was not listening asks for the outcome. **Bound.** A listener that falls
//! [`AHEAD`] events behind is told how many it missed. **Cost.** One allocation for each event, however many listen.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::outcome::{Outcome, Status};

/// How far a listener may fall behind.
pub const AHEAD: usize = 4096;

/// Something that is told about a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The run.
    pub run_id: Arc<str>,
    /// Its session.
    pub session_key: Arc<str>,
    /// Its conversation; empty for a turn that was stopped before it began.
    pub session_id: Arc<str>,
    /// Its agent.
    pub agent_id: Arc<str>,
    /// The number of the event in its run, from 1.
    pub seq: u64,
    /// When it happened, in milliseconds since 1970.
    pub ts: i64,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The turn began.
    Start,
    /// A model is asked.
    Model {
        /// Its provider.
        provider: String,
        /// Its name there.
        model: String,
    },
    /// More of the answer.
    Assistant {
        /// The message so far.
        text: String,
        /// What is new of it.
        delta: String,
        /// Names the message; an answer behind a tool call is another one.
        item: String,
    },
    /// More of the model's thoughts.
    Thinking {
        /// The thoughts so far.
        text: String,
        /// What is new of them.
        delta: String,
    },
    /// A tool is called.
    ToolStart {
        /// Names the call.
        call_id: String,
        /// The tool.
        name: String,
        /// What it is asked.
        arguments: Value,
    },
    /// A tool says how far it is.
    ToolUpdate {
        /// Names the call.
        call_id: String,
        /// The tool.
        name: String,
        /// What it says.
        text: String,
    },
    /// A tool has ended.
    ToolResult {
        /// Names the call.
        call_id: String,
        /// The tool.
        name: String,
        /// What came of it: `{content, details?}`.
        result: Value,
        /// Whether it failed.
        is_error: bool,
    },
    /// What the run has cost so far.
    Usage {
        /// Tokens written.
        output: u64,
    },
    /// The turn has ended, and its outcome is kept.
    End(Box<Outcome>),
}

impl Event {
    /// The stream that the protocol tells it on.
    pub fn stream(&self) -> &'static str {
        match &self.body {
            Body::Start | Body::Model { .. } | Body::End(_) => "lifecycle",
            Body::Assistant { .. } => "assistant",
            Body::Thinking { .. } => "thinking",
            Body::ToolStart { .. } | Body::ToolUpdate { .. } | Body::ToolResult { .. } => "tool",
            Body::Usage { .. } => "usage",
        }
    }

    /// What the protocol tells of it, beside its run and number.
    pub fn data(&self) -> Value {
        match &self.body {
            Body::Start => json!({"phase": "start", "startedAt": self.ts}),
            Body::Model { provider, model } => {
                json!({"phase": "model", "provider": provider, "model": model})
            }
            Body::Assistant { text, delta, item } => json!({"text": text, "delta": delta, "itemId": item}),
            Body::Thinking { text, delta } => json!({"text": text, "delta": delta}),
            Body::ToolStart {
                call_id,
                name,
                arguments,
            } => json!({"phase": "start", "name": name, "toolCallId": call_id, "args": arguments}),
            Body::ToolUpdate { call_id, name, text } => json!({
                "phase": "update", "name": name, "toolCallId": call_id,
                "partialResult": {"content": [{"type": "text", "text": text}]},
            }),
            Body::ToolResult {
                call_id,
                name,
                result,
                is_error,
            } => json!({
                "phase": "result", "name": name, "toolCallId": call_id, "isError": is_error, "result": result,
            }),
            Body::Usage { output } => json!({"outputTokens": output}),
            Body::End(outcome) => end(outcome, &self.run_id),
        }
    }

    /// The payload of the protocol's `agent` event.
    pub fn payload(&self) -> Value {
        let mut payload = json!({
            "runId": &*self.run_id, "stream": self.stream(), "data": self.data(),
            "sessionKey": &*self.session_key, "agentId": &*self.agent_id, "seq": self.seq, "ts": self.ts,
        });
        if self.stream() == "lifecycle"
            && !self.session_id.is_empty()
            && let Some(fields) = payload.as_object_mut()
        {
            fields.insert("sessionId".to_owned(), json!(&*self.session_id));
        }
        payload
    }
}

fn end(outcome: &Outcome, run_id: &str) -> Value {
    let mut data = json!({
        "phase": if outcome.status == Status::Error { "error" } else { "end" },
        "startedAt": outcome.started_ms,
        "endedAt": outcome.ended_ms,
        "aborted": outcome.status == Status::Aborted,
        "stopReason": outcome.stop_reason,
        "executionSettled": true,
    });
    let more = match &outcome.error {
        Some(fault) => vec![
            ("error", json!(fault.message)),
            ("errorKind", json!(fault.kind)),
            ("livenessState", json!("blocked")),
        ],
        None => {
            let disposition = if outcome.text.is_some() {
                "visible"
            } else {
                "silent"
            };
            let mut reply = json!({"disposition": disposition});
            if let (Some(text), Some(fields)) = (&outcome.text, reply.as_object_mut()) {
                fields.insert("text".to_owned(), json!(text));
            }
            vec![
                ("livenessState", json!("working")),
                ("terminalReply", reply),
                (
                    "terminalReceipt",
                    json!({
                        "runId": run_id, "turnId": run_id, "sessionId": outcome.session_id,
                        "effective": {"provider": outcome.provider, "model": outcome.model},
                        "successfulToolNames": outcome.tools, "rerouted": false,
                        "terminalDisposition": disposition,
                    }),
                ),
            ]
        }
    };
    if let Some(fields) = data.as_object_mut() {
        fields.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    data
}
