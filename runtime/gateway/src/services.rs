//! What the methods work on beside the gateway itself: one field for each part of the house.

use std::pin::Pin;
use std::sync::Arc;

use openclaw_agent::{Agent, Nods};
use openclaw_channels::Channels;
use openclaw_components::{Host, Installed};
use openclaw_models::Models;
use openclaw_protocol::Error;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::gateway::Gateway;
use crate::projection::Told;

/// The parts that the methods work on.
#[derive(Clone, Default)]
pub struct Services {
    /// The agent and what belongs to it. None: a gateway that only tells how it fares.
    pub parts: Option<Arc<Parts>>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// The agent and what belongs to it.
pub struct Parts {
    /// What runs turns.
    pub agent: Agent,
    /// What turns think with.
    pub models: Models,
    /// What runs channels. None: there are none.
    pub channels: Option<Channels>,
    /// What makes an installed extension callable. None: whoever starts the gateway next does.
    pub enabler: Option<Enabler>,
    /// Who is asked about commands on this machine. None: none run, or nobody is asked.
    pub nods: Option<Nods>,
    /// What runs extensions.
    pub host: Host,
    pub(crate) told: Told,
    hash_key: hmac::Key,
}

impl Parts {
    /// The parts of one start.
    pub fn new(agent: Agent, models: Models, host: Host) -> Self {
        // Without randomness there is no key, and then hashes tell of contents; the system always has some.
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            agent,
            models,
            channels: None,
            enabler: None,
            nods: None,
            host,
            told: Told::default(),
            hash_key: key.unwrap_or_else(|_| hmac::Key::new(hmac::HMAC_SHA256, &[])),
        }
    }

    pub(crate) fn hash_key(&self) -> &hmac::Key {
        &self.hash_key
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl Gateway {
    /// The agent and what belongs to it.
    pub(crate) fn parts(&self) -> Result<&Parts, Error> {
        let parts = self.services().parts.as_deref();
        parts.ok_or_else(|| Error::unavailable("this gateway runs no agent"))
    }
}

/// Makes an installed extension callable with the grant and the settings that it has now; says why it could not.
pub type Enabler =
    Arc<dyn Fn(Installed) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;
