//! The facts of the call, as `openclaw:context` tells them.

use serde_json::{Value, json};

/// What the component is told about the call. A test sets what it needs.
#[derive(Clone, Debug)]
pub struct Context {
    /// Names the call; left out, calls are `call-1`, `call-2` and so on.
    pub call_id: Option<String>,
    /// Names the action; left out, it is the call's.
    pub idempotency_key: Option<String>,
    /// Which attempt it is.
    pub attempt: u32,
    /// When the call is said to be stopped, in milliseconds since 1970; left out, 30 seconds after it began.
    pub deadline: Option<u64>,
    /// The agent.
    pub agent: Option<String>,
    /// The session's key.
    pub session: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// The channel account.
    pub account: Option<String>,
    /// Who asked.
    pub sender: Option<String>,
    /// Whether that is an owner.
    pub is_owner: bool,
    /// Whether the session is sandboxed.
    pub is_sandboxed: bool,
    /// The language, such as `de-AT`.
    pub locale: Option<String>,
    /// The guest path of the session's workspace.
    pub workspace: Option<String>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            call_id: None,
            idempotency_key: None,
            attempt: 1,
            deadline: None,
            agent: None,
            session: None,
            channel: None,
            account: None,
            sender: None,
            is_owner: false,
            is_sandboxed: false,
            locale: None,
            workspace: None,
        }
    }
}

impl Context {
    /// Answers a getter; none if there is no such function.
    pub(crate) fn answer(&self, function: &str, call: u64, now: u64) -> Option<Value> {
        let call_id = || self.call_id.clone().unwrap_or_else(|| format!("call-{call}"));
        Some(match function.strip_prefix("context.")? {
            "call-id" => json!(call_id()),
            "idempotency-key" => json!(self.idempotency_key.clone().unwrap_or_else(call_id)),
            "attempt" => json!(self.attempt),
            "deadline" => json!(self.deadline.unwrap_or(now + 30_000)),
            "agent" => json!(self.agent),
            "session" => json!(self.session),
            "channel" => json!(self.channel),
            "account" => json!(self.account),
            "sender" => json!(self.sender),
            "is-owner" => json!(self.is_owner),
            "is-sandboxed" => json!(self.is_sandboxed),
            "locale" => json!(self.locale),
            "workspace" => json!(self.workspace),
            _ => return None,
        })
    }
}
