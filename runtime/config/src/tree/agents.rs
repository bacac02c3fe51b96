//! `agents`: the assistants of this gateway, and what they share.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::agent_defaults::{
    AgentDefaults, ContextInjection, ContextLimits, Delegation, Experimental, ModelPolicy, ModelSettings,
    Thinking,
};
use crate::tree::agent_turn::ExecutionContract;
use crate::tree::heartbeat::Heartbeat;
use crate::tree::memory::MemorySearch;
use crate::tree::messages::UnmentionedInbound;
use crate::tree::sandbox::Sandbox;
use crate::tree::speaking::Tts;
use crate::tree::speech::{HumanDelay, Reasoning, ToolProgress, TypingMode, Verbose};
use crate::tree::tools::AgentTools;
use crate::tree::values::{AutoBool, ModelChoice, Open};

/// The assistants of this gateway, and what they share.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Agents {
    /// Marks a roster in which every agent is written out; no agent then bears the `default` mark.
    pub ownership: Option<Ownership>,
    /// What holds for every agent that does not say otherwise.
    pub defaults: AgentDefaults,
    /// The agents by id: lowercase letters, digits, `_` and `-`, 64 at most.
    pub entries: BTreeMap<String, Agent>,
}

/// How the roster of agents came about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ownership {
    /// Every agent is written out.
    Explicit,
}

/// One agent. A key that is left out is taken from `agents.defaults`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Agent {
    /// Whether it answers what no binding assigns. Without a mark: `main`, or the only one.
    pub default: bool,
    /// Its name in listings.
    pub name: Option<String>,
    /// What it is for, in a sentence; other agents read this.
    pub description: Option<String>,
    /// How it presents itself.
    pub identity: Identity,
    /// Its home folder.
    pub workspace: Option<String>,
    /// The folder that its commands start in.
    pub cwd: Option<String>,
    /// Where its own state is kept.
    pub agent_dir: Option<String>,
    /// The model that it thinks with.
    pub model: Option<ModelChoice>,
    /// The model for small chores such as titles.
    pub utility_model: Option<String>,
    /// The model for yes-or-no questions.
    #[schemars(length(max = 512))]
    pub decision_model: Option<String>,
    /// Settings of single models, by reference.
    pub models: BTreeMap<String, ModelSettings>,
    /// Which models may be chosen.
    pub model_policy: Option<ModelPolicy>,
    /// Parameters that every request to a model carries.
    pub params: Option<Open>,
    /// How much it thinks.
    pub thinking_default: Option<Thinking>,
    /// Whether it asks for the fast service tier.
    pub fast_mode_default: Option<AutoBool>,
    /// How much of its tool work is told.
    pub verbose_default: Option<Verbose>,
    /// Whether its reasoning is shown.
    pub reasoning_default: Option<Reasoning>,
    /// How tool work is told.
    pub tool_progress_detail: Option<ToolProgress>,
    /// When workspace files go into the prompt.
    pub context_injection: Option<ContextInjection>,
    /// How much of one workspace file goes into the prompt.
    #[schemars(range(min = 1))]
    pub bootstrap_max_chars: Option<u64>,
    /// How much of all workspace files together goes into the prompt.
    #[schemars(range(min = 1))]
    pub bootstrap_total_max_chars: Option<u64>,
    /// Parts that may change.
    pub experimental: Option<Experimental>,
    /// The only skills it has. Unset: those of the defaults; empty: none.
    pub skills: Option<Vec<String>>,
    /// How much room skills take in its prompt.
    pub skills_limits: Option<SkillsPromptLimit>,
    /// How much text single sources put into its context.
    pub context_limits: Option<ContextLimits>,
    /// Which agents it may start.
    pub subagents: Option<AgentSubagents>,
    /// How its turns are run.
    pub embedded_agent: Option<AgentEmbedded>,
    /// What runs it.
    pub runtime: Option<AgentRuntime>,
    /// Pauses between the parts of an answer.
    pub human_delay: Option<HumanDelay>,
    /// When it shows that it is typing.
    pub typing_mode: Option<TypingMode>,
    /// Its regular look around. As soon as one agent has this, agents without it have none.
    pub heartbeat: Option<Heartbeat>,
    /// How it behaves in groups.
    pub group_chat: Option<AgentGroupChat>,
    /// Where its tools run.
    pub sandbox: Option<Sandbox>,
    /// Which tools it has.
    pub tools: Option<AgentTools>,
    /// How it speaks.
    pub tts: Option<Tts>,
    /// What it remembers.
    pub memory: Option<AgentMemory>,
}

/// How an agent presents itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// The name it goes by.
    pub name: Option<String>,
    /// Its character in a few words.
    pub theme: Option<String>,
    /// Its sign, also used to acknowledge messages.
    pub emoji: Option<String>,
    /// Its picture: a path in the workspace, or an address.
    pub avatar: Option<String>,
}

/// How much room skills take in an agent's prompt.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkillsPromptLimit {
    /// The most that the list of skills may take, in characters.
    pub max_skills_prompt_chars: Option<u64>,
}

/// Which agents an agent may start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentSubagents {
    /// How eagerly it delegates.
    pub delegation_mode: Option<Delegation>,
    /// Ids of the agents it may start, or `*`.
    pub allow_agents: Option<Vec<String>>,
    /// The model that they think with.
    pub model: Option<ModelChoice>,
    /// How much they think.
    pub thinking: Option<String>,
    /// Whether it must name the agent it starts.
    pub require_agent_id: Option<bool>,
}

/// How an agent's turns are run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentEmbedded {
    /// What counts as a finished turn.
    pub execution_contract: Option<ExecutionContract>,
}

/// How an agent behaves in groups.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentGroupChat {
    /// Expressions that count as a mention. Empty: none beyond the platform's own.
    pub mention_patterns: Option<Vec<String>>,
    /// How many messages that passed it by are shown with the one that calls it.
    pub history_limit: Option<u32>,
    /// What a message that does not call it becomes.
    pub unmentioned_inbound: Option<UnmentionedInbound>,
}

/// What an agent remembers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentMemory {
    /// How it searches.
    pub search: Option<MemorySearch>,
}

/// What runs an agent.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum AgentRuntime {
    /// The gateway itself.
    Embedded {},
    /// A program that speaks the Agent Client Protocol.
    Acp {
        /// That program.
        #[serde(default)]
        acp: AcpRuntime,
    },
}

/// A program that speaks the Agent Client Protocol.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AcpRuntime {
    /// Which agent it runs.
    pub agent: Option<String>,
    /// The backend that starts it.
    pub backend: Option<String>,
    /// How long it lives.
    pub mode: Option<AcpMode>,
    /// The folder it starts in.
    pub cwd: Option<String>,
}

/// How long a program that speaks the Agent Client Protocol lives.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AcpMode {
    /// As long as the session.
    Persistent,
    /// One turn.
    Oneshot,
}
