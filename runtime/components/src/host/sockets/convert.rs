//! The shapes of `openclaw:sockets` into and from those of the gate.

use std::time::Duration;

use openclaw_egress::socket::{ClearStep, Frame, Framing, JsonTest, Pattern};
use openclaw_egress::{ConnectLimits, TlsMode, TlsOptions, Trust};
use openclaw_policy::Host;
use serde_json::Value;

use super::unknown;
use crate::bindings::openclaw::sockets::types;
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::bindings::openclaw::types::values;
use crate::guest::{Guest, fail};
use crate::host::http::wit_error;

fn invalid(what: &str) -> WitError {
    fail(ErrorCode::Invalid, what)
}

impl Guest {
    pub(super) fn tls(&self, mode: types::TlsMode, host: &str) -> Result<TlsMode, WitError> {
        match mode {
            types::TlsMode::AtOnce(options) => Ok(TlsMode::AtOnce(self.tls_options(options, host)?)),
            types::TlsMode::AfterSteps(upgrade) => {
                let steps: Result<_, _> = upgrade.steps.into_iter().map(step).collect();
                Ok(TlsMode::AfterSteps(
                    steps?,
                    self.tls_options(upgrade.options, host)?,
                ))
            }
            types::TlsMode::Never => Ok(TlsMode::Never),
            types::TlsMode::Other(_) => Err(unknown("mode of TLS")),
        }
    }

    fn tls_options(&self, options: types::TlsOptions, host: &str) -> Result<TlsOptions, WitError> {
        let read = |name: &str| name.parse::<Host>().map_err(|error| invalid(&error.to_string()));
        let server_name = options.server_name.as_deref().map(read).transpose()?;
        let trust = match options.trust {
            types::TlsTrust::Public => Trust::Public,
            types::TlsTrust::Pinned(prints) => {
                let print = |print: &String| self.fingerprint(print);
                Trust::Pinned(prints.iter().map(print).collect::<Result<_, _>>()?)
            }
            types::TlsTrust::Other(_) => return Err(unknown("check of a certificate")),
        };
        let client_certificate = match &options.client_certificate {
            None => None,
            Some(placeholder) => {
                let host = server_name.clone().map_or_else(|| read(host), Ok)?;
                let certificate = self.extension.vault().client_certificate(placeholder, &host);
                Some(certificate.map_err(|failure| wit_error(&failure.into()))?)
            }
        };
        Ok(TlsOptions {
            server_name,
            trust,
            client_certificate,
        })
    }

    /// A fingerprint, if the operator wrote it into the extension's settings.
    fn fingerprint(&self, text: &str) -> Result<[u8; 32], WitError> {
        let bytes = read_fingerprint(text)
            .ok_or_else(|| invalid("a fingerprint is the SHA-256 of a certificate in hex, 64 digits"))?;
        match stands_in(&self.extension.settings, &bytes) {
            true => Ok(bytes),
            false => Err(fail(
                ErrorCode::Denied,
                "whom to trust is the operator's to decide: this fingerprint does not stand in the extension's settings",
            )),
        }
    }
}

/// Reads 64 digits, with or without colons between the pairs.
fn read_fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low));
    let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().ok()?;
    rest.is_empty().then_some(bytes)?.try_into().ok()
}

fn stands_in(settings: &Value, print: &[u8; 32]) -> bool {
    match settings {
        Value::String(text) => read_fingerprint(text).as_ref() == Some(print),
        Value::Array(items) => items.iter().any(|item| stands_in(item, print)),
        Value::Object(members) => members.values().any(|member| stands_in(member, print)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn step(step: types::ClearStep) -> Result<ClearStep, WitError> {
    Ok(ClearStep {
        send: step.send,
        until: pattern(step.until)?,
    })
}

pub(crate) fn pattern(pattern: values::Pattern) -> Result<Pattern, WitError> {
    Ok(match pattern {
        values::Pattern::Anything => Pattern::Anything,
        values::Pattern::StartsWith(text) => Pattern::StartsWith(text),
        values::Pattern::Contains(text) => Pattern::Contains(text),
        values::Pattern::Json(tests) => {
            let test = |test: &values::JsonTest| JsonTest::parse(&test.pointer, &test.equals);
            let tests: openclaw_egress::Result<_> = tests.iter().map(test).collect();
            Pattern::Json(tests.map_err(|error| wit_error(&error))?)
        }
        values::Pattern::Other(_) => return Err(unknown("test on what arrives")),
    })
}

pub(super) fn framing(framing: types::Framing) -> Result<Framing, WitError> {
    match framing {
        types::Framing::Lines => Ok(Framing::Lines),
        types::Framing::Bytes => Ok(Framing::Bytes),
        types::Framing::Other(_) => Err(unknown("framing")),
    }
}

pub(crate) fn limits(limits: &types::ConnectionLimits) -> ConnectLimits {
    ConnectLimits {
        open: limits.open.map(Duration::from_millis),
        frame_bytes: limits.frame_bytes,
    }
}

pub(crate) fn leaving(frame: types::Frame) -> Result<Frame, WitError> {
    match frame {
        types::Frame::Text(text) => Ok(Frame::Text(text)),
        types::Frame::Binary(bytes) => Ok(Frame::Binary(bytes.into())),
        types::Frame::Event(_) => Err(invalid("an event only arrives")),
        types::Frame::Other(_) => Err(unknown("frame")),
    }
}

pub(crate) fn arriving(frame: Frame) -> types::Frame {
    match frame {
        Frame::Text(text) => types::Frame::Text(text),
        Frame::Binary(bytes) => types::Frame::Binary(bytes.into()),
        Frame::Event(event) => types::Frame::Event(types::ServerEvent {
            name: event.name,
            id: event.id,
            data: event.data,
        }),
    }
}

/// What of an endpoint came out of the guest's memory.
pub(crate) fn weight_of_endpoint(endpoint: &types::Endpoint) -> u64 {
    let headers = |headers: &[types::Header]| -> usize {
        headers
            .iter()
            .map(|header| header.name.len() + header.value.len())
            .sum()
    };
    let bytes = match endpoint {
        types::Endpoint::Websocket(endpoint) => endpoint.url.len() + headers(&endpoint.headers),
        types::Endpoint::Events(endpoint) => endpoint.url.len() + headers(&endpoint.headers),
        types::Endpoint::Tcp(endpoint) => endpoint.host.len(),
        types::Endpoint::Other(text) => text.len(),
    };
    bytes as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fingerprint_is_found_in_the_settings_in_either_spelling() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        let print = read_fingerprint(&plain).unwrap();
        assert_eq!(read_fingerprint(&colons), Some(print));
        for settings in [json!({"tls": {"pins": [colons]}}), json!([plain]), json!(plain)] {
            assert!(stands_in(&settings, &print), "{settings}");
        }
        for settings in [json!({}), json!("ab"), json!({ plain.as_str(): 1 }), json!(null)] {
            assert!(!stands_in(&settings, &print), "{settings}");
        }
        for text in ["", "ab", &"ab".repeat(33), &"zz".repeat(32), &"a".repeat(63)] {
            assert_eq!(read_fingerprint(text), None, "{text}");
        }
    }
}
