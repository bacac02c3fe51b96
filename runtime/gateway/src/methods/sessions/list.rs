//! `sessions.list`: the conversations, the one that changed last first.

use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object, TEXT, WORD};
use openclaw_state::Session;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::history;
use super::row::{About, kind, row};
use crate::gateway::Gateway;
use crate::method::{Answer, Params};
use crate::methods::internal;
use crate::services::Parts;

/// As many as are told when nobody says how many.
const USUAL: usize = 100;
/// The most of an answer.
const MOST: usize = 1_000;
/// As many as are looked at for those that are asked for.
const LOOKED_AT: u32 = 10_000;

const FIELDS: [Field; 36] = [
    Field::optional("limit", Kind::Integer(1, i64::MAX)),
    Field::optional("offset", COUNT),
    Field::optional("activeMinutes", COUNT),
    Field::optional("activeOnly", Kind::Bool),
    Field::optional("requireLastInteraction", Kind::Bool),
    Field::optional(
        "sortBy",
        Kind::OneOf(&["updatedAt", "lastInteractionAt", "activity"]),
    ),
    Field::optional("includeGlobal", Kind::Bool),
    Field::optional("includeUnknown", Kind::Bool),
    Field::optional("excludeSubagents", Kind::Bool),
    Field::optional("excludeCron", Kind::Bool),
    Field::optional("excludeSystem", Kind::Bool),
    Field::optional("configuredAgentsOnly", Kind::Bool),
    Field::optional("includeDerivedTitles", Kind::Bool),
    Field::optional("includeLastMessage", Kind::Bool),
    Field::optional("includeActivitySummary", Kind::Bool),
    Field::optional("label", TEXT),
    Field::optional("projectId", TEXT),
    Field::optional("workspaceDir", TEXT),
    Field::optional("group", TEXT),
    Field::optional("pinned", Kind::Bool),
    Field::optional("boardFace", TEXT),
    Field::optional("hasBoard", Kind::Bool),
    Field::optional("creatorId", TEXT),
    Field::optional("ownerId", TEXT),
    Field::optional("ownerFirst", Kind::Bool),
    Field::optional("involvingMe", Kind::Bool),
    Field::optional("profileRelation", TEXT),
    Field::optional("involvingProfileId", TEXT),
    Field::optional("includePeople", Kind::Bool),
    Field::optional("spawnedBy", TEXT),
    Field::optional("agentId", WORD),
    Field::optional("search", TEXT),
    Field::optional("archived", Kind::Any),
    Field::optional("includeChildren", Kind::Bool),
    Field::optional("kinds", Kind::List(&TEXT, 16)),
    Field::optional("keys", Kind::List(&TEXT, 1_000)),
];

/// What may be asked for.
pub(super) const SHAPE: Object = Object::closed(&FIELDS);

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ask {
    limit: Option<usize>,
    offset: usize,
    active_minutes: Option<u64>,
    active_only: bool,
    sort_by: Option<String>,
    include_global: Option<bool>,
    include_unknown: bool,
    exclude_subagents: bool,
    exclude_cron: bool,
    include_last_message: bool,
    include_derived_titles: bool,
    label: Option<String>,
    pinned: Option<bool>,
    spawned_by: Option<String>,
    agent_id: Option<String>,
    search: Option<String>,
    archived: Option<Value>,
}

pub(super) async fn list(gateway: Arc<Gateway>, params: Params) -> Answer {
    let ask: Ask = params.read(&SHAPE)?;
    Ok(listed(&gateway, &ask).await?.into())
}

/// The listing that is asked for.
pub(super) async fn listed(gateway: &Gateway, ask: &Ask) -> Result<Value, Error> {
    let sessions = gateway.state().read(|view| view.sessions(LOOKED_AT)).await;
    let sessions = sessions.map_err(|error| internal(&error))?;
    let parts = gateway.parts()?;
    let now = crate::clock::now_ms();
    let mut found = Vec::new();
    for session in &sessions {
        let about = about(parts, session);
        let row = row(session, &about, now);
        if is_meant(session, &row, ask, now) {
            found.push((session, row));
        }
    }
    if ask.sort_by.as_deref() == Some("lastInteractionAt") {
        found.sort_by_key(|(session, _)| std::cmp::Reverse(session.last_interaction_ms));
    }
    let total = found.len();
    let limit = ask.limit.unwrap_or(USUAL).min(MOST);
    let page: Vec<_> = found.into_iter().skip(ask.offset).take(limit).collect();
    let next = ask.offset.saturating_add(page.len());
    let has_more = next < total;
    let mut rows = Vec::with_capacity(page.len());
    for (session, mut row) in page {
        if ask.include_last_message || ask.include_derived_titles {
            add_texts(gateway, session, ask, &mut row).await;
        }
        rows.push(Value::Object(row));
    }
    Ok(json!({
        "ts": now,
        "path": database(gateway),
        "count": rows.len(),
        "totalCount": total,
        "limitApplied": limit,
        "offset": ask.offset,
        "nextOffset": has_more.then_some(next),
        "hasMore": has_more,
        "owners": [],
        "defaults": defaults(gateway, parts, ask.agent_id.as_deref()),
        "sessions": rows,
    }))
}

fn is_meant(session: &Session, row: &Map<String, Value>, ask: &Ask, now: i64) -> bool {
    let rest = session.key.splitn(3, ':').nth(2).unwrap_or_default();
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_archived = row.get("archived") == Some(&Value::Bool(true));
    let archived = match &ask.archived {
        Some(Value::String(all)) if all == "all" => true,
        Some(Value::Bool(wanted)) => is_archived == *wanted,
        _ => !is_archived,
    };
    let since =
        |minutes: u64| now.saturating_sub(i64::try_from(minutes.saturating_mul(60_000)).unwrap_or(i64::MAX));
    let search = ask.search.as_deref().map(|search| search.trim().to_lowercase());
    let matches = |search: &String| {
        [session.key.as_str(), text("label"), text("displayName")]
            .iter()
            .any(|text| text.to_lowercase().contains(search.as_str()))
    };
    archived
        && (kind(&session.key) != "global" || ask.include_global.unwrap_or(true))
        && (kind(&session.key) != "unknown" || ask.include_unknown)
        && !(ask.exclude_subagents && rest.starts_with("subagent:"))
        && !(ask.exclude_cron && rest.starts_with("cron:"))
        && ask.active_minutes.is_none_or(|minutes| session.updated_ms >= since(minutes))
        && !(ask.active_only && row.get("hasActiveRun") != Some(&Value::Bool(true)))
        && ask.label.as_ref().is_none_or(|label| text("label") == label)
        && ask.pinned.is_none_or(|pinned| row.get("pinned") == Some(&Value::Bool(pinned)))
        // Nothing here starts other sessions, so none has a parent.
        && ask.spawned_by.is_none()
        && ask.agent_id.as_ref().is_none_or(|agent| *agent == session.agent_id)
        && search.as_ref().filter(|search| !search.is_empty()).is_none_or(matches)
}

async fn add_texts(gateway: &Gateway, session: &Session, ask: &Ask, row: &mut Map<String, Value>) {
    const LOOKED_AT: usize = 8;
    let id = session.session_id.clone();
    let read = gateway
        .state()
        .read(move |view| view.transcript_tail(&id, LOOKED_AT, 1 << 20));
    let entries = read.await.unwrap_or_default();
    let mut texts = entries.iter().rev().filter_map(|entry| {
        let message = history::message(entry, 2_000)?;
        let role = message.get("role")?.as_str()?.to_owned();
        Some((role, history::preview(&message)?))
    });
    let Some((role, newest)) = texts.find(|(role, _)| role == "assistant" || role == "user") else {
        return;
    };
    let asked = match role.as_str() {
        "user" => Some(newest.clone()),
        _ => texts.find(|(role, _)| role == "user").map(|(_, text)| text),
    };
    if ask.include_last_message {
        row.insert("lastMessagePreview".to_owned(), json!(newest));
    }
    if let Some(asked) = asked.filter(|_| ask.include_derived_titles) {
        let title: String = asked.chars().take(60).collect();
        row.insert("derivedTitle".to_owned(), json!(title));
    }
}

/// The file that sessions are kept in.
pub(super) fn database(gateway: &Gateway) -> String {
    let folder = gateway.config().get().place.state_dir.clone();
    folder.join(openclaw_state::DATABASE_FILE).display().to_string()
}

/// What is known of a session beside its row.
fn about(parts: &Parts, session: &Session) -> About {
    let model = parts.models.resolve_for(&session.agent_id, None).ok();
    let info = model.as_ref().map(openclaw_models::Model::info);
    About {
        runs: parts.told.running_ids(&session.key),
        model: info.map(|info| (info.provider.clone(), info.id.clone())),
        context_tokens: info.and_then(|info| info.context_window),
        preview: None,
    }
}

/// The row of one session.
pub(crate) async fn one(gateway: &Gateway, parts: &Parts, session: &Session) -> Value {
    let ask = Ask {
        include_last_message: true,
        ..Ask::default()
    };
    let mut row = row(session, &about(parts, session), crate::clock::now_ms());
    add_texts(gateway, session, &ask, &mut row).await;
    Value::Object(row)
}

/// What a new session of an agent would think with.
pub(crate) fn defaults(gateway: &Gateway, parts: &Parts, agent: Option<&str>) -> Value {
    let config = gateway.config().get();
    let roster = crate::methods::roster::Roster::of(&config.config);
    let agent = agent.unwrap_or_else(|| roster.default_id());
    let model = parts.models.resolve_for(agent, None).ok();
    let info = model.as_ref().map(openclaw_models::Model::info);
    json!({
        "modelProvider": info.map(|info| &info.provider),
        "model": info.map(|info| &info.id),
        "contextTokens": info.and_then(|info| info.context_window),
        "agentRuntime": {
            "id": "auto",
            "cloudPlacementSupported": false,
            "devicePlacementSupported": false,
            "source": "implicit",
        },
        "thinkingLevels": [{ "id": "off", "label": "off" }],
        "thinkingOptions": ["off"],
        "thinkingDefault": "off",
        "modelSelectionTarget": "session",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(key: &str, entry: Value, ask: Value) -> bool {
        let session = Session {
            key: key.to_owned(),
            agent_id: "main".to_owned(),
            session_id: "s".to_owned(),
            started_ms: 1,
            last_interaction_ms: 2,
            updated_ms: 600_000,
            entry: entry.to_string(),
        };
        let row = row(&session, &About::default(), 1_200_000);
        let ask: Ask = serde_json::from_value(ask).unwrap();
        is_meant(&session, &row, &ask, 1_200_000)
    }

    #[test]
    fn what_is_put_away_is_listed_only_when_asked_for() {
        let archived = json!({ "archived": true });
        assert!(!meant("agent:main:x", archived.clone(), json!({})));
        assert!(meant(
            "agent:main:x",
            archived.clone(),
            json!({ "archived": true })
        ));
        assert!(meant("agent:main:x", archived, json!({ "archived": "all" })));
    }

    #[test]
    fn sessions_are_found_by_what_people_call_them() {
        let named = json!({ "label": "Holiday plans" });
        assert!(meant(
            "agent:main:x",
            named.clone(),
            json!({ "search": "HOLIDAY" })
        ));
        assert!(!meant("agent:main:x", named, json!({ "search": "work" })));
        assert!(meant("agent:main:work", json!({}), json!({ "search": "work" })));
    }

    #[test]
    fn each_filter_leaves_out_what_it_names() {
        assert!(!meant(
            "agent:main:cron:1",
            json!({}),
            json!({ "excludeCron": true })
        ));
        assert!(!meant("unknown", json!({}), json!({})));
        assert!(!meant("agent:main:x", json!({}), json!({ "activeMinutes": 5 })));
        assert!(meant("agent:main:x", json!({}), json!({ "activeMinutes": 15 })));
        assert!(!meant("agent:main:x", json!({}), json!({ "agentId": "work" })));
    }
}
