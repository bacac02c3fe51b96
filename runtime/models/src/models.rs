//! The models of this gateway: which there are, which one is meant, and how it is asked.
//!
//! **Promise.** What is answered fits the config and the secrets of the moment it is asked; a change of either shows
//! at the next look. **Cost.** A look at two pointers, unless something changed; then every provider that changed is
//! read anew and its connections are let go.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::Current;
use openclaw_config::tree::Config;
use openclaw_egress::secret::PlaceholderKey;
use openclaw_egress::{Caps, Gate};
use openclaw_secrets::SnapshotCell;
use parking_lot::Mutex;

use crate::call::Call;
use crate::catalog::ModelInfo;
use crate::choice;
use crate::error::{Error, Result};
use crate::offline;
use crate::openai::{self, Patience};
use crate::prepared::Prepared;
use crate::provider::{Chosen, Provider};
use crate::stream::Stream;

/// The longest that a call may take, however much it says.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);

/// What models need.
pub struct Options {
    /// The config.
    pub config: Arc<Current<Config>>,
    /// Its resolved secrets.
    pub secrets: Arc<SnapshotCell>,
    /// The gate through which everything leaves.
    pub gate: Gate,
}

/// The models of this gateway. Clones share them.
#[derive(Clone)]
pub struct Models(Arc<Inner>);

struct Inner {
    config: Arc<Current<Config>>,
    secrets: Arc<SnapshotCell>,
    gate: Gate,
    placeholders: PlaceholderKey,
    patience: Patience,
    prepared: Mutex<Arc<Prepared>>,
}

/// A model that was found, ready to be asked. Clones are cheap.
#[derive(Clone)]
pub struct Model(Kind);

#[derive(Clone)]
enum Kind {
    Offline(Arc<ModelInfo>),
    OpenAi(Arc<Provider>, Arc<Chosen>),
}

impl Model {
    pub(crate) fn offline() -> Self {
        Self(Kind::Offline(Arc::new(offline::info())))
    }

    pub(crate) fn openai(provider: Arc<Provider>, chosen: Chosen) -> Self {
        Self(Kind::OpenAi(provider, Arc::new(chosen)))
    }

    /// What is told of it.
    pub fn info(&self) -> &ModelInfo {
        match &self.0 {
            Kind::Offline(info) => info,
            Kind::OpenAi(_, chosen) => &chosen.info,
        }
    }

    /// The reference that leads to it: `provider/model`.
    pub fn reference(&self) -> String {
        self.info().reference()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Model").field(&self.reference()).finish()
    }
}

impl Models {
    /// Takes the config, the secrets and the gate over. Nothing is read or opened yet.
    pub fn new(options: Options) -> Result<Self> {
        let placeholders = PlaceholderKey::random().map_err(|error| Error::Setup(error.to_string()))?;
        let Options {
            config,
            secrets,
            gate,
        } = options;
        let gate = gate.with_caps(caps());
        let prepared = Prepared::empty(config.get());
        Ok(Self(Arc::new(Inner {
            config,
            secrets,
            gate,
            placeholders,
            patience: Patience::default(),
            prepared: Mutex::new(Arc::new(prepared)),
        })))
    }

    /// The same models with another patience for calls that fail.
    pub fn with_patience(&self, patience: Patience) -> Self {
        let inner = &self.0;
        let prepared = Mutex::new(self.prepared());
        Self(Arc::new(Inner {
            config: Arc::clone(&inner.config),
            secrets: Arc::clone(&inner.secrets),
            gate: inner.gate.clone(),
            placeholders: inner.placeholders.clone(),
            patience,
            prepared,
        }))
    }

    /// All models that may be named in a list, by provider and id.
    pub fn catalog(&self) -> Vec<ModelInfo> {
        choice::catalog(&self.prepared())
    }

    /// The model that a reference means: `provider/model`, an alias, or an id that only one provider has. Without a
    /// reference: the one of `agents.defaults.model`, else the first that is configured, else the offline one.
    pub fn resolve(&self, reference: Option<&str>) -> Result<Model> {
        choice::resolve(&self.prepared(), None, reference)
    }

    /// The same for an agent, whose own model and aliases come first.
    pub fn resolve_for(&self, agent_id: &str, reference: Option<&str>) -> Result<Model> {
        choice::resolve(&self.prepared(), Some(agent_id), reference)
    }

    /// Asks a model. Nothing leaves before this returns; what fails later comes out of the stream. Must be called
    /// inside of a runtime.
    pub fn stream(&self, model: &Model, call: Call) -> Result<Stream> {
        match &model.0 {
            Kind::Offline(_) => Ok(offline::stream(call)),
            Kind::OpenAi(provider, chosen) => {
                openai::stream(Arc::clone(provider), Arc::clone(chosen), &call, self.0.patience)
            }
        }
    }

    /// What is prepared for the config and the secrets of this moment.
    fn prepared(&self) -> Arc<Prepared> {
        let inner = &self.0;
        let (config, secrets) = (inner.config.get(), inner.secrets.current());
        let mut prepared = inner.prepared.lock();
        if !prepared.fits(&config, &secrets) {
            let fresh = Prepared::new(config, &secrets, &inner.gate, &inner.placeholders, &prepared);
            *prepared = Arc::new(fresh);
        }
        Arc::clone(&prepared)
    }
}

/// What all calls of one provider may take together. A turn is bounded by the agent, so these only keep a mistake
/// from becoming a flood.
fn caps() -> Caps {
    Caps {
        first_byte: LONGEST,
        idle: LONGEST,
        total: LONGEST,
        requests: 1024,
        burst: u32::MAX,
        pace: Duration::ZERO,
        kept: 64,
        keep: Duration::from_secs(90),
        ..Caps::default()
    }
}
