//! How the parts behind the gateway fare: what health is made of.
//!
//! **Cost.** One read of the newest sessions, and with `probe` a question to each platform, for [`PROBE`] at most.

use std::time::Duration;

use openclaw_channels::{AccountSnapshot, Report};
use serde_json::{Map, Value, json};

use crate::clock::now_ms;
use crate::gateway::Gateway;
use crate::services::Parts;

/// How long platforms are asked.
const PROBE: Duration = Duration::from_secs(10);
/// How many sessions are looked at.
const SESSIONS: u32 = 5_000;
/// How many of them are told of each agent.
const RECENT: usize = 5;

/// How the parts fare.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fare {
    /// Extensions that can be called, by id.
    pub(crate) plugins: Vec<String>,
    /// Channels in their order: id, label, health.
    pub(crate) channels: Vec<(String, String, Value)>,
    /// Sessions of each agent: `{path, count, recent}`.
    pub(crate) sessions: Map<String, Value>,
}

impl Fare {
    /// Asks them. `probe`: platforms too.
    pub(crate) async fn of(gateway: &Gateway, parts: &Parts, probe: bool) -> Self {
        let mut plugins: Vec<_> = parts
            .host
            .tools()
            .into_iter()
            .map(|(id, _)| id.to_string())
            .collect();
        plugins.sort();
        plugins.dedup();
        let report = match &parts.channels {
            Some(channels) => channels.status(probe.then_some(PROBE)).await,
            None => Report::default(),
        };
        Self {
            plugins,
            channels: channels(&report),
            sessions: sessions(gateway, parts).await,
        }
    }
}

fn channels(report: &Report) -> Vec<(String, String, Value)> {
    let told = report.channels.iter().map(|(id, label)| {
        let accounts = report.accounts.get(id).map(Vec::as_slice).unwrap_or_default();
        let any = |is: fn(&AccountSnapshot) -> bool| accounts.iter().any(is);
        let by_id: Map<String, Value> = accounts
            .iter()
            .map(|account| (account.account_id.clone(), json!(account)))
            .collect();
        let health = json!({
            "configured": any(|account| account.configured),
            "running": any(|account| account.running),
            "connected": any(|account| account.connected),
            "accounts": by_id,
        });
        (id.clone(), label.clone(), health)
    });
    told.collect()
}

async fn sessions(gateway: &Gateway, parts: &Parts) -> Map<String, Value> {
    let found = parts.agent.sessions(SESSIONS).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "sessions cannot be counted");
        Vec::new()
    });
    let (path, now) = (gateway.state().path().to_string_lossy(), now_ms());
    let mut told = Map::new();
    let mut counted: std::collections::BTreeMap<String, (usize, Vec<Value>)> = Default::default();
    for session in found {
        let (count, recent) = counted.entry(session.agent_id).or_default();
        *count += 1;
        if recent.len() < RECENT {
            recent.push(json!({
                "key": session.key,
                "updatedAt": session.updated_ms,
                "age": (now - session.updated_ms).max(0),
            }));
        }
    }
    for (agent, (count, recent)) in counted {
        told.insert(agent, json!({"path": path, "count": count, "recent": recent}));
    }
    told
}
