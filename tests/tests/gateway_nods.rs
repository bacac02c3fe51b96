//! Commands on the gateway's machine that a person has to nod to, by the program: asked, shown, and answered at the
//! command line and in a chat.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::path::Path;
use std::time::Duration;

use openclaw_tests::gateway::{House, Line, PATIENCE, Running};
use openclaw_tests::platforms::openai::{OpenAi, Reply};
use serde_json::{Value, json};

const MAIN: &str = "agent:main:main";

/// A gateway whose main session asks before each command.
async fn asking(model: &OpenAi) -> (House, Running) {
    let base = model.base_url();
    let house = House::onboarded_with(&["--custom-base-url", &base, "--custom-model-id", "small"]);
    house.configure(|config| {
        config["tools"]["exec"] = json!({"mode": "ask"});
        config["gateway"]["tools"] = json!({"allow": ["exec"]});
    });
    let running = house.start().await;
    (house, running)
}

/// Has the model call for a command, and yields the question about it.
async fn ask(model: &OpenAi, line: &mut Line, command: &str, key: &str) -> Value {
    model.push(Reply::call(key, "exec", &json!({"command": command})));
    model.push(Reply::text("It waits."));
    assert_eq!(line.chat(MAIN, "do it", key).await, "It waits.");
    line.event("exec.approval.requested", |told| {
        told["request"]["command"] == command
    })
    .await
}

async fn until_there(path: &Path) {
    let begun = tokio::time::Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < PATIENCE, "{} is never made", path.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_command_runs_once_somebody_nods_at_the_command_line_or_in_a_chat() {
    let model = OpenAi::start().await;
    let (house, running) = asking(&model).await;
    let mut line = running.connect().await;
    let ran = |name: &str| house.home().join(name);

    let command = format!("touch {}", ran("one").display());
    let question = ask(&model, &mut line, &command, "k-1").await;
    assert_eq!(question["request"]["sessionKey"], MAIN);
    let shown = house.must(&["approvals", "pending"]);
    assert!(shown.contains(&format!("  $ {command}\n")), "{shown}");
    assert!(!ran("one").exists());
    let short = &question["id"].as_str().unwrap()[..8];
    assert!(shown.contains(short), "{shown}");
    house.must(&["approvals", "resolve", short, "allow-once"]);
    until_there(&ran("one")).await;
    assert_eq!(
        house.must(&["approvals", "pending"]),
        "No command waits for an answer.\n"
    );
    let late = house.run(&["approvals", "resolve", short, "deny"]);
    assert_eq!(late.status.code(), Some(1));

    let command = format!("touch {}", ran("two").display());
    let question = ask(&model, &mut line, &command, "k-2").await;
    let short = question["id"].as_str().unwrap()[..8].to_owned();
    let said = line.chat(MAIN, &format!("/approve {short} deny"), "k-3").await;
    assert_eq!(said, format!("Answered deny about {short}."));
    let told = line
        .event("exec.approval.resolved", |told| told["id"] == question["id"])
        .await;
    assert_eq!(told["decision"], "deny");

    // What the model hears of it comes with the next message.
    model.push(Reply::text("I see."));
    assert_eq!(line.chat(MAIN, "well?", "k-4").await, "I see.");
    let asked = model.asked();
    let heard = asked.last().unwrap().body["messages"].to_string();
    assert!(heard.contains(&format!("Exec denied ({short})")), "{heard}");
    assert!(!ran("two").exists());
}

#[tokio::test]
async fn a_program_on_the_gateways_list_runs_unasked() {
    let model = OpenAi::start().await;
    let (house, running) = asking(&model).await;
    let mut line = running.connect().await;
    house.must(&["approvals", "allowlist", "add", "touch", "--gateway"]);
    let shown = house.must(&["approvals", "get", "--gateway"]);
    assert!(shown.contains("\nall agents\n  touch"), "{shown}");
    let made = house.home().join("made");
    let call = json!({"command": format!("touch {}", made.display())});
    model.push(Reply::call("c1", "exec", &call));
    model.push(Reply::text("Done."));
    assert_eq!(line.chat(MAIN, "do it", "k-1").await, "Done.");
    assert!(made.exists());
    assert_eq!(
        house.must(&["approvals", "pending"]),
        "No command waits for an answer.\n"
    );
}

#[tokio::test]
async fn an_order_to_stop_ends_what_waits_and_nobody_is_asked_for_a_caller_who_would_be_gone() {
    let model = OpenAi::start().await;
    let (house, running) = asking(&model).await;
    let mut line = running.connect().await;
    let made = house.home().join("made");
    let command = format!("touch {}", made.display());
    let question = ask(&model, &mut line, &command, "k-1").await;
    let stop = json!({"sessionKey": MAIN, "message": "/stop", "idempotencyKey": "k-2"});
    line.must("chat.send", stop).await;
    let told = line
        .event("exec.approval.resolved", |told| told["id"] == question["id"])
        .await;
    assert_eq!(
        (&told["decision"], &told["resolvedBy"]),
        (&json!("deny"), &json!("an order to stop"))
    );
    let call = json!({"name": "exec", "sessionKey": "main", "args": {"command": command}});
    let told = line.must("tools.invoke", call).await;
    assert_eq!(
        (&told["ok"], &told["requiresApproval"], &told["error"]["code"]),
        (&json!(false), &json!(true), &json!("tool_call_blocked")),
        "{told}"
    );
    assert_eq!(
        house.must(&["approvals", "pending"]),
        "No command waits for an answer.\n"
    );
    assert!(!made.exists());
}
