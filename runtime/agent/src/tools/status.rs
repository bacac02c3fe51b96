//! `session_status`: what can be said of the session and the time, for the model and for `/status`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ToolOutput;

pub(super) const ABOUT: &str =
    "Tell the date and time, the model, how full its context is, and what this session is.";

pub(super) fn parameters() -> Value {
    json!({"type": "object", "properties": {}})
}

/// What can be said of a session.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) session_key: String,
    pub(crate) session_id: String,
    pub(crate) agent: String,
    /// `provider/model`.
    pub(crate) model: String,
    pub(crate) context_tokens: u64,
    pub(crate) used_tokens: u64,
    pub(crate) total_tokens: u64,
    pub(crate) waiting: usize,
    pub(crate) thinking: String,
    pub(crate) has_files: bool,
    pub(crate) time_zone: String,
}

impl Card {
    /// The card as text.
    pub(crate) fn text(&self) -> String {
        let now = jiff::Timestamp::now();
        let zoned = now.in_tz(&self.time_zone).ok();
        let mut out = format!("OpenClaw {}\n", env!("CARGO_PKG_VERSION"));
        match zoned.filter(|_| self.time_zone != "UTC") {
            Some(zoned) => {
                let _ = writeln!(out, "Time: {}", zoned.strftime("%A, %Y-%m-%d %H:%M %Z"));
            }
            None => {
                let _ = writeln!(out, "Time: {}", now.strftime("%A, %Y-%m-%d %H:%M UTC"));
            }
        }
        let _ = writeln!(out, "Model: {}", self.model);
        let percent = (self.used_tokens * 100)
            .checked_div(self.context_tokens)
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "Context: {}/{} ({percent}%)",
            self.used_tokens, self.context_tokens
        );
        let _ = writeln!(out, "Tokens in all: {}", self.total_tokens);
        let _ = writeln!(out, "Session: {} ({})", self.session_key, self.session_id);
        let _ = writeln!(out, "Agent: {}", self.agent);
        let _ = writeln!(out, "Waiting messages: {}", self.waiting);
        let _ = writeln!(out, "Thinking: {}", self.thinking);
        let _ = write!(
            out,
            "File tools: {}",
            if self.has_files { "the workspace" } else { "none" }
        );
        out
    }

    pub(super) fn show(&self) -> ToolOutput {
        let details = json!({
            "sessionKey": self.session_key, "sessionId": self.session_id, "agentId": self.agent,
            "model": self.model, "contextTokens": self.context_tokens, "totalTokens": self.total_tokens,
            "now": jiff::Timestamp::now().to_string(),
        });
        ToolOutput::ok(self.text()).with(details)
    }
}
