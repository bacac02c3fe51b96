//! Components that ask for more than there is.

use openclaw_components::Error;
use openclaw_policy::Limit;
use serde_json::json;

use crate::common::{limit, text};
use crate::memory::{command, peak};
use crate::ordeal::House;

const ALL: &str = "(i64.const -1)";
/// What the process may hold more while that is refused.
const SPARE: u64 = 32 << 20;

/// A program that says "." and then does this. Its memory has 2 MiB.
fn asker(act: &str) -> Vec<u8> {
    let memory = r#"(memory (core memory $libc "memory"))"#;
    let room = r#"(realloc (core func $libc "realloc"))"#;
    command(&format!(
        r#"(import "wasi:io/error@0.2.0" (instance $io (export "error" (type (sub resource)))))
        (alias export $io "error" (type $error))
        (import "wasi:io/streams@0.2.0" (instance $streams
            (alias outer 1 $error (type $outer))
            (export "error" (type $e (eq $outer)))
            (export "output-stream" (type $out (sub resource)))
            (export "input-stream" (type $in (sub resource)))
            (type $why (variant (case "last-operation-failed" (own $e)) (case "closed")))
            (export "stream-error" (type $fault (eq $why)))
            (export "[method]output-stream.write"
                (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $fault)))))
            (export "[method]output-stream.write-zeroes"
                (func (param "self" (borrow $out)) (param "len" u64) (result (result (error $fault)))))
            (export "[method]output-stream.blocking-write-zeroes-and-flush"
                (func (param "self" (borrow $out)) (param "len" u64) (result (result (error $fault)))))
            (export "[method]output-stream.blocking-splice" (func (param "self" (borrow $out))
                (param "src" (borrow $in)) (param "len" u64) (result (result u64 (error $fault)))))
            (export "[method]input-stream.blocking-read"
                (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $fault)))))
            (export "[method]input-stream.blocking-skip"
                (func (param "self" (borrow $in)) (param "len" u64) (result (result u64 (error $fault)))))))
        (alias export $streams "output-stream" (type $out))
        (alias export $streams "input-stream" (type $in))
        (import "wasi:cli/stdout@0.2.0" (instance $stdout
            (alias outer 1 $out (type $outer)) (export "output-stream" (type $o (eq $outer)))
            (export "get-stdout" (func (result (own $o))))))
        (import "wasi:cli/stdin@0.2.0" (instance $stdin
            (alias outer 1 $in (type $outer)) (export "input-stream" (type $i (eq $outer)))
            (export "get-stdin" (func (result (own $i))))))
        (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (import "wasi:random/insecure@0.2.0" (instance $insecure
            (export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $libc
            (memory (export "memory") 32)
            (data (i32.const 8) ".")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
        (core instance $libc (instantiate $libc))
        (core func $stdout (canon lower (func $stdout "get-stdout")))
        (core func $stdin (canon lower (func $stdin "get-stdin")))
        (core func $write (canon lower (func $streams "[method]output-stream.write") {memory}))
        (core func $zeroes (canon lower (func $streams "[method]output-stream.write-zeroes") {memory}))
        (core func $flush (canon lower
            (func $streams "[method]output-stream.blocking-write-zeroes-and-flush") {memory}))
        (core func $splice (canon lower (func $streams "[method]output-stream.blocking-splice") {memory}))
        (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") {memory} {room}))
        (core func $skip (canon lower (func $streams "[method]input-stream.blocking-skip") {memory}))
        (core func $random (canon lower (func $random "get-random-bytes") {memory} {room}))
        (core func $insecure (canon lower (func $insecure "get-insecure-random-bytes") {memory} {room}))
        (core module $main
            (import "" "stdout" (func $stdout (result i32)))
            (import "" "stdin" (func $stdin (result i32)))
            (import "" "write" (func $write (param i32 i32 i32 i32)))
            (import "" "zeroes" (func $zeroes (param i32 i64 i32)))
            (import "" "flush" (func $flush (param i32 i64 i32)))
            (import "" "splice" (func $splice (param i32 i32 i64 i32)))
            (import "" "read" (func $read (param i32 i64 i32)))
            (import "" "skip" (func $skip (param i32 i64 i32)))
            (import "" "random" (func $random (param i64 i32)))
            (import "" "insecure" (func $insecure (param i64 i32)))
            (func (export "run") (result i32)
                (call $write (call $stdout) (i32.const 8) (i32.const 1) (i32.const 16))
                {act} (i32.const 0)))
        (core instance $m (instantiate $main (with "" (instance
            (export "stdout" (func $stdout)) (export "stdin" (func $stdin)) (export "write" (func $write))
            (export "zeroes" (func $zeroes)) (export "flush" (func $flush)) (export "splice" (func $splice))
            (export "read" (func $read)) (export "skip" (func $skip)) (export "random" (func $random))
            (export "insecure" (func $insecure))))))"#
    ))
}

/// What each comes to.
enum End {
    /// It reaches a limit.
    Stop(Limit),
    /// It is broken off with these words.
    Trap(&'static str),
    /// It is given what there is, and this is what it said.
    Said(&'static str),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_all_the_bytes_there_could_be_is_given_none_or_what_there_is() {
    let act = |name: &str, many: &str| format!("(call ${name} {many} (i32.const 16))");
    let cases = [
        (act("random", ALL), End::Stop(Limit::BytesIn)),
        (act("insecure", ALL), End::Stop(Limit::BytesIn)),
        (
            act("random", "(i64.const 0x100000000)"),
            End::Stop(Limit::BytesIn),
        ),
        (
            act("random", "(i64.const 1000000)"),
            End::Trap("65536 random bytes"),
        ),
        (
            act("insecure", "(i64.const 1000000)"),
            End::Trap("65536 random bytes"),
        ),
        (act("random", "(i64.const 65536)"), End::Said(".")),
        (act("zeroes (call $stdout)", ALL), End::Trap("zeroes")),
        (act("flush (call $stdout)", ALL), End::Trap("too large")),
        (act("read (call $stdin)", ALL), End::Said(".")),
        (act("skip (call $stdin)", ALL), End::Said(".")),
        (act("splice (call $stdout) (call $stdin)", ALL), End::Said(".{}")),
    ];
    let house = House::open().await;
    let before = peak();
    for (number, (act, end)) in cases.iter().enumerate() {
        let id = format!("asker-{number}");
        house.add(&id, &asker(act), json!({})).await;
        let lines = usize::from(!matches!(end, End::Said(_)));
        let ended = house.ordeal(&id, lines, house.call(&id)).await;
        match (ended, end) {
            (Ok(output), End::Said(said)) => assert_eq!(text(&output), *said, "{act}"),
            (Err(Error::Trap { what, .. }), End::Trap(told)) => assert!(what.contains(told), "{act}: {what}"),
            (ended, End::Stop(reached)) => assert_eq!(limit(ended), *reached, "{act}"),
            (other, _) => panic!("{act}: {other:?}"),
        }
    }
    let more = peak() - before;
    assert!(more < SPARE, "{} MiB", more >> 20);
}
