//! Secrets: which, to whom they may be sent, and where in a request they may stand.
//!
//! A component never sees a value. It holds a placeholder, and the value takes its place only at a host and a
//! place that one rule names together, on a connection that nobody can read unless that rule says `plaintext`.
//! `hmac` and `sign` compute with the secret inside the host, `capture` lets a token of a server become the
//! secret; `reveal` hands it out and is the one exception.

mod place;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use place::{MAX_NAME, Place, Spot};

use super::atom::{self, Atom};
use super::http::{fields_of, is_false};
use crate::account::{AccountField, AccountValues, Port, resolve};
use crate::error::{Error, Result};
use crate::host::{Host, HostPattern};
use crate::text::{is_word, name_type};

name_type!(
    /// The name of a secret, as the component's config has it.
    SecretName,
    "secret name",
    |text| is_word(text, "_-."),
    "must begin with a letter or digit and have letters, digits, \"_\", \"-\" and \".\", 64 at most"
);

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
    /// Whether it may also be sent where everybody on the way can read it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub plaintext: bool,
    /// Whether a token that a server issues may be kept under this name.
    #[serde(default, skip_serializing_if = "is_false")]
    pub capture: bool,
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
    Send {
        host: HostPattern,
        place: Place,
        plaintext: bool,
    },
    Capture,
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
                (
                    Use::Send {
                        host,
                        place,
                        plaintext,
                    },
                    Use::Send {
                        host: asked_host,
                        place: asked_place,
                        plaintext: asked_plaintext,
                    },
                ) => place.covers(asked_place) && host.covers(asked_host) && plaintext >= asked_plaintext,
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
            if rule.audience.is_empty() && (rule.plaintext || !rule.places.is_empty()) {
                return refuse("has places or plaintext and no audience; name the hosts that may receive it");
            }
            if rule.audience.is_empty() && flags(rule).next().is_none() {
                return refuse(
                    "has neither an audience nor capture, hmac, sign or reveal, so it could not be used",
                );
            }
            if rule.places.is_empty() && !rule.audience.is_empty() {
                rule.places.insert(Place::Header("authorization".to_owned()));
            }
        }
        // Each permission once, however the rules group them: the normal form, which may have more rules than
        // were written, must count no more than they did.
        let count = |rule: &SecretRule| {
            let sent = rule.audience.len().saturating_mul(rule.places.len());
            sent.saturating_add(flags(rule).count())
        };
        atom::check_count("secrets", rules.iter().map(count))?;
        Ok(Self::group(atom::reduce(rules.iter().flat_map(expand).collect())))
    }

    fn group(atoms: Vec<SecretAtom>) -> Self {
        let mut flags: BTreeMap<SecretName, BTreeSet<Use>> = BTreeMap::new();
        let mut places: BTreeMap<_, BTreeSet<Place>> = BTreeMap::new();
        for SecretAtom { name, used } in atoms {
            let flags = flags.entry(name.clone()).or_default();
            match used {
                Use::Send {
                    host,
                    place,
                    plaintext,
                } => {
                    places.entry((name, host, plaintext)).or_default().insert(place);
                }
                flag => {
                    flags.insert(flag);
                }
            }
        }
        let mut hosts: BTreeMap<_, BTreeSet<HostPattern>> = BTreeMap::new();
        for ((name, host, plaintext), places) in places {
            hosts.entry((name, plaintext, places)).or_default().insert(host);
        }
        // A secret that is never sent still has its rule of flags.
        for name in flags.keys() {
            if !hosts.keys().any(|(sent, ..)| sent == name) {
                hosts.insert((name.clone(), false, BTreeSet::new()), BTreeSet::new());
            }
        }
        let rule = |((name, plaintext, places), audience)| {
            // The flags stand once, at the secret's first rule.
            let flags = flags.remove(&name).unwrap_or_default();
            SecretRule {
                name,
                audience,
                places,
                plaintext,
                capture: flags.contains(&Use::Capture),
                hmac: flags.contains(&Use::Hmac),
                sign: flags.contains(&Use::Sign),
                reveal: flags.contains(&Use::Reveal),
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
            let Use::Send { host, .. } = &mut atom.used else {
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

fn flags(rule: &SecretRule) -> impl Iterator<Item = Use> {
    let flags = [
        (rule.capture, Use::Capture),
        (rule.hmac, Use::Hmac),
        (rule.sign, Use::Sign),
        (rule.reveal, Use::Reveal),
    ];
    flags.into_iter().filter_map(|(set, used)| set.then_some(used))
}

fn expand(rule: &SecretRule) -> impl Iterator<Item = SecretAtom> {
    let send = |host: &HostPattern, place: &Place| Use::Send {
        host: host.clone(),
        place: place.clone(),
        plaintext: rule.plaintext,
    };
    let sent = rule
        .audience
        .iter()
        .flat_map(move |host| rule.places.iter().map(move |place| send(host, place)));
    let atom = |used| SecretAtom {
        name: rule.name.clone(),
        used,
    };
    sent.chain(flags(rule)).map(atom)
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

/// A placeholder on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'d> {
    /// Where to.
    pub host: &'d Host,
    /// Whether nobody on the way can read along.
    pub is_encrypted: bool,
    /// Where it stands.
    pub spot: Spot<'d>,
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

    /// Whether its value may be sent.
    pub fn may_send(&self, name: &str, delivery: &Delivery<'_>) -> bool {
        let holds = |used: &Use| match used {
            Use::Send {
                host,
                place,
                plaintext,
            } => {
                host.matches(delivery.host)
                    && place.holds(&delivery.spot)
                    && (*plaintext || delivery.is_encrypted)
            }
            _ => false,
        };
        self.any(name, holds)
    }

    /// Whether a host is in its audience, wherever it may stand there.
    pub fn may_meet(&self, name: &str, host: &Host) -> bool {
        self.any(
            name,
            |used| matches!(used, Use::Send { host: granted, .. } if granted.matches(host)),
        )
    }

    /// Whether a token that a server issues may be kept under this name.
    pub fn may_capture(&self, name: &str) -> bool {
        self.any(name, |used| *used == Use::Capture)
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
