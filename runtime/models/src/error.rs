//! Why a model did not answer.
//!
//! Each failure has a [`Class`], by which a caller decides what to do next, and says whether anything of the answer
//! was handed out before. No text of one holds a key; what a provider said is shortened.

use std::fmt;
use std::time::Duration;

/// A result of a model.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// The key is missing or was not accepted.
    Auth,
    /// The account has no money or credit left.
    Billing,
    /// Too many requests in a short time.
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider has too much to do, or failed on its side.
    Overloaded,
    /// Nothing came for too long.
    Timeout,
    /// The provider was not reached, or broke the answer off.
    Connection,
    /// The conversation is longer than the model can read.
    ContextLength,
    /// There is no such model.
    NotFound,
    /// The provider did not take the request, or the config does not allow it.
    BadRequest,
    /// The model or its provider declined to answer.
    Refusal,
    /// Anything else, such as an answer that is none.
    Unknown,
}

impl Class {
    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::RateLimited { .. } => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::ContextLength => "context_length",
            Self::NotFound => "model_not_found",
            Self::BadRequest => "bad_request",
            Self::Refusal => "refusal",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a model did not answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A reference that leads to no model.
    #[error("no model \"{reference}\": {why}")]
    NoModel {
        /// What was asked for.
        reference: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A reference that the config does not let anybody choose.
    #[error("model not allowed: \"{reference}\" is not in agents.defaults.modelPolicy.allow")]
    NotAllowed {
        /// What was asked for.
        reference: String,
    },
    /// A provider that cannot be used as it is configured.
    #[error("the model provider \"{provider}\" cannot be used: {why}")]
    Provider {
        /// Which one.
        provider: String,
        /// Whether its key is missing, or something else is wrong with it.
        class: Class,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A call that failed.
    #[error("{model}: {message}")]
    Call {
        /// The model, as `provider/model`.
        model: String,
        /// What kind of failure it is.
        class: Class,
        /// The status with which the provider answered.
        status: Option<u16>,
        /// What happened.
        message: String,
        /// Whether anything of the answer was handed out before.
        streamed: bool,
    },
    /// The gateway could not prepare its side.
    #[error("models cannot be used: {0}")]
    Setup(String),
}

impl Error {
    /// What kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            Self::NoModel { .. } => Class::NotFound,
            Self::NotAllowed { .. } => Class::BadRequest,
            Self::Provider { class, .. } | Self::Call { class, .. } => *class,
            Self::Setup(_) => Class::Unknown,
        }
    }

    /// Whether anything of the answer was handed out before.
    pub fn streamed(&self) -> bool {
        matches!(self, Self::Call { streamed: true, .. })
    }

    /// How long the provider asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.class() {
            Class::RateLimited { retry_after } => retry_after,
            _ => None,
        }
    }
}
