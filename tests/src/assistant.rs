//! An assistant in a folder: its config, its state, its models and what runs its turns, put together as the gateway
//! does it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use openclaw_agent::{Agent, Commands, Options};
use openclaw_components::Host;
use openclaw_config::tree::Config;
use openclaw_config::{Current, Disk, Place, Request, Schema, Selection, Snapshot, Surroundings, load};
use openclaw_egress::{Caps, Gate, Ledger, Passage, Roots, SystemResolver};
use openclaw_models::Models;
use openclaw_sandbox::machine;
use openclaw_secrets::SnapshotCell;
use openclaw_state::State;
use serde_json::Value;

/// An assistant.
pub struct Assistant {
    /// Where everything is kept.
    pub state: State,
    /// Its config.
    pub config: Arc<Current<Config>>,
    /// What runs its turns.
    pub agent: Agent,
}

struct Unwritten;

impl Ledger for Unwritten {
    fn record(&self, _: Passage) {}
}

impl Assistant {
    /// Opens the state of a folder.
    pub fn open_state(folder: &Path) -> anyhow::Result<State> {
        Ok(State::open(openclaw_state::Options::new(
            folder.join(".openclaw"),
            str::to_owned,
        ))?)
    }

    /// Starts in a folder, with the state that is there.
    pub async fn start(folder: &Path, config: &Value) -> anyhow::Result<Self> {
        Self::start_with(folder, config, Self::open_state(folder)?, None).await
    }

    /// Starts with an open state, and with components.
    pub async fn start_with(
        folder: &Path,
        config: &Value,
        state: State,
        host: Option<Host>,
    ) -> anyhow::Result<Self> {
        let config = Arc::new(Current::new(read(folder, config)?));
        let gate = Gate::new(openclaw_egress::Options {
            resolver: Arc::new(SystemResolver),
            roots: Roots::default(),
            upstream: None,
            caps: Caps::default(),
            ledger: Arc::new(Unwritten),
        })?;
        let models = Models::new(openclaw_models::Options {
            config: Arc::clone(&config),
            secrets: Arc::new(SnapshotCell::default()),
            gate,
        })?;
        let agent = Agent::start(Options {
            state: state.clone(),
            config: Arc::clone(&config),
            models,
            host,
            sandboxes: None,
            commands: Some(commands(folder)),
        });
        Ok(Self {
            state,
            config,
            agent: agent.await?,
        })
    }

    /// Lets go of what runs, and of the folder.
    pub async fn stop(&self) {
        self.agent.stop().await;
        self.state.close().await;
    }
}

/// Commands have the folder for their home, and no login shell is asked.
fn commands(folder: &Path) -> Commands {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Commands {
        machine: machine::Settings {
            environment: vec![
                ("PATH".into(), path),
                ("HOME".into(), folder.into()),
                ("OPENAI_API_KEY".into(), "a-secret-of-the-gateway".into()),
            ],
            login_patience: Duration::ZERO,
            grace: Duration::from_millis(500),
        },
        gate: None,
    }
}

fn read(folder: &Path, config: &Value) -> anyhow::Result<Snapshot<Config>> {
    let place = folder.join(".openclaw");
    fs::create_dir_all(&place)?;
    fs::write(place.join("openclaw.json"), config.to_string()).context("cannot write the config")?;
    let around = Surroundings {
        cwd: folder.to_owned(),
        os_home: Some(folder.to_owned()),
        ..Surroundings::default()
    };
    let place = Place::find(&Selection::default(), &around, &Disk)?;
    Ok(load(Request {
        place: &place,
        around: &around,
        files: &Disk,
        schema: &Schema::of_tree(),
    })?)
}
