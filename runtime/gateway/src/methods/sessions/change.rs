//! Making, changing, emptying and removing sessions.

use std::sync::Arc;

use openclaw_agent::{Origin, Request};
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT, WORD};
use openclaw_state::Session;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::list::database;
use super::look::find;
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Params};
use crate::methods::chat::stopped;
use crate::methods::run::{Start, refused, start};
use crate::methods::target::target;
use crate::projection::session_changed;

/// What a client with the right to write may change; anything else takes an admin.
const WRITABLE: [&str; 9] = [
    "label",
    "displayName",
    "icon",
    "category",
    "pinned",
    "archived",
    "unread",
    "thinkingLevel",
    "fastMode",
];

/// What an admin may change besides.
const GUARDED: [&str; 7] = [
    "elevatedLevel",
    "verboseLevel",
    "traceLevel",
    "reasoningLevel",
    "responseUsage",
    "sendPolicy",
    "groupActivation",
];

/// The longest text of a field, in bytes.
const TEXT_BYTES: usize = 2_048;

fn reset_shape() -> &'static Object {
    const SHAPE: Object = Object::closed(&[
        Field::required("key", WORD),
        Field::optional("agentId", WORD),
        Field::optional("reason", Kind::OneOf(&["new", "reset"])),
        Field::optional("expectedSessionId", TEXT),
    ]);
    &SHAPE
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    key: String,
    agent_id: Option<String>,
    expected_session_id: Option<String>,
    #[serde(default = "yes")]
    delete_transcript: bool,
}

fn yes() -> bool {
    true
}

const OPEN: Object = Object::open(&[Field::required("key", WORD), Field::optional("agentId", WORD)]);

/// Changes what is kept beside a session.
pub(super) async fn patch(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let given: Map<String, Value> = params.read(&OPEN)?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let target = target(&gateway.config().get().config, text("key"), text("agentId"))?;
    let mut changes = Map::new();
    for (name, value) in &given {
        let name = name.as_str();
        if matches!(name, "key" | "agentId") || name.starts_with("expected") {
            continue;
        }
        if GUARDED.contains(&name) {
            caller.require(Scope::Admin)?;
        } else if !WRITABLE.contains(&name) {
            return Err(Error::invalid(format!(
                "invalid sessions.patch params: at root: unexpected property '{name}'"
            )));
        }
        check(name, value)?;
        changes.insert(name.to_owned(), value.clone());
    }
    expect(&gateway, target.key.as_str(), text("expectedSessionId")).await?;
    let patched = gateway.parts()?.agent.patch(&target.key, changes).await;
    let session = patched.map_err(|error| refused(&error))?;
    session_changed(
        &gateway,
        gateway.parts()?,
        target.key.as_str(),
        &target.agent,
        "patch",
    )
    .await;
    Ok(json!({
        "ok": true,
        "path": database(&gateway),
        "key": session.key,
        "entry": entry(&session),
    })
    .into())
}

fn check(name: &str, value: &Value) -> Result<(), Error> {
    let is_switch = matches!(name, "pinned" | "archived" | "unread");
    let is_fine = match value {
        Value::Null => true,
        Value::Bool(_) => is_switch || name == "fastMode",
        Value::String(text) => !is_switch && text.len() <= TEXT_BYTES,
        _ => false,
    };
    match is_fine {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "invalid sessions.patch params: at /{name}: must be a short text"
        ))),
    }
}

/// A session as those see it who changed it.
fn entry(session: &Session) -> Value {
    let mut kept: Map<String, Value> = serde_json::from_str(&session.entry).unwrap_or_default();
    kept.insert("sessionId".to_owned(), json!(session.session_id));
    kept.insert("updatedAt".to_owned(), json!(session.updated_ms));
    kept.insert("createdAt".to_owned(), json!(session.started_ms));
    kept.insert("sessionStartedAt".to_owned(), json!(session.started_ms));
    Value::Object(kept)
}

/// Begins a session anew.
pub(super) async fn reset(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(reset_shape())?;
    let target = target(
        &gateway.config().get().config,
        Some(&whose.key),
        whose.agent_id.as_deref(),
    )?;
    expect(
        &gateway,
        target.key.as_str(),
        whose.expected_session_id.as_deref(),
    )
    .await?;
    let reset = gateway.parts()?.agent.reset(&target.key).await;
    let session = reset.map_err(|error| refused(&error))?;
    session_changed(
        &gateway,
        gateway.parts()?,
        target.key.as_str(),
        &target.agent,
        "reset",
    )
    .await;
    Ok(json!({ "ok": true, "key": target.key.as_str(), "entry": entry(&session) }).into())
}

const DELETE: Object = Object::closed(&[
    Field::required("key", WORD),
    Field::optional("agentId", WORD),
    Field::optional("deleteTranscript", Kind::Bool),
    Field::optional("expectedSessionId", TEXT),
    Field::optional("expectedLifecycleRevision", TEXT),
    Field::optional("expectedSessionUpdatedAt", Kind::Number),
    Field::optional("emitLifecycleHooks", Kind::Bool),
    Field::optional("archivedOnly", Kind::Bool),
]);

/// Removes a session.
pub(super) async fn delete(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&DELETE)?;
    let target = target(
        &gateway.config().get().config,
        Some(&whose.key),
        whose.agent_id.as_deref(),
    )?;
    expect(
        &gateway,
        target.key.as_str(),
        whose.expected_session_id.as_deref(),
    )
    .await?;
    let deleted = gateway
        .parts()?
        .agent
        .delete(&target.key, whose.delete_transcript)
        .await;
    let deleted = deleted.map_err(|error| refused(&error))?;
    session_changed(
        &gateway,
        gateway.parts()?,
        target.key.as_str(),
        &target.agent,
        "delete",
    )
    .await;
    Ok(json!({ "ok": true, "key": target.key.as_str(), "deleted": deleted, "archived": [] }).into())
}

async fn expect(gateway: &Gateway, key: &str, expected: Option<&str>) -> Result<(), Error> {
    let Some(expected) = expected else {
        return Ok(());
    };
    match find(gateway, key, None).await? {
        Some(session) if session.session_id == expected => Ok(()),
        _ => Err(Error::invalid("session changed; reload and retry")),
    }
}

const ABORT: Object = Object::closed(&[
    Field::optional("key", WORD),
    Field::optional("runId", WORD),
    Field::optional("agentId", WORD),
    Field::optional("clearQueued", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    key: Option<String>,
    run_id: Option<String>,
    agent_id: Option<String>,
}

/// Stops a run.
pub(super) async fn abort(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Stopped = params.read(&ABORT)?;
    let key = match (&whose.key, &whose.run_id) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(run)) => gateway.parts()?.told.session_of(run),
        (None, None) => {
            return Err(Error::invalid(
                "invalid sessions.abort params: key or runId is required",
            ));
        }
    };
    let Some(key) = key else {
        return Ok(json!({ "ok": true, "abortedRunId": null, "status": "no-active-run" }).into());
    };
    let target = target(
        &gateway.config().get().config,
        Some(&key),
        whose.agent_id.as_deref(),
    )?;
    let runs = stopped(&gateway, &target, whose.run_id.as_deref()).await?;
    let first = runs.first();
    let status = if first.is_some() {
        "aborted"
    } else {
        "no-active-run"
    };
    Ok(json!({ "ok": true, "abortedRunId": first, "status": status }).into())
}

const CREATE: Object = Object::open(&[
    Field::optional("key", WORD),
    Field::optional("agentId", WORD),
    Field::optional("idempotencyKey", WORD),
    Field::optional("label", Kind::Text(0, 512)),
    Field::optional("displayName", Kind::Text(0, 500)),
    Field::optional("message", TEXT),
    Field::optional("task", TEXT),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    key: Option<String>,
    agent_id: Option<String>,
    idempotency_key: Option<String>,
    label: Option<String>,
    display_name: Option<String>,
    message: Option<String>,
    task: Option<String>,
}

/// Makes a session, and begins a run in it if there is something to say.
pub(super) async fn create(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let new: New = params.read(&CREATE)?;
    let key = new.key.unwrap_or_else(|| format!("dashboard:{}", Uuid::new_v4()));
    let target = target(
        &gateway.config().get().config,
        Some(&key),
        new.agent_id.as_deref(),
    )?;
    let mut changes = Map::new();
    for (name, text) in [("label", new.label), ("displayName", new.display_name)] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            changes.insert(name.to_owned(), Value::String(text));
        }
    }
    let made = gateway.parts()?.agent.patch(&target.key, changes).await;
    let session = made.map_err(|error| refused(&error))?;
    session_changed(
        &gateway,
        gateway.parts()?,
        target.key.as_str(),
        &target.agent,
        "create",
    )
    .await;
    let mut told = json!({
        "ok": true,
        "key": session.key,
        "sessionId": session.session_id,
        "entry": entry(&session),
        "runStarted": false,
    });
    let message = new
        .message
        .or(new.task)
        .filter(|message| !message.trim().is_empty());
    if let (Some(message), Some(fields)) = (message, told.as_object_mut()) {
        let request = Request {
            message,
            origin: Origin::Client,
            ..Request::default()
        };
        let run_id = new.idempotency_key.unwrap_or_else(|| Uuid::new_v4().to_string());
        let started = start(&gateway, caller.connection(), &run_id, &target, request).await?;
        fields.insert(
            "runStarted".to_owned(),
            json!(!matches!(started, Start::Ended(_))),
        );
        fields.insert("runId".to_owned(), json!(run_id));
    }
    Ok(told.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_takes_only_what_it_is_for() {
        assert!(check("pinned", &json!(true)).is_ok() && check("label", &json!("a")).is_ok());
        assert!(check("label", &Value::Null).is_ok());
        assert!(check("pinned", &json!("yes")).is_err() && check("label", &json!({})).is_err());
        assert!(check("label", &json!("x".repeat(TEXT_BYTES + 1))).is_err());
    }
}
