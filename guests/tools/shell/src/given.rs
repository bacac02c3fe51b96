//! The environment that a run was given, as a session remembers it.
//!
//! **Promise.** Of a value only a salted hash is kept: what the host writes down tells nobody what it was, and tells the
//! next run whether it is another one now. **Cost.** A hash for each variable.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::random;

/// How long the salt is, in bytes.
const SALT: usize = 16;

/// The variables of a run, without their values.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Given {
    /// The same in all runs of a session: what did not change is the same bytes.
    salt: String,
    marks: BTreeMap<String, String>,
}

impl Given {
    /// None yet.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            salt: hex(&random::bytes(SALT)?),
            marks: BTreeMap::new(),
        })
    }

    /// Takes these in place of those before.
    pub(crate) fn take(&mut self, variables: &BTreeMap<String, String>) {
        let marks = variables
            .iter()
            .map(|(name, value)| (name.clone(), self.mark(name, value)));
        self.marks = marks.collect();
    }

    /// Whether a variable was given with this value.
    pub(crate) fn had(&self, name: &str, value: &str) -> bool {
        self.marks
            .get(name)
            .is_some_and(|mark| *mark == self.mark(name, value))
    }

    fn mark(&self, name: &str, value: &str) -> String {
        let mut hash = Sha256::new();
        for part in [&self.salt, name, value] {
            hash.update(part);
            hash.update([0]);
        }
        hex(&hash.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
