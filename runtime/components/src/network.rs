//! The extensions' way to the network: one gate, and a client of it for each of them.
//!
//! **Promise.** A client has the grant and the secrets of one extension and account, and goes with them. What an
//! extension captured stays while the gateway lives, for as long as its grant lets it.

mod passages;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use openclaw_egress::secret::{Captured, PlaceholderKey, Vault};
use openclaw_egress::{Caps, Client, Gate, Resolve, Roots, SystemResolver, Tenant, Upstream};
use openclaw_policy::{AccountValues, Grant, PluginId};
use openclaw_secrets::SecretValue;
use openclaw_state::State;

use crate::error::{Error, Result};
use crate::ration::LINES;
use passages::Passages;

pub use passages::PASSAGE;

/// How extensions reach the network.
pub struct NetworkOptions {
    /// What resolves names.
    pub resolver: Arc<dyn Resolve>,
    /// Whom it trusts.
    pub roots: Roots,
    /// The proxy through which everything goes.
    pub upstream: Option<Upstream>,
    /// What any extension may take at most.
    pub caps: Caps,
    /// How many lines the audit has in a minute of what the gate refuses to one extension. What is beyond that is counted.
    pub refused_lines: u32,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            roots: Roots::of_platform(),
            upstream: None,
            caps: Caps::default(),
            refused_lines: LINES,
        }
    }
}

/// Whose captured secrets they are.
type Owner = (PluginId, Option<String>);

/// The gate, and what outlives a client.
pub(crate) struct Network {
    gate: Gate,
    key: PlaceholderKey,
    captured: Mutex<HashMap<Owner, Captured>>,
    passages: Arc<Passages>,
}

impl Network {
    /// Makes the gate. Must be called inside of a runtime.
    pub(crate) fn new(options: NetworkOptions, state: State) -> Result<Self> {
        let passages = Arc::new(Passages::start(state, options.refused_lines));
        let gate = Gate::new(openclaw_egress::Options {
            resolver: options.resolver,
            roots: options.roots,
            upstream: options.upstream,
            caps: options.caps,
            ledger: Arc::<Passages>::clone(&passages),
        });
        Ok(Self {
            gate: gate.map_err(|error| Error::Network(error.to_string()))?,
            key: PlaceholderKey::random().map_err(|error| Error::Network(error.to_string()))?,
            captured: Mutex::default(),
            passages,
        })
    }

    /// The gate itself.
    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// The way of an extension with a grant, for an account with these values if it has accounts, and with the values
    /// of the secrets that it may use.
    pub(crate) fn client(
        &self,
        id: &PluginId,
        grant: &Grant,
        (account, values): (Option<&str>, &AccountValues),
        secrets: BTreeMap<String, SecretValue>,
    ) -> Arc<Client> {
        let capabilities = grant.capabilities();
        let captured = {
            let mut captured = self.captured.lock().unwrap_or_else(PoisonError::into_inner);
            let owner = (id.clone(), account.map(str::to_owned));
            captured.entry(owner).or_default().clone()
        };
        let matcher = capabilities.secrets.resolve(values);
        let vault = Vault::new(&self.key, id.as_str(), account, matcher, secrets, captured);
        Arc::new(self.gate.client(Tenant {
            extension: id.as_str().into(),
            account: account.map(Into::into),
            http: capabilities.http.resolve(values),
            sockets: capabilities.sockets.resolve(values),
            vault: Arc::new(vault),
        }))
    }

    /// Lets go of what an extension captured.
    pub(crate) fn forget(&self, id: &PluginId) {
        let mut captured = self.captured.lock().unwrap_or_else(PoisonError::into_inner);
        captured.retain(|(owner, _), _| owner != id);
    }

    /// Waits until all that is known of what left by now stands in the audit.
    pub(crate) async fn settle(&self) {
        self.passages.settle().await;
    }
}
