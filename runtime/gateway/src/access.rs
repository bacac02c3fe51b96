//! Who is let in, as one value: the secret, the wrong tries, the proxies and the pages.

use std::net::SocketAddr;

use openclaw_config::Environment;
use openclaw_config::tree::gateway::Gateway as Config;
use openclaw_secrets::Snapshot;

use crate::auth::credentials::{Credentials, Overrides};
use crate::auth::limit::Failures;
use crate::auth::origin::Origins;
use crate::auth::place::Proxies;
use crate::error::{Error, Result};
use crate::machine::Machine;

/// Who is let in.
#[derive(Debug)]
pub struct Access {
    /// The shared secret.
    pub credentials: Credentials,
    /// Wrong tries.
    pub failures: Failures,
    /// Proxies that are believed.
    pub proxies: Proxies,
    /// Names and pages.
    pub origins: Origins,
}

impl Access {
    /// What the config, the environment and the command line say about it, for a gateway that listens at `addresses`.
    /// Refuses what would leave the gateway open to a network.
    pub fn find(
        config: &Config,
        environment: &Environment,
        secrets: &Snapshot,
        over: &Overrides,
        addresses: &[SocketAddr],
    ) -> Result<Self> {
        if config.tls.enabled {
            return Err(Error::Tls);
        }
        let mut credentials = Credentials::find(config, environment, secrets, over)?;
        let open = addresses.iter().find(|address| !address.ip().is_loopback());
        if let Some(address) = open
            && !credentials.is_guarded()
        {
            return Err(Error::Unguarded { address: *address });
        }
        match credentials.missing() {
            Some("token") => credentials.mint(),
            Some(mode) => return Err(Error::NoSecret { mode }),
            None => {}
        }
        let (proxies, wrong) = Proxies::new(&config.trusted_proxies, config.allow_real_ip_fallback);
        if let Some(entry) = wrong.into_iter().next() {
            return Err(Error::Proxy { entry });
        }
        Ok(Self {
            credentials,
            failures: Failures::new(config.auth.rate_limit.clone()),
            proxies,
            origins: Origins::new(config, Some(&Machine::find().host)),
        })
    }
}
