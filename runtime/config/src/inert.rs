//! What the schema has, because a config may hold it, and nothing in this build acts on: told to whoever checks a
//! config, so that nobody trusts in it. Here stands what bounds tools or asks for nods.

use serde_json::Value;

use crate::known::{Reason, Unused};
use crate::path::Path;

const NO_DOCKER: &str = "the sandbox backend docker is not in this build";
const NO_SSH: &str = "the sandbox backend ssh is not in this build";
const NO_BROWSER: &str = "browsers in sandboxes are not in this build";
const NO_SESSIONS: &str = "the tools that it is about are not in this build";
const NO_RELAY: &str = "questions are not shown in channels by this build; see openclaw approvals pending";
const NO_REVIEWER: &str = "no model answers questions about commands in this build; people do";
const AUTO_IS_ASK: &str = "works as \"ask\": no model answers questions about commands in this build";
const ALWAYS_INSIDE: &str = "file tools never leave the workspace in this build";

/// Where it stands, `*` for any key; the value that it is about, as JSON, where another one has its effect; and why.
const INERT: &[(&str, Option<&str>, &str)] = &[
    ("agents.defaults.sandbox.docker", None, NO_DOCKER),
    ("agents.entries.*.sandbox.docker", None, NO_DOCKER),
    ("agents.defaults.sandbox.ssh", None, NO_SSH),
    ("agents.entries.*.sandbox.ssh", None, NO_SSH),
    ("agents.defaults.sandbox.browser", None, NO_BROWSER),
    ("agents.entries.*.sandbox.browser", None, NO_BROWSER),
    (
        "agents.defaults.sandbox.sessionToolsVisibility",
        None,
        NO_SESSIONS,
    ),
    (
        "agents.entries.*.sandbox.sessionToolsVisibility",
        None,
        NO_SESSIONS,
    ),
    ("approvals.exec", None, NO_RELAY),
    ("approvals.plugin", None, NO_RELAY),
    ("tools.exec.mode", Some("\"auto\""), AUTO_IS_ASK),
    ("agents.entries.*.tools.exec.mode", Some("\"auto\""), AUTO_IS_ASK),
    ("tools.exec.reviewer", None, NO_REVIEWER),
    ("agents.entries.*.tools.exec.reviewer", None, NO_REVIEWER),
    (
        "tools.exec.applyPatch.workspaceOnly",
        Some("false"),
        ALWAYS_INSIDE,
    ),
    (
        "agents.entries.*.tools.exec.applyPatch.workspaceOnly",
        Some("false"),
        ALWAYS_INSIDE,
    ),
    ("tools.fs.workspaceOnly", Some("false"), ALWAYS_INSIDE),
    (
        "agents.entries.*.tools.fs.workspaceOnly",
        Some("false"),
        ALWAYS_INSIDE,
    ),
];

/// All of it that a config holds.
pub(crate) fn find(source: &Value) -> Vec<Unused> {
    let mut found = Vec::new();
    for (pattern, about, why) in INERT {
        let keys: Vec<&str> = pattern.split('.').collect();
        visit(&mut Path::root(), source, &keys, &mut |path, value| {
            let is_meant = about.is_none_or(|about| value.to_string() == about);
            if is_meant && !value.is_null() {
                found.push(Unused {
                    path: path.clone(),
                    reason: Reason::Inert(why),
                });
            }
        });
    }
    found
}

/// Everything that stands at these keys.
fn visit(at: &mut Path, value: &Value, keys: &[&str], found: &mut dyn FnMut(&Path, &Value)) {
    let Some((key, rest)) = keys.split_first() else {
        found(at, value);
        return;
    };
    for (name, value) in value.as_object().into_iter().flatten() {
        if *key == "*" || name == key {
            at.push_key(name);
            visit(at, value, rest, found);
            at.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Schema, validate};

    fn told(source: &Value) -> Vec<String> {
        find(source)
            .iter()
            .map(|unused| unused.path.to_string())
            .collect()
    }

    #[test]
    fn what_nothing_acts_on_is_told_for_all_agents_and_for_one() {
        let sandbox = json!({"docker": {"network": "none"}, "ssh": {"target": "a"}, "browser": {"enabled": true},
            "sessionToolsVisibility": "all", "mode": "all"});
        let tools = json!({"fs": {"workspaceOnly": false}, "exec": {"mode": "auto", "reviewer": {"model": "a/b"},
            "applyPatch": {"workspaceOnly": false}}});
        let source = json!({
            "agents": {"defaults": {"sandbox": sandbox}, "entries": {"work": {"sandbox": sandbox, "tools": tools}}},
            "approvals": {"exec": {"enabled": true}, "plugin": {"enabled": true}},
            "tools": tools,
        });
        let found = validate::check(&Schema::of_tree(), &source);
        assert!(found.issues.is_empty(), "{:?}", found.issues);
        let mut expected: Vec<_> = INERT
            .iter()
            .map(|(pattern, ..)| pattern.replace('*', "work"))
            .collect();
        let mut told = told(&source);
        expected.sort();
        told.sort();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_has_its_effect_is_not_told() {
        let tools = json!({"fs": {"workspaceOnly": true}, "exec": {"mode": "ask", "reviewer": null,
            "applyPatch": {"workspaceOnly": true}}});
        let source = json!({
            "agents": {"defaults": {"sandbox": {"mode": "all", "wasm": {"memory": "1g"}}}, "entries": {"a": {"tools": tools}}},
            "tools": tools,
        });
        assert!(told(&source).is_empty(), "{:?}", told(&source));
    }
}
