//! A loaded config as one unchanging value, and the cell that holds the current one.
//!
//! A snapshot is a pointer: cloning it is cheap, and whoever holds one sees a config that fits together. Reading
//! the cell takes no lock; replacing what it holds is one swap, so that nobody sees a mix of old and new.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::diff::{Change, diff};
use crate::environment::Environment;
use crate::inert;
use crate::issue::{Issue, Position};
use crate::known::Unused;
use crate::path::Path;
use crate::place::Place;
use crate::sources::Sources;
use crate::syntax;

/// A loaded config. `T` is its typed form, with defaults applied.
pub struct Snapshot<T>(Arc<Loaded<T>>);

/// What loading a config yields.
pub struct Loaded<T> {
    /// The typed config, defaults applied, references to secrets unresolved.
    pub config: T,
    /// The config after includes, environment and older spellings, before defaults.
    pub source: Value,
    /// Where it lives.
    pub place: Place,
    /// Whether the file exists.
    pub exists: bool,
    /// The environment that it and its secrets see.
    pub environment: Environment,
    /// The files that it was read from.
    pub sources: Sources,
    /// What should be looked at.
    pub warnings: Vec<Issue>,
    /// Older spellings that were read as the current ones.
    pub notices: Vec<Issue>,
    /// What is valid and has no effect here.
    pub unused: Vec<Unused>,
    pub(crate) moves: crate::legacy::Changes,
    pub(crate) authored: OnceLock<Value>,
}

impl<T> Loaded<T> {
    /// What the root file says, with its includes, references and older spellings as they were typed.
    pub fn authored(&self) -> &Value {
        self.authored.get_or_init(|| {
            let text = self.sources.files().first().map(|file| syntax::parse(&file.text));
            text.and_then(Result::ok)
                .map_or_else(|| Value::Object(serde_json::Map::new()), |parsed| parsed.value)
        })
    }

    /// What stands in the typed config all the same, and nothing here acts on.
    pub fn inert(&self) -> Vec<Unused> {
        inert::find(&self.source)
    }

    /// Where a place of the config is written, or the closest thing around it that is.
    pub fn position(&self, path: &Path) -> Option<Position> {
        position(&self.sources, &self.moves, path)
    }
}

/// Where a place of the source value is written, seen through the older spellings.
pub(crate) fn position(sources: &Sources, moves: &crate::legacy::Changes, path: &Path) -> Option<Position> {
    let (here, found) = sources.locate(path)?;
    let before = moves.before(path);
    if found == path.segments().len() || before == *path {
        return Some(here);
    }
    // The old spelling, unless the new one leads closer.
    match sources.locate(&before) {
        Some((there, reached)) if before.segments().len() - reached <= path.segments().len() - found => {
            Some(there)
        }
        _ => Some(here),
    }
}

impl<T> Snapshot<T> {
    pub(crate) fn new(loaded: Loaded<T>) -> Self {
        Self(Arc::new(loaded))
    }

    /// What differs in `newer`.
    pub fn diff(&self, newer: &Self) -> Vec<Change> {
        diff(&self.source, &newer.source)
    }
}

impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Snapshot<T> {
    type Target = Loaded<T>;

    fn deref(&self) -> &Loaded<T> {
        &self.0
    }
}

/// Shows where the config is from, and nothing that it says.
impl<T> std::fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("path", &self.place.config_path)
            .field("exists", &self.exists)
            .finish_non_exhaustive()
    }
}

/// The cell that holds the current snapshot.
pub struct Current<T>(ArcSwap<Loaded<T>>);

impl<T> Current<T> {
    /// A cell that holds `snapshot`.
    pub fn new(snapshot: Snapshot<T>) -> Self {
        Self(ArcSwap::new(snapshot.0))
    }

    /// The current snapshot.
    pub fn get(&self) -> Snapshot<T> {
        Snapshot(self.0.load_full())
    }

    /// Makes `snapshot` the current one and returns the one before.
    pub fn replace(&self, snapshot: Snapshot<T>) -> Snapshot<T> {
        Snapshot(self.0.swap(snapshot.0))
    }
}
