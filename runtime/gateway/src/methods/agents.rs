//! `agents.list` and `agent.identity.get`: who there is.

use std::sync::Arc;

use openclaw_config::tree::Config;
use openclaw_config::tree::agents::{Agent, Ownership};
use openclaw_config::tree::session::SessionScope;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Object, WORD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::roster::Roster;
use super::target::target;
use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "agents.list",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(async move { list(&gateway, params) }),
    },
    Method {
        name: "agent.identity.get",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(async move { identity(&gateway, params) }),
    },
];

const NOTHING: Object = Object::closed(&[]);

#[derive(Deserialize)]
struct Nothing {}

fn list(gateway: &Arc<Gateway>, params: Params) -> Answer {
    let Nothing {} = params.read(&NOTHING)?;
    let config = gateway.config().get();
    let workspace = |id: &str| openclaw_agent::workspace_of(&config, id).display().to_string();
    Ok(listing(&config.config, workspace).into())
}

/// What clients are told of the agents.
fn listing(config: &Config, workspace: impl Fn(&str) -> String) -> Value {
    let roster = Roster::of(config);
    let ids: Vec<_> = roster.ids().collect();
    let ownership = match (&config.agents.ownership, ids.as_slice()) {
        (Some(Ownership::Explicit), _) => "explicit",
        (None, [_]) => "sole",
        (None, _) => "legacy",
    };
    let scope = match config.session.scope {
        SessionScope::Global => "global",
        SessionScope::PerSender => "per-sender",
    };
    let agents: Vec<_> = ids
        .iter()
        .map(|id| {
            let mut summary = json!({
                "id": id,
                "workspace": workspace(id),
                "workspaceGit": false,
                "agentRuntime": {
                    "id": "auto",
                    "cloudPlacementSupported": false,
                    "devicePlacementSupported": false,
                    "source": "implicit",
                },
                "thinkingLevels": [{ "id": "off", "label": "off" }],
                "thinkingOptions": ["off"],
                "thinkingDefault": "off",
                "defaultPermissionMode": "full",
            });
            if let Some(fields) = summary.as_object_mut() {
                if let Some(model) = roster.model(id) {
                    fields.insert("model".to_owned(), json!({ "primary": model }));
                }
                if let Some(agent) = roster.find(id) {
                    fields.extend(presented(agent));
                }
            }
            summary
        })
        .collect();
    json!({
        "defaultId": roster.default_id(),
        "ownership": ownership,
        "selectionRequired": false,
        "mainKey": "main",
        "scope": scope,
        "agents": agents,
    })
}

/// How an agent presents itself.
fn presented(agent: &Agent) -> Map<String, Value> {
    let mut found = Map::new();
    if let Some(name) = &agent.name {
        found.insert("name".to_owned(), json!(name));
    }
    let identity = &agent.identity;
    let fields: Map<_, _> = [
        ("name", &identity.name),
        ("theme", &identity.theme),
        ("emoji", &identity.emoji),
        ("avatar", &identity.avatar),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))))
    .collect();
    if !fields.is_empty() {
        found.insert("identity".to_owned(), Value::Object(fields));
    }
    found
}

const IDENTITY: Object = Object::closed(&[
    Field::optional("agentId", WORD),
    Field::optional("sessionKey", WORD),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    agent_id: Option<String>,
    session_key: Option<String>,
}

fn identity(gateway: &Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&IDENTITY)?;
    let config = gateway.config().get();
    let target = target(
        &config.config,
        whose.session_key.as_deref(),
        whose.agent_id.as_deref(),
    )?;
    let agent = Roster::of(&config.config).find(&target.agent);
    let identity = agent.map(|agent| &agent.identity);
    let named = identity.and_then(|identity| identity.name.as_ref());
    let name = named.or_else(|| agent.and_then(|agent| agent.name.as_ref()));
    let mut told = json!({ "agentId": target.agent, "avatarStatus": "none" });
    if let Some(fields) = told.as_object_mut() {
        let source = if named.is_some() { "identity" } else { "agent" };
        if let Some(name) = name {
            fields.insert("name".to_owned(), json!(name));
            fields.insert("nameSource".to_owned(), json!(source));
        }
        if let Some(emoji) = identity.and_then(|identity| identity.emoji.as_ref()) {
            fields.insert("emoji".to_owned(), json!(emoji));
        }
    }
    Ok(told.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_agent_is_told_as_openclaw_tells_it() {
        let config: Config = serde_json::from_value(json!({
            "agents": { "defaults": { "model": { "primary": "mock/mock-1" } } }
        }))
        .unwrap();
        let told = listing(&config, |id| format!("/w/{id}"));
        assert_eq!(
            told,
            json!({
                "defaultId": "main", "ownership": "sole", "selectionRequired": false, "mainKey": "main",
                "scope": "per-sender",
                "agents": [{
                    "id": "main", "workspace": "/w/main", "workspaceGit": false,
                    "agentRuntime": {
                        "id": "auto", "cloudPlacementSupported": false, "devicePlacementSupported": false,
                        "source": "implicit",
                    },
                    "thinkingLevels": [{ "id": "off", "label": "off" }],
                    "thinkingOptions": ["off"], "thinkingDefault": "off",
                    "model": { "primary": "mock/mock-1" }, "defaultPermissionMode": "full",
                }],
            })
        );
    }

    #[test]
    fn an_agent_is_told_as_it_presents_itself() {
        let config: Config = serde_json::from_value(json!({ "agents": { "entries": {
            "a": { "name": "Anna", "identity": { "emoji": "🦀" } }, "b": {},
        } } }))
        .unwrap();
        let told = listing(&config, str::to_owned);
        assert_eq!(told["ownership"], "legacy");
        assert_eq!(told["agents"][0]["name"], "Anna");
        assert_eq!(told["agents"][0]["identity"], json!({ "emoji": "🦀" }));
        assert!(told["agents"][1].get("identity").is_none());
    }
}
