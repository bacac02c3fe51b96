//! The secrets of one extension and account: which there are, what stands for them, and what may be done with them.
//!
//! All calls share one vault. Only placeholders that it gave out count; anything else that looks like one is text.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use openclaw_policy::capability::secrets::{Delivery, SecretMatcher};
use openclaw_policy::{Host, display_safe};
use openclaw_secrets::SecretValue;
use parking_lot::RwLock;

use super::captured::{Captured, Keep};
use super::compose::TOO_LARGE;
use super::failure::SecretFailure;
use super::inject::{Injector, describe};
use super::placeholder::{PlaceholderKey, TenantKey, candidates};
use super::scan::Scanner;
use super::written::Origin;
use crate::error::SHOWN;

/// The most fields and composed secrets of a vault.
pub const MAX_MADE: usize = 256;
/// The most bytes of all of them together; more would make what searches for them large.
pub const MAX_MADE_BYTES: usize = 16 * 1024;
/// The most bytes of a captured secret, and of parts that are joined.
pub const MAX_VALUE: usize = 64 * 1024;

/// What a placeholder stands for.
pub(super) struct Entry {
    /// Whose values are in it.
    pub(super) names: BTreeSet<String>,
    /// Its value, unless it is that of the one secret it names.
    pub(super) made: Option<SecretValue>,
    /// What it is called where it must not be shown.
    pub(super) label: String,
    /// How it came to be, unless it was only found.
    pub(super) origin: Option<Origin>,
}

/// What was given out.
#[derive(Default)]
pub(super) struct Given {
    pub(super) entries: HashMap<String, Arc<Entry>>,
    /// Which of them were made, and count.
    pub(super) made: BTreeMap<String, usize>,
    /// Which of them stand for a value in the spelling in which it arrived, oldest first.
    pub(super) found: VecDeque<String>,
    /// What arrived and is shown as a placeholder; of a whole secret the value that it had then.
    pub(super) arrived: HashMap<String, SecretValue>,
    /// Counts the changes of what was made.
    pub(super) version: u64,
    pub(super) scanner: Option<Built>,
}

/// A scanner, and what it was built from.
pub(super) struct Built {
    pub(super) versions: (u64, u64),
    pub(super) scanner: Option<Arc<Scanner>>,
}

/// The secrets of one extension and account.
pub struct Vault {
    pub(super) key: TenantKey,
    matcher: SecretMatcher,
    pub(super) values: BTreeMap<String, SecretValue>,
    pub(super) kept: Captured,
    pub(super) given: RwLock<Given>,
}

/// A use that needs a flag of the grant.
#[derive(Clone, Copy)]
pub(super) enum Flag {
    Hmac,
    Sign,
    Reveal,
}

impl Vault {
    /// The vault of an extension and account under a grant. `values` are the configured secrets by name.
    pub fn new(
        key: &PlaceholderKey,
        extension: &str,
        account: Option<&str>,
        matcher: SecretMatcher,
        values: BTreeMap<String, SecretValue>,
        kept: Captured,
    ) -> Self {
        Self {
            key: key.of_tenant(extension, account),
            matcher,
            values,
            kept,
            given: RwLock::default(),
        }
    }

    /// The value that a name has now. A captured one stands before a configured one.
    pub(super) fn current(&self, name: &str) -> Option<SecretValue> {
        // Everything is looked up either way, so that neither answer is the faster one.
        let captured = self.kept.get(name).filter(|_| self.matcher.may_capture(name));
        let configured = self.values.get(name).cloned();
        captured.or(configured).filter(|_| self.matcher.may_look_up(name))
    }

    fn need(&self, name: &str) -> Result<SecretValue, SecretFailure> {
        self.current(name).ok_or_else(|| SecretFailure::not_found(name))
    }

    /// The placeholder of a secret. What is not granted and what has no value are one answer.
    pub fn lookup(&self, name: &str) -> Result<String, SecretFailure> {
        self.need(name)?;
        Ok(self.give_whole(name))
    }

    pub(super) fn give_whole(&self, name: &str) -> String {
        let placeholder = self.key.placeholder([&b"whole"[..], name.as_bytes()]);
        let known = self.given.read().entries.contains_key(&placeholder);
        if !known {
            let entry = Entry {
                names: BTreeSet::from([name.to_owned()]),
                made: None,
                label: name.to_owned(),
                origin: Some(Origin::Whole(name.to_owned())),
            };
            let mut given = self.given.write();
            given.entries.insert(placeholder.clone(), Arc::new(entry));
        }
        placeholder
    }

    /// The placeholder of one value in a secret that is a JSON document.
    pub fn lookup_field(&self, name: &str, pointer: &str) -> Result<String, SecretFailure> {
        let whole = self.need(name)?;
        let field = super::json::field(whole.expose(), pointer).ok_or_else(|| SecretFailure::NoField {
            name: display_safe(name, SHOWN),
            pointer: display_safe(pointer, SHOWN),
        })?;
        let placeholder = self
            .key
            .placeholder([&b"field"[..], name.as_bytes(), pointer.as_bytes()]);
        let origin = Origin::Field {
            name: name.to_owned(),
            pointer: pointer.to_owned(),
        };
        self.give_made(
            placeholder,
            BTreeSet::from([name.to_owned()]),
            (field, Some(origin)),
        )
    }

    pub(super) fn give_made(
        &self,
        placeholder: String,
        names: BTreeSet<String>,
        (value, origin): (SecretValue, Option<Origin>),
    ) -> Result<String, SecretFailure> {
        if value.expose().len() > MAX_MADE_BYTES {
            return Err(SecretFailure::TooLarge {
                what: "a field or composed secret",
                most: "16 KiB",
            });
        }
        let mut given = self.given.write();
        let same = given
            .entries
            .get(&placeholder)
            .and_then(|entry| entry.made.as_ref());
        if same.is_some_and(|made| made.expose() == value.expose()) {
            return Ok(placeholder);
        }
        let others = given.made.iter().filter(|(other, _)| **other != placeholder);
        let (count, bytes) = others.fold((0_usize, value.expose().len()), |(count, sum), (_, size)| {
            (count.saturating_add(1), sum.saturating_add(*size))
        });
        if count >= MAX_MADE || bytes > MAX_MADE_BYTES {
            return Err(SecretFailure::Full);
        }
        given.made.insert(placeholder.clone(), value.expose().len());
        given.version = given.version.wrapping_add(1);
        let label = Vec::from_iter(names.iter().map(String::as_str)).join("+");
        let made = Some(value);
        let entry = Entry {
            names,
            made,
            label,
            origin,
        };
        given.entries.insert(placeholder.clone(), Arc::new(entry));
        Ok(placeholder)
    }

    /// Keeps a token that a server issued, in the place of an older one. A server that echoes another secret does not
    /// move it under this name, whose grant may allow more.
    pub fn capture(&self, name: &str, value: SecretValue, keep: Keep) -> Result<String, SecretFailure> {
        self.may_capture(name, keep)?;
        if value.expose().len() > MAX_VALUE {
            return Err(TOO_LARGE);
        }
        let scanner = self.scanner();
        if scanner.is_some_and(|scanner| scanner.holds_another(value.expose().as_bytes(), name)) {
            return Err(SecretFailure::HoldsAnother {
                name: name.to_owned(),
            });
        }
        self.kept.put(name, value);
        Ok(self.give_whole(name))
    }

    /// Whether something may be captured under a name, before a response is touched for it.
    pub(super) fn may_capture(&self, name: &str, keep: Keep) -> Result<(), SecretFailure> {
        if !self.matcher.may_capture(name) {
            // A name that is not granted at all is no name, as in a look-up.
            return Err(match self.current(name) {
                Some(_) => SecretFailure::NotGranted {
                    name: name.to_owned(),
                    flag: "capture",
                },
                None => SecretFailure::not_found(name),
            });
        }
        if keep == Keep::Lasting {
            return Err(SecretFailure::Unsupported {
                what: "no store for captured secrets is configured; keep it until the restart",
            });
        }
        Ok(())
    }

    /// Forgets a captured secret and says whether there was one.
    pub fn forget(&self, name: &str) -> Result<bool, SecretFailure> {
        if !self.matcher.may_capture(name) {
            return Err(SecretFailure::not_found(name));
        }
        Ok(self.kept.remove(name))
    }

    /// The value itself.
    pub fn reveal(&self, placeholder: &str) -> Result<SecretValue, SecretFailure> {
        let entry = self.entry(placeholder)?;
        self.check(&entry.names, Flag::Reveal)?;
        self.value_of(&entry)
    }

    /// What a placeholder is called in the audit; for a composed secret the names of its parts.
    pub fn name_of(&self, placeholder: &str) -> Option<String> {
        self.entry(placeholder).ok().map(|entry| entry.label.clone())
    }

    /// What stands for a placeholder that was given out.
    pub(super) fn entry(&self, placeholder: &str) -> Result<Arc<Entry>, SecretFailure> {
        let found = self.given.read().entries.get(placeholder).cloned();
        found.ok_or(SecretFailure::Unknown)
    }

    pub(super) fn value_of(&self, entry: &Entry) -> Result<SecretValue, SecretFailure> {
        let mut whole = None;
        // What was made of a secret ends with it.
        for name in &entry.names {
            whole = Some(self.need(name)?);
        }
        entry.made.clone().or(whole).ok_or(SecretFailure::Unknown)
    }

    fn has(&self, name: &str, flag: Flag) -> bool {
        match flag {
            Flag::Hmac => self.matcher.may_hmac(name),
            Flag::Sign => self.matcher.may_sign(name),
            Flag::Reveal => self.matcher.may_reveal(name),
        }
    }

    pub(super) fn check(&self, names: &BTreeSet<String>, flag: Flag) -> Result<(), SecretFailure> {
        match names.iter().find(|name| !self.has(name, flag)) {
            None => Ok(()),
            Some(name) => Err(SecretFailure::NotGranted {
                name: name.clone(),
                flag: flag.word(),
            }),
        }
    }

    /// The value, if the grant of every secret in it names this delivery and the place can hold it.
    pub(super) fn deliver(
        &self,
        entry: &Entry,
        delivery: &Delivery<'_>,
    ) -> Result<SecretValue, SecretFailure> {
        for name in &entry.names {
            if self.matcher.may_send(name, delivery) {
                continue;
            }
            let encrypted = Delivery {
                is_encrypted: true,
                ..*delivery
            };
            let (name, host) = (name.clone(), delivery.host.clone());
            return Err(if self.matcher.may_send(&name, &encrypted) {
                SecretFailure::Plaintext { name, host }
            } else {
                let spot = describe(&delivery.spot);
                SecretFailure::NotAllowed { name, host, spot }
            });
        }
        let value = self.value_of(entry)?;
        if !delivery.spot.can_hold(value.expose()) {
            return Err(SecretFailure::Unfit {
                name: entry.label.clone(),
                spot: describe(&delivery.spot),
                why: "it has a line break or U+0000, which would end it",
            });
        }
        Ok(value)
    }

    /// Whether a host is in the audience of every secret in it, wherever it may stand there.
    pub(super) fn check_audience(&self, entry: &Entry, host: &Host) -> Result<(), SecretFailure> {
        match entry.names.iter().find(|name| !self.matcher.may_meet(name, host)) {
            None => Ok(()),
            Some(name) => Err(SecretFailure::NotAllowed {
                name: name.clone(),
                host: host.clone(),
                spot: "a handshake of TLS".to_owned(),
            }),
        }
    }

    /// What puts values into one request or frame.
    pub fn inject<'v>(&'v self, host: &'v Host, is_encrypted: bool) -> Injector<'v> {
        Injector::new(self, host, is_encrypted)
    }

    /// Every placeholder that was given out, where it stands.
    pub(super) fn find(&self, text: &[u8]) -> Vec<(usize, Arc<Entry>)> {
        let found = candidates(text).filter_map(|(at, found)| Some((at, self.entry(found).ok()?)));
        found.collect()
    }

    /// Whether a placeholder that was given out stands in it.
    pub fn holds_placeholder(&self, text: &[u8]) -> bool {
        candidates(text).any(|(_, found)| self.given.read().entries.contains_key(found))
    }
}

impl Flag {
    fn word(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Sign => "sign",
            Self::Reveal => "reveal",
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}
