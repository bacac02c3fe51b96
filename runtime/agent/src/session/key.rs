//! Session keys: `agent:<agent>:<rest>`, `global` or `unknown`.
//!
//! **Promise.** Reading a key's text yields the same key again. A key that names an agent badly is an error, never
//! the default agent. Ids of people and rooms that a platform tells apart by case keep it. **Bound.** [`KEY_BYTES`].

use std::fmt;

/// The most bytes that a key may have.
pub(super) const KEY_BYTES: usize = 512;
/// The most characters that an agent's id may have.
const AGENT_CHARS: usize = 64;
const THREAD: &str = ":thread:";

/// The key of a session, in its one spelling.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(String);

/// Why a text is no session key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// It names an agent, and not as it should.
    #[error("\"{given}\" is no session key; it is agent:<id>:<session>, with an id of a-z, 0-9, _ and -")]
    Malformed {
        /// What was given.
        given: String,
    },
    /// It is too long or holds control characters.
    #[error("a session key has up to {KEY_BYTES} bytes and no control characters")]
    Unusable,
}

impl Key {
    /// The main session of an agent.
    pub fn main(agent: &str) -> Self {
        Self(format!("agent:{}:main", agent_id(agent)))
    }

    /// Reads what a client sent. `main` and nothing are the main session of `agent`; what names no agent is a
    /// session of that one.
    pub fn parse(text: &str, agent: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.len() > KEY_BYTES || text.chars().any(char::is_control) {
            return Err(KeyError::Unusable);
        }
        let folded = text.to_lowercase();
        if folded.is_empty() || folded == "main" {
            return Ok(Self::main(agent));
        }
        if folded == "global" || folded == "unknown" {
            return Ok(Self(folded));
        }
        if !folded.starts_with("agent:") {
            return Self::of(agent, text);
        }
        let malformed = || KeyError::Malformed {
            given: text.to_owned(),
        };
        let mut parts = text.splitn(3, ':').skip(1);
        let (Some(named), Some(rest)) = (parts.next(), parts.next()) else {
            return Err(malformed());
        };
        let named = named.to_ascii_lowercase();
        let id_is_good = !named.is_empty() && named == agent_id(&named);
        if !id_is_good || rest.is_empty() || rest.starts_with(':') {
            return Err(malformed());
        }
        Self::of(&named, rest)
    }

    /// The session `rest` of an agent.
    pub(crate) fn of(agent: &str, rest: &str) -> Result<Self, KeyError> {
        let rest = rest.trim();
        if rest.is_empty() || rest.starts_with(':') {
            return Err(KeyError::Malformed {
                given: rest.to_owned(),
            });
        }
        let key = format!("agent:{}:{}", agent_id(agent), fold(rest));
        match key.len() > KEY_BYTES || key.chars().any(char::is_control) {
            true => Err(KeyError::Unusable),
            false => Ok(Self(key)),
        }
    }

    /// The session of what cannot be told.
    pub(crate) fn unknown() -> Self {
        Self("unknown".to_owned())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The agent it names; none for `global` and `unknown`.
    pub fn agent(&self) -> Option<&str> {
        self.parts().map(|(agent, _)| agent)
    }

    /// What follows the agent; all of `global` and `unknown`.
    pub fn rest(&self) -> &str {
        self.parts().map_or(self.as_str(), |(_, rest)| rest)
    }

    /// Whether it is a main session: the agent's own, or the one that all share.
    pub fn is_main(&self) -> bool {
        self.rest() == "main" || self.0 == "global"
    }

    /// The key without its thread, and the thread.
    pub fn thread(&self) -> (&str, Option<&str>) {
        match self.0.rsplit_once(THREAD) {
            Some((base, thread)) => (base, Some(thread)),
            None => (&self.0, None),
        }
    }

    fn parts(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix("agent:")?.split_once(':')
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An agent's id in its one spelling.
pub(crate) fn agent_id(given: &str) -> String {
    let mut id: String = given
        .trim()
        .to_lowercase()
        .chars()
        .take(AGENT_CHARS)
        .map(|c| match c {
            'a'..='z' | '0'..='9' | '_' | '-' => c,
            _ => '-',
        })
        .collect();
    if id.is_empty() {
        id.push_str("main");
    }
    id
}

/// Folds the case of what follows the agent, except in ids whose platform tells cases apart.
fn fold(rest: &str) -> String {
    let mut segments = rest.splitn(3, ':');
    let (channel, kind, id) = (segments.next(), segments.next(), segments.next());
    let (Some(channel), Some(kind), Some(id)) = (channel, kind, id) else {
        return spell_direct(rest.to_lowercase());
    };
    let (channel, kind) = (channel.to_lowercase(), kind.to_lowercase());
    match (channel.as_str(), kind.as_str()) {
        ("signal", "group") => match id.split_once(':') {
            Some((group, more)) => format!("{channel}:{kind}:{group}:{}", more.to_lowercase()),
            None => format!("{channel}:{kind}:{id}"),
        },
        ("matrix", "channel" | "group") => format!("{channel}:{kind}:{}", fold_marker(id)),
        _ => spell_direct(rest.to_lowercase()),
    }
}

/// Keeps all of an id but writes the word before its thread in one way.
fn fold_marker(id: &str) -> String {
    let at = id.to_ascii_lowercase().rfind(THREAD);
    match at.and_then(|at| Some((id.get(..at)?, id.get(at + THREAD.len()..)?))) {
        Some((base, thread)) => format!("{base}{THREAD}{thread}"),
        None => id.to_owned(),
    }
}

/// `dm` is how older keys wrote `direct`, in the place of the kind.
fn spell_direct(rest: String) -> String {
    let segments: Vec<_> = rest.split(':').collect();
    match segments.as_slice() {
        ["dm", peer @ ..] if !peer.is_empty() => format!("direct:{}", peer.join(":")),
        [channel, "dm", peer @ ..] if !peer.is_empty() => format!("{channel}:direct:{}", peer.join(":")),
        [channel, account, "dm", peer @ ..]
            if !peer.is_empty() && *channel != "direct" && *account != "direct" =>
        {
            format!("{channel}:{account}:direct:{}", peer.join(":"))
        }
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> String {
        Key::parse(text, "work").unwrap().to_string()
    }

    #[test]
    fn what_names_no_agent_is_a_session_of_the_chosen_one() {
        assert_eq!(parse(""), "agent:work:main");
        assert_eq!(parse(" Main "), "agent:work:main");
        assert_eq!(parse("Notes"), "agent:work:notes");
        assert_eq!(parse("telegram:dm:42"), "agent:work:telegram:direct:42");
        assert_eq!(parse("GLOBAL"), "global");
        assert_eq!(parse("Agent:Home:Main"), "agent:home:main");
    }

    #[test]
    fn a_key_that_names_an_agent_badly_is_an_error() {
        for bad in [
            "agent:",
            "agent::x",
            "agent:a",
            "agent:a:",
            "agent:a::x",
            "agent:a b:x",
        ] {
            assert!(
                matches!(Key::parse(bad, "work"), Err(KeyError::Malformed { .. })),
                "{bad}"
            );
        }
        assert_eq!(Key::parse(&"x".repeat(600), "work"), Err(KeyError::Unusable));
        assert_eq!(Key::parse("a\nb", "work"), Err(KeyError::Unusable));
    }

    #[test]
    fn ids_that_a_platform_tells_apart_by_case_keep_it() {
        assert_eq!(parse("Signal:Group:AbC="), "agent:work:signal:group:AbC=");
        assert_eq!(
            parse("Matrix:Channel:!Ab:Example.org:THREAD:$Xy"),
            "agent:work:matrix:channel:!Ab:Example.org:thread:$Xy"
        );
        assert_eq!(
            parse("Telegram:Group:-100:Topic:7"),
            "agent:work:telegram:group:-100:topic:7"
        );
    }

    #[test]
    fn the_last_thread_marker_divides_a_key() {
        let key = Key::parse("slack:channel:c1:thread:1:thread:2", "a").unwrap();
        assert_eq!(key.thread(), ("agent:a:slack:channel:c1:thread:1", Some("2")));
        assert_eq!(Key::main("a").thread(), ("agent:a:main", None));
    }

    proptest! {
        #[test]
        fn reading_a_keys_text_yields_the_same_key_again(text in "\\PC{0,40}", agent in "[a-zA-Z0-9_ -]{0,10}") {
            if let Ok(key) = Key::parse(&text, &agent) {
                prop_assert_eq!(Key::parse(key.as_str(), "another"), Ok(key));
            }
        }

        #[test]
        fn keys_of_known_shapes_are_read_back(
            agent in "[a-z0-9_-]{1,64}",
            channel in "signal|matrix|telegram|Slack",
            kind in "direct|group|channel|dm",
            id in "[A-Za-z0-9!:=.-]{1,20}",
        ) {
            let given = format!("agent:{agent}:{channel}:{kind}:{id}");
            if let Ok(key) = Key::parse(&given, "x") {
                prop_assert_eq!(key.agent(), Some(agent.as_str()));
                prop_assert_eq!(Key::parse(key.as_str(), "y"), Ok(key.clone()));
                prop_assert!(!key.is_main());
            }
        }

        #[test]
        fn no_text_but_the_words_for_it_reaches_a_main_session(rest in "[a-z:]{1,12}") {
            let key = Key::parse(&rest, "a");
            if let Ok(key) = key {
                prop_assert_eq!(key.is_main(), rest == "main" || rest == "global" || rest == "agent:a:main");
            }
        }
    }
}
