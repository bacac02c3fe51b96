//! Components that take memory.

mod kept;
mod lists;
mod share;
mod slots;

use std::fs;

use openclaw_components::{Bound, CallContext, Error, Output, Stop};
use openclaw_policy::Limit;
use serde_json::{Value, json};

use crate::common::{limit, text, tool};
use crate::ordeal::{House, SAY};

/// A program of the standard's made of what is given, which has an instance `$m` with `run`.
pub(super) fn command(parts: &str) -> Vec<u8> {
    command_of(&format!(
        r#"{parts} (func $run (result (result)) (canon lift (core func $m "run")))"#
    ))
}

/// The same of parts that have a function `$run`.
pub(super) fn command_of(parts: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            {parts}
            (instance $run (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $run)))"#
    );
    wat::parse_str(text).unwrap()
}

/// A program that does nothing, beside whatever is given.
pub(super) fn idle(parts: &str) -> Vec<u8> {
    command(&format!(
        r#"{parts}
        (core module $idle (func (export "run") (result i32) (i32.const 0)))
        (core instance $m (instantiate $idle))"#
    ))
}

pub(super) async fn ask(house: &House, tool: &str, arguments: &str) -> Result<Output, Error> {
    let context = CallContext::default();
    house.fixture.host.call(tool, arguments, context, None).await
}

pub(super) async fn install(house: &House, id: &str, component: &[u8], asks: &Value) -> Result<(), Error> {
    let package = house.fixture.package(id, component, asks);
    house.fixture.host.install(&package).await.map(drop)
}

/// Why the audit says that an extension was broken off or refused, in order.
pub(super) async fn whys(house: &House, extension: &str) -> Vec<String> {
    let lines = house.lines(extension).await.into_iter();
    let why = |detail: &str| {
        serde_json::from_str::<Value>(detail).unwrap()["why"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    lines.map(|line| why(&line.detail)).collect()
}

/// The most that this process ever held in memory, in bytes.
pub(super) fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

pub(super) fn bound(refused: Result<(), Error>) -> Bound {
    match refused {
        Err(Error::TooComplex { bound, .. }) => bound,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_page_of_the_limit_is_given_and_one_more_ends_the_call() {
    let house = House::open().await;
    // It has 2 pages of the 32, and with arguments it takes the 33rd.
    let call = format!(
        "(if (i32.ne (memory.grow (i32.const 30)) (i32.const 2)) (then unreachable))
        (i32.store8 (i32.const 2097151) (i32.const 1))
        (if (i32.gt_u (local.get $args_len) (i32.const 2)) (then (drop (memory.grow (i32.const 1)))))
        {SAY}"
    );
    let asks = json!({"limits": {"memory": "2 MiB"}});
    house.add("grower", &tool("grow", "", "", &call), asks).await;
    let attack = async {
        for _ in 0..5 {
            assert_eq!(text(&house.call("grow").await.unwrap()), "A tool");
            assert_eq!(limit(ask(&house, "grow", r#"{"a":1}"#).await), Limit::Memory);
        }
    };
    house.ordeal("grower", 5, attack).await;
    assert_eq!(whys(&house, "grower").await, ["memory"; 5]);
}

/// So many memories of one page, of which each is grown by 15 more.
fn memories(count: usize) -> Vec<u8> {
    let part = r#"(core module $part
        (memory 1)
        (func (export "grow") (drop (memory.grow (i32.const 15)))))"#;
    let numbers = || 0..count;
    let parts: String = numbers()
        .map(|n| format!("(core instance $p{n} (instantiate $part))"))
        .collect();
    let imports: String = numbers()
        .map(|n| format!(r#"(import "{n}" "grow" (func $g{n}))"#))
        .collect();
    let calls: String = numbers().map(|n| format!("(call $g{n})")).collect();
    let with: String = numbers()
        .map(|n| format!(r#"(with "{n}" (instance $p{n}))"#))
        .collect();
    command(&format!(
        r#"{part} {parts}
        (core module $main {imports} (func (export "run") (result i32) {calls} (i32.const 0)))
        (core instance $m (instantiate $main {with}))"#
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_memories_of_a_call_share_one_limit() {
    let house = House::open().await;
    let asks = |memory: &str| json!({"limits": {"memory": memory}});
    house.add("fits", &memories(8), asks("8 MiB")).await;
    house.call("fits").await.unwrap();
    house.add("many", &memories(8), asks("7 MiB")).await;
    let ended = house.ordeal("many", 1, house.call("many")).await;
    assert_eq!(limit(ended), Limit::Memory);
    let refused = house
        .ordeal("more", 1, install(&house, "more", &memories(9), &json!({})))
        .await;
    assert_eq!(bound(refused), Bound::Memories);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_at_the_start_over_the_limit_is_refused_with_both_numbers() {
    let house = House::open().await;
    let start = |pages: u32, times: usize| {
        let instances = "(core instance (instantiate $large))".repeat(times);
        idle(&format!("(core module $large (memory {pages})) {instances}"))
    };
    house.add("fits", &start(1024, 1), json!({})).await;
    let cases = [
        (
            "one",
            start(1600, 1),
            json!({}),
            ["100 MiB of memory, and 64 MiB", "limits.memory"],
        ),
        (
            "sum",
            start(160, 8),
            json!({}),
            ["80 MiB of memory, and 64 MiB", "limits.memory"],
        ),
        (
            "asking",
            start(1600, 1),
            json!({"limits": {"memory": "99 MiB"}}),
            ["100 MiB of memory, and", "asks for 99 MiB"],
        ),
        (
            "greedy",
            start(65_536, 1),
            json!({"limits": {"memory": "4 GiB"}}),
            ["4 GiB of memory, and", "ceiling for memory is 512 MiB"],
        ),
    ];
    for (id, component, asks, words) in cases {
        let refused = house
            .ordeal(id, 1, install(&house, id, &component, &asks))
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Memory { .. }), "{refused}");
        let told = whys(&house, id).await.remove(0);
        for word in words {
            assert!(refused.to_string().contains(word), "{refused}");
            assert!(told.contains(word), "{told}");
        }
    }
}

/// Ten tables, of which seven are grown by 2500 elements each without arguments, and all with some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_tables_of_a_call_share_one_limit() {
    let house = House::open().await;
    let tables: String = (0..10).map(|n| format!("(table $t{n} 0 funcref)")).collect();
    let grow = |numbers: std::ops::Range<u32>| -> String {
        let one = |n| format!("(drop (table.grow $t{n} (ref.null func) (i32.const 2500)))");
        numbers.map(one).collect()
    };
    let (some, rest) = (grow(0..7), grow(7..10));
    let call = format!("{some} (if (i32.gt_u (local.get $args_len) (i32.const 2)) (then {rest})) {SAY}");
    house
        .add("grower", &tool("tables", &tables, "", &call), json!({}))
        .await;
    assert_eq!(text(&house.call("tables").await.unwrap()), "A tool");
    let ended = house
        .ordeal("grower", 1, ask(&house, "tables", r#"{"a":1}"#))
        .await;
    assert_eq!(limit(ended), Limit::TableElements);
    // Refused twice: the component that is asked what it is breaks off, and so its package is not installed.
    let large = idle(&format!(
        "(core module $t {}) (core instance (instantiate $t))",
        "(table 2500 funcref)".repeat(10)
    ));
    let refused = house
        .ordeal("large", 2, install(&house, "large", &large, &json!({})))
        .await;
    assert!(
        matches!(&refused, Err(Error::Stopped { stop: Stop::Limit(reached), .. }) if reached.limit == Limit::TableElements),
        "{refused:?}"
    );
    let of_module = idle(&format!("(core module {})", "(table 0 funcref)".repeat(17)));
    let refused = house
        .ordeal("module", 1, install(&house, "module", &of_module, &json!({})))
        .await;
    assert_eq!(bound(refused), Bound::TablesOfModule);
    let of_all = idle(&format!(
        "(core module $t {}) {}",
        "(table 0 funcref)".repeat(13),
        "(core instance (instantiate $t))".repeat(5)
    ));
    let refused = house
        .ordeal("all", 1, install(&house, "all", &of_all, &json!({})))
        .await;
    assert_eq!(bound(refused), Bound::Tables);
}

/// So many instances of one component, each of which is called once.
fn crowd(count: usize) -> Vec<u8> {
    let leaf = r#"(component $leaf
        (core module $m (global $n (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
        (core instance $i (instantiate $m))
        (func (export "next") (result u32) (canon lift (core func $i "next"))))"#;
    let numbers = || 0..count;
    let join = |one: &dyn Fn(usize) -> String| numbers().map(one).collect::<String>();
    let leaves = join(&|n| format!("(instance $i{n} (instantiate $leaf))"));
    let with = join(&|n| format!(r#"(with "f{n}" (func $i{n} "next"))"#));
    let imports = join(&|n| {
        format!(r#"(import "f{n}" (func $h{n} (result u32))) (core func $f{n} (canon lower (func $h{n})))"#)
    });
    let exports = join(&|n| format!(r#"(export "{n}" (func $f{n}))"#));
    let functions = join(&|n| format!(r#"(import "" "{n}" (func $g{n} (result i32)))"#));
    // Each begins with its own counter, so all answer 1.
    let calls = join(&|n| format!("(if (i32.ne (call $g{n}) (i32.const 1)) (then unreachable))"));
    command_of(&format!(
        r#"{leaf} {leaves}
        (component $caller
            {imports}
            (core module $main {functions} (func (export "run") (result i32) {calls} (i32.const 0)))
            (core instance $i (instantiate $main (with "" (instance {exports}))))
            (func (export "run") (result (result)) (canon lift (core func $i "run"))))
        (instance $caller (instantiate $caller {with}))
        (alias export $caller "run" (func $run))"#
    ))
}

/// So many components, one inside the other.
fn nested(depth: usize) -> Vec<u8> {
    let head = b"\0asm\x0d\0\x01\0";
    (1..depth).fold(head.to_vec(), |inner, _| {
        // A section with one component, and its length in two groups of seven bits.
        let length = [(inner.len() & 0x7f) as u8 | 0x80, (inner.len() >> 7) as u8];
        [&head[..], &[4], &length, &inner].concat()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_instances_inside_run_and_more_or_deeper_ones_are_refused() {
    let house = House::open().await;
    house.add("crowd", &crowd(100), json!({})).await;
    let attack = async {
        for _ in 0..20 {
            assert!(!house.call("crowd").await.unwrap().is_error);
        }
    };
    house.ordeal("crowd", 0, attack).await;
    let refused = house
        .ordeal("more", 1, install(&house, "more", &crowd(200), &json!({})))
        .await;
    assert_eq!(bound(refused), Bound::Modules);
    let deep = nested(100);
    let refused = house
        .ordeal("deep", 1, install(&house, "deep", &deep, &json!({})))
        .await;
    assert_eq!(bound(refused), Bound::Depth);
}
