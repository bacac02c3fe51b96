//! Changes to a text that are collected first and carried out together, into one buffer of the right size.

use std::ops::Range;

use zeroize::Zeroizing;

/// What a stretch of the text becomes.
pub(super) struct Edit {
    pub(super) at: Range<usize>,
    pub(super) text: Zeroizing<String>,
}

fn size(length: usize, edits: &[Edit]) -> usize {
    edits
        .iter()
        .fold(length, |sum, edit| sum.saturating_add(edit.text.len()))
}

/// The text with the edits, which are in order and do not overlap.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(size(text.len(), edits)));
    let mut from = 0;
    for Edit { at, text: new } in edits {
        out.push_str(text.get(from..at.start).unwrap_or_default());
        out.push_str(new);
        from = at.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// The same for bytes that need not be text.
pub(super) fn apply_to_bytes(bytes: &[u8], edits: &[Edit]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(size(bytes.len(), edits)));
    let mut from = 0;
    for Edit { at, text } in edits {
        out.extend_from_slice(bytes.get(from..at.start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        from = at.end;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}
