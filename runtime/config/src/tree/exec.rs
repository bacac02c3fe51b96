//! `tools.exec`: where commands run, when they need a nod, and what becomes of those that take long.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::values::ModelChoice;

/// Where commands run, when they need a nod, and what becomes of those that take long.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exec {
    /// Where they run.
    pub host: ExecHost,
    /// When they run. Unset: as `security` and `ask` say, which is always.
    pub mode: Option<ExecMode>,
    /// Which commands run at all; half of the older spelling of `mode`.
    #[schemars(extend("default" = "full"))]
    pub security: Option<ExecSecurity>,
    /// When a person is asked; the other half.
    #[schemars(extend("default" = "off"))]
    pub ask: Option<ExecAsk>,
    /// The device they run on when `host` is `node`, by id or name.
    pub node: Option<String>,
    /// Folders put in front of `PATH`.
    pub path_prepend: Vec<String>,
    /// Programs that read standard input only and need no nod. Unset: `cut`, `uniq`, `head`, `tail`, `tr` and `wc`.
    pub safe_bins: Option<Vec<String>>,
    /// Folders that such programs may be in, besides the system's.
    pub safe_bin_trusted_dirs: Vec<String>,
    /// What such programs may be called with.
    pub safe_bin_profiles: BTreeMap<String, SafeBin>,
    /// Whether code on the command line always needs a nod.
    pub strict_inline_eval: bool,
    /// Whether commands are shown in colour when a nod is asked for.
    pub command_highlighting: bool,
    /// How long a lasting nod lasts, in days. Unset: for good.
    #[schemars(range(min = 1, max = 3650))]
    pub grant_expiry_days: Option<u32>,
    /// A model that gives the nod where `mode` is `auto`.
    pub reviewer: Option<Reviewer>,
    /// After this time a command goes on in the background, in milliseconds.
    #[schemars(range(min = 1))]
    pub background_ms: u64,
    /// After this time a command that got its nod is reported to be still running, in milliseconds. 0:
    /// never.
    pub approval_running_notice_ms: u64,
    /// How long a command may run, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// How long the record of a finished command is kept, in milliseconds.
    #[schemars(range(min = 1))]
    pub cleanup_ms: u64,
    /// Whether the agent is told when a command in the background ends.
    pub notify_on_exit: bool,
    /// Whether it is told even if the command succeeded and printed nothing.
    pub notify_on_exit_empty_success: bool,
    /// The tool that applies patches.
    pub apply_patch: ApplyPatch,
}

impl Default for Exec {
    fn default() -> Self {
        Self {
            host: ExecHost::default(),
            mode: None,
            security: None,
            ask: None,
            node: None,
            path_prepend: Vec::new(),
            safe_bins: None,
            safe_bin_trusted_dirs: Vec::new(),
            safe_bin_profiles: BTreeMap::new(),
            strict_inline_eval: false,
            command_highlighting: false,
            grant_expiry_days: None,
            reviewer: None,
            background_ms: 10_000,
            approval_running_notice_ms: 10_000,
            timeout_seconds: 1800,
            cleanup_ms: 1_800_000,
            notify_on_exit: true,
            notify_on_exit_empty_success: false,
            apply_patch: ApplyPatch::default(),
        }
    }
}

/// How one agent runs commands. What is left out is taken from `tools.exec`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentExec {
    /// Where they run.
    pub host: Option<ExecHost>,
    /// When they run.
    pub mode: Option<ExecMode>,
    /// Which commands run at all.
    pub security: Option<ExecSecurity>,
    /// When a person is asked.
    pub ask: Option<ExecAsk>,
    /// The device they run on.
    pub node: Option<String>,
    /// Folders put in front of `PATH`.
    pub path_prepend: Option<Vec<String>>,
    /// Programs that read standard input only and need no nod.
    pub safe_bins: Option<Vec<String>>,
    /// Folders that such programs may be in.
    pub safe_bin_trusted_dirs: Option<Vec<String>>,
    /// What such programs may be called with.
    pub safe_bin_profiles: BTreeMap<String, SafeBin>,
    /// Whether code on the command line always needs a nod.
    pub strict_inline_eval: Option<bool>,
    /// Whether commands are shown in colour.
    pub command_highlighting: Option<bool>,
    /// How long a lasting nod lasts, in days.
    #[schemars(range(min = 1, max = 3650))]
    pub grant_expiry_days: Option<u32>,
    /// A model that gives the nod.
    pub reviewer: Option<Reviewer>,
    /// After this time a command goes on in the background, in milliseconds.
    #[schemars(range(min = 1))]
    pub background_ms: Option<u64>,
    /// After this time a command is reported to be still running, in milliseconds.
    pub approval_running_notice_ms: Option<u64>,
    /// How long a command may run, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// How long the record of a finished command is kept, in milliseconds.
    #[schemars(range(min = 1))]
    pub cleanup_ms: Option<u64>,
    /// Whether it is told when a command in the background ends.
    pub notify_on_exit: Option<bool>,
    /// Whether it is told even of silent success.
    pub notify_on_exit_empty_success: Option<bool>,
    /// The tool that applies patches.
    pub apply_patch: Option<ApplyPatch>,
}

/// Where commands run.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecHost {
    /// In the sandbox if the session has one, else here.
    #[default]
    Auto,
    /// In the sandbox.
    Sandbox,
    /// On this machine.
    Gateway,
    /// On a paired device.
    Node,
}

/// When commands run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecMode {
    /// Never.
    Deny,
    /// When they are on the list.
    Allowlist,
    /// When they are on the list, or a person nods.
    Ask,
    /// When they are on the list, or a model nods, or else a person.
    Auto,
    /// Always.
    Full,
}

/// Which commands run at all.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecSecurity {
    /// None.
    Deny,
    /// Those on the list.
    Allowlist,
    /// All.
    Full,
}

/// When a person is asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecAsk {
    /// Never.
    Off,
    /// When the list does not have it.
    OnMiss,
    /// Always.
    Always,
}

/// What a program that needs no nod may be called with.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SafeBin {
    /// The least number of plain arguments.
    pub min_positional: Option<u32>,
    /// The greatest number of plain arguments.
    pub max_positional: Option<u32>,
    /// Flags that may have a value.
    pub allowed_value_flags: Option<Vec<String>>,
    /// Flags that it may not have.
    pub denied_flags: Option<Vec<String>>,
}

/// A model that gives the nod.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reviewer {
    /// Which one.
    pub model: Option<ModelChoice>,
    /// How much it thinks.
    pub thinking: Option<ReviewerThinking>,
    /// Whether it uses the fast service tier.
    pub fast_mode: Option<bool>,
    /// How long it may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
}

/// How much a model that gives the nod thinks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReviewerThinking {
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Somewhat.
    Medium,
    /// Much.
    High,
    /// Very much.
    Xhigh,
    /// As much as it can.
    Max,
}

/// The tool that applies patches.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplyPatch {
    /// Whether it is offered.
    pub enabled: bool,
    /// Whether it stays in the workspace.
    pub workspace_only: bool,
    /// The only models that get it. Empty: all.
    pub allow_models: Vec<String>,
}

impl Default for ApplyPatch {
    fn default() -> Self {
        Self {
            enabled: true,
            workspace_only: true,
            allow_models: Vec::new(),
        }
    }
}
