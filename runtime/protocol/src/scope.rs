//! What an operator's connection may do.
//!
//! **Promise.** A grant is a set; a scope that nobody knows is carried and allows nothing. **Cost.** One word of memory
//! beside the names, and a comparison of bits for each question.

use serde::{Deserialize, Serialize};

/// One thing that may be allowed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Scope {
    /// Everything.
    #[serde(rename = "operator.admin")]
    Admin,
    /// Read state.
    #[serde(rename = "operator.read")]
    Read,
    /// Send messages and run agents.
    #[serde(rename = "operator.write")]
    Write,
    /// Read sessions.
    #[serde(rename = "operator.sessions.read")]
    SessionsRead,
    /// Change sessions.
    #[serde(rename = "operator.sessions.write")]
    SessionsWrite,
    /// Decide approvals.
    #[serde(rename = "operator.approvals")]
    Approvals,
    /// Answer the agent's questions.
    #[serde(rename = "operator.questions")]
    Questions,
    /// Pair devices.
    #[serde(rename = "operator.pairing")]
    Pairing,
    /// Hold voice conversations.
    #[serde(rename = "operator.talk")]
    Talk,
    /// Fetch the keys that voice needs.
    #[serde(rename = "operator.talk.secrets")]
    TalkSecrets,
}

const ALL: [Scope; 10] = [
    Scope::Admin,
    Scope::Read,
    Scope::Write,
    Scope::SessionsRead,
    Scope::SessionsWrite,
    Scope::Approvals,
    Scope::Questions,
    Scope::Pairing,
    Scope::Talk,
    Scope::TalkSecrets,
];

/// What a command line asks for when it cannot tell what it will need.
pub const CLI: [Scope; 7] = [
    Scope::Admin,
    Scope::Read,
    Scope::Write,
    Scope::Approvals,
    Scope::Questions,
    Scope::Pairing,
    Scope::TalkSecrets,
];

impl Scope {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "operator.admin",
            Self::Read => "operator.read",
            Self::Write => "operator.write",
            Self::SessionsRead => "operator.sessions.read",
            Self::SessionsWrite => "operator.sessions.write",
            Self::Approvals => "operator.approvals",
            Self::Questions => "operator.questions",
            Self::Pairing => "operator.pairing",
            Self::Talk => "operator.talk",
            Self::TalkSecrets => "operator.talk.secrets",
        }
    }

    /// The scope of this name.
    pub fn of(name: &str) -> Option<Self> {
        ALL.into_iter().find(|scope| scope.name() == name)
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }

    /// With what it implies.
    fn bits(self) -> u16 {
        let implied: &[Self] = match self {
            Self::Admin => &ALL,
            Self::Write => &[Self::Read, Self::Talk, Self::SessionsRead, Self::SessionsWrite],
            Self::Read | Self::SessionsWrite => &[Self::SessionsRead],
            _ => &[],
        };
        implied.iter().fold(self.bit(), |bits, scope| bits | scope.bit())
    }
}

/// The scopes of one connection, as they were granted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Grant {
    names: Vec<String>,
    bits: u16,
}

impl Grant {
    /// The grant of these names.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let bits = names
            .iter()
            .filter_map(|name| Scope::of(name))
            .fold(0, |bits, scope| bits | scope.bits());
        Self { names, bits }
    }

    /// What a caller with the shared secret has over HTTP.
    pub fn of_cli() -> Self {
        Self::new(CLI.map(Scope::name))
    }

    /// Whether this is allowed.
    pub fn allows(&self, scope: Scope) -> bool {
        self.bits & scope.bit() != 0
    }

    /// Whether everything that the other allows is allowed here; names that nobody knows must be here by name.
    pub fn covers(&self, other: &Self) -> bool {
        self.bits & other.bits == other.bits
            && other
                .names
                .iter()
                .all(|name| Scope::of(name).is_some() || self.names.contains(name))
    }

    /// The names, in the order in which they were asked for.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_is_everything_and_an_unknown_name_nothing() {
        let admin = Grant::new(["operator.admin"]);
        assert!(ALL.into_iter().all(|scope| admin.allows(scope)));
        let strange = Grant::new(["operator.everything"]);
        assert!(!ALL.into_iter().any(|scope| strange.allows(scope)));
        assert!(!admin.covers(&strange) && strange.covers(&strange));
    }

    #[test]
    fn write_implies_read_and_not_the_other_way() {
        let (read, write) = (Grant::new(["operator.read"]), Grant::new(["operator.write"]));
        assert!(write.covers(&read) && !read.covers(&write));
        assert!(read.allows(Scope::SessionsRead) && !read.allows(Scope::SessionsWrite));
        assert!(!write.allows(Scope::Pairing) && !write.allows(Scope::Admin));
    }
}
