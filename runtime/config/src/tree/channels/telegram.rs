//! `channels.telegram`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;
use crate::tree::channels::{DmPolicy, ErrorPolicy, Topic};
use crate::tree::tools::ToolLists;
use crate::tree::values::{AutoBool, PeerId, Switch};

/// What Telegram needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Telegram {
    /// The bot's token. `TELEGRAM_BOT_TOKEN` stands in when the default account has none.
    pub bot_token: Option<SecretInput>,
    /// A file that holds the token.
    pub token_file: Option<String>,
    /// The public address that Telegram calls. Unset: the gateway asks Telegram instead.
    pub webhook_url: Option<String>,
    /// The word that such calls bear.
    pub webhook_secret: Option<SecretInput>,
    /// The path they come to.
    #[schemars(extend("default" = "/telegram-webhook"))]
    pub webhook_path: Option<String>,
    /// The address listened on for them.
    #[schemars(extend("default" = "127.0.0.1"))]
    pub webhook_host: Option<String>,
    /// The port listened on for them.
    #[schemars(extend("default" = 8787))]
    pub webhook_port: Option<u16>,
    /// The certificate that Telegram is told to trust.
    pub webhook_cert_path: Option<String>,
    /// A Bot API server of one's own.
    pub api_root: Option<String>,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
    /// How connections are made.
    pub network: Option<TelegramNetwork>,
    /// Commands for the bot's menu.
    pub custom_commands: Vec<CustomCommand>,
    /// What the bot's menu shows.
    pub commands: Option<NativeCommands>,
    /// Single direct chats by id.
    pub direct: BTreeMap<String, DirectPeer>,
    /// Whether messages use all that Telegram can show.
    pub rich_messages: Option<bool>,
    /// Whether links are shown with a preview.
    pub link_preview: Option<bool>,
    /// Whether word of errors comes without a sound.
    pub silent_error_replies: Option<bool>,
    /// Whether the agent tells what went wrong.
    pub error_policy: Option<ErrorPolicy>,
    /// Folders that a Bot API server of one's own may name files of.
    pub trusted_local_file_roots: Vec<String>,
    /// Whether topics are named after what is said.
    pub auto_topic_label: Option<Switch<TopicLabel>>,
}

/// How connections to Telegram are made.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TelegramNetwork {
    /// Whether IPv4 and IPv6 are tried side by side.
    pub auto_select_family: Option<bool>,
    /// Which addresses come first.
    pub dns_result_order: Option<DnsOrder>,
    /// Lets the Bot API server be at a private address.
    pub dangerously_allow_private_network: Option<bool>,
}

/// Which addresses come first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsOrder {
    /// Those of IPv4.
    Ipv4first,
    /// As they were told.
    Verbatim,
}

/// A command for the bot's menu.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomCommand {
    /// The word after the slash.
    pub command: String,
    /// What it does.
    pub description: String,
}

/// What the platform's menu shows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NativeCommands {
    /// Commands.
    pub native: Option<AutoBool>,
    /// Skills.
    pub native_skills: Option<AutoBool>,
    /// The path that Mattermost calls.
    pub callback_path: Option<String>,
    /// The public address of that path.
    pub callback_url: Option<String>,
}

/// A single direct chat.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectPeer {
    /// Whether it is answered.
    pub enabled: Option<bool>,
    /// Who may write there.
    pub dm_policy: Option<DmPolicy>,
    /// Who may write there.
    pub allow_from: Option<Vec<PeerId>>,
    /// Which tools the agent has there.
    pub tools: Option<ToolLists>,
    /// Which tools it has for single people.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// The only skills it has there.
    pub skills: Option<Vec<String>>,
    /// What it is told in addition.
    pub system_prompt: Option<String>,
    /// Topics by id.
    pub topics: BTreeMap<String, Topic>,
    /// Whether it tells what went wrong.
    pub error_policy: Option<ErrorPolicy>,
    /// Whether only topics are answered.
    pub require_topic: Option<bool>,
    /// Whether topics are named after what is said.
    pub auto_topic_label: Option<Switch<TopicLabel>>,
}

/// How topics are named after what is said.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicLabel {
    /// Whether they are.
    pub enabled: Option<bool>,
    /// What the model is asked.
    pub prompt: Option<String>,
}
