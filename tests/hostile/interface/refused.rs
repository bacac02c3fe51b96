//! Components that ask for what they were not granted, over and over.

use openclaw_components::CallContext;
use openclaw_policy::Choice;
use serde_json::{Value, json};

use super::courier;
use super::texts::{heard, listen};
use crate::common::grant;
use crate::ordeal::House;

/// How many lines the audit takes of what the gate refuses to one extension in a minute.
const LINES: usize = 30;
const CALLS: usize = 8;
const REQUESTS: usize = 1000;

/// It sends with the standard's client, whose refusals have no room for words, so that the log has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_refused_flood_neither_the_log_nor_the_audit() {
    listen();
    let house = House::open().await;
    let asks = courier::asks(json!({"scheme": "https", "host": "granted.example"}));
    let installed = house.add("knocker", &courier::component(), asks).await;
    let arguments = courier::errand("https://other.example/", REQUESTS);
    let attack = async {
        for _ in 0..CALLS {
            let host = &house.fixture.host;
            let output = host
                .call("standard", &arguments, CallContext::default(), None)
                .await
                .unwrap();
            assert!(!output.is_error, "{output:?}");
            // What is granted anew begins with what it had left.
            let anew = grant(&installed, Choice::All);
            host.enable(&installed, anew, json!({})).await.unwrap();
        }
    };
    house.ordeal("knocker", LINES + 1, attack).await;
    // One burst of a mebibyte and some kilobytes a second, with what each line weighs beside its words.
    let heard = heard("knocker");
    assert!(
        (500..CALLS * REQUESTS / 2).contains(&heard.len()),
        "{} lines",
        heard.len()
    );
    assert!(heard.iter().all(|line| line.starts_with("wasi:http: ")));
    let lines = house.lines("knocker").await;
    let left_out = |detail: &str| serde_json::from_str::<Value>(detail).unwrap()["leftOut"].as_u64();
    let rest = left_out(&lines.last().unwrap().detail).unwrap();
    assert!(
        rest > 400,
        "the gate looked at {} requests only",
        rest as usize + lines.len()
    );
    assert!(lines.iter().all(|line| line.outcome == "denied"));
}
