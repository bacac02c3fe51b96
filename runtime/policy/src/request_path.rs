//! Paths of requests in one spelling, and patterns over them.
//!
//! A server may read `%2e%2e`, `;`, `\`, overlong UTF-8, wide dots or dots among spaces as the way out of a folder.
//! So a path that can be read in two ways is never matched by a pattern narrower than `/`. Linear in the path,
//! which has [`MAX_PATH`] bytes at most; a pattern has [`MAX_SEGMENTS`] segments at most.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::display::is_hidden;
use crate::error::{Error, Result};
use crate::text::text_type;

/// The longest path, in bytes.
pub const MAX_PATH: usize = 8 * 1024;
/// The most segments of a pattern.
pub const MAX_SEGMENTS: usize = 16;

/// The path of a request, without its query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestPath {
    text: String,
    plain: bool,
}

impl RequestPath {
    /// What must be sent: the text that was judged.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the path can be read in one way only.
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

impl FromStr for RequestPath {
    type Err = Error;

    /// Reads a path. A plain one is normalised: what needs no percent code has none, codes are upper case.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = |why| Err(Error::value("path", text, why));
        if text.len() > MAX_PATH {
            return refuse("is too long");
        }
        if !text.starts_with('/') {
            return refuse("must begin with \"/\"");
        }
        if !text
            .bytes()
            .all(|c| c.is_ascii_graphic() && !matches!(c, b'\\' | b'?' | b'#'))
        {
            return refuse("has characters that must be percent-encoded");
        }
        Ok(match normalise(text) {
            Some(text) => Self { text, plain: true },
            None => Self {
                text: text.to_owned(),
                plain: false,
            },
        })
    }
}

impl fmt::Display for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The one spelling of a path, or none if it can be read in two ways.
fn normalise(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b';' {
            return None;
        }
        if byte != b'%' {
            plain.push(char::from(byte));
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|c| char::from(c).to_digit(16));
        let code = u8::try_from(digit()? * 16 + digit()?).ok()?;
        decoded.push(code);
        match char::from(code) {
            // Servers that decode once too often would see these as structure; a coded `%` hides another code.
            '.' | '/' | '\\' | ';' | '%' | '\0'..='\u{1f}' | '\u{7f}' => return None,
            c @ ('a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '~') => plain.push(c),
            _ => plain.push_str(&format!("%{code:02X}")),
        }
    }
    // What is no UTF-8 is read as something by somebody: an overlong form of `.` or `/`, or an old code page.
    let decoded = String::from_utf8(decoded).ok()?;
    if decoded.contains(is_wide_structure) {
        return None;
    }
    let mut segments = decoded.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment.is_empty() {
            true if !last => return None,
            // Systems that drop spaces and dots at an end would see a step upwards.
            false if segment.chars().all(is_dropped) => return None,
            _ => {}
        }
    }
    Some(plain)
}

/// Characters that some servers turn into dots, slashes and backslashes.
fn is_wide_structure(c: char) -> bool {
    matches!(
        c,
        '\u{2024}'
            ..='\u{2026}'
                | '\u{2044}'
                | '\u{2215}'
                | '\u{2216}'
                | '\u{29f8}'
                | '\u{29f9}'
                | '\u{fe52}'
                | '\u{fe68}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{ff3c}'
                | '\u{ff61}'
    )
}

fn is_dropped(c: char) -> bool {
    c == '.' || c.is_whitespace() || is_hidden(c)
}

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Segment {
    text: String,
    /// Whether a segment may go on behind the text.
    open: bool,
}

impl Segment {
    fn matches(&self, segment: &str) -> bool {
        if self.open {
            !segment.is_empty() && segment.starts_with(&self.text)
        } else {
            segment == self.text
        }
    }

    fn covers(&self, asked: &Self) -> bool {
        if self.open {
            asked.text.starts_with(&self.text)
        } else {
            self == asked
        }
    }
}

/// Which paths a request names: those that begin with these segments.
///
/// `/api` matches `/api` and `/api/x`, not `/apix`. A segment may end in `*`: `/bot*` matches `/bot1/x`, and a
/// segment `*` matches any one segment.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(Vec<Segment>);

impl PathPattern {
    /// Whether it stands for every path.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every path of the other pattern is one of this.
    pub fn covers(&self, asked: &Self) -> bool {
        self.0.len() <= asked.0.len()
            && self
                .0
                .iter()
                .zip(&asked.0)
                .all(|(granted, asked)| granted.covers(asked))
    }

    /// Whether a path is one of these.
    pub fn matches(&self, path: &RequestPath) -> bool {
        if self.is_everything() {
            return true;
        }
        let mut segments = path.text.split('/').skip(1);
        path.plain
            && self
                .0
                .iter()
                .all(|granted| segments.next().is_some_and(|segment| granted.matches(segment)))
    }
}

impl FromStr for PathPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why| Error::value("path", text, why);
        if text.len() > 256 {
            return Err(wrong("is longer than 256 bytes"));
        }
        if text.contains('"') {
            return Err(wrong("has a quotation mark; write %22"));
        }
        let path: RequestPath = text.parse()?;
        if !path.plain {
            return Err(wrong(
                "can be read in two ways; write it without \"..\", \"//\", \";\" and coded signs",
            ));
        }
        let path = path.text.trim_start_matches('/').trim_end_matches('/');
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let read = |segment: &str| {
            let (text, open) = match segment.strip_suffix('*') {
                Some(text) => (text, true),
                None => (segment, false),
            };
            if text.contains('*') {
                return Err(wrong("may have \"*\" only at the end of a segment"));
            }
            Ok(Segment {
                text: text.to_owned(),
                open,
            })
        };
        let segments: Vec<_> = segments.map(read).collect::<Result<_>>()?;
        if segments.len() > MAX_SEGMENTS {
            return Err(wrong("has more than 16 segments"));
        }
        Ok(Self(segments))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        let write = |segment: &Segment| write!(f, "/{}{}", segment.text, if segment.open { "*" } else { "" });
        self.0.iter().try_for_each(write)
    }
}

text_type!(PathPattern);

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        let pattern: PathPattern = pattern.parse().unwrap();
        path.parse().is_ok_and(|path| pattern.matches(&path))
    }

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        assert!(matches("/api", "/api") && matches("/api", "/api/") && matches("/api/", "/api/x"));
        assert!(!matches("/api", "/apix") && !matches("/api", "/") && !matches("/api/v1", "/api"));
    }

    #[test]
    fn a_star_matches_within_one_segment() {
        assert!(matches("/bot*", "/bot123:abc/sendMessage") && matches("/bot*", "/bot"));
        assert!(!matches("/bot*", "/bo") && !matches("/bot*", "/x/bot1"));
        assert!(matches("/channels/*/messages", "/channels/7/messages/9"));
        assert!(!matches("/channels/*/messages", "/channels/7/8/messages") && !matches("/a/*", "/a/"));
    }

    #[test]
    fn no_spelling_leaves_a_prefix() {
        for path in [
            "/api/../x",
            "/api/..",
            "/api/%2e%2e/x",
            "/api/%2E./x",
            "/api/.%2e",
            "/api/%2f..",
            "/api/..%2fx",
            "/api/%5c..",
            "/api/..;/x",
            "/api/;x",
            "/api/%3b/x",
            "/api//x",
            "//api/x",
            "/api/./x",
            "/api/%252e%252e",
            "/api/%00",
            "/api/%",
            "/api/%2",
            "/api/%zz",
            "/api/\\..\\x",
            "/api/x?y",
            "/api/x#y",
            "/api/ x",
            "/api/\u{e9}",
            "/api/%c0%ae%c0%ae/x",
            "/api/..%c0%afx",
            "/api/%c0%af..%c0%af",
            "/api/%e0%80%ae%e0%80%ae/admin",
            "/api/%ff",
            "/api/..%20/x",
            "/api/%20../x",
            "/api/.%20./x",
            "/api/.../x",
            "/api/%20/x",
            "/api/..%c2%a0/x",
            "/api/..%e2%80%8b/x",
            "/api/%ef%bc%8e%ef%bc%8e/x",
            "/api/%ef%bc%8f..",
            "/api/%ef%bc%bcx",
            "/api/%e2%80%a5/x",
            "api/x",
        ] {
            assert!(!matches("/api", path), "{path}");
        }
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_needs_the_grant_of_everything() {
        let odd: RequestPath = "/wiki/100%25;x//..".parse().unwrap();
        assert!(!odd.is_plain() && matches("/", odd.as_str()));
        assert_eq!(odd.as_str(), "/wiki/100%25;x//..");
    }

    #[test]
    fn codes_that_are_not_needed_do_not_hide_a_path() {
        let path: RequestPath = "/%61pi/%c3%a9%3a:".parse().unwrap();
        assert_eq!(path.as_str(), "/api/%C3%A9%3A:");
        assert!(matches("/api", "/api/a%20b.../.well-known/%C3%BC"));
        assert!(matches("/api", "/%61p%69/x") && matches("/%61pi", "/api"));
    }

    #[test]
    fn a_pattern_has_sixteen_segments_at_most() {
        assert!("/a".repeat(MAX_SEGMENTS).parse::<PathPattern>().is_ok());
        assert!("/a".repeat(MAX_SEGMENTS + 1).parse::<PathPattern>().is_err());
    }

    #[test]
    fn a_pattern_must_be_plain() {
        for text in [
            "", "api", "/a/../b", "/a*b", "/**", "/a;b", "/a//b", "/%2e", "/a?b", "/a\"b", "/%ff",
        ] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }
}
