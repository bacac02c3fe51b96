//! One group of a channel, and how answers are shown while they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::channels::{BotLoopProtection, GroupPolicy, ReplyToMode};
use crate::tree::speech::{StreamingChunk, StreamingCoalesce};
use crate::tree::tools::ToolLists;
use crate::tree::values::{AllowBots, OrOff, PeerId};

/// A group. Keys that a platform has no use for are without effect there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// Whether the agent listens.
    pub enabled: Option<bool>,
    /// Whether it must be called.
    #[schemars(extend("default" = true))]
    pub require_mention: Option<bool>,
    /// Whether it remembers what passes it by.
    pub ingest: Option<bool>,
    /// Whether everyone is listened to.
    pub group_policy: Option<GroupPolicy>,
    /// Who is listened to.
    pub allow_from: Option<Vec<PeerId>>,
    /// Who is listened to, on platforms that spell it so.
    pub group_allow_from: Option<Vec<PeerId>>,
    /// Who is listened to, on platforms that spell it so.
    pub users: Option<Vec<PeerId>>,
    /// Expressions that count as a mention.
    pub mention_patterns: Option<Vec<String>>,
    /// Which tools the agent has there.
    pub tools: Option<ToolLists>,
    /// Which tools it has for single people there.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// The only skills it has there.
    pub skills: Option<Vec<String>>,
    /// What it is told in addition.
    pub system_prompt: Option<String>,
    /// Whether other bots are listened to.
    pub allow_bots: Option<AllowBots>,
    /// A stop for bots that answer each other.
    pub bot_loop_protection: Option<BotLoopProtection>,
    /// The account that listens.
    pub account: Option<String>,
    /// Whether every message is answered.
    pub auto_reply: Option<bool>,
    /// Whether messages that call others are passed over.
    pub ignore_other_mentions: Option<bool>,
    /// Which parts of an answer quote the message.
    pub reply_to_mode: Option<ReplyToMode>,
    /// Whether spoken messages are not looked through for a mention.
    pub disable_audio_preflight: Option<bool>,
    /// Whether it tells what went wrong.
    pub error_policy: Option<ErrorPolicy>,
    /// Topics of a Telegram forum by id.
    pub topics: BTreeMap<String, Topic>,
}

/// A topic of a Telegram forum.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Topic {
    /// Whether the agent listens.
    pub enabled: Option<bool>,
    /// Whether it must be called.
    pub require_mention: Option<bool>,
    /// Whether it remembers what passes it by.
    pub ingest: Option<bool>,
    /// Whether everyone is listened to.
    pub group_policy: Option<GroupPolicy>,
    /// Who is listened to.
    pub allow_from: Option<Vec<PeerId>>,
    /// The only skills it has there.
    pub skills: Option<Vec<String>>,
    /// What it is told in addition.
    pub system_prompt: Option<String>,
    /// The agent that listens.
    pub agent_id: Option<String>,
    /// Whether spoken messages are not looked through for a mention.
    pub disable_audio_preflight: Option<bool>,
    /// Whether it tells what went wrong.
    pub error_policy: Option<ErrorPolicy>,
}

/// Whether the agent tells what went wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorPolicy {
    /// Always.
    Always,
    /// Once.
    Once,
    /// Never.
    Silent,
}

/// How an answer is shown while it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelStreaming {
    /// What is shown.
    pub mode: Option<StreamingMode>,
    /// Where long answers are cut.
    pub chunk_mode: Option<ChunkMode>,
    /// The answer as far as it goes.
    pub preview: Option<Preview>,
    /// What is being done.
    pub progress: Option<Progress>,
    /// Parts that are sent as they are complete.
    pub block: Option<BlockStreaming>,
    /// Whether the platform's own way is used.
    pub native_transport: Option<bool>,
}

/// What is shown while an answer is written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamingMode {
    /// Nothing.
    Off,
    /// The answer as far as it goes.
    Partial,
    /// Its parts.
    Block,
    /// What is being done.
    Progress,
    /// The answer as far as it goes, without a notice.
    Quiet,
}

/// Where long answers are cut.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChunkMode {
    /// At the limit.
    Length,
    /// At the last blank line before the limit.
    Newline,
}

/// The answer as far as it goes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Preview {
    /// In which steps it grows.
    pub chunk: Option<StreamingChunk>,
    /// Whether tool work is shown too.
    pub tool_progress: Option<bool>,
    /// How commands are shown.
    pub command_text: Option<CommandText>,
}

/// What is being done.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Progress {
    /// The heading; false is none.
    pub label: Option<OrOff<String>>,
    /// Headings to choose from.
    pub labels: Option<Vec<String>>,
    /// How many lines there are.
    #[schemars(range(min = 1))]
    pub max_lines: Option<u32>,
    /// How long one is, in characters.
    #[schemars(range(min = 1))]
    pub max_line_chars: Option<u32>,
    /// Whether tool work is shown.
    pub tool_progress: Option<bool>,
    /// How commands are shown.
    pub command_text: Option<CommandText>,
    /// Whether remarks in between are shown.
    pub commentary: Option<bool>,
    /// Whether the work is told in words.
    pub narration: Option<bool>,
    /// How it looks on Slack.
    pub style: Option<ProgressStyle>,
    /// Whether Slack's own cards are used.
    pub native_task_cards: Option<bool>,
}

/// How commands are shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandText {
    /// As they were given.
    Raw,
    /// In a word.
    Status,
}

/// How progress looks on Slack.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProgressStyle {
    /// As a card.
    Card,
    /// In a line.
    Compact,
}

/// Parts that are sent as they are complete.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockStreaming {
    /// Whether they are.
    pub enabled: Option<bool>,
    /// How short parts are joined.
    pub coalesce: Option<StreamingCoalesce>,
}
