//! A question for a nod, and what became of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The longest id.
pub(super) const ID_CHARS: usize = 200;

/// An answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// This once.
    AllowOnce,
    /// This and from now on.
    AllowAlways,
    /// No.
    Deny,
}

impl Verdict {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AllowOnce => "allow-once",
            Self::AllowAlways => "allow-always",
            Self::Deny => "deny",
        }
    }

    /// The answer that a word means.
    pub fn of(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "allow-once" | "once" | "allow" | "yes" => Some(Self::AllowOnce),
            "allow-always" | "always" => Some(Self::AllowAlways),
            "deny" | "no" | "reject" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// A question, before it is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRequest {
    /// What it is to be known by. None: a new id.
    pub id: Option<String>,
    /// What is asked, as those who answer are told it.
    pub request: Value,
    /// The session that it comes from.
    pub session: Option<String>,
    /// Whether an answer may last.
    pub can_last: bool,
    /// How long it waits. None: half an hour.
    pub patience: Option<Duration>,
}

/// A question that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// What it is known by.
    pub id: String,
    /// What is asked.
    pub request: Value,
    /// The session that it comes from.
    pub session: Option<String>,
    /// Whether an answer may last.
    pub can_last: bool,
    /// When it was asked, in milliseconds since 1970.
    pub created_ms: i64,
    /// When its time is up.
    pub expires_ms: i64,
}

impl Pending {
    /// The answers that are offered.
    pub fn offered(&self) -> Vec<&'static str> {
        let all = [Verdict::AllowOnce, Verdict::AllowAlways, Verdict::Deny];
        all.into_iter()
            .filter(|verdict| self.can_last || *verdict != Verdict::AllowAlways)
            .map(Verdict::name)
            .collect()
    }

    /// The beginning of its id, enough for people.
    pub fn short(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }
}

/// How a question was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// The answer.
    pub verdict: Verdict,
    /// Whose it is; nobody's where the conversation that it was asked in is over.
    pub by: Option<String>,
    /// When it came, in milliseconds since 1970.
    pub at_ms: i64,
    /// How many days it lasts, if whoever answered said so.
    pub days: Option<u32>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The question.
    pub pending: Pending,
    /// How it was answered. None: its time was up.
    pub resolution: Option<Resolution>,
}

/// What those who listen are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A question was asked.
    Requested(Pending),
    /// It was answered, or its time is up.
    Resolved(Resolved),
}

/// Why a question was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unaccepted {
    /// There are too many.
    #[error("{count} commands wait for a nod already; answer some of them first")]
    Full {
        /// How many wait.
        count: usize,
    },
    /// Another question has this id.
    #[error("the id {id} belongs to another question")]
    Taken {
        /// The id.
        id: String,
    },
    /// The id is none.
    #[error("an id has 1 to {ID_CHARS} characters, and none that cannot be seen")]
    Id,
}

/// Why an answer was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ResolveError {
    /// There is no such question, or none any more.
    #[error("no command waits for a nod under {id}")]
    Unknown {
        /// The id.
        id: String,
    },
    /// Several begin so.
    #[error("several commands wait for a nod under an id that begins with {id}; say more of it")]
    Ambiguous {
        /// The beginning.
        id: String,
    },
    /// It was answered before, or its time is up.
    #[error("{id} was decided before: {decision}")]
    Late {
        /// The id.
        id: String,
        /// What was decided.
        decision: &'static str,
    },
    /// This answer is not offered.
    #[error("a nod for this command cannot last; say allow-once or deny")]
    NotOffered,
}
