//! A request, put together step by step.

use std::time::Duration;

use serde::Serialize;

use super::encode::{add_query, add_segment, write_form};
use super::{Multipart, Response, Upload};
use crate::error::encode;
use crate::secrets::{self, Secret};
use crate::wit::http::client;
use crate::wit::http::types::{self as wit, Body, Header, Method, RequestLimits};
use crate::wit::types::errors::{Error, ErrorCode};

/// A request that was not sent yet.
///
/// The first mistake in it is kept, and [`send`](Self::send) and [`upload`](Self::upload) return it in the place of
/// sending anything.
#[derive(Debug)]
#[must_use = "nothing leaves before `send` or `upload`"]
pub struct Request {
    request: wit::Request,
    /// Of the body, unless a header says otherwise.
    content_type: Option<&'static str>,
    mistake: Option<Error>,
}

impl Request {
    pub(super) fn new(method: Method, url: String) -> Self {
        let request = wit::Request {
            method,
            url,
            headers: Vec::new(),
            body: Body::Empty,
            limits: RequestLimits {
                total: None,
                first_byte: None,
                idle: None,
                response_bytes: None,
                redirects: None,
            },
        };
        Self {
            request,
            content_type: None,
            mistake: None,
        }
    }

    /// Adds a segment to the path, percent-encoded. For whatever comes from elsewhere: it stays one segment. A
    /// [`Secret`] may be one, if its place is `path segment`.
    pub fn segment(mut self, segment: impl ToString) -> Self {
        let added = add_segment(&mut self.request.url, &segment.to_string());
        self.note(added.map_err(|why| Error::new(ErrorCode::Invalid, why)))
    }

    /// Adds a parameter to the query, percent-encoded. A [`Secret`] may be its value, if its place is `query NAME`.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        add_query(&mut self.request.url, name, &value.to_string());
        self
    }

    /// Adds a header. A [`Secret`] may be in its value, if its place is `header NAME`:
    /// `.header("x-api-key", &key)`, `.header("authorization", format!("token {key}"))`.
    pub fn header(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.request.headers.push(Header {
            name: name.into(),
            value: value.to_string(),
        });
        self
    }

    /// Signs in with a token: `Authorization: Bearer …`.
    pub fn bearer(self, token: &Secret) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Signs in with a name and a password: `Authorization: Basic …`, which the host puts together.
    pub fn basic(self, user: &str, password: &Secret) -> Self {
        match secrets::basic(user, password) {
            Ok(pair) => self.header("authorization", format!("Basic {pair}")),
            Err(error) => self.note(Err(error)),
        }
    }

    /// Carries a value as JSON. A [`Secret`] may be a text in it, if its place is `json /POINTER`.
    pub fn json(self, value: &impl Serialize) -> Self {
        match encode(value, "the body") {
            Ok(json) => self.carry(Body::Bytes(json.into_bytes()), Some("application/json")),
            Err(error) => self.note(Err(error)),
        }
    }

    /// Carries the fields of a form. A [`Secret`] may be the value of one, if its place is `form NAME`:
    /// `.form(&[("client_id", "openclaw"), ("client_secret", secret.as_str())])`.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, fields: &[(K, V)]) -> Self {
        let form = write_form(fields).into_bytes();
        self.carry(Body::Bytes(form), Some("application/x-www-form-urlencoded"))
    }

    /// Carries bytes or text. Say with a header `content-type` what they are.
    pub fn body(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.carry(Body::Bytes(bytes.into()), None)
    }

    /// Carries media, which stays with the host, with its own content type.
    pub fn media(self, media: impl Into<String>) -> Self {
        self.carry(Body::Media(media.into()), None)
    }

    /// Carries a form with files in it.
    pub fn multipart(self, form: Multipart) -> Self {
        self.carry(Body::Multipart(form.into_parts()), None)
    }

    /// How long it may take, to the last byte of the response. This and the limits below only lower what the
    /// operator allows.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.request.limits.total = Some(milliseconds(time));
        self
    }

    /// How long it may take until the headers of the response are there.
    pub fn first_byte(mut self, time: Duration) -> Self {
        self.request.limits.first_byte = Some(milliseconds(time));
        self
    }

    /// How long the response may pause between two pieces.
    pub fn idle(mut self, time: Duration) -> Self {
        self.request.limits.idle = Some(milliseconds(time));
        self
    }

    /// How many bytes the body of the response may have, once decompressed.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.request.limits.response_bytes = Some(bytes);
        self
    }

    /// How many redirects are followed. With 0 a redirect is an ordinary response.
    pub fn redirects(mut self, count: u32) -> Self {
        self.request.limits.redirects = Some(count);
        self
    }

    /// Sends it and waits for the headers of the response. Any status is a response; see
    /// [`error_for_status`](Response::error_for_status).
    ///
    /// # Errors
    /// As the host says: [`Denied`](ErrorCode::Denied) if the destination was not granted, or a secret may not go
    /// there. With [`Invalid`](ErrorCode::Invalid) if the request could not be written.
    pub fn send(self) -> Result<Response, Error> {
        client::send(&self.finish()?).map(Response::new)
    }

    /// Begins it, for a body that is written piece by piece. With its length that is announced, and any other length
    /// is an error; without, it goes in chunks. No secret is put into such a body.
    ///
    /// # Errors
    /// As [`send`](Self::send); with [`Invalid`](ErrorCode::Invalid) if it carries a body already.
    pub fn upload(self, content_length: Option<u64>) -> Result<Upload, Error> {
        let request = self.finish()?;
        if !matches!(request.body, Body::Empty) {
            let message = "the request carries a body already, and an upload writes its own";
            return Err(Error::new(ErrorCode::Invalid, message));
        }
        client::begin(&request, content_length).map(Upload::new)
    }

    fn carry(mut self, body: Body, content_type: Option<&'static str>) -> Self {
        self.request.body = body;
        self.content_type = content_type;
        self
    }

    fn note(mut self, outcome: Result<(), Error>) -> Self {
        if let Err(error) = outcome {
            self.mistake.get_or_insert(error);
        }
        self
    }

    /// The request as it is sent.
    pub(super) fn finish(mut self) -> Result<wit::Request, Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let headers = &mut self.request.headers;
        let is_named = headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case("content-type"));
        if let Some(content_type) = self.content_type.filter(|_| !is_named) {
            headers.push(Header {
                name: "content-type".to_owned(),
                value: content_type.to_owned(),
            });
        }
        Ok(self.request)
    }
}

/// At least one, because none is no limit that a host could keep.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::http::{get, post};

    fn headers(request: &wit::Request) -> Vec<(&str, &str)> {
        let headers = request.headers.iter();
        headers
            .map(|header| (header.name.as_str(), header.value.as_str()))
            .collect()
    }

    fn body(request: &wit::Request) -> &[u8] {
        match &request.body {
            Body::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_is_what_its_steps_say() {
        let key = Secret::from_placeholder("OCS_1");
        let request = get("https://a.example/v1")
            .segment("ann & bob")
            .query("key", &key)
            .query("n", 2)
            .bearer(&key)
            .header("accept", "text/plain")
            .timeout(Duration::from_secs(2))
            .first_byte(Duration::ZERO)
            .max_bytes(9)
            .redirects(0)
            .finish()
            .unwrap();
        assert_eq!(request.url, "https://a.example/v1/ann%20%26%20bob?key=OCS_1&n=2");
        assert_eq!(
            headers(&request),
            [("authorization", "Bearer OCS_1"), ("accept", "text/plain")]
        );
        let limits = request.limits;
        assert_eq!(
            (limits.total, limits.first_byte, limits.idle),
            (Some(2000), Some(1), None)
        );
        assert_eq!((limits.response_bytes, limits.redirects), (Some(9), Some(0)));
    }

    #[test]
    fn a_body_brings_its_content_type_unless_a_header_has_it() {
        let request = post("https://a.example/").json(&[1]).finish().unwrap();
        assert_eq!(headers(&request), [("content-type", "application/json")]);
        assert_eq!(body(&request), b"[1]");
        let own = "application/vnd.api+json";
        let request = post("https://a.example/")
            .header("Content-Type", own)
            .json(&[1])
            .finish()
            .unwrap();
        assert_eq!(headers(&request), [("Content-Type", own)]);
        let request = post("https://a.example/").json(&1).body("x").finish().unwrap();
        assert_eq!((headers(&request).len(), body(&request)), (0, b"x".as_slice()));
    }

    #[test]
    fn a_secret_is_a_text_in_json_and_a_value_in_a_form() {
        let key = Secret::from_placeholder("OCS_1");
        let json = BTreeMap::from([("token", &key)]);
        let request = post("https://a.example/").json(&json).finish().unwrap();
        assert_eq!(body(&request), br#"{"token":"OCS_1"}"#);
        let form = [("id", "a b"), ("secret", key.as_str())];
        let request = post("https://a.example/").form(&form).finish().unwrap();
        assert_eq!(body(&request), b"id=a+b&secret=OCS_1");
    }

    #[test]
    fn the_first_mistake_is_what_sending_says() {
        let odd = BTreeMap::from([(vec![1], 1)]);
        let error = post("https://a.example/")
            .segment("..")
            .json(&odd)
            .finish()
            .unwrap_err();
        assert!(error.message.contains("\"..\"") && error.code == ErrorCode::Invalid);
        assert!(post("https://a.example/").json(&odd).finish().is_err());
    }
}
