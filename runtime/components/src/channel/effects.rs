//! What a handler knows of its account, and what it asked for.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use openclaw_state::{KvQuota, Namespace, Tx};
use serde::{Deserialize, Serialize};

use super::seat::full;
use super::{InboundEvent, SocketChange, StartRequest, WitError, bounds};

/// What is committed of an account when one of its functions is called.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its state as it was saved last; none at first.
    pub state: Option<Bytes>,
    /// Its cursors, with their positions.
    pub cursors: BTreeMap<String, String>,
    /// Its timers, with when they are due in milliseconds since 1970.
    pub timers: BTreeMap<String, u64>,
    /// The tokens of its requests in flight.
    pub in_flight: BTreeSet<String>,
}

/// A position in a platform's stream of events.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Cursor {
    /// Which stream.
    pub name: String,
    /// The position.
    pub position: String,
}

/// A timer that is to be set or taken back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TimerChange {
    /// Set anew, in the place of one of this name.
    Set {
        /// Its name.
        name: String,
        /// When it is due, in milliseconds since 1970.
        due: u64,
    },
    /// Taken back.
    Cancel {
        /// Its name.
        name: String,
    },
}

/// What a handler asked for. All of it takes effect in one transaction, or none; then the requests are begun and the
/// connections changed.
#[derive(Debug, Default)]
pub struct Effects {
    /// What came in, in order.
    pub delivered: Vec<InboundEvent>,
    /// The new state, if there is one.
    pub state: Option<Vec<u8>>,
    /// Cursors that moved; each once.
    pub cursors: Vec<Cursor>,
    /// Timers that changed; each once.
    pub timers: Vec<TimerChange>,
    /// Writes to the key-value store.
    pub kv: KvChanges,
    /// Tokens of requests that are to be given up, before any is begun.
    pub cancelled: Vec<String>,
    /// Requests to begin, for [`super::Adapter::perform`]. One in flight under the same token is given up first.
    pub requests: Vec<StartRequest>,
    /// Changes of connections, in order, for [`super::Adapter::change_sockets`].
    pub sockets: Vec<SocketChange>,
}

/// Writes to the key-value store that wait for the commit.
#[derive(Debug, Default)]
pub struct KvChanges {
    pub(super) store: Option<(Namespace, KvQuota)>,
    pub(super) changes: BTreeMap<String, KvChange>,
}

/// What is to become of one key.
#[derive(Debug, Default)]
pub(super) struct KvChange {
    /// What was there, where the handler decided by it.
    pub(super) seen: Option<Option<Vec<u8>>>,
    /// What is to be there.
    pub(super) value: Option<Vec<u8>>,
}

impl KvChanges {
    pub(crate) fn written(&self, key: &str) -> Option<&Option<Vec<u8>>> {
        self.changes.get(key).map(|change| &change.value)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Option<Vec<u8>>)> {
        self.changes.iter().map(|(key, change)| (key, &change.value))
    }

    pub(crate) fn put(
        &mut self,
        store: (Namespace, KvQuota),
        key: String,
        value: Option<Vec<u8>>,
    ) -> Result<(), WitError> {
        if !self.changes.contains_key(&key) && self.changes.len() >= bounds::KV_CHANGES {
            return Err(full("keys that one call writes", bounds::KV_CHANGES));
        }
        self.store = Some(store);
        let change = self.changes.entry(key).or_default();
        change.value = value;
        Ok(())
    }

    /// Remembers what the handler decided by.
    pub(crate) fn see(&mut self, key: &str, seen: Option<Vec<u8>>) {
        if let Some(change) = self.changes.get_mut(key) {
            change.seen = Some(seen);
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Writes all of it, or says false without a write if something that the handler decided by has changed since;
    /// then its event is to be handled again. An error may leave a part, so the transaction must end with it.
    pub fn write(&self, tx: &Tx<'_>) -> openclaw_state::Result<bool> {
        let Some((store, quota)) = &self.store else {
            return Ok(true);
        };
        for (key, change) in &self.changes {
            if let Some(seen) = &change.seen
                && tx.kv_get(store, key)? != *seen
            {
                return Ok(false);
            }
        }
        // What is deleted makes room for what is written.
        for (key, change) in &self.changes {
            if change.value.is_none() {
                tx.kv_delete(store, key)?;
            }
        }
        for (key, change) in &self.changes {
            if let Some(value) = &change.value {
                tx.kv_put(store, key, value, quota)?;
            }
        }
        Ok(true)
    }
}
