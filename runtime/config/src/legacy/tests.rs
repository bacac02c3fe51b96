use serde_json::json;

use super::*;

fn run(value: Value) -> (Value, Vec<String>, Changes) {
    let mut value = value;
    let schema = json!({"properties": {"gateway": {"properties": {"nodes": {}}}, "channels": {}}});
    let changes = modernise(&mut value, &Schema::parse(&schema));
    let notices = changes.notices.iter().map(Issue::to_string).collect();
    (value, notices, changes)
}

fn becomes(old: Value, new: Value) {
    let (value, notices, _) = run(old.clone());
    assert_eq!(value, new, "{old}");
    assert!(!notices.is_empty(), "{old} was changed without a notice");
    let (again, notices, _) = run(new.clone());
    assert_eq!(
        (again, notices.len()),
        (new, 0),
        "the new spelling must stay as it is"
    );
}

#[test]
fn the_single_agent_of_old_is_the_default() {
    becomes(
        json!({"agent": {"model": "a/b", "heartbeat": {"every": "30m"}}, "agents": {"defaults": {"workspace": "w"}}}),
        json!({"agents": {"defaults": {"model": "a/b", "heartbeat": {"every": "30m"}, "workspace": "w"}}}),
    );
    let (_, notices, _) = run(json!({"agent": {"model": "a/b"}}));
    assert_eq!(
        notices,
        ["agent.model: is the old spelling of agents.defaults.model"]
    );
}

#[test]
fn where_old_and_new_are_both_set_the_new_one_counts() {
    let (value, notices, _) =
        run(json!({"agent": {"model": "old"}, "agents": {"defaults": {"model": "new"}}}));
    assert_eq!(value, json!({"agents": {"defaults": {"model": "new"}}}));
    assert!(notices[0].contains("agent.model: is ignored"), "{notices:?}");
}

#[test]
fn a_list_of_agents_is_keyed_by_id_and_remembers_where_each_stood() {
    let (value, _, changes) = run(json!({
        "identity": {"name": "Claw"},
        "agents": {"list": [{"id": "a", "memorySearch": {"provider": "auto"}}, {"id": "b", "default": true}]},
    }));
    assert_eq!(
        value,
        json!({"agents": {"entries": {
            "a": {"memory": {"search": {"provider": "openai"}}},
            "b": {"default": true, "identity": {"name": "Claw"}},
        }}})
    );
    let before = |path: &str| changes.before(&path.parse().unwrap()).to_string();
    assert_eq!(
        before("agents.entries.a.memory.search.provider"),
        "agents.list[0].memorySearch.provider"
    );
    assert_eq!(before("agents.entries.b.identity.name"), "identity.name");
    assert_eq!(
        changes.after(&"identity.name".parse().unwrap()).to_string(),
        "agents.entries.b.identity.name"
    );
    let (_, _, changes) = run(json!({"agents": {"list": [{"name": "x"}]}}));
    assert_eq!(changes.issues[0].path.to_string(), "agents.list[0]");
}

#[test]
fn routing_is_spread_over_what_replaced_it() {
    becomes(
        json!({
            "routing": {
                "allowFrom": ["+1"],
                "groupChat": {"requireMention": false, "historyLimit": 5},
                "queue": {"mode": "steer"},
                "agents": {"x": {"name": "X"}},
                "bindings": [],
            },
            "channels": {"telegram": {"botToken": "t"}},
        }),
        json!({
            "channels": {
                "whatsapp": {"allowFrom": ["+1"], "groups": {"*": {"requireMention": false}}},
                "telegram": {"botToken": "t", "groups": {"*": {"requireMention": false}}},
            },
            "messages": {"groupChat": {"historyLimit": 5}, "queue": {"mode": "steer"}},
            "agents": {"entries": {"x": {"name": "X"}}},
            "bindings": [],
        }),
    );
}

#[test]
fn a_gateway_token_of_old_is_never_a_credential() {
    let (value, notices, _) = run(json!({"gateway": {"token": "hunter2"}}));
    assert_eq!(value, json!({"gateway": {}}));
    assert!(notices[0].contains("set gateway.auth.token") && !notices[0].contains("hunter2"));
}

#[test]
fn each_rename_and_each_word_is_read() {
    becomes(
        json!({"gateway": {"bind": "0.0.0.0"}}),
        json!({"gateway": {"bind": "lan"}}),
    );
    becomes(
        json!({"gateway": {"bind": "localhost"}}),
        json!({"gateway": {"bind": "loopback"}}),
    );
    becomes(
        json!({"gateway": {"nodes": {"allowCommands": ["a"], "skills": {"enabled": true}}}}),
        json!({"gateway": {"nodes": {"commands": {"allow": ["a"]}, "allowSkills": true}}}),
    );
    becomes(
        json!({"channels": {"discord": {"dm": {"policy": "open", "allowFrom": ["*"]}}, "telegram": {"requireMention": true}}}),
        json!({"channels": {
            "discord": {"dmPolicy": "open", "allowFrom": ["*"]},
            "telegram": {"groups": {"*": {"requireMention": true}}},
        }}),
    );
    becomes(
        json!({"messages": {"tts": {"provider": "edge", "providers": {"edge": {"voice": "v"}}}}}),
        json!({"tts": {"provider": "microsoft", "providers": {"microsoft": {"speakerVoice": "v"}}}}),
    );
    becomes(
        json!({"tools": {"exec": {"timeoutSec": 5}}}),
        json!({"tools": {"exec": {"timeoutSeconds": 5}}}),
    );
    becomes(
        json!({"tools": {"media": {"audio": {"models": [{"model": "m"}]}}}}),
        json!({"tools": {"media": {"models": [{"model": "m", "capabilities": ["audio"]}]}}}),
    );
    becomes(
        json!({"tools": {"deny": ["bash", "read"]}}),
        json!({"tools": {"deny": ["exec", "read"]}}),
    );
    becomes(
        json!({"session": {"idleMinutes": 60, "maintenance": {"pruneDays": 7}}}),
        json!({"session": {"reset": {"idleMinutes": 60, "mode": "idle"}, "maintenance": {"pruneAfter": "7d"}}}),
    );
    becomes(
        json!({"agents": {"defaults": {"sandbox": {"perSession": false}}}}),
        json!({"agents": {"defaults": {"sandbox": {"scope": "shared"}}}}),
    );
    becomes(
        json!({"agents": {"defaults": {"model": {"primary": "openai-codex/x"}, "models": {"codex/y": {}}}}}),
        json!({"agents": {"defaults": {"model": {"primary": "openai/x"}, "models": {"openai/y": {}}}}}),
    );
    becomes(
        json!({"mcp": {"servers": {"s": {"type": "http", "disabled": true, "timeout": 5}}}}),
        json!({"mcp": {"servers": {"s": {"transport": "streamable-http", "enabled": false, "requestTimeoutMs": 5}}}}),
    );
    becomes(
        json!({"talk": {"apiKey": "${K}", "voiceId": "v"}}),
        json!({"talk": {"provider": "elevenlabs", "providers": {"elevenlabs": {"apiKey": "${K}", "voiceId": "v"}}}}),
    );
    becomes(
        json!({"heartbeat": {"every": "1h", "showOk": true}, "env": {"A": "1", "vars": {"B": "2"}}}),
        json!({
            "agents": {"defaults": {"heartbeat": {"every": "1h"}}},
            "channels": {"defaults": {"heartbeatVisibility": {"showOk": true}}},
            "env": {"vars": {"A": "1", "B": "2"}},
        }),
    );
    becomes(
        json!({"discovery": {"wideArea": {"enabled": true}}}),
        json!({"discovery": {"wideArea": {"domain": "openclaw.internal."}}}),
    );
    becomes(
        json!({"channels": {"whatsapp": {"ackReaction": {"emoji": "x", "direct": false}}}}),
        json!({"channels": {}, "messages": {"ackReaction": "x", "ackReactionScope": "group-mentions"}}),
    );
}

#[test]
fn a_key_that_the_schema_has_under_its_old_name_only_stays() {
    let schema = json!({"properties": {"web": {"properties": {"enabled": {"type": "boolean"}}}}});
    let mut value = json!({"web": {"enabled": false}});
    modernise(&mut value, &Schema::parse(&schema));
    assert_eq!(value, json!({"web": {"enabled": false}}));
}

#[test]
fn every_row_of_the_table_is_well_formed() {
    for row in table::ROWS {
        if let How::Move(new) = row.how {
            let stars = |text: &str| text.split('.').filter(|segment| *segment == "*").count();
            assert_eq!(stars(row.old), stars(new), "{}", row.old);
        }
    }
}
