//! Why a session's tools run where they run.
//!
//! **Promise.** It says what holds for this session now, which key says so, and the command that would change it. What
//! this build cannot do it says too. **Cost.** A look at the config; nothing is started or made.

use std::fmt::{self, Write as _};
use std::path::Path;

use openclaw_config::Place;
use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::{SandboxMode, SandboxScope, WorkspaceAccess};
use openclaw_config::tree::tools::{Elevation, SandboxToolLists};
use serde::Serialize;

use crate::rules::Rules;
use crate::scope::Scope;
use crate::workspace;

/// Tools that sandboxed sessions have where the config does not say.
pub const ALLOWED: &[&str] = &[
    "exec",
    "process",
    "read",
    "write",
    "edit",
    "apply_patch",
    "ls",
    "grep",
    "find",
    "image",
    "sessions_list",
    "sessions_history",
    "sessions_send",
    "sessions_spawn",
    "subagents",
    "session_status",
];
/// Tools that they do not have.
pub const DENIED: &[&str] = &["browser", "canvas", "nodes", "cron", "gateway"];

/// Whose sandbox is explained.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The agent.
    pub agent: &'a str,
    /// The session's key.
    pub session: &'a str,
    /// The key of the agent's main session.
    pub main_session: &'a str,
    /// Whether the session has the rights of a main one.
    pub is_main: bool,
    /// The agent's own workspace.
    pub workspace: &'a Path,
    /// The backends that this build has.
    pub backends: &'a [&'a str],
}

/// All that there is to say.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    agent_id: String,
    session_key: String,
    main_session_key: String,
    sandbox: Sandboxed,
    elevated: Elevated,
    /// The keys that would change it.
    fix_it: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sandboxed {
    mode: &'static str,
    mode_key: Option<String>,
    scope: &'static str,
    scope_key: Option<String>,
    backend: String,
    backend_key: Option<String>,
    /// Whether this build has it.
    backend_is_there: bool,
    workspace_access: &'static str,
    workspace_access_key: Option<String>,
    workspace_root: String,
    effective_host_workspace_root: Option<String>,
    runtime_workdir: Option<&'static str>,
    workspace_mounts: Vec<Mount>,
    session_is_sandboxed: bool,
    tools: Tools,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mount {
    host_root: String,
    container_root: &'static str,
    writable: bool,
    source: &'static str,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Tools {
    allow: Vec<String>,
    deny: Vec<String>,
    sources: Sources,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Sources {
    allow: Source,
    deny: Source,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Source {
    source: &'static str,
    key: String,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Elevated {
    enabled: bool,
    allowed_by_config: bool,
    failures: Vec<Failure>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Failure {
    gate: &'static str,
    key: String,
}

impl Explained {
    /// What holds for a session.
    pub fn of(config: &Config, place: &Place, subject: Subject<'_>) -> Self {
        let rules = Rules::of(config, subject.agent);
        let root = workspace::root(&rules, place).display().to_string();
        let is_sandboxed = rules.is_sandboxed(subject.is_main);
        let scope = Scope::of(rules.scope.value, subject.agent, subject.session);
        let area = is_sandboxed.then(|| workspace::area(&rules, place, scope, subject.workspace));
        let mounts = area.as_ref().map(|area| {
            let own = Mount {
                host_root: area.workspace.display().to_string(),
                container_root: "/workspace",
                writable: area.is_writable,
                source: match rules.access.value {
                    WorkspaceAccess::Rw => "agent workspace",
                    _ => "sandbox workspace",
                },
            };
            let agent = area.agent.as_ref().map(|agent| Mount {
                host_root: agent.display().to_string(),
                container_root: "/agent",
                writable: false,
                source: "agent workspace",
            });
            std::iter::once(own).chain(agent).collect::<Vec<_>>()
        });
        let backend_is_there = match rules.backend.value.as_str() {
            "auto" => !subject.backends.is_empty(),
            id => subject.backends.contains(&id),
        };
        let (elevated, elevated_keys) = elevated(config, subject.agent);
        let mut fix_it: Vec<String> = [&rules.mode.key, &rules.backend.key, &rules.access.key]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        if rules.mode.key.is_none() {
            fix_it.insert(0, "agents.defaults.sandbox.mode".to_owned());
        }
        let tools = tools(config, subject.agent);
        if is_sandboxed {
            fix_it.extend([tools.sources.allow.key.clone(), tools.sources.deny.key.clone()]);
            fix_it.extend(elevated_keys);
        }
        fix_it.dedup();
        Self {
            agent_id: subject.agent.to_owned(),
            session_key: subject.session.to_owned(),
            main_session_key: subject.main_session.to_owned(),
            sandbox: Sandboxed {
                mode: mode(rules.mode.value),
                mode_key: rules.mode.key,
                scope: scope_word(rules.scope.value),
                scope_key: rules.scope.key,
                backend: rules.backend.value.clone(),
                backend_key: rules.backend.key.clone(),
                backend_is_there,
                workspace_access: access(rules.access.value),
                workspace_access_key: rules.access.key.clone(),
                workspace_root: root,
                effective_host_workspace_root: area.map(|area| area.workspace.display().to_string()),
                runtime_workdir: is_sandboxed.then_some("/workspace"),
                workspace_mounts: mounts.unwrap_or_default(),
                session_is_sandboxed: is_sandboxed,
                tools,
            },
            elevated,
            fix_it,
        }
    }
}

fn mode(mode: SandboxMode) -> &'static str {
    match mode {
        SandboxMode::Off => "off",
        SandboxMode::NonMain => "non-main",
        SandboxMode::All => "all",
    }
}

fn scope_word(scope: SandboxScope) -> &'static str {
    match scope {
        SandboxScope::Session => "session",
        SandboxScope::Agent => "agent",
        SandboxScope::Shared => "shared",
    }
}

fn access(access: WorkspaceAccess) -> &'static str {
    match access {
        WorkspaceAccess::None => "none",
        WorkspaceAccess::Ro => "ro",
        WorkspaceAccess::Rw => "rw",
    }
}

/// Which tools sandboxed sessions have, and which they have not: names, patterns and groups. What is neither is not there,
/// unless the first list is empty.
pub fn tools_inside(config: &Config, agent: &str) -> (Vec<String>, Vec<String>) {
    let Tools { allow, deny, .. } = tools(config, agent);
    (allow, deny)
}

/// Which tools sandboxed sessions have, before all other rules about tools.
fn tools(config: &Config, agent: &str) -> Tools {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|entry| entry.tools.as_ref()?.sandbox.as_ref());
    let (own, shared) = (own.map(|own| &own.tools), &config.tools.sandbox.tools);
    let pick = |name: &str, read: fn(&SandboxToolLists) -> Option<&Vec<String>>| {
        if let Some(list) = own.and_then(read) {
            let key = format!("agents.entries.{agent}.tools.sandbox.tools.{name}");
            return (Some(list.clone()), Source { source: "agent", key });
        }
        let key = format!("tools.sandbox.tools.{name}");
        match read(shared) {
            Some(list) => (
                Some(list.clone()),
                Source {
                    source: "global",
                    key,
                },
            ),
            None => (
                None,
                Source {
                    source: "default",
                    key,
                },
            ),
        }
    };
    let words = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let (allow, from_allow) = pick("allow", |of| of.allow.as_ref());
    let (more, _) = pick("alsoAllow", |of| of.also_allow.as_ref());
    let (deny, from_deny) = pick("deny", |of| of.deny.as_ref());
    let mut allow = allow.unwrap_or_else(|| words(ALLOWED));
    allow.extend(more.unwrap_or_default());
    // What is named outright is not denied by what nobody wrote.
    let deny = deny.unwrap_or_else(|| {
        let usual = words(DENIED);
        usual.into_iter().filter(|name| !allow.contains(name)).collect()
    });
    Tools {
        allow,
        deny,
        sources: Sources {
            allow: from_allow,
            deny: from_deny,
        },
    }
}

fn elevated(config: &Config, agent: &str) -> (Elevated, Vec<String>) {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|entry| entry.tools.as_ref()?.elevated.as_ref());
    let own_key = format!("agents.entries.{agent}.tools.elevated");
    let mut failures = Vec::new();
    let mut look = |elevation: &Elevation, place: &str, needs_list: bool| {
        if !elevation.enabled {
            let key = format!("{place}.enabled");
            failures.push(Failure { gate: "enabled", key });
        }
        let lists = &elevation.allow_from;
        if needs_list && lists.values().all(Vec::is_empty) {
            let key = format!("{place}.allowFrom");
            failures.push(Failure {
                gate: "allowFrom",
                key,
            });
        }
    };
    look(&config.tools.elevated, "tools.elevated", true);
    if let Some(own) = own {
        look(own, &own_key, false);
    }
    let keys = failures.iter().map(|failure| failure.key.clone()).collect();
    let elevated = Elevated {
        enabled: failures.iter().all(|failure| failure.gate != "enabled"),
        allowed_by_config: failures.is_empty(),
        failures,
    };
    (elevated, keys)
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sandbox = &self.sandbox;
        let because = |key: &Option<String>| match key {
            Some(key) => format!("({key})"),
            None => "(nobody said otherwise)".to_owned(),
        };
        writeln!(f, "Effective sandbox")?;
        writeln!(f, "  session    {}", self.session_key)?;
        writeln!(f, "  agent      {}", self.agent_id)?;
        let runtime = if sandbox.session_is_sandboxed {
            "sandboxed"
        } else {
            "direct, on this machine"
        };
        writeln!(f, "  runtime    {runtime}")?;
        writeln!(f, "  mode       {} {}", sandbox.mode, because(&sandbox.mode_key))?;
        writeln!(
            f,
            "  scope      {} {}",
            sandbox.scope,
            because(&sandbox.scope_key)
        )?;
        let missing = if sandbox.backend_is_there {
            ""
        } else {
            ", not in this build: tools will fail"
        };
        writeln!(
            f,
            "  backend    {}{missing} {}",
            sandbox.backend,
            because(&sandbox.backend_key)
        )?;
        writeln!(
            f,
            "  workspace  {} {}",
            sandbox.workspace_access,
            because(&sandbox.workspace_access_key)
        )?;
        for mount in &sandbox.workspace_mounts {
            let how = if mount.writable {
                "read and write"
            } else {
                "read only"
            };
            writeln!(
                f,
                "  mount      {} is {} ({}, {how})",
                mount.container_root, mount.host_root, mount.source
            )?;
        }
        writeln!(f, "\nSandbox tool policy")?;
        let tools = &sandbox.tools;
        let list = |names: &[String]| {
            if names.is_empty() {
                "everything".to_owned()
            } else {
                names.join(", ")
            }
        };
        writeln!(
            f,
            "  allow      {} ({}: {})",
            list(&tools.allow),
            tools.sources.allow.source,
            tools.sources.allow.key
        )?;
        let denied = if tools.deny.is_empty() {
            "nothing".to_owned()
        } else {
            tools.deny.join(", ")
        };
        writeln!(
            f,
            "  deny       {denied} ({}: {})",
            tools.sources.deny.source, tools.sources.deny.key
        )?;
        writeln!(f, "\nElevated commands")?;
        match self.elevated.failures.as_slice() {
            [] => writeln!(f, "  possible for the senders that are listed")?,
            failures => {
                for failure in failures {
                    writeln!(f, "  closed by  {} ({})", failure.key, failure.gate)?;
                }
            }
        }
        if sandbox.session_is_sandboxed && sandbox.mode == "non-main" {
            writeln!(
                f,
                "\nOnly {} runs on this machine: every other session is sandboxed.",
                self.main_session_key
            )?;
        }
        let mut keys = String::new();
        for key in &self.fix_it {
            let _ = write!(keys, "\n  openclaw config get {key}");
        }
        write!(f, "\nWhat would change it stands in the config under:{keys}")
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn explain(config: &str, session: &str) -> Explained {
        let config: Config = serde_json::from_str(config).unwrap();
        let place = Place {
            profile: None,
            home: PathBuf::from("/home/ann"),
            state_dir: PathBuf::from("/state"),
            is_default_state: false,
            config_path: PathBuf::from("/state/openclaw.json"),
            default_workspace: PathBuf::from("/state/workspace"),
            dev_port: None,
            include_roots: Vec::new(),
            read_only: false,
        };
        let subject = Subject {
            agent: "main",
            session,
            main_session: "agent:main:main",
            is_main: session == "agent:main:main",
            workspace: Path::new("/state/workspace"),
            backends: &["wasm"],
        };
        Explained::of(&config, &place, subject)
    }

    #[test]
    fn a_sandboxed_session_is_told_its_mounts_and_the_keys_that_decide() {
        let config = r#"{"agents": {"defaults": {"sandbox": {"mode": "non-main", "backend": "wasm",
            "workspaceAccess": "ro"}}}, "tools": {"sandbox": {"tools": {"deny": ["exec"]}}}}"#;
        let explained = explain(config, "agent:main:telegram:default:direct:7");
        insta::assert_snapshot!(explained);
        insta::assert_snapshot!(serde_json::to_string_pretty(&explained).unwrap());
    }

    #[test]
    fn a_main_session_runs_directly_and_a_backend_that_is_not_there_is_told() {
        insta::assert_snapshot!(explain(
            r#"{"agents": {"defaults": {"sandbox": {"mode": "non-main"}}}}"#,
            "agent:main:main"
        ));
    }
}
