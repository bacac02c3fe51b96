//! Channels of workplaces: `googlechat`, `msteams`, `mattermost`, `feishu`, `nextcloud-talk`, `synology-chat`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::{PlainText, SecretInput};
use crate::tree::channels::{Group, NativeCommands, PlatformDm, PrivateNetwork, ReplyToByChat};
use crate::tree::tools::ToolLists;
use crate::tree::values::PeerId;

/// What Google Chat needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Googlechat {
    /// The service account's key, as JSON. `GOOGLE_CHAT_SERVICE_ACCOUNT` stands in.
    pub service_account: Option<ServiceAccount>,
    /// The same, in the older spelling.
    pub service_account_ref: Option<SecretInput>,
    /// A file that holds it. `GOOGLE_CHAT_SERVICE_ACCOUNT_FILE` stands in.
    pub service_account_file: Option<String>,
    /// What calls are addressed to.
    pub audience_type: Option<AudienceType>,
    /// The address, or the project's number.
    pub audience: Option<String>,
    /// The id of the app that calls.
    pub app_principal: Option<String>,
    /// The path that calls come to.
    pub webhook_path: Option<String>,
    /// The public address of that path.
    pub webhook_url: Option<String>,
    /// The bot's own id.
    pub bot_user: Option<String>,
    /// Direct chats.
    pub dm: Option<PlatformDm>,
    /// How typing is shown.
    pub typing_indicator: Option<TypingSign>,
}

/// A Google service account's key: a secret that holds the JSON, or the JSON itself.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceAccount {
    /// A secret that holds the JSON.
    Secret(SecretInput),
    /// The JSON itself, as text.
    Inline(PlainText),
}

impl<'de> Deserialize<'de> for ServiceAccount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let is_reference = value.get("source").is_some() && value.get("provider").is_some();
        if value.is_object() && !is_reference {
            return Ok(Self::Inline(PlainText::new(value.to_string())));
        }
        SecretInput::deserialize(value)
            .map(Self::Secret)
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for ServiceAccount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Secret(secret) => secret.serialize(serializer),
            Self::Inline(text) => text.serialize(serializer),
        }
    }
}

impl JsonSchema for ServiceAccount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ServiceAccount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "object"], "x-secret": true })
    }
}

/// What calls of Google Chat are addressed to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AudienceType {
    /// The app's address.
    AppUrl,
    /// The project.
    ProjectNumber,
}

/// How typing is shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TypingSign {
    /// Not at all.
    None,
    /// With a message.
    Message,
    /// With a reaction.
    Reaction,
}

/// What Microsoft Teams needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Msteams {
    /// The app's id. `MSTEAMS_APP_ID` stands in.
    pub app_id: Option<String>,
    /// The app's secret. `MSTEAMS_APP_PASSWORD` stands in.
    pub app_password: Option<SecretInput>,
    /// The tenant. `MSTEAMS_TENANT_ID` stands in.
    pub tenant_id: Option<String>,
    /// How the app signs in.
    #[schemars(extend("default" = "secret"))]
    pub auth_type: Option<MsteamsAuth>,
    /// Which of Microsoft's clouds.
    pub cloud: Option<MsteamsCloud>,
    /// The address of the service.
    pub service_url: Option<String>,
    /// The certificate that it signs in with.
    pub certificate_path: Option<String>,
    /// That certificate's mark.
    pub certificate_thumbprint: Option<String>,
    /// Whether the machine's own identity signs in.
    pub use_managed_identity: Option<bool>,
    /// Which identity.
    pub managed_identity_client_id: Option<String>,
    /// Where calls come to.
    pub webhook: Option<MsteamsWebhook>,
    /// Teams by id.
    pub teams: BTreeMap<String, MsteamsTeam>,
    /// Where messages are answered.
    pub reply_style: Option<ReplyStyle>,
    /// Whether typing is shown.
    pub typing_indicator: Option<bool>,
    /// Hosts that attachments may be fetched from.
    pub media_allow_hosts: Vec<String>,
    /// Hosts that are shown the app's token for that.
    pub media_auth_allow_hosts: Vec<String>,
    /// Where files are put.
    pub share_point_site_id: Option<String>,
}

/// How the app of Teams signs in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MsteamsAuth {
    /// With its secret.
    Secret,
    /// With a certificate or the machine's identity.
    Federated,
}

/// Which of Microsoft's clouds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub enum MsteamsCloud {
    /// The common one.
    Public,
    /// That of the government of the United States.
    #[serde(rename = "USGov")]
    UsGov,
    /// That of its department of defence.
    #[serde(rename = "USGovDoD")]
    UsGovDod,
    /// That of China.
    China,
}

/// Where calls of Teams come to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MsteamsWebhook {
    /// The port.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// The path.
    pub path: Option<String>,
}

/// A team.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MsteamsTeam {
    /// Whether the agent must be called.
    pub require_mention: Option<bool>,
    /// Which tools it has there.
    pub tools: Option<ToolLists>,
    /// Which tools it has for single people there.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// Where messages are answered.
    pub reply_style: Option<ReplyStyle>,
    /// Channels by id.
    pub channels: BTreeMap<String, MsteamsChannel>,
}

/// A channel of a team.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MsteamsChannel {
    /// Whether the agent must be called.
    pub require_mention: Option<bool>,
    /// Which tools it has there.
    pub tools: Option<ToolLists>,
    /// Which tools it has for single people there.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// Where messages are answered.
    pub reply_style: Option<ReplyStyle>,
}

/// Where messages are answered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyStyle {
    /// In the thread.
    Thread,
    /// In the channel.
    TopLevel,
}

/// What Mattermost needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mattermost {
    /// The bot's token. `MATTERMOST_BOT_TOKEN` stands in.
    pub bot_token: Option<SecretInput>,
    /// The server. `MATTERMOST_URL` stands in.
    pub base_url: Option<String>,
    /// What the agent answers in channels.
    pub chatmode: Option<ChatMode>,
    /// What messages must start with, for `onchar`.
    pub onchar_prefixes: Option<Vec<String>>,
    /// Which parts of an answer quote the message, by kind of conversation.
    pub reply_to_mode_by_chat_type: Option<ReplyToByChat>,
    /// What the menu shows.
    pub commands: Option<NativeCommands>,
    /// How connections are made.
    pub network: Option<PrivateNetwork>,
}

/// What the agent answers in channels of Mattermost.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatMode {
    /// What calls it.
    Oncall,
    /// Every message.
    Onmessage,
    /// What starts with a sign.
    Onchar,
}

/// What Feishu needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Feishu {
    /// The app's id.
    pub app_id: Option<String>,
    /// The app's secret.
    pub app_secret: Option<SecretInput>,
    /// The key that calls are encrypted with.
    pub encrypt_key: Option<SecretInput>,
    /// The token that calls bear.
    pub verification_token: Option<SecretInput>,
    /// `feishu`, `lark`, or an address.
    #[schemars(extend("default" = "feishu"))]
    pub domain: Option<String>,
    /// How messages arrive.
    #[schemars(extend("default" = "websocket"))]
    pub connection_mode: Option<FeishuConnection>,
    /// The path that calls come to.
    #[schemars(extend("default" = "/feishu/events"))]
    pub webhook_path: Option<String>,
    /// The address listened on for them.
    pub webhook_host: Option<String>,
    /// The port listened on for them.
    #[schemars(range(min = 1))]
    pub webhook_port: Option<u16>,
    /// Who is listened to in groups.
    pub group_sender_allow_from: Option<Vec<PeerId>>,
    /// How answers look.
    pub render_mode: Option<FeishuRender>,
    /// How long a request may take, in milliseconds.
    #[schemars(range(min = 1, max = 300000))]
    pub http_timeout_ms: Option<u64>,
    /// Whether typing is shown.
    #[schemars(extend("default" = true))]
    pub typing_indicator: Option<bool>,
    /// Whether people's names are looked up.
    #[schemars(extend("default" = true))]
    pub resolve_sender_names: Option<bool>,
}

/// How messages of Feishu arrive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeishuConnection {
    /// Through a socket that the gateway opens.
    Websocket,
    /// By calls from Feishu.
    Webhook,
}

/// How answers look on Feishu.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeishuRender {
    /// As suits them.
    Auto,
    /// As text.
    Raw,
    /// As cards.
    Card,
}

/// What Nextcloud Talk needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NextcloudTalk {
    /// The server.
    pub base_url: Option<String>,
    /// The bot's secret. `NEXTCLOUD_TALK_BOT_SECRET` stands in.
    pub bot_secret: Option<SecretInput>,
    /// A file that holds it.
    pub bot_secret_file: Option<String>,
    /// The account that looks rooms up.
    pub api_user: Option<String>,
    /// Its password. `NEXTCLOUD_TALK_API_PASSWORD` stands in.
    pub api_password: Option<SecretInput>,
    /// A file that holds it.
    pub api_password_file: Option<String>,
    /// The address listened on for calls.
    pub webhook_host: Option<String>,
    /// The port listened on for calls.
    #[schemars(range(min = 1))]
    pub webhook_port: Option<u16>,
    /// The path that calls come to.
    pub webhook_path: Option<String>,
    /// The public address of that path.
    pub webhook_public_url: Option<String>,
    /// Rooms by id; `*` is every other.
    pub rooms: BTreeMap<String, Group>,
    /// How connections are made.
    pub network: Option<PrivateNetwork>,
}

/// What Synology Chat needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SynologyChat {
    /// The token that calls bear. `SYNOLOGY_CHAT_TOKEN` stands in.
    pub token: Option<PlainText>,
    /// The address that answers go to, which holds a token. `SYNOLOGY_CHAT_INCOMING_URL` stands in.
    pub incoming_url: Option<PlainText>,
    /// The public address that Synology calls.
    pub webhook_url: Option<String>,
    /// The path that calls come to.
    pub webhook_path: Option<String>,
    /// The server. `SYNOLOGY_NAS_HOST` stands in.
    pub nas_host: Option<String>,
    /// How many messages of one person are answered in a minute.
    pub rate_limit_per_minute: Option<u32>,
    /// What the bot is called.
    pub bot_name: Option<String>,
    /// Who may write.
    pub allowed_user_ids: Option<Vec<PeerId>>,
    /// Trusts any certificate of the server.
    pub allow_insecure_ssl: Option<bool>,
    /// Lets accounts share a path.
    pub dangerously_allow_inherited_webhook_path: Option<bool>,
}
