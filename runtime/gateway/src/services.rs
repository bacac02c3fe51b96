//! What the methods work on beside the gateway itself: one field for each part of the house.

use std::path::PathBuf;

use openclaw_agent::Agent;
use openclaw_components::{Host, Packages};
use openclaw_models::Models;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::projection::Told;

/// The parts that the methods work on.
pub struct Services {
    /// What runs turns.
    pub agent: Agent,
    /// What turns think with.
    pub models: Models,
    /// What runs extensions.
    pub host: Host,
    /// The folder that extensions are installed in.
    pub extensions: PathBuf,
    pub(crate) told: Told,
    hash_key: hmac::Key,
}

impl Services {
    /// The services of one start.
    pub fn new(agent: Agent, models: Models, host: Host, extensions: PathBuf) -> Self {
        // Without randomness there is no key, and then each hash is of nothing: clients read the config anew.
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            agent,
            models,
            host,
            extensions,
            told: Told::default(),
            hash_key: key.unwrap_or_else(|_| hmac::Key::new(hmac::HMAC_SHA256, &[])),
        }
    }

    /// What is installed, to look at.
    pub(crate) fn packages(&self) -> Packages {
        Packages::open(&self.extensions)
    }

    pub(crate) fn hash_key(&self) -> &hmac::Key {
        &self.hash_key
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services")
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}
