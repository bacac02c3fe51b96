//! What reading a snapshot costs beside a locked map, and how many processes 512 references start.
//!
//! One JSON line per figure; `baseline` is measured in the same run, in rounds that take turns, and `ratio` is
//! `value / baseline`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::time::Instant;

use openclaw_config::tree::Secrets;
use openclaw_config::{SecretRef, SecretSource};
use openclaw_secrets::collect::collect;
use openclaw_secrets::snapshot::Strictness;
use openclaw_secrets::{Resolver, Snapshot, SnapshotCell, Surroundings};
use serde_json::{Value, json};

const ROUNDS: usize = 9;
const READS: u32 = 200_000;
const PATH: &str = "models.providers.p50.apiKey";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let providers: HashMap<String, Value> = (0..100)
        .map(|n| (format!("p{n}"), json!({"apiKey": format!("value-number-{n}")})))
        .collect();
    let source = json!({"models": {"providers": providers}});
    let places = collect(&source, &["models.providers.*.apiKey"]).unwrap();
    let resolver = Resolver::new(Secrets::default(), Surroundings::default());
    let snapshot = runtime
        .block_on(Snapshot::resolve(&resolver, &source, places, Strictness::All, 1))
        .unwrap();
    let map: HashMap<String, String> = (0..100)
        .map(|n| {
            (
                format!("models.providers.p{n}.apiKey"),
                format!("value-number-{n}"),
            )
        })
        .collect();
    let (cell, locked) = (SnapshotCell::new(snapshot), Mutex::new(map));

    let read = || cell.read(|snapshot| snapshot.secret(black_box(PATH)).unwrap().unwrap().expose().len());
    let read_locked = || locked.lock().unwrap().get(black_box(PATH)).unwrap().len();
    for threads in [1, 4] {
        let (mut values, mut baselines) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            values.push(nanos(threads, &read));
            baselines.push(nanos(threads, &read_locked));
        }
        let name = format!("secrets/snapshot_read_{threads}_threads");
        print_line(&name, "ns", median(values), median(baselines));
    }

    let dir = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (0..512).map(|n| format!("id-{n}")).collect();
    let values: HashMap<&str, &str> = ids.iter().map(|id| (id.as_str(), "the-value")).collect();
    fs::write(
        dir.path().join("reply"),
        json!({"protocolVersion": 1, "values": values}).to_string(),
    )
    .unwrap();
    let command = dir.path().join("vault");
    fs::write(
        &command,
        "#!/bin/sh\nPATH=/usr/bin:/bin\ncat > /dev/null\necho x >> starts\ncat reply\n",
    )
    .unwrap();
    fs::set_permissions(&command, Permissions::from_mode(0o700)).unwrap();
    let secrets = json!({"providers": {"vault": {"source": "exec", "command": command, "timeoutMs": 60000}}});
    let resolver = Resolver::new(serde_json::from_value(secrets).unwrap(), Surroundings::default());
    let references: Vec<SecretRef> = ids
        .into_iter()
        .map(|id| SecretRef::new(SecretSource::Exec, Some("vault".to_owned()), id).unwrap())
        .collect();
    let starts = || {
        fs::read_to_string(dir.path().join("starts"))
            .unwrap_or_default()
            .lines()
            .count() as f64
    };
    let together = runtime.block_on(resolver.resolve(&references));
    assert!(together.values().all(Result::is_ok));
    let value = starts();
    for reference in &references {
        assert!(
            runtime
                .block_on(resolver.resolve([reference]))
                .values()
                .all(Result::is_ok)
        );
    }
    print_line("secrets/exec_512_refs", "process starts", value, starts() - value);
}

/// Nanoseconds that one read takes while so many threads read.
fn nanos(threads: usize, read: &(impl Fn() -> usize + Sync)) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..READS).for_each(|_| assert_ne!(black_box(read()), 0)));
        }
    });
    start.elapsed().as_nanos() as f64 / f64::from(READS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_line(name: &str, unit: &str, value: f64, baseline: f64) {
    let ratio = value / baseline;
    println!(
        "{}",
        json!({"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio})
    );
}
