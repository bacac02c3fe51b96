//! Exchanges that were recorded with OpenClaw's own gateway, replayed and compared field by field.
//!
//! A refusal must be the same to the last word. In an answer with facts of the moment, each field that is sent must be
//! one that was recorded, and of the same kind; those that clients need must be there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod common;

use common::{Client, Home, connect, home};
use serde_json::{Value, json};

fn recorded() -> Value {
    serde_json::from_str(include_str!("recorded/frames.json")).unwrap()
}

/// Whether a value has the shape of the recorded one. `place` is for people.
fn compare(place: &str, ours: &Value, theirs: &Value, faults: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (name, value) in ours {
                match theirs.get(name) {
                    Some(recorded) => compare(&format!("{place}/{name}"), value, recorded, faults),
                    None => faults.push(format!("{place}/{name} was never recorded")),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if let (Some(ours), Some(theirs)) = (ours.first(), theirs.first()) {
                compare(&format!("{place}/0"), ours, theirs, faults);
            }
        }
        (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        // Nothing known yet in one of them.
        (Value::Null, _) | (_, Value::Null) => {}
        _ => faults.push(format!("{place} is {ours}, and {theirs} was recorded")),
    }
}

fn is_refusal(frame: &Value) -> bool {
    frame["ok"] == false
}

async fn send(client: &mut Client, step: &Value) {
    match step {
        Value::String(text) => client.send(text).await,
        frame => client.send(&frame.to_string()).await,
    }
}

/// Replays an exchange. The challenge has been read.
async fn replay(name: &str, exchange: &Value, client: &mut Client) {
    let steps = exchange["steps"].as_array().unwrap().iter();
    for step in steps.filter(|step| step["receive"]["event"] != "connect.challenge") {
        if let Some(sent) = step.get("send") {
            send(client, sent).await;
            continue;
        }
        let theirs = &step["receive"];
        let ours = loop {
            let frame = client.next().await;
            if !matches!(frame["event"].as_str(), Some("health" | "tick" | "presence")) {
                break frame;
            }
        };
        if is_refusal(theirs) {
            assert_eq!(&ours, theirs, "{name}");
        } else {
            let mut faults = Vec::new();
            compare("", &ours, theirs, &mut faults);
            assert!(faults.is_empty(), "{name}: {faults:#?}");
            assert_eq!(
                (&ours["ok"], &ours["id"]),
                (&theirs["ok"], &theirs["id"]),
                "{name}"
            );
        }
    }
    if let Some(close) = exchange.get("close") {
        let (more, end) = client.rest().await;
        assert!(more.is_empty(), "{name}: {more:?}");
        let (code, reason) = end.unwrap();
        assert_eq!(json!({"code": code, "reason": reason}), *close, "{name}");
    }
}

async fn client_for(name: &str, exchange: &Value, home: &Home) -> Client {
    if name == "browser-origin" {
        return home
            .dial_with(&[("Origin", "http://evil.example")])
            .await
            .unwrap();
    }
    let begins_by_connecting = exchange["steps"][0]["receive"]["event"] == "connect.challenge";
    if begins_by_connecting {
        home.dial().await
    } else {
        home.operator().await
    }
}

#[tokio::test]
async fn what_was_recorded_is_what_this_gateway_says() {
    let all = recorded();
    let home = home().await;
    for (name, exchange) in all.as_object().unwrap() {
        let mut client = client_for(name, exchange, &home).await;
        replay(name, exchange, &mut client).await;
    }
    assert!(all.as_object().unwrap().len() >= 25);
}

#[tokio::test]
async fn a_hello_has_all_that_clients_read() {
    let home = home().await;
    let hello = home.dial().await.hello(connect(json!({}))).await;
    for place in [
        "/protocol",
        "/server/version",
        "/server/bootId",
        "/server/connId",
        "/features/methods",
        "/features/events",
        "/snapshot/presence/0/text",
        "/snapshot/health",
        "/snapshot/stateVersion/presence",
        "/snapshot/uptimeMs",
        "/snapshot/sessionDefaults/mainSessionKey",
        "/snapshot/configPath",
        "/snapshot/stateDir",
        "/auth/role",
        "/policy/maxPayload",
        "/policy/maxBufferedBytes",
        "/policy/tickIntervalMs",
        "/policy/attachments/maxBytes",
    ] {
        assert!(hello.pointer(place).is_some(), "{place}");
    }
    assert_eq!(hello["server"]["version"], "2026.9.6");
    assert_eq!(hello["server"]["controlUiBuildSource"], "configured");
    assert_eq!(
        hello["policy"],
        json!({"maxPayload": 26_214_400, "maxBufferedBytes": 52_428_800,
        "tickIntervalMs": 30_000, "attachments": {"maxBytes": 20_971_520, "maxImageBytes": 6_291_456}})
    );
    assert_eq!(
        hello["snapshot"]["sessionDefaults"]["mainSessionKey"],
        "agent:main:main"
    );
}

#[tokio::test]
async fn every_answer_of_the_probes_is_the_recorded_one() {
    let home = home().await;
    let live = home.get("/healthz", "").await;
    let (head, body) = live.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    let head = head.to_ascii_lowercase();
    for line in [
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "permissions-policy: camera=(), microphone=(self), geolocation=()",
        "content-type: application/json; charset=utf-8",
        "cache-control: no-store",
        "content-length: 27",
        "connection: close",
    ] {
        assert!(head.lines().any(|found| found == line), "{line}\n{head}");
    }
    assert_eq!(body, r#"{"ok":true,"status":"live"}"#);
    for (path, fields) in [
        ("/ready", vec!["failing", "ready", "uptimeMs"]),
        ("/readyz", vec!["failing", "ready", "uptimeMs"]),
        ("/startupz", vec!["ok", "status", "uptimeMs", "version"]),
    ] {
        let answer = home.get(path, "").await;
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(
            body.as_object().unwrap().keys().collect::<Vec<_>>(),
            fields,
            "{path}"
        );
    }
    let host = home.address;
    let head = home
        .raw(&format!(
            "HEAD /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
        .await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n") && head.contains("27"));
    let posted = home
        .raw(&format!(
            "POST /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
        ))
        .await;
    assert!(posted.starts_with("HTTP/1.1 405 Method Not Allowed") && posted.ends_with("Method Not Allowed"));
    assert!(posted.to_ascii_lowercase().contains("allow: get, head\r\n"));
    let unfinished = home.get("/", "Upgrade: websocket\r\n").await;
    assert!(unfinished.starts_with("HTTP/1.1 400 Bad Request") && unfinished.ends_with("Bad Request"));
    let nowhere = home.get("/health/deeper", "").await;
    assert!(nowhere.starts_with("HTTP/1.1 404") && nowhere.ends_with("Not Found"));
}
