//! Judges one request against the rules that hold for an account.
//!
//! Linear in the rules; allocates nothing.

use std::collections::BTreeSet;

use super::{HttpRule, Method, Scheme};
use crate::account::{AccountValues, resolve};
use crate::error::Result;
use crate::host::{Host, HostPattern};
use crate::request_path::{PathPattern, RequestPath};
use crate::units::Bytes;

/// A request to be judged.
#[derive(Clone, Copy, Debug)]
pub struct HttpCall<'c> {
    /// How it travels.
    pub scheme: Scheme,
    /// Where to.
    pub host: &'c Host,
    /// The port, also where it is the usual one.
    pub port: u16,
    /// The method exactly as it will be sent.
    pub method: &'c str,
    /// The path, without the query.
    pub path: &'c RequestPath,
}

/// What an allowed request may do, by where its host turns out to be. The two are kept apart because different
/// rules may give them, and no rule may give both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowed {
    /// The largest body, either way, if the host has a public address.
    pub public_body: Bytes,
    /// The same if it has a non-public address; none: it may not have one.
    pub private_body: Option<Bytes>,
}

impl Allowed {
    /// The largest body, either way, at an address of a kind; none: the request is not allowed there.
    pub fn body(&self, is_private: bool) -> Option<Bytes> {
        match is_private {
            true => self.private_body,
            false => Some(self.public_body),
        }
    }
}

/// The first thing about a request that no rule has.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Refusal {
    /// No rule has the host.
    Host,
    /// Rules have the host, with another scheme or port.
    Port,
    /// Rules have the host and port, with other methods.
    Method,
    /// Rules have all but the path, or the path can be read in two ways.
    Path,
}

#[derive(Clone, Debug)]
struct Concrete {
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    methods: BTreeSet<Method>,
    paths: BTreeSet<PathPattern>,
    allowed: Allowed,
}

impl Concrete {
    fn resolve(rule: &HttpRule, values: &AccountValues) -> Option<Self> {
        let usual = Some(rule.scheme.port());
        let endpoint = resolve((&rule.host, &rule.port), usual, rule.scheme.spellings(), values)?;
        Some(Self {
            scheme: rule.scheme,
            host: endpoint.host,
            port: endpoint.port,
            methods: rule.methods.clone(),
            paths: rule.paths.clone(),
            // A private rule holds wherever its one host is.
            allowed: Allowed {
                public_body: rule.max_body,
                private_body: rule.private.then_some(rule.max_body),
            },
        })
    }

    fn judge(&self, call: &HttpCall<'_>) -> Result<Allowed, Refusal> {
        let steps = [
            (self.host.matches(call.host), Refusal::Host),
            (
                self.scheme == call.scheme && self.port == call.port,
                Refusal::Port,
            ),
            (
                self.methods.iter().any(|method| method.as_str() == call.method),
                Refusal::Method,
            ),
            (
                self.paths.iter().any(|path| path.matches(call.path)),
                Refusal::Path,
            ),
        ];
        match steps.into_iter().find(|(holds, _)| !holds) {
            Some((_, refusal)) => Err(refusal),
            None => Ok(self.allowed),
        }
    }
}

/// Answers whether a request is allowed.
#[derive(Clone, Debug, Default)]
pub struct HttpMatcher(Vec<Concrete>);

impl HttpMatcher {
    pub(super) fn new(rules: &[HttpRule], values: &AccountValues) -> Self {
        Self(
            rules
                .iter()
                .filter_map(|rule| Concrete::resolve(rule, values))
                .collect(),
        )
    }

    /// Judges a request: what it may do, or the furthest step at which it was refused. Of several rules that
    /// allow it the widest counts, for public and for non-public addresses apart.
    pub fn judge(&self, call: &HttpCall<'_>) -> Result<Allowed, Refusal> {
        let mut best: Result<Allowed, Refusal> = Err(Refusal::Host);
        for rule in &self.0 {
            best = match (best, rule.judge(call)) {
                (Ok(one), Ok(other)) => Ok(Allowed {
                    public_body: one.public_body.max(other.public_body),
                    private_body: one.private_body.max(other.private_body),
                }),
                (Ok(one), Err(_)) => Ok(one),
                (Err(_), Ok(other)) => Ok(other),
                (Err(one), Err(other)) => Err(one.max(other)),
            };
        }
        best
    }
}
