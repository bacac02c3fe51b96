//! A small store of the component's own, with a quota.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// How much a component may store.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kv {
    /// Bytes of keys and values together.
    pub quota: Bytes,
    /// How many keys; 1000 if left out.
    #[serde(default = "usual_entries")]
    pub entries: NonZeroU32,
}

fn usual_entries() -> NonZeroU32 {
    const USUAL: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
    USUAL
}

impl Kv {
    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        self.quota >= asked.quota && self.entries >= asked.entries
    }
}
