//! What kind of content came, by what the server says, and by a look at it where that says nothing.

/// How content is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Html,
    Json,
    Text,
    /// The server does not say.
    Unknown,
}

/// A content type without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// What is said of content that nobody can read.
pub(crate) fn tell_binary(url: &str, content_type: &str) -> String {
    let what = match content_type {
        "" | "application/octet-stream" => "a binary file".to_owned(),
        other => other.to_owned(),
    };
    format!("{url} is {what}; web_fetch reads pages, JSON and plain text only")
}

impl Kind {
    /// The kind that a content type names; none if it is no text.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        let essence = essence(content_type).to_ascii_lowercase();
        Some(match essence.as_str() {
            "" | "application/octet-stream" => Self::Unknown,
            "text/html" | "application/xhtml+xml" => Self::Html,
            "application/json" | "text/json" | "application/manifest+json" => Self::Json,
            "application/xml"
            | "application/javascript"
            | "application/ecmascript"
            | "application/x-sh"
            | "application/yaml"
            | "application/x-yaml"
            | "application/toml"
            | "application/x-ndjson"
            | "application/jsonl"
            | "application/sql"
            | "application/graphql"
            | "application/x-tex" => Self::Text,
            other if other.ends_with("+json") => Self::Json,
            other if other.starts_with("text/") || other.ends_with("+xml") || other.ends_with("+yaml") => {
                Self::Text
            }
            _ => return None,
        })
    }

    /// The kind after a look at the content; none if that is no text.
    pub(crate) fn look(self, bytes: &[u8]) -> Option<Self> {
        // UTF-16 has zeros between its letters.
        let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        let has_zeros = bytes.iter().take(4096).any(|byte| *byte == 0);
        if has_zeros && !is_utf16 && self != Self::Html {
            return None;
        }
        if self != Self::Unknown {
            return Some(self);
        }
        let start = bytes.trim_ascii_start();
        let start = start.get(..1024).unwrap_or(start).to_ascii_lowercase();
        let begins = |with: &str| start.starts_with(with.as_bytes());
        if begins("<!doctype html") || begins("<html") {
            return Some(Self::Html);
        }
        if begins("%pdf-") || begins("pk\u{3}\u{4}") {
            return None;
        }
        let is_json =
            serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| !value.is_number());
        Some(if is_json { Self::Json } else { Self::Text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_names_a_kind_in_any_letter_case() {
        for (content_type, kind) in [
            ("Text/HTML; charset=utf-8", Some(Kind::Html)),
            ("application/ld+json", Some(Kind::Json)),
            ("application/rss+xml", Some(Kind::Text)),
            ("text/csv", Some(Kind::Text)),
            ("", Some(Kind::Unknown)),
            ("image/png", None),
            ("application/pdf", None),
        ] {
            assert_eq!(Kind::of(content_type), kind, "{content_type}");
        }
    }

    #[test]
    fn content_without_a_type_is_looked_at() {
        for (bytes, kind) in [
            (b"\n <!DOCTYPE html><p>".as_slice(), Some(Kind::Html)),
            (b"{\"a\": 1}", Some(Kind::Json)),
            (b"12", Some(Kind::Text)),
            (b"{ not json", Some(Kind::Text)),
            (b"%PDF-1.7", None),
            (b"MZ\x90\0\x03", None),
            (b"\xff\xfea\0", Some(Kind::Text)),
        ] {
            assert_eq!(Kind::Unknown.look(bytes), kind, "{bytes:?}");
        }
        assert_eq!(Kind::Text.look(b"a\0b"), None, "a server may be wrong");
    }
}
