//! Components that break the rules of calls between them and the host.

mod encodings;
mod flags;
mod inside;
mod proposals;
mod streams;

use openclaw_components::Error;
use serde_json::json;

use crate::common::{odd_tool, text, tool};
use crate::memory::{ask, whys};
use crate::ordeal::{House, SAY};

const IMPORTS: &str = r#"
    (import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))
    (import "openclaw:progress/report@0.1.0" "update" (func $update (param i32 i32 i32 i64 i32 i64)))
    (import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))"#;

/// Texts that are no UTF-8: a byte that is none, an overlong nought, half of a surrogate, a character beyond the last, one
/// that is cut off.
const DATA: &str = r#"
    (data (i32.const 1000) "\ff") (data (i32.const 1008) "\c0\80") (data (i32.const 1016) "\ed\a0\80")
    (data (i32.const 1024) "\f4\90\80\80") (data (i32.const 1032) "\e2\82")"#;

/// What the guest does, and what it is told. It has 131072 bytes of memory; its result is at 400, and the one part of its
/// output at 500.
const LIES: &[(&str, &str)] = &[
    // Neither a result nor an error, neither something nor nothing, no such case of a variant or of an enum.
    (
        "(i32.store8 (i32.const 400) (i32.const 2))",
        "invalid expected discriminant",
    ),
    (
        "(i32.store8 (i32.const 416) (i32.const 2))",
        "invalid option discriminant",
    ),
    (
        "(i32.store8 (i32.const 500) (i32.const 5))",
        "unexpected discriminant: 5",
    ),
    (
        "(i32.store8 (i32.const 400) (i32.const 1)) (i32.store8 (i32.const 408) (i32.const 17))",
        "unexpected discriminant: 17",
    ),
    (
        "(i32.store (i32.const 408) (i32.const 0)) (i32.store8 (i32.const 400) (i32.const 1))
        (i32.store8 (i32.const 440) (i32.const 3))",
        "unexpected discriminant: 3",
    ),
    (
        "(call $write (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
        "unexpected discriminant: 6",
    ),
    (
        "(call $update (i32.const 0) (i32.const 0) (i32.const 2) (i64.const 0) (i32.const 0) (i64.const 0))",
        "invalid option discriminant",
    ),
    (
        "(call $output (i32.const 255) (i32.const 0) (i32.const 0))",
        "unexpected discriminant: 255",
    ),
    // Texts that are none.
    ("(call $say (i32.const 1000) (i32.const 1))", "invalid utf-8"),
    ("(call $say (i32.const 1008) (i32.const 2))", "invalid utf-8"),
    ("(call $say (i32.const 1016) (i32.const 3))", "invalid utf-8"),
    ("(call $say (i32.const 1024) (i32.const 4))", "invalid utf-8"),
    ("(call $say (i32.const 1032) (i32.const 2))", "incomplete utf-8"),
    (
        "(call $output (i32.const 0) (i32.const 1016) (i32.const 3))",
        "invalid utf-8",
    ),
    // Beyond the end of memory, or around it.
    ("(call $say (i32.const -16) (i32.const 32))", "out of bounds"),
    ("(call $say (i32.const 131071) (i32.const 2))", "out of bounds"),
    ("(call $say (i32.const 0) (i32.const -1))", "out of bounds"),
    (
        "(i32.store (i32.const 412) (i32.const 0x7fffffff))",
        "out of bounds",
    ),
    // 36 times this is 32 bits and a bit more.
    (
        "(i32.store (i32.const 412) (i32.const 119304648))",
        "out of bounds",
    ),
    ("(i32.store (i32.const 408) (i32.const -4))", "out of bounds"),
    ("(return (i32.const -8))", "out of bounds"),
    ("(return (i32.const 131064))", "out of bounds"),
    (
        "(call $write (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 0x10000000))",
        "out of bounds",
    ),
    // Where nothing of its kind may stand.
    ("(i32.store (i32.const 408) (i32.const 501))", "not aligned"),
    ("(return (i32.const 402))", "not aligned"),
    (
        "(call $write (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 66) (i32.const 1))",
        "not aligned",
    ),
];

/// Arguments that tell the guest which lie it is to tell.
fn number(lie: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(lie).unwrap());
    json!({ "c": letter.to_string() }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_value_of_its_type_ends_the_call() {
    let house = House::open().await;
    let choose = |(lie, (act, _)): (usize, &(&str, &str))| {
        let letter = usize::from(b'A') + lie;
        format!("(if (i32.eq (local.get $n) (i32.const {letter})) (then {act}))")
    };
    let lies: String = LIES.iter().enumerate().map(choose).collect();
    let call = format!("(local.set $n (i32.load8_u offset=6 (local.get $args))) {SAY} {lies}");
    house
        .add("liar", &tool("lie", IMPORTS, DATA, &call), json!({}))
        .await;
    let attack = async {
        for (lie, (act, told)) in LIES.iter().enumerate() {
            match ask(&house, "lie", &number(lie)).await {
                Err(Error::Trap { what, .. }) => assert!(what.contains(told), "{act}: {what}"),
                other => panic!("{act}: {other:?}"),
            }
            // It did nothing else that could have ended it.
            assert_eq!(text(&ask(&house, "lie", r#"{"c":"."}"#).await.unwrap()), "A tool");
        }
    };
    house.ordeal("liar", LIES.len(), attack).await;
    assert_eq!(whys(&house, "liar").await, vec!["trap"; LIES.len()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_rules_allow_is_understood() {
    let house = House::open().await;
    // Any number but nought is true, and nothing may stand at the very end of memory.
    let call = "(call $say (i32.const 131072) (i32.const 0)) (i32.store8 (i32.const 428) (i32.const 255))";
    house.add("odd", &tool("odd", "", "", call), json!({})).await;
    let output = house.ordeal("odd", 0, house.call("odd")).await.unwrap();
    assert!(output.is_error && text(&output).is_empty(), "{output:?}");
}

/// What `cabi_realloc` answers when the host asks for room for arguments of some length, and what the guest is told.
const ROOM: &[(usize, &str, Option<&str>)] = &[
    (40, "(i32.const -16)", Some("beyond end of memory")),
    (41, "(i32.const 131040)", Some("beyond end of memory")),
    (42, "(i32.const 131072)", Some("beyond end of memory")),
    // Its own affair: it gets its arguments where it wants them, and loses what was there.
    (43, "(i32.const 1000)", None),
    (44, "(i32.const 131028)", None),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_that_is_no_room_ends_the_call_and_nothing_is_written_there() {
    let house = House::open().await;
    let answers: String = ROOM
        .iter()
        .map(|(length, at, _)| {
            format!("(if (i32.eq (local.get 3) (i32.const {length})) (then (return {at})))")
        })
        .collect();
    let echo = "(call $say (local.get $args) (local.get $args_len))";
    let component = odd_tool("echo", ["", "", echo], ["", &answers]);
    house.add("cheat", &component, json!({})).await;
    let attack = async {
        for (length, at, told) in ROOM {
            let arguments = format!("{:<length$}", r#"{"c":"A"}"#);
            match (ask(&house, "echo", &arguments).await, told) {
                (Err(Error::Trap { what, .. }), Some(told)) => assert!(what.contains(told), "{at}: {what}"),
                (Ok(output), None) => assert_eq!(text(&output), arguments, "{at}"),
                (other, _) => panic!("{at}: {other:?}"),
            }
        }
    };
    house.ordeal("cheat", 3, attack).await;
}
