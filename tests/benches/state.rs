//! What group commit is worth, and what readers notice of a busy writer.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use openclaw_state::{Durability, KvQuota, Namespace, Options, State};
use openclaw_tests::measure::{median, report, take_turns};
use tokio::runtime::Runtime;

const ROOMY: KvQuota = KvQuota {
    entries: u64::MAX,
    bytes: u64::MAX,
    value_bytes: u64::MAX,
};
const CALLERS: usize = 64;
const READS: usize = 400;

fn open(folder: &Path, durability: Durability) -> State {
    State::open(Options::new(folder, str::to_owned).durability(durability)).unwrap()
}

async fn put(state: &State, n: usize) {
    let value = [7; 200];
    let work = move |tx: &openclaw_state::Tx<'_>| {
        tx.kv_put(
            &Namespace::of("bench")?,
            &format!("key-{}", n % 5000),
            &value,
            &ROOMY,
        )
    };
    state.write(work).await.unwrap();
}

/// Microseconds a write, with that many callers at once.
fn write_cost(runtime: &Runtime, state: &State, callers: usize, writes: usize) -> f64 {
    let begin = Instant::now();
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for caller in 0..callers {
            let state = state.clone();
            all.spawn(async move {
                for n in 0..writes / callers {
                    put(&state, caller * 1000 + n).await;
                }
            });
        }
        all.join_all().await;
    });
    begin.elapsed().as_secs_f64() * 1e6 / writes as f64
}

/// Microseconds of the middle one of many reads.
fn read_cost(runtime: &Runtime, state: &State) -> f64 {
    let cost = async {
        let mut costs = Vec::with_capacity(READS);
        for n in 0..READS {
            let begin = Instant::now();
            let work = move |view: &openclaw_state::View<'_>| {
                view.kv_get(&Namespace::of("bench")?, &format!("key-{}", n % 64))
            };
            assert!(state.read(work).await.unwrap().is_some());
            costs.push(begin.elapsed().as_secs_f64() * 1e6);
        }
        median(costs)
    };
    runtime.block_on(cost)
}

/// The read cost while one caller writes without a pause.
fn read_cost_under_load(runtime: &Runtime, state: &State) -> f64 {
    let stop = Arc::new(AtomicBool::new(false));
    let writer = runtime.spawn({
        let (state, stop) = (state.clone(), Arc::clone(&stop));
        async move {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                put(&state, n).await;
                n += 1;
            }
        }
    });
    let cost = read_cost(runtime, state);
    stop.store(true, Ordering::Relaxed);
    runtime.block_on(writer).unwrap();
    cost
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for (name, durability, writes) in [
        ("state.group_commit", Durability::Process, 6400),
        ("state.group_commit_full_sync", Durability::Full, 640),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let state = open(folder.path(), durability);
        // One caller that waits for each answer is one commit for each write.
        let figures = take_turns(
            || write_cost(&runtime, &state, CALLERS, writes),
            || write_cost(&runtime, &state, 1, writes),
        );
        report(name, "us/write", figures);
        runtime.block_on(state.close());
    }

    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path(), Durability::Process);
    write_cost(&runtime, &state, 1, 64);
    let figures = take_turns(
        || read_cost_under_load(&runtime, &state),
        || read_cost(&runtime, &state),
    );
    report("state.read_under_write_load", "us/read", figures);
    runtime.block_on(state.close());
}
