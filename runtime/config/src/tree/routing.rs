//! `bindings` and `broadcast`: which agent answers where.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::agents::AcpMode;
use crate::tree::session::{DmScope, GroupScope};
use crate::tree::tools_media::ChatType;
use crate::tree::values::PeerId;

/// Which agent answers where. The most exact binding decides.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Whether the agent answers itself or through a program.
    #[serde(rename = "type", default)]
    pub kind: BindingKind,
    /// The agent's id.
    pub agent_id: String,
    /// A note for people.
    pub comment: Option<String>,
    /// Where.
    #[serde(rename = "match")]
    pub place: BindingMatch,
    /// How conversations there are kept apart.
    pub session: Option<BindingSession>,
    /// The program that answers, for bindings of type `acp`.
    pub acp: Option<BindingAcp>,
}

/// Whether an agent answers itself or through a program.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BindingKind {
    /// Itself.
    #[default]
    Route,
    /// Through a program that speaks the Agent Client Protocol.
    Acp,
}

/// A place. Keys that are left out fit everything.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingMatch {
    /// The channel.
    pub channel: String,
    /// The account; `*` is every one. Unset: the default account.
    pub account_id: Option<String>,
    /// The person, group or channel.
    pub peer: Option<BindingPeer>,
    /// The Discord server.
    pub guild_id: Option<String>,
    /// The Slack or Teams team.
    pub team_id: Option<String>,
    /// Discord roles, any of which is enough.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A person, group or channel.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingPeer {
    /// Which of the three.
    pub kind: ChatType,
    /// Its id; `*` is every one.
    pub id: PeerId,
}

/// How conversations are kept apart in one place.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BindingSession {
    /// Direct chats.
    pub dm_scope: Option<DmScope>,
    /// Groups.
    pub group_scope: Option<GroupScope>,
}

/// A program that answers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BindingAcp {
    /// How long it lives.
    pub mode: Option<AcpMode>,
    /// What the session is called.
    pub label: Option<String>,
    /// The folder it starts in.
    pub cwd: Option<String>,
    /// The backend that starts it.
    pub backend: Option<String>,
}

/// Conversations in which several agents answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Broadcast {
    /// In which order they do.
    pub strategy: BroadcastStrategy,
    /// The conversations, as `peer` or `channel:peer`, and their agents.
    #[serde(flatten)]
    pub peers: BTreeMap<String, BroadcastGroup>,
}

/// In which order several agents answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BroadcastStrategy {
    /// At the same time.
    #[default]
    Parallel,
    /// One after the other.
    Sequential,
}

/// The agents of a conversation in which several answer: their ids, or an object that says more.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum BroadcastGroup {
    /// Their ids.
    Agents(Vec<String>),
    /// More.
    Detailed(BroadcastRounds),
}

/// How several agents talk with each other in one conversation.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastRounds {
    /// Their ids.
    #[schemars(length(max = 16))]
    pub agents: Vec<String>,
    /// Whether only those that are called answer.
    #[serde(default = "yes")]
    pub mention_gating: bool,
    /// How often each may answer what the others say.
    #[serde(default = "default_max_rounds")]
    #[schemars(range(min = 1, max = 4))]
    pub max_rounds: u32,
    /// How many turns all together may take.
    #[schemars(range(min = 1, max = 32))]
    pub max_turns: Option<u32>,
}

fn yes() -> bool {
    true
}

fn default_max_rounds() -> u32 {
    1
}
