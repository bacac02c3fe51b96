//! `chat.send`: a message of a person to the agent.

use std::sync::Arc;

use openclaw_agent::{Origin, Request};
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object, TEXT, WORD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attachment::images;
use super::stop::told as stopped;
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Params, Payload};
use crate::methods::run::{Start, start};
use crate::methods::target::target;

const OPEN: Object = Object::open(&[]);

const SHAPE: Object = Object::closed(&[
    Field::required("sessionKey", Kind::Text(1, 512)),
    Field::required("message", TEXT),
    Field::required("idempotencyKey", WORD),
    Field::optional("agentId", WORD),
    Field::optional("sessionId", WORD),
    Field::optional("mentions", Kind::List(&Kind::Any, 10)),
    Field::optional("workContext", Kind::Object(&OPEN)),
    Field::optional("intent", Kind::Object(&OPEN)),
    Field::optional("thinking", TEXT),
    Field::optional("fastMode", Kind::Any),
    Field::optional("fastAutoOnSeconds", COUNT),
    Field::optional(
        "queueMode",
        Kind::OneOf(&["steer", "followup", "collect", "interrupt"]),
    ),
    Field::optional("deliver", Kind::Bool),
    Field::optional("originatingChannel", TEXT),
    Field::optional("originatingTo", TEXT),
    Field::optional("originatingAccountId", TEXT),
    Field::optional("originatingThreadId", Kind::Any),
    Field::optional("replyToId", TEXT),
    Field::optional("attachments", Kind::List(&Kind::Object(&OPEN), 64)),
    Field::optional("toolBindings", Kind::Any),
    Field::optional("timeoutMs", COUNT),
    Field::optional("systemInputProvenance", Kind::Any),
    Field::optional("systemProvenanceReceipt", Kind::Any),
    Field::optional("suppressCommandInterpretation", Kind::Bool),
    Field::optional("expectedLeafEntryId", Kind::TextOrNull),
    Field::optional("expectedSessionRoutingContract", Kind::Any),
    Field::optional("expectedPermissionMode", Kind::Any),
    Field::optional("expectedToolOverrides", Kind::Any),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    session_key: String,
    message: String,
    idempotency_key: String,
    agent_id: Option<String>,
    thinking: Option<String>,
    #[serde(default)]
    attachments: Vec<Value>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    suppress_command_interpretation: bool,
}

pub(super) async fn send(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    if !params.has("sessionKey") {
        let details = json!({ "code": "SESSION_MUTATION_TARGET_REQUIRED", "method": "chat.send" });
        return Err(Error::invalid("session mutation target is unavailable").details(details));
    }
    let sent: Sent = params.read(&SHAPE)?;
    let config = gateway.config().get();
    let target = target(&config.config, Some(&sent.session_key), sent.agent_id.as_deref())?;
    let images = images(&sent.attachments)?;
    if sent.message.trim().is_empty() && images.is_empty() {
        return Err(Error::invalid("message or attachment required"));
    }
    let run_id = sent.idempotency_key;
    let request = Request {
        message: sent.message,
        images,
        origin: Origin::Client,
        thinking: sent.thinking.filter(|level| !level.is_empty()),
        timeout_ms: sent.timeout_ms,
        may_approve: caller.require(Scope::Approvals).is_ok(),
        may_elevate: caller.require(Scope::Admin).is_ok(),
        is_plain: sent.suppress_command_interpretation,
        ..Request::default()
    };
    let started = start(&gateway, caller.connection(), &run_id, &target, request).await?;
    let told = |status: &str| Payload::from(json!({ "runId": run_id, "status": status }));
    Ok(match started {
        Start::Fresh(unanswered) => told("started").before(unanswered),
        Start::Running(unanswered) => told("in_flight").before(unanswered),
        Start::Ended(outcome) => crate::methods::run::ended(&run_id, &outcome).into(),
        Start::Stopped(runs) => stopped(&runs).into(),
    })
}
