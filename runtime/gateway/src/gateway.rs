//! The gateway as its methods see it: everything that one running server has.
//!
//! **Promise.** Shared by all connections without a lock of its own; what changes is in cells that are read without
//! waiting. **Cost.** One for each process.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_config::tree::Config;
use openclaw_config::{Current, Snapshot};
use openclaw_protocol::frame::StateVersion;
use openclaw_protocol::hello::Features;
use openclaw_protocol::identity::Identity;
use openclaw_state::State;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::Access;
use crate::api::Refusal;
use crate::auth::mark::mark;
use crate::event::Event;
use crate::health::Health;
use crate::hub::Hub;
use crate::log;
use crate::machine::Machine;
use crate::method::Method;
use crate::presence::Presence;
use crate::replies::Replies;
use crate::services::Services;
use crate::unproven::Seats;

/// How many clients of one address may wait for the answer to a wrong secret beside those who have said nothing: they
/// must not take the places of honest ones.
const WRONG: usize = 256;

/// What a gateway is made of.
pub struct Options {
    /// The config that counts.
    pub config: Arc<Current<Config>>,
    /// The state.
    pub state: State,
    /// Who is let in.
    pub access: Access,
    /// The methods beside the gateway's own.
    pub methods: Vec<&'static [Method]>,
    /// The names of the events that those send.
    pub events: Vec<&'static str>,
    /// The behaviours that those honour.
    pub capabilities: Vec<&'static str>,
    /// What the methods work on.
    pub services: Services,
    /// The routes of the HTTP API beside the probes.
    pub routes: axum::Router<Arc<Gateway>>,
    /// Where the log is, if there is one.
    pub log_file: Option<log::Place>,
    /// How long a client may take to say who it is.
    pub handshake: Duration,
    /// How many clients of one address may be about to say who they are.
    pub unproven: usize,
}

/// One running server.
pub struct Gateway {
    config: Arc<Current<Config>>,
    state: State,
    access: Access,
    hub: Hub,
    methods: HashMap<&'static str, &'static Method>,
    features: Features,
    services: Services,
    presence: Presence,
    health: Health,
    identity: Identity,
    machine: Machine,
    replies: Replies,
    invocations: Replies<Result<String, Refusal>>,
    boot_id: String,
    started: Instant,
    draining: CancellationToken,
    log_file: Option<log::Place>,
    pub(crate) handshake: Duration,
    pub(crate) unproven: usize,
    pub(crate) wrong: Seats,
}

impl Gateway {
    pub(crate) fn new(options: Options, identity: Identity) -> (Arc<Self>, axum::Router<Arc<Self>>) {
        let machine = Machine::find();
        let boot_id = Uuid::new_v4().to_string();
        // In the order of their names, so that two starts say the same.
        let methods: BTreeMap<&'static str, &'static Method> = crate::methods::OWN
            .iter()
            .chain(&options.methods)
            .flat_map(|family| family.iter())
            .map(|method| (method.name, method))
            .collect();
        let events = crate::methods::OWN_EVENTS.iter().chain(&options.events);
        let gateway = Self {
            presence: Presence::new(&machine, &boot_id),
            features: Features {
                methods: methods.keys().map(|&name| name.to_owned()).collect(),
                events: events.map(|&name| name.to_owned()).collect(),
                capabilities: options.capabilities.iter().map(|&name| name.to_owned()).collect(),
            },
            methods: methods.into_iter().collect(),
            config: options.config,
            state: options.state,
            access: options.access,
            hub: Hub::default(),
            services: options.services,
            health: Health::default(),
            replies: Replies::default(),
            invocations: Replies::default(),
            identity,
            machine,
            boot_id,
            started: Instant::now(),
            draining: CancellationToken::new(),
            log_file: options.log_file,
            handshake: options.handshake,
            unproven: options.unproven,
            wrong: Seats::new(WRONG),
        };
        (Arc::new(gateway), options.routes)
    }

    /// The config that counts.
    pub fn config(&self) -> &Arc<Current<Config>> {
        &self.config
    }

    /// Takes over the config after one of its keys was written. The file was read whole for that: what somebody else
    /// changed in it meanwhile holds from now on too, and the log says so.
    pub(crate) fn take_config(&self, snapshot: Snapshot<Config>) {
        let before = self.config.replace(snapshot);
        let path = &before.place.config_path;
        tracing::info!(path = %path.display(), "the config was read again; all that it says by now holds");
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Who is let in.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// All who are connected.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// What the methods work on.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Who is there.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// How it fares.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Its own key.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The machine it runs on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What was answered lately, for requests that are sent twice.
    pub fn replies(&self) -> &Replies {
        &self.replies
    }

    /// The same for tools that were called over HTTP.
    pub(crate) fn invocations(&self) -> &Replies<Result<String, Refusal>> {
        &self.invocations
    }

    /// What it can do.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// This start of it.
    pub fn boot_id(&self) -> &str {
        &self.boot_id
    }

    /// How long it has been running.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The log file that is written now, if there is one.
    pub fn log_file(&self) -> Option<PathBuf> {
        self.log_file.as_ref().map(log::Place::current)
    }

    /// The counters of presence and health.
    pub fn state_version(&self) -> StateVersion {
        StateVersion {
            presence: self.presence.version(),
            health: self.health.version(),
        }
    }

    /// Tells everybody who may know that somebody came or went.
    pub fn tell_presence(&self) {
        let payload = serde_json::json!({"presence": self.presence.entries()});
        if let Some(event) = Event::new(openclaw_protocol::event::PRESENCE, &payload) {
            self.hub.tell(&event.droppable().of_state(self.state_version()));
        }
    }

    /// Whether it is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// What is cancelled when it is about to stop.
    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// The mark of the shared secret that counts now, if there is one.
    pub(crate) fn secret_mark(&self) -> Option<Vec<u8>> {
        let secret = self.access.credentials.secret()?;
        Some(mark(&self.identity, secret))
    }

    pub(crate) fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.get(name).copied()
    }
}
