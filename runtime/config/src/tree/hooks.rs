//! `hooks`: what other programs may set off over HTTP, and what the gateway sets off by itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret_ref::PlainText;
use crate::tree::gateway::TailscaleMode;

/// What other programs may set off over HTTP, and what the gateway sets off by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Hooks {
    /// Whether hooks are served. They need a token then.
    pub enabled: bool,
    /// The token that callers show. It is not the gateway's own, and it cannot be a reference.
    pub token: Option<PlainText>,
    /// The path that hooks are served under; never `/`.
    pub path: String,
    /// The session that hooks run in. Unset: one for each.
    pub default_session_key: Option<String>,
    /// Whether a call may name the session.
    pub allow_request_session_key: bool,
    /// What the names of such sessions must start with.
    pub allowed_session_key_prefixes: Option<Vec<String>>,
    /// The only agents a call may name. Unset: any; empty: none.
    pub allowed_agent_ids: Option<Vec<String>>,
    /// Mappings that come along, such as `gmail`.
    pub presets: Vec<String>,
    /// Where programs are kept that reshape calls. Unset: `hooks/transforms` beside this file.
    pub transforms_dir: Option<String>,
    /// What calls become. The first that fits decides.
    pub mappings: Vec<HookMapping>,
    /// Mail.
    pub gmail: Option<Gmail>,
    /// Hooks that events of the gateway set off.
    pub internal: InternalHooks,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            enabled: false,
            token: None,
            path: "/hooks".to_owned(),
            default_session_key: None,
            allow_request_session_key: false,
            allowed_session_key_prefixes: None,
            allowed_agent_ids: None,
            presets: Vec::new(),
            transforms_dir: None,
            mappings: Vec::new(),
            gmail: None,
            internal: InternalHooks::default(),
        }
    }
}

/// What a call becomes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HookMapping {
    /// A name for it.
    pub id: Option<String>,
    /// Which calls it fits. Unset: all.
    #[serde(rename = "match")]
    pub when: Option<HookMatch>,
    /// What they set off. Unset: a turn.
    pub action: Option<HookAction>,
    /// When. Unset: now.
    pub wake_mode: Option<WakeMode>,
    /// What the sender is called.
    pub name: Option<String>,
    /// The agent.
    pub agent_id: Option<String>,
    /// The session. It cannot be a reference.
    pub session_key: Option<PlainText>,
    /// Whether the session goes on.
    pub session_mode: Option<HookSession>,
    /// The message, with `{{places}}` for what the call says.
    pub message_template: Option<String>,
    /// The text that wakes, with `{{places}}` for what the call says.
    pub text_template: Option<String>,
    /// A list in the call, each entry of which is a message.
    #[schemars(regex(pattern = r"^[^.\[\]]+$"))]
    pub for_each: Option<String>,
    /// Whether the answer is sent. Unset: yes.
    pub deliver: Option<bool>,
    /// Whether what the call says is passed on without a warning around it.
    pub allow_unsafe_external_content: Option<bool>,
    /// Where the answer is sent. Unset: where the person last wrote.
    #[schemars(length(min = 1))]
    pub channel: Option<String>,
    /// The recipient there.
    pub to: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// How much it thinks.
    pub thinking: Option<String>,
    /// How long it may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// A program that reshapes the call first.
    pub transform: Option<HookTransform>,
}

/// Which calls a mapping fits.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HookMatch {
    /// Those for this path.
    pub path: Option<String>,
    /// Those that name this source.
    pub source: Option<String>,
}

/// What a call sets off.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HookAction {
    /// A word to the main session.
    Wake,
    /// A turn.
    Agent,
}

/// When a call takes effect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WakeMode {
    /// At once.
    Now,
    /// With the next heartbeat.
    NextHeartbeat,
}

/// Whether the session of a hook goes on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HookSession {
    /// Each call has its own.
    Isolated,
    /// All calls share one.
    Persistent,
}

/// A program that reshapes a call.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HookTransform {
    /// The file, in the folder for such programs.
    pub module: String,
    /// The function. Unset: the default one.
    pub export: Option<String>,
}

/// Mail that sets off hooks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Gmail {
    /// Whose.
    pub account: Option<String>,
    /// The label that counts.
    #[schemars(extend("default" = "INBOX"))]
    pub label: Option<String>,
    /// The topic that mail is announced to.
    #[schemars(extend("default" = "gog-gmail-watch"))]
    pub topic: Option<String>,
    /// The subscription of that topic.
    #[schemars(extend("default" = "gog-gmail-watch-push"))]
    pub subscription: Option<String>,
    /// The token that announcements bear. It cannot be a reference.
    pub push_token: Option<PlainText>,
    /// Where they are passed on to.
    pub hook_url: Option<String>,
    /// Whether the text of the mail comes along.
    pub include_body: Option<bool>,
    /// How much of it, in bytes.
    #[schemars(range(min = 1), extend("default" = 20000))]
    pub max_bytes: Option<u64>,
    /// How often the watch is renewed, in minutes.
    #[schemars(range(min = 1), extend("default" = 720))]
    pub renew_every_minutes: Option<u32>,
    /// Whether mail is passed on without a warning around it.
    pub allow_unsafe_external_content: Option<bool>,
    /// Where announcements are received.
    pub serve: Option<GmailServe>,
    /// How they get there.
    pub tailscale: Option<GmailTailscale>,
    /// The model that reads mail.
    pub model: Option<String>,
    /// How much it thinks.
    pub thinking: Option<GmailThinking>,
}

/// Where announcements of mail are received.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GmailServe {
    /// The address.
    #[schemars(extend("default" = "127.0.0.1"))]
    pub bind: Option<String>,
    /// The port.
    #[schemars(range(min = 1), extend("default" = 8788))]
    pub port: Option<u16>,
    /// The path.
    #[schemars(extend("default" = "/gmail-pubsub"))]
    pub path: Option<String>,
}

/// How announcements of mail reach this machine.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GmailTailscale {
    /// What is exposed.
    pub mode: Option<TailscaleMode>,
    /// The path.
    pub path: Option<String>,
    /// What it leads to.
    pub target: Option<String>,
}

/// How much the model that reads mail thinks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GmailThinking {
    /// Not at all.
    Off,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Somewhat.
    Medium,
    /// Much.
    High,
}

/// Hooks that events of the gateway set off.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InternalHooks {
    /// Whether there are any. Unset: if any is set up.
    pub enabled: Option<bool>,
    /// Hooks by name.
    pub entries: BTreeMap<String, InternalHook>,
    /// Where more are found.
    pub load: HookFolders,
}

/// A hook that an event of the gateway sets off.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InternalHook {
    /// Whether it is in force.
    pub enabled: Option<bool>,
    /// Variables it is given.
    pub env: BTreeMap<String, PlainText>,
    /// What else it wants to know.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
}

/// Where hooks are found.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HookFolders {
    /// Folders besides the usual ones.
    pub extra_dirs: Vec<String>,
}
