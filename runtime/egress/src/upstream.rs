//! The operator's proxy as part of the gate: whom it is trusted by, and what goes past it.

use std::net::IpAddr;
use std::sync::Arc;

use openclaw_policy::AddressClass;

use crate::error::{Cause, Result};
use crate::proxy::Proxy;
use crate::tls::{Roots, Tls};

/// What becomes of connections to this machine, which a proxy elsewhere cannot make.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Loopback {
    /// They go straight.
    #[default]
    Direct,
    /// They go through the proxy like all others.
    Proxied,
    /// They are refused.
    Blocked,
}

/// The operator's proxy.
pub struct Upstream {
    /// The proxy.
    pub proxy: Proxy,
    /// Who vouches for it, if it is spoken to over TLS.
    pub roots: Roots,
    /// What becomes of connections to this machine.
    pub loopback: Loopback,
}

/// A way that every connection takes, or none.
pub(crate) struct Route {
    pub(crate) proxy: Proxy,
    pub(crate) tls: Tls,
    loopback: Loopback,
}

impl Route {
    pub(crate) fn new(upstream: Upstream) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            proxy: upstream.proxy,
            tls: Tls::new(upstream.roots)?,
            loopback: upstream.loopback,
        }))
    }

    /// Whether a connection to an address goes through the proxy.
    pub(crate) fn takes(&self, address: IpAddr) -> Result<bool, Cause> {
        let class = AddressClass::of(address.to_canonical());
        if !matches!(class, AddressClass::Loopback | AddressClass::Unspecified) {
            return Ok(true);
        }
        match self.loopback {
            Loopback::Direct => Ok(false),
            Loopback::Proxied => Ok(true),
            Loopback::Blocked => Err(Cause::NotGranted {
                what: format!("a connection to {address}"),
                why: "the config has proxy.loopbackMode \"block\"".to_owned(),
            }),
        }
    }
}
