//! What shares a sandbox, and what its folder is called.
//!
//! **Promise.** Two scopes never share a folder: what is readable of a name is followed by a hash of all of it.

use std::fmt;

use openclaw_config::tree::sandbox::SandboxScope;
use sha2::{Digest as _, Sha256};

/// The most readable characters of a folder's name.
const READABLE: usize = 32;
/// How many characters of the hash follow: more than anybody can search through who chooses a name of their own.
const HASH: usize = 24;

/// What shares a sandbox.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    /// Everything.
    Shared,
    /// All sessions of an agent.
    Agent(String),
    /// One session, by its key.
    Session(String),
}

impl Scope {
    /// The scope of a session.
    pub fn of(scope: SandboxScope, agent: &str, session: &str) -> Self {
        match scope {
            SandboxScope::Shared => Self::Shared,
            SandboxScope::Agent => Self::Agent(agent.to_owned()),
            SandboxScope::Session => Self::Session(session.to_owned()),
        }
    }

    /// The name of its folder.
    pub fn slug(&self) -> String {
        let text = self.to_string();
        if *self == Self::Shared {
            return text;
        }
        let mut readable = String::new();
        for c in text.to_lowercase().chars() {
            match c {
                'a'..='z' | '0'..='9' | '.' | '_' | '-' => readable.push(c),
                _ if readable.ends_with('-') => {}
                _ => readable.push('-'),
            }
        }
        let readable: String = readable.trim_matches('-').chars().take(READABLE).collect();
        let hash = Sha256::digest(text.as_bytes());
        let hash: String = hash
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .take(HASH / 2)
            .collect();
        // A name of dots alone would be another folder.
        format!("{}-{hash}", readable.trim_start_matches('.'))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => f.write_str("shared"),
            Self::Agent(agent) => write!(f, "agent:{agent}"),
            Self::Session(key) => f.write_str(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_readable_and_no_two_scopes_have_the_same() {
        let slug = Scope::Session("agent:main:irc:group:rust/42".to_owned()).slug();
        assert!(slug.starts_with("agent-main-irc-group-rust-42-"), "{slug}");
        let other = Scope::Session("agent:main:irc:group:rust:42".to_owned()).slug();
        assert_ne!(slug, other);
        let hash = slug.rsplit('-').next().unwrap();
        assert_eq!(
            hash.len(),
            24,
            "too long for anybody who looks for another name with the same"
        );
        assert_eq!(Scope::Shared.slug(), "shared");
    }

    #[test]
    fn no_name_leads_elsewhere() {
        for key in [
            "..",
            "../..",
            "/etc",
            "....",
            "-",
            "",
            "\u{202e}x",
            &"x".repeat(600),
        ] {
            let slug = Scope::Session(key.to_owned()).slug();
            assert!(
                !slug.starts_with('.') && !slug.contains('/') && slug.len() <= READABLE + 1 + HASH,
                "{slug}"
            );
        }
    }
}
