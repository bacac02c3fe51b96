//! Requests over HTTP: scheme, host, port, method, path and size of bodies.
//!
//! Nothing is reached that no rule names. A non-public address needs a rule that says `private` and names the
//! one host that may be there.

mod matcher;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use matcher::{Allowed, HttpCall, HttpMatcher, Refusal};

use super::atom::{self, Atom};
use crate::account::{AccountField, AccountValues, Port};
use crate::error::{Error, Result};
use crate::host::HostPattern;
use crate::request_path::PathPattern;
use crate::text::text_type;
use crate::units::Bytes;

/// How a request travels.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Encrypted.
    #[default]
    Https,
    /// Open for everybody on the way.
    Http,
}

impl Scheme {
    /// Its usual port.
    pub fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }

    /// Schemes of a configured URL that mean the same protection.
    fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Https => &["https", "wss"],
            Self::Http => &["http", "ws"],
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Https => "https",
            Self::Http => "http",
        })
    }
}

/// A method, in capitals. `CONNECT` and `TRACE` are none: they would open what no rule can judge.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Method(String);

impl Method {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let letters = text.bytes().all(|c| c.is_ascii_uppercase() || c == b'-');
        if matches!(text, "CONNECT" | "TRACE") || text.is_empty() || text.len() > 24 || !letters {
            return Err(Error::value(
                "method",
                text,
                "must be in capitals, and not CONNECT or TRACE",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(Method);

/// One rule of a request or grant.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpRule {
    /// How requests travel.
    #[serde(default)]
    pub scheme: Scheme,
    /// Which hosts.
    pub host: HostPattern,
    /// Which port.
    #[serde(default, skip_serializing_if = "Port::is_usual")]
    pub port: Port,
    /// Which methods; `GET` and `HEAD` if left out.
    #[serde(default = "reading")]
    pub methods: BTreeSet<Method>,
    /// Which paths; all if left out.
    #[serde(default = "everything")]
    pub paths: BTreeSet<PathPattern>,
    /// The largest body, either way.
    #[serde(default = "usual_body")]
    pub max_body: Bytes,
    /// Whether the host may have a non-public address.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
}

/// The largest body that may be asked for: more than this no call moves.
const MAX_BODY: Bytes = Bytes::mebi(64 << 10);

fn reading() -> BTreeSet<Method> {
    ["GET", "HEAD"].map(|name| Method(name.to_owned())).into()
}

pub(super) fn everything() -> BTreeSet<PathPattern> {
    BTreeSet::from([PathPattern::default()])
}

fn usual_body() -> Bytes {
    Bytes::mebi(10)
}

pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct HttpAtom {
    scheme: Scheme,
    host: HostPattern,
    port: Port,
    max_body: Bytes,
    private: bool,
    path: PathPattern,
    method: Method,
}

impl Atom for HttpAtom {
    fn covers(&self, asked: &Self) -> bool {
        self.scheme == asked.scheme
            && self.method == asked.method
            && self.port == asked.port
            && self.host.covers(&asked.host)
            && self.path.covers(&asked.path)
            && self.max_body >= asked.max_body
            && self.private >= asked.private
    }
}

/// Rules in their normal form.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<HttpRule>", into = "Vec<HttpRule>")]
pub struct Http(Vec<HttpRule>);

impl Http {
    /// Brings rules into their normal form.
    pub fn new(rules: Vec<HttpRule>) -> Result<Self> {
        let count = |rule: &HttpRule| rule.methods.len().saturating_mul(rule.paths.len());
        atom::check_count("http", rules.iter().map(count))?;
        for rule in &rules {
            if rule.methods.is_empty() || rule.paths.is_empty() {
                let what = format!(
                    "the rule for {} names no method or no path; leave the key out",
                    rule.host
                );
                return Err(Error::conflict("http", what));
            }
            check_private("http", rule.private, &rule.host)?;
            if rule.max_body > MAX_BODY {
                let what = format!(
                    "the rule for {} has bodies above {MAX_BODY}; ask for less",
                    rule.host
                );
                return Err(Error::conflict("http", what));
            }
        }
        let rules = rules.into_iter().map(|mut rule| {
            rule.port = settle_port(&rule.host, rule.port, Some(rule.scheme.port()));
            rule
        });
        Ok(Self::group(atom::reduce(rules.flat_map(expand).collect())))
    }

    fn group(atoms: Vec<HttpAtom>) -> Self {
        let mut by_path: BTreeMap<_, BTreeSet<Method>> = BTreeMap::new();
        for atom in atoms {
            let rule = (atom.scheme, atom.host, atom.port, atom.max_body, atom.private);
            by_path.entry((rule, atom.path)).or_default().insert(atom.method);
        }
        let mut rules: BTreeMap<_, BTreeSet<PathPattern>> = BTreeMap::new();
        for ((rule, path), methods) in by_path {
            rules.entry((rule, methods)).or_default().insert(path);
        }
        let rule = |(((scheme, host, port, max_body, private), methods), paths)| HttpRule {
            scheme,
            host,
            port,
            methods,
            paths,
            max_body,
            private,
        };
        Self(rules.into_iter().map(rule).collect())
    }

    fn atoms(&self) -> Vec<HttpAtom> {
        self.0.iter().cloned().flat_map(expand).collect()
    }

    /// The rules.
    pub fn rules(&self) -> &[HttpRule] {
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

    /// The matcher for an account, or with no values for a component without accounts. A rule whose host or
    /// port the account does not configure is not in it.
    pub fn resolve(&self, values: &AccountValues) -> HttpMatcher {
        HttpMatcher::new(&self.0, values)
    }
}

fn expand(rule: HttpRule) -> Vec<HttpAtom> {
    let atom = |path: &PathPattern, method: &Method| HttpAtom {
        scheme: rule.scheme,
        host: rule.host.clone(),
        port: rule.port.clone(),
        max_body: rule.max_body,
        private: rule.private,
        path: path.clone(),
        method: method.clone(),
    };
    let of_path = |path| rule.methods.iter().map(move |method| atom(path, method));
    rule.paths.iter().flat_map(of_path).collect()
}

/// Refuses a private rule that does not name its host.
pub(super) fn check_private(kind: &'static str, private: bool, host: &HostPattern) -> Result<()> {
    if private && !host.is_one_host() {
        let what = format!("\"private\" needs a host by name, and {host} stands for many; name it");
        return Err(Error::conflict(kind, what));
    }
    Ok(())
}

/// One spelling for the usual port; behind an account's host the operator may still write another.
pub(super) fn settle_port(host: &HostPattern, port: Port, usual: Option<u16>) -> Port {
    let usual = usual.and_then(std::num::NonZeroU16::new);
    match (host, port, usual) {
        (HostPattern::Account(_), port, _) => port,
        (_, Port::Usual, Some(usual)) => Port::Number(usual),
        (_, port, _) => port,
    }
}

/// The settings that a host and a port refer to.
pub(super) fn fields_of<'r>(
    host: &'r HostPattern,
    port: Option<&'r Port>,
) -> impl Iterator<Item = &'r AccountField> {
    let host = match host {
        HostPattern::Account(field) => Some(field),
        _ => None,
    };
    let port = match port {
        Some(Port::Account(field)) => Some(field),
        _ => None,
    };
    host.into_iter().chain(port)
}

impl TryFrom<Vec<HttpRule>> for Http {
    type Error = Error;

    fn try_from(rules: Vec<HttpRule>) -> Result<Self> {
        Self::new(rules)
    }
}

impl From<Http> for Vec<HttpRule> {
    fn from(http: Http) -> Self {
        http.0
    }
}
