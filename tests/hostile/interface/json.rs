//! Arguments and results that are dear or impossible to read.

use std::time::{Duration, Instant};

use openclaw_agent::session::Key;
use openclaw_components::{CallContext, Error};
use openclaw_policy::Limit;
use openclaw_tests::assistant::Assistant;
use serde_json::json;

use super::escaped;
use crate::common::{limit, odd_tool, text, tool};
use crate::ordeal::House;

const DEPTH: usize = 100_000;

/// A tool that says its arguments, with room for long ones.
fn echo() -> Vec<u8> {
    let room = "(if (i32.lt_u (memory.size) (i32.const 40)) (then (drop (memory.grow (i32.const 40)))))";
    let call = "(call $say (local.get $args) (local.get $args_len))";
    odd_tool("echo", ["", "", call], ["", room])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_arguments_are_handed_on_and_nothing_overflows() {
    let house = House::open().await;
    house.add("echo", &echo(), json!({})).await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    // One bracket is missing, at the end of a way that has to be gone for that to be seen.
    let broken = format!("{{\"a\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH - 1));
    house
        .ordeal("echo", 0, async {
            let host = &house.fixture.host;
            let call = |arguments: String| async move {
                host.call("echo", &arguments, CallContext::default(), None).await
            };
            assert_eq!(text(&call(deep.clone()).await.unwrap()), deep);
            let refused = call(broken).await;
            assert!(matches!(refused, Err(Error::Arguments { .. })), "{refused:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_beyond_all_measure_and_keys_that_stand_twice_reach_the_tool_as_they_were_written() {
    let house = House::open().await;
    house.add("echo", &echo(), json!({})).await;
    house
        .ordeal("echo", 0, async {
            for arguments in [r#"{"a":1e400}"#, r#"{"a":1,"a":2}"#, r#"{"a":-0.0,"\u0061":3}"#] {
                let said = house
                    .fixture
                    .host
                    .call("echo", arguments, CallContext::default(), None)
                    .await;
                assert_eq!(text(&said.unwrap()), arguments);
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_of_a_hundred_megabytes_is_refused_before_it_is_read() {
    let house = House::open().await;
    house.add("echo", &echo(), json!({})).await;
    house
        .ordeal("echo", 0, async {
            let host = &house.fixture.host;
            let call = |digits: usize| {
                let arguments = format!("{{\"n\":{}}}", "7".repeat(digits));
                async move {
                    let begun = Instant::now();
                    let ended = host.call("echo", &arguments, CallContext::default(), None).await;
                    (ended, begun.elapsed())
                }
            };
            call(100_000).await.0.unwrap();
            // The fastest: whoever reads it takes long every time, and this machine only now and then.
            let mut fastest = Duration::MAX;
            for _ in 0..5 {
                let (ended, took) = call(100 << 20).await;
                assert_eq!(limit(ended), Limit::BytesIn);
                fastest = fastest.min(took);
            }
            assert!(fastest < Duration::from_millis(100), "{fastest:?}");
        })
        .await;
}

/// A tool that returns `before` and `after` so many times around nothing, as the result for programs and as a part.
fn nested(name: &str, count: usize) -> Vec<u8> {
    let call = format!(
        "(drop (memory.grow (i32.const 8)))
        (memory.fill (i32.const 131072) (i32.const 0x5b) (i32.const {count}))
        (memory.fill (i32.const {middle}) (i32.const 0x5d) (i32.const {count}))
        (i32.store8 (i32.const 416) (i32.const 1))
        (i32.store (i32.const 420) (i32.const 131072)) (i32.store (i32.const 424) (i32.const {length}))
        (call $say (i32.const 131072) (i32.const {length}))
        (i32.store8 (i32.const 500) (i32.const 2))",
        middle = 131_072 + count,
        length = 2 * count
    );
    tool(name, "", "", &call)
}

/// A tool whose result for programs is this text.
fn structured(name: &str, json: &str) -> Vec<u8> {
    let data = format!(r#"(data (i32.const 1000) "{}")"#, escaped(json));
    let call = format!(
        "(i32.store8 (i32.const 416) (i32.const 1))
        (i32.store (i32.const 420) (i32.const 1000)) (i32.store (i32.const 424) (i32.const {}))",
        json.len()
    );
    tool(name, "", &data, &call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_cannot_be_read_is_text_for_the_model_and_nothing_for_programs() {
    let house = House::open().await;
    house.add("deep", &nested("deep", DEPTH), json!({})).await;
    house.add("shallow", &nested("shallow", 100), json!({})).await;
    house
        .add("huge", &structured("huge", r#"{"a":1e400}"#), json!({}))
        .await;
    house
        .add("twice", &structured("twice", r#"{"a":1,"a":{"b":2}}"#), json!({}))
        .await;
    let folder = tempfile::tempdir().unwrap();
    let (state, host) = (house.state.clone(), house.fixture.host.clone());
    let assistant = Assistant::start_with(folder.path(), &json!({}), state, Some(host))
        .await
        .unwrap();
    let main = Key::main("main");
    house
        .ordeal("deep", 0, async {
            let call = async |name: &str| {
                assistant
                    .agent
                    .call_tool(&main, name, &json!({}), None)
                    .await
                    .unwrap()
            };
            let deep = call("deep").await;
            assert_eq!((deep.text.len(), &deep.details), (2 * DEPTH, &None));
            assert!(
                deep.to_value().to_string().len() < 70_000,
                "a model is given all of it"
            );
            assert!(
                call("shallow")
                    .await
                    .details
                    .is_some_and(|details| details.is_array())
            );
            assert_eq!(call("huge").await.details, None);
            assert_eq!(call("twice").await.details, Some(json!({"a": {"b": 2}})));
        })
        .await;
    assistant.agent.stop().await;
}
