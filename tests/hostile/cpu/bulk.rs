//! One instruction on all of a memory, over and over.

use std::time::{Duration, Instant};

use openclaw_components::CallContext;
use openclaw_policy::Limit;
use serde_json::json;

use super::SLACK;
use crate::common::{limit, text, tool};
use crate::ordeal::{House, SAY};

/// What the operator here lets a call have, which is twice the usual ceiling.
const MEMORY: u64 = 1 << 30;
/// Of both calls together, in the time of this thread or that: touching a page for the first time is the system's work,
/// and on a busy machine half a million pages take a while.
const CPU: &str = "3 s";

/// A tool that has the whole memory, and does something with all of it for ever; once, if it was given arguments.
fn worker(name: &str, all_of_it: &str) -> Vec<u8> {
    let pages = MEMORY >> 16;
    let call = format!(
        "(drop (memory.grow (i32.sub (i32.const {pages}) (memory.size))))
        (if (i32.ne (memory.size) (i32.const {pages})) (then unreachable))
        (loop $on
            {all_of_it}
            (br_if $on (i32.eq (local.get $args_len) (i32.const 2))))
        {SAY}"
    );
    tool(name, "", "", &call)
}

/// Two at a time, one for each processor.
async fn ends(all_of_it: &str) {
    let house = House::open_with(|options| options.ceilings.set(Limit::Memory, MEMORY).unwrap()).await;
    let asks = json!({"limits": {"memory": "1 GiB", "cpu": CPU, "deadline": "5 min"}});
    house.add("worker", &worker("work", all_of_it), asks).await;
    let host = &house.fixture.host;
    // Once is well within the limit.
    let once = host
        .call("work", r#"{"a":1}"#, CallContext::default(), None)
        .await;
    assert_eq!(text(&once.unwrap()), "A tool");
    let attack = async {
        let begun = Instant::now();
        let (one, other) = tokio::join!(house.call("work"), house.call("work"));
        assert_eq!((limit(one), limit(other)), (Limit::Cpu, Limit::Cpu));
        begun.elapsed()
    };
    let took = house.ordeal("worker", 2, attack).await;
    // They share two processors with whatever else the machine does, at the end of its queue.
    assert!(took < Duration::from_secs(90) + SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filling_a_gibibyte_for_ever_ends_at_its_limit() {
    let pages = MEMORY >> 16;
    let fill = format!(
        "(memory.fill (i32.const 65536) (i32.const 1) (i32.mul (i32.const {}) (i32.const 65536)))",
        pages - 1
    );
    ends(&fill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copying_a_gibibyte_for_ever_ends_at_its_limit() {
    let pages = MEMORY >> 16;
    // It begins above what the tool itself needs.
    let copy = format!(
        "(memory.copy (i32.const 131072) (i32.const 65536) (i32.mul (i32.const {}) (i32.const 65536)))",
        pages - 2
    );
    ends(&copy).await;
}
