//! Values in a URL. A filled path is as plain as the path that was judged: a value that some server would take for
//! structure, such as one with a slash, does not go there.

use std::borrow::Cow;

use openclaw_policy::RequestPath;
use openclaw_policy::capability::secrets::Spot;

use super::{Injected, Injector};
use crate::secret::edit::Edit;
use crate::secret::encode;
use crate::secret::failure::SecretFailure;
use zeroize::Zeroizing;

/// What a path, query or form is called when it cannot be read in one way.
const CODE: SecretFailure = SecretFailure::Unreadable {
    what: "text",
    why: "has half a percent code before the placeholder",
};
const SEMICOLON: SecretFailure = SecretFailure::Unreadable {
    what: "text",
    why: "has a \";\" before the placeholder, where some servers begin another field; write %3B",
};

impl Injector<'_> {
    /// A path. The value is percent-encoded for a segment.
    pub fn path<'t>(&self, path: &'t str) -> Result<Injected<'t>, SecretFailure> {
        let edits = self.edits(path, 0, |_| Spot::PathSegment, encode::segment)?;
        let filled = Injected::new(path, &edits);
        if !filled.has_secret() {
            return Ok(filled);
        }
        refuse_half_codes(path, &edits)?;
        let is_plain = |text: &str| text.parse::<RequestPath>().is_ok_and(|path| path.is_plain());
        if !is_plain(path) {
            return Err(SecretFailure::Unreadable {
                what: "path",
                why: "can be read in two ways: it has \"//\", \"..\", \";\" or a code of such a character",
            });
        }
        if edits.iter().any(|edit| edit.text.is_empty()) {
            return Err(self.unfit(path, Spot::PathSegment, "it is empty"));
        }
        if !filled.as_str().is_some_and(is_plain) {
            let why = "a server could take it for more than one segment, for dots or for a code";
            return Err(self.unfit(path, Spot::PathSegment, why));
        }
        Ok(filled)
    }

    /// A raw query, without its question mark.
    pub fn query<'t>(&self, query: &'t str) -> Result<Injected<'t>, SecretFailure> {
        let edits = self.pairs(
            query,
            "the name of a query parameter",
            |name| Spot::Query(name),
            encode::percent,
        )?;
        Ok(Injected::new(query, &edits))
    }

    /// `NAME=VALUE` pairs with `&` between them. Some servers split at `;` as well, so none stands before a value.
    pub(super) fn pairs(
        &self,
        text: &str,
        of_name: &'static str,
        spot: fn(&str) -> Spot<'_>,
        encode: fn(&str) -> Zeroizing<String>,
    ) -> Result<Vec<Edit>, SecretFailure> {
        let mut edits = Vec::new();
        if !self.vault.holds_placeholder(text.as_bytes()) {
            return Ok(edits);
        }
        let mut start: usize = 0;
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.refuse_in(name, of_name)?;
            let name_end = start.saturating_add(name.len()).saturating_add(1);
            let decoded = decode(name);
            let found = self.edits(value, name_end, |_| spot(&decoded), encode)?;
            let last = found.last().map_or(start, |edit| edit.at.start);
            if text.get(start..last).is_some_and(|before| before.contains(';')) {
                return Err(SEMICOLON);
            }
            edits.extend(found);
            start = start.saturating_add(pair.len()).saturating_add(1);
        }
        refuse_half_codes(text, &edits)?;
        Ok(edits)
    }
}

/// A name as forms and queries are read.
fn decode(name: &str) -> Cow<'_, str> {
    let spaced = name.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy();
    Cow::Owned(decoded.into_owned())
}

/// A `%` whose code the value would complete.
fn refuse_half_codes(text: &str, edits: &[Edit]) -> Result<(), SecretFailure> {
    let is_half = |edit: &Edit| {
        let before = text.get(..edit.at.start).unwrap_or_default().as_bytes();
        before.ends_with(b"%") || matches!(before, [.., b'%', digit] if digit.is_ascii_hexdigit())
    };
    if edits.iter().any(is_half) {
        return Err(CODE);
    }
    Ok(())
}
