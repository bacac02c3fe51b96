//! Channels with few keys of their own: `line`, `nostr`, `twitch`, `zalo`, `zalouser`, `tlon`, `sms`, `qqbot`, `buzz`,
//! `clickclack`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::{PlainText, SecretInput};
use crate::tree::channels::PrivateNetwork;

/// What LINE needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Line {
    /// The channel's token. `LINE_CHANNEL_ACCESS_TOKEN` stands in. It cannot be a reference.
    pub channel_access_token: Option<PlainText>,
    /// The channel's secret. `LINE_CHANNEL_SECRET` stands in. It cannot be a reference.
    pub channel_secret: Option<PlainText>,
    /// A file that holds the token.
    pub token_file: Option<String>,
    /// A file that holds the secret.
    pub secret_file: Option<String>,
    /// The path that calls come to.
    pub webhook_path: Option<String>,
}

/// What Nostr needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Nostr {
    /// The agent's key. `NOSTR_PRIVATE_KEY` stands in.
    pub private_key: Option<SecretInput>,
    /// The relays.
    pub relays: Option<Vec<String>>,
    /// How the agent presents itself.
    pub profile: Option<NostrProfile>,
}

/// How the agent presents itself on Nostr.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NostrProfile {
    /// The name.
    #[schemars(length(max = 256))]
    pub name: Option<String>,
    /// The name that is shown.
    #[schemars(length(max = 256))]
    pub display_name: Option<String>,
    /// A few words.
    #[schemars(length(max = 2000))]
    pub about: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// The address of a wide picture.
    pub banner: Option<String>,
    /// A site.
    pub website: Option<String>,
    /// A name that a site vouches for.
    pub nip05: Option<String>,
    /// An address for payments.
    pub lud16: Option<String>,
}

/// What Twitch needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Twitch {
    /// The bot's name.
    pub username: Option<String>,
    /// Its token. `OPENCLAW_TWITCH_ACCESS_TOKEN` stands in. It cannot be a reference.
    pub access_token: Option<PlainText>,
    /// The app's id.
    pub client_id: Option<String>,
    /// The app's secret. It cannot be a reference.
    pub client_secret: Option<PlainText>,
    /// The token that renews the other. It cannot be a reference.
    pub refresh_token: Option<PlainText>,
    /// The channel to join.
    #[schemars(length(min = 1))]
    pub channel: Option<String>,
    /// Who is listened to.
    pub allowed_roles: Option<Vec<TwitchRole>>,
    /// How long the token lasts, in seconds.
    pub expires_in: Option<f64>,
    /// When it was handed out.
    pub obtainment_timestamp: Option<f64>,
}

/// Who is listened to on Twitch.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TwitchRole {
    /// Moderators.
    Moderator,
    /// The channel's owner.
    Owner,
    /// Guests of honour.
    Vip,
    /// Subscribers.
    Subscriber,
    /// Everyone.
    All,
}

/// What Zalo needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Zalo {
    /// The bot's token. `ZALO_BOT_TOKEN` stands in.
    pub bot_token: Option<SecretInput>,
    /// A file that holds it.
    pub token_file: Option<String>,
    /// The public address that Zalo calls. Unset: the gateway asks Zalo instead.
    pub webhook_url: Option<String>,
    /// The word that such calls bear.
    pub webhook_secret: Option<SecretInput>,
    /// The path they come to.
    pub webhook_path: Option<String>,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
}

/// What a person's own Zalo account needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Zalouser {
    /// The profile that is signed in. `ZALOUSER_PROFILE` stands in.
    pub profile: Option<String>,
    /// What precedes every message.
    pub message_prefix: Option<String>,
}

/// What Tlon needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tlon {
    /// The ship.
    #[schemars(length(min = 1))]
    pub ship: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Its code. It cannot be a reference.
    pub code: Option<PlainText>,
    /// How connections are made.
    pub network: Option<PrivateNetwork>,
    /// The channels.
    pub group_channels: Option<Vec<String>>,
    /// Ships that may write directly.
    pub dm_allowlist: Option<Vec<String>>,
    /// Ships whose invitations are accepted.
    pub group_invite_allowlist: Option<Vec<String>>,
    /// Whether channels are found by themselves.
    pub auto_discover_channels: Option<bool>,
    /// Whether answers name the model.
    pub show_model_signature: Option<bool>,
    /// Whether invitations to direct chats are accepted.
    pub auto_accept_dm_invites: Option<bool>,
    /// Whether invitations to groups are accepted.
    pub auto_accept_group_invites: Option<bool>,
    /// The owner's ship.
    #[schemars(length(min = 1))]
    pub owner_ship: Option<String>,
    /// Who is listened to, by channel.
    pub authorization: Option<TlonAuthorization>,
    /// Who is listened to elsewhere.
    pub default_authorized_ships: Option<Vec<String>>,
}

/// Who is listened to on Tlon, by channel.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlonAuthorization {
    /// Rules by channel.
    pub channel_rules: BTreeMap<String, TlonRule>,
}

/// Who is listened to in a channel of Tlon.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlonRule {
    /// Whether it is everyone.
    pub mode: Option<TlonRuleMode>,
    /// Who it is.
    pub allowed_ships: Option<Vec<String>>,
}

/// Whether everyone is listened to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TlonRuleMode {
    /// Only those listed.
    Restricted,
    /// Everyone.
    Open,
}

/// What text messages need besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sms {
    /// The account at Twilio. `TWILIO_ACCOUNT_SID` stands in.
    pub account_sid: Option<String>,
    /// Its token. `TWILIO_AUTH_TOKEN` stands in.
    pub auth_token: Option<SecretInput>,
    /// The number that sends.
    pub from_number: Option<String>,
    /// The service that sends, in place of a number.
    pub messaging_service_sid: Option<String>,
    /// The path that calls come to.
    pub webhook_path: Option<String>,
    /// The public address of that path.
    pub public_webhook_url: Option<String>,
    /// Accepts calls that Twilio did not sign.
    pub dangerously_disable_signature_validation: Option<bool>,
}

/// What QQ needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Qqbot {
    /// The app's id. `QQBOT_APP_ID` stands in.
    pub app_id: Option<String>,
    /// The app's secret. `QQBOT_CLIENT_SECRET` stands in.
    pub client_secret: Option<SecretInput>,
    /// A file that holds it.
    pub client_secret_file: Option<String>,
}

/// What Buzz needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Buzz {
    /// The relay.
    pub relay_url: Option<String>,
    /// The agent's key.
    pub private_key: Option<SecretInput>,
    /// The word that proves who it is.
    pub auth_tag: Option<SecretInput>,
}

/// What ClickClack needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Clickclack {
    /// The server.
    pub base_url: Option<String>,
    /// Its API, if elsewhere.
    pub api_base_url: Option<String>,
    /// The bot's token.
    pub token: Option<SecretInput>,
    /// A file that holds it.
    pub token_file: Option<String>,
    /// The workspace.
    pub workspace: Option<String>,
    /// The bot's own id.
    pub bot_user_id: Option<String>,
    /// The agent that answers.
    pub agent_id: Option<String>,
    /// Who answers.
    pub reply_mode: Option<ClickclackReply>,
    /// The model, for `model`.
    pub model: Option<String>,
    /// What it is told in addition.
    pub system_prompt: Option<String>,
    /// The only tools there.
    pub tools_allow: Option<Vec<String>>,
    /// How long until a lost connection is taken up again, in milliseconds.
    #[schemars(range(min = 100, max = 60000))]
    pub reconnect_ms: Option<u64>,
}

/// Who answers on ClickClack.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClickclackReply {
    /// The agent.
    Agent,
    /// A bare model.
    Model,
}
