//! Why a secret was not used. No text holds a value; a secret is named only to whoever holds its placeholder or said
//! the name.

use openclaw_policy::{Host, display_safe};

use crate::Kind;
use crate::error::SHOWN;

/// Why a secret was not used.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretFailure {
    /// Not granted, or not there; which of the two is not told.
    #[error("no secret \"{name}\" is granted and has a value; check the name, the grant and the config")]
    NotFound {
        /// The name as it was asked for.
        name: String,
    },
    /// A secret without this field.
    #[error("the secret \"{name}\" is no JSON document with a value at \"{pointer}\"")]
    NoField {
        /// The secret.
        name: String,
        /// The place that was asked for.
        pointer: String,
    },
    /// Text that stands where a placeholder belongs.
    #[error("this is no placeholder that the extension was given; look the secret up in this call")]
    Unknown,
    /// A use that the grant does not name.
    #[error(
        "the grant of the secret \"{name}\" does not allow this use; its rule can ask for \"{flag}\": true"
    )]
    NotGranted {
        /// The secret.
        name: String,
        /// The flag that is missing.
        flag: &'static str,
    },
    /// A placeholder at a host or place that the grant does not name together.
    #[error(
        "the secret \"{name}\" may not be sent to {host} in {spot}; a rule must name this host and this place"
    )]
    NotAllowed {
        /// The secret.
        name: String,
        /// Where to.
        host: Host,
        /// Where it stood.
        spot: String,
    },
    /// A placeholder on a connection that others can read.
    #[error(
        "the secret \"{name}\" may not be sent to {host} unencrypted; use TLS, or a rule with \"plaintext\": true"
    )]
    Plaintext {
        /// The secret.
        name: String,
        /// Where to.
        host: Host,
    },
    /// A value that its place cannot hold.
    #[error("the value of the secret \"{name}\" cannot stand in {spot}: {why}")]
    Unfit {
        /// The secret.
        name: String,
        /// The place.
        spot: String,
        /// What is in the way.
        why: &'static str,
    },
    /// A placeholder where no secret may ever stand.
    #[error("a placeholder stands in {place}, where no secret may stand")]
    Misplaced {
        /// Where.
        place: &'static str,
    },
    /// Text with a placeholder that cannot be read in exactly one way.
    #[error("no secret is put into this {what}, because it {why}")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A placeholder in what is streamed.
    #[error(
        "a placeholder stands in a stream, into which no secret is put; send it as a text of at most 1 MiB"
    )]
    Stream,
    /// Too many secrets were made.
    #[error("too many fields and composed secrets are in use; compose fewer different ones")]
    Full,
    /// What is composed is wrong in itself.
    #[error("the secret was not composed, because {why}")]
    Compose {
        /// What is wrong.
        why: &'static str,
    },
    /// More than allowed.
    #[error("{what} may have {most}, and there is more")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit, with what it counts.
        most: &'static str,
    },
    /// Nothing to capture.
    #[error("the response has no text to capture at {place}")]
    NothingThere {
        /// Where it was looked for.
        place: String,
    },
    /// What would be captured holds the value of another secret.
    #[error(
        "nothing was captured as \"{name}\", because it holds the value of another secret; capture only what the \
         service issued"
    )]
    HoldsAnother {
        /// The name under which it would have been kept.
        name: String,
    },
    /// A secret that is no key for what was asked.
    #[error("the secret \"{name}\" cannot be used as this key: {why}")]
    Key {
        /// The secret.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A public key that cannot be used.
    #[error("the public key cannot be used: {why}")]
    PublicKey {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A message that cannot be signed this way.
    #[error("the message cannot be signed or checked: {why}")]
    Message {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A use that this build or configuration does not have.
    #[error("{what}")]
    Unsupported {
        /// What, and what to do without it.
        what: &'static str,
    },
    /// A mistake on this side.
    #[error("{what}")]
    Internal {
        /// What.
        what: &'static str,
    },
}

impl SecretFailure {
    /// Nothing has this name, as far as anybody is told.
    pub(super) fn not_found(name: &str) -> Self {
        Self::NotFound {
            name: display_safe(name, SHOWN),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } | Self::NoField { .. } | Self::Unknown | Self::NothingThere { .. } => {
                Kind::NotFound
            }
            Self::NotGranted { .. }
            | Self::NotAllowed { .. }
            | Self::Plaintext { .. }
            | Self::Misplaced { .. }
            | Self::Unreadable { .. }
            | Self::HoldsAnother { .. }
            | Self::Stream => Kind::Denied,
            Self::Unfit { .. }
            | Self::Compose { .. }
            | Self::Key { .. }
            | Self::PublicKey { .. }
            | Self::Message { .. } => Kind::Invalid,
            Self::Full => Kind::Quota,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::Unsupported { .. } => Kind::Unsupported,
            Self::Internal { .. } => Kind::Internal,
        }
    }
}
