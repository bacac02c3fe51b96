//! Components that make the host keep something for them: handles, and what stands behind them.

use futures_util::future::join_all;
use openclaw_components::{CallContext, Error, Output, Stop};
use openclaw_policy::Limit;
use serde_json::json;

use super::{ask, command, peak, whys};
use crate::common::{limit, tool};
use crate::ordeal::House;

/// What one call may make the host keep. Without a bound it would be a gigabyte and more.
const KEPT: u64 = 128 << 20;

/// Makes a handle of its own kind a hundred thousand times, and does this with each.
fn maker(then: &str) -> Vec<u8> {
    command(&format!(
        r#"(type $thing (resource (rep i32)))
        (core func $new (canon resource.new $thing))
        (core func $drop (canon resource.drop $thing))
        (core module $main
            (import "" "new" (func $new (param i32) (result i32)))
            (import "" "drop" (func $drop (param i32)))
            (func $keep (param i32))
            (func (export "run") (result i32) (local $n i32)
                (loop $on
                    (call {then} (call $new (local.get $n)))
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $on (i32.lt_u (local.get $n) (i32.const 100000))))
                (i32.const 0)))
        (core instance $m (instantiate $main (with "" (instance
            (export "new" (func $new)) (export "drop" (func $drop))))))"#
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_handles_of_its_own_end_the_call_and_dropped_ones_do_not() {
    let house = House::open().await;
    let asks = || json!({"limits": {"cpu": "10 s"}});
    house.add("tidy", &maker("$drop"), asks()).await;
    assert!(!house.call("tidy").await.unwrap().is_error);
    house.add("hoarder", &maker("$keep"), asks()).await;
    let attack = async {
        for _ in 0..3 {
            match house.call("hoarder").await {
                Err(Error::Trap { what, .. }) => assert!(what.contains("handle limit"), "{what}"),
                other => panic!("{other:?}"),
            }
        }
    };
    house.ordeal("hoarder", 3, attack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_handles_of_the_hosts_end_the_call_and_dropped_ones_do_not() {
    let house = House::open().await;
    let imports = r#"
        (import "openclaw:context/call@0.1.0" "current" (func $current (result i32)))
        (import "openclaw:context/call@0.1.0" "[resource-drop]context" (func $drop (param i32)))"#;
    // With arguments it drops each, and stops after 10,000.
    let call = "(loop $on
        (if (i32.gt_u (local.get $args_len) (i32.const 2))
            (then (call $drop (call $current)))
            (else (drop (call $current))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n)
            (select (i32.const 10000) (i32.const 100000) (i32.gt_u (local.get $args_len) (i32.const 2))))))";
    let asks = json!({"limits": {"cpu": "10 s", "hostCalls": 1_000_000}});
    house
        .add("hoarder", &tool("hoard", imports, "", call), asks)
        .await;
    let attack = async {
        ask(&house, "hoard", r#"{"a":1}"#).await.unwrap();
        for _ in 0..3 {
            match house.call("hoard").await {
                Err(Error::Trap { what, .. }) => assert!(what.contains("resource table"), "{what}"),
                other => panic!("{other:?}"),
            }
        }
    };
    house.ordeal("hoarder", 3, attack).await;
}

/// A program that imports what is needed to write requests, and has 20 MiB of memory full of "a".
fn writer(each: &str) -> Vec<u8> {
    writer_with([320, 20_000_000, 5000], each, "")
}

/// The same with so many pages of memory, so many of "a", and so often; and with what it does in the end.
fn writer_with([pages, letters, times]: [u32; 3], each: &str, last: &str) -> Vec<u8> {
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
        (import "wasi:io/error@0.2.0" (instance $io (export "error" (type (sub resource)))))
        (alias export $io "error" (type $error))
        (import "wasi:io/streams@0.2.0" (instance $streams
            (alias outer 1 $error (type $outer))
            (export "error" (type $e (eq $outer)))
            (export "output-stream" (type $out (sub resource)))
            (type $why (variant (case "last-operation-failed" (own $e)) (case "closed")))
            (export "stream-error" (type $fault (eq $why)))
            (export "[method]output-stream.check-write"
                (func (param "self" (borrow $out)) (result (result u64 (error $fault)))))
            (export "[method]output-stream.write"
                (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $fault)))))))
        (alias export $streams "output-stream" (type $out))
        (import "wasi:http/types@0.2.0" (instance $http
            (alias outer 1 $out (type $outer))
            (export "output-stream" (type $stream (eq $outer)))
            (export "fields" (type $fields (sub resource)))
            (export "outgoing-request" (type $request (sub resource)))
            (export "outgoing-body" (type $body (sub resource)))
            (type $why (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
            (export "header-error" (type $fault (eq $why)))
            (type $verb (variant (case "get") (case "head") (case "post") (case "put") (case "delete")
                (case "connect") (case "options") (case "trace") (case "patch") (case "other" string)))
            (export "method" (type $method (eq $verb)))
            (export "[constructor]fields" (func (result (own $fields))))
            (export "[method]fields.append" (func (param "self" (borrow $fields)) (param "name" string)
                (param "value" (list u8)) (result (result (error $fault)))))
            (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))
            (export "[method]outgoing-request.set-authority"
                (func (param "self" (borrow $request)) (param "authority" (option string)) (result (result))))
            (export "[method]outgoing-request.set-method"
                (func (param "self" (borrow $request)) (param "method" $method) (result (result))))
            (export "[method]outgoing-request.body"
                (func (param "self" (borrow $request)) (result (result (own $body)))))
            (export "[method]outgoing-body.write"
                (func (param "self" (borrow $body)) (result (result (own $stream)))))))
        (core module $libc (memory (export "memory") {pages}))
        (core instance $libc (instantiate $libc))
        (core func $fields (canon lower (func $http "[constructor]fields")))
        (core func $append (canon lower (func $http "[method]fields.append") (memory (core memory $libc "memory"))))
        (core func $request (canon lower (func $http "[constructor]outgoing-request")))
        (core func $authority (canon lower (func $http "[method]outgoing-request.set-authority")
            (memory (core memory $libc "memory"))))
        (core func $method (canon lower (func $http "[method]outgoing-request.set-method")
            (memory (core memory $libc "memory"))))
        (core func $body (canon lower (func $http "[method]outgoing-request.body")
            (memory (core memory $libc "memory"))))
        (core func $stream (canon lower (func $http "[method]outgoing-body.write")
            (memory (core memory $libc "memory"))))
        (core func $room (canon lower (func $streams "[method]output-stream.check-write")
            (memory (core memory $libc "memory"))))
        (core func $write (canon lower (func $streams "[method]output-stream.write")
            (memory (core memory $libc "memory"))))
        (core module $main
            (import "" "memory" (memory {pages}))
            (import "" "wait" (func $wait (param i64) (result i32)))
            (import "" "block" (func $block (param i32)))
            (import "" "fields" (func $fields (result i32)))
            (import "" "append" (func $append (param i32 i32 i32 i32 i32 i32)))
            (import "" "request" (func $request (param i32) (result i32)))
            (import "" "authority" (func $authority (param i32 i32 i32 i32) (result i32)))
            (import "" "method" (func $method (param i32 i32 i32 i32) (result i32)))
            (import "" "body" (func $body (param i32 i32)))
            (import "" "stream" (func $stream (param i32 i32)))
            (import "" "room" (func $room (param i32 i32)))
            (import "" "write" (func $write (param i32 i32 i32 i32)))
            (func (export "run") (result i32) (local $n i32) (local $of i32) (local $most i32)
                (local.set $most (i32.const 16000000))
                (memory.fill (i32.const 1024) (i32.const 97) (i32.const {letters}))
                (loop $on
                    {each}
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $on (i32.lt_u (local.get $n) (i32.const {times}))))
                {last}
                (i32.const 0)))
        (core instance $m (instantiate $main (with "" (instance
            (export "memory" (memory $libc "memory")) (export "wait" (func $wait)) (export "block" (func $block))
            (export "fields" (func $fields)) (export "append" (func $append)) (export "request" (func $request))
            (export "authority" (func $authority)) (export "method" (func $method)) (export "body" (func $body))
            (export "stream" (func $stream)) (export "room" (func $room)) (export "write" (func $write))))))"#
    ))
}

/// Does this as often as it can, and holds no more of the host's memory than a call may. Yields how it ended.
async fn is_kept_within_bounds(each: &str, lines: usize) -> Result<Output, Error> {
    let house = House::open().await;
    let asks = json!({"limits": {"cpu": "20 s", "deadline": "60 s", "hostCalls": 1_000_000}});
    house.add("writer", &writer(each), asks).await;
    let before = peak();
    // The first time the process takes from the system what it then gives out again and again.
    let first = house.call("writer").await;
    assert_eq!(first.is_err(), lines > 0, "{first:?}");
    let ended = house.ordeal("writer", lines, house.call("writer")).await;
    let more = peak() - before;
    assert!(more < KEPT, "{} MiB", more >> 20);
    ended
}

/// Writes into each as much as it takes, twice, and is well if the thirty-third is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_never_sent_are_kept_within_bounds() {
    let fill = "(call $room (i32.load (i32.const 36)) (i32.const 40))
        (call $write (i32.load (i32.const 36)) (i32.const 1024) (i32.load (i32.const 48)) (i32.const 64))
        (if (i32.load8_u (i32.const 64)) (then unreachable))";
    let each = format!(
        "(local.set $of (call $request (call $fields)))
        (call $body (local.get $of) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (return (i32.ne (local.get $n) (i32.const 32)))))
        (call $stream (i32.load (i32.const 20)) (i32.const 32))
        {fill} {fill}"
    );
    let ended = is_kept_within_bounds(&each, 0).await.unwrap();
    assert!(!ended.is_error, "{ended:?}");
}

/// Almost as much as the gate sends in all.
const FIELDS: &str =
    "(call $append (call $fields) (i32.const 1024) (i32.const 6) (i32.const 1024) (i32.const 60000)
        (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn header_fields_that_are_never_sent_end_the_call_at_what_it_may_hand_over() {
    let ended = is_kept_within_bounds(FIELDS, 1).await;
    assert_eq!(limit(ended), Limit::BytesOut);
}

/// Thirty-two calls of one extension, each with sixty megabytes of fields that are never sent, as many of them at once as
/// they can. All of them together have what guests may have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_has_the_host_keep_header_fields_shares_the_memory_of_guests() {
    const ALL: u64 = 512 << 20;
    let house = House::open_with(|options| options.guest_memory = ALL).await;
    let asks = json!({"limits": {"cpu": "20 s", "deadline": "60 s", "hostCalls": 1_000_000, "bytesOut": "256 MiB",
        "concurrency": 32}});
    let sleep = "(call $block (call $wait (i64.const 3000000000)))";
    let hoarder = writer_with([2, 70_000, 1000], FIELDS, sleep);
    house.add("hoarder", &hoarder, asks).await;
    let one = || {
        let host = house.fixture.host.clone();
        async move { host.call("hoarder", "{}", CallContext::default(), None).await }
    };
    let before = peak();
    let attack = || async {
        let mut refused = 0;
        for ended in join_all((0..32).map(|_| tokio::spawn(one()))).await {
            match ended.unwrap() {
                Ok(output) => assert!(!output.is_error, "{output:?}"),
                Err(Error::Stopped {
                    stop: Stop::Share(_), ..
                }) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(
            (20..32).contains(&refused),
            "{refused} of 32 were told that they have too much"
        );
        // One of them had its place there, with all that it wanted.
        let more = peak() - before;
        assert!(more < ALL + KEPT, "{} MiB", more >> 20);
        refused
    };
    // What the process took from the system the first times, it gives out again later.
    for _ in 0..2 {
        attack().await;
    }
    house.ordeal_within("hoarder", 1..=31, attack()).await;
    assert!(
        whys(&house, "hoarder")
            .await
            .iter()
            .all(|why| why == "memoryShare")
    );
}

/// Tries 16 MB first, and takes what is let through when that is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_and_methods_that_are_never_sent_are_kept_within_bounds() {
    let each = "(local.set $of (call $request (call $fields)))
        (loop $less
            (if (i32.or
                    (call $authority (local.get $of) (i32.const 1) (i32.const 1024) (local.get $most))
                    (call $method (local.get $of) (i32.const 9) (i32.const 1024) (local.get $most)))
                (then
                    (local.set $most (i32.div_u (local.get $most) (i32.const 2)))
                    (br_if $less (local.get $most)))))
        (if (i32.eqz (local.get $most)) (then unreachable))";
    match is_kept_within_bounds(each, 1).await {
        Err(Error::Trap { what, .. }) => assert!(what.contains("resource table"), "{what}"),
        other => panic!("{other:?}"),
    }
}
