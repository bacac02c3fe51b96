//! `approvals`, `security` and `accessGroups`: who is asked, who may install, who belongs together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;
use crate::tree::values::PeerId;

/// Where questions for a nod are shown, besides where they arise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Approvals {
    /// Questions about commands.
    pub exec: ApprovalRelay,
    /// Questions of plugins.
    pub plugin: ApprovalRelay,
}

/// Where questions for a nod are shown.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApprovalRelay {
    /// Whether they are shown elsewhere at all.
    pub enabled: bool,
    /// Where.
    pub mode: ApprovalMode,
    /// Only questions of these agents.
    pub agent_filter: Option<Vec<String>>,
    /// Only questions of sessions whose key fits one of these.
    pub session_filter: Option<Vec<String>>,
    /// The places.
    pub targets: Vec<ApprovalTarget>,
}

/// Where questions for a nod are shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalMode {
    /// In the conversation.
    #[default]
    Session,
    /// In the places listed.
    Targets,
    /// In both.
    Both,
}

/// A place where questions for a nod are shown.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalTarget {
    /// The channel.
    #[schemars(length(min = 1))]
    pub channel: String,
    /// The recipient.
    #[schemars(length(min = 1))]
    pub to: String,
    /// The account that sends.
    pub account_id: Option<String>,
    /// The thread.
    pub thread_id: Option<PeerId>,
}

/// What the audit says, and what may be installed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Security {
    /// The audit.
    pub audit: SecurityAudit,
    /// Who decides what may be installed.
    pub install_policy: Option<InstallPolicy>,
}

/// The audit of this installation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityAudit {
    /// Findings that are known and accepted.
    pub suppressions: Vec<Suppression>,
}

/// A finding that is known and accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// The check.
    #[schemars(length(min = 1))]
    pub check_id: String,
    /// What its title contains.
    #[schemars(length(min = 1))]
    pub title_includes: Option<String>,
    /// What its detail contains.
    #[schemars(length(min = 1))]
    pub detail_includes: Option<String>,
    /// Why it is accepted.
    #[schemars(length(min = 1))]
    pub reason: Option<String>,
}

/// Who decides what may be installed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstallPolicy {
    /// Whether anybody does.
    pub enabled: Option<bool>,
    /// What is decided about. Unset: everything.
    #[schemars(length(min = 1))]
    pub targets: Option<Vec<InstallTarget>>,
    /// The program that decides.
    pub exec: Option<InstallDecider>,
}

/// What may be installed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InstallTarget {
    /// Skills.
    Skill,
    /// Plugins.
    Plugin,
}

/// The program that decides what may be installed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallDecider {
    /// How it is asked.
    pub source: DeciderSource,
    /// Where it is.
    #[schemars(length(min = 1))]
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// How long it may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
    /// How long it may print nothing, in milliseconds.
    #[schemars(range(min = 1))]
    pub no_output_timeout_ms: Option<u64>,
    /// How much it may print, in bytes.
    #[schemars(range(min = 1))]
    pub max_output_bytes: Option<u64>,
    /// Variables it is given.
    #[serde(default)]
    pub env: BTreeMap<String, PlainText>,
    /// Variables of the gateway's own environment it is given too.
    #[serde(default)]
    pub pass_env: Vec<String>,
    /// The only folders it may be in. Empty: any.
    #[serde(default)]
    pub trusted_dirs: Vec<String>,
}

/// How the program that decides is asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeciderSource {
    /// It is run.
    Exec,
}

/// People who belong together, by a name that `accessGroup:<name>` in a list refers to.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum AccessGroup {
    /// Those who can see a Discord channel.
    #[serde(rename = "discord.channelAudience")]
    DiscordAudience {
        /// The server.
        guild_id: String,
        /// The channel.
        channel_id: String,
        /// What makes somebody belong.
        membership: Option<DiscordMembership>,
    },
    /// Those who are listed.
    #[serde(rename = "message.senders")]
    Senders {
        /// Their ids, by channel or `*`.
        members: BTreeMap<String, Vec<String>>,
    },
}

/// What makes somebody belong to a Discord channel.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DiscordMembership {
    /// Seeing it.
    CanViewChannel,
}
