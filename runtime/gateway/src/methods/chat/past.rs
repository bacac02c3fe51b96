//! `chat.history` and what a window asks for when it opens.

use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object, WORD, WORDS};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::gateway::Gateway;
use crate::method::{Answer, Params};
use crate::methods::sessions::history;
use crate::methods::sessions::list::{defaults, one};
use crate::methods::target::{Target, target};
use crate::methods::{commands, internal, models};

const SHAPE: Object = Object::closed(&[
    Field::required("sessionKey", WORD),
    Field::optional("agentId", WORD),
    Field::optional("cursor", Kind::Text(0, 4096)),
    Field::optional("limit", Kind::Integer(1, 1_000)),
    Field::optional("maxBytes", Kind::Integer(1_024, i64::MAX)),
    Field::optional("offset", COUNT),
    Field::optional("pendingBefore", Kind::Integer(1, i64::MAX)),
    Field::optional("inputRunIds", WORDS),
    Field::optional("messageId", WORD),
    Field::optional("sessionId", WORD),
    Field::optional("maxChars", Kind::Integer(1, 500_000)),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    session_key: String,
    agent_id: Option<String>,
    limit: Option<usize>,
    max_bytes: Option<usize>,
    #[serde(default)]
    offset: usize,
    max_chars: Option<usize>,
}

pub(super) async fn history(gateway: Arc<Gateway>, params: Params) -> Answer {
    let ask: Ask = params.read(&SHAPE)?;
    Ok(Value::Object(past(&gateway, &ask).await?).into())
}

pub(super) async fn startup(gateway: Arc<Gateway>, params: Params) -> Answer {
    let ask: Ask = params.read(&SHAPE)?;
    let mut told = past(&gateway, &ask).await?;
    told.insert("metadata".to_owned(), describe(&gateway)?);
    Ok(Value::Object(told).into())
}

const METADATA: Object = Object::open(&[
    Field::optional("sessionKey", WORD),
    Field::optional("agentId", WORD),
]);

pub(super) async fn metadata(gateway: Arc<Gateway>, params: Params) -> Answer {
    let _: Value = params.read(&METADATA)?;
    Ok(describe(&gateway)?.into())
}

/// What a window offers beside the talk: models and commands.
fn describe(gateway: &Gateway) -> Result<Value, Error> {
    let parts = gateway.parts()?;
    Ok(json!({
        "models": models::listing(gateway, parts),
        "commands": commands::COMMANDS,
        "defaults": defaults(gateway, parts, None),
    }))
}

async fn past(gateway: &Gateway, ask: &Ask) -> Result<Map<String, Value>, Error> {
    let parts = gateway.parts()?;
    let config = gateway.config().get();
    let Target { key, agent } = target(&config.config, Some(&ask.session_key), ask.agent_id.as_deref())?;
    let limit = ask.limit.unwrap_or(history::USUAL).min(history::MOST);
    let offset = ask.offset.min(100_000);
    let name = key.to_string();
    let read = gateway.state().read(move |view| {
        let Some(session) = view.session(&name)? else {
            return Ok((None, Vec::new()));
        };
        // One more than is told says whether there is more; entries that are no messages take places too.
        let entries =
            view.transcript_tail(&session.session_id, offset + 2 * limit + 1, 4 * history::BYTES)?;
        Ok((Some(session), entries))
    });
    let (session, mut entries) = read
        .await
        .map_err(|error: openclaw_state::Error| internal(&error))?;
    if offset > 0 {
        let is_message = |entry: &&openclaw_state::Entry| history::message(entry, 1).is_some();
        let newest: Vec<_> = entries
            .iter()
            .rev()
            .filter(is_message)
            .take(offset)
            .map(|entry| entry.seq)
            .collect();
        if let Some(oldest) = newest.last() {
            entries.retain(|entry| entry.seq < *oldest);
        }
    }
    let (messages, has_more) = history::messages(
        &entries,
        limit,
        ask.max_bytes.unwrap_or(history::BYTES),
        ask.max_chars.unwrap_or(history::CHARS),
    );
    let mut told = Map::new();
    let mut put = |name: &str, value: Value| told.insert(name.to_owned(), value);
    put("sessionKey", json!(ask.session_key));
    put("hasMore", json!(has_more));
    if has_more {
        put("nextOffset", json!(offset + messages.len()));
    }
    put("messages", json!(messages));
    put("defaults", defaults(gateway, parts, Some(&agent)));
    if let Some(session) = session {
        put("sessionId", json!(session.session_id));
        if let Some(run) = parts.told.running(key.as_str()) {
            put("inFlightRun", run);
        }
        put("sessionInfo", one(gateway, parts, &session).await);
    }
    Ok(told)
}
