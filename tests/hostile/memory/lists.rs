//! Components that hand the host more than it should copy.

use openclaw_components::{Error, Stop};
use openclaw_policy::Limit;
use serde_json::json;

use super::{ask, install, peak};
use crate::common::{limit, odd_tool, text, tool};
use crate::ordeal::{House, SAY};

const LOG: &str = r#"(import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))"#;
/// What the process may hold more while something is refused. What is refused has hundreds of megabytes.
const SPARE: u64 = 96 << 20;

/// Calls a tool that takes memory without touching it and hands all of it over when it is asked without arguments, and a
/// little of it otherwise. All of it is more than may be copied, and none of it is.
async fn is_not_copied(memory: &str, pages: u32, call: &str) {
    let house = House::open_with(|options| options.ceilings.set(Limit::Memory, 2 << 30).unwrap()).await;
    let call = format!(
        "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))
        (local.set $n (i32.gt_u (local.get $args_len) (i32.const 2)))
        {call}"
    );
    let asks = json!({"limits": {"memory": memory}});
    house.add("giver", &tool("give", LOG, "", &call), asks).await;
    let before = peak();
    let attack = async {
        ask(&house, "give", r#"{"a":1}"#).await.unwrap();
        for _ in 0..3 {
            assert_eq!(limit(house.call("give").await), Limit::BytesOut);
        }
    };
    house.ordeal("giver", 3, attack).await;
    let more = peak() - before;
    assert!(more < SPARE, "{} MiB", more >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_of_a_gibibyte_is_not_copied() {
    let call = "(call $say (i32.const 131072)
        (select (i32.const 1000) (i32.const 1073741824) (local.get $n)))";
    is_not_copied("1100 MiB", 16_384, call).await;
}

/// Parts of the output have 36 bytes; nothing but zeros is an empty text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_million_empty_texts_are_not_copied() {
    let call = "(i32.store (i32.const 408) (i32.const 131072))
        (i32.store (i32.const 412) (select (i32.const 1000) (i32.const 10000000) (local.get $n)))";
    is_not_copied("400 MiB", 5500, call).await;
}

/// The same on the way to a function of the host's, with two empty texts of 16 bytes each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_million_empty_arguments_are_not_copied() {
    let call = "(call $write (i32.const 2) (i32.const 100) (i32.const 6) (i32.const 131072)
        (select (i32.const 1000) (i32.const 10000000) (local.get $n)))";
    is_not_copied("400 MiB", 2500, call).await;
}

/// 20,000 fields whose names and values are all the same text of 60 KB: 2.4 GB that the guest has 400 KB for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_texts_that_are_one_are_counted_each() {
    let fill = "(func $fill (param $few i32) (local $at i32) (local.set $at (i32.const 131072))
        (loop $on
            (i32.store (local.get $at) (i32.const 1000))
            (i32.store offset=4 (local.get $at) (i32.const 60000))
            (i32.store offset=8 (local.get $at) (i32.const 1000))
            (i32.store offset=12 (local.get $at) (i32.const 60000))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br_if $on (i32.lt_u (local.get $at) (i32.const 451072))))
        (call $write (i32.const 2) (i32.const 100) (i32.const 6) (i32.const 131072)
            (select (i32.const 10) (i32.const 20000) (local.get $few))))";
    let house = House::open().await;
    let call = format!(
        "(drop (memory.grow (i32.const 8)))
        (call $fill (i32.gt_u (local.get $args_len) (i32.const 2))) {SAY}"
    );
    house
        .add("giver", &tool("give", LOG, fill, &call), json!({}))
        .await;
    let before = peak();
    let attack = async {
        assert_eq!(text(&ask(&house, "give", r#"{"a":1}"#).await.unwrap()), "A tool");
        for _ in 0..3 {
            assert_eq!(limit(house.call("give").await), Limit::BytesOut);
        }
    };
    house.ordeal("giver", 3, attack).await;
    let more = peak() - before;
    assert!(more < SPARE, "{} MiB", more >> 20);
}

/// 100 descriptions of 68 bytes, each with the same million of traits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_in_lists_that_are_one_are_refused_at_install() {
    let describe = "(drop (memory.grow (i32.const 30))) (call $fill)
        (i32.store (i32.const 160) (i32.const 131072)) (i32.store (i32.const 164) (i32.const 100))
        (return (i32.const 160))";
    let fill = "(func $fill (local $at i32) (local.set $at (i32.const 131072))
        (loop $on
            (i32.store offset=48 (local.get $at) (i32.const 200000))
            (i32.store offset=52 (local.get $at) (i32.const 1000000))
            (local.set $at (i32.add (local.get $at) (i32.const 68)))
            (br_if $on (i32.lt_u (local.get $at) (i32.const 137872)))))";
    let house = House::open().await;
    let before = peak();
    let component = odd_tool("lists", ["", fill, ""], [describe, ""]);
    let refused = house
        .ordeal("lister", 2, install(&house, "lister", &component, &json!({})))
        .await;
    match refused {
        Err(Error::Stopped {
            stop: Stop::Limit(reached),
            ..
        }) => assert_eq!(reached.limit, Limit::BytesOut),
        other => panic!("{other:?}"),
    }
    let more = peak() - before;
    assert!(more < SPARE, "{} MiB", more >> 20);
}
