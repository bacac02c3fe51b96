//! Tools that call each other in circles, and each other for what they were not granted.

use std::time::{Duration, Instant};

use openclaw_components::{CallContext, Error};
use openclaw_policy::{Capabilities, Choice, Limit, LimitSet};
use serde_json::json;

use super::{CALL, FORWARD, NEXT};
use crate::common::{grant, limit, odd_tool, text, tool};
use crate::ordeal::{House, SAY};

const GET: &str = r#"(import "openclaw:kv/store@0.1.0" "get" (func $get (param i32 i32 i32)))"#;
/// Says whether it may look into its store: "A tool" if so, or else why not.
const LOOK: &str = "
    (call $get (i32.const 1000) (i32.const 1) (i32.const 3000))
    (if (i32.load8_u (i32.const 3000))
        (then (call $say (i32.load (i32.const 3012)) (i32.load (i32.const 3016))))
        (else (call $say (i32.const 100) (i32.const 6))))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tools_that_call_each_other_end_at_the_depth() {
    let house = House::open().await;
    for (id, name, other) in [("first", "ping", "pong"), ("second", "pong", "ping")] {
        let asks = json!({"capabilities": {"tools": {"next": other}}});
        house.add(id, &tool(name, CALL, NEXT, FORWARD), asks).await;
    }
    house
        .ordeal("first", 0, async {
            for name in ["ping", "pong"] {
                let ended = house.call(name).await;
                assert!(
                    matches!(&ended, Err(Error::Failed { failure, .. }) if failure.code == "too-large"),
                    "{ended:?}"
                );
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_called_gains_no_grant_and_neither_does_who_calls() {
    let house = House::open().await;
    let store = json!({"quota": "1 KiB"});
    let asks = json!({"capabilities": {"kv": store}});
    let looker = house.add("looker", &tool("look", GET, NEXT, LOOK), asks).await;
    // With arguments it looks itself, without it has the other look.
    let imports = format!("{CALL} {GET}");
    let call = format!("(if (i32.eq (local.get $args_len) (i32.const 2)) (then {FORWARD})) {LOOK}");
    let asks = json!({"capabilities": {"kv": store, "tools": {"next": "look"}}});
    let front = house
        .add("front", &tool("front", &imports, NEXT, &call), asks)
        .await;
    let itself = || {
        house
            .fixture
            .host
            .call("front", r#"{"a":1}"#, CallContext::default(), None)
    };
    let host = &house.fixture.host;
    house
        .ordeal("front", 0, async {
            // Both may.
            assert_eq!(text(&house.call("front").await.unwrap()), "A tool");
            assert_eq!(text(&itself().await.unwrap()), "A tool");
            // Who calls may, and who is called may not.
            let nothing = grant(&looker, Choice::None);
            host.enable(&looker, nothing, json!({})).await.unwrap();
            let denied = house.call("front").await.unwrap();
            assert!(text(&denied).contains("capabilities.kv"), "{denied:?}");
            assert_eq!(text(&itself().await.unwrap()), "A tool");
            // The other way round: who calls keeps the right to call, and has no store.
            host.enable(&looker, grant(&looker, Choice::All), json!({}))
                .await
                .unwrap();
            let only_tools: Capabilities =
                serde_json::from_value(json!({"tools": {"next": "look"}})).unwrap();
            let only_tools = Choice::Some(Box::new(only_tools), LimitSet::default());
            host.enable(&front, grant(&front, only_tools), json!({}))
                .await
                .unwrap();
            assert_eq!(text(&house.call("front").await.unwrap()), "A tool");
            let denied = itself().await.unwrap();
            assert!(text(&denied).contains("capabilities.kv"), "{denied:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_reaches_itself_meets_a_fresh_instance() {
    let house = House::open().await;
    let call = "(if (i32.load8_u (i32.const 1500)) (then unreachable))
        (i32.store8 (i32.const 1500) (i32.const 1))
        (call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 2000))
        ;; What was reached changed nothing here.
        (if (i32.ne (i32.load8_u (i32.const 1500)) (i32.const 1)) (then unreachable))
        ;; The innermost may call no further, and answers.
        (if (i32.load8_u (i32.const 2000))
            (then (call $say (i32.const 100) (i32.const 6)))
            (else (return (i32.const 2000))))";
    let asks = json!({"capabilities": {"tools": {"next": "mirror"}}});
    house.add("mirror", &tool("mirror", CALL, NEXT, call), asks).await;
    house
        .ordeal("mirror", 0, async {
            assert_eq!(text(&house.call("mirror").await.unwrap()), "A tool");
        })
        .await;
}

/// Each call of it makes as many calls as it can, and each of those does the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_branches_at_every_depth_computes_on_one_budget() {
    let house = House::open().await;
    let call = "(loop $on
        (call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 2000))
        (br $on))";
    let asks = json!({"capabilities": {"tools": {"next": "branch"}}, "limits": {"cpu": "300 ms", "hostCalls": 1_000_000}});
    // What the calls return is kept nowhere, so it takes no room.
    let component = odd_tool(
        "branch",
        [CALL, NEXT, call],
        ["", "(global.set $free (i32.const 65536))"],
    );
    house.add("tree", &component, asks).await;
    // Four stand one behind the other when the budget is spent, and each is broken off.
    house
        .ordeal("tree", 4, async {
            let begun = Instant::now();
            assert_eq!(limit(house.call("branch").await), Limit::Cpu);
            // At the end of the machine's queue. On budgets of their own they would go on to the deadline.
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        })
        .await;
}

const LOG: &str = r#"(import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))"#;
/// Says something to the log, which is well anywhere else.
const WRITE: &str = "(call $write (i32.const 2) (i32.const 100) (i32.const 6) (i32.const 0) (i32.const 0))";

/// The host is in the middle of something then, and is entered by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_the_host_while_it_makes_room_or_after_it_returned_is_broken_off() {
    let house = House::open().await;
    // Arguments of a length that nobody else has are what it does this for.
    let room = format!("(if (i32.eq (local.get 3) (i32.const 40)) (then {WRITE}))");
    let call = format!("{WRITE} {SAY}");
    house
        .add(
            "room",
            &odd_tool("room", [LOG, "", &call], ["", &room]),
            json!({}),
        )
        .await;
    let after = format!(
        r#"(global $late (mut i32) (i32.const 0))
        (func (export "cabi_post_openclaw:tool/toolbox@0.1.0#call") (param i32)
            (if (global.get $late) (then {WRITE})))"#
    );
    let call = format!("(global.set $late (i32.eq (local.get $args_len) (i32.const 40))) {WRITE} {SAY}");
    house
        .add("after", &tool("after", LOG, &after, &call), json!({}))
        .await;
    for id in ["room", "after"] {
        let ask = |length: usize| {
            let arguments = format!("{:<length$}", "{}");
            let host = house.fixture.host.clone();
            async move { host.call(id, &arguments, CallContext::default(), None).await }
        };
        assert_eq!(text(&ask(39).await.unwrap()), "A tool", "{id}");
        match house.ordeal(id, 1, ask(40)).await {
            Err(Error::Trap { what, .. }) => assert!(what.contains("cannot leave"), "{id}: {what}"),
            other => panic!("{id}: {other:?}"),
        }
        assert_eq!(text(&ask(39).await.unwrap()), "A tool", "{id}");
    }
}
