//! A real gateway on a port of its own, and clients that talk to it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_config::tree::Config;
use openclaw_config::{Current, Disk, Place, Request, Schema, Selection, Snapshot, Surroundings, load};
use openclaw_gateway::access::Access;
use openclaw_gateway::auth::credentials::Overrides;
use openclaw_gateway::method::Method;
use openclaw_gateway::server::{Running, start};
use openclaw_gateway::services::Services;
use openclaw_gateway::{Options, bind, http, key};
use openclaw_secrets::SecretValue;
use openclaw_state::State;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

pub(crate) const TOKEN: &str = "peer-token-0123456789abcdef";
const LONG: Duration = Duration::from_secs(20);

/// A gateway that runs in this process.
pub(crate) struct Home {
    pub(crate) running: Running,
    pub(crate) state: State,
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
}

/// What differs from a plain gateway with a token.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) config: Value,
    pub(crate) without_token: bool,
    pub(crate) handshake: Option<Duration>,
    pub(crate) methods: Vec<&'static [Method]>,
    /// A state folder that is there already.
    pub(crate) folder: Option<TempDir>,
    pub(crate) token: Option<&'static str>,
}

pub(crate) async fn home() -> Home {
    home_with(Wishes::default()).await
}

pub(crate) async fn home_with(wishes: Wishes) -> Home {
    let folder = wishes.folder.unwrap_or_else(|| tempfile::tempdir().unwrap());
    let config = match wishes.config {
        Value::Null => json!({}),
        config => config,
    };
    std::fs::write(folder.path().join("openclaw.json"), config.to_string()).unwrap();
    let around = Surroundings {
        env: BTreeMap::from([(
            "OPENCLAW_STATE_DIR".to_owned(),
            folder.path().to_string_lossy().into_owned(),
        )]),
        cwd: folder.path().to_owned(),
        os_home: Some(folder.path().to_owned()),
    };
    let place = Place::find(&Selection::default(), &around, &Disk).unwrap();
    let snapshot: Snapshot<Config> = load(Request {
        place: &place,
        around: &around,
        files: &Disk,
        schema: &Schema::of_tree(),
    })
    .unwrap();
    let state = State::open(openclaw_state::Options::new(folder.path(), str::to_owned)).unwrap();
    let over = Overrides {
        token: (!wishes.without_token).then(|| SecretValue::new(wishes.token.unwrap_or(TOKEN))),
        ..Overrides::default()
    };
    let listeners = bind::listen(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
    let address = listeners[0].local_addr().unwrap();
    let access = Access::find(
        &snapshot.config.gateway,
        &snapshot.environment,
        &openclaw_secrets::Snapshot::default(),
        &over,
        &[address],
    )
    .unwrap();
    let options = Options {
        config: Arc::new(Current::new(snapshot)),
        state: state.clone(),
        access,
        methods: wishes.methods,
        events: Vec::new(),
        capabilities: Vec::new(),
        services: Services::default(),
        routes: http::routes(),
        log_file: None,
        handshake: wishes.handshake.unwrap_or(Duration::from_secs(15)),
        unproven: 32,
    };
    let identity = key::find(folder.path()).unwrap();
    let running = start(options, identity, listeners);
    Home {
        running,
        state,
        folder,
        address,
    }
}

/// How a socket ended: code and reason. None: without a word.
pub(crate) type End = Option<(u16, String)>;

/// A client of the gateway.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) nonce: String,
    serial: u64,
}

impl Home {
    /// A socket whose challenge has been read.
    pub(crate) async fn dial(&self) -> Client {
        self.dial_with(&[]).await.unwrap()
    }

    /// The same with headers; the error is the status of the refusal.
    pub(crate) async fn dial_with(&self, headers: &[(&str, &str)]) -> Result<Client, u16> {
        let mut request = format!("ws://{}/", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            let name: ::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (socket, _) = match tokio_tungstenite::client_async(request, stream).await {
            Ok(agreed) => agreed,
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                return Err(response.status().as_u16());
            }
            Err(other) => panic!("{other}"),
        };
        let mut client = Client {
            socket,
            nonce: String::new(),
            serial: 0,
        };
        let challenge = client.next().await;
        assert_eq!(challenge["event"], "connect.challenge");
        assert!(challenge.get("seq").is_none() && challenge["payload"]["ts"].is_i64());
        client.nonce = challenge["payload"]["nonce"].as_str().unwrap().to_owned();
        Ok(client)
    }

    /// A client that was let in with all scopes.
    pub(crate) async fn operator(&self) -> Client {
        let mut client = self.dial().await;
        client.hello(connect(json!({}))).await;
        client
    }

    /// Sends bytes over a stream of its own and gives back all that comes.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(LONG, stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(answer).unwrap()
    }

    pub(crate) async fn get(&self, path: &str, headers: &str) -> String {
        let host = self.address;
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        ))
        .await
    }
}

/// The parameters of a service on the gateway's own host, with these changes.
pub(crate) fn connect(changes: Value) -> Value {
    let mut params = json!({
        "minProtocol": 4, "maxProtocol": 4,
        "client": {"id": "gateway-client", "version": "1.0.0", "platform": "linux", "mode": "backend",
            "displayName": "gateway tools"},
        "role": "operator",
        "scopes": ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"],
        "caps": [], "auth": {"token": TOKEN}, "locale": "en-US", "userAgent": "gateway-tools/1.0",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => params.as_object_mut().unwrap().remove(name),
            value => params
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    params
}

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_or_end().await {
            Ok(frame) => frame,
            Err(end) => panic!("ended: {end:?}"),
        }
    }

    pub(crate) async fn next_or_end(&mut self) -> Result<Value, End> {
        loop {
            let message = timeout(LONG, self.socket.next()).await.expect("nothing came");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(close))) => {
                    return Err(close.map(|close| (close.code.into(), close.reason.to_string())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Waits for the end and gives back what came before it.
    pub(crate) async fn rest(&mut self) -> (Vec<Value>, End) {
        let mut frames = Vec::new();
        loop {
            match self.next_or_end().await {
                Ok(frame) => frames.push(frame),
                Err(end) => return (frames, end),
            }
        }
    }

    /// The answer to a request; what comes before it is passed over.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.serial += 1;
        let id = format!("call-{}", self.serial);
        self.send(&json!({"type": "req", "id": id, "method": method, "params": params}).to_string())
            .await;
        loop {
            let frame = self.next().await;
            if frame["id"] == id.as_str() {
                return frame;
            }
        }
    }

    /// The next event of this name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["event"] == name {
                return frame;
            }
        }
    }

    /// Is let in; the payload of the hello.
    pub(crate) async fn hello(&mut self, params: Value) -> Value {
        let answer = self.call("connect", params).await;
        assert_eq!(answer["ok"], true, "{answer}");
        answer["payload"].clone()
    }

    /// Is not let in; the error and the end.
    pub(crate) async fn refused(&mut self, params: Value) -> (Value, End) {
        let answer = self.call("connect", params).await;
        assert_eq!(answer["ok"], false, "{answer}");
        (answer["error"].clone(), self.rest().await.1)
    }
}
