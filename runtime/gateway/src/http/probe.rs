//! `/health`, `/ready` and `/startup`: whether the gateway is there, for whoever asks.
//!
//! **Promise.** Nothing but that is told to a stranger; what is more is for callers on this machine and for those who
//! know the secret. A wrong secret counts as one does anywhere else.

use axum::body::Body;
use http::header::{CACHE_CONTROL, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use openclaw_protocol::VERSION;
use serde_json::{Value, json};

use super::answer::{json_answer, method_not_allowed};
use crate::api::bearer;
use crate::auth::credentials::Shown;
use crate::auth::limit::Source;
use crate::auth::place::Place;
use crate::gateway::Gateway;

enum Probe {
    Live,
    Ready,
    Started,
}

/// Answers a probe. None: it is none.
pub(super) async fn answer(
    gateway: &Gateway,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    place: Place,
) -> Option<Response<Body>> {
    let probe = match path {
        "/health" | "/healthz" => Probe::Live,
        "/ready" | "/readyz" => Probe::Ready,
        "/startup" | "/startupz" => Probe::Started,
        _ => return None,
    };
    if method != Method::GET && method != Method::HEAD {
        return Some(method_not_allowed("GET, HEAD"));
    }
    let draining = gateway.is_draining();
    let (good, mut body) = match probe {
        Probe::Live => (true, json!({"ok": true, "status": "live"})),
        Probe::Ready => (!draining, json!({"ready": !draining})),
        Probe::Started => (
            !draining,
            json!({"ok": !draining, "status": if draining { "draining" } else { "started" }}),
        ),
    };
    let told = match probe {
        // There is no more to tell.
        Probe::Live => false,
        Probe::Ready | Probe::Started => place.is_local || knows_secret(gateway, headers, place).await,
    };
    if let (true, Some(fields)) = (told, body.as_object_mut()) {
        let uptime: Value = u64::try_from(gateway.uptime().as_millis())
            .unwrap_or_default()
            .into();
        match probe {
            Probe::Live => {}
            Probe::Ready => {
                let failing: &[&str] = if draining { &["draining"] } else { &[] };
                fields.insert("failing".to_owned(), failing.into());
                fields.insert("uptimeMs".to_owned(), uptime);
            }
            Probe::Started => {
                fields.insert("version".to_owned(), VERSION.into());
                fields.insert("uptimeMs".to_owned(), uptime);
            }
        }
    }
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut response = json_answer(status, &body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}

async fn knows_secret(gateway: &Gateway, headers: &HeaderMap, place: Place) -> bool {
    let Some(bearer) = bearer(headers) else {
        return false;
    };
    let shown = gateway
        .access()
        .check_bearer(Some(bearer), Source::of(place.ip, headers));
    shown.await == Ok(Shown::Secret)
}
