//! Joining parts into one new secret. The result has [`MAX_MADE_BYTES`](super::MAX_MADE_BYTES) bytes at most, less what
//! was made before, and is a snapshot: compose again after a part was captured anew.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openclaw_secrets::SecretValue;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::encode;
use super::failure::SecretFailure;
use super::vault::{MAX_VALUE, Vault};

/// The most parts of a composed secret.
pub const MAX_PARTS: usize = 32;

/// How the parts of a composed secret are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// As they are, one after the other.
    Plain,
    /// Base64 with the standard alphabet, padded.
    Base64,
    /// Base64 with the alphabet for URLs, not padded.
    Base64Url,
    /// Lower-case hex.
    Hex,
    /// Percent encoding, as in a query.
    Percent,
}

impl Encoding {
    /// Its name in a composition's identity.
    pub(super) fn tag(self) -> &'static [u8] {
        match self {
            Self::Plain => b"plain",
            Self::Base64 => b"base64",
            Self::Base64Url => b"base64-url",
            Self::Hex => b"hex",
            Self::Percent => b"percent",
        }
    }

    /// Writes joined bytes, if text comes of it.
    pub(super) fn write(self, joined: &[u8]) -> Result<SecretValue, SecretFailure> {
        let text = || {
            std::str::from_utf8(joined).map_err(|_| SecretFailure::Compose {
                why: "its parts joined are no UTF-8; write them in base64 or hex",
            })
        };
        let mut out = Zeroizing::new(String::new());
        match self {
            Self::Plain => return within(text()?),
            Self::Percent => return within(&encode::percent(text()?)),
            Self::Base64 | Self::Base64Url => {
                out.reserve_exact(joined.len().saturating_add(2).saturating_mul(4) / 3 + 4);
                let engine = if self == Self::Base64 {
                    STANDARD
                } else {
                    URL_SAFE_NO_PAD
                };
                engine.encode_string(joined, &mut out);
            }
            Self::Hex => {
                out.reserve_exact(joined.len().saturating_mul(2));
                encode::push_hex(&mut out, joined);
            }
        }
        within(&out)
    }
}

fn within(text: &str) -> Result<SecretValue, SecretFailure> {
    if text.len() > MAX_VALUE {
        return Err(TOO_LARGE);
    }
    Ok(SecretValue::new(text))
}

pub(super) const TOO_LARGE: SecretFailure = SecretFailure::TooLarge {
    what: "what is captured or joined",
    most: "64 KiB",
};

/// A piece of what is joined from secrets and from what is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'p> {
    /// Text that is no secret.
    Text(&'p str),
    /// Bytes that are no secret.
    Bytes(&'p [u8]),
    /// A secret, by its placeholder.
    Secret(&'p str),
}

impl<'p> Part<'p> {
    /// What tells it from every other part.
    pub(super) fn identity(self) -> [&'p [u8]; 2] {
        match self {
            Self::Text(text) => [b"text", text.as_bytes()],
            Self::Bytes(bytes) => [b"bytes", bytes],
            Self::Secret(placeholder) => [b"secret", placeholder.as_bytes()],
        }
    }
}

impl Vault {
    /// Joins parts into one new secret, which may be used where all of its parts may.
    pub fn compose(&self, parts: &[Part<'_>], encoding: Encoding) -> Result<String, SecretFailure> {
        let (joined, names) = self.join(parts)?;
        if names.is_empty() {
            return Err(SecretFailure::Compose {
                why: "none of its parts is a secret",
            });
        }
        let value = encoding.write(&joined)?;
        let identity = parts.iter().flat_map(|part| part.identity());
        let placeholder = self
            .key
            .placeholder([&b"composed"[..], encoding.tag()].into_iter().chain(identity));
        let origin = self.origin_of_parts(parts, encoding);
        self.give_made(placeholder, names, (value, origin))
    }

    /// The parts as they are, one after the other, and whose values are in them.
    pub(super) fn join(
        &self,
        parts: &[Part<'_>],
    ) -> Result<(Zeroizing<Vec<u8>>, BTreeSet<String>), SecretFailure> {
        if parts.len() > MAX_PARTS {
            return Err(SecretFailure::TooLarge {
                what: "a composed secret",
                most: "32 parts",
            });
        }
        let mut names = BTreeSet::new();
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.push(match part {
                Part::Text(text) => Piece::Open(text.as_bytes()),
                Part::Bytes(bytes) => Piece::Open(bytes),
                Part::Secret(placeholder) => {
                    let entry = self.entry(placeholder)?;
                    names.extend(entry.names.iter().cloned());
                    Piece::Secret(self.value_of(&entry)?)
                }
            });
        }
        let size = pieces
            .iter()
            .fold(0_usize, |sum, piece| sum.saturating_add(piece.bytes().len()));
        if size > MAX_VALUE {
            return Err(TOO_LARGE);
        }
        let mut joined = Zeroizing::new(Vec::with_capacity(size));
        for piece in &pieces {
            joined.extend_from_slice(piece.bytes());
        }
        Ok((joined, names))
    }
}

enum Piece<'p> {
    Open(&'p [u8]),
    Secret(SecretValue),
}

impl Piece<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Open(bytes) => bytes,
            Self::Secret(value) => value.expose().as_bytes(),
        }
    }
}
