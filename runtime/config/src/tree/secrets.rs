//! `secrets`: where credentials are kept and how they are fetched.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;

/// Where credentials are kept and how they are fetched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Secrets {
    /// Providers by alias.
    pub providers: BTreeMap<String, SecretProvider>,
    /// The alias that a shorthand reference means, per source.
    pub defaults: SecretDefaults,
    /// Bounds of one resolution.
    pub resolution: Resolution,
    /// The proxy that puts secrets into requests of sandboxed programs.
    pub egress_proxy: EgressProxy,
}

/// The proxy that puts secrets into requests of sandboxed programs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EgressProxy {
    /// Whether there is one.
    pub enabled: bool,
    /// The only hosts that secrets may go to.
    #[schemars(length(max = 256))]
    pub allowed_hosts: Vec<String>,
    /// Hosts that are reached without it.
    #[schemars(length(max = 256))]
    pub bypass_hosts: Vec<String>,
}

/// The alias that a shorthand reference means, per source. Unset: `default`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretDefaults {
    /// Alias for environment variables.
    pub env: Option<String>,
    /// Alias for files.
    pub file: Option<String>,
    /// Alias for programs.
    pub exec: Option<String>,
    /// Alias for the state database.
    pub store: Option<String>,
}

/// Bounds of one resolution.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resolution {
    /// How many providers are asked at the same time.
    #[schemars(range(min = 1, max = 64))]
    pub max_provider_concurrency: u32,
    /// How many references one provider may be asked for.
    #[schemars(range(min = 1, max = 65536))]
    pub max_refs_per_provider: u32,
    /// The longest request that an exec provider is sent, in bytes.
    #[schemars(range(min = 1, max = 20971520))]
    pub max_batch_bytes: u64,
}

impl Default for Resolution {
    fn default() -> Self {
        Self {
            max_provider_concurrency: 4,
            max_refs_per_provider: 512,
            max_batch_bytes: 262_144,
        }
    }
}

/// A place that keeps secrets.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum SecretProvider {
    /// Environment variables of the gateway's process.
    Env(EnvProvider),
    /// A file that only its owner can read.
    File(FileProvider),
    /// A program that speaks the resolver protocol.
    Exec(ExecProvider),
    /// The shared state database.
    Store {},
}

/// Environment variables of the gateway's process.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvProvider {
    /// The only names that may be read. Unset: any; empty: none.
    #[schemars(length(max = 256))]
    pub allowlist: Option<Vec<String>>,
}

/// How the content of a secret file is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FileMode {
    /// A JSON object; ids are JSON pointers into it.
    #[default]
    Json,
    /// The whole file is one value; the id is `value`.
    SingleValue,
}

/// A file that only its owner can read.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileProvider {
    /// Where the file is; absolute, or starting with `~`.
    pub path: String,
    /// How its content is read.
    #[serde(default)]
    pub mode: FileMode,
    /// How long reading may take, in milliseconds.
    #[serde(default = "default_timeout_ms")]
    #[schemars(range(min = 1, max = 120000))]
    pub timeout_ms: u64,
    /// The largest file that is read, in bytes.
    #[serde(default = "default_max_bytes")]
    #[schemars(range(min = 1, max = 20971520))]
    pub max_bytes: u64,
    /// Skips the test of mode and owner, for package managers that install as root.
    #[serde(default)]
    pub allow_insecure_path: bool,
}

/// A program that a plugin brings.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginIntegration {
    /// The plugin's id.
    pub plugin_id: String,
    /// The id of its integration.
    pub integration_id: String,
}

/// A program that speaks the resolver protocol. It runs without a shell and sees only the environment given here.
///
/// Exactly one of `command` and `pluginIntegration` is set; the rules between keys see to it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecProvider {
    /// Where the program is; absolute, or starting with `~`.
    pub command: Option<String>,
    /// A program that a plugin brings, instead of a path.
    pub plugin_integration: Option<PluginIntegration>,
    /// Its arguments, each passed as it stands.
    #[serde(default)]
    pub args: Vec<String>,
    /// How long it may run, in milliseconds.
    #[serde(default = "default_timeout_ms")]
    #[schemars(range(min = 1, max = 120000))]
    pub timeout_ms: u64,
    /// How long it may print nothing, in milliseconds. Unset: as long as it may run.
    #[schemars(range(min = 1, max = 120000))]
    pub no_output_timeout_ms: Option<u64>,
    /// The most that it may print, in bytes.
    #[serde(default = "default_max_bytes")]
    #[schemars(range(min = 1, max = 20971520))]
    pub max_output_bytes: u64,
    /// Whether only the JSON reply is accepted. False: a single reference may be answered with bare text.
    #[serde(default = "default_true")]
    pub json_only: bool,
    /// Variables that it is given.
    #[serde(default)]
    pub env: BTreeMap<String, PlainText>,
    /// Variables of the gateway's own environment that it is given too.
    #[serde(default)]
    pub pass_env: Vec<String>,
    /// The only folders that the program may be in. Empty: any.
    #[serde(default)]
    pub trusted_dirs: Vec<String>,
    /// Follows a symlink at `command`; what it points to must pass every other test.
    #[serde(default)]
    pub allow_symlink_command: bool,
    /// Skips the tests of mode and owner that package managers fail.
    #[serde(default)]
    pub allow_insecure_path: bool,
}

fn default_timeout_ms() -> u64 {
    5000
}

fn default_max_bytes() -> u64 {
    1_048_576
}

fn default_true() -> bool {
    true
}
