//! An account of the parrot: an adapter to no platform, in a real host, with whatever a test lets it reach.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "it is a test, in a library because several test files share it"
)]

mod server;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use openclaw_components::channel::accounts::WebhookRequest;
use openclaw_components::channel::inbound::InboundEvent;
use openclaw_components::channel::outbound::{Action, OutboundAction};
use openclaw_components::channel::{
    AccountOptions, Adapter, AdapterError, Effects, Event, Facts, Happening, Outbound, Receipt,
};
use openclaw_components::{
    CompileLimits, Compiler, Host, Installed, MANIFEST_FILE, NetworkOptions, Options, Settings,
};
use openclaw_policy::{Choice, Consent, Grant};
use openclaw_secrets::SecretValue;
use openclaw_state::State;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub use server::{ISSUED, Server};

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The value of the secret `token`.
pub const TOKEN: &str = "parr0t-t0ken-27182818";

/// A host with the parrot installed.
pub struct Nest {
    /// The host.
    pub host: Host,
    /// Its state.
    pub state: State,
    /// The parrot.
    pub installed: Installed,
    _folder: TempDir,
}

/// An account of the parrot.
pub struct Parrot {
    /// Its adapter.
    pub adapter: Adapter,
    /// What happens on its connections.
    pub happenings: mpsc::Receiver<Happening>,
}

/// The component, which the suite's first step has built.
fn component() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = root.join("tests/guests/parrot/target/wasm32-wasip2/release/parrot.wasm");
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` builds it", path.display()))
}

/// What the parrot asks for. Its server is the operator's.
pub fn manifest() -> Value {
    json!({
        "id": "parrot",
        "configSchema": {},
        "channels": ["parrot"],
        "component": {"file": "parrot.wasm", "world": "channel"},
        "capabilities": {
            "kv": {"quota": "4 KiB"},
            "http": [{"scheme": "http", "host": "${account.server}", "private": true}],
            "sockets": [
                {"transport": "ws", "host": "${account.server}", "private": true},
                {"transport": "tcp", "host": "127.0.0.1", "port": "${account.port}", "private": true},
            ],
            "secrets": [
                {"name": "token", "audience": ["${account.server}"], "places": ["path segment"], "plaintext": true},
                {"name": "fresh", "audience": ["${account.server}"], "capture": true, "plaintext": true},
            ],
        },
        "limits": {"deadline": "20 s"},
    })
}

impl Nest {
    /// Installs the parrot. `compiler` is the program that compiles components.
    pub async fn build(compiler: &str) -> Self {
        Self::build_with(compiler, |_| ()).await
    }

    /// The same with other options.
    pub async fn build_with(compiler: &str, change: impl FnOnce(&mut Options)) -> Self {
        Self::build_as(compiler, change, manifest()).await
    }

    /// The same with another manifest.
    pub async fn build_as(compiler: &str, change: impl FnOnce(&mut Options), manifest: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = openclaw_state::Options::new(folder.path().join("state"), str::to_owned);
        let state = State::open(state).unwrap();
        let compiler = Compiler {
            program: PathBuf::from(compiler),
            args: Vec::new(),
            limits: CompileLimits::default(),
        };
        let mut options = Options::new(folder.path().join("host"), compiler, state.clone());
        options.network = NetworkOptions::default();
        change(&mut options);
        let host = Host::start(options).await.unwrap();
        Self::settle_as(host, state, folder, manifest).await
    }

    /// Installs the parrot in a host that is there already, from a folder that is kept as long as this.
    pub async fn settle(host: Host, state: State, folder: TempDir) -> Self {
        Self::settle_as(host, state, folder, manifest()).await
    }

    async fn settle_as(host: Host, state: State, folder: TempDir, manifest: Value) -> Self {
        let package = folder.path().join("parrot");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("parrot.wasm"), component()).unwrap();
        fs::write(package.join(MANIFEST_FILE), manifest.to_string()).unwrap();
        let installed = host.install(&package).await.unwrap();
        Self {
            host,
            state,
            installed,
            _folder: folder,
        }
    }

    /// A grant of all that it asks for, for one account or for all.
    pub fn grant(&self, account: Option<&str>) -> Grant {
        let consent = Consent {
            extension: self.installed.manifest.id.clone(),
            digest: self.installed.digest,
            account: account.map(str::to_owned),
            at: 1,
            by: "test".to_owned(),
        };
        let limits = self.installed.manifest.requested_limits();
        let asked = (&self.installed.manifest.capabilities, &limits);
        Grant::new(consent, asked, Choice::All).unwrap()
    }

    /// Begins an account whose server listens at this port of the machine.
    pub async fn open(&self, account: &str, port: u16) -> Parrot {
        let (sender, happenings) = mpsc::channel(4);
        let value = |name: &str, value: String| (name.to_owned(), value);
        let options = AccountOptions {
            account: account.to_owned(),
            grant: self.grant(Some(account)),
            settings: Settings {
                values: json!({}),
                secrets: BTreeMap::from([("token".to_owned(), SecretValue::new(TOKEN))]),
            },
            values: [
                value("server", format!("127.0.0.1:{port}")),
                value("port", port.to_string()),
            ]
            .into(),
            happenings: sender,
        };
        let adapter = self.host.open_account(&self.installed, options).await.unwrap();
        Parrot { adapter, happenings }
    }
}

/// A request to the webhook with this body.
pub fn call(body: &str) -> WebhookRequest {
    WebhookRequest {
        method: "POST".to_owned(),
        url: "https://gateway.example/hook".to_owned(),
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        peer: None,
    }
}

/// An event at its first attempt.
pub fn event(what: Happening) -> Event {
    Event {
        id: "e1".to_owned(),
        attempt: 1,
        time: 1,
        what,
    }
}

/// What was committed with this state.
pub fn facts(state: &str) -> Facts {
    Facts {
        state: Some(Bytes::copy_from_slice(state.as_bytes())),
        ..Facts::default()
    }
}

/// What a parrot told of something that happened.
pub fn told(effects: &Effects) -> Vec<(String, Value)> {
    let told = effects.delivered.iter().map(|event| match event {
        InboundEvent::Other(other) => (other.name.clone(), serde_json::from_str(&other.data).unwrap()),
        other => panic!("{other:?}"),
    });
    told.collect()
}

impl Parrot {
    /// Has steps done by a handler.
    pub async fn try_handle(&self, steps: Value, facts: Facts) -> Result<(Value, Effects), AdapterError> {
        let (response, effects) = self.adapter.webhook(call(&steps.to_string()), facts).await?;
        Ok((serde_json::from_slice(&response.body).unwrap(), effects))
    }

    /// The same where nothing was committed yet, and nothing fails.
    pub async fn handle(&self, steps: Value) -> (Value, Effects) {
        self.try_handle(steps, Facts::default()).await.unwrap()
    }

    /// Has steps done by a function that is no handler.
    pub async fn fetch(&self, steps: Value, facts: Facts) -> Result<Value, AdapterError> {
        let said = self.adapter.fetch(steps.to_string(), facts).await?;
        Ok(serde_json::from_str(&said).unwrap())
    }

    /// Has steps done while something is sent.
    pub async fn send(&self, steps: Value, key: &str, attempt: u32) -> Result<Receipt, AdapterError> {
        let action = OutboundAction::Other(Action {
            address: None,
            name: "steps".to_owned(),
            arguments: steps.to_string(),
            in_answer_to: None,
        });
        let outbound = Outbound {
            action,
            key: key.to_owned(),
            attempt: NonZeroU32::new(attempt).unwrap(),
        };
        self.adapter.send(outbound, Facts::default()).await
    }

    /// What a handler tells of something that happened.
    pub async fn tell(&self, what: Happening) -> Vec<(String, Value)> {
        told(
            &self
                .adapter
                .handle(vec![event(what)], Facts::default())
                .await
                .unwrap(),
        )
    }

    /// What a handler tells of the next thing that happens on a connection.
    pub async fn next(&mut self) -> (String, Value) {
        let what = timeout(PATIENCE, self.happenings.recv()).await.unwrap().unwrap();
        self.tell(what).await.remove(0)
    }

    /// Begins what steps ask of connections, as after their commit.
    pub async fn change(&self, steps: Value) -> Value {
        let (said, effects) = self.handle(steps).await;
        self.adapter.change_sockets(effects.sockets);
        said
    }
}
