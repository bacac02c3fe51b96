//! What a directory holds, counted against its quota.
//!
//! **Promise.** Room is taken before it is used, in one step that only one caller can win; what was not used in
//! the end is given back. The count is never less than what the guests of this process have written.
//!
//! **Cost.** A lock that is held for some additions, never for a system call.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A count that turned out too high is checked again no sooner than after this time.
const RECOUNT_AFTER: Duration = Duration::from_secs(30);

/// How much a directory may hold, whoever wrote it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    /// Bytes of all files, by their length: a hole counts as what it may become.
    pub bytes: u64,
    /// Files and directories.
    pub entries: u64,
}

/// An amount of room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Room {
    pub(super) bytes: u64,
    pub(super) entries: u64,
}

impl Room {
    pub(super) const ENTRY: Self = Self { bytes: 0, entries: 1 };

    pub(super) fn bytes(bytes: u64) -> Self {
        Self { bytes, entries: 0 }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            entries: self.entries.saturating_add(other.entries),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            entries: self.entries.saturating_sub(other.entries),
        }
    }

    fn is_within(self, quota: Quota) -> bool {
        self.bytes <= quota.bytes && self.entries <= quota.entries
    }
}

/// The count of one directory.
pub(super) struct Account {
    state: Mutex<State>,
}

struct State {
    quota: Quota,
    used: Room,
    /// Of what is used: taken, and not yet on the disk for certain.
    taken: Room,
    /// All that was ever taken, to tell what was taken during a count.
    ever: Room,
    counted: Option<Counted>,
}

struct Counted {
    at: Instant,
    /// Whether everything was seen. If not, there is more than the quota allows.
    whole: bool,
}

/// Where a count began.
pub(super) struct Start {
    taken: Room,
    ever: Room,
}

impl Account {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            state: Mutex::new(State {
                quota,
                used: Room::default(),
                taken: Room::default(),
                ever: Room::default(),
                counted: None,
            }),
        }
    }

    pub(super) fn quota(&self) -> Quota {
        self.state().quota
    }

    /// Lets the directory hold so much from now on. What is in it already stays.
    pub(super) fn set_quota(&self, quota: Quota) {
        let mut state = self.state();
        if state.quota != quota {
            state.quota = quota;
            // A count that stopped at the old quota says nothing about the new one.
            state.counted = state.counted.take().filter(|counted| counted.whole);
        }
    }

    /// Takes room, if there is. A directory that was not counted yet has none.
    pub(super) fn take(&self, room: Room) -> Option<Taken<'_>> {
        let mut state = self.state();
        if room != Room::default() {
            let used = state.used.plus(room);
            let known = state.counted.as_ref().is_some_and(|counted| counted.whole);
            if !known || !used.is_within(state.quota) {
                return None;
            }
            state.used = used;
            state.taken = state.taken.plus(room);
            state.ever = state.ever.plus(room);
        }
        Some(Taken { account: self, room })
    }

    /// Gives back what was removed.
    pub(super) fn give_back(&self, room: Room) {
        let mut state = self.state();
        state.used = state.used.minus(room);
    }

    /// Whether to count (again) when there is no room.
    pub(super) fn is_stale(&self) -> bool {
        let counted = self.state().counted.as_ref().map(|counted| counted.at.elapsed());
        counted.is_none_or(|age| age >= RECOUNT_AFTER)
    }

    pub(super) fn begin_count(&self) -> Start {
        let state = self.state();
        Start {
            taken: state.taken,
            ever: state.ever,
        }
    }

    /// Replaces the count by what was found, and by what was under way or taken meanwhile: some of it may be
    /// counted twice until the next count, none is left out.
    pub(super) fn end_count(&self, start: &Start, found: Room, whole: bool) {
        let mut state = self.state();
        state.used = found.plus(start.taken).plus(state.ever.minus(start.ever));
        state.counted = Some(Counted {
            at: Instant::now(),
            whole,
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> Room {
        self.state().used
    }

    /// As if the last count were long ago.
    #[cfg(test)]
    pub(super) fn age(&self) {
        if let Some(counted) = &mut self.state().counted {
            counted.at -= RECOUNT_AFTER;
        }
    }
}

/// Room that was taken. Dropped, it goes back.
#[must_use]
pub(super) struct Taken<'a> {
    account: &'a Account,
    room: Room,
}

impl Taken<'_> {
    /// Keeps as much as was used, the rest goes back.
    pub(super) fn keep(self, used: Room) {
        self.settle(used);
        std::mem::forget(self);
    }

    fn settle(&self, used: Room) {
        let mut state = self.account.state();
        state.taken = state.taken.minus(self.room);
        state.used = state.used.minus(self.room.minus(used));
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.settle(Room::default());
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("quota", &self.quota())
            .finish_non_exhaustive()
    }
}
