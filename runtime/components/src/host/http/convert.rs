//! The shapes of `openclaw:http` from and into those of the gate.

use std::time::Duration;

use openclaw_egress::{Cause, Header, Kind, Limits, Sent};
use openclaw_policy::display_safe;

use crate::bindings::openclaw::http::types;
use crate::bindings::openclaw::media::types::MediaInfo;
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode, Sent as WitSent};

/// What is shown of a message.
const SHOWN: usize = 1000;

/// A failure of the gate, as a guest sees it.
pub(crate) fn wit_error(error: &openclaw_egress::Error) -> WitError {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    WitError {
        code: code_of(&error.cause),
        message: display_safe(&error.to_string(), SHOWN),
        retry_after: error.cause.retry_after().map(millis),
        sent: match error.sent {
            Sent::Yes => WitSent::Yes,
            Sent::No => WitSent::No,
            Sent::Unknown => WitSent::Unknown,
        },
        detail: None,
    }
}

fn code_of(cause: &Cause) -> ErrorCode {
    match cause.kind() {
        Kind::Invalid => ErrorCode::Invalid,
        Kind::NotFound => ErrorCode::NotFound,
        Kind::Denied => ErrorCode::Denied,
        Kind::RateLimited => ErrorCode::RateLimited,
        Kind::Quota => ErrorCode::Quota,
        Kind::TooLarge => ErrorCode::TooLarge,
        Kind::Timeout => ErrorCode::Timeout,
        Kind::Unavailable => ErrorCode::Unavailable,
        Kind::Conflict => ErrorCode::Conflict,
        Kind::Closed => ErrorCode::Closed,
        Kind::Protocol => ErrorCode::Protocol,
        Kind::Unsupported => ErrorCode::Unsupported,
        Kind::Internal => ErrorCode::Internal,
    }
}

pub(super) fn method(method: types::Method) -> String {
    match method {
        types::Method::Get => "GET",
        types::Method::Head => "HEAD",
        types::Method::Post => "POST",
        types::Method::Put => "PUT",
        types::Method::Patch => "PATCH",
        types::Method::Delete => "DELETE",
        types::Method::Options => "OPTIONS",
        types::Method::Other(name) => return name,
    }
    .to_owned()
}

pub(crate) fn header(header: types::Header) -> Header {
    (header.name, header.value.into_bytes())
}

pub(crate) fn shown_header((name, value): &Header) -> types::Header {
    types::Header {
        name: name.clone(),
        value: latin(value),
    }
}

/// Text, or bytes as Latin-1.
pub(super) fn latin(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    }
}

pub(super) fn limits(limits: &types::RequestLimits) -> Limits {
    Limits {
        total: limits.total.map(Duration::from_millis),
        first_byte: limits.first_byte.map(Duration::from_millis),
        idle: limits.idle.map(Duration::from_millis),
        response_bytes: limits.response_bytes,
        redirects: limits.redirects,
    }
}

/// What of a request came out of the guest's memory.
pub(crate) fn weight(request: &types::Request) -> u64 {
    let headers = request
        .headers
        .iter()
        .map(|header| header.name.len() + header.value.len());
    let part = |part: &types::Part| {
        let content = match &part.content {
            types::PartContent::Text(text)
            | types::PartContent::Media(text)
            | types::PartContent::Other(text) => text.len(),
            types::PartContent::Bytes(bytes) => bytes.len(),
        };
        part.name.len() + part.file_name.as_ref().map_or(0, String::len) + content
    };
    let body = match &request.body {
        types::Body::Empty => 0,
        types::Body::Bytes(bytes) => bytes.len(),
        types::Body::Media(text) | types::Body::Other(text) => text.len(),
        types::Body::Multipart(parts) => parts.iter().map(part).sum(),
    };
    (request.url.len() + headers.sum::<usize>() + body) as u64
}

/// What a response says about its body where the guest says nothing.
pub(crate) fn complete(info: MediaInfo, headers: &[Header]) -> MediaInfo {
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| latin(value))
    };
    let named = || header("content-disposition").and_then(|value| file_name(&value));
    MediaInfo {
        content_type: info.content_type.or_else(|| header("content-type")),
        file_name: info.file_name.or_else(named),
        ..info
    }
}

/// The name of a file as a response says it, without folders.
fn file_name(disposition: &str) -> Option<String> {
    let said = disposition.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("filename")
            .then_some(value.trim())
    })?;
    let name = said.trim_matches('"').rsplit(['/', '\\']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_no_folders() {
        for (said, wanted) in [
            ("attachment; filename=\"a b.png\"", Some("a b.png")),
            ("attachment; FileName=../../etc/passwd", Some("passwd")),
            ("attachment; filename=\"..\\x.exe\"", Some("x.exe")),
            ("attachment; filename=\"a/\"", None),
            ("inline", None),
        ] {
            assert_eq!(file_name(said).as_deref(), wanted, "{said}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_latin() {
        assert_eq!(latin("ü".as_bytes()), "ü");
        assert_eq!(latin(&[0x66, 0xfc, 0x72]), "für");
    }
}
