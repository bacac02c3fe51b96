//! `channels.slack` and `channels.matrix`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;
use crate::tree::channels::{
    Group, NativeCommands, PlatformDm, ReplyToMode, SlashCommand, ThreadInheritance, ThreadReplies,
};
use crate::tree::values::PeerId;

/// What Slack needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Slack {
    /// How messages arrive.
    #[schemars(extend("default" = "socket"))]
    pub mode: Option<SlackMode>,
    /// The bot's token. `SLACK_BOT_TOKEN` stands in when the default account has none.
    pub bot_token: Option<SecretInput>,
    /// The app's token, for `socket`. `SLACK_APP_TOKEN` stands in.
    pub app_token: Option<SecretInput>,
    /// A person's token. `SLACK_USER_TOKEN` stands in.
    pub user_token: Option<SecretInput>,
    /// Whether that token is only read with.
    #[schemars(extend("default" = true))]
    pub user_token_read_only: Option<bool>,
    /// As whom the agent writes.
    #[schemars(extend("default" = "bot"))]
    pub post_as: Option<SlackIdentity>,
    /// The secret that signs calls, for `http`.
    pub signing_secret: Option<SecretInput>,
    /// The path that calls come to, for `http`.
    #[schemars(extend("default" = "/slack/events"))]
    pub webhook_path: Option<String>,
    /// The relay, for `relay`.
    pub relay: Option<SlackRelay>,
    /// Channels by id or name; `*` is every other.
    pub channels: BTreeMap<String, Group>,
    /// Direct chats, in the older spelling.
    pub dm: Option<PlatformDm>,
    /// What the menu shows.
    pub commands: Option<NativeCommands>,
    /// The slash command.
    pub slash_command: Option<SlashCommand>,
    /// Threads.
    pub thread: Option<ThreadInheritance>,
    /// Which parts of an answer quote the message, by kind of conversation.
    pub reply_to_mode_by_chat_type: Option<ReplyToByChat>,
    /// Whether links are shown with a preview.
    pub unfurl_links: Option<bool>,
    /// Whether linked media are shown.
    pub unfurl_media: Option<bool>,
    /// The sign that stands for typing.
    pub typing_reaction: Option<String>,
}

/// How messages of Slack arrive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SlackMode {
    /// Through a socket that the gateway opens.
    Socket,
    /// By calls from Slack.
    Http,
    /// Through a relay.
    Relay,
}

/// As whom the agent writes on Slack.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SlackIdentity {
    /// As the bot.
    Bot,
    /// As the person.
    User,
}

/// A relay for messages of Slack.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SlackRelay {
    /// Where it is.
    pub url: Option<String>,
    /// The token it wants.
    pub auth_token: Option<SecretInput>,
    /// What this gateway is called there.
    pub gateway_id: Option<String>,
}

/// Which parts of an answer quote the message, by kind of conversation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplyToByChat {
    /// In direct chats.
    pub direct: Option<ReplyToMode>,
    /// In groups.
    pub group: Option<ReplyToMode>,
    /// In channels.
    pub channel: Option<ReplyToMode>,
}

/// What Matrix needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Matrix {
    /// The server. `MATRIX_HOMESERVER` stands in when the default account has none.
    pub homeserver: Option<String>,
    /// The account. `MATRIX_USER_ID` stands in.
    pub user_id: Option<String>,
    /// Its token. `MATRIX_ACCESS_TOKEN` stands in.
    pub access_token: Option<SecretInput>,
    /// Its password, if there is no token. `MATRIX_PASSWORD` stands in.
    pub password: Option<SecretInput>,
    /// The device's id. `MATRIX_DEVICE_ID` stands in.
    pub device_id: Option<String>,
    /// What the device is called. `MATRIX_DEVICE_NAME` stands in.
    pub device_name: Option<String>,
    /// The picture.
    pub avatar_url: Option<String>,
    /// Whether encrypted rooms are read.
    #[schemars(extend("default" = false))]
    pub encryption: Option<bool>,
    /// How many messages of each room are looked at when it starts.
    pub initial_sync_limit: Option<f64>,
    /// Whether only listed people and rooms are listened to.
    pub allowlist_only: Option<bool>,
    /// Which invitations are accepted.
    #[schemars(extend("default" = "off"))]
    pub auto_join: Option<AutoJoin>,
    /// Rooms, for `allowlist`.
    pub auto_join_allowlist: Option<Vec<PeerId>>,
    /// Direct chats.
    pub dm: Option<PlatformDm>,
    /// Rooms by id, in the older spelling of `groups`.
    pub rooms: BTreeMap<String, Group>,
    /// Where messages are answered.
    #[schemars(extend("default" = "inbound"))]
    pub thread_replies: Option<ThreadReplies>,
    /// How connections are made.
    pub network: Option<PrivateNetwork>,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
    /// Whether the device asks to be verified.
    pub startup_verification: Option<StartupVerification>,
    /// How long until it asks again, in hours.
    pub startup_verification_cooldown_hours: Option<f64>,
}

/// Which invitations are accepted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AutoJoin {
    /// All.
    Always,
    /// Those to rooms that are listed.
    Allowlist,
    /// None.
    Off,
}

/// Whether a device asks to be verified.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartupVerification {
    /// It does not.
    Off,
    /// If it is not.
    IfUnverified,
}

/// How connections are made.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrivateNetwork {
    /// Lets the server be at a private address.
    pub dangerously_allow_private_network: Option<bool>,
}
