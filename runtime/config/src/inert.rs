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

/// Which values of a setting have no effect.
enum Ineffective {
    /// All of them.
    All,
    /// This word; others have theirs.
    Word(&'static str),
    /// `false`; what `true` says is so anyway.
    Off,
}

impl Ineffective {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::All => !value.is_null(),
            Self::Word(word) => value.as_str() == Some(*word),
            Self::Off => value.as_bool() == Some(false),
        }
    }
}

/// Where it stands, `*` for any key; which of its values; and why.
const INERT: &[(&str, Ineffective, &str)] = &[
    ("agents.defaults.sandbox.docker", Ineffective::All, NO_DOCKER),
    ("agents.entries.*.sandbox.docker", Ineffective::All, NO_DOCKER),
    ("agents.defaults.sandbox.ssh", Ineffective::All, NO_SSH),
    ("agents.entries.*.sandbox.ssh", Ineffective::All, NO_SSH),
    ("agents.defaults.sandbox.browser", Ineffective::All, NO_BROWSER),
    ("agents.entries.*.sandbox.browser", Ineffective::All, NO_BROWSER),
    (
        "agents.defaults.sandbox.sessionToolsVisibility",
        Ineffective::All,
        NO_SESSIONS,
    ),
    (
        "agents.entries.*.sandbox.sessionToolsVisibility",
        Ineffective::All,
        NO_SESSIONS,
    ),
    ("approvals.exec", Ineffective::All, NO_RELAY),
    ("approvals.plugin", Ineffective::All, NO_RELAY),
    ("tools.exec.mode", Ineffective::Word("auto"), AUTO_IS_ASK),
    (
        "agents.entries.*.tools.exec.mode",
        Ineffective::Word("auto"),
        AUTO_IS_ASK,
    ),
    ("tools.exec.reviewer", Ineffective::All, NO_REVIEWER),
    (
        "agents.entries.*.tools.exec.reviewer",
        Ineffective::All,
        NO_REVIEWER,
    ),
    (
        "tools.exec.applyPatch.workspaceOnly",
        Ineffective::Off,
        ALWAYS_INSIDE,
    ),
    (
        "agents.entries.*.tools.exec.applyPatch.workspaceOnly",
        Ineffective::Off,
        ALWAYS_INSIDE,
    ),
    ("tools.fs.workspaceOnly", Ineffective::Off, ALWAYS_INSIDE),
    (
        "agents.entries.*.tools.fs.workspaceOnly",
        Ineffective::Off,
        ALWAYS_INSIDE,
    ),
];

/// All of it that a config holds.
pub(crate) fn find(source: &Value) -> Vec<Unused> {
    let mut found = Vec::new();
    for (pattern, ineffective, why) in INERT {
        let keys: Vec<&str> = pattern.split('.').collect();
        visit(&mut Path::root(), source, &keys, &mut |path, value| {
            if ineffective.holds(value) {
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
