//! Looking at single sessions.

use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT, WORD, WORDS};
use openclaw_state::{Entry, Session};
use serde::Deserialize;
use serde_json::{Value, json};

use super::history;
use super::list::one;
use crate::gateway::Gateway;
use crate::method::{Answer, Params};
use crate::methods::internal;
use crate::methods::target::target;

const DESCRIBE: Object = Object::closed(&[
    Field::required("key", WORD),
    Field::optional("agentId", WORD),
    Field::optional("includeDerivedTitles", Kind::Bool),
    Field::optional("includeLastMessage", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    key: String,
    agent_id: Option<String>,
}

pub(super) async fn describe(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&DESCRIBE)?;
    let found = find(&gateway, &whose.key, whose.agent_id.as_deref()).await?;
    let row = match found {
        Some(session) => one(&gateway, gateway.parts()?, &session).await,
        None => Value::Null,
    };
    Ok(json!({ "session": row }).into())
}

/// The session of a key, if there is one.
pub(super) async fn find(
    gateway: &Gateway,
    key: &str,
    agent: Option<&str>,
) -> Result<Option<Session>, Error> {
    let config = gateway.config().get();
    let key = target(&config.config, Some(key), agent)?.key.to_string();
    let found = gateway.state().read(move |view| view.session(&key)).await;
    found.map_err(|error| internal(&error))
}

const RESOLVE: Object = Object::closed(&[
    Field::optional("key", WORD),
    Field::optional("sessionId", WORD),
    Field::optional("label", WORD),
    Field::optional("reference", Kind::Any),
    Field::optional("shortId", WORD),
    Field::optional("slugHint", TEXT),
    Field::optional("agentId", WORD),
    Field::optional("spawnedBy", TEXT),
    Field::optional("includeGlobal", Kind::Bool),
    Field::optional("includeUnknown", Kind::Bool),
    Field::optional("allowMissing", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Meant {
    key: Option<String>,
    session_id: Option<String>,
    label: Option<String>,
    short_id: Option<String>,
    agent_id: Option<String>,
    allow_missing: bool,
}

pub(super) async fn resolve(gateway: Arc<Gateway>, params: Params) -> Answer {
    const LOOKED_AT: u32 = 10_000;
    let meant: Meant = params.read(&RESOLVE)?;
    let found = if let Some(key) = &meant.key {
        find(&gateway, key, meant.agent_id.as_deref()).await?
    } else {
        let sessions = gateway.state().read(|view| view.sessions(LOOKED_AT)).await;
        let sessions = sessions.map_err(|error| internal(&error))?;
        sessions.into_iter().find(|session| is_meant(session, &meant))
    };
    match found {
        Some(session) => Ok(json!({ "ok": true, "key": session.key, "agentId": session.agent_id }).into()),
        None if meant.allow_missing || meant.short_id.is_some() => Ok(json!({ "ok": false }).into()),
        None => {
            let named = [&meant.key, &meant.session_id, &meant.label]
                .into_iter()
                .flatten()
                .next();
            let named = named.map_or_else(|| "what was asked for".to_owned(), |name| format!("\"{name}\""));
            Err(Error::invalid(format!("No session found: {named}")))
        }
    }
}

fn is_meant(session: &Session, meant: &Meant) -> bool {
    let label = || {
        let entry: Value = serde_json::from_str(&session.entry).unwrap_or_default();
        entry.get("label").and_then(Value::as_str).map(str::to_owned)
    };
    let is_agent = meant
        .agent_id
        .as_ref()
        .is_none_or(|agent| *agent == session.agent_id);
    let is_named = match (&meant.session_id, &meant.short_id, &meant.label) {
        (Some(id), ..) => session.session_id == *id,
        (_, Some(short), _) => short.len() >= 6 && session.session_id.starts_with(short.as_str()),
        (.., Some(wanted)) => label().as_ref() == Some(wanted),
        _ => false,
    };
    is_agent && is_named
}

const PREVIEW: Object = Object::closed(&[
    Field::required("keys", WORDS),
    Field::optional("limit", Kind::Integer(1, 100)),
    Field::optional("maxChars", Kind::Integer(20, 10_000)),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Previewed {
    keys: Vec<String>,
    limit: Option<usize>,
    max_chars: Option<usize>,
}

pub(super) async fn preview(gateway: Arc<Gateway>, params: Params) -> Answer {
    const USUAL: usize = 12;
    const CHARS: usize = 240;
    const KEYS: usize = 64;
    let asked: Previewed = params.read(&PREVIEW)?;
    let limit = asked.limit.unwrap_or(USUAL);
    let chars = asked.max_chars.unwrap_or(CHARS);
    let mut previews = Vec::new();
    for key in asked.keys.iter().take(KEYS) {
        let Some(session) = find(&gateway, key, None).await? else {
            previews.push(json!({ "key": key, "status": "missing", "items": [] }));
            continue;
        };
        let read = gateway
            .state()
            .read(move |view| view.transcript_tail(&session.session_id, 4 * limit, 1 << 20));
        let entries = read.await.map_err(|error| internal(&error))?;
        let items = items(&entries, limit, chars);
        let status = if items.is_empty() { "empty" } else { "ok" };
        previews.push(json!({ "key": key, "status": status, "items": items }));
    }
    Ok(json!({ "ts": crate::clock::now_ms(), "previews": previews }).into())
}

fn items(entries: &[Entry], limit: usize, chars: usize) -> Vec<Value> {
    let mut items: Vec<_> = entries
        .iter()
        .rev()
        .filter_map(|entry| {
            let message = history::message(entry, 10_000)?;
            let text = history::preview(&message)?;
            let text: String = text.chars().take(chars).collect();
            Some(json!({ "role": message.get("role")?, "text": text }))
        })
        .take(limit)
        .collect();
    items.reverse();
    items
}
