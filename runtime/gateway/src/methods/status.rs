//! `status`: what runs here, for people who look after it.

use std::sync::Arc;

use openclaw_protocol::VERSION;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object};
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::health::{agents, default_agent, heartbeat, refresh};
use crate::method::{Answer, Caller, Method, Params};

pub(crate) const METHODS: &[Method] = &[Method {
    name: "status",
    scope: Some(Scope::Read),
    run: |gateway, caller, params| Box::pin(status(gateway, caller, params)),
}];

const PARAMS: Object = Object::closed(&[
    Field::optional("includeChannelSummary", Kind::Bool),
    Field::optional("includeCliProjection", Kind::Bool),
]);

async fn status(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let params: Value = params.read(&PARAMS)?;
    let health = if gateway.health().is_fresh() {
        gateway.health().payload()
    } else {
        refresh(&gateway, false).await
    };
    let health: Value = serde_json::from_slice(health.json()).unwrap_or_default();
    let current = gateway.config().get();
    let config = &current.config;
    let looks: Vec<Value> = agents(config)
        .iter()
        .map(|id| {
            let look = heartbeat(config, id);
            let part = |name| at(&look, name);
            json!({
                "agentId": id, "enabled": part("enabled"), "every": part("every"), "everyMs": part("everyMs"),
            })
        })
        .collect();
    let channels = match params.get("includeChannelSummary") {
        Some(Value::Bool(false)) => Vec::new(),
        _ => summaries(&health),
    };
    let path = if caller.grant().allows(Scope::Admin) {
        gateway.state().path().to_string_lossy().into_owned()
    } else {
        "[redacted]".to_owned()
    };
    Ok(json!({
        "runtimeVersion": VERSION,
        "heartbeat": {"defaultAgentId": default_agent(config), "agents": looks},
        "channelSummary": channels,
        "queuedSystemEvents": [],
        "sessions": sessions(&health, &path, config),
        "pid": std::process::id(),
    })
    .into())
}

/// A field, or nothing.
fn at<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// Each channel in a line.
fn summaries(health: &Value) -> Vec<String> {
    let order = health["channelOrder"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    order
        .map(|id| {
            let label = at(at(health, "channelLabels"), id).as_str().unwrap_or(id);
            let channel = at(at(health, "channels"), id);
            let word = match (
                at(channel, "configured").as_bool(),
                at(channel, "running").as_bool(),
            ) {
                (Some(true), Some(true)) => "running",
                (Some(true), _) => "configured",
                _ => "not configured",
            };
            format!("{label}: {word}")
        })
        .collect()
}

fn sessions(health: &Value, path: &str, config: &openclaw_config::tree::Config) -> Value {
    let mut by_agent = Vec::new();
    let (mut recent, mut count) = (Vec::new(), 0);
    for agent in at(health, "agents").as_array().into_iter().flatten() {
        let own = at(agent, "sessions");
        count += at(own, "count").as_u64().unwrap_or_default();
        recent.extend(at(own, "recent").as_array().into_iter().flatten().cloned());
        by_agent.push(json!({
            "agentId": at(agent, "agentId"), "path": path, "count": at(own, "count"), "recent": at(own, "recent"),
        }));
    }
    recent.sort_by_key(|session| std::cmp::Reverse(at(session, "updatedAt").as_i64().unwrap_or_default()));
    let primary = config
        .agents
        .defaults
        .model
        .as_ref()
        .and_then(|model| model.primary());
    let model = primary.map(|name| name.split_once('/').map_or(name, |(_, id)| id));
    json!({
        "paths": [path],
        "count": count,
        "defaults": {"model": model, "contextTokens": null},
        "recent": recent,
        "byAgent": by_agent,
    })
}
