//! The spellings of a value: what a service that echoes it is likely to send.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use zeroize::Zeroizing;

use super::{HEAD, MIN_LENGTH, PIECE, SHORT};
use crate::secret::encode;

/// Bytes to search for, wiped when dropped. The automaton's own copy is not.
pub(super) type Pattern = Zeroizing<Vec<u8>>;

/// What URLs and forms leave as it is: by the book, in forms, and in browsers' scripts.
const UNRESERVED: [&[u8]; 3] = [b"-._~", b"*-._", b"-_.!~*'()"];

/// Every spelling of a value that is long enough. Of a long one each piece has fewer, so that a scanner stays small.
pub(super) fn spellings(value: &str) -> Vec<Pattern> {
    if value.chars().count() < MIN_LENGTH {
        return Vec::new();
    }
    let mut all: Vec<Pattern> = pieces(value).flat_map(spell).collect();
    if value.len() <= SHORT {
        all.extend(escaped(value));
    }
    all.retain(|pattern| pattern.len() >= HEAD);
    all.sort_by(|a, b| a.as_slice().cmp(b.as_slice()));
    all.dedup();
    all
}

/// A value cut between characters, so that no piece has more bytes than [`PIECE`] by much and none is too short.
fn pieces(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut cut = PIECE.min(rest.len());
        while !rest.is_char_boundary(cut) {
            cut = cut.saturating_sub(1);
        }
        if rest.len().saturating_sub(cut) < 4 * MIN_LENGTH {
            cut = rest.len();
        }
        let (piece, more) = rest.split_at_checked(cut)?;
        rest = more;
        Some(piece)
    })
}

/// As it is, in hex and in base64.
fn spell(value: &str) -> Vec<Pattern> {
    let mut all = vec![Zeroizing::new(value.as_bytes().to_vec())];
    let mut hex = Zeroizing::new(String::with_capacity(value.len().saturating_mul(2)));
    encode::push_hex(&mut hex, value.as_bytes());
    all.push(Zeroizing::new(hex.to_ascii_uppercase().into_bytes()));
    all.push(Zeroizing::new(hex.as_bytes().to_vec()));
    for alphabet in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
        let engine = GeneralPurpose::new(alphabet, NO_PAD);
        all.extend((0..3).map(|before| base64(value.as_bytes(), before, &engine)));
    }
    all
}

/// Percent-encoded and as JSON.
fn escaped(value: &str) -> Vec<Pattern> {
    let mut all = Vec::new();
    for kept in UNRESERVED {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            for space in [&b"%20"[..], b"+"] {
                all.push(percent(value, kept, digits, space));
            }
        }
    }
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        let byte = |byte: u8| [b'%', digit(digits, byte >> 4), digit(digits, byte & 15)];
        all.push(Zeroizing::new(value.bytes().flat_map(byte).collect()));
    }
    all.push(json(value, false, false));
    all.push(json(value, true, false));
    all.push(json(value, false, true));
    all
}

fn digit(digits: &[u8; 16], nibble: u8) -> u8 {
    digits.get(usize::from(nibble)).copied().unwrap_or_default()
}

fn percent(value: &str, kept: &[u8], digits: &[u8; 16], space: &[u8]) -> Pattern {
    let mut out = Zeroizing::new(Vec::with_capacity(value.len().saturating_mul(3)));
    for byte in value.bytes() {
        match byte {
            b' ' => out.extend_from_slice(space),
            _ if byte.is_ascii_alphanumeric() || kept.contains(&byte) => out.push(byte),
            _ => out.extend_from_slice(&[b'%', digit(digits, byte >> 4), digit(digits, byte & 15)]),
        }
    }
    out
}

/// Inside the quotes of JSON; with slashes escaped, as some write it, or with everything beyond ASCII escaped.
fn json(value: &str, slashes: bool, ascii: bool) -> Pattern {
    let mut out = Zeroizing::new(Vec::with_capacity(value.len().saturating_mul(6)));
    let mut units = [0; 2];
    let mut utf8 = [0; 4];
    for c in value.chars() {
        if slashes && c == '/' {
            out.extend_from_slice(b"\\/");
        } else if ascii && !c.is_ascii() {
            for unit in c.encode_utf16(&mut units) {
                let mut digits = String::with_capacity(4);
                encode::push_hex(&mut digits, &unit.to_be_bytes());
                out.extend_from_slice(b"\\u");
                out.extend_from_slice(digits.as_bytes());
            }
        } else {
            out.extend_from_slice(encode::json(c.encode_utf8(&mut utf8)).as_bytes());
        }
    }
    out
}

/// The characters that the value alone decides, with so many other bytes before it.
fn base64(value: &[u8], before: usize, engine: &GeneralPurpose) -> Pattern {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(value);
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().saturating_mul(2)));
    engine.encode_string(&*bytes, &mut text);
    let first = before.saturating_mul(8).div_ceil(6);
    let end = bytes.len().saturating_mul(8) / 6;
    Zeroizing::new(text.get(first..end).unwrap_or_default().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    fn finds(value: &str, text: &str) -> bool {
        spellings(value)
            .iter()
            .any(|pattern| memchr::memmem::find(text.as_bytes(), pattern).is_some())
    }

    #[test]
    fn the_usual_spellings_are_known() {
        let value = "pä ss/w\"ord+1";
        for text in [
            "p%C3%A4%20ss%2Fw%22ord%2B1",
            "p%c3%a4%20ss%2fw%22ord%2b1",
            "p%C3%A4+ss%2Fw%22ord%2B1",
            "pä ss/w\\\"ord+1",
            "pä ss\\/w\\\"ord+1",
            "p\\u00e4 ss/w\\\"ord+1",
            "70c3a42073732f77226f72642b31",
            "70C3A42073732F77226F72642B31",
        ] {
            assert!(finds(value, text), "{text}");
        }
    }

    #[test]
    fn a_short_value_has_no_pattern() {
        assert!(spellings("1234567").is_empty() && !spellings("12345678").is_empty());
    }

    #[test]
    fn a_long_value_has_few_spellings_and_a_scanner_of_long_ones_stays_small() {
        let size = |value: &str| {
            spellings(value)
                .iter()
                .map(|pattern| pattern.len())
                .sum::<usize>()
        };
        let (short, long) = ("ä/\" ".repeat(204), "ä/\" ".repeat(4096));
        assert!(short.len() <= SHORT && finds(&short, &encode::percent(&short)));
        assert!(size(&long) <= 14 * long.len(), "{}", size(&long));
        let hex: String = long.bytes().map(|byte| format!("{byte:02x}")).collect();
        for text in [
            long.clone(),
            hex.to_uppercase(),
            hex,
            STANDARD.encode(format!("u{long}")),
        ] {
            assert!(finds(&long, &text), "{}", &text[..20]);
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters_and_nothing_is_lost() {
        let value = "ä".repeat(5000);
        let cut: Vec<_> = pieces(&value).collect();
        assert_eq!(cut.concat(), value);
        assert!(cut.len() > 1 && cut.iter().all(|piece| piece.len() <= PIECE + 4 * MIN_LENGTH));
    }

    proptest! {
        #[test]
        fn base64_is_found_wherever_the_value_begins(
            before in prop::collection::vec(any::<u8>(), 0..7),
            value in "\\PC{12,20}",
            after in prop::collection::vec(any::<u8>(), 0..7),
        ) {
            let bytes = [before, value.as_bytes().to_vec(), after].concat();
            prop_assert!(finds(&value, &STANDARD.encode(&bytes)));
            prop_assert!(finds(&value, &URL_SAFE.encode(&bytes)));
        }
    }
}
