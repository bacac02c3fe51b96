//! The parts of `tools` about looking tools up, writing code, many agents, and messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::values::AutoBool;

/// Tools that are looked up instead of listed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolSearch {
    /// Whether they are.
    pub enabled: Option<bool>,
    /// How they are looked up.
    pub mode: Option<ToolSearchMode>,
    /// How long a program that looks them up may run, in milliseconds.
    #[schemars(range(min = 1))]
    pub code_timeout_ms: Option<u64>,
    /// How many are shown when the agent does not say.
    #[schemars(range(min = 1))]
    pub search_default_limit: Option<u32>,
    /// How many are shown at most.
    #[schemars(range(min = 1))]
    pub max_search_limit: Option<u32>,
}

/// How tools are looked up.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolSearchMode {
    /// With a program.
    Code,
    /// With a tool.
    Tools,
    /// In a directory.
    Directory,
}

/// Whether an agent works by writing code: yes, no, as the model suits, or in which way.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CodeMode {
    /// Yes, no, or as the model suits.
    Plain(AutoBool),
    /// In which way.
    Detailed(CodeModeSettings),
}

/// In which way an agent works by writing code.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CodeModeSettings {
    /// Whether it does.
    pub enabled: Option<AutoBool>,
    /// What runs the code.
    pub executor: Option<CodeExecutor>,
    /// Whether the other tools are hidden.
    pub mode: Option<CodeExclusive>,
    /// How long one program may run, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
    /// How much memory it may use, in bytes.
    #[schemars(range(min = 1))]
    pub memory_limit_bytes: Option<u64>,
    /// How much it may print, in bytes.
    #[schemars(range(min = 1))]
    pub max_output_bytes: Option<u64>,
    /// How much of its state is kept, in bytes.
    #[schemars(range(min = 1))]
    pub max_snapshot_bytes: Option<u64>,
    /// How many tools it may call at the same time.
    #[schemars(range(min = 1))]
    pub max_pending_tool_calls: Option<u32>,
    /// How long its state is kept, in seconds.
    #[schemars(range(min = 1))]
    pub snapshot_ttl_seconds: Option<u64>,
    /// How many tools a search shows when it does not say.
    #[schemars(range(min = 1))]
    pub search_default_limit: Option<u32>,
    /// How many tools a search shows at most.
    #[schemars(range(min = 1))]
    pub max_search_limit: Option<u32>,
}

/// What runs an agent's code.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeExecutor {
    /// Node.
    Node,
    /// QuickJS.
    Quickjs,
}

/// Whether the other tools are hidden from an agent that writes code.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeExclusive {
    /// They are.
    Only,
}

/// Many agents at one task.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Swarm {
    /// Whether this is offered.
    pub enabled: Option<bool>,
    /// How many work at the same time.
    #[schemars(range(min = 1))]
    pub max_concurrent: Option<u32>,
    /// How many one group starts at once.
    #[schemars(range(min = 1))]
    pub max_children_per_group: Option<u32>,
    /// How many one group starts in all.
    #[schemars(range(min = 1))]
    pub max_total_per_group: Option<u32>,
    /// How long a wait for them may last, in seconds.
    #[schemars(range(min = 1))]
    pub wait_timeout_seconds_max: Option<u64>,
    /// The agent that is started when none is named.
    pub default_agent_id: Option<String>,
}

/// The tool that sends messages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageTool {
    /// Messages to other places than the conversation.
    pub cross_context: CrossContext,
    /// What the tool may do.
    pub actions: Option<MessageActions>,
    /// Messages to many at once.
    pub broadcast: MessageBroadcast,
}

/// Messages to other places than the conversation.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CrossContext {
    /// Whether they may go elsewhere on the same channel.
    pub allow_within_provider: bool,
    /// Whether they may go to other channels.
    pub allow_across_providers: bool,
    /// A note of where they come from.
    pub marker: Option<CrossContextMarker>,
}

impl Default for CrossContext {
    fn default() -> Self {
        Self {
            allow_within_provider: true,
            allow_across_providers: true,
            marker: None,
        }
    }
}

/// A note of where a message comes from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CrossContextMarker {
    /// Whether it is added.
    pub enabled: Option<bool>,
    /// What precedes the message.
    pub prefix: Option<String>,
    /// What follows the message.
    pub suffix: Option<String>,
}

/// What the message tool may do.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageActions {
    /// Only these actions.
    pub allow: Option<Vec<String>>,
}

/// Messages to many at once.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageBroadcast {
    /// Whether they can be sent.
    pub enabled: bool,
}

impl Default for MessageBroadcast {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Access to GitHub for commands.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GithubAccess {
    /// The profile that holds the credential.
    #[schemars(regex(pattern = r"^ghp_[a-f0-9]{32}$"))]
    pub profile_id: String,
    /// How the profile signed in.
    pub kind: Option<GithubKind>,
    /// Who commits.
    pub git_author: Option<GitAuthor>,
}

/// How a GitHub profile signed in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GithubKind {
    /// In the browser.
    Oauth,
}

/// Who commits.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GitAuthor {
    /// The name.
    #[schemars(length(min = 1))]
    pub name: Option<String>,
    /// The address.
    #[schemars(length(min = 1))]
    pub email: Option<String>,
}
