//! Programs that wait: for a moment that never comes, and for none at all very often.

use std::time::{Duration, Instant};

use openclaw_components::Error;
use openclaw_policy::Limit;
use serde_json::json;

use super::SLACK;
use crate::common::{limit, text};
use crate::ordeal::House;

/// A program of the standard whose `run` does this. `$later` is `subscribe-duration`, `$at` is `subscribe-instant`,
/// `$block` waits for one, `$poll` for those of a list, and `$drop` lets go of one.
fn program(run: &str) -> Vec<u8> {
    let text = format!(
        r#"(component $C
        (import "wasi:io/poll@0.2.0" (instance $poll
            (export "pollable" (type $pollable (sub resource)))
            (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
            (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer $C $pollable (type $outer))
            (export "pollable" (type $pollable (eq $outer)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))
            (export "subscribe-instant" (func (param "when" u64) (result (own $pollable))))))
        (core module $libc
            (memory (export "memory") 2)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
        (core instance $libc (instantiate $libc))
        (core func $later (canon lower (func $clock "subscribe-duration")))
        (core func $at (canon lower (func $clock "subscribe-instant")))
        (core func $block (canon lower (func $poll "[method]pollable.block")))
        (core func $wait (canon lower (func $poll "poll")
            (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core func $drop (canon resource.drop $pollable))
        (core module $m
            (import "host" "later" (func $later (param i64) (result i32)))
            (import "host" "at" (func $at (param i64) (result i32)))
            (import "host" "block" (func $block (param i32)))
            (import "host" "poll" (func $poll (param i32 i32 i32)))
            (import "host" "drop" (func $drop (param i32)))
            (import "libc" "memory" (memory 2))
            (func (export "run") (result i32)
                (local $n i32) (local $pollable i32)
                {run}
                (i32.const 0)))
        (core instance $m (instantiate $m
            (with "libc" (instance $libc))
            (with "host" (instance
                (export "later" (func $later)) (export "at" (func $at)) (export "block" (func $block))
                (export "poll" (func $wait)) (export "drop" (func $drop))))))
        (func $run (result (result)) (canon lift (core func $m "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Does something with a pollable so many times.
fn times(count: u32, each: &str) -> String {
    format!(
        "(loop $on
            {each}
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $n) (i32.const {count}))))"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_for_a_moment_that_never_comes_ends_at_the_deadline() {
    const DEADLINE: Duration = Duration::from_millis(300);
    let house = House::open().await;
    // -1 is the largest number of nanoseconds there is.
    let waits = [
        ("later", "(call $block (call $later (i64.const -1)))"),
        ("at", "(call $block (call $at (i64.const -1)))"),
        (
            "many",
            "(i32.store (i32.const 16) (call $later (i64.const -1))) (i32.store (i32.const 20) (call $at (i64.const -1)))
            (call $poll (i32.const 16) (i32.const 2) (i32.const 32))",
        ),
    ];
    let asks = json!({"limits": {"deadline": "300 ms"}});
    for (id, wait) in waits {
        house.add(id, &program(wait), asks.clone()).await;
        let attack = async {
            let begun = Instant::now();
            assert_eq!(limit(house.call(id).await), Limit::Deadline, "{id}");
            let took = begun.elapsed();
            assert!(took >= DEADLINE && took < DEADLINE + SLACK, "{id}: {took:?}");
        };
        house.ordeal(id, 1, attack).await;
    }
    // What waits for a millisecond goes on after it.
    let short = program("(call $block (call $later (i64.const 1000000)))");
    house.add("short", &short, asks).await;
    house.ordeal("short", 0, house.call("short")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_polls_of_no_length_end_at_a_limit() {
    let poll = "(local.set $pollable (call $later (i64.const 0)))
        (call $block (local.get $pollable))
        (call $drop (local.get $pollable))";
    let house = House::open_with(|options| {
        options.ceilings.set(Limit::HostCalls, 10_000_000).unwrap();
    })
    .await;
    let hasty = program(&times(1_000_000, poll));
    house
        .add("usual", &hasty, json!({"limits": {"cpu": "20 s"}}))
        .await;
    house
        .ordeal("usual", 1, async {
            assert_eq!(limit(house.call("usual").await), Limit::HostCalls);
        })
        .await;
    // An operator who lets it call the host that often has the limit of computing left.
    let asks = json!({"limits": {"cpu": "500 ms", "hostCalls": 10_000_000}});
    house.add("hasty", &hasty, asks.clone()).await;
    house
        .ordeal("hasty", 1, async {
            assert_eq!(limit(house.call("hasty").await), Limit::Cpu);
        })
        .await;
    let brief = program(&times(1000, poll));
    house.add("brief", &brief, asks).await;
    assert_eq!(
        text(&house.ordeal("brief", 0, house.call("brief")).await.unwrap()),
        ""
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_of_nothing_is_a_trap() {
    let house = House::open().await;
    let empty = program("(call $poll (i32.const 16) (i32.const 0) (i32.const 32))");
    house.add("empty", &empty, json!({})).await;
    let ended = house.ordeal("empty", 1, house.call("empty")).await;
    assert!(matches!(ended, Err(Error::Trap { .. })), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pollables_that_are_never_let_go_end_at_the_number_of_handles() {
    let house = House::open().await;
    let hoarder = program(&times(1_000_000, "(drop (call $later (i64.const -1)))"));
    house
        .add(
            "hoarder",
            &hoarder,
            json!({"limits": {"cpu": "20 s", "hostCalls": 1_000_000}}),
        )
        .await;
    let ended = house.ordeal("hoarder", 1, house.call("hoarder")).await;
    match ended {
        Err(Error::Trap { what, .. }) => assert!(what.contains("no free keys"), "{what}"),
        other => panic!("{other:?}"),
    }
}
