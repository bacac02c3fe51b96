//! Commands that leave the sandbox: who may have them, and whether this one does.
//!
//! **Promise.** Both the gateway's settings and the agent's must let the sender; an agent's can only refuse. An empty
//! list is nobody. What was refused is told by its gate and its key. **Cost.** A walk over two lists.

use openclaw_config::Path;
use openclaw_config::tree::Config;
use openclaw_config::tree::speech::Elevated;
use openclaw_config::tree::tools::Elevation;
use openclaw_config::tree::values::PeerId;
use serde_json::{Map, Value};

use super::policy::{Person, is_called, is_id, is_number};

/// The channel that the gateway's own clients count as.
const OWN: &str = "webchat";

/// The field of a session that keeps its level.
pub(crate) const FIELD: &str = "elevatedLevel";

/// The level that a session was set to.
pub fn set_in(entry: &Map<String, Value>) -> Option<Level> {
    entry.get(FIELD).and_then(Value::as_str).and_then(Level::read)
}

/// How far a command goes.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// It stays in the sandbox.
    #[default]
    Off,
    /// It runs on the gateway's machine, and approvals hold.
    Ask,
    /// It runs there, and approvals are passed over where the policy of both sides is to ask nothing.
    Full,
}

impl Level {
    /// The level of a word that people type.
    pub fn read(word: &str) -> Option<Self> {
        match word.trim().to_lowercase().as_str() {
            "off" => Some(Self::Off),
            "on" | "ask" => Some(Self::Ask),
            "full" => Some(Self::Full),
            _ => None,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ask => "on",
            Self::Full => "full",
        }
    }

    /// The level that is meant: what the message says, else the session, else the config. Of what is not available
    /// nothing is left.
    pub fn of(config: &Config, inline: Option<Self>, session: Option<Self>, failures: &[Failure]) -> Self {
        if !failures.is_empty() {
            return Self::Off;
        }
        let usual = match config.agents.defaults.elevated_default {
            Some(Elevated::Off) => Self::Off,
            Some(Elevated::Full) => Self::Full,
            Some(Elevated::On | Elevated::Ask) | None => Self::Ask,
        };
        inline.or(session).unwrap_or(usual)
    }
}

/// A gate that does not let the sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// `enabled` or `allowFrom`.
    pub gate: &'static str,
    /// The key that says so.
    pub key: Path,
}

/// How far the commands of one turn go.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reach {
    /// How far those go that do not say.
    pub level: Level,
    /// The gates that keep all of them inside.
    pub failures: Vec<Failure>,
}

impl Reach {
    /// How far the commands of a message of this person go. `inline` is what the message says, `session` what was set.
    pub fn of(
        config: &Config,
        agent: &str,
        person: Option<&Person>,
        inline: Option<Level>,
        session: Option<Level>,
    ) -> Self {
        let failures = failures(config, agent, person);
        Self {
            level: Level::of(config, inline, session, &failures),
            failures,
        }
    }

    /// Whether commands may leave the sandbox at all: no gate is shut, and it is not off.
    pub fn may_leave(&self) -> bool {
        self.failures.is_empty() && self.level != Level::Off
    }

    /// Whether this command leaves the sandbox, where it says so itself or nothing.
    pub fn leaves(&self, asked: Option<bool>) -> Result<bool, String> {
        match asked {
            Some(true) if !self.failures.is_empty() => Err(refusal(&self.failures)),
            Some(true) if self.level == Level::Off => Err(
                "Elevated is off in this session, and so its commands stay in the sandbox; its person switches it on with \
                 /elevated on."
                    .to_owned(),
            ),
            Some(asked) => Ok(asked),
            None => Ok(self.may_leave()),
        }
    }
}

/// Why commands do not leave the sandbox.
pub fn refusal(failures: &[Failure]) -> String {
    let gates: Vec<_> = failures
        .iter()
        .map(|failure| format!("{} ({})", failure.key, failure.gate))
        .collect();
    format!(
        "This session is sandboxed, and its commands may not leave the sandbox (elevated): closed by {}.",
        gates.join(" and ")
    )
}

/// The gates that do not let a sender have commands that leave the sandbox; none if they may. Without a person it is
/// one of the gateway's own clients that asks.
pub fn failures(config: &Config, agent: &str, person: Option<&Person>) -> Vec<Failure> {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|agent| agent.tools.as_ref()?.elevated.as_ref());
    let shared_path = Path::of(["tools", "elevated"]);
    let own_path = Path::of(["agents", "entries", agent, "tools", "elevated"]);
    let mut failures = Vec::new();
    let mut scopes = vec![(&config.tools.elevated, shared_path, true)];
    scopes.extend(own.map(|own| (own, own_path, false)));
    for (elevation, path, is_shared) in &scopes {
        if !elevation.enabled {
            failures.push(Failure {
                gate: "enabled",
                key: path.key("enabled"),
            });
            continue;
        }
        // Where the agent lists nobody at all, the shared list holds alone.
        if !is_shared && elevation.allow_from.is_empty() {
            continue;
        }
        let channel = person.map_or(OWN, |person| person.channel.as_str());
        if !lists(elevation, channel, person) {
            failures.push(Failure {
                gate: "allowFrom",
                key: path.key("allowFrom").key(channel),
            });
        }
    }
    failures
}

fn lists(elevation: &Elevation, channel: &str, person: Option<&Person>) -> bool {
    let found = elevation
        .allow_from
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(channel));
    let entries = found.map(|(_, entries)| entries.as_slice()).unwrap_or_default();
    entries.iter().any(|entry| is_about(entry, person))
}

fn is_about(entry: &PeerId, person: Option<&Person>) -> bool {
    let entry = entry.as_str().trim().to_lowercase();
    if entry == "*" {
        return true;
    }
    let Some(person) = person else {
        return false;
    };
    let (kind, rest) = entry.split_once(':').unwrap_or(("", &entry));
    let is_any = |id: &str| is_id(id, person) || person.ids.iter().any(|known| is_number(known, id));
    match kind {
        "id" => is_id(rest, person),
        "from" => is_any(rest),
        "e164" => person.ids.iter().any(|known| is_number(known, rest)),
        "username" | "tag" => is_called(person.username.as_deref(), rest),
        "name" => is_called(person.name.as_deref(), rest),
        _ if kind.eq_ignore_ascii_case(&person.channel) => is_any(rest),
        _ => is_any(&entry),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(tools: Value, own: Value) -> Config {
        let agents = json!({"entries": {"work": {"tools": own}}});
        serde_json::from_value(json!({"tools": tools, "agents": agents})).unwrap()
    }

    fn ann() -> Person {
        Person {
            channel: "telegram".to_owned(),
            ids: vec!["42".to_owned(), "+49 1".to_owned()],
            username: Some("ann".to_owned()),
            name: Some("Ann Lee".to_owned()),
        }
    }

    fn told(config: &Config, person: Option<&Person>) -> Vec<String> {
        let failures = failures(config, "work", person);
        failures
            .into_iter()
            .map(|failure| format!("{}: {}", failure.gate, failure.key))
            .collect()
    }

    #[test]
    fn nobody_may_unless_they_are_listed() {
        let nobody = config(json!({}), json!({}));
        assert_eq!(
            told(&nobody, Some(&ann())),
            ["allowFrom: tools.elevated.allowFrom.telegram"]
        );
        assert_eq!(
            told(&nobody, None),
            ["allowFrom: tools.elevated.allowFrom.webchat"]
        );
        for entry in [
            "42",
            "id:42",
            "from:+491",
            "e164:+491",
            "username:@Ann",
            "name:ann lee",
            "telegram:42",
            "*",
        ] {
            let listed = config(
                json!({"elevated": {"allowFrom": {"telegram": [entry]}}}),
                json!({}),
            );
            assert_eq!(told(&listed, Some(&ann())), [""; 0], "{entry}");
            assert!(!told(&listed, None).is_empty());
        }
        for entry in ["43", "irc:42", "id:ann", "name:ann", "username:lee"] {
            let other = config(
                json!({"elevated": {"allowFrom": {"telegram": [entry]}}}),
                json!({}),
            );
            assert_eq!(told(&other, Some(&ann())).len(), 1, "{entry}");
        }
    }

    #[test]
    fn an_agent_can_only_refuse() {
        let all = json!({"elevated": {"allowFrom": {"telegram": ["*"]}}});
        assert_eq!(told(&config(all.clone(), json!({})), Some(&ann())), [""; 0]);
        let off = config(all.clone(), json!({"elevated": {"enabled": false}}));
        assert_eq!(
            told(&off, Some(&ann())),
            ["enabled: agents.entries.work.tools.elevated.enabled"]
        );
        let fewer = config(all, json!({"elevated": {"allowFrom": {"telegram": ["1"]}}}));
        assert_eq!(
            told(&fewer, Some(&ann())),
            ["allowFrom: agents.entries.work.tools.elevated.allowFrom.telegram"]
        );
        let wider = config(json!({}), json!({"elevated": {"allowFrom": {"telegram": ["*"]}}}));
        assert_eq!(told(&wider, Some(&ann())).len(), 1);
    }

    #[test]
    fn the_message_comes_before_the_session_and_that_before_the_config() {
        let mut config = Config::default();
        let of = |config: &Config, inline, session| Level::of(config, inline, session, &[]);
        assert_eq!(of(&config, None, None), Level::Ask);
        config.agents.defaults.elevated_default = Some(Elevated::Full);
        assert_eq!(of(&config, None, None), Level::Full);
        assert_eq!(of(&config, None, Some(Level::Off)), Level::Off);
        assert_eq!(of(&config, Some(Level::Ask), Some(Level::Off)), Level::Ask);
        let refused = failures(&config, "work", None);
        assert_eq!(Level::of(&config, Some(Level::Full), None, &refused), Level::Off);
    }

    #[test]
    fn a_command_leaves_if_it_says_so_or_says_nothing_and_the_level_is_on_and_no_gate_is_shut() {
        let open = Reach {
            level: Level::Ask,
            failures: Vec::new(),
        };
        assert_eq!(open.leaves(None), Ok(true));
        assert_eq!(open.leaves(Some(false)), Ok(false));
        let off = Reach::default();
        assert!(off.leaves(None) == Ok(false) && !off.may_leave());
        assert!(off.leaves(Some(true)).unwrap_err().contains("/elevated on"));
        let shut = Reach::of(
            &Config::default(),
            "main",
            None,
            Some(Level::Full),
            Some(Level::Full),
        );
        assert_eq!(
            (shut.leaves(None), shut.leaves(Some(false))),
            (Ok(false), Ok(false))
        );
        let why = shut.leaves(Some(true)).unwrap_err();
        assert!(
            why.contains("tools.elevated.allowFrom.webchat (allowFrom)"),
            "{why}"
        );
    }

    #[test]
    fn a_level_is_read_as_people_type_it() {
        for (word, level) in [
            ("ON", Level::Ask),
            ("ask", Level::Ask),
            ("full", Level::Full),
            ("off", Level::Off),
        ] {
            assert_eq!(Level::read(word), Some(level));
        }
        assert_eq!(Level::read("maybe"), None);
    }
}
