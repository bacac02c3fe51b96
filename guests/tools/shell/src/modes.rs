//! Access modes, which the host's folders do not have.
//!
//! **Promise.** What `chmod` said stays true for as long as the session lives: the modes are a part of what it remembers,
//! where no script can reach. **Bound.** [`MOST`] paths; those that are gone are dropped when a mode changes. A file that
//! nobody changed the mode of has none here. **Cost.** A line of the session's memory for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many paths are remembered.
const MOST: usize = 5_000;

/// The modes that were changed, by path.
#[derive(Debug, Default)]
pub(crate) struct Modes {
    set: BTreeMap<PathBuf, u32>,
    changed: bool,
}

impl Modes {
    /// As an earlier run left them.
    pub(crate) fn new(kept: BTreeMap<String, u32>) -> Self {
        let set = kept.into_iter().take(MOST);
        Self {
            set: set.map(|(path, mode)| (path.into(), mode)).collect(),
            changed: false,
        }
    }

    /// What is to be kept: if something changed, without the paths for which `is_there` says no.
    pub(crate) fn kept(&mut self, is_there: impl Fn(&Path) -> bool) -> BTreeMap<String, u32> {
        if std::mem::take(&mut self.changed) {
            self.set.retain(|path, _| is_there(path));
        }
        let set = self.set.iter().take(MOST);
        set.map(|(path, mode)| (path.to_string_lossy().into_owned(), *mode))
            .collect()
    }

    /// The mode of a path, if it was ever changed.
    pub(crate) fn get(&self, path: &Path) -> Option<u32> {
        self.set.get(path).copied()
    }

    /// Remembers the mode of a path.
    pub(crate) fn set(&mut self, path: &Path, mode: u32) {
        self.changed |= self.set.insert(path.to_owned(), mode) != Some(mode);
    }

    /// Forgets a path and all below it.
    pub(crate) fn forget(&mut self, path: &Path) {
        let before = self.set.len();
        self.set.retain(|known, _| !known.starts_with(path));
        self.changed |= self.set.len() != before;
    }

    /// A path and all below it have another name now.
    pub(crate) fn rename(&mut self, from: &Path, to: &Path) {
        self.forget(to);
        let moved: Vec<(PathBuf, u32)> = self
            .set
            .iter()
            .filter_map(|(path, mode)| Some((to.join(path.strip_prefix(from).ok()?), *mode)))
            .collect();
        self.forget(from);
        for (path, mode) in moved {
            // Joining nothing leaves a slash behind, which compares equal.
            self.set(&path, mode);
        }
    }
}
