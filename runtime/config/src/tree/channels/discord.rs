//! `channels.discord`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;
use crate::tree::channels::{DmPolicy, NativeCommands, ReactionNotifications};
use crate::tree::speaking::{Tts, Voice};
use crate::tree::tools::ToolLists;
use crate::tree::values::PeerId;

/// What Discord needs besides the common keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Discord {
    /// The bot's token. `DISCORD_BOT_TOKEN` stands in when the default account has none.
    pub token: Option<SecretInput>,
    /// The application's id. Unset: as Discord says.
    pub application_id: Option<String>,
    /// Servers by id; `*` is every other.
    pub guilds: BTreeMap<String, Guild>,
    /// Direct chats, in the older spelling.
    pub dm: Option<PlatformDm>,
    /// What Discord tells the bot about.
    pub intents: Option<Intents>,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
    /// What the menu shows.
    pub commands: Option<NativeCommands>,
    /// The bot's slash commands.
    pub slash_command: Option<SlashCommand>,
    /// Where long answers are cut, in lines.
    #[schemars(range(min = 1), extend("default" = 17))]
    pub max_lines_per_message: Option<u32>,
    /// Names that the agent may call people by, and their ids.
    pub mention_aliases: BTreeMap<String, String>,
    /// Whether links are shown without a preview.
    pub suppress_embeds: Option<bool>,
    /// Threads.
    pub thread: Option<ThreadInheritance>,
    /// People who speak through PluralKit.
    pub pluralkit: Option<Pluralkit>,
    /// Voice channels.
    pub voice: Option<DiscordVoice>,
    /// Buttons and forms.
    pub agent_components: Option<AgentComponents>,
    /// What the bot is shown to be doing.
    pub activity: Option<String>,
    /// What kind of doing that is.
    #[schemars(range(min = 0, max = 5))]
    pub activity_type: Option<u8>,
    /// The address of what it is doing.
    pub activity_url: Option<String>,
    /// Whether the bot is shown to be there.
    pub status: Option<DiscordStatus>,
    /// Whether that follows the gateway's health.
    pub auto_presence: Option<AutoPresence>,
    /// How messages are worked on.
    pub inbound_worker: Option<InboundWorker>,
}

/// A server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Guild {
    /// A short name for it.
    pub slug: Option<String>,
    /// Whether the agent must be called.
    pub require_mention: Option<bool>,
    /// Whether messages that call others are passed over.
    pub ignore_other_mentions: Option<bool>,
    /// Who is listened to.
    pub users: Option<Vec<PeerId>>,
    /// Which roles are listened to.
    pub roles: Option<Vec<PeerId>>,
    /// Which reactions the agent hears of.
    pub reaction_notifications: Option<ReactionNotifications>,
    /// Which tools it has there.
    pub tools: Option<ToolLists>,
    /// Which tools it has for single people there.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// Channels by id or name. With an entry, only these are listened to.
    pub channels: BTreeMap<String, GuildChannel>,
}

/// A channel of a server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GuildChannel {
    /// Whether the agent listens.
    pub enabled: Option<bool>,
    /// Whether it must be called.
    pub require_mention: Option<bool>,
    /// Whether messages that call others are passed over.
    pub ignore_other_mentions: Option<bool>,
    /// Who is listened to.
    pub users: Option<Vec<PeerId>>,
    /// Which roles are listened to.
    pub roles: Option<Vec<PeerId>>,
    /// Which tools it has there.
    pub tools: Option<ToolLists>,
    /// Which tools it has for single people there.
    pub tools_by_sender: BTreeMap<String, ToolLists>,
    /// The only skills it has there.
    pub skills: Option<Vec<String>>,
    /// What it is told in addition.
    pub system_prompt: Option<String>,
    /// Whether a thread's first message is shown.
    pub include_thread_starter: Option<bool>,
    /// Whether every request gets a thread.
    pub auto_thread: Option<bool>,
    /// What such threads are called.
    pub auto_thread_name: Option<AutoThreadName>,
}

/// What threads are called.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AutoThreadName {
    /// As the message begins.
    Message,
    /// As a model says.
    Generated,
}

/// Direct chats.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlatformDm {
    /// Whether they are answered.
    pub enabled: Option<bool>,
    /// Who may write; `dmPolicy` is the present place.
    pub policy: Option<DmPolicy>,
    /// Who may write; `allowFrom` of the channel is the present place.
    pub allow_from: Option<Vec<PeerId>>,
    /// Whether direct chats of several people are answered.
    pub group_enabled: Option<bool>,
    /// Which of those.
    pub group_channels: Option<Vec<PeerId>>,
    /// How Matrix' direct chats are kept apart.
    pub session_scope: Option<MatrixDmScope>,
    /// Where Matrix' direct chats are answered.
    pub thread_replies: Option<ThreadReplies>,
}

/// How Matrix' direct chats are kept apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatrixDmScope {
    /// By person.
    PerUser,
    /// By room.
    PerRoom,
}

/// Where messages are answered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreadReplies {
    /// Outside threads.
    Off,
    /// In the thread they came in.
    Inbound,
    /// In a thread.
    Always,
}

/// What Discord tells the bot about.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Intents {
    /// What messages say.
    pub message_content: Option<bool>,
    /// Who is there.
    pub presence: Option<bool>,
    /// Who belongs to servers.
    pub guild_members: Option<bool>,
    /// Who is in voice channels.
    pub voice_states: Option<bool>,
}

/// A slash command.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SlashCommand {
    /// Whether it is there.
    pub enabled: Option<bool>,
    /// Its name.
    pub name: Option<String>,
    /// What the keys of its sessions start with.
    pub session_prefix: Option<String>,
    /// Whether only who gave it sees the answer.
    pub ephemeral: Option<bool>,
}

/// Threads.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadInheritance {
    /// Whether they know what was said in the channel.
    pub inherit_parent: Option<bool>,
    /// Whose messages are shown with one that calls the agent.
    pub history_scope: Option<ThreadHistory>,
    /// How many messages of a thread are shown when it begins.
    pub initial_history_limit: Option<u32>,
}

/// Whose messages are shown with one that calls the agent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreadHistory {
    /// The thread's.
    Thread,
    /// The channel's.
    Channel,
}

/// People who speak through PluralKit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pluralkit {
    /// Whether they are told apart.
    pub enabled: Option<bool>,
    /// The token for systems that are private.
    pub token: Option<SecretInput>,
}

/// Buttons and forms.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentComponents {
    /// Whether the agent may use them.
    pub enabled: Option<bool>,
    /// How long they work, in milliseconds.
    #[schemars(range(min = 1, max = 86400000))]
    pub ttl_ms: Option<u64>,
}

/// Whether a bot is shown to be there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscordStatus {
    /// There.
    Online,
    /// Busy.
    Dnd,
    /// Away.
    Idle,
    /// Not there.
    Invisible,
}

/// Whether the bot's status follows the gateway's health.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoPresence {
    /// Whether it does.
    pub enabled: Option<bool>,
    /// How often that is looked at, in milliseconds.
    #[schemars(range(min = 1))]
    pub interval_ms: Option<u64>,
    /// The least time between two changes, in milliseconds.
    #[schemars(range(min = 1))]
    pub min_update_interval_ms: Option<u64>,
}

/// How messages are worked on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InboundWorker {
    /// How long one may take, in milliseconds. 0: as long as it wants.
    pub run_timeout_ms: Option<u64>,
}

/// Voice channels.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DiscordVoice {
    /// Whether the agent joins them.
    pub enabled: Option<bool>,
    /// How it hears and speaks.
    pub mode: Option<DiscordVoiceMode>,
    /// The model that answers.
    #[schemars(length(min = 1))]
    pub model: Option<String>,
    /// Models that hear and speak.
    pub realtime: Option<DiscordRealtime>,
    /// How it speaks.
    pub tts: Option<Tts>,
    /// Channels that it joins by itself.
    pub auto_join: Vec<VoiceRoom>,
    /// The only channels that it joins. Empty: any.
    pub allowed_channels: Vec<VoiceRoom>,
    /// Whether it follows people.
    pub follow_users_enabled: Option<bool>,
    /// Whom.
    pub follow_users: Option<Vec<String>>,
    /// Whether speech is encrypted end to end.
    pub dave_encryption: Option<bool>,
    /// How many failures of that are borne.
    pub decryption_failure_tolerance: Option<u32>,
    /// How long joining may take, in milliseconds.
    #[schemars(range(min = 1, max = 120000))]
    pub connect_timeout_ms: Option<u64>,
    /// How long a lost connection is waited for, in milliseconds.
    #[schemars(range(min = 1, max = 120000))]
    pub reconnect_grace_ms: Option<u64>,
    /// The silence that ends what a person says, in milliseconds.
    #[schemars(range(min = 1, max = 30000))]
    pub capture_silence_grace_ms: Option<u64>,
}

/// How the agent hears and speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscordVoiceMode {
    /// One model hears, another speaks.
    SttTts,
    /// One model does both and asks the agent.
    AgentProxy,
    /// One model does both.
    Bidi,
}

/// Models that hear and speak.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DiscordRealtime {
    /// Whose.
    #[schemars(length(min = 1))]
    pub provider: Option<String>,
    /// Which one.
    #[schemars(length(min = 1))]
    pub model: Option<String>,
    /// The voice, by name.
    #[schemars(length(min = 1))]
    pub speaker_voice: Option<String>,
    /// The voice, by id.
    #[schemars(length(min = 1))]
    pub speaker_voice_id: Option<String>,
    /// What it is told.
    #[schemars(length(min = 1))]
    pub instructions: Option<String>,
    /// Whether the agent must be called by name.
    pub require_wake_name: Option<bool>,
    /// The names.
    #[schemars(length(min = 1))]
    pub wake_names: Option<Vec<String>>,
    /// Whether speaking makes it stop.
    pub barge_in: Option<bool>,
    /// How long it waits for more, in milliseconds.
    #[schemars(range(min = 1, max = 10000))]
    pub debounce_ms: Option<u64>,
    /// Settings of single providers.
    pub providers: BTreeMap<String, Voice>,
}

/// A voice channel.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceRoom {
    /// The server.
    #[schemars(length(min = 1))]
    pub guild_id: String,
    /// The channel.
    #[schemars(length(min = 1))]
    pub channel_id: String,
    /// Whether it is joined only when somebody is there.
    pub when_occupied: Option<bool>,
}
