//! Who holds which file of a tree open.
//!
//! A file that was removed while it is open takes up room until the last holder closes it; only who knows all
//! holders can say when to give that room back.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex};

use rustix::io::Errno;

use super::account::Room;
use super::meta::{Inode, Meta};

/// The open files of a tree.
#[derive(Default)]
pub(super) struct Holders {
    files: HashMap<Inode, Held>,
    next: u64,
}

struct Held {
    sizes: Arc<Mutex<()>>,
    by: HashMap<u64, Arc<File>>,
}

/// One hold on one file.
pub(super) struct Hold {
    pub(super) inode: Inode,
    /// Held while the size of the file changes.
    pub(super) sizes: Arc<Mutex<()>>,
    number: u64,
}

impl Holders {
    /// Notes a file that was opened. One that was removed in between is gone: its room may be given back already.
    pub(super) fn add(&mut self, file: &Arc<File>) -> Result<Hold, Errno> {
        let meta = Meta::of(file)?;
        if meta.links == 0 {
            return Err(Errno::NOENT);
        }
        let number = self.next;
        self.next += 1;
        let held = self.files.entry(meta.inode).or_insert_with(|| Held {
            sizes: Arc::default(),
            by: HashMap::new(),
        });
        held.by.insert(number, Arc::clone(file));
        Ok(Hold {
            inode: meta.inode,
            sizes: Arc::clone(&held.sizes),
            number,
        })
    }

    /// Lets go of a file, and returns the room that comes free by that.
    pub(super) fn remove(&mut self, hold: &Hold) -> Room {
        let Some(held) = self.files.get_mut(&hold.inode) else {
            return Room::default();
        };
        let Some(file) = held.by.remove(&hold.number) else {
            return Room::default();
        };
        if !held.by.is_empty() {
            return Room::default();
        }
        self.files.remove(&hold.inode);
        room_of_orphan(&file).unwrap_or_default()
    }

    pub(super) fn has(&self, inode: Inode) -> bool {
        self.files.contains_key(&inode)
    }

    /// The room of all files that have no name any more.
    pub(super) fn orphans(&self) -> Result<Room, Errno> {
        let mut room = Room::default();
        for file in self.files.values().filter_map(|held| held.by.values().next()) {
            room = room.plus(room_of_orphan(file)?);
        }
        Ok(room)
    }
}

fn room_of_orphan(file: &File) -> Result<Room, Errno> {
    let meta = Meta::of(file)?;
    Ok(match meta.links {
        0 => Room::ENTRY.plus(Room::bytes(meta.size)),
        _ => Room::default(),
    })
}
