//! What came back.

use std::io::{self, Read};

use serde::de::DeserializeOwned;

use super::{Header, PIECE};
use crate::media::{MediaInfo, MediaRef};
use crate::secrets::{Keep, Secret, SecretPlace};
use crate::wit::http::client;
use crate::wit::http::types as wit;
use crate::wit::secrets::placeholders;
use crate::wit::types::errors::{Error, ErrorCode, Sent};

/// How much of the body of a refusal is kept in the error.
const DETAIL: u32 = 4096;

/// A response: its status and headers are there, its body comes as it is read, decompressed, and can be read once.
/// It is the standard library's `Read`; whatever fails inside is the host's error again once it passes `?` in a tool.
/// Dropping it gives up the rest.
#[derive(Debug)]
pub struct Response(wit::Response);

impl Response {
    pub(crate) fn new(response: wit::Response) -> Self {
        Self(response)
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// The address that answered, after all redirects.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// The value of the first header of this name, in any letter case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.header(name)
    }

    /// All headers, in order.
    #[must_use]
    pub fn headers(&self) -> Vec<Header> {
        self.0.headers()
    }

    /// Makes an error of a status of 400 or above. It tells the kind, how long to wait if the other side said so, and
    /// has the body as its detail if that is a short JSON document.
    ///
    /// # Errors
    /// For those.
    pub fn error_for_status(self) -> Result<Self, Error> {
        let status = self.status();
        if status < 400 {
            return Ok(self);
        }
        let mut error = judge(status, &self.url(), self.header("retry-after").as_deref());
        let body = self.0.read(DETAIL).unwrap_or_default();
        let body = String::from_utf8(body).unwrap_or_default();
        error.detail = serde_json::from_str::<serde::de::IgnoredAny>(&body)
            .is_ok()
            .then_some(body);
        Err(error)
    }

    /// The body as a value of a type.
    ///
    /// # Errors
    /// With [`Protocol`](ErrorCode::Protocol) if it is not JSON of this type, and as the host says.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let url = self.url();
        serde_json::from_slice(&self.bytes()?).map_err(|error| Error {
            sent: Sent::Yes,
            ..Error::new(
                ErrorCode::Protocol,
                format!("the answer of {} is not as expected: {error}", place(&url)),
            )
        })
    }

    /// The body as text. What is not UTF-8 in it is replaced.
    ///
    /// # Errors
    /// As the host says.
    pub fn text(self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// As the host says: [`TooLarge`](ErrorCode::TooLarge) if it has more bytes than it may.
    pub fn bytes(self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        loop {
            let piece = self.0.read(u32::try_from(PIECE).unwrap_or(u32::MAX))?;
            if piece.is_empty() {
                return Ok(all);
            }
            all.extend(piece);
        }
    }

    /// Moves the rest of the body into the media store, without it passing through the component. What the info leaves
    /// out is taken from the headers.
    ///
    /// # Errors
    /// As the host says: [`Quota`](ErrorCode::Quota) if there is no room.
    pub fn to_media(self, info: &MediaInfo) -> Result<MediaRef, Error> {
        client::to_media(&self.0, info)
    }

    /// Takes a token that a service has just issued, before anything of the body was read, and keeps it under a name
    /// that the manifest asks for with `"capture": true`. From then on the response shows the placeholder in its place.
    ///
    /// # Errors
    /// As the host says: [`Conflict`](ErrorCode::Conflict) once the body is being read,
    /// [`Unsupported`](ErrorCode::Unsupported) for [`Keep::Lasting`] where the operator named no store for it.
    pub fn capture(&self, place: &SecretPlace, name: &str, keep: Keep) -> Result<Secret, Error> {
        placeholders::capture(&self.0, place, name, keep).map(Secret::from_placeholder)
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let max = buffer.len().min(PIECE);
        if max == 0 {
            return Ok(0);
        }
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        let bytes = self.0.read(max).map_err(io::Error::other)?;
        let Some(place) = buffer.get_mut(..bytes.len()) else {
            return Err(io::Error::other("the host gave more bytes than were asked for"));
        };
        place.copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// What a status of 400 or above means. Whoever answers with a 4xx says that nothing was done.
fn judge(status: u16, url: &str, retry_after: Option<&str>) -> Error {
    let code = match status {
        401 | 407 => ErrorCode::Unauthenticated,
        404 | 410 => ErrorCode::NotFound,
        408 | 504 => ErrorCode::Timeout,
        409 | 412 => ErrorCode::Conflict,
        413 => ErrorCode::TooLarge,
        429 => ErrorCode::RateLimited,
        400..500 => ErrorCode::Refused,
        _ => ErrorCode::Unavailable,
    };
    // The other form of the header is a date, which says nothing without the other side's clock.
    let seconds = retry_after.and_then(|value| value.trim().parse::<u64>().ok());
    Error {
        retry_after: seconds.map(|seconds| seconds.saturating_mul(1000)),
        sent: if status < 500 { Sent::No } else { Sent::Yes },
        ..Error::new(code, format!("{} answered with status {status}", place(url)))
    }
}

/// An address without its query, which may be long or personal.
fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_kind_and_without_the_query() {
        let error = judge(429, "https://a.example/x?key=OCS_1", Some("2"));
        assert_eq!(
            (error.code, error.retry_after),
            (ErrorCode::RateLimited, Some(2000))
        );
        assert_eq!(error.message, "https://a.example/x answered with status 429");
        let dated = judge(503, "https://a.example/", Some("Wed, 21 Oct 2026 07:28:00 GMT"));
        assert_eq!((dated.code, dated.retry_after), (ErrorCode::Unavailable, None));
        for (status, code) in [
            (400, ErrorCode::Refused),
            (401, ErrorCode::Unauthenticated),
            (403, ErrorCode::Refused),
            (404, ErrorCode::NotFound),
            (504, ErrorCode::Timeout),
            (599, ErrorCode::Unavailable),
        ] {
            assert_eq!(judge(status, "", None).code, code, "{status}");
        }
    }

    #[test]
    fn only_what_was_refused_may_be_sent_again_without_harm() {
        assert_eq!(judge(422, "", None).sent, Sent::No);
        assert_eq!(judge(500, "", None).sent, Sent::Yes);
    }
}
