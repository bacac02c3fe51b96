//! The commands that change where a session's tools run.
//!
//! **Promise.** Each sets the key that decides now; where nobody said anything, the one for all agents.

use openclaw_config::tree::sandbox::{SandboxMode, SandboxScope, WorkspaceAccess};
use serde::Serialize;

use super::{Subject, access, mode, scope_word};
use crate::rules::Rules;

/// A command, and what comes of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Change {
    /// What changes.
    pub(super) what: &'static str,
    /// The key that it sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// What to type.
    pub(super) command: String,
    /// What is so afterwards.
    pub(super) then: &'static str,
}

impl Change {
    fn set(what: &'static str, key: String, value: &str, then: &'static str) -> Self {
        Self {
            what,
            command: format!("openclaw config set {} {}", quote(&key), quote(value)),
            key: Some(key),
            then,
        }
    }
}

/// As a shell reads it.
fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// All of them for a session.
pub(super) fn all(rules: &Rules, is_sandboxed: bool, subject: &Subject<'_>) -> Vec<Change> {
    let set = |what: &'static str, name: &str, key: &Option<String>, value, then| {
        let usual = || format!("agents.defaults.sandbox.{name}");
        Change::set(what, key.clone().unwrap_or_else(usual), value, then)
    };
    let (value, then) = match (is_sandboxed, subject.is_main) {
        (true, true) => (SandboxMode::NonMain, "the main session runs on this machine"),
        (true, false) => (
            SandboxMode::Off,
            "no session is sandboxed, and this one has no machine",
        ),
        (false, true) => (SandboxMode::All, "the main session is sandboxed too"),
        (false, false) => (
            SandboxMode::NonMain,
            "all sessions but the main ones are sandboxed",
        ),
    };
    let mut changes = vec![set("mode", "mode", &rules.mode.key, mode(value), then)];
    if !is_sandboxed {
        return changes;
    }
    let (value, then) = match rules.scope.value {
        SandboxScope::Session => (SandboxScope::Agent, "the sessions of an agent share a sandbox"),
        _ => (SandboxScope::Session, "each session has a sandbox of its own"),
    };
    changes.push(set("scope", "scope", &rules.scope.key, scope_word(value), then));
    let is_there = |backend: &str| backend == "auto" || subject.backends.contains(&backend);
    let then = "what this build has runs it";
    if !is_there(&rules.backend.value) {
        changes.push(set("backend", "backend", &rules.backend.key, "auto", then));
    }
    for (tool, ruled) in &rules.backends {
        if let (false, Some(key)) = (is_there(&ruled.value), &ruled.key) {
            changes.push(Change::set(
                "backend",
                key.clone(),
                "auto",
                if tool == "*" {
                    "what this build has runs them"
                } else {
                    then
                },
            ));
        }
    }
    let (value, then) = match rules.access.value {
        WorkspaceAccess::None => (WorkspaceAccess::Ro, "it reads the agent's files at /agent"),
        WorkspaceAccess::Ro => (WorkspaceAccess::None, "it has only files of its own"),
        WorkspaceAccess::Rw => (
            WorkspaceAccess::Ro,
            "it reads the agent's files and changes its own",
        ),
    };
    changes.push(set(
        "workspace",
        "workspaceAccess",
        &rules.access.key,
        access(value),
        then,
    ));
    changes.push(Change {
        what: "tools",
        key: None,
        command: format!("openclaw tools explain TOOL --session {}", quote(subject.session)),
        then: "says which rule decides of a tool and what would change it",
    });
    let opened = subject.shut.iter().map(|gate| {
        let then = "its sender may have commands leave the sandbox";
        Change::set("elevated", gate.key.clone(), &gate.opened_by, then)
    });
    changes.extend(opened);
    changes
}
