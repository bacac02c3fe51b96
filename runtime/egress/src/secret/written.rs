//! Placeholders as they are written down, for use after the gateway was started anew: the names of secrets and how
//! they were composed, and no value.
//!
//! **Promise.** Reading what was written down gives the placeholders of the same secrets as they are then, under the
//! grant as it is then. Text that only looks like it is refused when it would be written down, so nobody smuggles in
//! the name of a secret. **Bound.** [`MAX_DEPTH`] compositions inside each other, and the bounds of a composition.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::compose::{Encoding, Part};
use super::edit::{Edit, apply};
use super::failure::SecretFailure;
use super::placeholder::LENGTH;
use super::vault::{Entry, Vault};

/// How what is written down begins and ends.
const BEGIN: &str = "ocwritten_";
const END: char = '.';
/// How deep a composition may be made of others.
const MAX_DEPTH: usize = 4;

/// How a placeholder came to be.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Origin {
    /// A whole secret.
    Whole(String),
    /// A value in one that is a JSON document.
    Field {
        /// The secret.
        name: String,
        /// The place.
        pointer: String,
    },
    /// Parts that were joined.
    Composed {
        /// How they are written.
        encoding: Encoding,
        /// The parts.
        parts: Vec<Piece>,
    },
}

/// A part of a composition.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Piece {
    /// Text that is no secret.
    Text(String),
    /// Bytes that are no secret.
    Bytes(Vec<u8>),
    /// A secret.
    Secret(Box<Origin>),
}

impl Origin {
    fn depth(&self) -> usize {
        match self {
            Self::Whole(_) | Self::Field { .. } => 1,
            Self::Composed { parts, .. } => {
                let depths = parts.iter().map(|part| match part {
                    Piece::Secret(origin) => origin.depth(),
                    Piece::Text(_) | Piece::Bytes(_) => 0,
                });
                1 + depths.max().unwrap_or_default()
            }
        }
    }
}

fn refuse(why: &'static str) -> SecretFailure {
    SecretFailure::Compose { why }
}

impl Vault {
    /// How these parts come to be, if all of them can come to be again.
    pub(super) fn origin_of_parts(&self, parts: &[Part<'_>], encoding: Encoding) -> Option<Origin> {
        let piece = |part: &Part<'_>| {
            Some(match part {
                Part::Text(text) => Piece::Text((*text).to_owned()),
                Part::Bytes(bytes) => Piece::Bytes(bytes.to_vec()),
                Part::Secret(placeholder) => {
                    let entry = self.entry(placeholder).ok()?;
                    Piece::Secret(Box::new(entry.origin.clone()?))
                }
            })
        };
        let parts = parts.iter().map(piece).collect::<Option<_>>()?;
        let origin = Origin::Composed { encoding, parts };
        (origin.depth() <= MAX_DEPTH).then_some(origin)
    }

    /// The text with all placeholders written down.
    pub fn write_down(&self, text: &str) -> Result<String, SecretFailure> {
        if text.contains(BEGIN) {
            return Err(refuse(
                "a text that is written down holds what stands for a secret",
            ));
        }
        let written = |entry: &Entry| {
            let origin = entry.origin.as_ref();
            let origin = origin.ok_or_else(|| refuse("a secret in it cannot be found again later"))?;
            let json = serde_json::to_vec(origin).map_err(|_| refuse("a secret in it cannot be named"))?;
            Ok(format!("{BEGIN}{}{END}", URL_SAFE_NO_PAD.encode(json)))
        };
        let edits: Result<Vec<_>, SecretFailure> = self
            .find(text.as_bytes())
            .into_iter()
            .map(|(at, entry)| {
                Ok(Edit {
                    at: at..at.saturating_add(LENGTH),
                    text: written(&entry)?.into(),
                })
            })
            .collect();
        Ok((*apply(text, &edits?)).clone())
    }

    /// The text with placeholders again.
    pub fn read_back(&self, text: &str) -> Result<String, SecretFailure> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, found)) = rest.split_once(BEGIN) {
            let (name, behind) = found
                .split_once(END)
                .ok_or_else(|| refuse("what was written down is cut off"))?;
            let json = URL_SAFE_NO_PAD.decode(name).ok();
            let origin: Option<Origin> = json.and_then(|json| serde_json::from_slice(&json).ok());
            let origin = origin.filter(|origin| origin.depth() <= MAX_DEPTH);
            let origin = origin.ok_or_else(|| refuse("what was written down names no secret"))?;
            out.push_str(before);
            out.push_str(&self.give_again(&origin)?);
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn give_again(&self, origin: &Origin) -> Result<String, SecretFailure> {
        match origin {
            Origin::Whole(name) => self.lookup(name),
            Origin::Field { name, pointer } => self.lookup_field(name, pointer),
            Origin::Composed { encoding, parts } => {
                let mut given = Vec::with_capacity(parts.len());
                for part in parts {
                    given.push(match part {
                        Piece::Secret(origin) => Some(self.give_again(origin)?),
                        Piece::Text(_) | Piece::Bytes(_) => None,
                    });
                }
                let parts: Vec<_> = parts
                    .iter()
                    .zip(&given)
                    .map(|(part, given)| match (part, given) {
                        (_, Some(placeholder)) => Part::Secret(placeholder),
                        (Piece::Text(text), None) => Part::Text(text),
                        (Piece::Bytes(bytes), None) => Part::Bytes(bytes),
                        (Piece::Secret(_), None) => Part::Text(""),
                    })
                    .collect();
                self.compose(&parts, *encoding)
            }
        }
    }
}
