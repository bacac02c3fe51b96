//! A write that was acknowledged survives `kill -9`, whenever that comes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use openclaw_state::{Namespace, Options, State};

const KILLS: u32 = 200;
/// The longest that a writer lives on from the moment at which its time begins.
const LONGEST_LIFE: Duration = Duration::from_millis(40);

/// When the time of a writer begins.
#[derive(Clone, Copy)]
enum Begin {
    /// When it is started: opening, migrating and reading the log of changes again are killed too.
    Start,
    /// When its first write is acknowledged: so that there is something to lose.
    FirstWrite,
}

/// Lets a writer write, kills it at a random moment, and says what it had been told was kept.
fn write_and_be_killed(folder: &Path, first: u64, begin: Begin) -> Vec<u64> {
    let mut writer = Command::new(env!("CARGO_BIN_EXE_state-writer"))
        .arg(folder)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(writer.stdout.take().unwrap());
    let mut text = String::new();
    if matches!(begin, Begin::FirstWrite) {
        out.read_line(&mut text).unwrap();
        assert!(
            !text.is_empty(),
            "the writer ended by itself: {:?}",
            writer.wait()
        );
    }
    std::thread::sleep(LONGEST_LIFE.mul_f64(fastrand::f64()));
    writer.kill().unwrap();
    let ended = writer.wait().unwrap();
    assert_eq!(ended.code(), None, "the writer ended by itself: {ended:?}");
    out.read_to_string(&mut text).unwrap();
    // A line that was cut off at the end may be the beginning of a longer number.
    let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap());
    whole
        .lines()
        .map(|line| line.strip_prefix("k ").unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_two_hundred_kills_and_the_audit_chain_holds() {
    let seed = fastrand::u64(..);
    fastrand::seed(seed);
    println!("seed {seed}");
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut next = 0;
    for kill in 0..KILLS {
        let begin = if kill % 2 == 0 {
            Begin::Start
        } else {
            Begin::FirstWrite
        };
        let told = write_and_be_killed(folder.path(), next, begin);
        // Unacknowledged writes may be there too, so the next writer begins beyond all of them.
        next = told.iter().max().unwrap_or(&next) + 10_000;
        acknowledged.extend(told);
        if kill % 20 == 19 {
            verify(folder.path(), &acknowledged).await;
        }
    }
    assert!(acknowledged.len() >= KILLS as usize / 2);
}

async fn verify(folder: &Path, acknowledged: &BTreeSet<u64>) {
    let state = State::open(Options::new(folder, str::to_owned)).unwrap();
    let found = state.check().await.unwrap();
    assert_eq!(found.problems, Vec::<String>::new());
    let kept = keys(&state).await;
    let missing: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(
        missing.is_empty(),
        "{} acknowledged writes are gone: {missing:?}",
        missing.len()
    );
    // A key and its audit entry were written together, acknowledged or not: one never stands without the other.
    assert_eq!(kept, audited(&state).await);
    state.close().await;
}

async fn keys(state: &State) -> BTreeSet<u64> {
    let store = Namespace::of("crash").unwrap();
    let listed = state
        .read(move |view| view.kv_list(&store, "", None, u32::MAX))
        .await
        .unwrap();
    listed
        .into_iter()
        .map(|entry| entry.key.parse().unwrap())
        .collect()
}

async fn audited(state: &State) -> BTreeSet<u64> {
    let rows = state.read(|view| view.audit_rows(0, u32::MAX)).await.unwrap();
    rows.into_iter()
        .filter(|row| row.action == "key.put")
        .map(|row| row.subject.parse().unwrap())
        .collect()
}
