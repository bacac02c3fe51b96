//! Parts of one component that lie to each other. What passes between them is copied by code of the engine's own.

use openclaw_components::Error;
use serde_json::json;

use crate::memory::command_of;
use crate::ordeal::House;

/// A caller with some data that passes these core values on, and a callee that takes a value of a type. `room` is what the
/// callee's `realloc` answers, and `check` what it does with what it is given.
struct Pair<'a> {
    ty: &'a str,
    flat: usize,
    encodings: [&'a str; 2],
    data: &'a str,
    passes: &'a str,
    room: &'a str,
    check: &'a str,
}

impl Pair<'_> {
    fn component(&self) -> Vec<u8> {
        let Self {
            ty,
            flat,
            encodings: [from, to],
            data,
            passes,
            room,
            check,
        } = self;
        let params = "i32 ".repeat(*flat);
        command_of(&format!(
            r#"(component $callee
                (core module $m (memory (export "memory") 1)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) {room})
                    (func (export "take") (param {params}) {check}))
                (core instance $i (instantiate $m))
                {ty}
                (export $named "t" (type $t))
                (func (export "take") (param "value" $named) (canon lift (core func $i "take")
                    (memory (core memory $i "memory")) (realloc (core func $i "realloc")) string-encoding={to})))
            (instance $callee (instantiate $callee))
            (component $caller
                {ty}
                (import "t" (type $named (eq $t)))
                (import "take" (func $take (param "value" $named)))
                (core module $libc (memory (export "memory") 1) {data})
                (core instance $libc (instantiate $libc))
                (core func $take (canon lower (func $take)
                    (memory (core memory $libc "memory")) string-encoding={from}))
                (core module $m
                    (import "" "take" (func $take (param {params})))
                    (func (export "run") (result i32) (call $take {passes}) (i32.const 0)))
                (core instance $i (instantiate $m (with "" (instance (export "take" (func $take))))))
                (func (export "run") (result (result)) (canon lift (core func $i "run"))))
            (instance $caller (instantiate $caller
                (with "t" (type $callee "t")) (with "take" (func $callee "take"))))
            (alias export $caller "run" (func $run))"#
        ))
    }
}

const WHOLE: &str = "(i32.const 1024)";

/// A text of the caller's that the callee takes.
fn string<'a>(encodings: [&'a str; 2], data: &'a str, passes: &'a str, room: &'a str) -> Pair<'a> {
    Pair {
        ty: "(type $t string)",
        flat: 2,
        encodings,
        data,
        passes,
        room,
        check: "",
    }
}

fn value<'a>(ty: &'a str, passes: &'a str, check: &'a str) -> Pair<'a> {
    Pair {
        ty,
        flat: 1,
        encodings: ["utf8", "utf8"],
        data: "",
        passes,
        room: WHOLE,
        check,
    }
}

const CHAR: &str = "(type $t char)";
const ENUM: &str = r#"(type $t (enum "a" "b"))"#;
const FLAGS: &str = r#"(type $t (flags "a" "b" "c"))"#;
const UTF8: &str = "utf8";
const UTF16: &str = "utf16";
const LATIN: &str = "latin1+utf16";

/// Each with the words that it is broken off with, if it is.
async fn try_all(cases: &[(Pair<'_>, Option<&str>)]) {
    let house = House::open().await;
    for (number, (pair, told)) in cases.iter().enumerate() {
        let id = format!("pair-{number}");
        house.add(&id, &pair.component(), json!({})).await;
        let case = format!("{} {:?} {}", pair.ty, pair.encodings, pair.passes);
        let ended = house
            .ordeal(&id, usize::from(told.is_some()), house.call(&id))
            .await;
        match (ended, told) {
            (Err(Error::Trap { what, .. }), Some(told)) => assert!(what.contains(told), "{case}: {what}"),
            (Ok(output), None) => assert!(!output.is_error, "{case}"),
            (other, _) => panic!("{case}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn characters_and_cases_that_do_not_exist_end_the_call_and_unknown_bits_are_dropped() {
    let is = |wanted: &str| format!("(if (i32.ne (local.get 0) (i32.const {wanted})) (then unreachable))");
    let (last, seven, byte, yes) = (is("0x10ffff"), is("7"), is("255"), is("1"));
    try_all(&[
        (value(CHAR, "(i32.const 0x10ffff)", &last), None),
        (value(CHAR, "(i32.const 0x110000)", ""), Some("`char`")),
        (value(CHAR, "(i32.const 0xd800)", ""), Some("`char`")),
        (value(CHAR, "(i32.const 0xdfff)", ""), Some("`char`")),
        (value(CHAR, "(i32.const -1)", ""), Some("`char`")),
        (value(ENUM, "(i32.const 1)", &yes), None),
        (value(ENUM, "(i32.const 2)", ""), Some("discriminant")),
        (value(ENUM, "(i32.const -1)", ""), Some("discriminant")),
        (value(FLAGS, "(i32.const -1)", &seven), None),
        (value("(type $t u8)", "(i32.const 511)", &byte), None),
        (value("(type $t bool)", "(i32.const 256)", &yes), None),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_are_none_end_the_call_whatever_they_are_turned_into() {
    let (bad8, bad16) = (
        r#"(data (i32.const 64) "ab\ff")"#,
        r#"(data (i32.const 64) "a\00\00\de")"#,
    );
    let (three, two) = ("(i32.const 64) (i32.const 3)", "(i32.const 64) (i32.const 2)");
    let tagged = "(i32.const 64) (i32.const 0x80000002)";
    try_all(&[
        (string([UTF8, UTF8], bad8, three, WHOLE), Some("utf8")),
        (string([UTF8, UTF16], bad8, three, WHOLE), Some("utf8")),
        (string([UTF8, LATIN], bad8, three, WHOLE), Some("utf8")),
        (string([UTF16, UTF8], bad16, two, WHOLE), Some("utf16")),
        (string([UTF16, UTF16], bad16, two, WHOLE), Some("utf16")),
        (string([UTF16, LATIN], bad16, two, WHOLE), Some("utf16")),
        (string([LATIN, UTF8], bad16, tagged, WHOLE), Some("utf16")),
        (string([LATIN, UTF16], bad16, tagged, WHOLE), Some("utf16")),
        (string([LATIN, LATIN], bad16, tagged, WHOLE), Some("utf16")),
        // The same bytes are a text where each is a character.
        (
            string([LATIN, UTF8], bad16, "(i32.const 64) (i32.const 4)", WHOLE),
            None,
        ),
        (string([UTF8, UTF16], bad8, two, WHOLE), None),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_and_rooms_that_are_not_in_memory_end_the_call() {
    let here = "(i32.const 64) (i32.const 8)";
    try_all(&[
        (
            string([UTF8, UTF16], "", "(i32.const 65530) (i32.const 8)", WHOLE),
            Some("out-of-bounds"),
        ),
        (
            string([UTF8, UTF8], "", "(i32.const -8) (i32.const 16)", WHOLE),
            Some("out-of-bounds"),
        ),
        (
            string([UTF16, UTF8], "", "(i32.const 64) (i32.const 0x7fffffff)", WHOLE),
            Some("out-of-bounds"),
        ),
        (
            string([UTF16, UTF8], "", "(i32.const 65) (i32.const 4)", WHOLE),
            Some("unaligned"),
        ),
        (
            string([LATIN, UTF8], "", "(i32.const 64) (i32.const -1)", WHOLE),
            Some("out-of-bounds"),
        ),
        (
            string([UTF8, UTF16], "", here, "(i32.const 65534)"),
            Some("out-of-bounds"),
        ),
        (
            string([UTF8, UTF16], "", here, "(i32.const 1025)"),
            Some("unaligned"),
        ),
        (
            string([UTF8, UTF8], "", here, "(i32.const -4)"),
            Some("out-of-bounds"),
        ),
        (
            string([UTF16, LATIN], "", here, "(i32.const 65535)"),
            Some("unaligned"),
        ),
        (string([UTF8, UTF16], "", here, WHOLE), None),
    ])
    .await;
}
