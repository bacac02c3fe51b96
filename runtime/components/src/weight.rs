//! What one instance of a module or a component makes, with all that is inside of it.
//!
//! **Promise.** Sums are checked as they grow, so that what is counted fits into the engine's places. **Bound.** Those of
//! the engine, and [`MAX_INSTANCES`]. **Cost.** Some additions.

use wasmtime::wasmparser::MemoryType;

use crate::engine::{CORE_INSTANCES, MEMORIES, TABLES};
use crate::error::{Bound, Result};
use crate::validate::check;

/// All instances that starting a component once would make.
const MAX_INSTANCES: u64 = 1000;
/// Bytes of a page, as a power of two, where a memory does not say otherwise.
const PAGE: u32 = 16;

/// How much it is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weight {
    instances: u64,
    modules: u64,
    memories: u64,
    tables: u64,
    bytes: u64,
}

impl Weight {
    /// A module with nothing in it.
    pub(crate) const MODULE: Self = Self {
        modules: 1,
        ..Self::COMPONENT
    };
    /// A component with nothing in it.
    pub(crate) const COMPONENT: Self = Self {
        instances: 1,
        modules: 0,
        memories: 0,
        tables: 0,
        bytes: 0,
    };

    /// A memory.
    pub(crate) fn memory(memory: &MemoryType) -> Self {
        let page = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(PAGE));
        Self {
            memories: 1,
            bytes: memory.initial.saturating_mul(page.unwrap_or(u64::MAX)),
            ..Self::default()
        }
    }

    /// So many tables.
    pub(crate) fn tables(tables: u64) -> Self {
        Self {
            tables,
            ..Self::default()
        }
    }

    /// How many bytes its memories begin with.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes
    }

    /// Adds what stands inside, or refuses the sum.
    pub(crate) fn add(&mut self, more: Self) -> Result<()> {
        self.instances = self.instances.saturating_add(more.instances);
        self.modules = self.modules.saturating_add(more.modules);
        self.memories = self.memories.saturating_add(more.memories);
        self.tables = self.tables.saturating_add(more.tables);
        self.bytes = self.bytes.saturating_add(more.bytes);
        check(Bound::Instances, self.instances, MAX_INSTANCES)?;
        check(Bound::Modules, self.modules, CORE_INSTANCES.into())?;
        check(Bound::Memories, self.memories, MEMORIES.into())?;
        check(Bound::Tables, self.tables, TABLES.into())
    }
}
