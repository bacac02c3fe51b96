//! A model server that speaks OpenAI's wire format.
//!
//! **Promise.** A request that the real service would refuse is refused with an error of its shape; see
//! `check`. What it answers is scripted: whole answers, single events, and every way to fail.
//! Everything that it was asked is remembered, refusals included. **Bound.** It ends when it is dropped, and with it
//! all of its connections.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "it is a part of tests, in a library because several of them share it"
)]

mod check;
mod reply;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

pub use self::reply::{Answer, Called, Failure, Reply, Step, sse};
use self::reply::{Broken, Sent};

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The headers, by name in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, if it was JSON.
    pub body: Value,
    /// The connection that it came on, counted from 1.
    pub connection: usize,
    /// The status of a refusal, if it was refused before anything of the script.
    pub refused: Option<u16>,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The text of the last message.
    pub fn last_text(&self) -> &str {
        let messages = self.body["messages"].as_array();
        let last = messages.and_then(|messages| messages.last());
        last.and_then(|message| message["content"].as_str())
            .unwrap_or_default()
    }

    /// The role of the last message.
    pub fn last_role(&self) -> &str {
        let messages = self.body["messages"].as_array();
        let last = messages.and_then(|messages| messages.last());
        last.and_then(|message| message["role"].as_str())
            .unwrap_or_default()
    }
}

/// What it answers when nothing else is scripted.
type Otherwise = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    otherwise: Otherwise,
    asked: Mutex<Vec<Asked>>,
    key: Option<String>,
    models: Vec<String>,
    connections: AtomicUsize,
    given_up: Arc<AtomicUsize>,
}

/// A model server.
pub struct OpenAi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// How a server is made.
pub struct Settings {
    /// The key that it wants. Unset: none.
    pub key: Option<String>,
    /// The models that it has. Empty: any.
    pub models: Vec<String>,
    /// What it answers when nothing else is scripted.
    pub otherwise: Otherwise,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            key: None,
            models: Vec::new(),
            otherwise: Box::new(|asked| Reply::text(&format!("You said: {}", asked.last_text()))),
        }
    }
}

impl OpenAi {
    /// A server that repeats what it is told, until it is scripted.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// A server that answers by itself in this way.
    pub async fn answering(otherwise: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Settings {
            otherwise: Box::new(otherwise),
            ..Settings::default()
        })
        .await
    }

    /// A server with these settings.
    pub async fn with(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            otherwise: settings.otherwise,
            asked: Mutex::default(),
            key: settings.key,
            models: settings.models,
            connections: AtomicUsize::new(0),
            given_up: Arc::default(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            server,
        }
    }

    /// The base URL by which a config names it.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers next, behind what was scripted before.
    pub fn push(&self, reply: Reply) {
        lock(&self.shared.script).push_back(reply);
    }

    /// Everything that it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many answers whoever asked gave up before their end.
    pub fn given_up(&self) -> usize {
        self.shared.given_up.load(Ordering::SeqCst)
    }
}

impl Drop for OpenAi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        open.spawn(async move {
            stream.set_nodelay(true)?;
            let service = service_fn(|request| answer(request, Arc::clone(&shared), connection));
            // How a connection ends is the client's matter.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
            Ok::<_, std::io::Error>(())
        });
        while open.try_join_next().is_some() {}
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    connection: usize,
) -> Result<Response<Sent>, Broken> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut asked = Asked {
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        connection,
        refused: None,
    };
    let refused = match (&head.method, head.uri.path()) {
        (&Method::POST, "/v1/chat/completions") => refuse(&asked, &shared).err(),
        (&Method::GET, "/v1/models") => {
            let models = shared
                .models
                .iter()
                .map(|id| json!({"id": id, "object": "model"}));
            let list = json!({"object": "list", "data": models.collect::<Vec<_>>()});
            return Ok(reply::whole(StatusCode::OK, "application/json", list.to_string()));
        }
        (method, path) => Some(Failure::new(
            404,
            "invalid_request_error",
            &format!("Unknown request URL: {method} {path}"),
        )),
    };
    asked.refused = refused.as_ref().map(|failure| failure.status);
    lock(&shared.asked).push(asked.clone());
    let reply = match refused {
        Some(failure) => Reply::Failure(failure),
        None => {
            let scripted = lock(&shared.script).pop_front();
            scripted.unwrap_or_else(|| (shared.otherwise)(&asked))
        }
    };
    reply::send(reply, &asked.body, &shared.given_up).await
}

/// Refuses what the real service would refuse.
fn refuse(asked: &Asked, shared: &Shared) -> Result<(), Failure> {
    if let Some(key) = &shared.key
        && asked.header("authorization") != Some(&format!("Bearer {key}"))
    {
        let failure = Failure::new(401, "invalid_request_error", "Incorrect API key provided.");
        return Err(failure.code("invalid_api_key"));
    }
    let kind = asked.header("content-type").unwrap_or_default();
    if kind.split(';').next() != Some("application/json") {
        let said = format!("The content type {kind:?} is not supported.");
        return Err(Failure::new(415, "invalid_request_error", &said));
    }
    check::request(&asked.body)?;
    let model = asked.body["model"].as_str().unwrap_or_default();
    if !shared.models.is_empty() && !shared.models.iter().any(|known| known == model) {
        let said = format!("The model `{model}` does not exist.");
        return Err(Failure::new(404, "invalid_request_error", &said).code("model_not_found"));
    }
    Ok(())
}
