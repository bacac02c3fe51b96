//! What decided: a layer, a key of the config and an entry of it.

use std::fmt;

use openclaw_config::Path;
use serde_json::{Map, Value, json};

/// What is asked about a tool, in this order. Each only takes away.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Layer {
    /// Whether the session has a machine to run it on.
    Machine,
    /// Whether it is switched off.
    Switch,
    /// Whether it is kept for the owner.
    Owner,
    /// Whether it waits to be listed.
    OptIn,
    /// The set of tools to start from.
    Profile,
    /// The set to start from with the model's provider.
    ProviderProfile,
    /// The lists of the whole gateway.
    Global,
    /// The lists of the whole gateway for the model's provider.
    Provider,
    /// The agent's lists.
    Agent,
    /// The agent's lists for the model's provider.
    AgentProvider,
    /// The lists of the group or chat.
    Room,
    /// The lists for the sender.
    Sender,
    /// The agent's lists for the sender.
    AgentSender,
    /// The lists for sandboxed sessions.
    Sandbox,
    /// The lists for agents that agents start.
    Subagent,
    /// What the run was given.
    Run,
}

impl Layer {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::Machine,
        Self::Switch,
        Self::Owner,
        Self::OptIn,
        Self::Profile,
        Self::ProviderProfile,
        Self::Global,
        Self::Provider,
        Self::Agent,
        Self::AgentProvider,
        Self::Room,
        Self::Sender,
        Self::AgentSender,
        Self::Sandbox,
        Self::Subagent,
        Self::Run,
    ];

    /// Its name for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Switch => "switch",
            Self::Owner => "owner",
            Self::OptIn => "opt-in",
            Self::Profile => "profile",
            Self::ProviderProfile => "provider-profile",
            Self::Global => "global",
            Self::Provider => "provider",
            Self::Agent => "agent",
            Self::AgentProvider => "agent-provider",
            Self::Room => "room",
            Self::Sender => "sender",
            Self::AgentSender => "agent-sender",
            Self::Sandbox => "sandbox",
            Self::Subagent => "subagent",
            Self::Run => "run",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A place of the config that says something, or whose default does.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Key {
    /// The place.
    pub path: Path,
    /// Whether it is not set, so that its default holds.
    pub is_default: bool,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        match self.is_default {
            true => f.write_str(" (default)"),
            false => Ok(()),
        }
    }
}

/// What a layer says about a tool.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Effect {
    /// It says nothing; why.
    Silent(&'static str),
    /// An entry names the tool among those that there are.
    Allowed,
    /// An entry takes the tool away.
    Denied,
    /// It says which tools there are, and this is none of them.
    NotListed,
    /// It is refused for a reason that no list gives.
    Refused(&'static str),
}

/// What a layer says about a tool, and where.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Rule {
    /// The layer.
    pub layer: Layer,
    /// The key; none where nothing in the config decides.
    pub key: Option<Key>,
    /// The entry or the value, as it is written there.
    pub entry: Option<String>,
    /// What it says.
    pub effect: Effect,
}

impl Rule {
    pub(super) fn silent(layer: Layer, why: &'static str) -> Self {
        Self {
            layer,
            key: None,
            entry: None,
            effect: Effect::Silent(why),
        }
    }

    /// Whether the tool passes.
    pub fn passes(&self) -> bool {
        matches!(self.effect, Effect::Silent(_) | Effect::Allowed)
    }

    /// For programs.
    pub fn to_value(&self) -> Value {
        let verdict = match self.effect {
            Effect::Silent(_) => "silent",
            Effect::Allowed => "allows",
            Effect::Denied | Effect::NotListed | Effect::Refused(_) => "denies",
        };
        let mut told = Map::new();
        told.insert("layer".to_owned(), json!(self.layer.id()));
        told.insert("verdict".to_owned(), json!(verdict));
        if let Some(key) = &self.key {
            told.insert("key".to_owned(), json!(key.path.to_string()));
            if key.is_default {
                told.insert("default".to_owned(), json!(true));
            }
        }
        if let Some(entry) = &self.entry {
            told.insert("entry".to_owned(), json!(entry));
        }
        told.insert("text".to_owned(), json!(self.to_string()));
        Value::Object(told)
    }
}

/// In a sentence's words, without a full stop.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Effect::Silent(why) | Effect::Refused(why) = self.effect {
            f.write_str(why)?;
            return match (&self.key, &self.entry) {
                (Some(key), Some(entry)) => write!(f, "; {key} is \"{entry}\""),
                (Some(key), None) => write!(f, "; {key} says so"),
                (None, _) => Ok(()),
            };
        }
        match (&self.key, &self.entry) {
            (Some(key), Some(entry)) => write!(f, "{key} = \"{entry}\"")?,
            (Some(key), None) => write!(f, "{key}")?,
            (None, Some(entry)) => write!(f, "\"{entry}\"")?,
            (None, None) => f.write_str("its list")?,
        }
        f.write_str(match self.effect {
            Effect::Allowed => " allows it",
            Effect::Denied => " denies it",
            _ => " does not have it",
        })
    }
}

/// Whether a tool is there, and what decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// Whether it is.
    pub allowed: bool,
    /// What decided: the first layer that refuses it, or the last that names it.
    pub rule: Rule,
}

impl Verdict {
    /// What the rules of all layers come to.
    pub(super) fn of(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut named = None;
        for rule in rules {
            match rule.effect {
                Effect::Silent(_) => {}
                Effect::Allowed => named = Some(rule),
                Effect::Denied | Effect::NotListed | Effect::Refused(_) => {
                    return Self { allowed: false, rule };
                }
            }
        }
        Self {
            allowed: true,
            rule: named.unwrap_or_else(|| Rule::silent(Layer::Profile, "nothing takes it away")),
        }
    }
}
