//! Components that look for what others left, and that take the others' places.

use std::time::Duration;

use futures_util::future::join_all;
use openclaw_components::{CallContext, Error};
use openclaw_policy::Limit;
use serde_json::json;

use super::{command, whys};
use crate::common::limit;
use crate::ordeal::House;

/// More tenants than the engine keeps places warm for their last user: 8 memories each, and 100 places are kept.
const TENANTS: u32 = 14;
const ROUNDS: usize = 3;

/// A program with 8 memories and tables that looks through all of them and its globals, fails if anything is there, fills
/// all with a pattern and ends in its own way.
fn tenant(number: u32, end: &str) -> Vec<u8> {
    // The tenant's own data, at another place for each.
    let own = number * 4096;
    let part = format!(
        r#"(core module $part
            (memory 40)
            (table $t 100 funcref)
            (global $i (mut i32) (i32.const 0))
            (global $l (mut i64) (i64.const 0))
            (global $v (mut v128) (v128.const i64x2 0 0))
            (global $f (mut funcref) (ref.null func))
            (data (i32.const {own}) "of tenant {number:06}")
            (elem declare func $look)
            (func $look (export "look") (result i32) (local $at i32)
                (if (i32.ne (memory.grow (i32.const 8)) (i32.const 40)) (then unreachable))
                (if (i32.ne (table.grow $t (ref.null func) (i32.const 50)) (i32.const 100)) (then unreachable))
                (loop $on
                    (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
                        (then (if (i32.ne (i32.and (local.get $at) (i32.const -16)) (i32.const {own}))
                            (then (return (i32.const 1))))))
                    (local.set $at (i32.add (local.get $at) (i32.const 8)))
                    (br_if $on (i32.lt_u (local.get $at) (i32.const 3145728))))
                (local.set $at (i32.const 0))
                (loop $on
                    (if (i32.eqz (ref.is_null (table.get $t (local.get $at)))) (then (return (i32.const 1))))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br_if $on (i32.lt_u (local.get $at) (i32.const 150))))
                (i32.or
                    (i32.or (global.get $i) (i64.ne (global.get $l) (i64.const 0)))
                    (i32.or (v128.any_true (global.get $v)) (i32.eqz (ref.is_null (global.get $f))))))
            (func (export "leave")
                (memory.fill (i32.const 0) (i32.const 83) (i32.const 3145728))
                (table.fill $t (i32.const 0) (ref.func $look) (i32.const 150))
                (global.set $i (i32.const 83))
                (global.set $l (i64.const 83))
                (global.set $v (v128.const i64x2 83 83))
                (global.set $f (ref.func $look))))"#
    );
    let numbers = || 0..8;
    let parts: String = numbers()
        .map(|n| format!("(core instance $p{n} (instantiate $part))"))
        .collect();
    let imports: String = numbers()
        .map(|n| format!(r#"(import "{n}" "look" (func $look{n} (result i32))) (import "{n}" "leave" (func $leave{n}))"#))
        .collect();
    let look: String = numbers()
        .map(|n| format!("(if (call $look{n}) (then (return (i32.const 1))))"))
        .collect();
    let leave: String = numbers().map(|n| format!("(call $leave{n})")).collect();
    let with: String = numbers()
        .map(|n| format!(r#"(with "{n}" (instance $p{n}))"#))
        .collect();
    command(&format!(
        r#"{part} {parts}
        (core module $main {imports} (func (export "run") (result i32) {look} {leave} {end} (i32.const 0)))
        (core instance $m (instantiate $main {with}))"#
    ))
}

const SPIN: &str = "(loop $on (br $on))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_finds_what_an_earlier_tenant_left_however_that_one_ended() {
    let house = House::open().await;
    for number in 0..TENANTS {
        let (end, cpu) = match number % 4 {
            0 => ("", "5 s"),
            1 => ("unreachable", "5 s"),
            2 => (SPIN, "300 ms"),
            _ => (SPIN, "20 s"),
        };
        let asks = json!({"limits": {"cpu": cpu}});
        house
            .add(&format!("tenant-{number}"), &tenant(number, end), asks)
            .await;
    }
    let attack = async {
        for number in (0..TENANTS).cycle().take(ROUNDS * TENANTS as usize) {
            let name = format!("tenant-{number}");
            let call = house.call(&name);
            match number % 4 {
                0 => assert!(!call.await.unwrap().is_error, "{name} found something"),
                1 => match call.await {
                    Err(Error::Trap { .. }) => {}
                    other => panic!("{name} found something: {other:?}"),
                },
                2 => assert_eq!(limit(call.await), Limit::Cpu, "{name}"),
                // It is let go in the midst of its loop.
                _ => match tokio::time::timeout(Duration::from_millis(200), call).await {
                    Err(_) => {}
                    Ok(other) => panic!("{name} found something: {other:?}"),
                },
            }
        }
    };
    house.ordeal("tenant-1", ROUNDS, attack).await;
    assert_eq!(whys(&house, "tenant-1").await, ["trap"; ROUNDS]);
    assert_eq!(whys(&house, "tenant-2").await, ["cpu"; ROUNDS]);
    assert!(whys(&house, "tenant-3").await.is_empty());
}

/// What it takes to call another tool.
const CALLS: &str = r#"(import "openclaw:tools/calls@0.1.0" (instance $tools
    (type $c (enum "invalid" "not-found" "denied" "unauthenticated" "rate-limited" "quota" "too-large" "timeout"
        "unavailable" "conflict" "closed" "refused" "protocol" "unsupported" "not-here" "internal" "other"))
    (export "error-code" (type $code (eq $c)))
    (type $s (enum "yes" "no" "unknown"))
    (export "sent" (type $sent (eq $s)))
    (type $e (record (field "code" $code) (field "message" string) (field "retry-after" (option u64))
        (field "sent" $sent) (field "detail" (option string))))
    (export "error" (type $error (eq $e)))
    (type $m (record (field "media" string) (field "description" (option string))))
    (export "media-part" (type $media (eq $m)))
    (type $l (record (field "url" string) (field "title" (option string)) (field "description" (option string))))
    (export "link" (type $link (eq $l)))
    (type $p (variant (case "text" string) (case "media" $media) (case "json" string) (case "link" $link)
        (case "other" string)))
    (export "content-part" (type $part (eq $p)))
    (type $i (record (field "media" string) (field "size" u64)))
    (export "spill" (type $spill (eq $i)))
    (type $o (record (field "content" (list $part)) (field "structured" (option string)) (field "is-error" bool)
        (field "spilled" (option $spill))))
    (export "output" (type $output (eq $o)))
    (export "call" (func (param "alias" string) (param "arguments" string)
        (result (result $output (error $error)))))))"#;

/// A program with as many memories and tables as there may be, which calls the tool "next" and, where that is refused
/// because too many stand on each other, waits for a second and a half.
fn hoarder() -> Vec<u8> {
    let tables = "(table 1 funcref)".repeat(13);
    command(&format!(
        r#"{CALLS}
        (import "wasi:io/poll@0.2.0" (instance $poll
            (export "pollable" (type $pollable (sub resource)))
            (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer 1 $pollable (type $outer))
            (export "pollable" (type $p (eq $outer)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
        (core module $libc
            (memory (export "memory") 2)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
            (data (i32.const 100) "next{{}}"))
        (core instance $libc (instantiate $libc))
        (core module $large (memory 1) (table 1 funcref) {tables})
        (core instance (instantiate $large)) (core instance (instantiate $large))
        (core instance (instantiate $large)) (core instance (instantiate $large))
        (core module $small (memory 1))
        (core instance (instantiate $small)) (core instance (instantiate $small))
        (core instance (instantiate $small))
        (core func $call (canon lower (func $tools "call")
            (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core func $wait (canon lower (func $clock "subscribe-duration")))
        (core func $block (canon lower (func $poll "[method]pollable.block")))
        (core module $main
            (import "" "memory" (memory 2))
            (import "" "call" (func $call (param i32 i32 i32 i32 i32)))
            (import "" "wait" (func $wait (param i64) (result i32)))
            (import "" "block" (func $block (param i32)))
            (func (export "run") (result i32)
                (call $call (i32.const 100) (i32.const 4) (i32.const 104) (i32.const 2) (i32.const 1024))
                (if (i32.load8_u (i32.const 1024))
                    (then
                        ;; Only for the sixth of the codes, too-large, is there nothing wrong.
                        (if (i32.ne (i32.load8_u (i32.const 1032)) (i32.const 6)) (then (return (i32.const 1))))
                        (call $block (call $wait (i64.const 1500000000)))))
                (i32.const 0)))
        (core instance $m (instantiate $main (with "" (instance
            (export "memory" (memory $libc "memory")) (export "call" (func $call)) (export "wait" (func $wait))
            (export "block" (func $block))))))"#
    ))
}

/// Half of all places for calls, each with three more on top of it, and in all of them as many memories and tables as a
/// component may have: more than a thousand and seven thousand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_stand_on_each_other_take_no_place_of_another() {
    let house = House::open().await;
    let asks = json!({
        "capabilities": {"tools": {"next": "hoarder"}},
        "limits": {"cpu": "20 s", "deadline": "60 s", "concurrency": 32},
    });
    house.add("hoarder", &hoarder(), asks).await;
    let one = || {
        let host = house.fixture.host.clone();
        async move { host.call("hoarder", "{}", CallContext::default(), None).await }
    };
    let attack = || async {
        for ended in join_all((0..32).map(|_| tokio::spawn(one()))).await {
            let output = ended.unwrap().unwrap();
            assert!(!output.is_error, "{output:?}");
        }
    };
    // Some pages of every place that was used once stay with it, so what is taken the second time tells what is lost.
    attack().await;
    house.ordeal("hoarder", 0, attack()).await;
}
