//! Components that compute, wait or are broken off.

mod bulk;
mod cancel;
mod crowd;
mod polls;

use std::time::{Duration, Instant};

use openclaw_components::{Error, Stop};
use openclaw_policy::Limit;
use serde_json::{Value, json};

use crate::common::{limit, odd_tool, text, tool};
use crate::ordeal::{House, SAY};

/// A loop that has no end.
pub(super) const SPIN: &str = "(loop $on (br $on))";
/// Ends the call where it stands, which proves that this place is reached.
const TRAP: &str = "unreachable";
/// What the cases here may compute.
const CPU: Duration = Duration::from_millis(100);
/// How much later than at its limit a call may end here. The benches measure the real distance.
/// It stands at the end of the machine's queue, behind the other tests; that it was its computing that ended it is asserted
/// beside this.
pub(super) const SLACK: Duration = Duration::from_secs(15);

fn asks() -> Value {
    json!({"limits": {"cpu": format!("{} ms", CPU.as_millis())}})
}

/// A place in a guest, and the guest that does something there and is honest everywhere else.
type Guest = fn(&str, &str) -> Vec<u8>;

fn at_its_start(name: &str, act: &str) -> Vec<u8> {
    tool(name, "", &format!("(func $begin {act}) (start $begin)"), SAY)
}

fn when_it_is_described(name: &str, act: &str) -> Vec<u8> {
    odd_tool(name, ["", "", SAY], [act, ""])
}

fn when_it_is_called(name: &str, act: &str) -> Vec<u8> {
    tool(name, "", "", &format!("{act} {SAY}"))
}

fn when_it_makes_room(name: &str, act: &str) -> Vec<u8> {
    odd_tool(name, ["", "", SAY], ["", act])
}

fn after_its_result_was_read(name: &str, act: &str) -> Vec<u8> {
    let after =
        format!(r#"(func (export "cabi_post_openclaw:tool/toolbox@0.1.0#call") (param $result i32) {act})"#);
    tool(name, "", &after, SAY)
}

/// What is endless in a call ends at its limit, and only the call.
async fn ends_the_call(guest: Guest) {
    let house = House::open().await;
    house.add("calm", &guest("calm", "(nop)"), asks()).await;
    assert_eq!(text(&house.call("calm").await.unwrap()), "A tool");
    house.add("probe", &guest("probe", TRAP), asks()).await;
    let probed = house.ordeal("probe", 1, house.call("probe")).await;
    assert!(matches!(probed, Err(Error::Trap { .. })), "{probed:?}");
    house.add("spinner", &guest("spin", SPIN), asks()).await;
    let spin = async {
        for _ in 0..3 {
            let begun = Instant::now();
            assert_eq!(limit(house.call("spin").await), Limit::Cpu);
            let took = begun.elapsed();
            assert!(took >= CPU && took < CPU + SLACK, "{took:?}");
        }
    };
    house.ordeal("spinner", 3, spin).await;
    let lines = house.lines("spinner").await;
    let last = lines.last().unwrap();
    assert_eq!(
        (last.action.as_str(), last.subject.as_str()),
        ("call.break", "spin")
    );
    assert_eq!(last.detail, r#"{"why":"cpu"}"#);
}

/// What is endless before anybody can call it is refused at install, with a line for the guest that was broken off and one
/// for the package.
async fn is_refused(guest: Guest) {
    let house = House::open().await;
    house.add("calm", &guest("calm", "(nop)"), asks()).await;
    let install = |id: &'static str, act: &str| {
        let package = house.fixture.package(id, &guest(id, act), &asks());
        let host = house.fixture.host.clone();
        async move { host.install(&package).await.unwrap_err() }
    };
    let refused = house.ordeal("probe", 2, install("probe", TRAP)).await;
    assert!(matches!(refused, Error::Trap { .. }), "{refused}");
    let begun = Instant::now();
    let refused = house.ordeal("spinner", 2, install("spinner", SPIN)).await;
    assert!(begun.elapsed() >= CPU, "{:?}", begun.elapsed());
    match &refused {
        Error::Stopped {
            stop: Stop::Limit(reached),
            ..
        } => assert_eq!(reached.limit, Limit::Cpu),
        other => panic!("{other}"),
    }
    let lines = house.lines("spinner").await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.action.as_str(), line.outcome.as_str()))
        .collect();
    assert_eq!(told, [("call.break", "failed"), ("extension.refuse", "denied")]);
    assert_eq!(lines[0].subject, "describe");
    assert!(lines[1].detail.contains("100 ms (cpu)"), "{}", lines[1].detail);
    let listed = house.fixture.host.list().await.unwrap();
    assert!(listed.iter().all(|id| id.as_str() != "spinner"), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_without_end_in_a_call_ends_at_its_limit() {
    ends_the_call(when_it_is_called).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_without_end_at_the_start_is_refused_at_install() {
    is_refused(at_its_start).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_without_end_in_describe_is_refused_at_install() {
    is_refused(when_it_is_described).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_without_end_while_the_host_lowers_a_string_ends_at_its_limit() {
    ends_the_call(when_it_makes_room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_without_end_after_the_result_was_read_ends_at_its_limit() {
    ends_the_call(after_its_result_was_read).await;
}

const LOG: &str = r#"(import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))"#;
/// Calls itself for ever, with something left to do after each, so that it is no loop.
const DEEPER: &str = r"(func $deeper (param $n i32) (result i32)
    (i32.add (call $deeper (i32.add (local.get $n) (i32.const 1))) (local.get $n)))";
/// The same with a call of the host at each depth, whose frames stand on the same stack.
const TALKING: &str = r"(func $deeper (param $n i32) (result i32)
    (call $write (i32.const 2) (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 0))
    (i32.add (call $deeper (i32.add (local.get $n) (i32.const 1))) (local.get $n)))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recursion_without_end_is_a_trap() {
    let house = House::open().await;
    let call = "(drop (call $deeper (i32.const 0)))";
    for (id, imports, data) in [("deep", "", DEEPER), ("talking", LOG, TALKING)] {
        let asks = json!({"limits": {"cpu": "10 s", "hostCalls": 1_000_000}});
        house.add(id, &tool(id, imports, data, call), asks).await;
        let attack = async {
            for _ in 0..5 {
                match house.call(id).await {
                    Err(Error::Trap { what, .. }) => assert!(what.contains("stack"), "{what}"),
                    other => panic!("{id}: {other:?}"),
                }
            }
        };
        house.ordeal(id, 5, attack).await;
    }
}
