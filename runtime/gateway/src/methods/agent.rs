//! `agent` and `agent.wait`: a run that is asked for by a program.
//!
//! `agent` is answered twice: once when the turn is kept, and once when it has ended. Whoever asks with the key of a
//! run that goes on or has ended gets one answer.

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::{Origin, Request, Route, Status};
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object, TEXT, WORD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::chat::images;
use super::internal;
use super::run::{Start, ended, result, start, status};
use super::target::{Target, target};
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Method, Params, Payload};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "agent",
        scope: Some(Scope::Write),
        run: |gateway, caller, params| Box::pin(agent(gateway, caller, params)),
    },
    Method {
        name: "agent.wait",
        scope: Some(Scope::Write),
        run: |gateway, _, params| Box::pin(wait(gateway, params)),
    },
];

const OPEN: Object = Object::open(&[]);

const SHAPE: Object = Object::closed(&[
    Field::required("message", WORD),
    Field::required("idempotencyKey", WORD),
    Field::optional("agentId", WORD),
    Field::optional("provider", TEXT),
    Field::optional("model", TEXT),
    Field::optional("to", TEXT),
    Field::optional("replyTo", TEXT),
    Field::optional("sessionId", TEXT),
    Field::optional("sessionKey", TEXT),
    Field::optional("expectedExistingSessionId", TEXT),
    Field::optional("thinking", TEXT),
    Field::optional("deliver", Kind::Bool),
    Field::optional("attachments", Kind::List(&Kind::Object(&OPEN), 64)),
    Field::optional("channel", TEXT),
    Field::optional("replyChannel", TEXT),
    Field::optional("accountId", TEXT),
    Field::optional("replyAccountId", TEXT),
    Field::optional("threadId", TEXT),
    Field::optional("groupId", TEXT),
    Field::optional("groupChannel", TEXT),
    Field::optional("groupSpace", TEXT),
    Field::optional("timeout", COUNT),
    Field::optional("bestEffortDeliver", Kind::Bool),
    Field::optional("lane", TEXT),
    Field::optional("cwd", TEXT),
    Field::optional("modelRun", Kind::Bool),
    Field::optional("promptMode", Kind::OneOf(&["full", "minimal", "none"])),
    Field::optional("extraSystemPrompt", TEXT),
    Field::optional("bootstrapContextMode", Kind::OneOf(&["full", "lightweight"])),
    Field::optional(
        "bootstrapContextRunKind",
        Kind::OneOf(&["default", "heartbeat", "cron"]),
    ),
    Field::optional("cleanupBundleMcpOnRunEnd", Kind::Bool),
    Field::optional("inputProvenance", Kind::Any),
    Field::optional("internalEvents", Kind::Any),
    Field::optional("suppressPromptPersistence", Kind::Bool),
    Field::optional("sessionEffects", Kind::OneOf(&["visible", "internal"])),
    Field::optional(
        "sourceReplyDeliveryMode",
        Kind::OneOf(&["automatic", "message_tool_only"]),
    ),
    Field::optional("disableMessageTool", Kind::Bool),
    Field::optional("voiceWakeTrigger", TEXT),
    Field::optional("label", Kind::Text(1, 512)),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    message: String,
    idempotency_key: String,
    agent_id: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    session_key: Option<String>,
    thinking: Option<String>,
    #[serde(default)]
    attachments: Vec<Value>,
    timeout: Option<u64>,
    extra_system_prompt: Option<String>,
    #[serde(default)]
    deliver: bool,
    to: Option<String>,
    reply_to: Option<String>,
    channel: Option<String>,
    reply_channel: Option<String>,
    account_id: Option<String>,
    reply_account_id: Option<String>,
    thread_id: Option<String>,
}

/// Where the answer is delivered, if it is to be.
fn route(asked: &Asked) -> Result<Option<Route>, Error> {
    let first =
        |one: &Option<String>, other: &Option<String>| given(one.clone()).or_else(|| given(other.clone()));
    if !asked.deliver {
        return Ok(None);
    }
    let channel = first(&asked.reply_channel, &asked.channel);
    let to = first(&asked.reply_to, &asked.to);
    let (Some(channel), Some(to)) = (channel, to) else {
        return Err(Error::invalid(
            "invalid agent params: deliver requires channel and to",
        ));
    };
    Ok(Some(Route {
        channel,
        account: first(&asked.reply_account_id, &asked.account_id).unwrap_or_else(|| "default".to_owned()),
        to,
        thread: given(asked.thread_id.clone()),
        ..Route::default()
    }))
}

async fn agent(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let asked: Asked = params.read(&SHAPE)?;
    let route = route(&asked)?;
    let model = given(asked.model);
    let model = match (given(asked.provider), model) {
        (Some(provider), Some(model)) => Some(format!("{provider}/{model}")),
        (_, model) => model,
    };
    if model.is_some() || begins_anew(&asked.message) {
        caller.require(Scope::Admin)?;
    }
    let config = gateway.config().get();
    let session = given(asked.session_key);
    let agent_id = given(asked.agent_id);
    let target = target(&config.config, session.as_deref(), agent_id.as_deref())
        .map_err(|error| Error::invalid(format!("invalid agent params: {}", error.message)))?;
    let images = images(&asked.attachments)?;
    // They are long, and the run may be too.
    drop(asked.attachments);
    let request = Request {
        message: asked.message,
        images,
        origin: Origin::Cli,
        may_approve: caller.require(Scope::Approvals).is_ok(),
        may_elevate: caller.require(Scope::Admin).is_ok(),
        route,
        model,
        thinking: given(asked.thinking),
        extra_system_prompt: given(asked.extra_system_prompt),
        timeout_ms: asked.timeout.map(|seconds| seconds.saturating_mul(1_000)),
        ..Request::default()
    };
    let run_id = asked.idempotency_key;
    match start(&gateway, caller.connection(), &run_id, &target, request).await? {
        Start::Fresh(unanswered) => caller.answer_early(accepted(&run_id, &target).before(unanswered)),
        Start::Running(unanswered) => {
            let told = json!({ "runId": run_id, "status": "in_flight" });
            return Ok(Payload::from(told).before(unanswered));
        }
        Start::Ended(outcome) => return finish(&run_id, &outcome),
        Start::Stopped(runs) => {
            let told = json!({ "runId": run_id, "status": "ok", "summary": "aborted", "runIds": runs });
            return Ok(told.into());
        }
    }
    match gateway.parts()?.agent.wait(&run_id, Duration::MAX).await {
        Ok(Some(outcome)) => finish(&run_id, &outcome),
        Ok(None) => Err(Error::unavailable(
            "the gateway is stopping; the run goes on when it is back",
        )),
        Err(error) => Err(internal(&error)),
    }
}

/// The first answer.
fn accepted(run_id: &str, target: &Target) -> Payload {
    Payload::from(json!({
        "runId": run_id,
        "sessionKey": target.key.as_str(),
        "agentId": target.agent,
        "status": "accepted",
        "acceptedAt": crate::clock::now_ms(),
    }))
}

/// The second answer: a failure is told as one.
fn finish(run_id: &str, outcome: &openclaw_agent::Outcome) -> Answer {
    match outcome.status {
        Status::Ok | Status::Aborted => Ok(result(run_id, outcome).into()),
        Status::Error => {
            let (_, message) = status(outcome);
            Err(Error::unavailable(message).details(ended(run_id, outcome)))
        }
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn begins_anew(message: &str) -> bool {
    let first = message.split_whitespace().next().unwrap_or_default();
    ["/new", "/reset"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

const WAIT: Object = Object::closed(&[
    Field::required("runId", WORD),
    Field::optional("timeoutMs", COUNT),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Awaited {
    run_id: String,
    timeout_ms: Option<u64>,
}

async fn wait(gateway: Arc<Gateway>, params: Params) -> Answer {
    const USUAL_MS: u64 = 30_000;
    let awaited: Awaited = params.read(&WAIT)?;
    let timeout = Duration::from_millis(awaited.timeout_ms.unwrap_or(USUAL_MS));
    let waited = gateway.parts()?.agent.wait(&awaited.run_id, timeout).await;
    let waited = waited.map_err(|error| internal(&error))?;
    let Some(outcome) = waited else {
        return Ok(json!({ "runId": awaited.run_id, "status": "timeout" }).into());
    };
    let mut told = json!({
        "runId": awaited.run_id,
        "status": status(&outcome).0,
        "startedAt": outcome.started_ms,
        "endedAt": outcome.ended_ms,
        "stopReason": outcome.stop_reason,
        "livenessState": if outcome.error.is_some() { "blocked" } else { "working" },
    });
    if let Some(fields) = told.as_object_mut() {
        if let Some(fault) = &outcome.error {
            fields.insert("error".to_owned(), json!(fault.message));
        }
        if let Some(text) = &outcome.text {
            fields.insert(
                "terminalReply".to_owned(),
                json!({ "disposition": "visible", "text": text }),
            );
        }
    }
    Ok(told.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_delivered_only_where_somebody_said() {
        let route = |value: Value| route(&serde_json::from_value(value).unwrap());
        let quiet = json!({ "message": "x", "idempotencyKey": "k", "channel": "irc", "to": "ann" });
        assert_eq!(route(quiet.clone()).unwrap(), None);
        let mut loud = quiet;
        loud["deliver"] = json!(true);
        loud["replyTo"] = json!("#room");
        let found = route(loud.clone()).unwrap().unwrap();
        assert_eq!(
            (found.channel.as_str(), found.to.as_str(), found.account.as_str()),
            ("irc", "#room", "default")
        );
        loud["channel"] = json!("");
        assert!(route(loud).is_err());
    }

    #[test]
    fn what_begins_a_session_anew_is_told_from_what_only_looks_like_it() {
        assert!(begins_anew("/new") && begins_anew("  /RESET and go on"));
        assert!(!begins_anew("/newsletter") && !begins_anew("a /new one"));
    }
}
