//! Why a session's tools run where they run.
//!
//! **Promise.** It says what holds for this session by a config, which key says so, and the command that would change it. What
//! this build cannot do it says too. **Cost.** A look at the config; nothing is started or made.

mod change;
mod text;

use std::path::Path;

use openclaw_config::Place;
use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::{SandboxMode, SandboxScope, WorkspaceAccess};
use serde::Serialize;

use crate::rules::Rules;
use crate::scope::Scope;
use crate::workspace;

use change::Change;

/// Whose sandbox is explained.
#[derive(Clone)]
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
    /// Which tools sandboxed sessions have.
    pub tools: Tools,
    /// The gates that keep its commands in the sandbox.
    pub shut: Vec<Gate>,
    /// How far its commands go: `off`, `on` or `full`.
    pub elevated: &'static str,
}

/// The lists of tools of sandboxed sessions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Tools {
    /// What there is; empty: everything that is not denied.
    pub allow: Vec<String>,
    /// What there is not.
    pub deny: Vec<String>,
    /// Who says so.
    pub sources: Sources,
}

/// Who says which tools there are.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Sources {
    /// Of what there is.
    pub allow: Source,
    /// Of what there is not.
    pub deny: Source,
}

/// Who wrote a list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Source {
    /// `agent`, `global` or `default`.
    pub source: &'static str,
    /// The key that it stands under, or would.
    pub key: String,
}

/// A gate that keeps commands in the sandbox.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Gate {
    /// `enabled` or `allowFrom`.
    pub gate: &'static str,
    /// The key that shuts it.
    pub key: String,
    /// The value of the key that would open it.
    #[serde(skip)]
    pub opened_by: String,
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
    /// The commands that would.
    change: Vec<Change>,
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
    /// What runs single tools instead.
    tool_backends: Vec<ToolBackend>,
    workspace_access: &'static str,
    workspace_access_key: Option<String>,
    workspace_root: String,
    effective_host_workspace_root: Option<String>,
    runtime_workdir: Option<&'static str>,
    workspace_mounts: Vec<Mount>,
    session_is_sandboxed: bool,
    /// Whether its tools have a machine: a sandbox, or this one.
    session_has_machine: bool,
    tools: Tools,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolBackend {
    tool: String,
    backend: String,
    key: Option<String>,
    is_there: bool,
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
#[serde(rename_all = "camelCase")]
struct Elevated {
    level: &'static str,
    enabled: bool,
    allowed_by_config: bool,
    failures: Vec<Gate>,
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
                writable: true,
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
        let is_there = |backend: &str| match backend {
            "auto" => !subject.backends.is_empty(),
            id => subject.backends.contains(&id),
        };
        let tool_backends = rules.backends.iter().map(|(tool, ruled)| ToolBackend {
            tool: tool.clone(),
            backend: ruled.value.clone(),
            key: ruled.key.clone(),
            is_there: is_there(&ruled.value),
        });
        let change = change::all(&rules, is_sandboxed, &subject);
        let mut fix_it: Vec<String> = change.iter().filter_map(|change| change.key.clone()).collect();
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
                backend_is_there: is_there(&rules.backend.value),
                tool_backends: tool_backends.collect(),
                workspace_access: access(rules.access.value),
                workspace_access_key: rules.access.key.clone(),
                workspace_root: root,
                effective_host_workspace_root: area.map(|area| area.workspace.display().to_string()),
                runtime_workdir: is_sandboxed.then_some("/workspace"),
                workspace_mounts: mounts.unwrap_or_default(),
                session_is_sandboxed: is_sandboxed,
                session_has_machine: is_sandboxed || subject.is_main,
                tools: subject.tools,
            },
            elevated: Elevated {
                level: subject.elevated,
                enabled: subject.shut.iter().all(|gate| gate.gate != "enabled"),
                allowed_by_config: subject.shut.is_empty(),
                failures: subject.shut,
            },
            fix_it,
            change,
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
            tools: Tools {
                allow: vec!["exec".to_owned(), "read".to_owned()],
                deny: vec!["browser".to_owned()],
                sources: Sources {
                    allow: Source {
                        source: "default",
                        key: "tools.sandbox.tools.allow".to_owned(),
                    },
                    deny: Source {
                        source: "global",
                        key: "tools.sandbox.tools.deny".to_owned(),
                    },
                },
            },
            shut: vec![Gate {
                gate: "allowFrom",
                key: "tools.elevated.allowFrom.telegram".to_owned(),
                opened_by: r#"["7"]"#.to_owned(),
            }],
            elevated: "off",
        };
        Explained::of(&config, &place, subject)
    }

    #[test]
    fn a_sandboxed_session_is_told_its_mounts_and_the_keys_that_decide() {
        let config = r#"{"agents": {"defaults": {"sandbox": {"mode": "non-main", "backend": "wasm",
            "workspaceAccess": "ro"}}}}"#;
        let explained = explain(config, "agent:main:telegram:default:direct:7");
        insta::assert_snapshot!(explained);
        insta::assert_snapshot!(serde_json::to_string_pretty(&explained).unwrap());
    }

    #[test]
    fn a_session_that_a_shell_would_read_otherwise_is_quoted_in_what_is_to_be_typed() {
        let config = r#"{"agents": {"defaults": {"sandbox": {"mode": "all", "backend": "wasm"}}}}"#;
        let told = explain(config, "agent:main:irc:group:#a; it's").to_string();
        let line = r"openclaw tools explain TOOL --session 'agent:main:irc:group:#a; it'\''s'";
        assert!(told.lines().any(|told| told.ends_with(line)), "{told}");
    }

    #[test]
    fn a_main_session_runs_directly_and_a_backend_that_is_not_there_is_told() {
        insta::assert_snapshot!(explain(
            r#"{"agents": {"defaults": {"sandbox": {"mode": "non-main"}}}}"#,
            "agent:main:main"
        ));
    }
}
