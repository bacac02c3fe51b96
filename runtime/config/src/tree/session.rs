//! `session`: which messages belong together, and for how long.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::amounts::{HighWater, Size, Span};
use crate::tree::tools_media::Scoped;
use crate::tree::values::OrOff;

/// Which messages belong together, and for how long.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Session {
    /// Whether people share a session.
    pub scope: SessionScope,
    /// How direct chats are kept apart.
    pub dm_scope: DmScope,
    /// How groups are kept apart.
    pub group_scope: GroupScope,
    /// People known under several ids: a name, and its ids as `channel:id`.
    pub identity_links: BTreeMap<String, Vec<String>>,
    /// Messages that start a session afresh.
    pub reset_triggers: Vec<String>,
    /// When sessions start afresh by themselves.
    pub reset: SessionReset,
    /// The same for kinds of conversation.
    pub reset_by_type: ResetByType,
    /// The same for channels.
    pub reset_by_channel: BTreeMap<String, SessionReset>,
    /// Where sessions are kept.
    #[schemars(extend("default" = "~/.openclaw/agents/{agentId}/sessions/sessions.json"))]
    pub store: Option<String>,
    /// Accepted and without effect: the main session is always `main`.
    pub main_key: Option<String>,
    /// In which conversations answers are sent.
    pub send_policy: Option<Scoped>,
    /// Threads that belong to the sessions of started agents.
    pub thread_bindings: ThreadBindings,
    /// What others may do with a session.
    pub sharing: Sharing,
    /// Whether a new session is announced.
    pub notify_on_create: bool,
    /// When old sessions are put away.
    pub maintenance: Maintenance,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            scope: SessionScope::default(),
            dm_scope: DmScope::default(),
            group_scope: GroupScope::default(),
            identity_links: BTreeMap::new(),
            reset_triggers: vec!["/new".to_owned(), "/reset".to_owned()],
            reset: SessionReset::default(),
            reset_by_type: ResetByType::default(),
            reset_by_channel: BTreeMap::new(),
            store: None,
            main_key: None,
            send_policy: None,
            thread_bindings: ThreadBindings::default(),
            sharing: Sharing::default(),
            notify_on_create: true,
            maintenance: Maintenance::default(),
        }
    }
}

/// Whether people share a session.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionScope {
    /// They do not.
    #[default]
    PerSender,
    /// All share one.
    Global,
}

/// How direct chats are kept apart.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DmScope {
    /// Not at all: all are the agent's main session.
    #[default]
    Main,
    /// By person.
    PerPeer,
    /// By channel and person.
    PerChannelPeer,
    /// By account, channel and person.
    PerAccountChannelPeer,
}

/// How groups are kept apart.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupScope {
    /// Not at all: all are the agent's main session.
    Main,
    /// By group.
    #[default]
    PerGroup,
}

/// When a session starts afresh by itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionReset {
    /// What brings it about. Unset: `idle` if `idleMinutes` is set, else nothing.
    #[schemars(extend("default" = "none"))]
    pub mode: Option<ResetMode>,
    /// The hour of the day for `daily`.
    #[schemars(range(min = 0, max = 23), extend("default" = 4))]
    pub at_hour: Option<u32>,
    /// The silence for `idle`, in minutes.
    #[schemars(range(min = 1))]
    pub idle_minutes: Option<u32>,
}

/// What starts a session afresh.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResetMode {
    /// Nothing.
    None,
    /// An hour of the day.
    Daily,
    /// Silence.
    Idle,
}

/// When a session starts afresh, by kind of conversation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResetByType {
    /// Direct chats.
    pub direct: Option<SessionReset>,
    /// Groups.
    pub group: Option<SessionReset>,
    /// Threads.
    pub thread: Option<SessionReset>,
}

/// Threads that belong to the sessions of started agents.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadBindings {
    /// Whether there are any.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// After this silence a thread is let go, in hours. 0: never.
    #[schemars(range(min = 0.0), extend("default" = 24))]
    pub idle_hours: Option<f64>,
    /// At this age a thread is let go, in hours. 0: never.
    #[schemars(range(min = 0.0), extend("default" = 0))]
    pub max_age_hours: Option<f64>,
    /// Whether starting an agent may open one.
    #[schemars(extend("default" = true))]
    pub spawn_sessions: Option<bool>,
    /// What an agent started there knows.
    pub default_spawn_context: Option<SpawnContext>,
}

/// What a started agent knows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpawnContext {
    /// Only its task.
    Isolated,
    /// All that was said before.
    Fork,
}

/// What others may do with a session.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sharing {
    /// Read it.
    pub read_only: bool,
    /// Propose messages.
    pub suggest: bool,
    /// See drafts.
    pub drafts: bool,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            read_only: true,
            suggest: true,
            drafts: true,
        }
    }
}

/// When old sessions are put away.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Maintenance {
    /// Whether it is done or only reported.
    pub mode: MaintenanceMode,
    /// Sessions untouched for so long are removed; a bare number counts days.
    pub prune_after: Span,
    /// How many are kept.
    #[schemars(range(min = 1))]
    pub max_entries: u32,
    /// Dashboard sessions untouched for so long are archived; false or 0 is never.
    #[schemars(extend("default" = "7d"))]
    pub archive_dashboard_after: Option<OrOff<Span>>,
    /// Sessions touched within this time are never removed; false is no such time.
    pub preserve_recent: Option<OrOff<Span>>,
    /// How long the record of a session started afresh is kept; false is for good. Unset: as `pruneAfter`.
    pub reset_archive_retention: Option<OrOff<Span>>,
    /// How much room all take; false is any.
    pub max_disk_bytes: OrOff<Size>,
    /// How far room is made when they take more: a size, or a percentage of it.
    pub high_water_bytes: HighWater,
    /// Compression of old sessions.
    pub cold_storage: ColdStorage,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            mode: MaintenanceMode::default(),
            prune_after: Span::days(30),
            max_entries: 5000,
            archive_dashboard_after: None,
            preserve_recent: None,
            reset_archive_retention: None,
            max_disk_bytes: OrOff::On(Size::gigabytes(10)),
            high_water_bytes: HighWater::percent(80),
            cold_storage: ColdStorage::default(),
        }
    }
}

/// Whether old sessions are put away.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MaintenanceMode {
    /// They are.
    #[default]
    Enforce,
    /// It is only reported.
    Warn,
}

/// Compression of old sessions.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ColdStorage {
    /// Whether it is done.
    pub enabled: bool,
    /// How old they are then, in days.
    #[schemars(range(min = 1))]
    pub after_days: u32,
}

impl Default for ColdStorage {
    fn default() -> Self {
        Self {
            enabled: false,
            after_days: 30,
        }
    }
}
