//! Bodies in and out: read within a limit and a time, written with their type.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::refusal::Refusal;

/// How long a client may take to send a body.
const BODY: Duration = Duration::from_secs(30);

/// Reads a body of at most `most` bytes.
pub(crate) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Refusal> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > most as u64) {
        return Err(Refusal::too_large());
    }
    let whole = Limited::new(body, most).collect();
    match tokio::time::timeout(BODY, whole).await {
        Err(_) => Err(Refusal::body_timeout()),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large()),
        Ok(Err(_)) => Err(Refusal::bad_request("the request body broke off")),
    }
}

/// JSON with a status.
pub(crate) fn json(status: StatusCode, text: String) -> Response {
    with_type(status, "application/json; charset=utf-8", Body::from(text))
}

/// Server-sent events.
pub(crate) fn events(body: Body) -> Response {
    let mut response = with_type(StatusCode::OK, "text/event-stream; charset=utf-8", body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Another method than the route has.
pub(crate) fn wrong_method(allow: &'static str) -> Response {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// Nothing is there.
pub(crate) fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "Not Found")
}

/// Plain words.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response {
    with_type(status, "text/plain; charset=utf-8", Body::from(text))
}

/// A refusal with its body.
pub(crate) fn refused(refusal: &Refusal, body: String) -> Response {
    let mut response = json(refusal.status, body);
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// What every answer carries.
pub(crate) fn secure(headers: &mut HeaderMap) {
    let all = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        (
            "permissions-policy",
            "camera=(), microphone=(self), geolocation=()",
        ),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
