//! Connections that stay open: WebSockets, TLS and plain TCP.
//!
//! The same rules as for HTTP, without methods. TLS and TCP have no usual port, so a rule names one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::atom::{self, Atom};
use super::http::{check_private, everything, fields_of, is_false, settle_port};
use crate::account::{AccountField, AccountValues, Port, resolve};
use crate::error::{Error, Result};
use crate::host::{Host, HostPattern};
use crate::request_path::{PathPattern, RequestPath};

/// What is spoken on the connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A WebSocket over TLS.
    Wss,
    /// A WebSocket that everybody on the way can read.
    Ws,
    /// Bytes over TLS.
    Tls,
    /// Bytes that everybody on the way can read.
    Tcp,
}

impl Transport {
    /// Its usual port, if it has one.
    pub fn port(self) -> Option<u16> {
        match self {
            Self::Wss => Some(443),
            Self::Ws => Some(80),
            Self::Tls | Self::Tcp => None,
        }
    }

    /// Whether nobody on the way can read along.
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::Wss | Self::Tls)
    }

    fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Wss => &["wss", "https"],
            Self::Ws => &["ws", "http"],
            Self::Tls => &["tls", "ssl", "ircs"],
            Self::Tcp => &["tcp", "irc"],
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wss => "wss",
            Self::Ws => "ws",
            Self::Tls => "tls",
            Self::Tcp => "tcp",
        })
    }
}

/// One rule of a request or grant.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SocketRule {
    /// What is spoken.
    pub transport: Transport,
    /// Which hosts.
    pub host: HostPattern,
    /// Which port.
    #[serde(default, skip_serializing_if = "Port::is_usual")]
    pub port: Port,
    /// Which paths of a WebSocket; all if left out.
    #[serde(default = "everything", skip_serializing_if = "is_everything")]
    pub paths: BTreeSet<PathPattern>,
    /// Whether the host may have a non-public address.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
}

fn is_everything(paths: &BTreeSet<PathPattern>) -> bool {
    paths.iter().any(PathPattern::is_everything)
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct SocketAtom {
    transport: Transport,
    host: HostPattern,
    port: Port,
    private: bool,
    path: PathPattern,
}

impl Atom for SocketAtom {
    fn covers(&self, asked: &Self) -> bool {
        self.transport == asked.transport
            && self.port == asked.port
            && self.host.covers(&asked.host)
            && self.path.covers(&asked.path)
            && self.private >= asked.private
    }
}

/// Rules in their normal form.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<SocketRule>", into = "Vec<SocketRule>")]
pub struct Sockets(Vec<SocketRule>);

impl Sockets {
    /// Brings rules into their normal form.
    pub fn new(mut rules: Vec<SocketRule>) -> Result<Self> {
        atom::check_count("sockets", rules.iter().map(|rule| rule.paths.len()))?;
        for rule in &mut rules {
            let usual = rule.transport.port();
            let refuse = |what| {
                Err(Error::conflict(
                    "sockets",
                    format!("the rule for {} {what}", rule.host),
                ))
            };
            if rule.paths.is_empty() {
                return refuse("names no path; leave the key out");
            }
            if usual.is_none() && !is_everything(&rule.paths) {
                return refuse("has paths, which only ws and wss have; leave them out");
            }
            if usual.is_none() && rule.port.is_usual() && !matches!(rule.host, HostPattern::Account(_)) {
                return refuse("needs a port, because tcp and tls have no usual one");
            }
            check_private("sockets", rule.private, &rule.host)?;
            rule.port = settle_port(&rule.host, rule.port.clone(), usual);
        }
        Ok(Self::group(atom::reduce(rules.iter().flat_map(expand).collect())))
    }

    fn group(atoms: Vec<SocketAtom>) -> Self {
        let mut rules: BTreeMap<_, BTreeSet<PathPattern>> = BTreeMap::new();
        for atom in atoms {
            let rule = (atom.transport, atom.host, atom.port, atom.private);
            rules.entry(rule).or_default().insert(atom.path);
        }
        let rule = |((transport, host, port, private), paths)| SocketRule {
            transport,
            host,
            port,
            paths,
            private,
        };
        Self(rules.into_iter().map(rule).collect())
    }

    fn atoms(&self) -> Vec<SocketAtom> {
        self.0.iter().flat_map(expand).collect()
    }

    /// The rules.
    pub fn rules(&self) -> &[SocketRule] {
        &self.0
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        atom::beyond(&self.atoms(), &asked.atoms()).is_empty()
    }

    /// What is asked and not within this.
    pub fn difference(&self, asked: &Self) -> Self {
        Self::group(atom::beyond(&self.atoms(), &asked.atoms()))
    }

    pub(super) fn account_fields(&self) -> impl Iterator<Item = &AccountField> {
        self.0
            .iter()
            .flat_map(|rule| fields_of(&rule.host, Some(&rule.port)))
    }

    /// The matcher for an account. A rule whose host or port the account does not configure is not in it.
    pub fn resolve(&self, values: &AccountValues) -> SocketMatcher {
        let rule = |rule: &SocketRule| {
            let (usual, schemes) = (rule.transport.port(), rule.transport.spellings());
            let endpoint = resolve((&rule.host, &rule.port), usual, schemes, values)?;
            Some(Concrete {
                transport: rule.transport,
                host: endpoint.host,
                port: endpoint.port,
                paths: rule.paths.clone(),
                private: rule.private,
            })
        };
        SocketMatcher(self.0.iter().filter_map(rule).collect())
    }
}

fn expand(rule: &SocketRule) -> impl Iterator<Item = SocketAtom> {
    rule.paths.iter().map(|path| SocketAtom {
        transport: rule.transport,
        host: rule.host.clone(),
        port: rule.port.clone(),
        private: rule.private,
        path: path.clone(),
    })
}

impl TryFrom<Vec<SocketRule>> for Sockets {
    type Error = Error;

    fn try_from(rules: Vec<SocketRule>) -> Result<Self> {
        Self::new(rules)
    }
}

impl From<Sockets> for Vec<SocketRule> {
    fn from(sockets: Sockets) -> Self {
        sockets.0
    }
}

/// A connection to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Dial<'d> {
    /// What is spoken.
    pub transport: Transport,
    /// Where to.
    pub host: &'d Host,
    /// The port.
    pub port: u16,
    /// The path of a WebSocket; none for TLS and TCP.
    pub path: Option<&'d RequestPath>,
}

/// An allowed connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Connection {
    /// Whether the host may have a non-public address.
    pub private: bool,
}

#[derive(Clone, Debug)]
struct Concrete {
    transport: Transport,
    host: HostPattern,
    port: u16,
    paths: BTreeSet<PathPattern>,
    private: bool,
}

/// Answers whether a connection is allowed.
#[derive(Clone, Debug, Default)]
pub struct SocketMatcher(Vec<Concrete>);

impl SocketMatcher {
    /// What the connection may do; `None`: it is not allowed.
    pub fn judge(&self, dial: &Dial<'_>) -> Option<Connection> {
        let allows = |rule: &&Concrete| {
            let path = match dial.path {
                Some(path) => rule.paths.iter().any(|granted| granted.matches(path)),
                None => is_everything(&rule.paths),
            };
            rule.transport == dial.transport && rule.port == dial.port && rule.host.matches(dial.host) && path
        };
        let private = |rule: &Concrete| rule.private;
        let found = self
            .0
            .iter()
            .filter(allows)
            .map(private)
            .reduce(|one, other| one || other);
        found.map(|private| Connection { private })
    }
}
