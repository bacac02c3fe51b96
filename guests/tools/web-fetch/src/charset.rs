//! Bytes as text. A byte order mark counts most, then what the server says, then what the page says of itself; without
//! any of them it is UTF-8 if it can be, and Windows-1252 otherwise.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a page its own word on its encoding may stand, as the HTML standard has it.
const HEAD: usize = 1024;

/// The text; what is wrong in its encoding is replaced.
pub(crate) fn decode(bytes: &[u8], content_type: &str, is_page: bool) -> String {
    let declared = || parameter(content_type).or_else(|| is_page.then(|| declared_within(bytes)).flatten());
    let (encoding, start) = Encoding::for_bom(bytes)
        .or_else(|| declared().map(|encoding| (encoding, 0)))
        .unwrap_or_else(|| (guess(bytes), 0));
    let rest = bytes.get(start..).unwrap_or_default();
    encoding.decode_without_bom_handling(rest).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        // A text that was cut off within a character is still one.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

/// The `charset` of a content type.
fn parameter(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1);
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, label) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())
}

/// The encoding that a `<meta>` of the page names. It is written in ASCII, so it is none of those that have wider
/// letters.
fn declared_within(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut metas = head.split("<meta").skip(1);
    let label = metas.find_map(|meta| {
        let meta = meta.split('>').next()?;
        let value = meta.split("charset").nth(1)?.trim_start().strip_prefix('=')?;
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        value
            .split(|c: char| c.is_whitespace() || "\"';/".contains(c))
            .next()
    })?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    Some(if [UTF_16BE, UTF_16LE].contains(&encoding) {
        UTF_8
    } else {
        encoding
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_the_encoding() {
        assert_eq!(
            decode(b"gr\xfc\xdf", "text/plain; charset=ISO-8859-1", false),
            "grüß"
        );
        assert_eq!(
            decode(b"\x93\xfa\x96\x7b", "text/html; Charset=\"Shift_JIS\"", true),
            "日本"
        );
    }

    #[test]
    fn a_byte_order_mark_knows_better() {
        assert_eq!(
            decode("\u{feff}grüß".as_bytes(), "text/plain; charset=latin1", false),
            "grüß"
        );
        assert_eq!(decode(b"\xff\xfeh\0i\0", "text/plain", false), "hi");
    }

    #[test]
    fn a_page_says_its_encoding_where_the_server_does_not() {
        for page in [
            b"<meta charset=\"windows-1251\"><p>\xcf".as_slice(),
            b"<META http-equiv=content-type content=\"text/html; charset = windows-1251\"><p>\xcf",
        ] {
            assert!(decode(page, "text/html", true).ends_with('П'), "{page:?}");
            assert!(
                !decode(page, "text/plain", false).ends_with('П'),
                "only in a page"
            );
        }
        assert!(decode("<meta charset=utf-16>ü".as_bytes(), "text/html", true).ends_with('ü'));
    }

    #[test]
    fn without_a_word_it_is_what_it_can_be() {
        assert_eq!(decode("grüß".as_bytes(), "text/plain", false), "grüß");
        assert_eq!(decode(b"gr\xfc\xdf", "text/plain", false), "grüß");
        let cut_off = decode(&"grüß".as_bytes()[..5], "text/plain", false);
        assert!(cut_off.starts_with("grü"), "{cut_off}");
        assert_eq!(decode(b"gr\xfc", "text/plain; charset=unheard-of", false), "grü");
    }
}
