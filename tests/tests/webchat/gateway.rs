//! A gateway that serves the real page and does on the socket what a test wants, faults too.
//!
//! **Promise.** It lets in only who proves a device for this challenge and knows the token (or the device token that
//! this gateway gives out), reads `connect` as strictly as the real one, numbers its events, and notes all that it
//! hears.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use openclaw_gateway::page;
use openclaw_protocol::connect::Connect;
use openclaw_protocol::device::check;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

pub(crate) const TOKEN: &str = "the-token-of-this-gateway";
pub(crate) const DEVICE_TOKEN: &str = "a-token-of-this-browser";
pub(crate) const MAIN: &str = "agent:main:main";
const LONGEST: Duration = Duration::from_secs(20);
const NONCE: &str = "a-nonce";

/// What the gateway is and has heard. A test changes it as it likes.
pub(crate) struct Desk {
    pub(crate) methods: Vec<&'static str>,
    pub(crate) tick_ms: u64,
    pub(crate) transcript: Vec<Value>,
    pub(crate) senders: Vec<Value>,
    pub(crate) plugins: Vec<Value>,
    /// Commands that wait for an answer.
    pub(crate) questions: Vec<Value>,
    /// How many sendings of a message end with the connection, after they were heard and before they are answered.
    pub(crate) cuts: u32,
    /// The connects that were let in.
    pub(crate) connects: Vec<Connect>,
    /// Methods and their parameters, in order.
    pub(crate) heard: Vec<(String, Value)>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            methods: vec![
                "chat.history",
                "chat.send",
                "chat.abort",
                "sessions.list",
                "sessions.subscribe",
                "status",
                "health",
                "channels.pairing.list",
                "channels.pairing.approve",
                "device.pair.list",
                "plugins.list",
                "plugins.inspect",
                "exec.approval.list",
                "exec.approval.resolve",
            ],
            tick_ms: 30_000,
            transcript: Vec::new(),
            senders: Vec::new(),
            plugins: Vec::new(),
            questions: Vec::new(),
            cuts: 0,
            connects: Vec::new(),
            heard: Vec::new(),
        }
    }
}

/// The gateway.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
    events: Sender<(String, Value)>,
}

impl Gateway {
    /// Starts it.
    pub(crate) async fn start(desk: Desk) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            address: listener.local_addr().unwrap(),
            desk: Arc::new(Mutex::new(desk)),
            events: broadcast::channel(64).0,
        };
        let server = gateway.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                let service = service_fn(move |request| {
                    let answer = server.answer(request);
                    async { Ok::<_, std::convert::Infallible>(answer) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(
                    connection
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades(),
                );
            }
        });
        gateway
    }

    /// Looks at the desk, or changes it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Desk) -> T) -> T {
        act(&mut self.desk.lock().unwrap())
    }

    /// Tells an event to every page that was let in.
    pub(crate) fn tell(&self, event: &str, payload: Value) {
        self.events.send((event.to_owned(), payload)).unwrap();
    }

    /// The parameters of each call of a method, as soon as there are this many.
    pub(crate) async fn heard(&self, method: &str, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let calls = self.with(|desk| {
                let calls = desk.heard.iter().filter(|(name, _)| name == method);
                calls.map(|(_, params)| params.clone()).collect::<Vec<_>>()
            });
            if calls.len() >= count {
                return calls;
            }
            assert!(
                begun.elapsed() < LONGEST,
                "{method} was called {} times, not {count}",
                calls.len()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn answer(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        if let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) {
            let accept = derive_accept_key(key.as_bytes());
            let upgrade = on(&mut request);
            tokio::spawn(self.clone().talk(upgrade));
            return Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header(UPGRADE, "websocket")
                .header(CONNECTION, "upgrade")
                .header(SEC_WEBSOCKET_ACCEPT, accept)
                .body(Full::default())
                .unwrap();
        }
        match page::answer(request.method(), request.uri().path(), None) {
            Some(response) => response.map(Full::new),
            None => Response::builder()
                .status(StatusCode::NOT_FOUND)
                .body(Full::default())
                .unwrap(),
        }
    }

    async fn talk(self, upgrade: OnUpgrade) {
        let io = TokioIo::new(upgrade.await.unwrap());
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
        let challenge =
            json!({"type": "event", "event": "connect.challenge", "payload": {"nonce": NONCE, "ts": now()}});
        let _ = socket.send(Message::text(challenge.to_string())).await;
        let mut events = self.events.subscribe();
        let mut seq = 0;
        loop {
            let out = tokio::select! {
                heard = socket.next() => {
                    let Some(Ok(Message::Text(text))) = heard else { return };
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let method = frame["method"].as_str().unwrap();
                    let answered = match method {
                        "connect" => self.admit(&frame["params"]),
                        _ => self.call(method, &frame["params"]),
                    };
                    let Some(answered) = answered else { return };
                    if method == "connect" && answered.is_ok() {
                        seq = 0;
                    }
                    match answered {
                        Ok(payload) => json!({"type": "res", "id": frame["id"], "ok": true, "payload": payload}),
                        Err(error) => json!({"type": "res", "id": frame["id"], "ok": false, "error": error}),
                    }
                }
                event = events.recv() => {
                    let (event, payload) = event.unwrap();
                    seq += 1;
                    json!({"type": "event", "event": event, "payload": payload, "seq": seq})
                }
            };
            if socket.send(Message::text(out.to_string())).await.is_err() {
                return;
            }
        }
    }

    fn admit(&self, params: &Value) -> Option<Result<Value, Value>> {
        let connect = Connect::read(Some(params.clone())).unwrap();
        let device = connect.device.as_ref().expect("a page has a device");
        let refuse = |code: &str| {
            Some(Err(
                json!({"code": "INVALID_REQUEST", "message": "unauthorized", "details": {"code": code}}),
            ))
        };
        if let Err(fault) = check(&connect, device, NONCE, now()) {
            return refuse(fault.code().0);
        }
        match (
            connect.auth.token.as_deref(),
            connect.auth.device_token.as_deref(),
        ) {
            (Some(TOKEN), _) | (None, Some(DEVICE_TOKEN)) => {}
            (None, None) => return refuse("AUTH_TOKEN_MISSING"),
            (None, Some(_)) => return refuse("AUTH_DEVICE_TOKEN_MISMATCH"),
            (Some(_), _) => return refuse("AUTH_TOKEN_MISMATCH"),
        }
        Some(Ok(self.with(|desk| {
            let hello = json!({
                "type": "hello-ok", "protocol": 4,
                "server": {"version": "2026.9.6", "connId": "one"},
                "features": {"methods": desk.methods, "events": ["chat", "agent"]},
                "snapshot": {"presence": [], "health": {}, "stateVersion": {"presence": 0, "health": 0}, "uptimeMs": 0,
                    "sessionDefaults": {"defaultAgentId": "main", "mainKey": "main", "mainSessionKey": MAIN}},
                "auth": {"role": "operator", "scopes": connect.scopes, "deviceToken": DEVICE_TOKEN},
                "policy": {"maxPayload": 26_214_400, "maxBufferedBytes": 52_428_800, "tickIntervalMs": desk.tick_ms}
            });
            desk.connects.push(connect);
            hello
        })))
    }

    /// The answer of a method; none: the connection ends.
    fn call(&self, method: &str, params: &Value) -> Option<Result<Value, Value>> {
        self.with(|desk| {
            desk.heard.push((method.to_owned(), params.clone()));
            assert!(desk.methods.contains(&method), "{method} was not offered");
            let answer = match method {
                "chat.history" => json!({"sessionKey": params["sessionKey"], "messages": desk.transcript}),
                "chat.send" => {
                    let key = params["idempotencyKey"].as_str().unwrap().to_owned();
                    let sent = format!("{key}:user");
                    let is_known = desk.transcript.iter().any(|one| one["idempotencyKey"] == json!(sent));
                    if !is_known {
                        desk.transcript.push(json!({
                            "role": "user", "content": params["message"], "timestamp": now(), "idempotencyKey": sent,
                            "__openclaw": {"id": sent, "seq": desk.transcript.len() + 1}
                        }));
                    }
                    if desk.cuts > 0 {
                        desk.cuts -= 1;
                        return None;
                    }
                    json!({"runId": key, "status": if is_known { "in_flight" } else { "started" }})
                }
                "sessions.list" => json!({"sessions": [{"key": MAIN, "kind": "direct", "updatedAt": now()}]}),
                "channels.pairing.list" => json!({"accounts": [], "requests": desk.senders}),
                "channels.pairing.approve" => {
                    desk.senders.retain(|request| request["requestId"] != params["requestId"]);
                    json!({"requestId": params["requestId"], "senderId": "7"})
                }
                "exec.approval.list" => json!(desk.questions),
                "exec.approval.resolve" => {
                    desk.questions.retain(|question| question["id"] != params["id"]);
                    json!({"ok": true})
                }
                "device.pair.list" => json!({"pending": [], "paired": []}),
                "plugins.list" => json!({"plugins": desk.plugins}),
                "plugins.inspect" => desk.plugins.iter().find(|plugin| plugin["id"] == params["id"]).unwrap().clone(),
                _ => json!({"ok": true}),
            };
            Some(Ok(answer))
        })
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
