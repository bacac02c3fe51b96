//! What is asked for: one message and where it comes from, as the state keeps it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a turn is asked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// What the person wrote.
    pub message: String,
    /// What the model reads in its place, such as the message with its sender and the talk before it in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Images that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// Who wrote on a channel; none for the gateway's own clients, whose person is the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sender>,
    /// Where the answer goes; none: only to those who listen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// How it came in.
    pub origin: Origin,
    /// What kind of conversation it comes from.
    pub chat: Chat,
    /// The model to use in place of the session's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How much to think: a level's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// What is added to the system prompt for this turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_system_prompt: Option<String>,
    /// How long the turn may take in place of what the config says, in milliseconds. 0: as long as it wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How long each answer of the model may be, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// How freely the model chooses its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Tools that whoever asks runs itself: a call of one ends the turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ClientTool>,
    /// Whether a client of the gateway's own may answer about commands that wait. Of those on channels, owners may.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub may_approve: bool,
    /// Whether a client of the gateway's own may let commands leave the sandbox, as far as the config lets it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub may_elevate: bool,
    /// Whether the message is for the model even if it looks like a command.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_plain: bool,
}

/// A tool that whoever asks runs itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientTool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
}

/// An image, as a message carries it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Its media type.
    pub mime_type: String,
    /// The file in base64.
    pub data: String,
}

/// Who wrote on a channel.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sender {
    /// The channel's id.
    pub channel: String,
    /// The account on it.
    pub account: String,
    /// The platform's id of the person.
    pub id: String,
    /// Other ids of the same person, such as a telephone number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_ids: Vec<String>,
    /// Their short name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the person is called there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether they are an owner of the gateway.
    pub is_owner: bool,
    /// Whether they passed an allowlist or were paired, so that their commands are obeyed.
    pub may_command: bool,
}

/// Where an answer goes.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Route {
    /// The channel's id.
    pub channel: String,
    /// The account on it.
    pub account: String,
    /// Whom it is for, in the channel's words.
    pub to: String,
    /// The thread in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The message that it replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The handle of the event that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_handle: Option<String>,
}

/// How a request came in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Over the protocol.
    #[default]
    Client,
    /// From a channel.
    Channel,
    /// Over the HTTP API.
    Http,
    /// From the command line.
    Cli,
}

/// What kind of conversation a message comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Chat {
    /// One person.
    #[default]
    Direct,
    /// A group.
    Group,
    /// A room of a larger place.
    Channel,
}

impl Chat {
    /// Its name in keys and listings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Channel => "channel",
        }
    }
}
