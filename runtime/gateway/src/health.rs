//! How the gateway fares, as `health` tells it.
//!
//! **Promise.** Asking costs nothing: the answer is written once, at most [`FRESH`] old, and shared by all who ask.
//! **Cost.** Writing it asks each part once; while one is being written nobody writes another, and who waits for it
//! takes what it says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use openclaw_config::tree::Config;
use openclaw_config::tree::amounts::TimeUnit;
use openclaw_config::tree::heartbeat::Heartbeat;
use serde_json::{Map, Value, json};

use crate::clock::now_ms;
use crate::event::Event;
use crate::fare::Fare;
use crate::gateway::Gateway;
use crate::method::Payload;

/// How old the answer may be.
pub const FRESH: Duration = Duration::from_secs(60);
/// How often an agent looks around when the config does not say.
const HEARTBEAT: Duration = Duration::from_secs(30 * 60);
const ACK_MAX_CHARS: u32 = 300;

/// The answer that is shared.
#[derive(Debug)]
pub struct Health {
    current: ArcSwap<Answer>,
    version: AtomicU64,
    probes: AtomicU64,
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Answer {
    payload: Payload,
    written: Instant,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            current: ArcSwap::from_pointee(Answer {
                payload: Payload::of_json("{}"),
                written: Instant::now(),
            }),
            version: AtomicU64::new(0),
            probes: AtomicU64::new(0),
            writing: tokio::sync::Mutex::default(),
        }
    }
}

impl Health {
    /// The answer; an empty object before the first one is written.
    pub fn payload(&self) -> Payload {
        self.current.load().payload.clone()
    }

    /// How often it has been written.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// How often one was written that is as good as what is asked for.
    fn written(&self, probe: bool) -> u64 {
        let written = if probe { &self.probes } else { &self.version };
        written.load(Ordering::Relaxed)
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.version() > 0 && self.current.load().written.elapsed() < FRESH
    }
}

/// Writes the answer anew and tells everybody. `probe`: channels are asked live.
pub async fn refresh(gateway: &Arc<Gateway>, probe: bool) -> Payload {
    let health = gateway.health();
    let before = health.written(probe);
    let _writing = health.writing.lock().await;
    if health.written(probe) > before {
        return health.payload();
    }
    let begun = Instant::now();
    let parts = match &gateway.services().parts {
        Some(parts) => Fare::of(gateway, parts, probe).await,
        None => Fare::default(),
    };
    let state = gateway.state().path().to_string_lossy().into_owned();
    let summary = summarise(&gateway.config().get().config, &state, parts, begun);
    let payload = Payload::from(summary.clone());
    health.current.store(Arc::new(Answer {
        payload: payload.clone(),
        written: Instant::now(),
    }));
    health.version.fetch_add(1, Ordering::Relaxed);
    if probe {
        health.probes.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(event) = Event::new(openclaw_protocol::event::HEALTH, &summary) {
        gateway
            .hub()
            .tell(&event.droppable().of_state(gateway.state_version()));
    }
    payload
}

fn summarise(config: &Config, state: &str, parts: Fare, begun: Instant) -> Value {
    let default = default_agent(config);
    let no_sessions = || json!({"path": state, "count": 0, "recent": []});
    let mut sessions = parts.sessions;
    let agents: Vec<Value> = agents(config)
        .iter()
        .map(|id| {
            let heartbeat = heartbeat(config, id);
            json!({
                "agentId": id,
                "isDefault": *id == default,
                "heartbeat": heartbeat,
                "sessions": sessions.get(id).cloned().unwrap_or_else(no_sessions),
            })
        })
        .collect();
    let every = every(config, &default).as_secs();
    let channels: Map<String, Value> = parts
        .channels
        .iter()
        .map(|(id, _, health)| (id.clone(), health.clone()))
        .collect();
    let labels: Map<String, Value> = parts
        .channels
        .iter()
        .map(|(id, label, _)| (id.clone(), label.clone().into()))
        .collect();
    let order: Vec<&String> = parts.channels.iter().map(|(id, _, _)| id).collect();
    json!({
        "ok": true,
        "ts": now_ms(),
        "durationMs": u64::try_from(begun.elapsed().as_millis()).unwrap_or_default(),
        "plugins": {"loaded": parts.plugins, "errors": [], "unavailable": []},
        "channels": channels,
        "channelOrder": order,
        "channelLabels": labels,
        "heartbeatSeconds": every,
        "defaultAgentId": default,
        "agents": agents,
        "sessions": sessions.remove(&default).unwrap_or_else(no_sessions),
    })
}

/// The agents by id; at least one.
pub fn agents(config: &Config) -> Vec<String> {
    if config.agents.entries.is_empty() {
        vec!["main".to_owned()]
    } else {
        config.agents.entries.keys().cloned().collect()
    }
}

/// The agent that answers when none is named.
pub fn default_agent(config: &Config) -> String {
    let entries = &config.agents.entries;
    let chosen = entries
        .iter()
        .find(|(_, agent)| agent.default)
        .or(entries.iter().next());
    chosen.map_or_else(|| "main".to_owned(), |(id, _)| id.clone())
}

fn settings<'c, T>(config: &'c Config, agent: &str, pick: impl Fn(&'c Heartbeat) -> Option<T>) -> Option<T> {
    let own = config
        .agents
        .entries
        .get(agent)
        .and_then(|agent| agent.heartbeat.as_ref());
    own.and_then(&pick)
        .or_else(|| pick(&config.agents.defaults.heartbeat))
}

fn every(config: &Config, agent: &str) -> Duration {
    let every = settings(config, agent, |heartbeat| heartbeat.every.as_ref());
    every.map_or(HEARTBEAT, |every| every.duration(TimeUnit::Minutes))
}

/// How an agent looks around, as clients are told it.
pub fn heartbeat(config: &Config, agent: &str) -> Value {
    let written = settings(config, agent, |heartbeat| heartbeat.every.as_ref());
    let every = every(config, agent);
    json!({
        "enabled": !every.is_zero(),
        "every": written.map_or("30m", |every| every.as_str()),
        "everyMs": u64::try_from(every.as_millis()).ok(),
        "prompt": settings(config, agent, |heartbeat| heartbeat.prompt.as_deref()).unwrap_or_default(),
        "target": settings(config, agent, |heartbeat| heartbeat.target.as_deref()).unwrap_or("owner"),
        "ackMaxChars": settings(config, agent, |heartbeat| heartbeat.ack_max_chars).unwrap_or(ACK_MAX_CHARS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proving::World;

    #[tokio::test(flavor = "multi_thread")]
    async fn those_who_wait_for_the_same_answer_share_it() {
        let world = World::new(json!({})).await;
        let health = world.gateway.health();
        let before = health.version();
        let writing = health.writing.lock().await;
        let ask = || refresh(&world.gateway, true);
        tokio::join!(ask(), ask(), ask(), async { drop(writing) });
        assert_eq!(health.version(), before + 1);
    }
}
