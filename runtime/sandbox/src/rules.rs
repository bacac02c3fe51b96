//! What the config says of an agent's sandbox, and which key says it.
//!
//! **Promise.** What an agent says comes before what the defaults say, and each value knows its key. Where everything
//! shares one sandbox, what single agents say of its inside does not count: whoever comes first would decide for all.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::{
    Prune, Sandbox, SandboxMode, SandboxScope, SandboxWasm, WorkspaceAccess,
};

/// A value and the config key that says it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ruled<T> {
    /// The value.
    pub value: T,
    /// Its key. None: nobody said it, and it is the usual one.
    pub key: Option<String>,
}

/// What the config says of an agent's sandbox.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which sessions are sandboxed.
    pub mode: Ruled<SandboxMode>,
    /// What shares one.
    pub scope: Ruled<SandboxScope>,
    /// What runs it.
    pub backend: Ruled<String>,
    /// What runs single tools instead, by the tools' names.
    pub backends: BTreeMap<String, Ruled<String>>,
    /// What it sees of the agent's workspace.
    pub access: Ruled<WorkspaceAccess>,
    /// Where the workspaces of sandboxes are, as it is written. None: in the state folder.
    pub root: Ruled<Option<String>>,
    /// After how many hours without use it is removed; 0 is never.
    pub idle_hours: u32,
    /// At which age in days it is removed; 0 is never.
    pub max_age_days: u32,
    /// The limits of the backend `wasm`.
    pub wasm: SandboxWasm,
    /// Where those stand.
    pub wasm_keys: WasmKeys,
}

/// Where the settings of the backend `wasm` stand.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WasmKeys {
    agent: String,
    /// Those that the agent's own config says.
    own: BTreeSet<String>,
}

impl WasmKeys {
    /// The key that decides about one of them, or would.
    pub fn of(&self, name: &str) -> String {
        match self.own.contains(name) {
            true => format!("agents.entries.{}.sandbox.wasm.{name}", self.agent),
            false => format!("agents.defaults.sandbox.wasm.{name}"),
        }
    }
}

impl Rules {
    /// What holds for an agent.
    pub fn of(config: &Config, agent: &str) -> Self {
        let shared = &config.agents.defaults.sandbox;
        let own = config
            .agents
            .entries
            .get(agent)
            .and_then(|entry| entry.sandbox.as_ref());
        let layers = Layers { agent, own, shared };
        let scope = layers.pick("scope", |of| of.scope, SandboxScope::Agent);
        // Inside of what everybody shares only what is said for everybody counts.
        let inner = Layers {
            own: own.filter(|_| scope.value != SandboxScope::Shared),
            ..layers
        };
        let prune = |read: fn(&Prune) -> Option<u32>, usual| {
            inner
                .pick("prune", |of| of.prune.as_ref().and_then(read), usual)
                .value
        };
        Self {
            mode: layers.pick("mode", |of| of.mode, SandboxMode::Off),
            backend: layers.pick("backend", |of| of.backend.clone(), "docker".to_owned()),
            backends: layers.backends(),
            access: layers.pick("workspaceAccess", |of| of.workspace_access, WorkspaceAccess::None),
            root: layers.pick("workspaceRoot", |of| of.workspace_root.clone().map(Some), None),
            idle_hours: prune(|of| of.idle_hours, 24),
            max_age_days: prune(|of| of.max_age_days, 7),
            wasm: inner.wasm(),
            wasm_keys: inner.wasm_keys(),
            scope,
        }
    }

    /// What runs a tool.
    pub fn backend_of(&self, tool: &str) -> Ruled<String> {
        self.backends.get(tool).unwrap_or(&self.backend).clone()
    }

    /// Whether a session is sandboxed. `is_main` says whether it is its agent's main one.
    pub fn is_sandboxed(&self, is_main: bool) -> bool {
        match self.mode.value {
            SandboxMode::Off => false,
            SandboxMode::NonMain => !is_main,
            SandboxMode::All => true,
        }
    }
}

#[derive(Clone, Copy)]
struct Layers<'a> {
    agent: &'a str,
    own: Option<&'a Sandbox>,
    shared: &'a Sandbox,
}

impl Layers<'_> {
    fn pick<T>(&self, name: &str, read: impl Fn(&Sandbox) -> Option<T>, usual: T) -> Ruled<T> {
        if let Some(value) = self.own.and_then(&read) {
            let key = Some(format!("agents.entries.{}.sandbox.{name}", self.agent));
            return Ruled { value, key };
        }
        match read(self.shared) {
            Some(value) => Ruled {
                value,
                key: Some(format!("agents.defaults.sandbox.{name}")),
            },
            None => Ruled {
                value: usual,
                key: None,
            },
        }
    }

    fn backends(&self) -> BTreeMap<String, Ruled<String>> {
        let shared = self.shared.tool_backends.iter().flatten();
        let own = self
            .own
            .and_then(|own| own.tool_backends.as_ref())
            .into_iter()
            .flatten();
        let ruled = |place: String, tool: &String, backend: &String| {
            let key = Some(format!("{place}.sandbox.toolBackends.{tool}"));
            let value = backend.clone();
            // `bash` is what `exec` was called, and names are written as people like.
            let name = match tool.trim().to_lowercase().as_str() {
                "bash" => "exec".to_owned(),
                "apply-patch" => "apply_patch".to_owned(),
                name => name.to_owned(),
            };
            (name, Ruled { value, key })
        };
        shared
            .map(|(tool, backend)| ruled("agents.defaults".to_owned(), tool, backend))
            .chain(own.map(|(tool, backend)| ruled(format!("agents.entries.{}", self.agent), tool, backend)))
            .collect()
    }

    fn wasm_keys(&self) -> WasmKeys {
        let own = self.own.and_then(|own| own.wasm.as_ref());
        let said = serde_json::to_value(own).unwrap_or_default();
        let said = said.as_object().into_iter().flatten();
        WasmKeys {
            agent: self.agent.to_owned(),
            own: said
                .filter(|(_, value)| !value.is_null())
                .map(|(name, _)| name.clone())
                .collect(),
        }
    }

    /// Each limit is taken for itself, and variables by their names.
    fn wasm(&self) -> SandboxWasm {
        let mut found = self.shared.wasm.clone().unwrap_or_default();
        let Some(own) = self.own.and_then(|own| own.wasm.as_ref()) else {
            return found;
        };
        let own = own.clone();
        found.memory = own.memory.or(found.memory);
        found.cpu_ms = own.cpu_ms.or(found.cpu_ms);
        found.wall_ms = own.wall_ms.or(found.wall_ms);
        found.disk_bytes = own.disk_bytes.or(found.disk_bytes);
        found.files = own.files.or(found.files);
        found.output_bytes = own.output_bytes.or(found.output_bytes);
        found.steps = own.steps.or(found.steps);
        found.hosts = own.hosts.or(found.hosts);
        if let Some(more) = own.env {
            found.env.get_or_insert_default().extend(more);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use openclaw_config::tree::agents::Agent;

    use super::*;

    fn config(defaults: &str, own: &str) -> Config {
        let mut config = Config::default();
        config.agents.defaults.sandbox = serde_json::from_str(defaults).unwrap();
        let agent = Agent {
            sandbox: Some(serde_json::from_str(own).unwrap()),
            ..Agent::default()
        };
        config.agents.entries.insert("work".to_owned(), agent);
        config
    }

    #[test]
    fn what_an_agent_says_comes_first_and_each_value_knows_its_key() {
        let config = config(
            r#"{"mode":"non-main","backend":"wasm","wasm":{"cpuMs":5,"files":9}}"#,
            r#"{"mode":"all","wasm":{"cpuMs":7}}"#,
        );
        let rules = Rules::of(&config, "work");
        assert_eq!(rules.mode.value, SandboxMode::All);
        assert_eq!(
            rules.mode.key.as_deref(),
            Some("agents.entries.work.sandbox.mode")
        );
        assert_eq!(
            rules.backend.key.as_deref(),
            Some("agents.defaults.sandbox.backend")
        );
        assert_eq!(
            (rules.scope.value, &rules.scope.key),
            (SandboxScope::Agent, &None)
        );
        assert_eq!((rules.wasm.cpu_ms, rules.wasm.files), (Some(7), Some(9)));
        assert_eq!(
            rules.wasm_keys.of("cpuMs"),
            "agents.entries.work.sandbox.wasm.cpuMs"
        );
        assert_eq!(rules.wasm_keys.of("files"), "agents.defaults.sandbox.wasm.files");
        let other = Rules::of(&config, "main");
        assert!(other.is_sandboxed(false) && !other.is_sandboxed(true) && rules.is_sandboxed(true));
    }

    #[test]
    fn inside_of_what_all_share_no_agent_has_a_say() {
        let config = config(
            r#"{"scope":"shared","wasm":{"cpuMs":5}}"#,
            r#"{"wasm":{"cpuMs":7},"prune":{"idleHours":1}}"#,
        );
        let rules = Rules::of(&config, "work");
        assert_eq!((rules.wasm.cpu_ms, rules.idle_hours), (Some(5), 24));
    }
}
