//! How much memory guests have: each call, and all of them together.
//!
//! **Promise.** All memories and tables of a call count as one, and what was taken is given back when its store
//! is dropped. So does what this host keeps for it. Of the memory of all guests a part in [`KEPT`] goes only to holders,
//! an extension or an account of one, that have little, so that a few who take all they can get keep no other out; and who
//! is refused for having much is told so. **Bound.** A holder has little up to a part in [`LITTLE`], and so many of those
//! parts are kept. **Cost.** A lock for each growth.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_policy::{Effective, Limit, Setting};
use wasmtime::ResourceLimiter;

use crate::limits::{Budget, Stop};

/// Of so many parts of the memory one is for those who have little.
const KEPT: u64 = 4;
/// A holder has little as long as it has at most one of so many parts: 128 MiB of the usual 4 GiB.
const LITTLE: u64 = 32;

/// Memory of all guests of the process.
pub(crate) struct GuestMemory {
    used: Mutex<Used>,
    ceiling: u64,
}

#[derive(Default)]
struct Used {
    all: u64,
    holders: HashMap<String, u64>,
}

impl GuestMemory {
    pub(crate) fn new(ceiling: u64) -> Arc<Self> {
        Arc::new(Self {
            used: Mutex::default(),
            ceiling,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, holder: &str, bytes: u64) -> Result<(), Stop> {
        let mut used = self.lock();
        let before = used.holders.get(holder).copied().unwrap_or_default();
        let (own, all) = (before.saturating_add(bytes), used.all.saturating_add(bytes));
        let has_little = own <= self.ceiling / LITTLE;
        let kept = if has_little { 0 } else { self.ceiling / KEPT };
        if all > self.ceiling - kept {
            return Err(match has_little {
                true => Stop::HostMemory(self.ceiling),
                false => Stop::Share(before),
            });
        }
        used.all = all;
        match used.holders.get_mut(holder) {
            Some(held) => *held = own,
            None => drop(used.holders.insert(holder.to_owned(), own)),
        }
        Ok(())
    }

    fn give_back(&self, holder: &str, bytes: u64) {
        let mut used = self.lock();
        used.all = used.all.saturating_sub(bytes);
        if let Some(held) = used.holders.get_mut(holder) {
            *held = held.saturating_sub(bytes);
            if *held == 0 {
                used.holders.remove(holder);
            }
        }
    }

    /// What all have together.
    pub(crate) fn used(&self) -> u64 {
        self.lock().all
    }
}

/// What a call's memories and tables hold, all of them together, and what is kept for it here.
pub(crate) struct Room {
    memory: Setting,
    bytes: u64,
    tables: Budget,
    all: Arc<GuestMemory>,
    holder: String,
    /// Taken for the growth under way, which may still fail.
    pending: u64,
    /// Bytes of what this host keeps for the call.
    kept: u64,
}

impl Room {
    pub(crate) fn new(limits: &Effective, all: Arc<GuestMemory>, holder: String) -> Self {
        Self {
            memory: limits.get(Limit::Memory),
            bytes: 0,
            tables: Budget::new(limits, Limit::TableElements),
            all,
            holder,
            pending: 0,
            kept: 0,
        }
    }

    /// What the memories have together.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn grow(&mut self, by: u64) -> Result<(), Stop> {
        let total = self.bytes.saturating_add(by);
        if total > self.memory.amount.get() {
            return Err(Stop::Limit(self.memory));
        }
        self.all.take(&self.holder, by)?;
        self.bytes = total;
        self.pending = by;
        Ok(())
    }

    /// Counts what this host is about to keep until the call is over.
    pub(crate) fn keep(&mut self, bytes: u64) -> Result<(), Stop> {
        self.all.take(&self.holder, bytes)?;
        self.kept += bytes;
        Ok(())
    }

    /// Nothing is kept here for the instance any more.
    pub(crate) fn clear(&mut self) {
        self.all.give_back(&self.holder, std::mem::take(&mut self.kept));
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.give_back(&self.holder, self.bytes + self.kept);
    }
}

/// How much something grows; the engine counts in what the machine can address.
fn growth(current: usize, desired: usize) -> u64 {
    desired.saturating_sub(current) as u64
}

impl ResourceLimiter for Room {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.pending = 0;
        // Beyond its own maximum the growth fails by the guest's own rules.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(growth(current, desired))?;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        let failed = std::mem::take(&mut self.pending);
        self.bytes -= failed;
        self.all.give_back(&self.holder, failed);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.tables.spend(growth(current, desired))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use openclaw_policy::LimitSet;

    use super::*;

    fn limits(set: &[(Limit, u64)]) -> Effective {
        let mut request = LimitSet::default();
        for (limit, amount) in set {
            request.set(*limit, *amount).unwrap();
        }
        Effective::new(request, LimitSet::default())
    }

    fn room(all: &Arc<GuestMemory>, holder: &str, limits: &Effective) -> Room {
        Room::new(limits, Arc::clone(all), holder.to_owned())
    }

    #[test]
    fn memories_are_summed_and_given_back() {
        let all = GuestMemory::new(1 << 30);
        let mut room = room(&all, "a", &limits(&[(Limit::Memory, 3 << 20)]));
        assert!(room.memory_growing(0, 2 << 20, None).unwrap());
        assert!(room.memory_growing(0, 1 << 20, None).unwrap());
        let error = room.memory_growing(1 << 20, 2 << 20, None).unwrap_err();
        let stop = error.downcast_ref::<Stop>().unwrap();
        assert!(
            matches!(stop, Stop::Limit(setting) if setting.limit == Limit::Memory),
            "{stop}"
        );
        drop(room);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn a_growth_that_failed_takes_nothing() {
        let all = GuestMemory::new(1 << 30);
        let mut room = room(&all, "a", &limits(&[(Limit::Memory, 1 << 20)]));
        room.memory_growing(0, 1 << 20, None).unwrap();
        room.memory_grow_failed(wasmtime::format_err!("no memory"))
            .unwrap();
        assert_eq!(all.used(), 0);
        assert!(room.memory_growing(0, 1 << 20, None).unwrap());
    }

    #[test]
    fn all_guests_together_have_a_ceiling() {
        let all = GuestMemory::new(1 << 20);
        let usual = limits(&[]);
        let little = 1 << 15;
        let mut few: Vec<_> = (0..32)
            .map(|number| room(&all, &number.to_string(), &usual))
            .collect();
        for room in &mut few {
            room.memory_growing(0, little, None).unwrap();
        }
        let mut late = room(&all, "late", &usual);
        let error = late.memory_growing(0, little, None).unwrap_err();
        assert_eq!(error.downcast_ref::<Stop>(), Some(&Stop::HostMemory(1 << 20)));
        few.pop();
        assert!(late.memory_growing(0, little, None).unwrap());
    }

    #[test]
    fn who_takes_all_that_there_is_leaves_some_to_those_who_have_little() {
        let all = GuestMemory::new(1 << 20);
        let usual = limits(&[]);
        let (mut greedy, mut again) = (room(&all, "greedy", &usual), room(&all, "greedy", &usual));
        greedy.memory_growing(0, 3 << 18, None).unwrap();
        // It is the holder that has much, not the call.
        let error = again.memory_growing(0, 1 << 15, None).unwrap_err();
        assert_eq!(error.downcast_ref::<Stop>(), Some(&Stop::Share(3 << 18)));
        let mut honest = room(&all, "honest", &usual);
        assert!(honest.memory_growing(0, 1 << 15, None).unwrap());
        let error = honest.memory_growing(1 << 15, 1 << 16, None).unwrap_err();
        assert_eq!(error.downcast_ref::<Stop>(), Some(&Stop::Share(1 << 15)));
        drop(greedy);
        assert!(honest.memory_growing(1 << 15, 1 << 16, None).unwrap());
    }

    #[test]
    fn what_is_kept_for_a_call_is_memory_and_comes_back() {
        let all = GuestMemory::new(1 << 20);
        let mut keeper = room(&all, "a", &limits(&[]));
        keeper.keep(3 << 18).unwrap();
        assert_eq!(keeper.keep(1), Err(Stop::Share(3 << 18)));
        keeper.clear();
        assert_eq!(all.used(), 0);
        keeper.keep(1).unwrap();
        drop(keeper);
        assert_eq!((all.used(), all.lock().holders.len()), (0, 0));
    }
}
