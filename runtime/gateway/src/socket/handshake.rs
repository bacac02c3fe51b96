//! The handshake: a challenge, one `connect`, and either a hello or the reason why not.
//!
//! **Promise.** The checks come in the order that clients rely on: protocol, role, origin, secret, device, pairing.
//! Nothing a stranger sends is looked at beyond that one frame. **Bound.** The gateway's deadline for all of it; a
//! wrong secret from this machine takes longer each time, within that deadline or not. A gateway that stops waits for
//! no client that has not said who it is.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use openclaw_protocol::connect::{self, Connect, Mode};
use openclaw_protocol::event::CHALLENGE;
use openclaw_protocol::frame::{Request, write_error, write_ok_parts};
use openclaw_protocol::refusal::{Close, Refusal, Unauthorized};
use openclaw_protocol::scope::{Grant, Scope};
use openclaw_protocol::{Error, device};
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::wire::{Arrival, Ended, Wire};
use super::{Unproven, Upgrade};
use crate::auth::credentials::{Credentials, Shown};
use crate::auth::limit::{Attempt, Source, Verdict};
use crate::clock::now_ms;
use crate::connection::{Connection, Peer, Role};
use crate::event::Event;
use crate::gateway::Gateway;
use crate::hello;
use crate::outbox::Outgoing;
use crate::pairing::{self, Admitted, By, Proof};

/// A client that was let in.
pub(super) struct Proven {
    /// Its connection; the first message on it is the hello.
    pub connection: Arc<Connection>,
    /// The device that it proved.
    pub device: Option<Proof>,
}

/// Lets a client in, or not.
pub(super) async fn run(
    gateway: &Arc<Gateway>,
    wire: &mut Wire,
    upgrade: &Upgrade,
) -> Result<Proven, Unproven> {
    match timeout(gateway.handshake, prove(gateway, wire, upgrade)).await {
        Ok(proven) => proven,
        Err(_) => Err(Unproven::closed(Close::new(1000, ""))),
    }
}

impl Unproven {
    fn closed(close: Close) -> Self {
        Self::Refused { answer: None, close }
    }

    fn refused(id: &str, refusal: Refusal) -> Self {
        let answer = refusal
            .error
            .map(|error| Outgoing::text(write_error(id, &error).into(), Bytes::new(), Bytes::new()));
        Self::Refused {
            answer,
            close: refusal.close,
        }
    }
}

async fn prove(gateway: &Arc<Gateway>, wire: &mut Wire, upgrade: &Upgrade) -> Result<Proven, Unproven> {
    let nonce = Uuid::new_v4().to_string();
    let first = async {
        send_challenge(wire, &nonce, gateway).await?;
        hear(wire).await
    };
    let text = match gateway.draining().run_until_cancelled(first).await {
        Some(text) => text?,
        None => return Err(Unproven::closed(Close::new(1012, "service restart"))),
    };
    let nothing = || Unproven::closed(Close::new(1000, ""));
    let text = std::str::from_utf8(&text).map_err(|_| nothing())?;
    let request = match Request::read(text) {
        Ok(request) => request,
        Err(openclaw_protocol::frame::NotARequest::NotJson(_)) => return Err(nothing()),
        Err(_) => return Err(Unproven::closed(Close::policy("invalid request frame"))),
    };
    let id = request.id.into_owned();
    let refused = |refusal| Unproven::refused(&id, refusal);
    if request.method != "connect" {
        let error = Error::invalid("invalid handshake: first request must be connect");
        return Err(refused(Refusal::new(error)));
    }
    let connect = Connect::read(request.params).map_err(|error| refused(Refusal::new(error)))?;
    let admitted = admit(gateway, &connect, upgrade, wire, &nonce)
        .await
        .map_err(refused)?;
    Ok(welcome(gateway, &id, connect, admitted, upgrade))
}

/// The first text that a client sends.
async fn hear(wire: &mut Wire) -> Result<Bytes, Unproven> {
    poll_fn(|cx| match wire.poll_read(cx) {
        Poll::Ready(Ok(Arrival::Text(text))) => Poll::Ready(Ok(text)),
        Poll::Ready(Ok(Arrival::Alive)) => {
            if let Poll::Ready(Err(_)) = wire.poll_send(cx, || None) {
                return Poll::Ready(Err(Unproven::Gone));
            }
            // A flood of pings takes turns with others.
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Ready(Err(Ended::Gone)) => Poll::Ready(Err(Unproven::Gone)),
        Poll::Ready(Err(Ended::Broke(close))) => Poll::Ready(Err(Unproven::closed(close))),
        Poll::Pending => match wire.poll_answer(cx, || None) {
            Poll::Ready(Err(_)) => Poll::Ready(Err(Unproven::Gone)),
            _ => Poll::Pending,
        },
    })
    .await
}

async fn send_challenge(wire: &mut Wire, nonce: &str, gateway: &Gateway) -> Result<(), Unproven> {
    let mut payload = json!({"nonce": nonce, "ts": now_ms()});
    let snapshot = "model-catalog-snapshot";
    if gateway
        .features()
        .capabilities
        .iter()
        .any(|name| name == snapshot)
        && let Some(payload) = payload.as_object_mut()
    {
        payload.insert("capabilities".to_owned(), json!([snapshot]));
    }
    let event = Event::direct(CHALLENGE, &payload).ok_or(Unproven::Gone)?;
    let mut next = Some(event.outgoing(None));
    poll_fn(|cx| wire.poll_send(cx, || next.take()))
        .await
        .map_err(|_| Unproven::Gone)
}

/// The checks, in their order.
async fn admit(
    gateway: &Arc<Gateway>,
    connect: &Connect,
    upgrade: &Upgrade,
    wire: &Wire,
    nonce: &str,
) -> Result<Admitted, Refusal> {
    if gateway.is_draining() {
        return Err(Refusal::draining());
    }
    if !connect.suits() {
        return Err(Refusal::protocol(connect));
    }
    let role = match connect.role() {
        "operator" => Role::Operator,
        "node" => Role::Node,
        "worker" => return Err(Refusal::silent(Close::policy("invalid-handshake"))),
        _ => return Err(Refusal::new(Error::invalid("invalid role"))),
    };
    if connect.client.id == "openclaw-worker" || connect.client.mode == Mode::Worker {
        return Err(Refusal::silent(Close::policy("invalid-handshake")));
    }
    check_origin(gateway, connect, upgrade)?;
    let access = gateway.access();
    let source = source(upgrade);
    if Credentials::was_sent(&connect.auth)
        && let Verdict::Locked(left) = access.failures.verdict(Attempt::Secret, source, Instant::now())
    {
        return Err(locked(left));
    }
    let shown = access.credentials.check(&connect.auth);
    if shown == Ok(Shown::Secret) {
        access.failures.forget(Attempt::Secret, source);
    }
    let Some(claimed) = &connect.device else {
        return match without_device(gateway, connect, role, &shown, upgrade) {
            Ok(scopes) => Ok(Admitted::without_device(role, scopes, method(&shown, gateway))),
            Err(Denied::Wrong(why)) => Err(wrong_secret(gateway, connect, upgrade, wire, why).await),
            Err(Denied::Refused(refusal)) => Err(refusal),
        };
    };
    let key = device::check(connect, claimed, nonce, now_ms()).map_err(Refusal::device)?;
    let by = match shown {
        Ok(Shown::Secret) => By::Secret,
        Ok(Shown::NotAsked) => By::Nothing,
        Err(why) => match device_token(gateway, connect, &claimed.id, upgrade, wire).await? {
            Some(token) => By::Token(token),
            None => return Err(wrong_secret(gateway, connect, upgrade, wire, why).await),
        },
    };
    pairing::admit(
        gateway,
        connect,
        role,
        key,
        by,
        upgrade.place,
        is_from_page(upgrade),
    )
    .await
}

fn is_from_page(upgrade: &Upgrade) -> bool {
    upgrade.headers.contains_key(http::header::ORIGIN)
}

fn check_origin(gateway: &Gateway, connect: &Connect, upgrade: &Upgrade) -> Result<(), Refusal> {
    let origins = &gateway.access().origins;
    if !origins.lets_in(&upgrade.headers, upgrade.place.is_local) {
        return Err(Refusal::origin("origin not allowed"));
    }
    let is_page = matches!(connect.client.id.as_str(), connect::CONTROL_UI | connect::WEBCHAT)
        && connect.client.mode == Mode::Webchat;
    if is_page && !is_from_page(upgrade) {
        return Err(Refusal::origin("origin missing or invalid"));
    }
    Ok(())
}

fn source(upgrade: &Upgrade) -> Source<'_> {
    Source::of(upgrade.place.ip, &upgrade.headers)
}

fn method(shown: &Result<Shown, Unauthorized>, gateway: &Gateway) -> &'static str {
    match shown {
        Ok(Shown::Secret) => gateway.access().credentials.mode(),
        _ => "none",
    }
}

fn locked(left: Duration) -> Refusal {
    let retry_after_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
    Refusal::unauthorized(Unauthorized::RateLimited { retry_after_ms }, false)
}

/// Notes a wrong secret, and takes its time about it. A client that sent none has not been wrong.
async fn wrong_secret(
    gateway: &Gateway,
    connect: &Connect,
    upgrade: &Upgrade,
    wire: &Wire,
    why: Unauthorized,
) -> Refusal {
    if Credentials::was_sent(&connect.auth) {
        let failures = &gateway.access().failures;
        let wait = failures.note(Attempt::Secret, source(upgrade), Instant::now());
        dwell(gateway, upgrade, wire, wait).await;
    }
    let auth = &connect.auth;
    let retry = why == Unauthorized::TokenMismatch
        && connect.device.is_some()
        && auth.token.is_some()
        && auth.device_token.is_none();
    let why = match why {
        _ if auth.device_token.is_some() && auth.token.is_none() => Unauthorized::DeviceTokenMismatch,
        _ if auth.bootstrap_token.is_some() && auth.token.is_none() => Unauthorized::BootstrapToken,
        why => why,
    };
    Refusal::unauthorized(why, retry)
}

/// Waits, and not in the place of somebody who is about to say who they are. When there are too many who wait it is in
/// such a place after all: only that keeps a program on this machine from trying secrets as fast as it can.
async fn dwell(gateway: &Gateway, upgrade: &Upgrade, wire: &Wire, wait: Duration) {
    let place = gateway.wrong.take(upgrade.place.ip);
    if place.is_some() {
        upgrade.seat.lock().take();
    }
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        // Who is gone learns nothing, and takes nobody's place.
        () = wire.hung_up() => {}
        () = gateway.draining().cancelled() => {}
    }
    drop(place);
}

/// The device's token, if the client sent one that is right.
async fn device_token(
    gateway: &Gateway,
    connect: &Connect,
    device_id: &str,
    upgrade: &Upgrade,
    wire: &Wire,
) -> Result<Option<String>, Refusal> {
    let failures = &gateway.access().failures;
    let source = source(upgrade);
    let candidates = [&connect.auth.device_token, &connect.auth.token];
    let mut tried = false;
    for token in candidates.into_iter().flatten().filter(|token| !token.is_empty()) {
        if let Verdict::Locked(left) = failures.verdict(Attempt::DeviceToken, source, Instant::now()) {
            return Err(locked(left));
        }
        tried = true;
        let (id, role, shown) = (device_id.to_owned(), connect.role().to_owned(), token.clone());
        let mark = gateway.secret_mark();
        let found = gateway
            .state()
            .read(move |view| view.device_token_scopes(&id, &role, &shown, mark.as_deref()))
            .await
            .map_err(|fault| pairing::unavailable(&fault))?;
        if found.is_some() {
            failures.forget(Attempt::DeviceToken, source);
            return Ok(Some(token.clone()));
        }
    }
    if tried && connect.auth.device_token.is_some() {
        let wait = failures.note(Attempt::DeviceToken, source, Instant::now());
        dwell(gateway, upgrade, wire, wait).await;
    }
    Ok(None)
}

enum Denied {
    Wrong(Unauthorized),
    Refused(Refusal),
}

/// What a client that proved no device may do.
fn without_device(
    gateway: &Gateway,
    connect: &Connect,
    role: Role,
    shown: &Result<Shown, Unauthorized>,
    upgrade: &Upgrade,
) -> Result<Vec<String>, Denied> {
    let (client, local) = (&connect.client, upgrade.place.is_local);
    let knows = *shown == Ok(Shown::Secret);
    if role == Role::Node {
        return Err(Denied::Refused(Refusal::device_required()));
    }
    if let Err(why) = shown
        && Credentials::was_sent(&connect.auth)
    {
        return Err(Denied::Wrong(*why));
    }
    let keep = || Ok(connect.scopes.clone());
    if client.id == connect::CONTROL_UI {
        let config = gateway.config().get();
        let waived = config.config.gateway.control_ui.dangerously_disable_device_auth;
        return if knows && waived {
            keep()
        } else {
            Err(Denied::Refused(Refusal::page_device_required()))
        };
    }
    let backend = client.id == connect::BACKEND_CLIENT && client.mode == Mode::Backend;
    if backend && local && shown.is_ok() && !is_from_page(upgrade) {
        return keep();
    }
    let cli = client.id == connect::CLI_CLIENT && !is_from_page(upgrade);
    match client.mode {
        Mode::Cli if cli && local && knows => keep(),
        Mode::Probe if cli && local && knows => {
            let read = |scope: &&String| scope.as_str() == Scope::Read.name();
            Ok(connect.scopes.iter().filter(read).cloned().collect())
        }
        _ if knows => Ok(Vec::new()),
        _ => Err(Denied::Refused(Refusal::device_required())),
    }
}

/// Makes the connection; its first message is the hello.
fn welcome(
    gateway: &Gateway,
    id: &str,
    connect: Connect,
    mut admitted: Admitted,
    upgrade: &Upgrade,
) -> Proven {
    let conn_id = Uuid::new_v4().to_string();
    let connection = Connection::new(
        conn_id,
        Peer {
            grant: Grant::new(admitted.scopes.iter().cloned()),
            role: admitted.role,
            device_id: admitted.device.as_ref().map(|proof| proof.device_id.clone()),
            caps: connect.caps,
            client: connect.client,
            ip: upgrade.place.ip,
            since_ms: now_ms(),
        },
    );
    let device = admitted.device.take();
    let hello = hello::write(gateway, &connection, admitted);
    let (head, tail) = write_ok_parts(id);
    connection.send(Outgoing::text(head.into(), hello, tail.into()));
    Proven {
        connection: Arc::new(connection),
        device,
    }
}
