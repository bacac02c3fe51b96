//! The gate, and what each tenant holds of it.
//!
//! **Promise.** Whatever a tenant sends goes through its [`Client`], which has its grant, its connections and its
//! counts for itself. A changed grant makes a new client; with the old one its kept connections end.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::caps::Caps;
use crate::dial::Dialler;
use crate::error::Result;
use crate::http::Pool;
use crate::ledger::{Entry, Ledger};
use crate::rate::Rates;
use crate::resolve::Resolve;
use crate::tenant::Tenant;
use crate::tls::{Roots, Tls};
use crate::traffic::hide;
use crate::upstream::{Route, Upstream};

/// How a gate is made.
pub struct Options {
    /// What resolves names.
    pub resolver: Arc<dyn Resolve>,
    /// Whom it trusts.
    pub roots: Roots,
    /// The proxy through which everything goes.
    pub upstream: Option<Upstream>,
    /// What anybody may take at most.
    pub caps: Caps,
    /// Where every passage is written.
    pub ledger: Arc<dyn Ledger>,
}

/// The gate. Clones share it.
#[derive(Clone)]
pub struct Gate {
    resolver: Arc<dyn Resolve>,
    tls: Arc<Tls>,
    upstream: Option<Arc<Route>>,
    caps: Arc<Caps>,
    ledger: Arc<dyn Ledger>,
}

impl Gate {
    /// Makes a gate. It opens nothing and reads nothing yet.
    pub fn new(options: Options) -> Result<Self> {
        Ok(Self {
            resolver: options.resolver,
            tls: Arc::new(Tls::new(options.roots)?),
            upstream: options.upstream.map(Route::new).transpose()?,
            caps: Arc::new(options.caps),
            ledger: options.ledger,
        })
    }

    /// The same gate with other limits, for a part of the gateway that serves everybody at once.
    pub fn with_caps(&self, caps: Caps) -> Self {
        Self {
            caps: Arc::new(caps),
            ..self.clone()
        }
    }

    /// Gives a tenant its way through.
    pub fn client(&self, tenant: Tenant) -> Client {
        Client {
            dialler: Dialler::new(Arc::clone(&self.resolver), self.upstream.clone()),
            tls: Arc::clone(&self.tls),
            ledger: Arc::clone(&self.ledger),
            pool: Arc::default(),
            rates: Rates::default(),
            requests: Arc::new(Semaphore::new(self.caps.requests)),
            connections: Arc::new(Semaphore::new(self.caps.connections)),
            caps: Arc::clone(&self.caps),
            tenant,
        }
    }
}

/// What a tenant holds of the gate.
pub struct Client {
    pub(crate) tenant: Tenant,
    pub(crate) dialler: Dialler,
    pub(crate) tls: Arc<Tls>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) rates: Rates,
    pub(crate) caps: Arc<Caps>,
    /// Places for requests in flight.
    pub(crate) requests: Arc<Semaphore>,
    /// Places for lasting connections.
    pub(crate) connections: Arc<Semaphore>,
    ledger: Arc<dyn Ledger>,
}

impl Client {
    /// On whose behalf it is.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    pub(crate) fn entry(&self, method: &str) -> Entry {
        let tenant = &self.tenant;
        let method = openclaw_policy::display_safe(&hide(&tenant.vault, method), 40);
        Entry::new(
            &self.ledger,
            Arc::clone(&tenant.extension),
            tenant.account.clone(),
            &method,
        )
    }
}
