//! What the port answers over HTTP: who may ask, the probes, the upgrade, and then the routes of the API.
//!
//! **Promise.** A request for a name that is not ours, from a page that is not allowed or from a proxy that nobody
//! trusts goes no further, whatever its path. Every answer has the headers that keep pages apart.

pub mod answer;
mod probe;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use crate::auth::place::Place;
use crate::gateway::Gateway;
use crate::unproven::Seats;
use answer::{json_answer, secure, text_answer};

/// What answers the requests of one server.
#[derive(Clone)]
pub(crate) struct Front {
    pub gateway: Arc<Gateway>,
    pub routes: axum::Router,
    pub seats: Seats,
    /// The places of pages that may not talk to the gateway, while they are told so.
    pub foreign: Seats,
    pub sockets: TaskTracker,
}

/// Where a request came in, for the routes: an extension of each request.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// Whose request it is.
    pub place: Place,
    /// The other end of the socket.
    pub peer: SocketAddr,
}

impl Front {
    /// Answers a request that came in on `local` from `peer`.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        local: SocketAddr,
    ) -> Response<Body> {
        let mut response = self.choose(request, peer, local).await;
        secure(response.headers_mut());
        response
    }

    async fn choose(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
        local: SocketAddr,
    ) -> Response<Body> {
        let access = self.gateway.access();
        if !access.origins.answers_to(request.headers(), local.ip()) {
            return forbidden(
                "host_not_allowed",
                "this gateway does not answer to that Host (allow it in gateway.controlUi.allowedOrigins)",
            );
        }
        let Ok(place) = access.proxies.locate(peer.ip(), request.headers()) else {
            return forbidden(
                "proxy_attribution_required",
                "forwarded headers are believed from gateway.trustedProxies only",
            );
        };
        if let Some(asked) = request.headers().get(http::header::UPGRADE) {
            let websocket = asked.as_bytes().eq_ignore_ascii_case(b"websocket");
            if !websocket || !upgrade::is_complete(request.headers()) {
                return text_answer(StatusCode::BAD_REQUEST, "Bad Request");
            }
            return upgrade::accept(self, request, place, peer);
        }
        if !access.origins.lets_in(request.headers(), place.is_local) {
            return forbidden(
                "origin_not_allowed",
                "origin not allowed (allow it in gateway.controlUi.allowedOrigins)",
            );
        }
        let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
        if let Some(probe) = probe::answer(&self.gateway, method, path, headers, place).await {
            return probe;
        }
        request.extensions_mut().insert(Came { place, peer });
        let mut routes = self.routes.clone();
        match routes.call(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn forbidden(kind: &str, message: &str) -> Response<Body> {
    json_answer(
        StatusCode::FORBIDDEN,
        &json!({"error": {"type": kind, "message": message}}),
    )
}

/// Routes with nothing but the page and the answer for what is not there.
pub fn routes() -> axum::Router<Arc<Gateway>> {
    axum::Router::new().fallback(crate::page::serve)
}
