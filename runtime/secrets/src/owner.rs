//! Who suffers when a secret cannot be had: the part of the gateway that a config path belongs to.
//!
//! An owner whose secret is missing starts cold and the rest runs. The gateway's own auth and paths that no rule
//! knows have no such owner: for them the whole resolution fails.

use std::fmt;

use openclaw_config::{Path, Segment};

/// The part of the gateway that a secret belongs to.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Owner {
    /// `gateway.auth`: without it nobody may be let in, so nothing starts.
    GatewayAuth,
    /// `gateway.remote`: how this machine reaches another gateway.
    GatewayRemote,
    /// A model provider.
    ModelProvider(String),
    /// One account of a channel; the root of a channel is its account `default`.
    ChannelAccount {
        /// The channel's id.
        channel: String,
        /// The account's id.
        account: String,
    },
    /// A skill.
    Skill(String),
    /// A plugin.
    Plugin(String),
    /// The media tools.
    Media,
    /// A voice provider.
    Speech(String),
    /// The scheduler's webhook.
    Cron,
    /// The memory search of an agent; `None` is the default of all.
    Memory(Option<String>),
    /// The ssh sandbox of an agent; `None` is the default of all.
    SandboxSsh(Option<String>),
    /// A credential of an agent's auth store.
    AuthProfile(String),
    /// A path that no rule knows.
    Unmapped,
}

impl Owner {
    /// Whose secret this is.
    pub fn of(path: &Path) -> Self {
        let key = |position| path.key_at(position).unwrap_or_default().to_owned();
        match path.key_at(0) {
            Some("gateway") if path.key_at(1) == Some("auth") => Self::GatewayAuth,
            Some("gateway") if path.key_at(1) == Some("remote") => Self::GatewayRemote,
            Some("models") if path.key_at(1) == Some("providers") => Self::ModelProvider(key(2)),
            Some("channels") => Self::ChannelAccount {
                channel: key(1),
                account: account_of(path).unwrap_or("default").to_owned(),
            },
            Some("skills") if path.key_at(1) == Some("entries") => Self::Skill(key(2)),
            Some("plugins") if path.key_at(1) == Some("entries") => Self::Plugin(key(2)),
            Some("profiles") => Self::AuthProfile(key(1)),
            Some("cron") => Self::Cron,
            Some("talk" | "tts" | "messages") => Self::Speech(speech_provider(path)),
            Some("tools") if path.key_at(1) == Some("media") => Self::Media,
            Some("tools") if path.key_at(1) == Some("web") => Self::Plugin(key(3)),
            Some("memory") => Self::Memory(None),
            Some("agents") => of_agent(path),
            _ => Self::Unmapped,
        }
    }

    /// Whether the gateway must not start without it.
    pub fn is_required(&self) -> bool {
        matches!(self, Self::GatewayAuth | Self::Unmapped)
    }
}

/// The account that a channel path names, `None` for the channel's root.
pub(crate) fn account_of(path: &Path) -> Option<&str> {
    (path.key_at(2) == Some("accounts")).then(|| path.key_at(3))?
}

/// The agent that a path is about: its id, its place in the list, or `None` for the defaults.
fn agent_of(path: &Path) -> Option<String> {
    match (path.key_at(1), path.segments().get(2)) {
        (Some("entries"), Some(Segment::Key(id))) => Some(id.clone()),
        (Some("list"), Some(Segment::Index(index))) => Some(format!("list[{index}]")),
        _ => None,
    }
}

fn of_agent(path: &Path) -> Owner {
    if path.passes("sandbox") {
        Owner::SandboxSsh(agent_of(path))
    } else if path.passes("memory") || path.passes("memorySearch") {
        Owner::Memory(agent_of(path))
    } else if path.passes("tts") {
        Owner::Speech(speech_provider(path))
    } else {
        Owner::Unmapped
    }
}

/// The name after the last `providers`, else the section itself.
fn speech_provider(path: &Path) -> String {
    let steps = path.segments();
    let at = steps
        .iter()
        .rposition(|step| matches!(step, Segment::Key(name) if name == "providers"));
    at.and_then(|at| path.key_at(at.saturating_add(1)))
        .or(path.key_at(0))
        .unwrap_or_default()
        .to_owned()
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GatewayAuth => f.write_str("gateway auth"),
            Self::GatewayRemote => f.write_str("gateway remote"),
            Self::ModelProvider(id) => write!(f, "model provider {id}"),
            Self::ChannelAccount { channel, account } => write!(f, "channel {channel} account {account}"),
            Self::Skill(id) => write!(f, "skill {id}"),
            Self::Plugin(id) => write!(f, "plugin {id}"),
            Self::Media => f.write_str("media tools"),
            Self::Speech(id) => write!(f, "voice provider {id}"),
            Self::Cron => f.write_str("cron"),
            Self::Memory(None) => f.write_str("memory search"),
            Self::Memory(Some(agent)) => write!(f, "memory search of agent {agent}"),
            Self::SandboxSsh(None) => f.write_str("ssh sandbox"),
            Self::SandboxSsh(Some(agent)) => write!(f, "ssh sandbox of agent {agent}"),
            Self::AuthProfile(id) => write!(f, "auth profile {id}"),
            Self::Unmapped => f.write_str("the gateway"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_owner() {
        let of = |text: &str| Owner::of(&text.parse().unwrap()).to_string();
        for (path, owner) in [
            ("gateway.auth.token", "gateway auth"),
            ("gateway.remote.password", "gateway remote"),
            ("models.providers.openai.headers.x", "model provider openai"),
            ("channels.telegram.botToken", "channel telegram account default"),
            (
                "channels.telegram.accounts.work.botToken",
                "channel telegram account work",
            ),
            ("skills.entries.weather.apiKey", "skill weather"),
            ("plugins.entries.brave.config.webSearch.apiKey", "plugin brave"),
            ("tools.media.image.request.auth.token", "media tools"),
            ("messages.tts.providers.eleven.apiKey", "voice provider eleven"),
            ("tts.personas.p.providers.eleven.apiKey", "voice provider eleven"),
            ("talk.apiKey", "voice provider talk"),
            ("cron.webhookToken", "cron"),
            ("agents.defaults.memorySearch.remote.apiKey", "memory search"),
            (
                "agents.entries.bob.memory.search.remote.apiKey",
                "memory search of agent bob",
            ),
            ("agents.defaults.sandbox.ssh.identityData", "ssh sandbox"),
            ("profiles.openai:default.key", "auth profile openai:default"),
            ("gateway.controlUi.github.token", "the gateway"),
        ] {
            assert_eq!(of(path), owner, "{path}");
        }
    }

    #[test]
    fn only_gateway_auth_and_unknown_paths_stop_the_start() {
        let required = |text: &str| Owner::of(&text.parse().unwrap()).is_required();
        assert!(required("gateway.auth.password") && required("unknown.secret"));
        assert!(!required("gateway.remote.token") && !required("channels.irc.password"));
    }
}
