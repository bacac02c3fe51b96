//! Every secret of the config at one moment.
//!
//! Promise: built once, then never changed; a copy costs one counter. Reading the shared cell takes no lock and asks
//! no provider. An owner of which one active secret is missing is cold: all of its secrets are refused, and nothing
//! else is tried in their place. Without the secrets of [`Owner::is_required`] there is no snapshot at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::active::inactive_because;
use crate::collect::{Held, Place};
use crate::error::SecretError;
use crate::owner::Owner;
use crate::resolver::{RefKey, Resolver};
use crate::value::SecretValue;
use openclaw_config::Path;

/// Which missing secrets prevent a snapshot.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strictness {
    /// Those that the gateway cannot start without; other owners start cold.
    #[default]
    Isolated,
    /// All active ones.
    All,
}

/// How an owner fares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OwnerState {
    /// It has all of its active secrets.
    Healthy,
    /// One is missing, so it has none.
    Cold,
}

/// Something that a person should know about a secret. Its text holds no value and no id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The code that logs are searched for.
    pub code: &'static str,
    /// Where in the config.
    pub path: Path,
    /// What is the matter, in a few words.
    pub message: String,
}

/// Every secret of the config at one moment.
#[derive(Clone, Default)]
pub struct Snapshot(Arc<Inner>);

#[derive(Default)]
struct Inner {
    generation: u64,
    /// In the order of their paths.
    surfaces: Vec<Surface>,
    /// Where in the list a path stands, as it is written.
    by_path: HashMap<String, usize>,
    by_ref: BTreeMap<RefKey, SecretValue>,
    owners: BTreeMap<Owner, OwnerState>,
    warnings: Vec<Warning>,
}

struct Surface {
    path: Path,
    owner: Owner,
    value: Result<SecretValue, SecretError>,
    /// Whether this or another secret of the owner is missing.
    cold: bool,
}

impl Snapshot {
    /// Resolves the collected places of a config. `source` is the config they were collected from; it decides which
    /// of them are in use.
    pub async fn resolve(
        resolver: &Resolver,
        source: &Value,
        places: Vec<Place>,
        strictness: Strictness,
        generation: u64,
    ) -> Result<Self, SecretError> {
        let mut inner = Inner {
            generation,
            ..Inner::default()
        };
        let mut active = Vec::new();
        for place in places {
            let inactive = inactive_because(&place.path, source, resolver.env());
            inner.warnings.extend(warnings_of(&place, inactive));
            if inactive.is_none() {
                active.push(place);
            }
        }
        let references = active.iter().filter_map(|place| match &place.held {
            Held::Ref(reference) => Some(reference),
            Held::Plain(_) | Held::Malformed(_) => None,
        });
        let resolved = resolver.resolve(references).await;
        for place in active {
            let owner = Owner::of(&place.path);
            let value = match &place.held {
                Held::Plain(text) => Ok(SecretValue::new(text.expose())),
                Held::Malformed(reason) => {
                    return Err(SecretError::Malformed {
                        path: place.path,
                        reason: reason.clone(),
                    });
                }
                Held::Ref(reference) => {
                    let key = resolver.key(reference);
                    let missing = || Err(SecretError::Interrupted(key.clone()));
                    resolved.get(&key).cloned().unwrap_or_else(missing)
                }
            };
            if let Err(cause) = &value
                && (owner.is_required() || strictness == Strictness::All)
            {
                return Err(SecretError::Required {
                    path: place.path,
                    cause: Box::new(cause.clone()),
                });
            }
            inner.add(place.path, owner, value);
        }
        inner.close_cold();
        inner.by_ref = resolved
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.ok()?)))
            .collect();
        Ok(Self(Arc::new(inner)))
    }

    /// Which resolution this is; a later one has a higher number.
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// The secret at a config path, written as [`Path`] prints it. `None`: it is unset or not in use.
    pub fn secret(&self, path: &str) -> Result<Option<&SecretValue>, SecretError> {
        let Some(surface) = self.0.by_path.get(path).and_then(|at| self.0.surfaces.get(*at)) else {
            return Ok(None);
        };
        match &surface.value {
            Ok(value) if !surface.cold => Ok(Some(value)),
            _ => Err(SecretError::Unavailable {
                path: surface.path.clone(),
                owner: surface.owner.clone(),
            }),
        }
    }

    /// The secret of a reference, if it was among those resolved.
    pub fn secret_of(&self, key: &RefKey) -> Option<&SecretValue> {
        self.0.by_ref.get(key)
    }

    /// How an owner fares. `None`: it has no secrets in use.
    pub fn owner_state(&self, owner: &Owner) -> Option<OwnerState> {
        self.0.owners.get(owner).copied()
    }

    /// All owners and how they fare.
    pub fn owners(&self) -> impl Iterator<Item = (&Owner, OwnerState)> {
        self.0.owners.iter().map(|(owner, state)| (owner, *state))
    }

    /// The secrets that are missing, whose they are, and why. The reasons name ids; logs show the path only.
    pub fn missing(&self) -> impl Iterator<Item = (&Path, &Owner, &SecretError)> {
        self.0
            .surfaces
            .iter()
            .filter_map(|surface| Some((&surface.path, &surface.owner, surface.value.as_ref().err()?)))
    }

    /// What a person should know.
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// Every value, for redaction.
    pub fn values(&self) -> impl Iterator<Item = &SecretValue> {
        let plain = self
            .0
            .surfaces
            .iter()
            .filter_map(|surface| surface.value.as_ref().ok());
        plain.chain(self.0.by_ref.values())
    }
}

impl Inner {
    fn add(&mut self, path: Path, owner: Owner, value: Result<SecretValue, SecretError>) {
        let state = self.owners.entry(owner.clone()).or_insert(OwnerState::Healthy);
        if value.is_err() {
            *state = OwnerState::Cold;
            self.warnings.push(Warning {
                code: "SECRETS_DEGRADED",
                path: path.clone(),
                message: format!("{owner} starts without its secret; fix the provider, then run \"openclaw secrets reload\""),
            });
        }
        self.by_path.insert(path.to_string(), self.surfaces.len());
        self.surfaces.push(Surface {
            path,
            owner,
            value,
            cold: false,
        });
    }

    /// Lets every secret of a cold owner know, so that reading one looks nothing else up.
    fn close_cold(&mut self) {
        for surface in &mut self.surfaces {
            surface.cold = self.owners.get(&surface.owner) == Some(&OwnerState::Cold);
        }
    }
}

fn warnings_of(place: &Place, inactive: Option<&'static str>) -> Vec<Warning> {
    let warning = |code, message: &str| Warning {
        code,
        path: place.path.clone(),
        message: message.to_owned(),
    };
    let mut warnings = Vec::new();
    if place.overrides_plaintext {
        warnings.push(warning(
            "SECRETS_REF_OVERRIDES_PLAINTEXT",
            "the reference is used; remove the plain text beside it",
        ));
    }
    let is_ref = matches!(place.held, Held::Ref(_));
    if place.path.starts_with(&["gateway", "auth"]) && is_ref {
        let message = inactive.map_or("active".to_owned(), |reason| format!("inactive: {reason}"));
        warnings.push(warning("SECRETS_GATEWAY_AUTH_SURFACE", &message));
    } else if let Some(reason) = inactive.filter(|_| is_ref) {
        warnings.push(warning("SECRETS_REF_IGNORED_INACTIVE_SURFACE", reason));
    }
    warnings
}

/// The snapshot that everybody reads and one writer replaces.
#[derive(Default)]
pub struct SnapshotCell(ArcSwap<Snapshot>);

impl SnapshotCell {
    /// A cell that holds this snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(snapshot))
    }

    /// The current snapshot, to keep as long as one likes.
    pub fn current(&self) -> Snapshot {
        Snapshot::clone(&self.0.load())
    }

    /// Reads from the current snapshot without taking a share in it.
    pub fn read<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        read(&self.0.load())
    }

    /// Replaces the snapshot. Those who hold the former one keep it.
    pub fn publish(&self, snapshot: Snapshot) {
        self.0.store(Arc::new(snapshot));
    }
}
