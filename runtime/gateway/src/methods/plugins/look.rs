//! Looking at what is installed.

use std::sync::Arc;

use openclaw_components::{Installed, PASSAGE};
use openclaw_policy::words::{Line, Severity, Words as _};
use openclaw_policy::{Grant, PluginId, display_safe};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, WORD};
use openclaw_state::{AuditRow, StoredGrant};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{id, missing};
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Params};
use crate::methods::internal;
use crate::services::Parts;

const NOTHING: Object = Object::open(&[]);

pub(super) async fn list(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    params.read::<Value>(&NOTHING)?;
    let parts = gateway.parts()?;
    let ids = parts.host.list().await.map_err(|error| internal(&error))?;
    let stored = gateway.state().read(|view| view.grants());
    let stored = stored
        .await
        .map_err(|error: openclaw_state::Error| internal(&error))?;
    let (mut rows, mut diagnostics) = (Vec::new(), Vec::new());
    for id in &ids {
        match parts.host.find(id).await {
            Ok(installed) => {
                let grant = grant_of(&stored, &installed);
                rows.push(row(parts, &installed, grant.is_some()));
            }
            Err(error) => {
                diagnostics.push(json!({ "level": "error", "pluginId": id, "message": error.to_string() }));
                rows.push(json!({ "id": id, "enabled": false, "error": error.to_string() }));
            }
        }
    }
    Ok(json!({
        "plugins": rows,
        "diagnostics": diagnostics,
        "mutationAllowed": caller.grant().allows(Scope::Admin),
    })
    .into())
}

fn row(parts: &Parts, installed: &Installed, is_granted: bool) -> Value {
    let manifest = &installed.manifest;
    // Its author's words, as the command line shows them: clients put them beside the gateway's own.
    let shown = |text: &Option<String>, most| text.as_deref().map(|text| display_safe(text, most));
    json!({
        "id": manifest.id,
        "name": shown(&manifest.name, 80),
        "version": shown(&manifest.version, 40),
        "description": shown(&manifest.description, 300),
        "digest": installed.digest,
        "granted": is_granted,
        "enabled": is_on(parts, installed),
        "tools": installed.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(),
    })
}

/// Whether it can be called now.
fn is_on(parts: &Parts, installed: &Installed) -> bool {
    let id = &installed.manifest.id;
    parts.host.tools().iter().any(|(owner, _)| owner == id)
}

/// What an extension was granted, for whichever account.
pub(super) fn grant_of(stored: &[StoredGrant], installed: &Installed) -> Option<Grant> {
    let (id, digest) = (installed.manifest.id.as_str(), installed.digest.to_string());
    let mut of = stored
        .iter()
        .filter(|stored| stored.extension == id && stored.digest == digest);
    of.find_map(|stored| Grant::parse(stored.json.as_bytes()).ok())
}

const ONE: Object = Object::closed(&[
    Field::required("id", WORD),
    Field::optional("limit", Kind::Integer(1, 1_000)),
]);

#[derive(Deserialize)]
struct One {
    id: String,
    limit: Option<u32>,
}

pub(super) async fn inspect(gateway: Arc<Gateway>, params: Params) -> Answer {
    let one: One = params.read(&ONE)?;
    let id = id(&one.id)?;
    let parts = gateway.parts()?;
    let (installed, grant) = find(&gateway, parts, &id).await?;
    let manifest = &installed.manifest;
    let tools: Vec<_> = installed
        .tools
        .iter()
        .map(|tool| json!({ "name": tool.name, "description": tool.description, "traits": tool.traits }))
        .collect();
    let mut told = row(parts, &installed, grant.is_some());
    if let Some(fields) = told.as_object_mut() {
        fields.insert("tools".to_owned(), json!(tools));
        fields.insert("asks".to_owned(), lines(manifest.capabilities.lines()));
        if let Some(grant) = &grant {
            let mut reach = grant.capabilities().lines();
            reach.sort_by_key(|line| std::cmp::Reverse(line.severity()));
            fields.insert("reach".to_owned(), lines(reach));
            fields.insert("limits".to_owned(), lines(grant.limits().lines()));
            let places: Vec<_> = grant
                .directories()
                .iter()
                .map(
                    |(guest, path)| json!({ "guest": guest.to_string(), "path": path.display().to_string() }),
                )
                .collect();
            fields.insert("directories".to_owned(), json!(places));
        }
    }
    Ok(told.into())
}

/// What is installed under an id, with its grant.
pub(super) async fn find(
    gateway: &Gateway,
    parts: &Parts,
    id: &PluginId,
) -> Result<(Installed, Option<Grant>), openclaw_protocol::Error> {
    let installed = parts.host.find(id).await.map_err(|error| match error {
        openclaw_components::Error::Missing { .. } => missing(id),
        error => super::told(&error),
    })?;
    let name = id.as_str().to_owned();
    let stored = gateway.state().read(move |view| view.grants_of(&name));
    let stored = stored
        .await
        .map_err(|error: openclaw_state::Error| internal(&error))?;
    let grant = grant_of(&stored, &installed);
    Ok((installed, grant))
}

fn lines(lines: Vec<Line>) -> Value {
    let word = |severity| match severity {
        Severity::Plain => "plain",
        Severity::Caution => "caution",
        Severity::Danger => "danger",
    };
    lines
        .iter()
        .map(|line| json!({ "severity": word(line.severity()), "text": line.text() }))
        .collect()
}

pub(super) async fn activity(gateway: Arc<Gateway>, params: Params) -> Answer {
    const USUAL: u32 = 50;
    let one: One = params.read(&ONE)?;
    let id = id(&one.id)?;
    let actor = format!("extension:{id}");
    let most = one.limit.unwrap_or(USUAL);
    // What just left stands in the audit by then.
    gateway.parts()?.host.settle().await;
    let found = gateway
        .state()
        .read(move |view| view.audit_of(&actor, PASSAGE, most));
    let found = found
        .await
        .map_err(|error: openclaw_state::Error| internal(&error))?;
    let passages: Vec<_> = found.iter().map(passage).collect();
    Ok(json!({ "id": id, "passages": passages }).into())
}

fn passage(row: &AuditRow) -> Value {
    let detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
    json!({
        "seq": row.seq,
        "at": row.at_ms,
        "actor": row.actor,
        "what": row.subject,
        "outcome": row.outcome,
        "detail": detail,
    })
}
