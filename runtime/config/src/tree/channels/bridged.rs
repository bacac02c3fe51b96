//! The channels that need a program beside the gateway, or a line of text: `whatsapp`, `signal`, `imessage`,
//! `bluebubbles`, `irc`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;
use crate::tree::channels::{DirectPeer, ReplyToByChat};

/// What WhatsApp needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Whatsapp {
    /// Whether people see that messages were read.
    #[schemars(extend("default" = true))]
    pub send_read_receipts: Option<bool>,
    /// Whether the agent uses the person's own number.
    pub self_chat_mode: Option<bool>,
    /// Where the link to the phone is kept. Unset: `credentials/whatsapp/<account>` in the state directory.
    pub auth_dir: Option<String>,
    /// Single direct chats by number; `*` is every other.
    pub direct: BTreeMap<String, DirectPeer>,
    /// What plugins hear.
    pub plugin_hooks: Option<WhatsappHooks>,
}

/// What plugins hear of WhatsApp.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WhatsappHooks {
    /// Messages.
    pub message_received: Option<bool>,
}

/// What Signal needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Signal {
    /// The number.
    pub account: Option<String>,
    /// The account's id.
    pub account_uuid: Option<String>,
    /// The program that speaks with Signal.
    pub transport: Option<SignalTransport>,
    /// That program, in the older spelling.
    pub cli_path: Option<String>,
    /// The address of one that runs already, in the older spelling.
    pub http_url: Option<String>,
    /// Its host, in the older spelling.
    pub http_host: Option<String>,
    /// Its port, in the older spelling.
    #[schemars(range(min = 1))]
    pub http_port: Option<u16>,
    /// Whether it is started, in the older spelling.
    pub auto_start: Option<bool>,
    /// Whether attachments are passed over.
    pub ignore_attachments: Option<bool>,
    /// Whether people see that messages were read.
    pub send_read_receipts: Option<bool>,
    /// Names of people, and their numbers.
    pub aliases: BTreeMap<String, String>,
    /// Which parts of an answer quote the message, by kind of conversation.
    pub reply_to_mode_by_chat_type: Option<ReplyToByChat>,
}

/// The program that speaks with Signal.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SignalTransport {
    /// One that the gateway starts.
    ManagedNative(SignalDaemon),
    /// One that runs already.
    ExternalNative {
        /// Its address.
        url: String,
    },
    /// One that runs in a container.
    Container {
        /// Its address.
        url: String,
    },
}

/// A program for Signal that the gateway starts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignalDaemon {
    /// Where it keeps its data.
    pub config_path: Option<String>,
    /// The socket it listens on.
    pub socket_path: Option<String>,
    /// The address it listens on.
    pub url: Option<String>,
    /// The host of that address.
    pub http_host: Option<String>,
    /// The port of that address.
    #[schemars(range(min = 1, max = 65535))]
    pub http_port: Option<u16>,
    /// Where it is.
    pub cli_path: Option<String>,
    /// How long starting may take, in milliseconds.
    #[schemars(range(min = 1000, max = 120000))]
    pub startup_timeout_ms: Option<u64>,
    /// When it takes messages in.
    pub receive_mode: Option<SignalReceive>,
    /// Whether stories are passed over.
    pub ignore_stories: Option<bool>,
}

/// When the program for Signal takes messages in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalReceive {
    /// At once.
    OnStart,
    /// When it is asked.
    Manual,
}

/// What iMessage needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Imessage {
    /// The program that speaks with Messages.
    pub cli_path: Option<String>,
    /// The Mac it runs on, reached by SSH.
    pub remote_host: Option<String>,
    /// The database of Messages.
    pub db_path: Option<String>,
    /// How messages go out.
    pub service: Option<ImessageService>,
    /// What sends them.
    pub send_transport: Option<ImessageTransport>,
    /// The country that short numbers are of.
    pub region: Option<String>,
    /// Whether attachments are read.
    pub include_attachments: Option<bool>,
    /// Folders they may be in.
    pub attachment_roots: Vec<String>,
    /// The same, on the Mac.
    pub remote_attachment_roots: Vec<String>,
    /// How long a check may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub probe_timeout_ms: Option<u64>,
    /// Whether people see that messages were read.
    pub send_read_receipts: Option<bool>,
}

/// How messages go out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImessageService {
    /// As iMessages.
    Imessage,
    /// As text messages.
    Sms,
    /// As either.
    Auto,
}

/// What sends messages.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImessageTransport {
    /// What can.
    Auto,
    /// The bridge.
    Bridge,
    /// AppleScript.
    Applescript,
}

/// What BlueBubbles needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Bluebubbles {
    /// The server.
    pub server_url: Option<String>,
    /// Its password.
    pub password: Option<SecretInput>,
    /// The path that it calls.
    pub webhook_path: Option<String>,
    /// Whether people see that messages were read.
    pub send_read_receipts: Option<bool>,
}

/// What IRC needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Irc {
    /// The server. `IRC_HOST` stands in when the default account has none.
    pub host: Option<String>,
    /// Its port. `IRC_PORT` stands in.
    #[schemars(range(min = 1, max = 65535), extend("default" = 6697))]
    pub port: Option<u16>,
    /// Whether the connection is encrypted. `IRC_TLS` stands in.
    #[schemars(extend("default" = true))]
    pub tls: Option<bool>,
    /// The agent's name there. `IRC_NICK` stands in.
    pub nick: Option<String>,
    /// Its user name. `IRC_USERNAME` stands in.
    pub username: Option<String>,
    /// Its full name. `IRC_REALNAME` stands in.
    pub realname: Option<String>,
    /// The server's password. `IRC_PASSWORD` stands in.
    pub password: Option<SecretInput>,
    /// A file that holds it.
    pub password_file: Option<String>,
    /// How the name is proved to be the agent's.
    pub nickserv: Option<Nickserv>,
    /// The channels to join. `IRC_CHANNELS` stands in.
    pub channels: Vec<String>,
}

/// How a name on IRC is proved to be the agent's.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Nickserv {
    /// Whether it is.
    pub enabled: Option<bool>,
    /// Who is told.
    #[schemars(extend("default" = "NickServ"))]
    pub service: Option<String>,
    /// The password. `IRC_NICKSERV_PASSWORD` stands in when the default account has none.
    pub password: Option<SecretInput>,
    /// A file that holds it.
    pub password_file: Option<String>,
    /// Whether the name is registered first.
    pub register: Option<bool>,
    /// The address for that.
    pub register_email: Option<String>,
}
