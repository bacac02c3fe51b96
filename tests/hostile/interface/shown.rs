//! What people see of extensions: at the command line, in the log, and in what the gateway tells its clients.
//!
//! These run the program itself, in a home of its own.

use std::fs;

use openclaw_policy::is_obeyed;
use openclaw_tests::gateway::House as Home;
use serde_json::{Value, json};

use super::{FAKE, NASTY, escaped, is_plain};
use crate::common::tool_described;

/// Paints in every way that there is: in its descriptions, to the log, on the way, in its result; and with arguments in
/// its error.
fn painter() -> Vec<u8> {
    let imports = r#"
        (import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))
        (import "openclaw:progress/report@0.1.0" "update" (func $update (param i32 i32 i32 i64 i32 i64)))
        (import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))"#;
    let data = format!(r#"(data (i32.const 1000) "{}")"#, escaped(NASTY));
    let length = NASTY.len();
    let describe = format!(
        "(i32.store8 (i32.const 208) (i32.const 1))
        (i32.store (i32.const 212) (i32.const 1000)) (i32.store (i32.const 216) (i32.const {length}))
        (i32.store (i32.const 220) (i32.const 1000)) (i32.store (i32.const 224) (i32.const {length}))"
    );
    let call = format!(
        "(call $write (i32.const 3) (i32.const 1000) (i32.const {length}) (i32.const 0) (i32.const 0))
        (call $update (i32.const 1000) (i32.const {length}) (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0))
        (call $output (i32.const 1) (i32.const 1000) (i32.const {length}))
        (if (i32.gt_u (local.get $args_len) (i32.const 2))
            (then
                (i32.store8 (i32.const 400) (i32.const 1))
                (i32.store (i32.const 412) (i32.const 1000)) (i32.store (i32.const 416) (i32.const {length})))
            (else (call $say (i32.const 1000) (i32.const {length}))))"
    );
    tool_described("paint", [imports, &data, &describe, &call])
}

/// Writes the painter's package into a home.
fn pack(home: &Home) {
    let folder = home.home().join("painter");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("painter.wasm"), painter()).unwrap();
    let manifest = json!({
        "id": "painter", "name": NASTY, "description": NASTY, "version": NASTY, "configSchema": {},
        "component": {"file": "painter.wasm"},
    });
    fs::write(folder.join("openclaw.plugin.json"), manifest.to_string()).unwrap();
}

#[test]
fn nothing_that_an_extension_says_paints_the_terminal_or_speaks_for_the_program() {
    let home = Home::new();
    pack(&home);
    let run = ["plugins", "run", "painter", "paint", "--args"];
    // Each with the code that it ends with. Only the tool that is told to fails.
    let commands: [(&[&str], i32); 10] = [
        (&["plugins", "inspect", "./painter"], 0),
        (&["plugins", "install", "./painter", "--grant", "all"], 0),
        (&["plugins", "inspect", "painter"], 0),
        (&["plugins", "list"], 0),
        (&["plugins", "info", "painter"], 0),
        (&["plugins", "audit"], 0),
        (&["plugins", "activity", "painter"], 0),
        (&[run.as_slice(), &[r#"{"fail": 1}"#]].concat(), 1),
        (&["plugins", "revoke", "painter"], 0),
        (&["plugins", "info", "painter"], 0),
    ];
    for (words, code) in commands {
        for more in [&[][..], &["--json"]] {
            let output = home.run(&[words, more].concat());
            assert_eq!(output.status.code(), Some(code), "{words:?} {more:?}: {output:?}");
            for text in [&output.stdout, &output.stderr] {
                let text = String::from_utf8(text.clone()).unwrap();
                assert!(is_plain(&text), "{words:?} {more:?}: {text}");
            }
        }
    }
}

/// The result of a tool is its own words, in lines of their own; beside them each line says who speaks.
#[test]
fn what_a_tool_says_beside_its_result_bears_its_name() {
    let home = Home::new();
    pack(&home);
    home.must(&["plugins", "install", "./painter", "--grant", "all"]);
    let output = home.run(&["plugins", "run", "painter", "paint", "--args", "{}"]);
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(output.status.success(), "{err}");
    assert!(
        !out.contains(|c: char| is_obeyed(c) && c != '\n') && out.contains(FAKE),
        "{out:?}"
    );
    assert!(is_plain(&err) && err.matches("mallory").count() >= 3, "{err}");
    for line in err.lines().filter(|line| line.contains("mallory")) {
        assert!(
            line.starts_with("painter: ") || line.starts_with("warn: painter: "),
            "{line}"
        );
    }
}

/// Every text in a document.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_and_the_log_are_told_in_plain_words_who_said_what() {
    let home = Home::onboarded();
    pack(&home);
    home.must(&["plugins", "install", "./painter", "--grant", "all"]);
    let running = home.start().await;
    let mut line = running.connect().await;
    for (method, params, word) in [
        ("plugins.list", json!({}), "mallory"),
        ("plugins.inspect", json!({"id": "painter"}), "mallory"),
        ("plugins.activity", json!({"id": "painter"}), ""),
        // Of what a tool says of itself it tells the first line.
        ("tools.catalog", json!({}), "painter"),
        ("tools.effective", json!({"sessionKey": "main"}), "mallory"),
    ] {
        let told = line.must(method, params).await;
        let mut found = Vec::new();
        texts(&told, &mut found);
        assert!(found.iter().any(|text| text.contains(word)), "{told:#}");
        for text in found {
            assert!(
                text.chars().all(|c| c == '\n' || !is_obeyed(c)),
                "{method}: {text:?}"
            );
        }
    }
    let told = line.must("plugins.list", json!({})).await;
    let painter = told["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .find(|plugin| plugin["id"] == "painter")
        .unwrap();
    for key in ["name", "version", "description"] {
        let text = painter[key].as_str().unwrap();
        assert!(is_plain(text) && !text.contains('\n'), "{key}: {text:?}");
    }
    let called = line.must("tools.invoke", json!({"name": "paint"})).await;
    assert_eq!(called["ok"], true, "{called:#}");
    // The log is written by a thread of its own.
    let mut log = String::new();
    for _ in 0..100 {
        log = home.must(&["logs"]);
        if log.contains("mallory") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(is_plain(&log), "{log}");
    let painted: Vec<_> = log.lines().filter(|line| line.contains("mallory")).collect();
    assert_eq!(painted.len(), 1, "{log}");
    assert!(painted[0].contains(" warn extension/painter "), "{painted:?}");
    assert!(is_plain(&home.console()));
    running.stop();
}

/// A later extension with an id that comes first, and a tool of the same name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_of_a_tool_stays_whose_it_was_first_over_a_start() {
    let home = Home::onboarded();
    for id in ["zebra", "aardvark"] {
        let folder = home.home().join(id);
        fs::create_dir_all(&folder).unwrap();
        let component = crate::common::tool("stripes", "", "", crate::ordeal::SAY);
        // Another component with the same tool.
        fs::write(
            folder.join("tool.wasm"),
            [
                &component[..],
                &[0, 6, 4, b'n', b'o', b't', b'e', id.as_bytes()[0]],
            ]
            .concat(),
        )
        .unwrap();
        let manifest = json!({"id": id, "configSchema": {}, "component": {"file": "tool.wasm"}});
        fs::write(folder.join("openclaw.plugin.json"), manifest.to_string()).unwrap();
        home.must(&["plugins", "install", &format!("./{id}"), "--grant", "all"]);
    }
    let running = home.start().await;
    let mut line = running.connect().await;
    let catalog = line.must("tools.catalog", json!({})).await;
    let groups = catalog["groups"].as_array().unwrap();
    let has = |group: &&Value| {
        group["tools"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tool| tool["id"] == "stripes")
    };
    let owners: Vec<_> = groups
        .iter()
        .filter(has)
        .map(|group| &group["pluginId"])
        .collect();
    assert_eq!(owners, [&json!("zebra")], "{catalog:#}");
    assert!(home.console().contains("aardvark"), "{}", home.console());
    running.stop();
}
