//! Calls of platforms: whatever comes to the path of a channel's account is for its adapter to judge.
//!
//! **Promise.** Nobody signs in here, because a platform cannot: the adapter proves who calls by a word or a signature
//! that was agreed on, and nothing counts before. The answer leaves when all that the call brought is kept. **Bound.**
//! [`MOST`] bytes; how long a call waits for those before it is bounded where it waits.

use axum::body::Body;
use axum::response::Response;
use http::header::{HOST, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Request, StatusCode};
use openclaw_channels::{Channels, Error, Header, Hook, WebhookRequest, WebhookResponse};

use super::body::{read, refused};
use crate::http::Came;
use crate::http::answer::text_answer;

/// The largest body.
const MOST: usize = 1 << 20;
/// After how many seconds a platform may call again when an account cannot answer.
const PAUSE: u64 = 5;

/// Answers a call for the account that a path belongs to.
pub(super) async fn answer(channels: &Channels, hook: Hook, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read(&parts.headers, body, MOST).await {
        Ok(body) => body,
        Err(refusal) => return refused(&refusal, refusal.openai()),
    };
    let came = parts.extensions.get::<Came>();
    let query = parts.uri.query().unwrap_or_default();
    let asked = WebhookRequest {
        method: parts.method.as_str().to_owned(),
        url: address(&parts.headers, &parts.uri),
        path: hook.rest,
        query: query.to_owned(),
        headers: headers(&parts.headers),
        body: body.to_vec(),
        peer: came.map(|came| came.place.ip.to_string()),
    };
    match channels.webhook(&hook.channel, &hook.account, asked).await {
        Ok(answer) => respond(answer),
        Err(error) => {
            tracing::warn!(channel = hook.channel, account = hook.account, %error, "a call of a platform failed");
            failed(&error)
        }
    }
}

/// The address that was called, as far as the request says it.
fn address(headers: &HeaderMap, uri: &http::Uri) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("http://{}{path}", host.unwrap_or("localhost"))
}

/// Those that are text; no signature covers others.
fn headers(headers: &HeaderMap) -> Vec<Header> {
    let text = headers.iter().filter_map(|(name, value)| {
        Some(Header {
            name: name.as_str().to_owned(),
            value: value.to_str().ok()?.to_owned(),
        })
    });
    text.collect()
}

fn respond(answer: WebhookResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).ok();
    // Anything else would end the connection in the middle of an answer.
    let status = status.filter(|status| !status.is_informational());
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for header in answer.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&header.value))
            && !is_ours(&name)
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// What says how an answer is carried is said by the server.
fn is_ours(name: &HeaderName) -> bool {
    use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
    [
        CONNECTION,
        CONTENT_LENGTH,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ]
    .contains(name)
}

/// What strangers are told of a failure: nothing but whether to come again.
fn failed(error: &Error) -> Response {
    match error {
        Error::NotRunning { .. } => {
            let mut response = text_answer(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(PAUSE));
            response
        }
        _ => text_answer(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_sets_headers_but_not_how_the_answer_is_carried() {
        let header = |name: &str, value: &str| Header {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let response = respond(WebhookResponse {
            status: 201,
            headers: vec![
                header("x-seen", "yes"),
                header("Content-Length", "9"),
                header("Transfer-Encoding", "chunked"),
                header("not a name", "x"),
            ],
            body: b"ok".to_vec(),
        });
        assert_eq!(response.status(), 201);
        let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-seen"]);
    }

    #[test]
    fn a_status_that_is_no_answer_becomes_an_error() {
        for status in [0, 99, 101, 1000] {
            let answer = WebhookResponse {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            };
            assert_eq!(respond(answer).status(), 500, "{status}");
        }
    }
}
