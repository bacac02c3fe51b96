//! The real gateway with all its parts and the model that needs no network, in a folder of its own.

use std::collections::BTreeMap;
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
use openclaw_gateway::methods::{EVENTS, FAMILIES};
use openclaw_gateway::server::{Running, start};
use openclaw_gateway::services::{Parts, Services};
use openclaw_gateway::{Options, api, bind, key};
use openclaw_models::Models;
use openclaw_secrets::{SecretValue, SnapshotCell};
use openclaw_state::State;
use serde_json::json;
use tempfile::TempDir;

use crate::gateway::TOKEN;

struct Silent;

impl Ledger for Silent {
    fn record(&self, _: Passage) {}
}

/// A gateway that runs in this process.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    _running: Running,
    _folder: TempDir,
}

impl House {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join(".openclaw");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("openclaw.json"), json!({}).to_string()).unwrap();
        let around = Surroundings {
            env: BTreeMap::new(),
            cwd: folder.path().to_owned(),
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
        let state = State::open(openclaw_state::Options::new(&home, str::to_owned)).unwrap();
        let listeners = bind::listen(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        let address = listeners[0].local_addr().unwrap();
        let over = Overrides {
            token: Some(SecretValue::new(TOKEN)),
            ..Overrides::default()
        };
        let secrets = openclaw_secrets::Snapshot::default();
        let settings = &snapshot.config.gateway;
        let access = Access::find(settings, &snapshot.environment, &secrets, &over, &[address]).unwrap();
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
        let extensions = home.join("extensions");
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
        let options = Options {
            config,
            state,
            access,
            methods: FAMILIES.to_vec(),
            events: EVENTS.to_vec(),
            capabilities: Vec::new(),
            services: Services {
                parts: Some(Arc::new(Parts::new(agent, models, host))),
            },
            routes: api::routes(),
            log_file: None,
            handshake: Duration::from_secs(15),
            unproven: 32,
        };
        let running = start(options, key::find(&home).unwrap(), listeners);
        Self {
            address,
            _running: running,
            _folder: folder,
        }
    }
}
