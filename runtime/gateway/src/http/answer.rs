//! The forms of answers over HTTP.

use axum::body::Body;
use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde_json::Value;

/// An answer in plain words.
pub fn text_answer(status: StatusCode, text: &'static str) -> Response<Body> {
    typed(status, "text/plain; charset=utf-8", Body::from(text))
}

/// An answer in JSON.
pub fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    typed(
        status,
        "application/json; charset=utf-8",
        Body::from(value.to_string()),
    )
}

/// The path is there, and does not take this method.
pub fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response = text_answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn typed(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
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
