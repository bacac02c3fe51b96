//! `channels`: where people write to the agent.
//!
//! A platform has the keys that all share and a few of its own, and may have several accounts with the same keys.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod bridged;
mod common;
mod discord;
mod group;
mod slack;
mod small;
mod telegram;
mod work;

pub use bridged::*;
pub use common::*;
pub use discord::*;
pub use group::*;
pub use slack::*;
pub use small::*;
pub use telegram::*;
pub use work::*;

/// A platform: the keys of its default account, and further accounts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[schemars(bound = "T: JsonSchema + Serialize")]
#[serde(
    rename_all = "camelCase",
    bound(deserialize = "T: Default + Deserialize<'de>")
)]
pub struct Channel<T> {
    /// The keys of the default account, which the others inherit.
    #[serde(flatten)]
    pub root: Account<T>,
    /// Further accounts by id. What one leaves out is taken from the channel.
    #[serde(default)]
    pub accounts: BTreeMap<String, Account<T>>,
    /// The account that is meant when none is named. Unset: `default`.
    pub default_account: Option<String>,
}

/// An account of a platform.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[schemars(bound = "T: JsonSchema + Serialize")]
#[serde(bound(deserialize = "T: Default + Deserialize<'de>"))]
pub struct Account<T> {
    /// The keys that all platforms share.
    #[serde(flatten)]
    pub common: ChannelCommon,
    /// The keys of this platform.
    #[serde(flatten)]
    pub own: T,
}

/// A platform of which there can be one account only.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[schemars(bound = "T: JsonSchema + Serialize")]
#[serde(
    rename_all = "camelCase",
    bound(deserialize = "T: Default + Deserialize<'de>")
)]
pub struct SoleChannel<T> {
    /// Its keys.
    #[serde(flatten)]
    pub root: Account<T>,
    /// Accepted and without effect.
    pub default_account: Option<String>,
}

/// A channel that a plugin brings; its manifest says what its keys are.
pub type PluginChannel = Value;

/// Where people write to the agent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Channels {
    /// What holds for every channel that does not say otherwise.
    pub defaults: ChannelDefaults,
    /// The model for single conversations, by channel and peer.
    pub model_by_channel: BTreeMap<String, BTreeMap<String, String>>,
    /// Telegram.
    pub telegram: Option<Box<Channel<Telegram>>>,
    /// Discord.
    pub discord: Option<Box<Channel<Discord>>>,
    /// Slack.
    pub slack: Option<Box<Channel<Slack>>>,
    /// WhatsApp.
    pub whatsapp: Option<Box<Channel<Whatsapp>>>,
    /// Signal.
    pub signal: Option<Box<Channel<Signal>>>,
    /// IRC.
    pub irc: Option<Box<Channel<Irc>>>,
    /// Matrix.
    pub matrix: Option<Box<Channel<Matrix>>>,
    /// iMessage.
    pub imessage: Option<Box<Channel<Imessage>>>,
    /// BlueBubbles, which iMessage has replaced.
    pub bluebubbles: Option<Box<Channel<Bluebubbles>>>,
    /// Google Chat.
    pub googlechat: Option<Box<Channel<Googlechat>>>,
    /// Microsoft Teams.
    pub msteams: Option<Box<SoleChannel<Msteams>>>,
    /// Mattermost.
    pub mattermost: Option<Box<Channel<Mattermost>>>,
    /// Feishu, or Lark.
    pub feishu: Option<Box<Channel<Feishu>>>,
    /// LINE.
    pub line: Option<Box<Channel<Line>>>,
    /// Nextcloud Talk.
    #[serde(rename = "nextcloud-talk")]
    pub nextcloud_talk: Option<Box<Channel<NextcloudTalk>>>,
    /// Nostr.
    pub nostr: Option<Box<SoleChannel<Nostr>>>,
    /// Synology Chat.
    #[serde(rename = "synology-chat")]
    pub synology_chat: Option<Box<Channel<SynologyChat>>>,
    /// Twitch.
    pub twitch: Option<Box<Channel<Twitch>>>,
    /// Zalo.
    pub zalo: Option<Box<Channel<Zalo>>>,
    /// A person's own Zalo account.
    pub zalouser: Option<Box<Channel<Zalouser>>>,
    /// Tlon.
    pub tlon: Option<Box<Channel<Tlon>>>,
    /// Text messages through Twilio.
    pub sms: Option<Box<Channel<Sms>>>,
    /// QQ.
    pub qqbot: Option<Box<Channel<Qqbot>>>,
    /// Buzz.
    pub buzz: Option<Box<Channel<Buzz>>>,
    /// ClickClack.
    pub clickclack: Option<Box<Channel<Clickclack>>>,
    /// Channels that plugins bring.
    #[serde(flatten)]
    pub others: BTreeMap<String, PluginChannel>,
}

/// The platforms that have keys of their own.
pub const PLATFORMS: [&str; 25] = [
    "telegram",
    "discord",
    "slack",
    "whatsapp",
    "signal",
    "irc",
    "matrix",
    "imessage",
    "bluebubbles",
    "googlechat",
    "msteams",
    "mattermost",
    "feishu",
    "line",
    "nextcloud-talk",
    "nostr",
    "synology-chat",
    "twitch",
    "zalo",
    "zalouser",
    "tlon",
    "sms",
    "qqbot",
    "buzz",
    "clickclack",
];

/// Whether this is the name of a platform that has keys of its own, in whatever letter case.
pub fn is_platform(name: &str) -> bool {
    PLATFORMS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl Channels {
    /// Whether this is the name of a channel: of a platform that is known, or of one that a plugin brings and that has
    /// keys here.
    pub fn is_channel(&self, name: &str) -> bool {
        is_platform(name) || self.others.keys().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// What holds for every channel that does not say otherwise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelDefaults {
    /// In which groups the agent listens.
    #[schemars(extend("default" = "allowlist"))]
    pub group_policy: Option<GroupPolicy>,
    /// Whose words are shown with a message.
    #[schemars(extend("default" = "all"))]
    pub context_visibility: Option<ContextVisibility>,
    /// What else counts as a mention.
    pub implicit_mentions: Option<ImplicitMentions>,
    /// What of heartbeats is shown.
    pub heartbeat_visibility: Option<HeartbeatVisibility>,
    /// A stop for bots that answer each other.
    pub bot_loop_protection: Option<BotLoopProtection>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_platform_with_keys_is_known_by_its_name() {
        let Value::Object(keys) = serde_json::to_value(Channels::default()).unwrap() else {
            panic!("the channels are no object");
        };
        let keys: BTreeSet<_> = keys.keys().map(String::as_str).collect();
        let shared = BTreeSet::from(["defaults", "modelByChannel"]);
        let named: BTreeSet<_> = PLATFORMS.into_iter().collect();
        assert_eq!(&keys - &shared, named);
    }
}
