//! The shelf of secrets that a server issued at run time. A clone is the same shelf, so it outlives the vault that
//! put something on it; what a later grant does not let capture is not found there. It ends with the gateway.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use openclaw_secrets::SecretValue;
use parking_lot::RwLock;

/// How long a captured secret is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keep {
    /// In memory, until the gateway ends.
    UntilRestart,
    /// Beyond that, in a store that the operator named.
    Lasting,
}

/// The captured secrets of one extension and account.
#[derive(Clone, Default)]
pub struct Captured(Arc<RwLock<Shelf>>);

#[derive(Default)]
struct Shelf {
    values: BTreeMap<String, SecretValue>,
    /// Counts the changes.
    version: u64,
}

impl Captured {
    pub(super) fn get(&self, name: &str) -> Option<SecretValue> {
        self.0.read().values.get(name).cloned()
    }

    pub(super) fn put(&self, name: &str, value: SecretValue) {
        let mut shelf = self.0.write();
        shelf.values.insert(name.to_owned(), value);
        shelf.version = shelf.version.wrapping_add(1);
    }

    pub(super) fn remove(&self, name: &str) -> bool {
        let mut shelf = self.0.write();
        let was = shelf.values.remove(name).is_some();
        shelf.version = shelf.version.wrapping_add(u64::from(was));
        was
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.read().values.keys().cloned().collect()
    }

    pub(super) fn version(&self) -> u64 {
        self.0.read().version
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.read().values.keys()).finish()
    }
}
