//! Threads that may wait.

use std::sync::mpsc;
use std::time::Duration;

use super::super::WORKERS;
use super::super::account::Room;
use super::*;

#[test]
fn a_disk_that_hangs_holds_up_its_own_tree_and_nothing_else() {
    let world = World::new();
    let beside = tempfile::tempdir().unwrap();
    let stuck = world.tree(PLENTY);
    let other = world.trees.open(beside.path(), PLENTY).unwrap();
    let mut hanging = Vec::new();
    for _ in 0..WORKERS {
        let (free, held) = mpsc::channel::<()>();
        hanging.push((free, stuck.start(move || held.recv().is_err())));
    }
    let (ran, running) = mpsc::channel();
    let waiting = stuck.start(move || ran.send(()).is_ok());

    let answer = world
        .runtime
        .block_on(async { tokio::time::timeout(SOON, other.start(|| 7)).await });
    assert_eq!(answer, Ok(Some(7)));
    assert!(running.try_recv().is_err(), "more than its share ran");

    let (free, first) = hanging.pop().unwrap();
    drop(free);
    assert_eq!(world.runtime.block_on(first), Some(true));
    assert_eq!(world.runtime.block_on(waiting), Some(true));
    running.recv_timeout(SOON).unwrap();
}

#[test]
fn an_operation_runs_to_its_end_though_its_call_was_dropped() {
    let world = World::new();
    let tree = world.tree(PLENTY);
    let (free, held) = mpsc::channel::<()>();
    let (ran, running) = mpsc::channel();
    let dropped = tree.start(move || {
        let _ = held.recv();
        let _ = ran.send(());
    });
    drop(dropped);
    drop(free);
    running.recv_timeout(SOON).unwrap();
}

#[test]
fn an_operation_that_panics_is_an_error_and_gives_its_thread_and_room_back() {
    let world = World::new();
    let tree = world.tree(PLENTY);
    for _ in 0..2 * WORKERS {
        let owner = Arc::clone(&tree);
        let panicked = tree.run(move || -> Op<()> {
            let _taken = owner.take(Room::bytes(100))?;
            panic!("on purpose")
        });
        assert_eq!(world.runtime.block_on(panicked).err(), Some(ErrorCode::Io));
    }
    assert_eq!(tree.account().used(), Room::default());
}

const SOON: Duration = Duration::from_secs(10);
