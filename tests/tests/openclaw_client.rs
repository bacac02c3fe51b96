//! OpenClaw's own command line against the gateway.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::process::Output;

use openclaw_tests::gateway::{House, Running, text_of};
use openclaw_tests::peer::{Peer, write_home};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A gateway of ours and OpenClaw's client, which knows it by its config alone.
struct World {
    house: House,
    gateway: Running,
    peer: Peer,
    home: TempDir,
}

impl World {
    async fn new() -> Option<Self> {
        let peer = tokio::task::spawn_blocking(Peer::find).await.unwrap()?;
        let house = House::onboarded();
        // A log of its own, in which something stands already: how the first run of the gateway ended.
        let log = house.home().join("gateway.log");
        house.configure(|config| config["logging"] = json!({"file": log}));
        house.start().await.stop();
        let gateway = house.start().await;
        let home = TempDir::new().unwrap();
        write_home(home.path(), house.port(), &house.token(), &json!({}));
        Some(Self {
            house,
            gateway,
            peer,
            home,
        })
    }

    fn run(&self, words: &[&str]) -> Output {
        self.peer.command(self.home.path(), words).output().unwrap()
    }

    fn must(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let faults = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{words:?}: {said}{faults}{}",
            self.house.console()
        );
        said
    }

    fn must_json(&self, words: &[&str]) -> Value {
        let said = self.must(words);
        serde_json::from_str(&said).unwrap_or_else(|fault| panic!("{words:?}: {fault}: {said}"))
    }
}

/// What does not change between two answers.
fn lasting(mut health: Value) -> Value {
    let fields = health.as_object_mut().unwrap();
    fields.remove("ts");
    fields.remove("durationMs");
    health
}

#[tokio::test]
async fn openclaws_own_commands_show_what_the_gateway_says() {
    let Some(world) = World::new().await else { return };
    let mut line = world.gateway.connect().await;

    let health = line.must("health", json!({})).await;
    assert_eq!(
        lasting(world.must_json(&["health", "--json"])),
        lasting(health.clone())
    );
    let called = world.must_json(&["gateway", "call", "health", "--json"]);
    assert_eq!(lasting(called), lasting(health));

    let status = world.must(&["gateway", "status", "--require-rpc"]);
    assert!(status.contains("Read probe: ok"), "{status}");
    assert!(status.contains("Capability: read-only"), "{status}");

    let status = world.must_json(&["status", "--json"]);
    let gateway = &status["gateway"];
    assert_eq!(
        (&gateway["reachable"], &gateway["error"]),
        (&json!(true), &Value::Null),
        "{gateway}"
    );
    assert_eq!(gateway["self"]["version"], line.hello.server.version);
    assert_eq!(status["pid"], world.gateway.pid());

    let logs = world.must(&["logs", "--json", "--limit", "200"]);
    assert!(
        logs.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert!(logs.contains("the gateway stops"), "{logs}");
}

#[tokio::test]
async fn what_is_said_through_openclaws_own_command_is_answered_and_kept() {
    let Some(world) = World::new().await else { return };
    let said = world.must(&["agent", "--agent", "main", "--message", "ls: ."]);
    assert!(said.contains("AGENTS.md"), "{said}");
    let answer = world.must_json(&["agent", "--agent", "main", "--message", "hello", "--json"]);
    assert_eq!(answer["status"], "ok");
    let text = answer["result"]["payloads"][0]["text"].as_str().unwrap();
    assert!(text.contains("offline model"), "{text}");

    let mut line = world.gateway.connect().await;
    let past = line
        .must("chat.history", json!({"sessionKey": "agent:main:main"}))
        .await;
    let past = past["messages"].as_array().unwrap();
    let asked = past.iter().filter(|message| message["role"] == "user");
    assert_eq!(asked.map(text_of).collect::<Vec<_>>(), ["ls: .", "hello"]);
    assert_eq!(text_of(past.last().unwrap()), text);
    let listed = world.must_json(&["gateway", "call", "sessions.list", "--json"]);
    assert_eq!(listed["sessions"][0]["key"], "agent:main:main");
}

#[tokio::test]
async fn openclaws_own_command_says_why_it_is_not_let_in() {
    let Some(world) = World::new().await else { return };
    write_home(
        world.home.path(),
        world.house.port(),
        "not-the-token-0123456789",
        &json!({}),
    );
    let output = world.run(&["gateway", "call", "health"]);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("unauthorized"), "{said}");
}
