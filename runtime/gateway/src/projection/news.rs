//! What those are told who follow sessions: messages as they are kept, and rows as they change.
//!
//! **Cost.** Nothing is read from the state unless somebody follows.

use openclaw_agent::Event;
use openclaw_state::{Entry, Session};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{SESSIONS, messages_topic};
use crate::event::Event as Frame;
use crate::gateway::Gateway;
use crate::methods::sessions::history;
use crate::methods::sessions::list::one;
use crate::services::Parts;

/// Tells the messages that a run has kept since this was last asked.
pub(super) async fn messages(gateway: &Gateway, parts: &Parts, event: &Event) {
    let topic = messages_topic(&event.session_key);
    let all = gateway.hub().all();
    let follows = all
        .iter()
        .any(|connection| connection.subscribes(SESSIONS) || connection.subscribes(&topic));
    if !follows {
        return;
    }
    let Some((session, entries)) = read(gateway, event).await else {
        return;
    };
    let after = parts.told.note_entries(&event.run_id, &entries);
    let row = one(gateway, parts, &session).await;
    for entry in entries.iter().filter(|entry| entry.seq > after) {
        let Some(message) = history::message(entry, history::CHARS) else {
            continue;
        };
        let mut payload = Map::new();
        payload.insert("sessionKey".to_owned(), json!(&*event.session_key));
        payload.insert("agentId".to_owned(), json!(&*event.agent_id));
        payload.insert("runId".to_owned(), json!(&*event.run_id));
        payload.insert("messageId".to_owned(), json!(entry.id()));
        payload.insert("messageSeq".to_owned(), json!(entry.seq));
        payload.insert("message".to_owned(), message);
        payload.insert("session".to_owned(), row.clone());
        if let Some(frame) = Frame::new("session.message", &payload) {
            gateway.hub().tell_to(&frame, |connection| {
                connection.subscribes(SESSIONS) || connection.subscribes(&topic)
            });
        }
    }
}

async fn read(gateway: &Gateway, event: &Event) -> Option<(Session, Vec<Entry>)> {
    let (key, run_id) = (event.session_key.to_string(), event.run_id.to_string());
    let session_id = event.session_id.to_string();
    let read = gateway.state().read(move |view| {
        let Some(session) = view.session(&key)? else {
            return Ok::<_, openclaw_state::Error>(None);
        };
        let entries = view.transcript_of_run(&session_id, &run_id)?;
        Ok(Some((session, entries)))
    });
    match read.await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "the messages of a run cannot be read for those who follow it");
            None
        }
    }
}

/// Tells that a run of a session has begun or ended.
pub(super) async fn phase(gateway: &Gateway, parts: &Parts, event: &Event, phase: &'static str) {
    let what = What {
        phase: Some(phase),
        reason: None,
        run_id: Some(&event.run_id),
    };
    tell(gateway, parts, &event.session_key, &event.agent_id, what).await;
}

/// Tells that somebody changed a session.
pub(crate) async fn session_changed(
    gateway: &Gateway,
    parts: &Parts,
    key: &str,
    agent: &str,
    reason: &'static str,
) {
    let what = What {
        phase: None,
        reason: Some(reason),
        run_id: None,
    };
    tell(gateway, parts, key, agent, what).await;
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct What<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed<'a> {
    session_key: &'a str,
    agent_id: &'a str,
    #[serde(flatten)]
    what: What<'a>,
    ts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Value>,
}

async fn tell(gateway: &Gateway, parts: &Parts, key: &str, agent: &str, what: What<'_>) {
    if !gateway
        .hub()
        .all()
        .iter()
        .any(|connection| connection.subscribes(SESSIONS))
    {
        return;
    }
    let name = key.to_owned();
    let session = gateway.state().read(move |view| view.session(&name)).await;
    let session = match session.ok().flatten() {
        Some(session) => Some(one(gateway, parts, &session).await),
        None => None,
    };
    let changed = Changed {
        session_key: key,
        agent_id: agent,
        what,
        ts: crate::clock::now_ms(),
        session,
    };
    if let Some(frame) = Frame::new("sessions.changed", &changed) {
        gateway
            .hub()
            .tell_to(&frame, |connection| connection.subscribes(SESSIONS));
    }
}
