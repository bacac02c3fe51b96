//! A gateway on a port of this machine, with a model server of the tests' own behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::Agent;
use openclaw_components::{CompileLimits, Compiler, Host};
use openclaw_config::tree::Config;
use openclaw_config::{Current, Disk, Place, Request, Schema, Selection, Surroundings, load};
use openclaw_egress::{Caps, Gate, Ledger, Passage, Roots, SystemResolver};
use openclaw_gateway::access::Access;
use openclaw_gateway::auth::credentials::Overrides;
use openclaw_gateway::server::{self, Running};
use openclaw_gateway::services::{Parts, Services};
use openclaw_gateway::{Options, api, methods};
use openclaw_models::Models;
use openclaw_protocol::identity::Identity;
use openclaw_secrets::{SecretValue, SnapshotCell};
use openclaw_state::State;
use openclaw_tests::platforms::openai::OpenAi;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TOKEN: &str = "a-token-for-tests-0123456789";

struct Silent;

impl Ledger for Silent {
    fn record(&self, _: Passage) {}
}

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) provider: OpenAi,
    _running: Running,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let provider = OpenAi::start().await;
        let folder = tempfile::tempdir().unwrap();
        let state_folder = folder.path().join(".openclaw");
        std::fs::create_dir_all(&state_folder).unwrap();
        let config = json!({
            "gateway": { "http": { "endpoints": { "chatCompletions": { "enabled": true } } } },
            "agents": { "defaults": { "model": { "primary": "fake/small" }, "maxConcurrent": 64 } },
            "models": { "providers": { "fake": {
                "baseUrl": provider.base_url(),
                "models": [{ "id": "small", "name": "Small" }],
            } } },
        });
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
        let over = Overrides {
            token: Some(SecretValue::new(TOKEN)),
            ..Overrides::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let access = Access::find(
            &snapshot.config.gateway,
            &snapshot.environment,
            &openclaw_secrets::Snapshot::default(),
            &over,
            &[address],
        );
        let config = Arc::new(Current::new(snapshot));
        // Nothing is installed, so nothing is compiled.
        let compiler = Compiler {
            program: "/nonexistent".into(),
            args: Vec::new(),
            limits: CompileLimits::default(),
        };
        let host =
            openclaw_components::Options::new(state_folder.join("extensions"), compiler, state.clone());
        let host = Host::start(host).await.unwrap();
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
        });
        let models = models.unwrap();
        let agent = Agent::start(openclaw_agent::Options {
            state: state.clone(),
            config: Arc::clone(&config),
            models: models.clone(),
            host: Some(host.clone()),
            sandboxes: None,
            commands: None,
        });
        let options = Options {
            config,
            state,
            access: access.unwrap(),
            methods: methods::FAMILIES.to_vec(),
            events: methods::EVENTS.to_vec(),
            capabilities: Vec::new(),
            services: Services {
                parts: Some(Arc::new(Parts::new(agent.await.unwrap(), models, host))),
            },
            routes: api::routes(),
            log_file: None,
            handshake: Duration::from_secs(5),
            unproven: 32,
        };
        Self {
            address,
            provider,
            _running: server::start(options, Identity::generate().unwrap(), vec![listener]),
            _folder: folder,
        }
    }

    pub(crate) fn head(&self, body: &str) -> String {
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        )
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&self, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let text = self.head(&body) + "Connection: close\r\n\r\n" + &body;
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        let text = String::from_utf8(read).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        (status, if is_chunked { join(body) } else { body.to_owned() })
    }

    /// The same for a stream: its chunks, the end left out.
    pub(crate) async fn stream(&self, mut body: Value) -> Vec<Value> {
        body["stream"] = json!(true);
        let (status, text) = self.ask(&body).await;
        assert_eq!(status, 200, "{text}");
        let mut events: Vec<_> = text.split("\n\n").filter(|event| !event.is_empty()).collect();
        assert_eq!(events.pop(), Some("data: [DONE]"));
        let data = |event: &&str| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
        events.iter().map(data).collect()
    }
}

pub(crate) fn say(text: &str) -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": text }] })
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
