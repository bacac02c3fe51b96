//! Components that take the memory that all have together.

use std::time::Duration;

use futures_util::future::join_all;
use openclaw_components::{CallContext, Error, Stop};
use serde_json::{Value, json};

use super::{command, whys};
use crate::common::{text, tool};
use crate::ordeal::{House, SAY};

/// A program that takes so many pages, touches none of them, and sleeps for six seconds.
fn sleeper(pages: u32) -> Vec<u8> {
    command(&format!(
        r#"(import "wasi:io/poll@0.2.0" (instance $poll
            (export "pollable" (type $pollable (sub resource)))
            (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer 1 $pollable (type $outer))
            (export "pollable" (type $p (eq $outer)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
        (core func $wait (canon lower (func $clock "subscribe-duration")))
        (core func $block (canon lower (func $poll "[method]pollable.block")))
        (core module $main
            (import "" "wait" (func $wait (param i64) (result i32)))
            (import "" "block" (func $block (param i32)))
            (memory 1)
            (func (export "run") (result i32)
                (if (i32.ne (memory.grow (i32.const {pages})) (i32.const 1)) (then unreachable))
                (call $block (call $wait (i64.const 6000000000)))
                (i32.const 0)))
        (core instance $m (instantiate $main (with "" (instance
            (export "wait" (func $wait)) (export "block" (func $block))))))"#
    ))
}

/// How many of so many calls of a tool at once had what they wanted, and how many were told that they have too much.
async fn crowd(house: &House, tool: &'static str, calls: usize) -> (usize, usize) {
    let one = || {
        let host = house.fixture.host.clone();
        async move { host.call(tool, "{}", CallContext::default(), None).await }
    };
    let (mut had, mut refused) = (0, 0);
    for ended in join_all((0..calls).map(|_| tokio::spawn(one()))).await {
        match ended.unwrap() {
            Ok(output) => {
                assert!(!output.is_error, "{output:?}");
                had += 1;
            }
            Err(Error::Stopped {
                stop: stop @ Stop::Share(_),
                ..
            }) => {
                assert!(stop.to_string().contains("MiB of memory already"), "{stop}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    (had, refused)
}

fn asks(memory: &str) -> Value {
    json!({"limits": {"memory": memory, "concurrency": 32, "deadline": "30 s"}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_all_the_memory_there_is_is_refused_and_keeps_it_from_nobody() {
    let house = House::open().await;
    // The usual 4 GiB are eight times what one call may have.
    house.add("hoarder", &sleeper(8190), asks("512 MiB")).await;
    // As much as a tool has usually.
    let grow =
        format!("(if (i32.lt_s (memory.grow (i32.const 1000)) (i32.const 0)) (then unreachable)) {SAY}");
    house.add("usual", &tool("usual", "", "", &grow), json!({})).await;
    let attack = async {
        let crowd = crowd(&house, "hoarder", 8);
        let beside = async {
            let taken = async {
                while house.fixture.host.held().memory <= 5 << 29 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let taken = tokio::time::timeout(Duration::from_secs(20), taken).await;
            assert!(taken.is_ok(), "they have not taken it");
            for _ in 0..20 {
                assert_eq!(text(&house.call("usual").await.unwrap()), "A tool");
            }
        };
        tokio::join!(crowd, beside).0
    };
    assert_eq!(house.ordeal("hoarder", 2, attack).await, (6, 2));
    assert_eq!(whys(&house, "hoarder").await, ["memoryShare"; 2]);
    assert!(whys(&house, "usual").await.is_empty() && whys(&house, "neighbour").await.is_empty());
}
