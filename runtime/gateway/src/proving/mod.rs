//! A gateway with all its parts and the model that needs no network, in a folder of its own, for tests: its HTTP API
//! on a port of this machine, its methods called as a connection calls them.

mod api;
mod devices;
mod nods;
mod runs;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request as HttpRequest;
use axum::middleware::Next;
use openclaw_agent::Agent;
use openclaw_components::{CompileLimits, Compiler, Host};
use openclaw_config::tree::Config;
use openclaw_config::{Current, Disk, Place, Request, Schema, Selection, Surroundings, load};
use openclaw_egress::{Caps, Gate, Ledger, Passage, Roots, SystemResolver};
use openclaw_models::Models;
use openclaw_protocol::connect::{Client, Mode};
use openclaw_protocol::frame::Incoming;
use openclaw_protocol::identity::Identity;
use openclaw_protocol::scope::Grant;
use openclaw_secrets::SnapshotCell;
use openclaw_state::State;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::access::Access;
use crate::auth::credentials::Overrides;
use crate::connection::{Connection, Peer, Role};
use crate::gateway::{Gateway, Options};
use crate::method::{Caller, Params};
use crate::methods::{EVENTS, FAMILIES};
use crate::services::{Parts, Services};

pub(crate) const TOKEN: &str = "a-token-for-tests-0123456789";

struct Silent;

impl Ledger for Silent {
    fn record(&self, _: Passage) {}
}

/// A gateway in a folder of its own.
pub(crate) struct World {
    pub(crate) gateway: Arc<Gateway>,
    address: SocketAddr,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new(more: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state_folder = folder.path().join(".openclaw");
        std::fs::create_dir_all(&state_folder).unwrap();
        let mut config = json!({ "gateway": {
            "auth": { "mode": "token", "token": TOKEN },
            "http": { "endpoints": { "chatCompletions": { "enabled": true } } },
        } });
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        std::fs::write(state_folder.join("openclaw.json"), config.to_string()).unwrap();
        let around = Surroundings {
            env: Default::default(),
            cwd: folder.path().join("elsewhere"),
            os_home: Some(folder.path().to_owned()),
        };
        let place = Place::find(&Selection::default(), &around, &Disk).unwrap();
        let snapshot = load::<Config>(Request {
            place: &place,
            around: &around,
            files: &Disk,
            schema: &Schema::of_tree(),
        })
        .unwrap();
        let state = State::open(openclaw_state::Options::new(&state_folder, str::to_owned)).unwrap();
        let secrets = openclaw_secrets::Snapshot::default();
        let access = Access::find(
            &snapshot.config.gateway,
            &snapshot.environment,
            &secrets,
            &Overrides {
                token: Some(openclaw_secrets::SecretValue::new(TOKEN)),
                ..Overrides::default()
            },
            &[SocketAddr::from((Ipv4Addr::LOCALHOST, 1))],
        )
        .unwrap();
        let config = Arc::new(Current::new(snapshot));
        let gate = Gate::new(openclaw_egress::Options {
            resolver: Arc::new(SystemResolver),
            roots: Roots::default(),
            upstream: None,
            caps: Caps::default(),
            ledger: Arc::new(Silent),
        });
        let models = Models::new(openclaw_models::Options {
            config: Arc::clone(&config),
            secrets: Arc::new(SnapshotCell::default()),
            gate: gate.unwrap(),
        })
        .unwrap();
        // Nothing is installed, so nothing is compiled.
        let compiler = Compiler {
            program: "/nonexistent".into(),
            args: Vec::new(),
            limits: CompileLimits::default(),
        };
        let extensions = state_folder.join("extensions");
        let host = openclaw_components::Options::new(&extensions, compiler, state.clone());
        let host = Host::start(host).await.unwrap();
        let agent = Agent::start(openclaw_agent::Options {
            state: state.clone(),
            config: Arc::clone(&config),
            models: models.clone(),
            host: Some(host.clone()),
            sandboxes: None,
            commands: None,
        })
        .await
        .unwrap();
        let events = agent.events();
        let mut parts = Parts::new(agent, models, host);
        let store = openclaw_sandbox::approvals::Store::in_folder(&state_folder);
        parts.nods = Some(openclaw_agent::Nods::new(Arc::clone(&config), store, None));
        let parts = Arc::new(parts);
        let options = Options {
            config,
            state,
            access,
            methods: FAMILIES.to_vec(),
            events: EVENTS.to_vec(),
            capabilities: Vec::new(),
            services: Services {
                parts: Some(Arc::clone(&parts)),
            },
            routes: crate::api::routes(),
            log_file: Some(folder.path().join("openclaw.log").into()),
            handshake: Duration::from_secs(5),
            unproven: 32,
        };
        let (gateway, routes) = Gateway::new(options, Identity::generate().unwrap());
        tokio::spawn(crate::projection::project(Arc::clone(&gateway), parts, events));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = routes
            .with_state(Arc::clone(&gateway))
            .layer(axum::middleware::from_fn(
                |mut request: HttpRequest, next: Next| async {
                    let place = crate::auth::place::Place {
                        ip: Ipv4Addr::LOCALHOST.into(),
                        is_local: true,
                    };
                    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
                    request.extensions_mut().insert(crate::http::Came { place, peer });
                    next.run(request).await
                },
            ));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            gateway,
            address,
            _folder: folder,
        }
    }

    /// Sends a request and reads the whole answer: its status, its head and its body.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        // A body that is refused for its length is not read to its end.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read).await;
        let text = String::from_utf8(read).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: if is_chunked { join(body) } else { body.to_owned() },
        }
    }

    /// The same with the token.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        self.http(method, path, &[("Authorization", &bearer)], &body.to_string())
            .await
    }

    /// A connection that holds these scopes and understands these things.
    pub(crate) fn connect(&self, scopes: &[&str], caps: &[&str]) -> Line {
        let connection = Arc::new(Connection::new(
            uuid::Uuid::new_v4().to_string(),
            peer(scopes, caps),
        ));
        self.gateway.hub().add(Arc::clone(&connection));
        Line {
            gateway: Arc::clone(&self.gateway),
            connection,
            frames: Vec::new(),
        }
    }
}

/// A client that holds these scopes and understands these things.
pub(crate) fn peer(scopes: &[&str], caps: &[&str]) -> Peer {
    Peer {
        client: Client {
            id: "test".to_owned(),
            version: "1".to_owned(),
            platform: "test".to_owned(),
            mode: Mode::Test,
            display_name: None,
            device_family: None,
            model_identifier: None,
            instance_id: None,
            time_zone: None,
        },
        caps: caps.iter().map(|cap| (*cap).to_owned()).collect(),
        role: Role::Operator,
        grant: Grant::new(scopes.iter().copied()),
        device_id: None,
        ip: Ipv4Addr::LOCALHOST.into(),
        since_ms: 0,
    }
}

/// The next frame; the lock is free again when this returns.
fn take(connection: &Connection) -> Option<crate::outbox::Outgoing> {
    connection.outbox().lock().take()
}

fn join(chunked: &str) -> String {
    let (mut rest, mut whole) = (chunked, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        whole += &after[..size];
        rest = &after[size + 2..];
    }
    whole
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// A client of the socket, without the socket.
pub(crate) struct Line {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    frames: Vec<Value>,
}

impl Line {
    /// Calls a method: its payload, or its refusal.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, openclaw_protocol::Error> {
        let answer = self.answer(method, params).await?;
        Ok(serde_json::from_slice(answer.json()).unwrap())
    }

    /// The same, before the answer is on its way.
    pub(crate) async fn answer(&self, method: &str, params: Value) -> crate::method::Answer {
        let method = self
            .gateway
            .method(method)
            .unwrap_or_else(|| panic!("no method {method}"));
        let caller = Caller::new(Arc::clone(&self.connection), "1");
        let params = Params::new(method.name, Some(params));
        (method.run)(Arc::clone(&self.gateway), caller, params).await
    }

    /// Waits for an event that is meant, and says all that came up to it.
    pub(crate) async fn hear(&mut self, is_meant: impl Fn(&str, &Value) -> bool) -> Vec<(String, Value)> {
        let mut heard = Vec::new();
        let all = async {
            loop {
                while let Some(outgoing) = take(&self.connection) {
                    let text: Vec<u8> = outgoing
                        .into_pieces()
                        .iter()
                        .flat_map(|piece| piece.to_vec())
                        .collect();
                    let text = String::from_utf8(text).unwrap();
                    self.frames.push(serde_json::from_str(&text).unwrap());
                    if let Incoming::Event { event, payload, .. } = Incoming::read(&text).unwrap() {
                        let payload = payload.unwrap_or_default();
                        let is_last = is_meant(&event, &payload);
                        heard.push((event, payload));
                        if is_last {
                            return;
                        }
                    }
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), all).await;
        assert!(ended.is_ok(), "the event did not come");
        heard
    }

    /// All frames that came, events and answers.
    pub(crate) fn frames(&self) -> &[Value] {
        &self.frames
    }
}
