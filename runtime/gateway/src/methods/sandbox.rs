//! `sandbox.*`: the sandboxes that there are, and removing them. These are ours; OpenClaw's command looks at containers
//! itself.

use std::sync::Arc;

use openclaw_config::tree::Config;
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, WORD};
use openclaw_sandbox::{Removal, Rules, Sandboxes, Scope as SandboxScope};
use serde::Deserialize;
use serde_json::json;

use super::internal;
use super::target::{Target, target};
use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "sandbox.list",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(list(gateway, params)),
    },
    Method {
        name: "sandbox.recreate",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(recreate(gateway, params)),
    },
];

const NOTHING: Object = Object::closed(&[]);
const RECREATE: Object = Object::closed(&[
    Field::optional("all", Kind::Bool),
    Field::optional("session", WORD),
    Field::optional("agent", WORD),
    Field::optional("force", Kind::Bool),
]);

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    all: bool,
    session: Option<String>,
    agent: Option<String>,
    /// Whether those in which something runs are removed too.
    #[serde(default)]
    force: bool,
}

fn sandboxes(gateway: &Gateway) -> Result<&Arc<Sandboxes>, Error> {
    let sandboxes = gateway.parts()?.agent.sandboxes();
    sandboxes.ok_or_else(|| Error::unavailable("this gateway runs no sandboxes"))
}

async fn list(gateway: Arc<Gateway>, params: Params) -> Answer {
    let _: serde_json::Map<_, _> = params.read(&NOTHING)?;
    let rows = sandboxes(&gateway)?
        .list()
        .await
        .map_err(|error| internal(&error))?;
    let rows: Vec<_> = rows
        .iter()
        .map(|(row, is_busy)| {
            json!({
                "sessionKey": row.scope,
                "agentId": row.agent,
                "backendId": row.backend,
                "workspace": row.workspace,
                "running": is_busy,
                "configHash": row.config_hash,
                "createdAtMs": row.created_ms,
                "lastUsedAtMs": row.used_ms,
            })
        })
        .collect();
    Ok(json!({ "containers": rows, "browsers": [] }).into())
}

/// What the sandbox of a session may be called: by what the config says shares it now, and its own from before.
fn scopes_of(config: &Config, session: &str) -> Result<[String; 2], Error> {
    let Target { key, agent } = target(config, Some(session), None)?;
    let scope = Rules::of(config, &agent).scope.value;
    let shared = SandboxScope::of(scope, &agent, key.as_str());
    Ok([shared.to_string(), key.as_str().to_owned()])
}

async fn recreate(gateway: Arc<Gateway>, params: Params) -> Answer {
    let which: Which = params.read(&RECREATE)?;
    let named = [which.all, which.session.is_some(), which.agent.is_some()];
    if named.iter().filter(|named| **named).count() != 1 {
        return Err(Error::invalid(
            "say which: all, a session or an agent, and one of them",
        ));
    }
    let sandboxes = sandboxes(&gateway)?;
    let rows = sandboxes.list().await.map_err(|error| internal(&error))?;
    let snapshot = gateway.config().get();
    let of_session = which.session.as_deref();
    let of_session = of_session
        .map(|session| scopes_of(&snapshot.config, session))
        .transpose()?;
    let of_agent = which.agent.map(|agent| agent.trim().to_lowercase());
    let (mut removed, mut busy, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (row, _) in rows {
        let is_agents = |agent: &String| {
            row.scope == format!("agent:{agent}") || row.scope.starts_with(&format!("agent:{agent}:"))
        };
        let is_meant = which.all
            || of_session
                .as_ref()
                .is_some_and(|scopes| scopes.contains(&row.scope))
            || of_agent.as_ref().is_some_and(is_agents);
        if !is_meant {
            continue;
        }
        match sandboxes.remove(&row, &snapshot.place, which.force).await {
            Ok(Removal::Gone) => removed.push(row.scope),
            Ok(Removal::Held) => busy.push(row.scope),
            Ok(Removal::Missing) => {}
            // The others go all the same.
            Err(error) => failed.push(json!({ "scope": row.scope, "why": error.to_string() })),
        }
    }
    Ok(json!({ "removed": removed, "busy": busy, "failed": failed }).into())
}
