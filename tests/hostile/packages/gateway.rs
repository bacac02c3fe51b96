//! An extension of a running gateway that is granted anew, taken away, switched and replaced while its calls run.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use openclaw_components::MANIFEST_FILE;
use openclaw_tests::gateway::{House, Line, Running};
use serde_json::{Value, json};

use crate::common::{program, tool};
use crate::ordeal::{BAR, SAY};
use crate::watch::Watch;

const CALLS: usize = 100;
/// The tool was not there when it was called.
const MISSING: &str = "missing";

/// Tells twice whether it was granted the variable, and what it is.
fn guest(version: u32) -> Vec<u8> {
    let source = r#"
        fn granted() -> bool {
            std::env::var("OPENCLAW_TEST_WHO").is_ok()
        }
        fn main() {
            let before = granted();
            std::thread::sleep(std::time::Duration::from_millis(60));
            print!("VERSION {before} {}", granted());
        }"#;
    program(&source.replace("VERSION", &version.to_string()))
}

fn pack(house: &House, folder: &str, id: &str, component: &[u8], asks: &Value) -> String {
    let package = house.home().join(folder);
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("tool.wasm"), component).unwrap();
    let mut manifest = json!({"id": id, "configSchema": {}, "component": {"file": "tool.wasm"}});
    for (key, value) in asks.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    fs::write(package.join(MANIFEST_FILE), manifest.to_string()).unwrap();
    package.to_str().unwrap().to_owned()
}

/// What an answer of the gateway says: what the tool printed, or that there is none.
fn said(answer: &Result<Value, Value>) -> String {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => panic!("{error}"),
    };
    if answer["ok"] == true {
        let text = answer["output"]["content"][0]["text"].as_str();
        return text.unwrap_or_else(|| panic!("{answer}")).to_owned();
    }
    let message = answer["error"]["message"].as_str().unwrap();
    let is_missing = message.contains("Tool not available") || message.contains("there is no tool");
    assert!(is_missing, "{answer}");
    MISSING.to_owned()
}

/// Lets a hundred calls run and does this beside them over and over, while an honest tool is answered. How the calls ended.
async fn crowd(running: &Running, beside: &[(&str, Value)]) -> BTreeMap<String, usize> {
    let mut line = running.connect().await;
    let calls = tokio::spawn(async move {
        for _ in 0..CALLS {
            line.send("tools.invoke", json!({"name": "busy"})).await;
        }
        let mut ends = BTreeMap::new();
        let mut answered = 0;
        while answered < CALLS {
            if let Some(answer) = line.any_answer().await {
                *ends.entry(said(&answer)).or_default() += 1;
                answered += 1;
            }
        }
        ends
    });
    let (mut operator, mut neighbour) = (running.connect().await, running.connect().await);
    let begun = Instant::now();
    // All of them are done at least once, the last one last.
    loop {
        for (method, params) in beside {
            operator.must(method, params.clone()).await;
            let asked = Watch::start();
            let honest = neighbour.must("tools.invoke", json!({"name": "honest"})).await;
            assert_eq!(honest["ok"], true, "{honest}");
            let took = asked.took().await;
            assert!(took < 2 * BAR, "{took:?}");
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        if calls.is_finished() {
            return calls.await.unwrap();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "some call does not end"
        );
    }
}

async fn call(line: &mut Line) -> String {
    said(&line.ask("tools.invoke", json!({"name": "busy"})).await)
}

fn of(ends: &BTreeMap<String, usize>) -> Vec<&str> {
    ends.keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_of_a_gateway_beside_every_change_of_their_extension_have_what_held_when_they_began()
{
    let mut house = House::onboarded();
    house.set("OPENCLAW_TEST_WHO", "set");
    let asks = json!({"capabilities": {"env": ["OPENCLAW_TEST_WHO"]}, "limits": {"concurrency": 32}});
    let old = pack(&house, "old", "busy", &guest(1), &asks);
    let new = pack(&house, "new", "busy", &guest(2), &asks);
    let honest = pack(
        &house,
        "honest",
        "honest",
        &tool("honest", "", "", SAY),
        &json!({}),
    );
    for package in [&old, &honest] {
        house.must(&["plugins", "install", package, "--grant", "all"]);
    }
    let running = house.start().await;
    let mut line = running.connect().await;
    assert_eq!(call(&mut line).await, "1 true true");
    let grant = |what: &str| ("plugins.grant", json!({"id": "busy", "grant": what}));
    let switch = |enabled: bool| ("plugins.setEnabled", json!({"id": "busy", "enabled": enabled}));

    // One grant or the other, from its beginning to its end.
    let ends = crowd(&running, &[grant("none"), grant("all")]).await;
    assert!(
        of(&ends)
            .iter()
            .all(|said| ["1 false false", "1 true true"].contains(said)),
        "{ends:?}"
    );
    assert_eq!(call(&mut line).await, "1 true true");

    // There or not.
    let revoke = ("plugins.revoke", json!({"id": "busy"}));
    for beside in [[revoke, grant("all")], [switch(false), switch(true)]] {
        let ends = crowd(&running, &beside).await;
        assert!(
            of(&ends)
                .iter()
                .all(|said| ["1 true true", MISSING].contains(said)),
            "{ends:?}"
        );
        assert_eq!(call(&mut line).await, "1 true true");
    }

    // One version or the other. Between the two nothing may be called.
    let install = |path: &str| ("plugins.install", json!({"path": path, "grant": "all"}));
    let ends = crowd(&running, &[install(&old), install(&new)]).await;
    let may_be = ["1 true true", "2 true true", MISSING];
    assert!(of(&ends).iter().all(|said| may_be.contains(said)), "{ends:?}");
    assert_eq!(call(&mut line).await, "2 true true");

    let ends = crowd(
        &running,
        &[("plugins.uninstall", json!({"id": "busy"})), install(&new)],
    )
    .await;
    assert!(
        of(&ends)
            .iter()
            .all(|said| ["2 true true", MISSING].contains(said)),
        "{ends:?}"
    );
    assert_eq!(call(&mut line).await, "2 true true");
    drop(line);
    assert!(running.stop().success());
}
