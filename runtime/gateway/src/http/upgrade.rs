//! From a request to a WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Front;
use super::answer::text_answer;
use crate::auth::place::Place;
use crate::socket::{Upgrade, serve};

/// Upgrades that are for others than clients, and that this gateway does not have.
const RESERVED: [&str; 4] = [
    "/__openclaw__/worker",
    "/desktop/observe",
    "/node-desktop/attach",
    "/node-portal/attach",
];

/// Whether a request has all that a WebSocket needs.
pub(super) fn is_complete(headers: &HeaderMap) -> bool {
    let upgrades = headers.get_all(CONNECTION).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
        })
    });
    let version = headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_some_and(|version| version == "13");
    // 16 bytes in base64.
    let key = headers.get(SEC_WEBSOCKET_KEY).is_some_and(|key| key.len() == 24);
    upgrades && version && key
}

/// Agrees to the upgrade, and serves the client from then on.
pub(super) fn accept(
    front: &Front,
    mut request: Request<Incoming>,
    place: Place,
    peer: SocketAddr,
) -> Response<Body> {
    if request.method() != Method::GET {
        return text_answer(StatusCode::BAD_REQUEST, "Bad Request");
    }
    if RESERVED.contains(&request.uri().path()) {
        return text_answer(StatusCode::NOT_FOUND, "Not Found");
    }
    // Any page can make a browser on this machine connect: those that may not must not take the places of others.
    let origins = &front.gateway.access().origins;
    let seats = match origins.lets_in(request.headers(), place.is_local) {
        true => &front.seats,
        false => &front.foreign,
    };
    let Some(seat) = seats.take(place.ip) else {
        return text_answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many unauthenticated sockets",
        );
    };
    let accept = request
        .headers()
        .get(SEC_WEBSOCKET_KEY)
        .and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok());
    let Some(accept) = accept else {
        return text_answer(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let upgrade = Upgrade {
        place,
        peer,
        headers: request.headers().clone(),
        seat: Mutex::new(Some(seat)),
    };
    let (gateway, agreed) = (Arc::clone(&front.gateway), hyper::upgrade::on(&mut request));
    front.sockets.spawn(async move {
        let Ok(upgraded) = agreed.await else {
            return;
        };
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => serve(gateway, parts.io.into_inner(), parts.read_buf, upgrade).await,
            Err(_) => tracing::error!("an upgraded stream is of another kind than was accepted"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}
