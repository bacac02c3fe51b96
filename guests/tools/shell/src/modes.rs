//! Access modes, which the host's folders do not have.
//!
//! **Promise.** What `chmod` said stays true for as long as the session lives: the modes lie in a file beside the
//! session's state, where no script can reach. **Bound.** [`MOST`] paths; those that are gone are dropped when the file is
//! written. A file that nobody changed the mode of has none here. **Cost.** One small file per run, written only when a
//! mode changed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::aside;

/// How many paths are remembered.
const MOST: usize = 20_000;

/// The modes that were changed, by path.
#[derive(Debug, Default)]
pub(crate) struct Modes {
    set: BTreeMap<PathBuf, u32>,
    changed: bool,
}

impl Modes {
    /// Reads what an earlier run left. A line that makes no sense is left out.
    pub(crate) fn load(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = |line: &str| {
            let (mode, path) = line.split_once(' ')?;
            let path: String = serde_json::from_str(path).ok()?;
            Some((PathBuf::from(path), u32::from_str_radix(mode, 8).ok()?))
        };
        Self {
            set: text.lines().filter_map(line).take(MOST).collect(),
            changed: false,
        }
    }

    /// Writes them, if any changed, without those of paths for which `is_there` says no.
    pub(crate) fn save(&mut self, file: &Path, is_there: impl Fn(&Path) -> bool) -> io::Result<()> {
        if !self.changed {
            return Ok(());
        }
        self.set.retain(|path, _| is_there(path));
        let mut text = String::new();
        for (path, mode) in self.set.iter().take(MOST) {
            if let Ok(path) = serde_json::to_string(&path.to_string_lossy()) {
                text.push_str(&format!("{mode:o} {path}\n"));
            }
        }
        aside::write(file, text.as_bytes())?;
        self.changed = false;
        Ok(())
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
