//! Connections, requests and answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::arguments::Arguments;
use super::fault::{Fault, Trouble};
use super::refusal::Refusal;
use super::{Call, Shared, control, methods, updates};

/// The most bytes of a request: what a bot may upload, and its frame.
const MAX_BODY: usize = 51 * 1024 * 1024;

/// The connection is to end without an answer.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was to end")
    }
}

impl std::error::Error for Gone {}

type Answer = Response<Full<Bytes>>;

/// Serves connections until the task is dropped.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, so that no connection outlives the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&shared)));
            let served =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // How a client ends is its own business.
            let _ = served.await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Answer, Gone> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return Ok(refuse(&Refusal::new(413, "Request Entity Too Large")));
    };
    let body = body.to_bytes();
    if let Some(verb) = path.strip_prefix("/control/") {
        return Ok(control::answer(&shared, verb, &query, &body));
    }
    if let Some(file) = path.strip_prefix("/file/bot") {
        return Ok(download(&shared, file));
    }
    let decoded = percent_encoding::percent_decode_str(&path)
        .decode_utf8_lossy()
        .into_owned();
    let Some((token, method)) = decoded.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Ok(refuse(&Refusal::new(404, "Not Found")));
    };
    if !["GET", "POST"].contains(&head.method.as_str()) {
        return Ok(refuse(&Refusal::new(405, "Method Not Allowed")));
    }
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    call(
        &shared,
        token,
        method,
        Arguments::read(&query, content_type, body).await,
    )
    .await
}

async fn call(
    shared: &Arc<Shared>,
    token: &str,
    method: &str,
    arguments: Result<Arguments, Refusal>,
) -> Result<Answer, Gone> {
    let known = methods::METHODS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(method));
    let name = known.map_or_else(|| method.to_owned(), |known| (*known).to_owned());
    let is_bot = shared.world.lock().bots.contains_key(token);
    if !is_bot {
        let looks_right = token
            .split_once(':')
            .is_some_and(|(id, _)| id.parse::<u64>().is_ok());
        return Ok(refuse(&match looks_right {
            true => Refusal::new(401, "Unauthorized"),
            false => Refusal::new(404, "Not Found"),
        }));
    }
    let trouble = Fault::next(&mut shared.world.lock().faults, &name);
    match &trouble {
        Some(Trouble::Disconnect) => return Err(Gone),
        Some(Trouble::TooMany(seconds)) => return Ok(refuse(&Refusal::too_many(*seconds))),
        Some(Trouble::Refuse(code, why)) => return Ok(refuse(&Refusal::new(*code, why.clone()))),
        Some(Trouble::Status(status)) => {
            return Ok(respond(
                *status,
                "text/html",
                "<html><body>Bad Gateway</body></html>".into(),
            ));
        }
        Some(Trouble::Garbage(text)) => return Ok(respond(200, "application/json", text.clone().into())),
        Some(Trouble::Slow(time)) => tokio::time::sleep(Duration::from_millis(*time)).await,
        Some(Trouble::DisconnectAfter) | None => {}
    }
    let (told, outcome) = match arguments {
        Err(refusal) => (Value::Null, Err(refusal)),
        Ok(arguments) => {
            let outcome = match name.as_str() {
                "getUpdates" => updates::get(shared, token, &arguments).await,
                _ => methods::run(shared, token, &name, &arguments).map(|result| result.to_string()),
            };
            (arguments.to_json(), outcome)
        }
    };
    let recorded = match &outcome {
        Ok(result) => json!({"ok": true, "result": serde_json::from_str(result).unwrap_or(Value::Null)}),
        Err(refusal) => refusal.to_json(),
    };
    if name != "getUpdates" || outcome.is_err() {
        shared.world.lock().record(Call {
            method: name,
            arguments: told,
            answer: recorded,
        });
    }
    shared.changed.notify_waiters();
    if matches!(trouble, Some(Trouble::DisconnectAfter)) {
        return Err(Gone);
    }
    Ok(match outcome {
        Ok(result) => respond(
            200,
            "application/json",
            format!("{{\"ok\":true,\"result\":{result}}}").into(),
        ),
        Err(refusal) => refuse(&refusal),
    })
}

/// A file, at the path that `getFile` gave.
fn download(shared: &Shared, path: &str) -> Answer {
    let world = shared.world.lock();
    let found = path.split_once('/').and_then(|(token, path)| {
        let token = percent_encoding::percent_decode_str(token).decode_utf8_lossy();
        world.bots.get(token.as_ref())?;
        world.files.values().find(|file| file.path == path)
    });
    match found {
        Some(file) => respond(200, "application/octet-stream", file.bytes.clone()),
        None => refuse(&Refusal::new(404, "Not Found")),
    }
}

fn refuse(refusal: &Refusal) -> Answer {
    respond(
        refusal.code,
        "application/json",
        refusal.to_json().to_string().into(),
    )
}

/// An answer with this status and body.
pub(crate) fn respond(status: u16, content_type: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
