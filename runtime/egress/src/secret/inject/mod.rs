//! Putting values into one request or frame.
//!
//! Each occurrence is judged by itself: the grant must name the host and that very spot, the connection must be
//! encrypted unless the rule says otherwise, and the value must fit there. Where no secret may ever stand (names of
//! headers and parameters, keys of JSON) a placeholder is refused. A text without placeholders is handed through.

mod body;
mod url;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use openclaw_policy::capability::secrets::{Delivery, Spot};
use openclaw_policy::{Host, display_safe};
use zeroize::Zeroizing;

use super::edit::{Edit, apply};
use super::encode;
use super::failure::SecretFailure;
use super::placeholder::LENGTH;
use super::vault::{Entry, Vault};

pub use body::MAX_BODY;

/// Text on its way out: as it came, or with values in it.
pub enum Injected<'t> {
    /// Nothing was put in.
    Untouched(&'t [u8]),
    /// At least one value was put in. It is wiped when it is dropped.
    Filled(Zeroizing<String>),
}

impl<'t> Injected<'t> {
    /// Whether a value is in it, so that it must be marked sensitive and not follow a redirect to another host.
    pub fn has_secret(&self) -> bool {
        matches!(self, Self::Filled(_))
    }

    /// What is to be sent.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Untouched(bytes) => bytes,
            Self::Filled(text) => text.as_bytes(),
        }
    }

    /// What is to be sent, if it is text; it is, unless it came as bytes.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Untouched(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Filled(text) => Some(text),
        }
    }

    /// What is to be sent, as a shared buffer that is wiped when its last part is dropped.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Untouched(bytes) => Bytes::copy_from_slice(bytes),
            Self::Filled(text) => Bytes::from_owner(text),
        }
    }

    fn new(text: &'t str, edits: &[Edit]) -> Self {
        if edits.is_empty() {
            Self::Untouched(text.as_bytes())
        } else {
            Self::Filled(apply(text, edits))
        }
    }
}

impl fmt::Debug for Injected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.has_secret() { "Filled" } else { "Untouched" })
    }
}

/// Puts values into one request or frame to one host.
#[derive(Clone, Copy, Debug)]
pub struct Injector<'v> {
    vault: &'v Vault,
    host: &'v Host,
    is_encrypted: bool,
}

impl<'v> Injector<'v> {
    pub(super) fn new(vault: &'v Vault, host: &'v Host, is_encrypted: bool) -> Self {
        Self {
            vault,
            host,
            is_encrypted,
        }
    }

    /// The value of a header.
    pub fn header<'t>(&self, name: &str, value: &'t str) -> Result<Injected<'t>, SecretFailure> {
        self.refuse_in(name, "the name of a header")?;
        let edits = self.edits(value, 0, |_| Spot::Header(name), encode::plain)?;
        let filled = Injected::new(value, &edits);
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if filled.has_secret() && filled.as_bytes().iter().any(is_control) {
            return Err(self.unfit(value, Spot::Header(name), "a header holds no control characters"));
        }
        Ok(filled)
    }

    /// A line without its end.
    pub fn line<'t>(&self, line: &'t str) -> Result<Injected<'t>, SecretFailure> {
        let edits = self.edits(
            line,
            0,
            |at| Spot::Line(line.get(..at).unwrap_or_default()),
            encode::plain,
        )?;
        Ok(Injected::new(line, &edits))
    }

    /// The value of a field of a form of several parts, which is written as it is. The boundary between the parts
    /// must be one that nobody could foresee.
    pub fn form_field<'t>(&self, name: &str, value: &'t str) -> Result<Injected<'t>, SecretFailure> {
        self.refuse_in(name, "the name of a field")?;
        let edits = self.edits(value, 0, |_| Spot::Form(name), encode::plain)?;
        Ok(Injected::new(value, &edits))
    }

    /// Whatever else is sent and may hold no placeholder, such as a method or the name of a file.
    pub fn refuse_in(&self, text: &str, place: &'static str) -> Result<(), SecretFailure> {
        self.refuse_in_bytes(text.as_bytes(), place)
    }

    /// The same for what is no text.
    pub fn refuse_in_bytes(&self, bytes: &[u8], place: &'static str) -> Result<(), SecretFailure> {
        match self.vault.holds_placeholder(bytes) {
            true => Err(SecretFailure::Misplaced { place }),
            false => Ok(()),
        }
    }

    /// What the placeholders in a piece of text become, at their place in the whole, which the piece begins at
    /// `start`.
    fn edits<'s>(
        &self,
        piece: &str,
        start: usize,
        spot: impl Fn(usize) -> Spot<'s>,
        encode: fn(&str) -> Zeroizing<String>,
    ) -> Result<Vec<Edit>, SecretFailure> {
        let edit = |(at, entry): (usize, Arc<Entry>)| {
            let delivery = Delivery {
                host: self.host,
                is_encrypted: self.is_encrypted,
                spot: spot(at),
            };
            let value = self.vault.deliver(&entry, &delivery)?;
            let from = start.saturating_add(at);
            Ok(Edit {
                at: from..from.saturating_add(LENGTH),
                text: encode(value.expose()),
            })
        };
        self.vault.find(piece.as_bytes()).into_iter().map(edit).collect()
    }

    fn unfit(&self, text: &str, spot: Spot<'_>, why: &'static str) -> SecretFailure {
        let names = self.vault.find(text.as_bytes());
        SecretFailure::Unfit {
            name: names
                .first()
                .map(|(_, entry)| entry.label.clone())
                .unwrap_or_default(),
            spot: describe(&spot),
            why,
        }
    }
}

/// A spot in words. Of a line only the first word is told, since the rest may be anything.
pub(super) fn describe(spot: &Spot<'_>) -> String {
    const SHOWN: usize = 64;
    match spot {
        Spot::Header(name) => format!("the header \"{}\"", display_safe(name, SHOWN)),
        Spot::Query(name) => format!("the query parameter \"{}\"", display_safe(name, SHOWN)),
        Spot::PathSegment => "a segment of the path".to_owned(),
        Spot::Json(pointer) => format!("the JSON at \"{}\"", display_safe(pointer, SHOWN)),
        Spot::Form(name) => format!("the field \"{}\" of a form", display_safe(name, SHOWN)),
        Spot::Line(before) => {
            let word = before.split_whitespace().next().unwrap_or_default();
            format!("a line that begins with \"{}\"", display_safe(word, SHOWN))
        }
    }
}
