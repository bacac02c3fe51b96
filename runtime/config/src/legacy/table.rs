//! The table of old spellings. Rows apply from top to bottom, each to what those above have left.

use serde_json::Value;

use super::{Changes, special};
use crate::path::Path;

/// An old key and what it means now.
pub(super) struct Row {
    /// The old path; `*` stands for any key.
    pub old: &'static str,
    /// What becomes of it.
    pub how: How,
}

/// What becomes of an old key.
pub(super) enum How {
    /// It goes there; each `*` is what the old path's was, `'*'` is the key `*`.
    Move(&'static str),
    /// It goes away; the hint says why or what to do.
    Drop(&'static str),
    /// Some of its words are spelled otherwise now.
    Words(&'static [(&'static str, &'static str)]),
    /// It needs a rule of its own.
    Special(Special),
}

/// A rule of its own: the whole value, the old path, what its `*` stood for.
pub(super) type Special = fn(&mut Value, &Path, &[String], &mut Changes);

const fn to(old: &'static str, new: &'static str) -> Row {
    Row {
        old,
        how: How::Move(new),
    }
}

const fn drop(old: &'static str, hint: &'static str) -> Row {
    Row {
        old,
        how: How::Drop(hint),
    }
}

const fn words(old: &'static str, words: &'static [(&'static str, &'static str)]) -> Row {
    Row {
        old,
        how: How::Words(words),
    }
}

const fn special(old: &'static str, rule: Special) -> Row {
    Row {
        old,
        how: How::Special(rule),
    }
}

const BIND: &[(&str, &str)] = &[
    ("0.0.0.0", "lan"),
    ("::", "lan"),
    ("127.0.0.1", "loopback"),
    ("localhost", "loopback"),
    ("::1", "loopback"),
];
const SPEECH: &[(&str, &str)] = &[("edge", "microsoft")];
const API: &[(&str, &str)] = &[
    ("openai", "openai-completions"),
    ("openai-codex-responses", "openai-chatgpt-responses"),
];

pub(super) const ROWS: &[Row] = &[
    // The environment.
    special("env.*", special::move_inline_variable),
    // The one agent of old, and the list that followed.
    special("identity", special::move_identity),
    to("defaultModel", "agents.defaults.model"),
    to("agent.*", "agents.defaults.*"),
    to("agent", "agents.defaults"),
    special("agents.list", special::key_agents),
    to("routing.agents.*", "agents.entries.*"),
    to("routing.allowFrom", "channels.whatsapp.allowFrom"),
    special(
        "routing.groupChat.requireMention",
        special::spread_require_mention,
    ),
    to(
        "routing.groupChat.historyLimit",
        "messages.groupChat.historyLimit",
    ),
    to(
        "routing.groupChat.mentionPatterns",
        "messages.groupChat.mentionPatterns",
    ),
    to("routing.bindings", "bindings"),
    to("routing.queue", "messages.queue"),
    // Heartbeats.
    to("heartbeat.showOk", "channels.defaults.heartbeatVisibility.showOk"),
    to(
        "heartbeat.showAlerts",
        "channels.defaults.heartbeatVisibility.showAlerts",
    ),
    to(
        "heartbeat.useIndicator",
        "channels.defaults.heartbeatVisibility.useIndicator",
    ),
    to("heartbeat.*", "agents.defaults.heartbeat.*"),
    to("channels.*.heartbeat", "channels.*.heartbeatVisibility"),
    to(
        "channels.*.accounts.*.heartbeat",
        "channels.*.accounts.*.heartbeatVisibility",
    ),
    // Channels.
    to("channels.discord.dm.policy", "channels.discord.dmPolicy"),
    to("channels.discord.dm.allowFrom", "channels.discord.allowFrom"),
    to(
        "channels.discord.accounts.*.dm.policy",
        "channels.discord.accounts.*.dmPolicy",
    ),
    to(
        "channels.discord.accounts.*.dm.allowFrom",
        "channels.discord.accounts.*.allowFrom",
    ),
    to("channels.slack.dm.policy", "channels.slack.dmPolicy"),
    to("channels.slack.dm.allowFrom", "channels.slack.allowFrom"),
    to(
        "channels.slack.accounts.*.dm.policy",
        "channels.slack.accounts.*.dmPolicy",
    ),
    to(
        "channels.slack.accounts.*.dm.allowFrom",
        "channels.slack.accounts.*.allowFrom",
    ),
    to("channels.slack.identity", "channels.slack.postAs"),
    to(
        "channels.slack.accounts.*.identity",
        "channels.slack.accounts.*.postAs",
    ),
    to(
        "channels.telegram.requireMention",
        "channels.telegram.groups.'*'.requireMention",
    ),
    to(
        "channels.telegram.accounts.*.requireMention",
        "channels.telegram.accounts.*.groups.'*'.requireMention",
    ),
    special("channels.whatsapp.ackReaction", special::move_ack_reaction),
    to(
        "channels.whatsapp.messagePrefix",
        "channels.whatsapp.responsePrefix",
    ),
    to(
        "channels.whatsapp.accounts.*.messagePrefix",
        "channels.whatsapp.accounts.*.responsePrefix",
    ),
    to(
        "channels.*.threadBindings.ttlHours",
        "channels.*.threadBindings.idleHours",
    ),
    to(
        "channels.*.accounts.*.threadBindings.ttlHours",
        "channels.*.accounts.*.threadBindings.idleHours",
    ),
    to(
        "session.threadBindings.ttlHours",
        "session.threadBindings.idleHours",
    ),
    to("web.enabled", "channels.whatsapp.enabled"),
    drop(
        "channels.webchat",
        "the web chat is part of the gateway and needs no settings",
    ),
    drop(
        "gateway.webchat",
        "the web chat is part of the gateway and needs no settings",
    ),
    // The gateway.
    drop(
        "gateway.token",
        "it is never used as a credential; set gateway.auth.token",
    ),
    words("gateway.bind", BIND),
    to("gateway.nodes.allowCommands", "gateway.nodes.commands.allow"),
    to("gateway.nodes.denyCommands", "gateway.nodes.commands.deny"),
    to("gateway.nodes.skills.enabled", "gateway.nodes.allowSkills"),
    special("discovery.wideArea.enabled", special::name_wide_area),
    // Speech.
    to("messages.tts", "tts"),
    words("tts.provider", SPEECH),
    words("agents.entries.*.tts.provider", SPEECH),
    to("tts.providers.edge", "tts.providers.microsoft"),
    to(
        "agents.entries.*.tts.providers.edge",
        "agents.entries.*.tts.providers.microsoft",
    ),
    to("tts.providers.*.voice", "tts.providers.*.speakerVoice"),
    to("tts.providers.*.voiceId", "tts.providers.*.speakerVoiceId"),
    to(
        "agents.entries.*.tts.providers.*.voice",
        "agents.entries.*.tts.providers.*.speakerVoice",
    ),
    to(
        "agents.entries.*.tts.providers.*.voiceId",
        "agents.entries.*.tts.providers.*.speakerVoiceId",
    ),
    special("talk.voiceId", special::move_talk),
    special("talk.voiceAliases", special::move_talk),
    special("talk.modelId", special::move_talk),
    special("talk.outputFormat", special::move_talk),
    special("talk.apiKey", special::move_talk),
    // Tools.
    to("tools.exec.timeoutSec", "tools.exec.timeoutSeconds"),
    to(
        "agents.entries.*.tools.exec.timeoutSec",
        "agents.entries.*.tools.exec.timeoutSeconds",
    ),
    to(
        "tools.message.allowCrossContextSend",
        "tools.message.crossContext.allowAcrossProviders",
    ),
    special("tools.media.image.models", special::tag_media_models),
    special("tools.media.audio.models", special::tag_media_models),
    special("tools.media.video.models", special::tag_media_models),
    special("tools.allow", special::rename_tools),
    special("tools.alsoAllow", special::rename_tools),
    special("tools.deny", special::rename_tools),
    special("tools.byProvider.*.allow", special::rename_tools),
    special("tools.byProvider.*.alsoAllow", special::rename_tools),
    special("tools.byProvider.*.deny", special::rename_tools),
    special("tools.sandbox.tools.allow", special::rename_tools),
    special("tools.sandbox.tools.alsoAllow", special::rename_tools),
    special("tools.sandbox.tools.deny", special::rename_tools),
    special("tools.toolsBySender.*.allow", special::rename_tools),
    special("tools.toolsBySender.*.alsoAllow", special::rename_tools),
    special("tools.toolsBySender.*.deny", special::rename_tools),
    special("tools.subagents.tools.allow", special::rename_tools),
    special("tools.subagents.tools.alsoAllow", special::rename_tools),
    special("tools.subagents.tools.deny", special::rename_tools),
    special("gateway.tools.allow", special::rename_tools),
    special("gateway.tools.deny", special::rename_tools),
    special("agents.entries.*.tools.byProvider.*.allow", special::rename_tools),
    special(
        "agents.entries.*.tools.byProvider.*.alsoAllow",
        special::rename_tools,
    ),
    special("agents.entries.*.tools.byProvider.*.deny", special::rename_tools),
    special("channels.*.groups.*.tools.allow", special::rename_tools),
    special("channels.*.groups.*.tools.alsoAllow", special::rename_tools),
    special("channels.*.groups.*.tools.deny", special::rename_tools),
    special("agents.entries.*.tools.allow", special::rename_tools),
    special("agents.entries.*.tools.alsoAllow", special::rename_tools),
    special("agents.entries.*.tools.deny", special::rename_tools),
    special(
        "agents.entries.*.tools.sandbox.tools.allow",
        special::rename_tools,
    ),
    special(
        "agents.entries.*.tools.sandbox.tools.alsoAllow",
        special::rename_tools,
    ),
    special("agents.entries.*.tools.sandbox.tools.deny", special::rename_tools),
    // Sessions.
    special("session.idleMinutes", special::move_idle_minutes),
    to("session.resetByType.dm", "session.resetByType.direct"),
    special("session.maintenance.pruneDays", special::move_prune_days),
    // Memory.
    to("memorySearch", "memory.search"),
    to("agents.defaults.memorySearch", "memory.search"),
    to("agents.entries.*.memorySearch", "agents.entries.*.memory.search"),
    words("memory.search.provider", &[("auto", "openai")]),
    words("agents.entries.*.memory.search.provider", &[("auto", "openai")]),
    // Agents.
    special("agents.defaults.sandbox.perSession", special::name_scope),
    special("agents.entries.*.sandbox.perSession", special::name_scope),
    to("agents.defaults.embeddedPi", "agents.defaults.embeddedAgent"),
    to("agents.entries.*.embeddedPi", "agents.entries.*.embeddedAgent"),
    to("agents.defaults.pdfMaxBytesMb", "agents.defaults.pdfMaxMb"),
    to(
        "agents.defaults.imageGenerationModel",
        "agents.defaults.mediaModels.image",
    ),
    to(
        "agents.defaults.videoGenerationModel",
        "agents.defaults.mediaModels.video",
    ),
    to(
        "agents.defaults.musicGenerationModel",
        "agents.defaults.mediaModels.music",
    ),
    // Models. Names of former providers stand in references too.
    words("models.providers.*.api", API),
    to("plugins.entries.openai-codex", "plugins.entries.openai"),
    special("agents.defaults", special::rename_models),
    special("agents.entries.*", special::rename_models),
    // The rest.
    to("media.*", "attachments.*"),
    to("audit", "logging.audit"),
    drop("tui", "the terminal interface keeps its own settings"),
    to(
        "browser.ssrfPolicy.allowPrivateNetwork",
        "browser.ssrfPolicy.dangerouslyAllowPrivateNetwork",
    ),
    to(
        "browser.ssrfPolicy.hostnameAllowlist",
        "browser.ssrfPolicy.allowedHostnames",
    ),
    to("mcp.servers.*.type", "mcp.servers.*.transport"),
    words("mcp.servers.*.transport", &[("http", "streamable-http")]),
    special("mcp.servers.*.disabled", special::invert_disabled),
    to(
        "mcp.servers.*.connectTimeout",
        "mcp.servers.*.connectionTimeoutMs",
    ),
    to("mcp.servers.*.timeout", "mcp.servers.*.requestTimeoutMs"),
    to("cron.failureDestination.*", "cron.failureAlert.*"),
];
