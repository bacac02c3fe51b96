//! `agents.defaults`: what holds for every agent that does not say otherwise.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::agent_turn::{Compaction, ContextPruning, EmbeddedAgent, StartupContext};
use crate::tree::cli_backend::CliBackend;
use crate::tree::heartbeat::Heartbeat;
use crate::tree::sandbox::Sandbox;
use crate::tree::speech::{
    Elevated, HumanDelay, ImageQuality, OnOff, Reasoning, StreamingBreak, StreamingChunk, StreamingCoalesce,
    ToolProgress, TypingMode, Verbose,
};
use crate::tree::values::{AutoBool, ModelChoice, Open};

/// What holds for every agent that does not say otherwise.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentDefaults {
    /// The home folder. Unset: `workspace` in the state directory, or what `OPENCLAW_WORKSPACE_DIR` says.
    #[schemars(extend("default" = "~/.openclaw/workspace"))]
    pub workspace: Option<String>,
    /// The folder that commands start in. Unset: the workspace.
    pub cwd: Option<String>,
    /// The repository that the prompt names. Unset: the one that the workspace is in.
    pub repo_root: Option<String>,
    /// The model to think with, and those to turn to when it fails.
    pub model: Option<ModelChoice>,
    /// Settings of single models, by reference. They do not limit which models may be chosen.
    pub models: BTreeMap<String, ModelSettings>,
    /// Which models may be chosen.
    pub model_policy: ModelPolicy,
    /// How far a choice of model reaches.
    pub model_selection_scope: SelectionScope,
    /// The model for small chores such as titles.
    pub utility_model: Option<String>,
    /// The model for yes-or-no questions.
    #[schemars(length(max = 512))]
    pub decision_model: Option<String>,
    /// The model that looks at images when the main one cannot.
    pub image_model: Option<ModelChoice>,
    /// The model for spoken turns.
    pub voice_model: Option<ModelChoice>,
    /// The model that reads PDF files.
    pub pdf_model: Option<ModelChoice>,
    /// The largest PDF that is read, in MiB.
    pub pdf_max_mb: f64,
    /// How many pages of a PDF are read.
    #[schemars(range(min = 1))]
    pub pdf_max_pages: u32,
    /// The models that make images, films and music.
    pub media_models: MediaModels,
    /// Parameters that every request to a model carries.
    pub params: Open,
    /// The only skills agents have. Unset: all; empty: none.
    pub skills: Option<Vec<String>>,
    /// Whether no workspace files are created.
    pub skip_bootstrap: bool,
    /// Workspace files that are not created.
    pub skip_optional_bootstrap_files: Vec<BootstrapFile>,
    /// When workspace files go into the prompt.
    pub context_injection: ContextInjection,
    /// How much of one workspace file goes into the prompt.
    #[schemars(range(min = 1))]
    pub bootstrap_max_chars: u64,
    /// How much of all workspace files together goes into the prompt.
    #[schemars(range(min = 1))]
    pub bootstrap_total_max_chars: u64,
    /// The time zone of the person. Unset: this machine's.
    pub user_timezone: Option<String>,
    /// What a new session is told about the days before.
    pub startup_context: StartupContext,
    /// How old tool output leaves the context.
    pub context_pruning: ContextPruning,
    /// How much text single sources put into the context.
    pub context_limits: ContextLimits,
    /// How a context that grows too long is summed up.
    pub compaction: Compaction,
    /// How turns are run.
    pub embedded_agent: EmbeddedAgent,
    /// How much models think. Unset: what suits the model, usually medium.
    pub thinking_default: Option<Thinking>,
    /// Whether the fast service tier is asked for.
    pub fast_mode_default: Option<AutoBool>,
    /// How much tool work is told.
    pub verbose_default: Verbose,
    /// Whether reasoning is shown.
    pub reasoning_default: Reasoning,
    /// Whether commands leave the sandbox without being asked to.
    pub elevated_default: Option<Elevated>,
    /// How tool work is told.
    pub tool_progress_detail: ToolProgress,
    /// Whether an answer is sent in parts while it is written.
    pub block_streaming_default: OnOff,
    /// When a part is complete.
    pub block_streaming_break: StreamingBreak,
    /// How long a part is.
    pub block_streaming_chunk: StreamingChunk,
    /// How short parts are joined.
    pub block_streaming_coalesce: StreamingCoalesce,
    /// Pauses between the parts of an answer.
    pub human_delay: HumanDelay,
    /// How long a turn may take, in seconds. 0: as long as it wants.
    pub timeout_seconds: u64,
    /// How many turns run at the same time, all sessions together.
    #[schemars(range(min = 1))]
    pub max_concurrent: u32,
    /// The largest attachment, in MiB, on channels that say nothing else.
    pub media_max_mb: Option<f64>,
    /// The longer side that images are reduced to.
    #[schemars(range(min = 1))]
    pub image_max_dimension_px: u32,
    /// How images are reduced.
    pub image_quality: ImageQuality,
    /// When typing is shown. Unset: at once in direct chats and when called, else with the answer.
    pub typing_mode: Option<TypingMode>,
    /// How often the sign of typing is renewed, in seconds.
    #[schemars(range(min = 1))]
    pub typing_interval_seconds: Option<u32>,
    /// The regular look around.
    pub heartbeat: Heartbeat,
    /// Agents that agents start.
    pub subagents: Subagents,
    /// The agent that the system's own work belongs to.
    pub system_agent: Owner,
    /// The agent whose credentials the others may use.
    pub auth_inheritance: Owner,
    /// The agent whose session store holds shared sessions.
    pub session_store: Owner,
    /// Whether an agent may answer with silence.
    pub silent_reply: SilentReply,
    /// Parts that may change.
    pub experimental: Experimental,
    /// Where tools run.
    pub sandbox: Sandbox,
    /// Programs of the command line that answer in place of a model: text in, text out, no tools.
    pub cli_backends: BTreeMap<String, CliBackend>,
}

impl Default for AgentDefaults {
    fn default() -> Self {
        Self {
            workspace: None,
            cwd: None,
            repo_root: None,
            model: None,
            models: BTreeMap::new(),
            model_policy: ModelPolicy::default(),
            model_selection_scope: SelectionScope::default(),
            utility_model: None,
            decision_model: None,
            image_model: None,
            voice_model: None,
            pdf_model: None,
            pdf_max_mb: 10.0,
            pdf_max_pages: 20,
            media_models: MediaModels::default(),
            params: Open::default(),
            skills: None,
            skip_bootstrap: false,
            skip_optional_bootstrap_files: Vec::new(),
            context_injection: ContextInjection::default(),
            bootstrap_max_chars: 20_000,
            bootstrap_total_max_chars: 60_000,
            user_timezone: None,
            startup_context: StartupContext::default(),
            context_pruning: ContextPruning::default(),
            context_limits: ContextLimits::default(),
            compaction: Compaction::default(),
            embedded_agent: EmbeddedAgent::default(),
            thinking_default: None,
            fast_mode_default: None,
            verbose_default: Verbose::default(),
            reasoning_default: Reasoning::default(),
            elevated_default: None,
            tool_progress_detail: ToolProgress::default(),
            block_streaming_default: OnOff::default(),
            block_streaming_break: StreamingBreak::default(),
            block_streaming_chunk: StreamingChunk::default(),
            block_streaming_coalesce: StreamingCoalesce::default(),
            human_delay: HumanDelay::default(),
            timeout_seconds: 600,
            max_concurrent: 4,
            media_max_mb: None,
            image_max_dimension_px: 1200,
            image_quality: ImageQuality::default(),
            typing_mode: None,
            typing_interval_seconds: None,
            heartbeat: Heartbeat::default(),
            subagents: Subagents::default(),
            system_agent: Owner::default(),
            auth_inheritance: Owner::default(),
            session_store: Owner::default(),
            silent_reply: SilentReply::default(),
            experimental: Experimental::default(),
            sandbox: Sandbox::default(),
            cli_backends: BTreeMap::new(),
        }
    }
}

/// Settings of one model.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelSettings {
    /// A short name for it.
    pub alias: Option<String>,
    /// Parameters that its requests carry.
    pub params: Open,
    /// What runs turns on it.
    pub agent_runtime: Option<RuntimeChoice>,
    /// The runtimes that people may choose from.
    #[schemars(length(max = 8))]
    pub picker_runtimes: Option<Vec<String>>,
    /// Whether it works by writing code.
    pub code_mode: Option<bool>,
    /// Whether its answers arrive in pieces.
    pub streaming: Option<bool>,
}

/// What runs turns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimeChoice {
    /// The runtime's id.
    pub id: Option<String>,
}

/// Which models may be chosen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelPolicy {
    /// References, aliases, or `provider/*`. Empty: any.
    pub allow: Vec<String>,
}

/// How far a choice of model reaches.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SelectionScope {
    /// The session it was made in.
    #[default]
    Session,
    /// All sessions of the agent.
    Agent,
    /// All agents.
    Global,
}

/// The models that make images, films and music.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaModels {
    /// For images.
    pub image: Option<ModelChoice>,
    /// For films.
    pub video: Option<ModelChoice>,
    /// For music.
    pub music: Option<ModelChoice>,
}

/// A workspace file that may be left out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BootstrapFile {
    /// The character.
    #[serde(rename = "SOUL.md")]
    Soul,
    /// The person.
    #[serde(rename = "USER.md")]
    User,
    /// What to look after.
    #[serde(rename = "HEARTBEAT.md")]
    Heartbeat,
    /// Name and sign.
    #[serde(rename = "IDENTITY.md")]
    Identity,
}

/// When workspace files go into the prompt.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextInjection {
    /// At every turn.
    #[default]
    Always,
    /// Not when a turn is merely continued.
    ContinuationSkip,
    /// Never.
    Never,
}

/// How much a model thinks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Thinking {
    /// Not at all.
    Off,
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
    /// As the model sees fit.
    Adaptive,
    /// As much as it can.
    Max,
    /// As much as it can, with help of others.
    Ultra,
}

/// The agent that something belongs to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Owner {
    /// Its id.
    #[schemars(length(min = 1))]
    pub agent_id: Option<String>,
}

/// Whether an agent may answer with silence.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SilentReply {
    /// In groups.
    pub group: Option<Permission>,
    /// In work that nobody waits for.
    pub internal: Option<Permission>,
}

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// It is.
    Allow,
    /// It is not.
    Disallow,
}

/// Parts that may change.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Experimental {
    /// A smaller prompt for local models.
    pub local_model_lean: Option<bool>,
}

/// How much text single sources put into the context.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContextLimits {
    /// One reading of a memory file, in characters.
    #[schemars(range(min = 1, max = 250000))]
    pub memory_get_max_chars: Option<u64>,
    /// What is put back after the context was summed up, in characters.
    #[schemars(range(min = 1, max = 50000))]
    pub post_compaction_max_chars: Option<u64>,
}

/// Agents that agents start.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subagents {
    /// How eagerly agents delegate.
    pub delegation_mode: Option<Delegation>,
    /// Ids of the agents that may be started, or `*`.
    pub allow_agents: Option<Vec<String>>,
    /// How many run at the same time.
    #[schemars(range(min = 1))]
    pub max_concurrent: u32,
    /// How deep they may nest.
    #[schemars(range(min = 1, max = 5))]
    pub max_spawn_depth: u32,
    /// How many one agent may have.
    #[schemars(range(min = 1, max = 20))]
    pub max_children_per_agent: u32,
    /// When the session of a finished one is put away, in minutes.
    pub archive_after_minutes: u32,
    /// The model that they think with.
    pub model: Option<ModelChoice>,
    /// How much they think.
    pub thinking: Option<String>,
    /// How long one may run, in seconds. 0: as long as it wants.
    pub run_timeout_seconds: u64,
    /// How long its report may wait to be delivered, in milliseconds.
    #[schemars(range(min = 1))]
    pub announce_timeout_ms: u64,
    /// Whether the agent to start must be named.
    pub require_agent_id: bool,
}

impl Default for Subagents {
    fn default() -> Self {
        Self {
            delegation_mode: None,
            allow_agents: None,
            max_concurrent: 8,
            max_spawn_depth: 5,
            max_children_per_agent: 5,
            archive_after_minutes: 60,
            model: None,
            thinking: None,
            run_timeout_seconds: 0,
            announce_timeout_ms: 120_000,
            require_agent_id: false,
        }
    }
}

/// How eagerly agents delegate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Delegation {
    /// When it suggests itself.
    Suggest,
    /// Whenever it can be done.
    Prefer,
}
