//! What a client is told when it is let in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::frame::StateVersion;
use crate::presence::PresenceEntry;

/// The payload of the answer to `connect`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Always `hello-ok`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The protocol that is spoken from here on.
    pub protocol: u32,
    /// The gateway.
    pub server: Server,
    /// What it can do.
    pub features: Features,
    /// How it fares.
    pub snapshot: Snapshot,
    /// What the client may do.
    pub auth: Granted,
    /// What the gateway bears.
    pub policy: Policy,
}

/// The gateway.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// The release whose clients it serves.
    pub version: String,
    /// This start of it; another one means that what clients remember is stale.
    pub boot_id: String,
    /// Where the page comes from; `configured` keeps it from comparing builds.
    pub control_ui_build_source: String,
    /// This connection.
    pub conn_id: String,
}

/// What the gateway can do.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Features {
    /// The methods that exist.
    pub methods: Vec<String>,
    /// The events that are sent.
    pub events: Vec<String>,
    /// The behaviours that clients ask for by name.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

/// How the gateway fares.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Whether it takes work.
    pub suspension: Suspension,
    /// Who is there.
    pub presence: Vec<PresenceEntry>,
    /// Its health.
    pub health: Value,
    /// Which pictures these are.
    pub state_version: StateVersion,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// How sessions are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_defaults: Option<SessionDefaults>,
    /// The config file; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_path: Option<String>,
    /// The state folder; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<String>,
    /// How clients prove themselves; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<String>,
}

/// Whether the gateway takes work.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Suspension {
    /// `accepting` or `draining`.
    pub phase: String,
}

/// How sessions are named.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionDefaults {
    /// The agent that answers when none is named.
    pub default_agent_id: String,
    /// Whether a model is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_configured: Option<bool>,
    /// The name of its main session.
    pub main_key: String,
    /// The same, in full.
    pub main_session_key: String,
    /// What sessions are kept apart by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// What the client may do.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Granted {
    /// By what it proved itself.
    pub method: String,
    /// As what it came.
    pub role: String,
    /// What was granted, which may be less than what was asked for.
    pub scopes: Vec<String>,
    /// A token for this device, told once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at_ms: Option<i64>,
}

/// What the gateway bears.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The longest frame, in bytes.
    pub max_payload: usize,
    /// How much may wait for a client, in bytes.
    pub max_buffered_bytes: usize,
    /// How often a tick comes, in milliseconds.
    pub tick_interval_ms: u64,
    /// What may be attached.
    pub attachments: Attachments,
}

/// What may be attached to a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachments {
    /// The largest file, in bytes.
    pub max_bytes: usize,
    /// The largest image, in bytes.
    pub max_image_bytes: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_payload: crate::FRAME_BYTES,
            max_buffered_bytes: crate::BUFFERED_BYTES,
            tick_interval_ms: crate::TICK_MS,
            attachments: Attachments {
                max_bytes: 20_971_520,
                max_image_bytes: 6_291_456,
            },
        }
    }
}
