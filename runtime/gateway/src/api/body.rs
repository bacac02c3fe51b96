//! Bodies in and out: read within a limit and a time, written with their type.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::refusal::Refusal;

/// How long a client may take to send a body.
const BODY: Duration = Duration::from_secs(30);

/// Reads a body of at most `most` bytes.
pub(crate) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Refusal> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
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
    typed(status, "application/json; charset=utf-8", Body::from(text))
}

/// Server-sent events.
pub(crate) fn events(body: Body) -> Response {
    let mut response = typed(StatusCode::OK, "text/event-stream; charset=utf-8", body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A refusal with its body.
pub(crate) fn refused(refusal: &Refusal, body: String) -> Response {
    let mut response = json(refusal.status, body);
    if let Some(seconds) = refusal.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn typed(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
