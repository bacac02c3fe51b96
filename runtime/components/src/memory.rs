//! How much memory guests have: each call, and all of them together.
//!
//! **Promise.** All memories and tables of a call count as one, and what was taken is given back when its store
//! is dropped. **Cost.** Some additions for each growth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openclaw_policy::{Effective, Limit, Setting};
use wasmtime::ResourceLimiter;

use crate::limits::{Budget, Stop};

/// Memory of all guests of the process.
pub(crate) struct GuestMemory {
    used: AtomicU64,
    ceiling: u64,
}

impl GuestMemory {
    pub(crate) fn new(ceiling: u64) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(0),
            ceiling,
        })
    }

    fn take(&self, bytes: u64) -> Result<(), Stop> {
        let within = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.ceiling);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within);
        taken.map(drop).map_err(|_| Stop::HostMemory(self.ceiling))
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// What a call's memories and tables hold, all of them together.
pub(crate) struct Room {
    memory: Setting,
    bytes: u64,
    tables: Budget,
    all: Arc<GuestMemory>,
    /// Taken for the growth under way, which may still fail.
    pending: u64,
}

impl Room {
    pub(crate) fn new(limits: &Effective, all: Arc<GuestMemory>) -> Self {
        Self {
            memory: limits.get(Limit::Memory),
            bytes: 0,
            tables: Budget::new(limits, Limit::TableElements),
            all,
            pending: 0,
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
        self.all.take(by)?;
        self.bytes = total;
        self.pending = by;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.give_back(self.bytes);
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
        self.all.give_back(failed);
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

    #[test]
    fn memories_are_summed_and_given_back() {
        let all = GuestMemory::new(1 << 30);
        let mut room = Room::new(&limits(&[(Limit::Memory, 3 << 20)]), Arc::clone(&all));
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
        let mut room = Room::new(&limits(&[(Limit::Memory, 1 << 20)]), Arc::clone(&all));
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
        let (mut one, mut two) = (
            Room::new(&usual, Arc::clone(&all)),
            Room::new(&usual, Arc::clone(&all)),
        );
        one.memory_growing(0, 1 << 20, None).unwrap();
        let error = two.memory_growing(0, 1 << 16, None).unwrap_err();
        assert_eq!(error.downcast_ref::<Stop>(), Some(&Stop::HostMemory(1 << 20)));
        drop(one);
        assert!(two.memory_growing(0, 1 << 16, None).unwrap());
    }
}
