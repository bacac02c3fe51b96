//! `skills` and `plugins`: what others wrote.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::{PlainText, SecretInput};
use crate::tree::values::Open;

/// Skills: instructions and tools that agents read when they need them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Skills {
    /// The only built-in ones. Unset: all.
    pub allow_bundled: Option<Vec<String>>,
    /// Where they are found.
    pub load: SkillFolders,
    /// How the programs are installed that they need.
    pub install: SkillInstall,
    /// How many there may be.
    pub limits: SkillLimits,
    /// Skills that agents write.
    pub workshop: Workshop,
    /// Settings of single skills.
    pub entries: BTreeMap<String, SkillEntry>,
}

/// Where skills are found.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkillFolders {
    /// Folders besides the usual ones.
    pub extra_dirs: Vec<String>,
    /// Folders that links in them may lead to.
    pub allow_symlink_targets: Vec<String>,
    /// Whether changes are noticed at once.
    pub watch: bool,
}

impl Default for SkillFolders {
    fn default() -> Self {
        Self {
            extra_dirs: Vec::new(),
            allow_symlink_targets: Vec::new(),
            watch: true,
        }
    }
}

/// How the programs are installed that skills need.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkillInstall {
    /// Whether Homebrew is tried first.
    pub prefer_brew: bool,
    /// Who installs packages of Node.
    pub node_manager: NodeManager,
    /// Whether clients may upload skills.
    pub allow_uploaded_archives: bool,
}

impl Default for SkillInstall {
    fn default() -> Self {
        Self {
            prefer_brew: true,
            node_manager: NodeManager::default(),
            allow_uploaded_archives: false,
        }
    }
}

/// Who installs packages of Node.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeManager {
    /// npm.
    #[default]
    Npm,
    /// pnpm.
    Pnpm,
    /// Yarn.
    Yarn,
    /// Bun.
    Bun,
}

/// How many skills there may be.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkillLimits {
    /// How many folders of one place are looked at.
    #[schemars(range(min = 1))]
    pub max_candidates_per_root: Option<u32>,
    /// How many of one place are loaded.
    #[schemars(range(min = 1))]
    pub max_skills_loaded_per_source: Option<u32>,
    /// How many stand in the prompt.
    pub max_skills_in_prompt: Option<u32>,
    /// How much room they take there, in characters.
    pub max_skills_prompt_chars: Option<u64>,
    /// The largest file, in bytes.
    pub max_skill_file_bytes: Option<u64>,
}

/// Skills that agents write.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Workshop {
    /// What they may do unasked.
    pub autonomous: WorkshopAutonomy,
    /// Whether a person must agree.
    pub approval_policy: Option<WorkshopApproval>,
    /// How many may wait for that.
    #[schemars(range(min = 1))]
    pub max_pending: Option<u32>,
    /// The largest, in bytes.
    #[schemars(range(min = 1))]
    pub max_skill_bytes: Option<u64>,
}

/// What agents may do unasked about skills.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkshopAutonomy {
    /// What it is.
    pub mode: Option<WorkshopMode>,
}

/// What agents may do unasked about skills.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkshopMode {
    /// Nothing.
    Off,
    /// Propose them.
    Propose,
    /// Write them.
    Auto,
}

/// Whether a person must agree to a skill.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkshopApproval {
    /// Somebody must.
    Pending,
    /// Nobody must.
    Auto,
}

/// Settings of one skill.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkillEntry {
    /// Whether it is offered.
    pub enabled: Option<bool>,
    /// The key it needs.
    pub api_key: Option<SecretInput>,
    /// Variables its programs are given.
    pub env: BTreeMap<String, PlainText>,
    /// What else it wants to know.
    pub config: Open,
}

/// Plugins.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Plugins {
    /// Whether any are loaded.
    pub enabled: bool,
    /// The only ones, by id. Empty: all.
    pub allow: Vec<String>,
    /// Never these, by id.
    pub deny: Vec<String>,
    /// Where they are found.
    pub load: PluginFolders,
    /// Which plugin fills a place that only one can.
    pub slots: PluginSlots,
    /// Settings of single plugins.
    pub entries: BTreeMap<String, PluginEntry>,
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            enabled: true,
            allow: Vec::new(),
            deny: Vec::new(),
            load: PluginFolders::default(),
            slots: PluginSlots::default(),
            entries: BTreeMap::new(),
        }
    }
}

/// Where plugins are found.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginFolders {
    /// Files and folders besides the usual ones.
    pub paths: Vec<String>,
}

/// Which plugin fills a place that only one can.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginSlots {
    /// Memory; `none` is none.
    pub memory: Option<String>,
    /// What is put into the context.
    pub context_engine: Option<String>,
}

/// Settings of one plugin.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginEntry {
    /// Whether it is loaded.
    pub enabled: Option<bool>,
    /// What it wants to know; its manifest says what that is.
    pub config: Open,
    /// What it may hook into.
    pub hooks: Option<PluginHooks>,
    /// Agents that it starts.
    pub subagent: Option<PluginSubagent>,
    /// Questions it puts to models.
    pub llm: Option<PluginLlm>,
}

/// What a plugin may hook into.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginHooks {
    /// Whether it may add to prompts.
    pub allow_prompt_injection: Option<bool>,
    /// Whether it may read conversations.
    pub allow_conversation_access: Option<bool>,
    /// How long its hooks may take, in milliseconds.
    #[schemars(range(min = 1, max = 600000))]
    pub timeout_ms: Option<u64>,
    /// The same, by hook.
    pub timeouts: BTreeMap<String, u64>,
}

/// Agents that a plugin starts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginSubagent {
    /// Whether it may choose their model.
    pub allow_model_override: Option<bool>,
    /// The only models.
    pub allowed_models: Option<Vec<String>>,
}

/// Questions that a plugin puts to models.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginLlm {
    /// Whether it may choose the model.
    pub allow_model_override: Option<bool>,
    /// The only models.
    pub allowed_models: Option<Vec<String>>,
    /// The only models for bare completions.
    pub allowed_completion_models: Option<Vec<String>>,
    /// Whether it may choose the credential.
    pub allow_auth_profile_override: Option<bool>,
    /// Whether it may choose the agent.
    pub allow_agent_id_override: Option<bool>,
}
