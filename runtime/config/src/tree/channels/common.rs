//! The keys that every channel and every account understands.
//!
//! An account takes from its channel what it leaves out, and the channel from `channels.defaults`; so every key
//! here may be unset, and its default is told in its help only.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::channels::{ChannelStreaming, Group};
use crate::tree::messages::AckScope;
use crate::tree::session::ThreadBindings;
use crate::tree::tools_media::Verdict;
use crate::tree::values::{AllowBots, AutoBool, PeerId};

/// The keys that every channel and every account understands.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelCommon {
    /// Whether it runs. A channel that has no entry at all does not.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// What people call it.
    pub name: Option<String>,
    /// What it may be used for.
    pub capabilities: Option<Capabilities>,
    /// How formatted text is sent.
    pub markdown: Option<Markdown>,
    /// Whether orders in its chats may change this file.
    #[schemars(extend("default" = true))]
    pub config_writes: Option<bool>,
    /// Who hears what has no recipient.
    pub default_to: Option<PeerId>,
    /// Who may write directly.
    #[schemars(extend("default" = "pairing"))]
    pub dm_policy: Option<DmPolicy>,
    /// Who may write directly, besides those who are paired; `*` is everyone.
    pub allow_from: Option<Vec<PeerId>>,
    /// In which groups the agent listens.
    #[schemars(extend("default" = "allowlist"))]
    pub group_policy: Option<GroupPolicy>,
    /// Who is listened to in groups. Unset: as `allowFrom`.
    pub group_allow_from: Option<Vec<PeerId>>,
    /// Groups by id; `*` is every other. With an entry, only these are listened to.
    pub groups: BTreeMap<String, Group>,
    /// Whether the agent must be called in groups.
    pub require_mention: Option<bool>,
    /// Expressions that count as a mention, or where such expressions count.
    pub mention_patterns: Option<MentionPatterns>,
    /// What else counts as a mention.
    pub implicit_mentions: Option<ImplicitMentions>,
    /// Whose words are shown with a message.
    #[schemars(extend("default" = "all"))]
    pub context_visibility: Option<ContextVisibility>,
    /// How many messages that passed the agent by are shown with the one that calls it.
    #[schemars(extend("default" = 50))]
    pub history_limit: Option<u32>,
    /// How many of the turns of a direct chat are remembered. Unset: all.
    pub dm_history_limit: Option<u32>,
    /// Single direct chats by id.
    pub dms: BTreeMap<String, DirectChat>,
    /// Where long answers are cut, in characters. Discord cuts at 2000.
    #[schemars(range(min = 1), extend("default" = 4000))]
    pub text_chunk_limit: Option<u32>,
    /// How an answer is shown while it is written.
    pub streaming: Option<ChannelStreaming>,
    /// Which parts of an answer quote the message.
    #[schemars(extend("default" = "off"))]
    pub reply_to_mode: Option<ReplyToMode>,
    /// What precedes every answer; `auto` is the agent's name in brackets.
    pub response_prefix: Option<String>,
    /// The largest attachment, in MiB.
    pub media_max_mb: Option<f64>,
    /// Whether the agent presents itself to a group it joins.
    #[schemars(extend("default" = true))]
    pub join_intro: Option<bool>,
    /// What of heartbeats is shown.
    pub heartbeat_visibility: Option<HeartbeatVisibility>,
    /// The check that starts it again.
    pub health_monitor: Option<HealthMonitor>,
    /// Lets lists name people by names that they can change.
    #[schemars(extend("default" = false))]
    pub dangerously_allow_name_matching: Option<bool>,
    /// Whether other bots are listened to.
    pub allow_bots: Option<AllowBots>,
    /// A stop for bots that answer each other.
    pub bot_loop_protection: Option<BotLoopProtection>,
    /// Questions for a nod in chats.
    pub exec_approvals: Option<ExecApprovals>,
    /// Which reactions the agent hears of.
    pub reaction_notifications: Option<ReactionNotifications>,
    /// Whose reactions, for `allowlist`.
    pub reaction_allowlist: Option<Vec<PeerId>>,
    /// How freely the agent reacts.
    pub reaction_level: Option<ReactionLevel>,
    /// The sign that a message was seen; empty is none.
    pub ack_reaction: Option<String>,
    /// Which messages get the sign.
    pub ack_reaction_scope: Option<AckScope>,
    /// Threads that belong to the sessions of started agents.
    pub thread_bindings: Option<ThreadBindings>,
    /// What the agent may do there, by action.
    pub actions: BTreeMap<String, bool>,
}

/// What a channel may be used for: a list, or an object that says more.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Capabilities {
    /// A list of abilities.
    List(Vec<String>),
    /// More.
    Detailed(CapabilityDetails),
}

/// Expressions that count as a mention, or where such expressions count.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MentionPatterns {
    /// The expressions.
    List(Vec<String>),
    /// Where they count.
    Places(MentionPlaces),
}

/// What a channel may be used for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CapabilityDetails {
    /// Where answers have buttons.
    pub inline_buttons: Option<InlineButtons>,
}

/// Where answers have buttons.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InlineButtons {
    /// Nowhere.
    Off,
    /// In direct chats.
    Dm,
    /// In groups.
    Group,
    /// Everywhere.
    All,
    /// Where the person is listed.
    Allowlist,
}

/// Where expressions count as a mention.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MentionPlaces {
    /// Whether they count where nothing is said.
    pub mode: Option<Verdict>,
    /// Groups where they do.
    pub allow_in: Vec<String>,
    /// Groups where they do not.
    pub deny_in: Vec<String>,
}

/// How formatted text is sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Markdown {
    /// How tables look.
    pub tables: Option<TableStyle>,
}

/// How tables look.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TableStyle {
    /// As they were written.
    Off,
    /// As lists.
    Bullets,
    /// As code.
    Code,
    /// As the platform's own.
    Block,
}

/// Who may write directly.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DmPolicy {
    /// Who is listed or paired; others get a code.
    Pairing,
    /// Who is listed or paired.
    Allowlist,
    /// Everyone. `allowFrom` must say `*` then.
    Open,
    /// No one.
    Disabled,
}

/// In which groups the agent listens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-aliases" = ["allowall"]))]
pub enum GroupPolicy {
    /// In all.
    #[serde(alias = "allowall")]
    Open,
    /// In none.
    Disabled,
    /// In those that are listed.
    Allowlist,
}

/// Whose words are shown with a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextVisibility {
    /// Everyone's.
    All,
    /// Those of people who are listed.
    Allowlist,
    /// Those of people who are listed, and what the message quotes.
    AllowlistQuote,
}

/// Which parts of an answer quote the message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplyToMode {
    /// None.
    Off,
    /// The first.
    First,
    /// All.
    All,
    /// The first, when several messages are answered at once.
    Batched,
}

/// What else counts as a mention.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImplicitMentions {
    /// An answer to the agent.
    #[schemars(extend("default" = true))]
    pub reply_to_bot: Option<bool>,
    /// A quotation of the agent.
    #[schemars(extend("default" = true))]
    pub quoted_bot: Option<bool>,
    /// A thread that the agent takes part in.
    #[schemars(extend("default" = true))]
    pub thread_participation: Option<bool>,
}

/// A single direct chat.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectChat {
    /// How many of its turns are remembered.
    pub history_limit: Option<u32>,
    /// Whether it is answered.
    pub enabled: Option<bool>,
    /// What the agent is told in addition.
    pub system_prompt: Option<String>,
}

/// What of heartbeats is shown.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeartbeatVisibility {
    /// That there is nothing to report.
    #[schemars(extend("default" = false))]
    pub show_ok: Option<bool>,
    /// What there is to report.
    #[schemars(extend("default" = true))]
    pub show_alerts: Option<bool>,
    /// That one took place, to clients that show it.
    #[schemars(extend("default" = true))]
    pub use_indicator: Option<bool>,
}

/// The check that starts an account again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthMonitor {
    /// Whether it does.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
}

/// A stop for bots that answer each other.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BotLoopProtection {
    /// Whether it is in force.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// How many messages of bots are answered within the window.
    #[schemars(range(min = 1))]
    pub max_events_per_window: Option<u32>,
    /// The window, in seconds.
    #[schemars(range(min = 1))]
    pub window_seconds: Option<u32>,
    /// How long they are passed over afterwards, in seconds.
    #[schemars(range(min = 1))]
    pub cooldown_seconds: Option<u32>,
}

/// Questions for a nod in chats.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecApprovals {
    /// Whether they are shown there.
    pub enabled: Option<AutoBool>,
    /// Who may nod. Unset: the owner.
    pub approvers: Option<Vec<PeerId>>,
    /// Only questions of these agents.
    pub agent_filter: Option<Vec<String>>,
    /// Only questions of sessions whose key fits one of these.
    pub session_filter: Option<Vec<String>>,
    /// Where they are shown.
    pub target: Option<ApprovalPlace>,
    /// Whether they are taken back once answered.
    pub cleanup_after_resolve: Option<bool>,
}

/// Where questions for a nod are shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalPlace {
    /// In the direct chat of who may nod.
    Dm,
    /// Where they arise.
    Channel,
    /// In both.
    Both,
}

/// Which reactions the agent hears of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReactionNotifications {
    /// None.
    Off,
    /// Those to its own messages.
    Own,
    /// All.
    All,
    /// Those of people who are listed.
    Allowlist,
}

/// How freely the agent reacts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReactionLevel {
    /// Not at all.
    Off,
    /// To say that it saw a message.
    Ack,
    /// Now and then.
    Minimal,
    /// Freely.
    Extensive,
}
