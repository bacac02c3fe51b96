//! The directories of one component: where it finds each, and what it may do there.
//!
//! **Promise.** No two of them reach the same file, as far as names go: neither is the other or inside it. What
//! the system mounts inside a directory is not reached through it, so it is no part of it.

use std::sync::Arc;

use openclaw_policy::capability::files::{Access, GuestPath};

use super::error::Error;
use super::tree::Tree;

/// One directory of one component.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where the component finds it.
    pub path: GuestPath,
    /// What the component may do there.
    pub access: Access,
    /// What it finds.
    pub tree: Arc<Tree>,
    /// Whether it may make symbolic links in it, which nobody grants: only the gateway's own programs may, where nobody
    /// else looks.
    pub links: bool,
}

/// All directories of one component.
#[derive(Clone, Debug, Default)]
pub struct Mounts(Vec<Mount>);

impl Mounts {
    /// Takes directories that do not overlap, neither for the component nor on this machine.
    pub fn new(mounts: Vec<Mount>) -> Result<Self, Error> {
        for (index, mount) in mounts.iter().enumerate() {
            for other in mounts.iter().skip(index + 1) {
                if mount.path.is_within(&other.path) || other.path.is_within(&mount.path) {
                    return Err(Error::GuestOverlap {
                        guest: mount.path.clone(),
                        other: other.path.clone(),
                    });
                }
                if mount.tree.overlaps(&other.tree) {
                    return Err(Error::Overlap {
                        guest: mount.path.clone(),
                        path: mount.tree.path().to_owned(),
                        other_guest: other.path.clone(),
                        other: other.tree.path().to_owned(),
                    });
                }
            }
        }
        Ok(Self(mounts))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter()
    }
}
