//! Components that use what this gateway's engine has turned off.

use openclaw_components::Error;
use serde_json::json;

use crate::memory::{idle, install, whys};
use crate::ordeal::House;

/// A module or a piece of a component, and the words that it is refused with.
const OFF: &[(&str, &str)] = &[
    ("(core module (memory 1 1 shared))", "threads"),
    (
        "(core module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
        "threads",
    ),
    ("(core module (memory i64 1))", "memory64"),
    ("(core module (table i64 1 funcref))", "memory64"),
    ("(core module (memory 1) (memory 1))", "multi-memory"),
    ("(core module (memory 1 (pagesize 1)))", "custom page sizes"),
    ("(core module (type (struct (field i32))))", "gc"),
    ("(core module (type (array i8)))", "gc"),
    ("(core module (func (drop (ref.i31 (i32.const 0)))))", "gc"),
    (
        "(core module (type $f (func)) (func (param (ref $f))))",
        "function references",
    ),
    ("(core module (tag))", "exceptions"),
    ("(core module (func (try_table)))", "exceptions"),
    (
        "(core module (type $f (func)) (type (cont $f)))",
        "stack switching",
    ),
    (
        "(core module (func (param v128 v128) (result v128)
            (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
        "relaxed SIMD",
    ),
    (
        "(core module (func (result i64 i64) (i64.mul_wide_u (i64.const 1) (i64.const 1))))",
        "wide arithmetic",
    ),
    ("(type (stream u8))", "async"),
    ("(type (future u8))", "async"),
    ("(core func (canon task.cancel))", "async"),
    ("(core func (canon error-context.drop))", "error-context"),
    ("(type (list u8 4))", "fixed-length lists"),
    ("(type (map string u8))", "map"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposals_that_are_off_are_refused_by_name() {
    let house = House::open().await;
    house
        .add("plain", &idle("(core module (memory 1))"), json!({}))
        .await;
    for (number, (text, name)) in OFF.iter().enumerate() {
        let id = format!("odd-{number}");
        let (component, asks) = (idle(text), json!({}));
        let attack = install(&house, &id, &component, &asks);
        let refused = house.ordeal(&id, 1, attack).await.unwrap_err();
        assert!(matches!(refused, Error::Malformed { .. }), "{text}: {refused}");
        assert!(refused.to_string().contains(name), "{text}: {refused}");
        assert!(whys(&house, &id).await[0].contains(name), "{text}");
    }
}
