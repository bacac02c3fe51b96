//! A rule such as "GET and POST on two paths" is a set of single permissions. Compared are those, so that it does
//! not matter how a request groups them.

use crate::error::{Error, Result};

/// The most single permissions that one kind of request may have.
pub const MAX_ATOMS: usize = 256;

/// One permission. `covers` is a partial order: what covers each other is equal.
pub(crate) trait Atom: Clone + Ord {
    fn covers(&self, asked: &Self) -> bool;
}

/// What is asked and covered by nothing that is granted.
pub(crate) fn beyond<A: Atom>(granted: &[A], asked: &[A]) -> Vec<A> {
    let covered = |asked: &A| granted.iter().any(|granted| granted.covers(asked));
    asked.iter().filter(|asked| !covered(asked)).cloned().collect()
}

/// Refuses a request of too many permissions before it is expanded.
pub(crate) fn check_count(kind: &'static str, counts: impl Iterator<Item = usize>) -> Result<()> {
    let count = counts.fold(0_usize, usize::saturating_add);
    if count > MAX_ATOMS {
        let what = format!("{count} single permissions; at most {MAX_ATOMS} are read, so ask more broadly");
        return Err(Error::conflict(kind, what));
    }
    Ok(())
}

/// The same permissions without those that others cover, sorted.
pub(crate) fn reduce<A: Atom>(mut atoms: Vec<A>) -> Vec<A> {
    atoms.sort();
    atoms.dedup();
    let kept = atoms
        .iter()
        .filter(|atom| !atoms.iter().any(|other| other != *atom && other.covers(atom)));
    kept.cloned().collect()
}
