//! Running one call: an instance of its own, bounded in computing, waiting and memory.
//!
//! **Cost.** A thread and an instance for each call, so that it also works inside of an async test.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use wasmtime::component::{InstancePre, ResourceTable, Val};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder, Trap};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::error::{Error, Result};
use crate::host::{Access, State};

const MEMORY: usize = 512 << 20;
/// After so many instructions the deadline is looked at.
const SLICE: u64 = 10_000_000;
/// How much a component may print; more than that ends it.
const MAX_PRINTED: usize = 1 << 20;
/// How much of it an error shows.
const SHOWN: usize = 4000;

/// What a running component has.
pub(crate) struct Stage {
    pub(crate) host: State,
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for Stage {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// The engine.
pub(crate) fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(true).concurrency_support(false);
    Engine::new(&config).map_err(|error| Error::engine(&error))
}

/// A clock that goes on by a millisecond whenever it is read.
#[derive(Clone)]
struct Clock {
    start: u64,
    read: Arc<AtomicU64>,
}

impl Clock {
    fn tick(&self) -> Duration {
        Duration::from_millis(self.read.fetch_add(1, Ordering::Relaxed))
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.start) + self.tick()
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        u64::try_from(self.tick().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Calls a function of an exported interface, and gives the host back with what came of it.
pub(crate) fn run(
    component: &InstancePre<Stage>,
    host: State,
    interface: &str,
    function: &str,
    arguments: &[Val],
) -> (State, Result<Val>) {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(call(component, host, interface, function, arguments)),
            Err(error) => (host, Err(Error::Engine(error.to_string()))),
        }
    };
    thread::scope(|scope| {
        scope
            .spawn(work)
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    })
}

async fn call(
    component: &InstancePre<Stage>,
    host: State,
    interface: &str,
    function: &str,
    arguments: &[Val],
) -> (State, Result<Val>) {
    let printed = MemoryOutputPipe::new(MAX_PRINTED);
    let wasi = match prepare(&host, &printed) {
        Ok(wasi) => wasi,
        Err(error) => return (host, Err(error)),
    };
    let (fuel, deadline) = (host.fuel, host.deadline);
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
    let stage = Stage {
        host,
        wasi,
        table: ResourceTable::new(),
        limits,
    };
    let mut store = Store::new(component.engine(), stage);
    store.limiter(|stage| &mut stage.limits);
    let invoked = tokio::time::timeout(
        deadline,
        invoke(&mut store, component, interface, function, arguments),
    )
    .await;
    let mut host = store.into_data().host;
    let result = match (host.failure.take(), invoked) {
        (Some(failure), _) => Err(failure),
        (None, Err(_)) => Err(Error::Deadline {
            seconds: deadline.as_secs_f64(),
        }),
        (None, Ok(Ok(value))) => Ok(value),
        (None, Ok(Err(error))) => match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Err(Error::Fuel { fuel }),
            _ => Err(Error::Trap {
                why: format!("{:#}", error.root_cause()),
                printed: tell(&printed),
            }),
        },
    };
    (host, result)
}

async fn invoke(
    store: &mut Store<Stage>,
    component: &InstancePre<Stage>,
    interface: &str,
    function: &str,
    arguments: &[Val],
) -> wasmtime::Result<Val> {
    store.set_fuel(store.data().host.fuel)?;
    store.fuel_async_yield_interval(Some(SLICE))?;
    let instance = component.instantiate_async(&mut *store).await?;
    let found = instance
        .get_export_index(&mut *store, None, interface)
        .and_then(|interface| instance.get_export_index(&mut *store, Some(&interface), function))
        .and_then(|function| instance.get_func(&mut *store, function));
    let function = found.ok_or_else(|| wasmtime::Error::msg(format!("{interface} has no {function}")))?;
    let mut results = [Val::Bool(false)];
    function.call_async(&mut *store, arguments, &mut results).await?;
    let [result] = results;
    Ok(result)
}

fn prepare(host: &State, printed: &MemoryOutputPipe) -> Result<WasiCtx> {
    let clock = Clock {
        start: host.moment,
        read: Arc::default(),
    };
    let mut wasi = WasiCtx::builder();
    wasi.wall_clock(clock.clone())
        .monotonic_clock(clock)
        .secure_random(Deterministic::new((0..=255).collect()))
        .insecure_random(Deterministic::new((0..=255).collect()))
        .insecure_random_seed(0)
        .stdout(printed.clone())
        .stderr(printed.clone());
    for directory in &host.directories {
        let access = match directory.access {
            Access::ReadOnly => FsPerms::ReadOnly,
            Access::ReadWrite => FsPerms::ReadWrite,
        };
        wasi.preopened_dir(&directory.path, &directory.guest, access)
            .map_err(|error| Error::File {
                path: directory.path.clone(),
                what: "shown to the component",
                source: std::io::Error::other(format!("{error:#}")),
            })?;
    }
    Ok(wasi.build())
}

fn tell(printed: &MemoryOutputPipe) -> String {
    let bytes = printed.contents();
    let shown = bytes.get(..SHOWN).unwrap_or(&bytes);
    match shown.is_empty() {
        true => String::new(),
        false => format!("\nit printed:\n{}", String::from_utf8_lossy(shown).trim_end()),
    }
}
