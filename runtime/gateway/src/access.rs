//! Who is let in, as one value: the secret, the wrong tries, the proxies and the pages.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use openclaw_config::Environment;
use openclaw_config::tree::gateway::Gateway as Config;
use openclaw_secrets::Snapshot;

use crate::auth::credentials::{Credentials, Overrides, Shown};
use crate::auth::limit::{Attempt, Failures, Source, Verdict};
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

/// Why a caller of the HTTP API is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Barred {
    /// Its source was wrong too often, and is not looked at for so long.
    Locked(Duration),
    /// It showed nothing, or something wrong.
    Unknown,
}

impl Access {
    /// Looks at the bearer of a request. A wrong one counts against its source, and from this machine takes longer
    /// each time.
    pub async fn check_bearer(
        &self,
        bearer: Option<&str>,
        source: Source<'_>,
    ) -> std::result::Result<Shown, Barred> {
        if self.credentials.is_open() {
            return Ok(Shown::NotAsked);
        }
        if let Verdict::Locked(left) = self.failures.verdict(Attempt::Secret, source, Instant::now()) {
            return Err(Barred::Locked(left));
        }
        if let Ok(shown) = self.credentials.check_bearer(bearer) {
            self.failures.forget(Attempt::Secret, source);
            return Ok(shown);
        }
        if bearer.is_some() {
            let delay = self.failures.note(Attempt::Secret, source, Instant::now());
            tokio::time::sleep(delay).await;
        }
        Err(Barred::Unknown)
    }

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
