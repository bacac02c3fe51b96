//! The engine that guests run on, and its twin that compiles them.
//!
//! **Promise.** What one compiles the other runs: both have the same settings for code and memory. The running
//! one makes room for all guests when it starts, so that a call maps nothing and always finds the places that it
//! needs; where the address space is too small for that, it makes less room, or room call by call, which is slower and
//! otherwise alike.
//! **Bound.** The table below. **Cost.** Address space at the start, no memory.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmFeatures};

use crate::channel::WARM;
use crate::error::{Error, Result};
use crate::host::tools::MAX_DEPTH;

/// Address space of one memory: with all that 32 bits reach, and a guard behind it, no access needs a check.
const MEMORY_SPACE: u64 = 4 << 30;
const MEMORY_GUARD: u64 = 32 << 20;
/// What the guest's own frames may take of the stack below.
const GUEST_STACK: usize = 512 << 10;
/// Guest and host functions share one stack for each call; the host's part is the larger.
const STACK: usize = 2 << 20;
/// How much of the places that all calls could need together is tried, from the most. The last suits an address
/// space of 39 bits, where calls of components that need many places may find none.
const SHARES: [u32; 3] = [1, 4, 40];
/// The most calls at once for which places are made.
const CALLS: u32 = 256;
/// Python's components bring a module for each of their libraries, all others have a handful.
pub(crate) const CORE_INSTANCES: u32 = 200;
/// One for the program; linked libraries share it.
pub(crate) const MEMORIES: u32 = 8;
/// One for each library's function pointers, and a few of the toolchain's own.
pub(crate) const TABLES: u32 = 64;
/// The same of one module.
pub(crate) const TABLES_OF_MODULE: u32 = 16;
/// The highest ceiling that an operator can set for one table, which fixes the space for each.
pub(crate) const TABLE_ELEMENTS: usize = 200_000;
/// Counters and pointers of one instance: some 100 bytes for each import and export.
const INSTANCE_BYTES: usize = 1 << 20;
/// What of a used memory and table is wiped by hand, which is cheaper than asking the system for new pages.
const KEEP_MEMORY: usize = 256 << 10;
const KEEP_TABLE: usize = 16 << 10;
const KEEP_STACK: usize = 16 << 10;

/// The engine that runs guests.
pub(crate) struct Engine {
    pub(crate) wasmtime: wasmtime::Engine,
    pooled: bool,
}

impl Engine {
    /// Starts it for so many calls and runs in cells at once, with as much room as the address space allows.
    pub(crate) fn start(calls: usize, cells: usize) -> Result<Self> {
        for share in SHARES {
            let mut config = settings();
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls, cells, share)));
            if let Ok(wasmtime) = wasmtime::Engine::new(&config) {
                return Ok(Self {
                    wasmtime,
                    pooled: true,
                });
            }
        }
        Ok(Self {
            wasmtime: on_demand()?,
            pooled: false,
        })
    }

    /// Whether room for all guests was made at the start.
    pub(crate) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Tells compiled code of one version and setting of the engine, and of one kind of processor, from others.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.wasmtime.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    }
}

/// The engine of the process that compiles: it runs nothing, so it makes no room for guests.
pub(crate) fn on_demand() -> Result<wasmtime::Engine> {
    let mut config = settings();
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    wasmtime::Engine::new(&config).map_err(|error| Error::Engine(error.to_string()))
}

fn settings() -> Config {
    let mut config = Config::new();
    // Without concurrency one fiber carries a whole call, so that ticks reach all of it.
    config.concurrency_support(false);
    config.epoch_interruption(true);
    config.max_wasm_stack(GUEST_STACK).async_stack_size(STACK);
    config
        .memory_reservation(MEMORY_SPACE)
        .memory_guard_size(MEMORY_GUARD);
    config.memory_init_cow(true);
    config.cranelift_opt_level(OptLevel::Speed);
    // A trap is told by its kind; names of a guest's functions would cost space in every cached component.
    config
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    // What no toolchain of components emits by itself only widens what has to be trusted. Several memories are the
    // exception, because the engine emits them itself between two parts of a component that call each other; modules
    // that have them are refused before they are compiled.
    let unneeded = WasmFeatures::THREADS
        | WasmFeatures::MEMORY64
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::STACK_SWITCHING;
    config.wasm_features(unneeded, false);
    config
}

/// Places for whatever so many calls may be made of: each of them may stand on top of others, and beside them are the
/// instances that wait for their next call. So nobody takes a place that was another's. Between parts that call each
/// other the engine puts modules of its own, at most one for each of theirs.
fn pool(calls: usize, cells: usize, share: u32) -> PoolingAllocationConfig {
    let count = |of: usize| u32::try_from(of).unwrap_or(CALLS).clamp(1, CALLS);
    // What runs in a cell stands on nothing.
    let instances = count(calls) * MAX_DEPTH + count(cells) + WARM;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(instances * MEMORIES / share)
        .total_tables(instances * TABLES / share)
        .total_core_instances(instances * 2 * CORE_INSTANCES)
        .total_component_instances(instances)
        .total_stacks(instances)
        .max_core_instances_per_component(2 * CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        .max_tables_per_module(TABLES_OF_MODULE)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .async_stack_keep_resident(KEEP_STACK);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_engine_compiles_the_other_runs() {
        let running = Engine::start(64, 64).unwrap();
        assert!(running.is_pooled(), "this machine has the address space");
        let code = on_demand()
            .unwrap()
            .precompile_component(b"\0asm\x0d\0\x01\0")
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.cwasm");
        std::fs::write(&path, code).unwrap();
        crate::aot::map(&running.wasmtime, &path).unwrap();
        let other = Engine {
            wasmtime: on_demand().unwrap(),
            pooled: false,
        };
        assert_eq!(running.fingerprint(), other.fingerprint());
    }

    #[test]
    fn proposals_that_no_component_needs_are_refused() {
        let engine = on_demand().unwrap();
        for text in [
            "(component (core module (memory i64 1)))",
            "(component (core module (memory 1 1 shared)))",
            "(component (core module (type (struct))))",
            "(component (core module (type $f (func)) (type (cont $f))))",
        ] {
            let bytes = wat::parse_str(text).unwrap();
            assert!(engine.precompile_component(&bytes).is_err(), "{text}");
        }
    }
}
