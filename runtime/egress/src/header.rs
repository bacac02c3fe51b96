//! Headers that a tenant may send, and the bounds of those that come back.
//!
//! **Promise.** Headers that frame a message, name its host or speak to the next hop are the gate's: a tenant that
//! sends one is refused, however it spells it. **Bound.** [`Caps::headers`] and [`Caps::header_bytes`], both ways.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::caps::Caps;
use crate::error::{Cause, Measure};
use crate::secret::{Injected, Injector};

/// Headers that belong to the gate.
const OWN: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that some servers take for another method or path than the one that was judged.
const REWRITING: &[&str] = &[
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Headers that belong to the handshake of a WebSocket.
const HANDSHAKE: &str = "sec-websocket-";

/// What is to be sent as one header.
pub type Header = (String, Vec<u8>);

/// The name of a header that a tenant may send.
pub(crate) fn name_of(name: &str) -> Result<HeaderName, Cause> {
    let refuse = |why| {
        Err(Cause::Header {
            name: openclaw_policy::display_safe(name, 80),
            why,
        })
    };
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return refuse("is no name of a header");
    };
    // Programs behind a server may read an underscore as a hyphen.
    let alike = parsed.as_str().replace('_', "-");
    if OWN.contains(&alike.as_str()) {
        return refuse("is written by the gateway and may not be set");
    }
    if REWRITING.contains(&alike.as_str()) {
        return refuse("could turn the request into another than the one that was granted");
    }
    if alike.starts_with(HANDSHAKE) {
        return refuse("belongs to the handshake of WebSockets; open a WebSocket instead");
    }
    Ok(parsed)
}

/// The value of a header: one line.
fn value_of(name: &HeaderName, value: &[u8]) -> Result<HeaderValue, Cause> {
    HeaderValue::from_bytes(value).map_err(|_| Cause::Header {
        name: name.to_string(),
        why: "has a line break or another control character in its value",
    })
}

/// The value of a header with its secrets in it.
pub(crate) fn fill(injector: &Injector<'_>, name: &HeaderName, value: &[u8]) -> Result<HeaderValue, Cause> {
    let injected = match std::str::from_utf8(value) {
        Ok(value) => injector.header(name.as_str(), value)?,
        Err(_) => {
            injector.refuse_in(name.as_str(), "the name of a header")?;
            injector.refuse_in_bytes(value, "a header that is no text")?;
            Injected::Untouched(value)
        }
    };
    let mut filled = value_of(name, injected.as_bytes())?;
    filled.set_sensitive(injected.has_secret());
    Ok(filled)
}

/// Refuses two content types: the gate would put secrets in by one of them, and the server read by the other.
pub(crate) fn check_kinds(headers: &[Header]) -> Result<(), Cause> {
    let is_kind = |(name, _): &&Header| name.replace('_', "-").eq_ignore_ascii_case("content-type");
    let mut kinds = headers.iter().filter(is_kind);
    match (kinds.next(), kinds.next()) {
        (_, Some(_)) => Err(Cause::Header {
            name: "content-type".to_owned(),
            why: "is there twice, so the body could be read in two ways",
        }),
        (Some((name, _)), None) if name.contains('_') => Err(Cause::Header {
            name: "content_type".to_owned(),
            why: "must be written with a hyphen",
        }),
        _ => Ok(()),
    }
}

/// Refuses too many headers of a request, before anything is done with them.
pub(crate) fn check_sent(headers: &[Header], caps: &Caps) -> Result<(), Cause> {
    let bytes = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    let within = [
        (Measure::RequestHeaders, headers.len(), caps.headers),
        (Measure::RequestHeaderBytes, bytes, caps.header_bytes),
    ];
    check(within)
}

/// Refuses too many headers of a response.
pub(crate) fn check_received(headers: &HeaderMap, caps: &Caps) -> Result<(), Cause> {
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let within = [
        (Measure::ResponseHeaders, headers.len(), caps.headers),
        (Measure::ResponseHeaderBytes, bytes, caps.header_bytes),
    ];
    check(within)
}

fn check(measured: [(Measure, usize, usize); 2]) -> Result<(), Cause> {
    match measured.into_iter().find(|(_, found, most)| found > most) {
        Some((measure, _, most)) => Err(Cause::TooLarge {
            measure,
            most: most as u64,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_header_of_the_gates_passes() {
        for name in [
            "Host",
            "CONNECTION",
            "Content-Length",
            "content_length",
            "Transfer-Encoding",
            "transfer_encoding",
            "Upgrade",
            "Proxy-Authorization",
            "TE",
            "Expect",
            "Sec-WebSocket-Key",
            "Host ",
            " host",
            "a:b",
            ":authority",
            "a\r\nhost",
            "X-HTTP-Method-Override",
            "x_original_url",
            "",
            "ä",
        ] {
            assert!(name_of(name).is_err(), "{name:?}");
        }
        for name in ["Authorization", "x_y", "Content-Type", "Range", "X-Forwarded-For"] {
            assert!(name_of(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_body_has_one_kind() {
        let headers = |names: &[&str]| {
            names
                .iter()
                .map(|name| ((*name).to_owned(), b"a/b".to_vec()))
                .collect::<Vec<_>>()
        };
        assert!(check_kinds(&headers(&["Content-Type", "accept"])).is_ok());
        for names in [
            &["content-type", "Content-Type"][..],
            &["content-type", "content_type"],
            &["Content_Type"],
        ] {
            assert!(check_kinds(&headers(names)).is_err(), "{names:?}");
        }
    }

    #[test]
    fn a_value_is_one_line() {
        let name = HeaderName::from_static("x");
        for value in ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "\u{7f}"] {
            assert!(value_of(&name, value.as_bytes()).is_err(), "{value:?}");
        }
        assert!(value_of(&name, "a\tb é".as_bytes()).is_ok());
    }
}
