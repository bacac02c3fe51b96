//! `tools`: what agents may use, and how far each tool may go.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::exec::{AgentExec, Exec};
use crate::tree::tools_media::{Links, MediaTools};
use crate::tree::tools_more::{CodeMode, GithubAccess, MessageTool, Swarm, ToolSearch};
use crate::tree::tools_web::WebTools;
use crate::tree::values::{PeerId, Switch};

/// What agents may use, and how far each tool may go.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tools {
    /// The set of tools to start from. Unset: all.
    pub profile: Option<ToolProfile>,
    /// Only these tools; names, `*`, or groups such as `group:fs`.
    pub allow: Option<Vec<String>>,
    /// These in addition to the profile.
    pub also_allow: Option<Vec<String>>,
    /// Never these. Refusal comes before everything else.
    pub deny: Option<Vec<String>>,
    /// What is taken away further when this provider, or this model of it, is used.
    pub by_provider: BTreeMap<String, ToolPolicy>,
    /// What single senders may use. Keys: `channel:<channel>:<id>`, `id:`, `e164:`, `username:`, `name:` or
    /// `*`.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// Commands.
    pub exec: Exec,
    /// File tools.
    pub fs: FsTools,
    /// Commands that leave the sandbox.
    pub elevated: Elevation,
    /// Tools in sandboxed sessions.
    pub sandbox: SandboxTools,
    /// Search and fetching.
    pub web: WebTools,
    /// Understanding of images, sound and films.
    pub media: MediaTools,
    /// Summaries of links in messages.
    pub links: Links,
    /// Tools that look at sessions.
    pub sessions: SessionTools,
    /// The tool that starts agents.
    #[serde(rename = "sessions_spawn")]
    pub sessions_spawn: SpawnTool,
    /// Messages between agents.
    pub agent_to_agent: AgentToAgent,
    /// Tools of agents that agents start.
    pub subagents: SubagentTools,
    /// A stop for agents that go round in circles.
    pub loop_detection: LoopDetection,
    /// Tools that are looked up instead of listed.
    pub tool_search: Option<Switch<ToolSearch>>,
    /// Work by writing code instead of calling tools.
    pub code_mode: Option<CodeMode>,
    /// Many agents at one task.
    pub swarm: Option<Switch<Swarm>>,
    /// The tool that sends messages.
    pub message: MessageTool,
    /// Whether agents keep a plan.
    pub update_plan: bool,
    /// Access to GitHub for commands.
    pub github: Option<GithubAccess>,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            profile: None,
            allow: None,
            also_allow: None,
            deny: None,
            by_provider: BTreeMap::new(),
            tools_by_sender: BTreeMap::new(),
            exec: Exec::default(),
            fs: FsTools::default(),
            elevated: Elevation::default(),
            sandbox: SandboxTools::default(),
            web: WebTools::default(),
            media: MediaTools::default(),
            links: Links::default(),
            sessions: SessionTools::default(),
            sessions_spawn: SpawnTool::default(),
            agent_to_agent: AgentToAgent::default(),
            subagents: SubagentTools::default(),
            loop_detection: LoopDetection::default(),
            tool_search: None,
            code_mode: None,
            swarm: None,
            message: MessageTool::default(),
            update_plan: true,
            github: None,
        }
    }
}

/// Which tools one agent has. What is left out is taken from `tools`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentTools {
    /// The set of tools to start from.
    pub profile: Option<ToolProfile>,
    /// Only these tools.
    pub allow: Option<Vec<String>>,
    /// These in addition to the profile.
    pub also_allow: Option<Vec<String>>,
    /// Never these.
    pub deny: Option<Vec<String>>,
    /// What is taken away further when this provider, or this model of it, is used.
    pub by_provider: BTreeMap<String, ToolPolicy>,
    /// What single senders may use.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// Commands.
    pub exec: Option<AgentExec>,
    /// File tools.
    pub fs: Option<FsTools>,
    /// Commands that leave the sandbox.
    pub elevated: Option<Elevation>,
    /// Tools when sandboxed.
    pub sandbox: Option<SandboxTools>,
    /// A stop for going round in circles.
    pub loop_detection: Option<LoopDetection>,
    /// Work by writing code instead of calling tools.
    pub code_mode: Option<CodeMode>,
    /// Many agents at one task.
    pub swarm: Option<Switch<Swarm>>,
    /// The tool that sends messages.
    pub message: Option<MessageTool>,
    /// Access to GitHub for commands.
    pub github: Option<GithubAccess>,
}

/// A set of tools to start from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolProfile {
    /// Little more than the session's own state.
    Minimal,
    /// Files, commands, sessions and memory.
    Coding,
    /// Messages and sessions.
    Messaging,
    /// Everything.
    Full,
}

/// Tools that may be used.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolLists {
    /// Only these.
    pub allow: Option<Vec<String>>,
    /// These in addition.
    pub also_allow: Option<Vec<String>>,
    /// Never these.
    pub deny: Option<Vec<String>>,
}

/// Tools that may be used.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolPolicy {
    /// The set to start from.
    pub profile: Option<ToolProfile>,
    /// Only these.
    pub allow: Option<Vec<String>>,
    /// These in addition.
    pub also_allow: Option<Vec<String>>,
    /// Never these.
    pub deny: Option<Vec<String>>,
}

/// File tools.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FsTools {
    /// Whether they stay in the workspace.
    pub workspace_only: bool,
}

/// Commands that leave the sandbox.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Elevation {
    /// Whether they can.
    pub enabled: bool,
    /// Who may ask for it, by channel.
    pub allow_from: BTreeMap<String, Vec<PeerId>>,
}

impl Default for Elevation {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_from: BTreeMap::new(),
        }
    }
}

/// Tools in sandboxed sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SandboxTools {
    /// Which there are.
    pub tools: SandboxToolLists,
}

/// Which tools there are in sandboxed sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SandboxToolLists {
    /// Only these. Unset: commands, files, sessions and looking at images.
    pub allow: Option<Vec<String>>,
    /// These in addition.
    pub also_allow: Option<Vec<String>>,
    /// Never these. Unset: browser, canvas, computer, devices, automations, gateway, and every channel.
    pub deny: Option<Vec<String>>,
}

/// Tools that look at sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionTools {
    /// Which sessions they see.
    pub visibility: SessionVisibility,
}

/// Which sessions the session tools see.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionVisibility {
    /// Only the one they run in.
    #[serde(rename = "self")]
    Own,
    /// That one and those it started.
    Tree,
    /// All of the agent's.
    Agent,
    /// All.
    #[default]
    All,
}

/// The tool that starts agents.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpawnTool {
    /// Files that it hands over.
    pub attachments: SpawnAttachments,
}

/// Files that are handed to an agent that is started.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpawnAttachments {
    /// Whether any are.
    pub enabled: Option<bool>,
    /// The most together, in bytes.
    pub max_total_bytes: Option<u64>,
    /// How many.
    pub max_files: Option<u32>,
    /// The largest, in bytes.
    pub max_file_bytes: Option<u64>,
    /// Whether they stay as long as the session does.
    pub retain_on_session_keep: Option<bool>,
}

/// Messages between agents.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentToAgent {
    /// Whether agents may write to each other.
    pub enabled: bool,
    /// Only these agents, by id.
    pub allow: Option<Vec<String>>,
}

impl Default for AgentToAgent {
    fn default() -> Self {
        Self {
            enabled: true,
            allow: None,
        }
    }
}

/// Tools of agents that agents start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubagentTools {
    /// Which there are.
    pub tools: ToolLists,
}

/// A stop for agents that go round in circles.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoopDetection {
    /// Whether it is in force.
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
}
