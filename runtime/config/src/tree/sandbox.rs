//! `sandbox`: where the tools of sessions run that are not trusted with this machine.
//!
//! The same shape stands in the defaults and in an agent: what an agent leaves out is taken from the defaults.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::{PlainText, SecretInput};
use crate::tree::amounts::Size;
use crate::tree::values::{OneOrMany, Scalar};

/// Where the tools of sessions run that are not trusted with this machine.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sandbox {
    /// Which sessions are sandboxed.
    #[schemars(extend("default" = "off"))]
    pub mode: Option<SandboxMode>,
    /// What they run in: `wasm`, `docker`, `podman`, `ssh`, `openshell`, one that a plugin brings, or `auto` for the
    /// first of `docker` and `wasm` that there is.
    #[schemars(length(min = 1), extend("default" = "docker"))]
    pub backend: Option<String>,
    /// What single tools run in instead, by the tools' names.
    pub tool_backends: Option<BTreeMap<String, String>>,
    /// What shares one sandbox.
    #[schemars(extend("default" = "agent"))]
    pub scope: Option<SandboxScope>,
    /// What the sandbox sees of the agent's workspace.
    #[schemars(extend("default" = "none"))]
    pub workspace_access: Option<WorkspaceAccess>,
    /// Where the sandboxes' own workspaces are kept.
    #[schemars(extend("default" = "~/.openclaw/sandboxes"))]
    pub workspace_root: Option<String>,
    /// Which sessions the session tools see from inside.
    #[schemars(extend("default" = "spawned"))]
    pub session_tools_visibility: Option<SandboxSessions>,
    /// Containers.
    pub docker: Option<Docker>,
    /// Guests of the gateway's own WebAssembly host.
    pub wasm: Option<SandboxWasm>,
    /// A machine that is reached by SSH.
    pub ssh: Option<SandboxSsh>,
    /// A browser in a container of its own.
    pub browser: Option<SandboxBrowser>,
    /// When unused sandboxes are removed.
    pub prune: Option<Prune>,
}

/// Which sessions are sandboxed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// None.
    Off,
    /// All but the main session of each agent.
    NonMain,
    /// All.
    All,
}

/// What shares one sandbox.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxScope {
    /// Nothing: each session has its own.
    Session,
    /// All sessions of an agent.
    Agent,
    /// Everything.
    Shared,
}

/// What a sandbox sees of the agent's workspace.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkspaceAccess {
    /// Nothing; it has a workspace of its own.
    None,
    /// All of it, to read.
    Ro,
    /// All of it, to read and write.
    Rw,
}

/// Which sessions the session tools see from inside a sandbox.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxSessions {
    /// Those that were started from inside.
    Spawned,
    /// All of the agent's.
    All,
}

/// Containers in which tools run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Docker {
    /// The image.
    #[schemars(extend("default" = "openclaw-sandbox:bookworm-slim"))]
    pub image: Option<String>,
    /// What the containers' names start with.
    #[schemars(extend("default" = "openclaw-sbx-"))]
    pub container_prefix: Option<String>,
    /// Where the workspace is inside.
    #[schemars(extend("default" = "/workspace"))]
    pub workdir: Option<String>,
    /// Whether everything else inside is read-only.
    #[schemars(extend("default" = true))]
    pub read_only_root: Option<bool>,
    /// Folders that live in memory.
    #[schemars(extend("default" = ["/tmp","/var/tmp","/run"]))]
    pub tmpfs: Option<Vec<String>>,
    /// The network. `host` is never accepted.
    #[schemars(extend("default" = "none"))]
    pub network: Option<String>,
    /// The user inside, as `uid:gid`. Unset: what the image says.
    pub user: Option<String>,
    /// Capabilities that are taken away.
    #[schemars(extend("default" = ["ALL"]))]
    pub cap_drop: Option<Vec<String>>,
    /// Variables inside. Those of the agent are added to those of the defaults.
    pub env: Option<BTreeMap<String, PlainText>>,
    /// A shell command that runs once in a new container; several are run in turn.
    pub setup_command: Option<OneOrMany>,
    /// How many processes there may be.
    #[schemars(range(min = 1))]
    pub pids_limit: Option<u32>,
    /// How much memory there is.
    pub memory: Option<Size>,
    /// How much memory and swap there is together.
    pub memory_swap: Option<Scalar>,
    /// How many processors it may use.
    pub cpus: Option<f64>,
    /// Which graphics processors it sees.
    #[schemars(length(min = 1))]
    pub gpus: Option<String>,
    /// Limits by name.
    pub ulimits: Option<BTreeMap<String, Ulimit>>,
    /// The profile that filters system calls.
    pub seccomp_profile: Option<String>,
    /// The AppArmor profile.
    pub apparmor_profile: Option<String>,
    /// Its name servers.
    pub dns: Option<Vec<String>>,
    /// Names that it knows beforehand, as `name:address`.
    pub extra_hosts: Option<Vec<String>>,
    /// Folders of this machine that it sees, as `source:target`, with `:ro` for read-only. Those of the
    /// agent are added to those of the defaults.
    pub binds: Option<Vec<String>>,
    /// Lets binds cover `/workspace` and `/agent`.
    #[schemars(extend("default" = false))]
    pub dangerously_allow_reserved_container_targets: Option<bool>,
    /// Lets binds come from outside the workspaces.
    #[schemars(extend("default" = false))]
    pub dangerously_allow_external_bind_sources: Option<bool>,
    /// Lets `network` join that of another container.
    #[schemars(extend("default" = false))]
    pub dangerously_allow_container_namespace_join: Option<bool>,
}

/// A limit: a number, `soft:hard`, or the two by name.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Ulimit {
    /// Both are the same.
    Number(i64),
    /// As the container engine spells it.
    Text(String),
    /// Each by its name.
    Pair(UlimitPair),
}

/// The two values of a limit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UlimitPair {
    /// What holds.
    pub soft: Option<u64>,
    /// How far it may be raised.
    pub hard: Option<u64>,
}

/// Guests of the gateway's own WebAssembly host, in which tools run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SandboxWasm {
    /// How much memory one command may have.
    #[schemars(extend("default" = "256m"))]
    pub memory: Option<Size>,
    /// How long one command may compute, in milliseconds.
    #[schemars(range(min = 1), extend("default" = 60000))]
    pub cpu_ms: Option<u64>,
    /// How long one command may take, in milliseconds. A command's own time limit comes first. Unset: as long as
    /// `tools.exec` says.
    #[schemars(range(min = 1))]
    pub wall_ms: Option<u64>,
    /// How much its workspace may hold.
    #[schemars(extend("default" = "1g"))]
    pub disk_bytes: Option<Size>,
    /// How many files and folders its workspace may hold.
    #[schemars(range(min = 1), extend("default" = 100000))]
    pub files: Option<u64>,
    /// How much one command may print.
    #[schemars(extend("default" = "64m"))]
    pub output_bytes: Option<Size>,
    /// How many commands, and rounds of loops, one script may run.
    #[schemars(range(min = 1), extend("default" = 10_000_000))]
    pub steps: Option<u64>,
    /// Hosts that `curl` and `wget` reach, through the gate: `HOST`, `*.HOST`, `http://HOST:PORT`; `private http://HOST`
    /// where its address is not public. Empty: none.
    pub hosts: Option<Vec<String>>,
    /// Variables inside.
    pub env: Option<BTreeMap<String, PlainText>>,
}

/// A machine that is reached by SSH, in which tools run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SandboxSsh {
    /// Which one: `user@host`, or a name of the SSH settings.
    #[schemars(length(min = 1))]
    pub target: Option<String>,
    /// The SSH program.
    #[schemars(length(min = 1), extend("default" = "ssh"))]
    pub command: Option<String>,
    /// Where workspaces are kept there.
    #[schemars(length(min = 1), extend("default" = "/tmp/openclaw-sandboxes"))]
    pub workspace_root: Option<String>,
    /// Whether its key must be known already.
    #[schemars(extend("default" = true))]
    pub strict_host_key_checking: Option<bool>,
    /// Whether new keys that it announces are kept.
    #[schemars(extend("default" = true))]
    pub update_host_keys: Option<bool>,
    /// The key file.
    #[schemars(length(min = 1))]
    pub identity_file: Option<String>,
    /// The certificate file.
    #[schemars(length(min = 1))]
    pub certificate_file: Option<String>,
    /// The file of known keys.
    #[schemars(length(min = 1))]
    pub known_hosts_file: Option<String>,
    /// The key itself. It comes before the file.
    pub identity_data: Option<SecretInput>,
    /// The certificate itself. It comes before the file.
    pub certificate_data: Option<SecretInput>,
    /// The known keys themselves. They come before the file.
    pub known_hosts_data: Option<SecretInput>,
}

/// A browser in a container of its own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SandboxBrowser {
    /// Whether there is one.
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
    /// The image.
    #[schemars(extend("default" = "openclaw-sandbox-browser:bookworm-slim"))]
    pub image: Option<String>,
    /// What the containers' names start with.
    #[schemars(extend("default" = "openclaw-sbx-browser-"))]
    pub container_prefix: Option<String>,
    /// The network.
    #[schemars(extend("default" = "openclaw-sandbox-browser"))]
    pub network: Option<String>,
    /// The port of its debugging protocol.
    #[schemars(range(min = 1), extend("default" = 9222))]
    pub cdp_port: Option<u16>,
    /// The only addresses that may connect to that port, as a CIDR range.
    pub cdp_source_range: Option<String>,
    /// The port of its screen.
    #[schemars(range(min = 1), extend("default" = 5900))]
    pub vnc_port: Option<u16>,
    /// The port of its screen for browsers.
    #[schemars(range(min = 1), extend("default" = 6080))]
    pub no_vnc_port: Option<u16>,
    /// Whether it has no screen.
    #[schemars(extend("default" = false))]
    pub headless: Option<bool>,
    /// Whether its screen can be watched in a browser.
    #[schemars(extend("default" = true))]
    pub no_vnc_enabled: Option<bool>,
    /// Whether sandboxed sessions may use this machine's browser instead.
    #[schemars(extend("default" = false))]
    pub allow_host_control: Option<bool>,
    /// Whether it starts when it is needed.
    #[schemars(extend("default" = true))]
    pub auto_start: Option<bool>,
    /// How long that may take, in milliseconds.
    #[schemars(range(min = 1), extend("default" = 12000))]
    pub auto_start_timeout_ms: Option<u64>,
    /// Folders of this machine that it sees. Unset: those of `docker`.
    pub binds: Option<Vec<String>>,
}

/// When unused sandboxes are removed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Prune {
    /// After this long without use, in hours. 0: never.
    #[schemars(extend("default" = 24))]
    pub idle_hours: Option<u32>,
    /// At this age, in days. 0: never.
    #[schemars(extend("default" = 7))]
    pub max_age_days: Option<u32>,
}
