//! How the parts fare, for `health` and `status`.
//!
//! **Bound.** The sessions that changed last, [`LOOKED_AT`] of them. **Cost.** One read of the state and a look at what
//! is loaded; channels are asked live only for a probe.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openclaw_channels::{AccountSnapshot, Report};
use openclaw_state::{Session, State};
use serde_json::{Map, Value, json};

use crate::clock::now_ms;
use crate::services::{HealthSource, Parts, PartsHealth};

/// How many sessions are looked at.
const LOOKED_AT: u32 = 1_000;
/// How many of an agent are told.
const RECENT: usize = 5;
/// How long a probe of the channels may take.
const PROBE: Duration = Duration::from_secs(8);

/// What says how these parts fare.
pub fn vitals(parts: Arc<Parts>, state: State) -> HealthSource {
    Arc::new(move |probe| {
        let (parts, state) = (Arc::clone(&parts), state.clone());
        Box::pin(async move { look(&parts, &state, probe).await })
    })
}

async fn look(parts: &Parts, state: &State, probe: bool) -> PartsHealth {
    let loaded: BTreeSet<_> = parts
        .host
        .tools()
        .into_iter()
        .map(|(id, _)| id.to_string())
        .collect();
    let report = match &parts.channels {
        Some(channels) => channels.status(probe.then_some(PROBE)).await,
        None => Report::default(),
    };
    let read: Result<_, openclaw_state::Error> = state.read(|view| view.sessions(LOOKED_AT)).await;
    let sessions = read.unwrap_or_else(|error| {
        tracing::warn!(%error, "sessions cannot be counted");
        Vec::new()
    });
    PartsHealth {
        plugins: loaded.into_iter().collect(),
        plugin_errors: Vec::new(),
        channels: channels(&report),
        sessions: by_agent(&sessions, &state.path().display().to_string(), now_ms()),
    }
}

fn channels(report: &Report) -> Vec<(String, String, Value)> {
    let told = report.channels.iter().map(|(id, label)| {
        let accounts = report.accounts.get(id).map(Vec::as_slice).unwrap_or_default();
        let usual = report.default_accounts.get(id);
        let first = accounts
            .iter()
            .find(|account| Some(&account.account_id) == usual)
            .or_else(|| accounts.first());
        let mut health = first.map_or_else(|| json!({ "configured": false }), account);
        if let Some(fields) = health.as_object_mut() {
            let all: Map<_, _> = accounts
                .iter()
                .map(|known| (known.account_id.clone(), account(known)))
                .collect();
            fields.insert("accounts".to_owned(), Value::Object(all));
        }
        (id.clone(), label.clone(), health)
    });
    told.collect()
}

fn account(known: &AccountSnapshot) -> Value {
    let mut health = serde_json::to_value(known).unwrap_or_default();
    if let Some(fields) = health.as_object_mut() {
        fields.insert("linked".to_owned(), json!(known.connected));
    }
    health
}

fn by_agent(sessions: &[Session], path: &str, now: i64) -> Map<String, Value> {
    let mut agents: Map<String, Value> = Map::new();
    for session in sessions {
        let told = agents
            .entry(&session.agent_id)
            .or_insert_with(|| json!({ "path": path, "count": 0, "recent": [] }));
        let count = told.get("count").and_then(Value::as_u64).unwrap_or_default() + 1;
        let Some(fields) = told.as_object_mut() else {
            continue;
        };
        fields.insert("count".to_owned(), json!(count));
        if let Some(recent) = fields.get_mut("recent").and_then(Value::as_array_mut)
            && recent.len() < RECENT
        {
            recent.push(json!({
                "key": session.key,
                "updatedAt": session.updated_ms,
                "age": now.saturating_sub(session.updated_ms).max(0),
            }));
        }
    }
    agents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_counted_for_each_agent_and_the_newest_are_told() {
        let session = |number: i64, agent: &str| Session {
            key: format!("agent:{agent}:{number}"),
            agent_id: agent.to_owned(),
            session_id: "s".to_owned(),
            started_ms: 1,
            last_interaction_ms: 1,
            updated_ms: 100 - number,
            entry: "{}".to_owned(),
        };
        let mut sessions: Vec<_> = (0..7).map(|number| session(number, "main")).collect();
        sessions.push(session(0, "work"));
        let told = by_agent(&sessions, "/db", 150);
        let main = told.get("main").unwrap();
        assert_eq!(
            (main["count"].as_u64(), main["recent"].as_array().unwrap().len()),
            (Some(7), RECENT)
        );
        assert_eq!(
            main["recent"][0],
            json!({ "key": "agent:main:0", "updatedAt": 100, "age": 50 })
        );
        assert_eq!(told.get("work").unwrap()["count"], 1);
    }
}
