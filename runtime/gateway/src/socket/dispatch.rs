//! From a text of a client to its answer.
//!
//! **Promise.** Who may not call a method is told so before whether there is one. A method that has its answer at hand
//! answers before the next text is read; any other goes on by itself. **Cost.** One reading of the text and one look
//! into a table.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use openclaw_protocol::Error;
use openclaw_protocol::frame::{NotARequest, Request, write_error};
use openclaw_protocol::refusal::Close;
use openclaw_protocol::scope::Scope;
use serde_json::Value;

use super::{RUNNING, large};
use crate::connection::{Connection, Role};
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Method, Params, Running};
use crate::outbox::Outgoing;

/// A call that takes longer is told of in the log.
const SLOW: Duration = Duration::from_millis(50);
/// How often a client may call what its role has no part in.
const UNAUTHORIZED: usize = 10;

/// Answers a text.
pub(super) fn run(gateway: &Arc<Gateway>, connection: &Arc<Connection>, text: Bytes) {
    if text.len() > large::LONG {
        run_long(gateway, connection, text);
        return;
    }
    if let Some((caller, running)) = begin(gateway, connection, &text) {
        let name = caller.1;
        go_on(connection, caller.0, name, running);
    }
}

/// A text that takes long to read is read on another thread.
fn run_long(gateway: &Arc<Gateway>, connection: &Arc<Connection>, text: Bytes) {
    let room = Place::take(connection).zip(large::Queued::take(connection, text.len()));
    let Some((place, queued)) = room else {
        // Its id is not known without reading it.
        return refuse(connection, "invalid", &busy());
    };
    let (gateway, connection) = (Arc::clone(gateway), Arc::clone(connection));
    tokio::spawn(async move {
        let _place = place;
        let Ok(turn) = large::PLACES.acquire().await else {
            return;
        };
        let reader = Arc::clone(&connection);
        let begun = tokio::task::spawn_blocking(move || begin(&gateway, &reader, &text)).await;
        // What it asks for may take as long as a run does.
        drop((turn, queued));
        if let Ok(Some(((caller, name), running))) = begun {
            finish(caller, name, running, Instant::now()).await;
        }
    });
}

type Begun = ((Caller, &'static str), Running);

/// Reads a text and calls its method. None: it was answered.
fn begin(gateway: &Arc<Gateway>, connection: &Arc<Connection>, text: &[u8]) -> Option<Begun> {
    let Ok(text) = std::str::from_utf8(text) else {
        tracing::warn!(
            subsystem = "gateway/ws",
            conn = connection.id(),
            "parse-error: not UTF-8"
        );
        return None;
    };
    let request = match Request::read(text) {
        Ok(request) => request,
        Err(NotARequest::NotJson(fault)) => {
            tracing::warn!(subsystem = "gateway/ws", conn = connection.id(), %fault, "parse-error");
            return None;
        }
        Err(NotARequest::Shape { id, faults }) => {
            let error = Error::invalid(format!("invalid request frame: {faults}"));
            refuse(connection, id.as_deref().unwrap_or("invalid"), &error);
            return None;
        }
    };
    match choose(gateway, connection, &request.method) {
        Ok(method) => {
            let caller = Caller::new(Arc::clone(connection), &request.id);
            let running = call(gateway, method, caller.clone(), request.params);
            Some(((caller, method.name), running))
        }
        Err(error) => {
            refuse(connection, &request.id, &error);
            None
        }
    }
}

fn call(gateway: &Arc<Gateway>, method: &'static Method, caller: Caller, params: Option<Value>) -> Running {
    (method.run)(Arc::clone(gateway), caller, Params::new(method.name, params))
}

/// The method, if the client may call it.
fn choose(gateway: &Gateway, connection: &Connection, name: &str) -> Result<&'static Method, Error> {
    let method = gateway.method(name);
    if name == "connect" {
        return Err(Error::invalid("connect is only valid as the first request"));
    }
    if name == "health"
        && let Some(method) = method
    {
        return Ok(method);
    }
    // All methods here are for operators.
    if connection.peer().role != Role::Operator {
        if connection.note_unauthorized() > UNAUTHORIZED {
            connection.close(Close::policy("repeated unauthorized calls"));
        }
        return Err(Error::invalid(format!(
            "unauthorized role: {}",
            connection.peer().role.name()
        )));
    }
    let needed = method.map_or(Some(Scope::Admin), |method| method.scope);
    if let Some(scope) = needed
        && !connection.grant().allows(scope)
    {
        return Err(Error::missing_scope(scope.name()));
    }
    method.ok_or_else(|| {
        // A stranger's word goes back no longer than it has to.
        let shown: String = name.chars().take(128).collect();
        Error::unknown_method(&shown)
    })
}

/// Lets a method answer, at once if it can.
fn go_on(connection: &Arc<Connection>, caller: Caller, name: &'static str, mut running: Running) {
    let begun = Instant::now();
    // Before it begins: who is told that the gateway is busy tries again.
    let Some(place) = Place::take(connection) else {
        return caller.answer(Err(busy()));
    };
    if let Some(answer) = running.as_mut().now_or_never() {
        caller.answer(answer);
        return;
    }
    tokio::spawn(async move {
        let _place = place;
        finish(caller, name, running, begun).await;
    });
}

async fn finish(caller: Caller, name: &'static str, running: Running, begun: Instant) {
    let answer: Answer = running.await;
    let took = begun.elapsed();
    if took >= SLOW {
        let ms = u64::try_from(took.as_millis()).unwrap_or_default();
        tracing::debug!(
            subsystem = "gateway/ws",
            method = name,
            ms,
            ok = answer.is_ok(),
            "slow call"
        );
    }
    caller.answer(answer);
}

fn refuse(connection: &Connection, id: &str, error: &Error) {
    let text = write_error(id, error);
    connection.send(Outgoing::text(text.into(), Bytes::new(), Bytes::new()));
}

fn busy() -> Error {
    Error::unavailable("The server is busy. Please try again in a moment.").retry_after(1000)
}

/// A place among the requests of a client that are at work, given back when it is dropped.
struct Place(Arc<Connection>);

impl Place {
    fn take(connection: &Arc<Connection>) -> Option<Self> {
        let running = connection.running();
        let before = running.fetch_add(1, Ordering::Relaxed);
        if before >= RUNNING {
            running.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Self(Arc::clone(connection)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.running().fetch_sub(1, Ordering::Relaxed);
    }
}
