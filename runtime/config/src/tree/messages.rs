//! `messages` and `commands`: how the agent takes part in conversations, and what people may order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::values::{AutoBool, Open, PeerId};

/// How the agent takes part in conversations.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Messages {
    /// What precedes every answer; `auto` is the agent's name in brackets.
    pub response_prefix: Option<String>,
    /// How an answer gets out.
    #[schemars(extend("default" = "automatic"))]
    pub visible_replies: Option<VisibleReplies>,
    /// Whether an answer tells what it cost, everywhere or by channel.
    #[schemars(extend("default" = "off"))]
    pub response_usage: Option<UsageChoice>,
    /// How that is told.
    pub usage_template: Option<UsageTemplate>,
    /// Groups.
    pub group_chat: GroupChat,
    /// Messages that arrive while the agent is busy.
    pub queue: Queue,
    /// Messages that arrive in quick succession.
    pub inbound: Inbound,
    /// The sign that a message was seen; empty is none. Unset: the agent's emoji, or eyes.
    pub ack_reaction: Option<String>,
    /// Which messages get the sign.
    pub ack_reaction_scope: AckScope,
    /// Whether the sign is taken back with the answer.
    pub remove_ack_after_reply: bool,
    /// Signs that follow the work.
    pub status_reactions: StatusReactions,
}

/// How an answer gets out; `true` and `false` are older spellings.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum VisibleReplies {
    /// One of the two ways.
    Named(ReplyWay),
    /// By itself, or not.
    Plain(bool),
}

/// Whether answers tell what they cost, everywhere or by channel.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum UsageChoice {
    /// Everywhere.
    All(Usage),
    /// By channel.
    ByChannel(BTreeMap<String, Usage>),
}

/// How the cost of an answer is told: a template, or one for each form.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum UsageTemplate {
    /// One template.
    Text(String),
    /// One for each form.
    Parts(Open),
}

/// How an answer gets out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyWay {
    /// By itself.
    Automatic,
    /// By the tool that sends messages.
    MessageTool,
}

/// What an answer tells of its cost.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// What it cost.
    On,
    /// Nothing.
    Off,
    /// The tokens.
    Tokens,
    /// Everything.
    Full,
}

/// How the agent behaves in groups.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupChat {
    /// Expressions that count as a mention. Unset: made of the agent's name and emoji; empty: none beyond
    /// the platform's own.
    pub mention_patterns: Option<Vec<String>>,
    /// How many messages that passed it by are shown with the one that calls it.
    pub history_limit: u32,
    /// What a message that does not call it becomes.
    pub unmentioned_inbound: Option<UnmentionedInbound>,
    /// How an answer gets out.
    pub visible_replies: Option<VisibleReplies>,
}

impl Default for GroupChat {
    fn default() -> Self {
        Self {
            mention_patterns: None,
            history_limit: 50,
            unmentioned_inbound: None,
            visible_replies: None,
        }
    }
}

/// What a message becomes that does not call the agent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnmentionedInbound {
    /// A request all the same.
    UserRequest,
    /// Something that happened in the room.
    RoomEvent,
}

/// Messages that arrive while the agent is busy.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Queue {
    /// What becomes of them.
    pub mode: QueueMode,
    /// The same, by channel.
    pub by_channel: BTreeMap<String, QueueMode>,
    /// How long the agent waits for more, in milliseconds.
    pub debounce_ms: Option<u64>,
    /// The same, by channel.
    pub debounce_ms_by_channel: BTreeMap<String, u64>,
    /// How many may wait.
    #[schemars(range(min = 1))]
    pub cap: u32,
    /// What happens to more than that.
    pub drop: QueueDrop,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            mode: QueueMode::default(),
            by_channel: BTreeMap::new(),
            debounce_ms: None,
            debounce_ms_by_channel: BTreeMap::new(),
            cap: 20,
            drop: QueueDrop::default(),
        }
    }
}

/// What becomes of a message that arrives while the agent is busy.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueMode {
    /// It joins the turn.
    #[default]
    Steer,
    /// It waits for a turn of its own.
    Followup,
    /// It waits for one turn together with others.
    Collect,
    /// It ends the turn.
    Interrupt,
}

/// What happens when too many messages wait.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueDrop {
    /// The oldest go.
    Old,
    /// The newest go.
    New,
    /// The oldest go and are mentioned in short.
    #[default]
    Summarize,
}

/// Messages that arrive in quick succession.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Inbound {
    /// How long the gateway waits for the next one, in milliseconds. Telegram waits 300 unless told
    /// otherwise.
    pub debounce_ms: u64,
    /// The same, by channel.
    pub by_channel: BTreeMap<String, u64>,
}

/// Which messages get the sign that they were seen.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AckScope {
    /// Those that call the agent in a group.
    #[default]
    GroupMentions,
    /// All in groups.
    GroupAll,
    /// Those in direct chats.
    Direct,
    /// All.
    All,
    /// None.
    Off,
    /// None.
    None,
}

/// Signs that follow the work.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusReactions {
    /// Whether there are any. Unset: on Discord only.
    pub enabled: Option<bool>,
}

/// What people may order by message.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Commands {
    /// Whether platforms are told the commands.
    pub native: AutoBool,
    /// Whether platforms are told the skills.
    pub native_skills: AutoBool,
    /// Whether commands are read from text.
    pub text: bool,
    /// Whether `!` runs a command on this machine.
    pub bash: bool,
    /// After this time such a command goes on in the background, in milliseconds.
    #[schemars(range(min = 0, max = 30000))]
    pub bash_foreground_ms: u64,
    /// Whether `/config` reads and writes this file.
    pub config: bool,
    /// Whether `/mcp` changes MCP servers.
    pub mcp: bool,
    /// Whether `/plugins` changes plugins.
    pub plugins: bool,
    /// Whether `/debug` changes settings until the next start.
    pub debug: bool,
    /// Whether `/restart` and restart signals are obeyed.
    pub restart: bool,
    /// Who is the owner: ids, or `channel:id`.
    pub owner_allow_from: Vec<PeerId>,
    /// Who may order anything, by channel or `*`. Empty: those who may write.
    pub allow_from: BTreeMap<String, Vec<PeerId>>,
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            native: AutoBool::Auto,
            native_skills: AutoBool::Auto,
            text: true,
            bash: false,
            bash_foreground_ms: 2000,
            config: false,
            mcp: false,
            plugins: false,
            debug: false,
            restart: true,
            owner_allow_from: Vec::new(),
            allow_from: BTreeMap::new(),
        }
    }
}
