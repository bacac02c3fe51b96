//! A session as clients list it.

use openclaw_state::Session;
use serde_json::{Map, Value, json};

/// What clients may see of what is kept beside a session. Whatever else is kept stays here.
const KEPT: [&str; 30] = [
    "label",
    "displayName",
    "channel",
    "accountId",
    "subject",
    "room",
    "space",
    "lastChannel",
    "lastTo",
    "lastAccountId",
    "lastThreadId",
    "deliveryContext",
    "thinkingLevel",
    "verboseLevel",
    "traceLevel",
    "reasoningLevel",
    "elevatedLevel",
    "fastMode",
    "responseUsage",
    "groupActivation",
    "sendPolicy",
    "queueMode",
    "inputTokens",
    "outputTokens",
    "totalTokens",
    "contextTokens",
    "systemSent",
    "abortedLastRun",
    "category",
    "icon",
];

/// What is known of a session beside its row.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The runs that are queued or running.
    pub(crate) runs: Vec<String>,
    /// The model it thinks with, as provider and name.
    pub(crate) model: Option<(String, String)>,
    /// How much that model reads, in tokens.
    pub(crate) context_tokens: Option<u64>,
    /// The beginning of what was said last.
    pub(crate) preview: Option<String>,
}

/// What kind of conversation a key leads to.
pub(crate) fn kind(key: &str) -> &'static str {
    match key {
        "global" => "global",
        "unknown" => "unknown",
        _ if key.contains(":group:") || key.contains(":channel:") => "group",
        _ => "direct",
    }
}

/// The row of a session at a time in milliseconds.
pub(crate) fn row(session: &Session, about: &About, now_ms: i64) -> Map<String, Value> {
    let kept: Map<String, Value> = serde_json::from_str(&session.entry).unwrap_or_default();
    let kind = kind(&session.key);
    let rest = session.key.splitn(3, ':').nth(2).unwrap_or(&session.key);
    let is_main = rest == "main" || session.key == "global";
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("key", json!(session.key));
    put("kind", json!(kind));
    put("agentId", json!(session.agent_id));
    put("isMain", json!(is_main));
    put(
        "isBackground",
        json!(rest.starts_with("cron:") || rest.starts_with("subagent:")),
    );
    put(
        "chatType",
        json!(if kind == "group" { "group" } else { "direct" }),
    );
    put("sessionId", json!(session.session_id));
    put("createdAt", json!(session.started_ms));
    put("updatedAt", json!(session.updated_ms));
    put("lastInteractionAt", json!(session.last_interaction_ms));
    for name in ["archived", "pinned", "unread"] {
        put(name, json!(kept.get(name) == Some(&Value::Bool(true))));
    }
    for name in KEPT {
        if let Some(value) = kept.get(name).filter(|value| !value.is_null()) {
            put(name, value.clone());
        }
    }
    if let Some((provider, model)) = &about.model {
        put("modelProvider", json!(provider));
        put("model", json!(model));
    }
    if let Some(tokens) = about.context_tokens {
        put("contextTokens", json!(tokens));
    }
    if let Some(preview) = &about.preview {
        put("lastMessagePreview", json!(preview));
    }
    put("thinkingLevels", json!([{ "id": "off", "label": "off" }]));
    put("thinkingOptions", json!(["off"]));
    put("thinkingDefault", json!("off"));
    put("hasActiveRun", json!(!about.runs.is_empty()));
    put("activeRunIds", json!(about.runs));
    if !about.runs.is_empty() {
        put("status", json!("running"));
    }
    put("snapshotAt", json!(now_ms));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(key: &str, entry: Value) -> Session {
        Session {
            key: key.to_owned(),
            agent_id: "main".to_owned(),
            session_id: "s".to_owned(),
            started_ms: 1,
            last_interaction_ms: 2,
            updated_ms: 3,
            entry: entry.to_string(),
        }
    }

    #[test]
    fn a_row_tells_what_is_known_and_nothing_that_is_kept_for_ourselves() {
        let entry = json!({ "label": "Desk", "pinned": true, "skillsSnapshot": { "x": 1 }, "channel": null });
        let about = About {
            runs: vec!["r".to_owned()],
            ..About::default()
        };
        let row = row(&session("agent:main:desk", entry), &about, 9);
        assert_eq!((&row["label"], &row["pinned"]), (&json!("Desk"), &json!(true)));
        assert!(!row.contains_key("skillsSnapshot") && !row.contains_key("channel"));
        assert_eq!(
            (&row["hasActiveRun"], &row["status"]),
            (&json!(true), &json!("running"))
        );
        assert_eq!((&row["isMain"], &row["updatedAt"]), (&json!(false), &json!(3)));
    }

    #[test]
    fn the_key_tells_what_kind_of_conversation_it_is() {
        assert_eq!(kind("agent:main:telegram:group:-7:topic:3"), "group");
        assert_eq!(kind("agent:main:main"), "direct");
        assert_eq!((kind("global"), kind("unknown")), ("global", "unknown"));
    }
}
