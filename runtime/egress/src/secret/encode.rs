//! How a value is written where it stands. Each result is allocated once at its largest, so that growing leaves no
//! copy behind.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Everything but what a URL leaves as it is.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// A segment may have a colon as well, and some services insist on one.
const SEGMENT: &AsciiSet = &RESERVED.remove(b':');

fn percent_with(value: &str, set: &'static AsciiSet) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(value.len().saturating_mul(3)));
    out.extend(utf8_percent_encode(value, set));
    out
}

/// As it is.
pub(super) fn plain(value: &str) -> Zeroizing<String> {
    Zeroizing::new(value.to_owned())
}

/// As in a query.
pub(super) fn percent(value: &str) -> Zeroizing<String> {
    percent_with(value, RESERVED)
}

/// As in a segment of a path.
pub(super) fn segment(value: &str) -> Zeroizing<String> {
    percent_with(value, SEGMENT)
}

/// As in a form: a space is `+`.
pub(super) fn form(value: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(value.len().saturating_mul(3)));
    out.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
    out
}

/// As inside the quotes of a JSON string.
pub(super) fn json(value: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(value.len().saturating_mul(6)));
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => {
                let digit = |nibble| char::from_digit(nibble, 16).unwrap_or('0');
                out.push_str("\\u00");
                out.extend([digit(u32::from(c) >> 4), digit(u32::from(c) & 15)]);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Appends bytes in lower-case hex.
pub(super) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
}
