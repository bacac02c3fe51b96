//! Secrets: which, to whom they may be sent, and where in a request they may stand.
//!
//! A component never sees a value. It holds a placeholder, and the value takes its place only at a host and a
//! place that one rule names together. `hmac` and `sign` compute with the secret inside the host; `reveal` hands
//! it out and is the one exception.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::atom::{self, Atom};
use super::http::{fields_of, is_false};
use crate::account::{AccountField, AccountValues, Port, resolve};
use crate::display::is_hidden;
use crate::error::{Error, Result};
use crate::host::{Host, HostPattern};
use crate::text::{is_word, name_type, text_type};

name_type!(
    /// The name of a secret, as the component's config has it.
    SecretName,
    "secret name",
    |text| is_word(text, "_-."),
    "must be letters, digits, \"_\", \"-\" and \".\", 64 at most"
);

/// Where in a request a secret may stand.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// `header NAME`, in lower case.
    Header(String),
    /// `query NAME`.
    Query(String),
    /// `path segment`: a whole segment or a part of one.
    PathSegment,
    /// `json POINTER`: a text in the body or frame, by its JSON pointer.
    Json(String),
}

/// Headers that frame a request; a secret in one would change what the request is.
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why| Err(Error::value("place", text, why));
        if text == "path segment" {
            return Ok(Self::PathSegment);
        }
        let visible = |name: &str| !name.is_empty() && name.len() <= 256 && !name.contains(is_hidden);
        match text.split_once(' ') {
            Some(("header", name)) => {
                let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
                let name = name.to_ascii_lowercase();
                if !visible(&name) || !name.bytes().all(token) {
                    return wrong("has no name of a header");
                }
                if FRAMING.contains(&name.as_str()) {
                    return wrong("is a header that frames the request");
                }
                Ok(Self::Header(name))
            }
            Some(("query", name)) if visible(name) => Ok(Self::Query(name.to_owned())),
            Some(("json", pointer)) if visible(pointer) && is_pointer(pointer) => {
                Ok(Self::Json(pointer.to_owned()))
            }
            _ => wrong("must be \"header NAME\", \"query NAME\", \"path segment\" or \"json /POINTER\""),
        }
    }
}

fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && escapes
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header {name}"),
            Self::Query(name) => write!(f, "query {name}"),
            Self::PathSegment => f.write_str("path segment"),
            Self::Json(pointer) => write!(f, "json {pointer}"),
        }
    }
}

text_type!(Place);

/// One rule of a request or grant. A secret may have several, each with its own hosts and places.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRule {
    /// Which secret.
    pub name: SecretName,
    /// To which hosts it may be sent.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub audience: BTreeSet<HostPattern>,
    /// Where it may stand; `header authorization` if left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<Place>,
    /// Whether keyed hashes may be made and checked with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hmac: bool,
    /// Whether signatures may be made with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sign: bool,
    /// Whether the component may see its value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reveal: bool,
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
enum Use {
    Send(HostPattern, Place),
    Hmac,
    Sign,
    Reveal,
}

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct SecretAtom {
    name: SecretName,
    used: Use,
}

impl Atom for SecretAtom {
    fn covers(&self, asked: &Self) -> bool {
        self.name == asked.name
            && match (&self.used, &asked.used) {
                (Use::Send(granted, place), Use::Send(asked, other)) => {
                    place == other && granted.covers(asked)
                }
                (granted, asked) => granted == asked,
            }
    }
}

/// Rules in their normal form.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<SecretRule>", into = "Vec<SecretRule>")]
pub struct Secrets(Vec<SecretRule>);

impl Secrets {
    /// Brings rules into their normal form.
    pub fn new(mut rules: Vec<SecretRule>) -> Result<Self> {
        for rule in &mut rules {
            let refuse = |what| Err(Error::conflict("secrets", format!("\"{}\" {what}", rule.name)));
            if rule.audience.contains(&HostPattern::Any) {
                return refuse("has \"*\" as its audience, which is everybody; name the hosts");
            }
            if rule.audience.is_empty() && !rule.places.is_empty() {
                return refuse("has places and no audience; name the hosts that may receive it");
            }
            if rule.audience.is_empty() && !(rule.hmac || rule.sign || rule.reveal) {
                return refuse("has neither an audience nor hmac, sign or reveal, so it could not be used");
            }
            if rule.places.is_empty() && !rule.audience.is_empty() {
                rule.places.insert(Place::Header("authorization".to_owned()));
            }
        }
        let count = |rule: &SecretRule| {
            rule.audience
                .len()
                .saturating_mul(rule.places.len())
                .saturating_add(3)
        };
        atom::check_count("secrets", rules.iter().map(count))?;
        Ok(Self::group(atom::reduce(rules.iter().flat_map(expand).collect())))
    }

    fn group(atoms: Vec<SecretAtom>) -> Self {
        let mut flags: BTreeMap<SecretName, [bool; 3]> = BTreeMap::new();
        let mut places: BTreeMap<(SecretName, HostPattern), BTreeSet<Place>> = BTreeMap::new();
        for SecretAtom { name, used } in atoms {
            let [hmac, sign, reveal] = flags.entry(name.clone()).or_default();
            match used {
                Use::Send(host, place) => {
                    places.entry((name, host)).or_default().insert(place);
                }
                Use::Hmac => *hmac = true,
                Use::Sign => *sign = true,
                Use::Reveal => *reveal = true,
            }
        }
        let mut hosts: BTreeMap<(SecretName, BTreeSet<Place>), BTreeSet<HostPattern>> = BTreeMap::new();
        for ((name, host), places) in places {
            hosts.entry((name, places)).or_default().insert(host);
        }
        // A secret that is never sent still has its rule of flags.
        for name in flags.keys() {
            if !hosts.keys().any(|(sent, _)| sent == name) {
                hosts.insert((name.clone(), BTreeSet::new()), BTreeSet::new());
            }
        }
        let rule = |((name, places), audience)| {
            // The flags stand once, at the secret's first rule.
            let [hmac, sign, reveal] = flags.remove(&name).unwrap_or_default();
            SecretRule {
                name,
                audience,
                places,
                hmac,
                sign,
                reveal,
            }
        };
        Self(hosts.into_iter().map(rule).collect())
    }

    fn atoms(&self) -> Vec<SecretAtom> {
        self.0.iter().flat_map(expand).collect()
    }

    /// The rules.
    pub fn rules(&self) -> &[SecretRule] {
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
        let hosts = self.0.iter().flat_map(|rule| &rule.audience);
        hosts.flat_map(|host| fields_of(host, None))
    }

    /// The matcher for an account. An audience that the account does not configure is not in it.
    pub fn resolve(&self, values: &AccountValues) -> SecretMatcher {
        let mut atoms = self.atoms();
        atoms.retain_mut(|atom| {
            let Use::Send(host, _) = &mut atom.used else {
                return true;
            };
            // Only the host counts here, so any scheme and port will do.
            let schemes = &["https", "http", "wss", "ws", "tls", "ssl", "ircs", "tcp", "irc"];
            let found = resolve((host, &Port::Usual), Some(0), schemes, values);
            let known = found.is_some();
            if let Some(endpoint) = found {
                *host = endpoint.host;
            }
            known
        });
        SecretMatcher(atoms)
    }
}

fn expand(rule: &SecretRule) -> Vec<SecretAtom> {
    let flags = [
        (rule.hmac, Use::Hmac),
        (rule.sign, Use::Sign),
        (rule.reveal, Use::Reveal),
    ];
    let flags = flags.into_iter().filter_map(|(set, used)| set.then_some(used));
    let send = |host: &HostPattern, place: &Place| Use::Send(host.clone(), place.clone());
    let sent = rule
        .audience
        .iter()
        .flat_map(|host| rule.places.iter().map(move |place| send(host, place)));
    let atom = |used| SecretAtom {
        name: rule.name.clone(),
        used,
    };
    sent.chain(flags).map(atom).collect()
}

impl TryFrom<Vec<SecretRule>> for Secrets {
    type Error = Error;

    fn try_from(rules: Vec<SecretRule>) -> Result<Self> {
        Self::new(rules)
    }
}

impl From<Secrets> for Vec<SecretRule> {
    fn from(secrets: Secrets) -> Self {
        secrets.0
    }
}

/// Answers what may be done with a secret.
#[derive(Clone, Default)]
pub struct SecretMatcher(Vec<SecretAtom>);

impl SecretMatcher {
    fn any(&self, name: &str, holds: impl Fn(&Use) -> bool) -> bool {
        self.0
            .iter()
            .any(|atom| atom.name.as_str() == name && holds(&atom.used))
    }

    /// Whether the component may hold a placeholder of it at all.
    pub fn may_look_up(&self, name: &str) -> bool {
        self.any(name, |_| true)
    }

    /// Whether its value may be sent to a host at a place.
    pub fn may_send(&self, name: &str, host: &Host, place: &Place) -> bool {
        self.any(
            name,
            |used| matches!(used, Use::Send(audience, granted) if audience.matches(host) && granted == place),
        )
    }

    /// Whether keyed hashes may be made and checked with it.
    pub fn may_hmac(&self, name: &str) -> bool {
        self.any(name, |used| *used == Use::Hmac)
    }

    /// Whether signatures may be made with it.
    pub fn may_sign(&self, name: &str) -> bool {
        self.any(name, |used| *used == Use::Sign)
    }

    /// Whether the component may see its value.
    pub fn may_reveal(&self, name: &str) -> bool {
        self.any(name, |used| *used == Use::Reveal)
    }
}
