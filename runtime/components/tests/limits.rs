//! Every limit ends the call that reaches it, by its name, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{limit, program, start, start_with, text, tool};
use openclaw_components::{CallContext, Error, Stop};
use openclaw_policy::Limit;
use serde_json::json;

/// How far a stop may be off in a test; the benches measure the real distance.
const SLACK: Duration = Duration::from_millis(250);

/// How long all threads of this process have computed.
fn computed() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap())
}

/// Says that it has begun.
const BEGUN: &str =
    r#"(import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))"#;

const SPIN: &str = "(loop $on (br $on))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spinner_stops_near_its_budget() {
    let fixture = start().await;
    let spinner = tool("spin", "", "", SPIN);
    fixture
        .add("spinner", &spinner, json!({"limits": {"cpu": "100 ms"}}))
        .await;
    let begun = computed();
    assert_eq!(limit(fixture.call("spin").await), Limit::Cpu);
    // Not by the clock: a spinner steps back behind whatever else the machine does.
    let took = computed().checked_sub(begun).unwrap();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    // The first call of a tool maps its code, which is its own time.
    assert!(took < Duration::from_millis(100) + 2 * SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleeper_stops_at_its_deadline() {
    let fixture = start().await;
    let sleeper = program("fn main() { std::thread::sleep(std::time::Duration::from_secs(60)) }");
    fixture
        .add("sleeper", &sleeper, json!({"limits": {"deadline": "2 s"}}))
        .await;
    let begun = Instant::now();
    assert_eq!(limit(fixture.call("sleeper").await), Limit::Deadline);
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(20),
        "it would sleep for a minute: {took:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_beyond_the_limit_ends_the_call_and_comes_back() {
    let fixture = start_with(|options| options.guest_memory = 3 << 20).await;
    let grower = tool("grow", "", "", "(drop (memory.grow (i32.const 64)))");
    fixture
        .add("grower", &grower, json!({"limits": {"memory": "2 MiB"}}))
        .await;
    for _ in 0..5 {
        assert_eq!(limit(fixture.call("grow").await), Limit::Memory);
    }
    fixture
        .add("grower", &grower, json!({"limits": {"memory": "16 MiB"}}))
        .await;
    let ended = fixture.call("grow").await;
    assert!(
        matches!(
            ended,
            Err(Error::Stopped {
                stop: Stop::Share(_),
                ..
            })
        ),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_beyond_the_limit_end_the_call() {
    let fixture = start().await;
    let imports = "(table $t 0 funcref)";
    let grower = tool(
        "table",
        imports,
        "",
        "(drop (table.grow $t (ref.null func) (i32.const 500)))",
    );
    fixture
        .add("grower", &grower, json!({"limits": {"tableElements": 100}}))
        .await;
    assert_eq!(limit(fixture.call("table").await), Limit::TableElements);
}

const LOG: &str = r#"(import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_to_the_host_are_counted() {
    let fixture = start().await;
    let call = "(loop $on (call $write (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (br $on))";
    fixture
        .add(
            "talker",
            &tool("talk", LOG, "", call),
            json!({"limits": {"hostCalls": 1000}}),
        )
        .await;
    assert_eq!(limit(fixture.call("talk").await), Limit::HostCalls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_to_the_host_are_counted() {
    let fixture = start().await;
    let call = "(loop $on (call $write (i32.const 2) (i32.const 1000) (i32.const 1000) (i32.const 0) (i32.const 0)) (br $on))";
    fixture
        .add(
            "talker",
            &tool("talk", LOG, "", call),
            json!({"limits": {"bytesOut": "100 KiB"}}),
        )
        .await;
    assert_eq!(limit(fixture.call("talk").await), Limit::BytesOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_argument_that_is_too_large_by_itself_is_told_as_the_limit_it_is() {
    let fixture = start().await;
    let call = "(drop (memory.grow (i32.const 60)))
        (call $write (i32.const 2) (i32.const 1000) (i32.const 3000000) (i32.const 0) (i32.const 0))";
    let asks = json!({"limits": {"bytesOut": "100 KiB"}});
    fixture.add("talker", &tool("talk", LOG, "", call), asks).await;
    assert_eq!(limit(fixture.call("talk").await), Limit::BytesOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_standard_interfaces_are_counted_too() {
    let fixture = start().await;
    let source = "fn main() { for _ in 0..5000 { let _ = std::time::Instant::now(); } }";
    let clock = program(source);
    fixture
        .add("clock", &clock, json!({"limits": {"hostCalls": 1000}}))
        .await;
    assert_eq!(limit(fixture.call("clock").await), Limit::HostCalls);
    fixture
        .add("clock", &clock, json!({"limits": {"hostCalls": 10000}}))
        .await;
    fixture.call("clock").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed_beyond_the_limit_ends_the_call() {
    let fixture = start().await;
    let flood = program(r#"fn main() { loop { println!("{}", "x".repeat(1000)) } }"#);
    fixture
        .add("flood", &flood, json!({"limits": {"output": "10 KiB"}}))
        .await;
    assert_eq!(limit(fixture.call("flood").await), Limit::Output);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_beyond_the_limit_ends_the_call() {
    let fixture = start().await;
    let long = tool("long", "", "", "(call $say (i32.const 1000) (i32.const 20000))");
    fixture
        .add("long", &long, json!({"limits": {"output": "10 KiB"}}))
        .await;
    assert_eq!(limit(fixture.call("long").await), Limit::Output);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_finds_no_place_is_told_that_the_extension_is_busy() {
    let fixture = start_with(|options| options.patience = Duration::from_millis(50)).await;
    let asks = json!({"limits": {"cpu": "2 s", "concurrency": 1}});
    let call = format!("(call $output (i32.const 0) (i32.const 100) (i32.const 6)) {SPIN}");
    fixture
        .add("spinner", &tool("spin", BEGUN, "", &call), asks)
        .await;
    let host = fixture.host.clone();
    let (sender, mut begun) = tokio::sync::mpsc::channel(1);
    let held = tokio::spawn(async move {
        host.call("spin", "{}", CallContext::default(), Some(sender))
            .await
    });
    begun.recv().await.unwrap();
    let second = fixture.call("spin").await;
    assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
    assert_eq!(limit(held.await.unwrap()), Limit::Cpu);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_future_ends_the_call_and_frees_its_place() {
    let fixture = start_with(|options| options.calls = 1).await;
    fixture
        .add(
            "spinner",
            &tool("spin", "", "", SPIN),
            json!({"limits": {"cpu": "20 s"}}),
        )
        .await;
    let call = "(call $say (i32.const 100) (i32.const 6))";
    fixture
        .add("honest", &tool("honest", "", "", call), json!({}))
        .await;
    let spin = fixture.call("spin");
    assert!(
        tokio::time::timeout(Duration::from_millis(100), spin)
            .await
            .is_err()
    );
    // It waits 10 s for a place, and the spinner would have it for 20 s.
    assert_eq!(text(&fixture.call("honest").await.unwrap()), "A tool");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_call_is_served_beside_a_crowd_of_spinners() {
    let fixture = start().await;
    let asks = json!({"limits": {"cpu": "30 s", "concurrency": 32}});
    fixture.add("spinner", &tool("spin", "", "", SPIN), asks).await;
    let call = "(call $say (i32.const 100) (i32.const 6))";
    fixture
        .add("honest", &tool("honest", "", "", call), json!({}))
        .await;
    fixture.call("honest").await.unwrap();
    let crowd: Vec<_> = (0..32)
        .map(|_| {
            let host = fixture.host.clone();
            tokio::spawn(async move { host.call("spin", "{}", CallContext::default(), None).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Behind the crowd every one would wait; a stall of the machine meets one or two.
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        fixture.call("honest").await.unwrap();
        best = best.min(begun.elapsed());
    }
    assert!(best < SLACK, "{best:?}");
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
}
