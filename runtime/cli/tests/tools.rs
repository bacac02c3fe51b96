//! What people read of a session's tools, and that what they are told to type does what it says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::Home;
use insta::assert_snapshot;
use serde_json::json;

const CONFIG: &str = r#"{
  gateway: { mode: "local", port: 1 },
  tools: { profile: "coding", deny: ["group:web", "wr*"] },
  agents: { defaults: { model: "openai/small" }, entries: { main: {}, work: { tools: { profile: "minimal" } } } },
  channels: { telegram: { groups: { "-7": { tools: { deny: ["session_status"] } } } } },
}"#;

#[test]
fn a_tool_is_explained_layer_by_layer_without_a_gateway() {
    let home = Home::with_config(CONFIG);
    let said = home.run(&["tools", "explain", "write"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_snapshot!("a_denied_tool", said.out);
    assert_snapshot!(
        "a_tool_that_is_there",
        home.run(&["tools", "explain", "read"]).out
    );
    assert_snapshot!(
        "a_tool_in_a_group",
        home.run(&[
            "tools",
            "explain",
            "session_status",
            "--session",
            "agent:main:telegram:group:-7"
        ])
        .out
    );
    assert_snapshot!("a_tool_of_nobody", home.run(&["tools", "explain", "nope"]).out);
}

#[test]
fn the_tools_of_a_session_are_listed_with_the_rule_of_each() {
    let home = Home::with_config(CONFIG);
    let said = home.run(&["tools", "list", "--session", "agent:work:main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    // Which tools are built in is not what this is about.
    let kept: Vec<_> = said
        .out
        .lines()
        .filter(|line| {
            !line.starts_with("  ")
                || ["read ", "session_status "]
                    .iter()
                    .any(|name| line.trim_start().starts_with(name))
        })
        .map(|line| line.split(" (").next().unwrap_or_default())
        .collect();
    assert_snapshot!("a_list", kept.join("\n"));
    let told = home
        .run(&["tools", "list", "--session", "agent:work:main", "--json"])
        .json();
    assert_eq!(
        (&told["from"], &told["agentId"]),
        (&json!("files"), &json!("work"))
    );
    let read = told["tools"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tool| tool["tool"] == "read")
        .unwrap();
    assert_eq!(read["decidedBy"]["key"], "agents.entries.work.tools.profile");
}

#[test]
fn the_command_that_is_told_gives_the_tool() {
    let home = Home::with_config(CONFIG);
    let explain = |words: &[&str]| {
        home.run(&[&["tools", "explain"], words, &["--json"]].concat())
            .json()
    };
    for words in [&["write"][..], &["read", "--session", "agent:work:main"]] {
        let told = explain(words);
        assert_eq!(told["available"], false);
        let command = told["change"]["command"].as_str().unwrap();
        let said = home.run(&typed(command));
        assert_eq!(
            (said.code, said.out.trim()),
            (0, "Restart the gateway to apply."),
            "{}",
            said.err
        );
        assert_eq!(explain(words)["available"], true);
    }
}

/// What a command types behind the program's name, as a shell takes it apart; there is nothing but single quotes in it.
fn typed(command: &str) -> Vec<&str> {
    let mut words: Vec<_> = command
        .split('\'')
        .enumerate()
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        })
        .collect();
    assert_eq!(words.remove(0), "openclaw");
    words
}

#[test]
fn each_command_that_explains_a_sandbox_changes_what_it_names() {
    let home = Home::with_config(
        r#"{
  agents: { defaults: { sandbox: { mode: "all" } } },
  tools: { elevated: { allowFrom: { telegram: ["42"] } } },
}"#,
    );
    let explain = || {
        home.run(&[
            "sandbox",
            "explain",
            "--session",
            "agent:main:telegram:direct:7",
            "--json",
        ])
        .json()
    };
    let before = explain();
    assert_eq!(before["sandbox"]["backend"], "docker");
    assert_eq!(before["sandbox"]["backendIsThere"], false);
    let tools = before["tools"].as_array().unwrap();
    let exec = tools.iter().find(|tool| tool["tool"] == "exec").unwrap();
    assert_eq!(exec["decidedBy"]["layer"], "sandbox");
    // The mode last: without a sandbox nothing else is told.
    for (what, shown) in [
        ("scope", "/sandbox/scope"),
        ("backend", "/sandbox/backendIsThere"),
        ("workspace", "/sandbox/workspaceAccess"),
        ("elevated", "/elevated/allowedByConfig"),
        ("mode", "/sandbox/sessionIsSandboxed"),
    ] {
        let told = explain();
        let changes = told["change"].as_array().unwrap();
        let change = changes.iter().find(|change| change["what"] == what).unwrap();
        let said = home.run(&typed(change["command"].as_str().unwrap()));
        assert_eq!(said.code, 0, "{change}: {}", said.err);
        assert_ne!(told.pointer(shown), explain().pointer(shown), "{change}");
    }
    let listed = home.run(&["config", "get", "tools.elevated.allowFrom.telegram", "--json"]);
    assert_eq!(listed.json(), json!(["42", "7"]));
}

#[test]
fn an_agent_that_is_not_there_is_named() {
    let home = Home::with_config(CONFIG);
    let said = home.run(&["tools", "explain", "read", "--agent", "nobody"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("unknown agent id \"nobody\""), "{}", said.err);
}

#[test]
fn a_value_is_set_and_what_people_filled_in_is_not_lost() {
    let home = Home::with_config(CONFIG);
    let set = |words: &[&str]| home.run(&[&["config", "set"], words].concat());
    assert_eq!(set(&["tools.profile", "minimal"]).code, 0);
    assert_eq!(set(&["tools.profile", "\"minimal\""]).out.trim(), "No change");
    assert_eq!(
        home.run(&["config", "get", "tools.profile"]).out.trim(),
        "minimal"
    );
    assert_eq!(set(&["gateway.port", "-3"]).code, 1);
    assert_eq!(set(&["gateway.port", "abc", "--strict-json"]).code, 1);
    let said = set(&["agents.entries", "{ work: {} }"]);
    assert!(
        said.code == 1 && said.err.contains("would remove main"),
        "{}",
        said.err
    );
    assert_eq!(set(&["agents.entries", "{ work: {} }", "--replace"]).code, 0);
}
