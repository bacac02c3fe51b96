//! The parts of `agents.defaults` about one turn: what it starts from, what is dropped, what is summed up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::amounts::{Size, Span};

/// What a new session is told about the days before.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StartupContext {
    /// Whether it is told anything.
    pub enabled: bool,
    /// After which kinds of start. Unset: both.
    pub apply_on: Option<Vec<SessionStart>>,
    /// How many daily notes are read.
    #[schemars(range(min = 1, max = 14))]
    pub daily_memory_days: Option<u32>,
    /// The largest note that is read, in bytes.
    #[schemars(range(min = 1, max = 65536))]
    pub max_file_bytes: u64,
    /// How much of one note is told, in characters.
    #[schemars(range(min = 1, max = 10000))]
    pub max_file_chars: Option<u64>,
    /// How much is told together, in characters.
    #[schemars(range(min = 1, max = 50000))]
    pub max_total_chars: Option<u64>,
}

impl Default for StartupContext {
    fn default() -> Self {
        Self {
            enabled: true,
            apply_on: None,
            daily_memory_days: None,
            max_file_bytes: 16_384,
            max_file_chars: None,
            max_total_chars: None,
        }
    }
}

/// How a session starts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionStart {
    /// For the first time.
    New,
    /// Again, emptied.
    Reset,
}

/// How old tool output leaves the context.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContextPruning {
    /// When it does.
    pub mode: PruningMode,
    /// How long the provider keeps a prompt cached; a bare number counts minutes.
    #[schemars(extend("default" = "5m"))]
    pub ttl: Option<Span>,
    /// Which tools' output.
    pub tools: PruningTools,
    /// What stays in its place.
    pub hard_clear: HardClear,
}

/// When old tool output leaves the context.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PruningMode {
    /// Never.
    #[default]
    Off,
    /// When the provider's cache has expired.
    CacheTtl,
}

/// Which tools' output leaves the context.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PruningTools {
    /// Only these.
    pub allow: Option<Vec<String>>,
    /// Never these.
    pub deny: Option<Vec<String>>,
}

/// What stays in place of removed tool output.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HardClear {
    /// Whether it is removed whole.
    pub enabled: Option<bool>,
    /// The text that replaces it.
    pub placeholder: Option<String>,
}

/// How a context that grows too long is summed up.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Compaction {
    /// Whether it is done without being asked.
    pub enabled: bool,
    /// The way it is done.
    pub mode: CompactionMode,
    /// A plugin that does it.
    pub provider: Option<String>,
    /// The model that writes the summary. Unset: the session's.
    pub model: Option<String>,
    /// How much that model thinks.
    pub thinking_level: Option<CompactionThinking>,
    /// How long it may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// How much of the end is kept word for word, in tokens.
    #[schemars(range(min = 1))]
    pub keep_recent_tokens: u64,
    /// How many turns of the end are kept word for word.
    #[schemars(range(min = 0, max = 12))]
    pub recent_turns_preserve: u32,
    /// Whether names, paths and numbers must come through unchanged.
    pub identifier_policy: IdentifierPolicy,
    /// A check of the summary.
    pub quality_guard: QualityGuard,
    /// A check of the length between tool calls.
    pub mid_turn_precheck: MidTurnPrecheck,
    /// Whether memory is indexed afterwards.
    pub post_index_sync: IndexSync,
    /// Headings of workspace files that are put back afterwards.
    pub post_compaction_sections: Option<Vec<String>>,
    /// A transcript longer than this is summed up before the next turn.
    pub max_active_transcript_bytes: Option<Size>,
    /// Whether the person is told.
    pub notify_user: bool,
    /// A turn before it, in which the agent writes down what must not be lost.
    pub memory_flush: MemoryFlush,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            enabled: true,
            mode: CompactionMode::default(),
            provider: None,
            model: None,
            thinking_level: None,
            timeout_seconds: 180,
            keep_recent_tokens: 20_000,
            recent_turns_preserve: 3,
            identifier_policy: IdentifierPolicy::default(),
            quality_guard: QualityGuard::default(),
            mid_turn_precheck: MidTurnPrecheck::default(),
            post_index_sync: IndexSync::default(),
            post_compaction_sections: None,
            max_active_transcript_bytes: None,
            notify_user: false,
            memory_flush: MemoryFlush::default(),
        }
    }
}

/// The way a context is summed up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CompactionMode {
    /// In one piece.
    Default,
    /// In pieces, with checks.
    #[default]
    Safeguard,
}

/// How much the model that sums up thinks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CompactionThinking {
    /// As the session does.
    Inherit,
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

/// Whether names, paths and numbers must come through unchanged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentifierPolicy {
    /// They must.
    #[default]
    Strict,
    /// Nothing is said about them.
    Off,
}

/// A check of the summary.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QualityGuard {
    /// Whether it is made.
    pub enabled: bool,
    /// How often a summary that fails is written again.
    pub max_retries: u32,
}

impl Default for QualityGuard {
    fn default() -> Self {
        Self {
            enabled: true,
            max_retries: 1,
        }
    }
}

/// A check of the length between tool calls.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MidTurnPrecheck {
    /// Whether it is made.
    pub enabled: bool,
}

/// Whether memory is indexed afterwards.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexSync {
    /// No.
    Off,
    /// Yes, without waiting for it.
    #[default]
    Async,
    /// Yes, before going on.
    Await,
}

/// A turn in which the agent writes down what must not be lost.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryFlush {
    /// Whether it is held.
    pub enabled: bool,
    /// The model that holds it.
    pub model: Option<String>,
    /// How far before the limit it is held, in tokens.
    pub soft_threshold_tokens: u64,
    /// A transcript longer than this brings it about in any case. 0: never.
    #[schemars(extend("default" = "2mb"))]
    pub force_flush_transcript_bytes: Option<Size>,
}

impl Default for MemoryFlush {
    fn default() -> Self {
        Self {
            enabled: true,
            model: None,
            soft_threshold_tokens: 4_000,
            force_flush_transcript_bytes: None,
        }
    }
}

/// How turns are run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmbeddedAgent {
    /// What settings files in a workspace may do.
    pub project_settings_policy: ProjectSettings,
    /// What counts as a finished turn.
    pub execution_contract: ExecutionContract,
    /// What happens when a model declines security work.
    pub cyber_failover: CyberFailover,
}

/// What settings files in a workspace may do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectSettings {
    /// Everything.
    Trusted,
    /// Everything that runs no program.
    #[default]
    Sanitize,
    /// Nothing.
    Ignore,
}

/// What counts as a finished turn.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutionContract {
    /// One that ends with an answer.
    #[default]
    Default,
    /// One that has done what it set out to do.
    StrictAgentic,
}

/// What happens when a model declines security work.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CyberFailover {
    /// Whether another is asked.
    pub mode: CyberMode,
    /// Which one.
    #[schemars(length(min = 1))]
    pub model: Option<String>,
    /// How long it stays in charge, in milliseconds.
    #[schemars(range(min = 1))]
    pub cooloff_ms: Option<u64>,
}

/// Whether another model is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CyberMode {
    /// It is.
    #[default]
    Auto,
    /// It is not.
    Off,
}
