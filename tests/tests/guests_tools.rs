//! Our own guests, as components, run by the crate that authors test theirs with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::path::{Path, PathBuf};

use openclaw_test::{Access, Component, Error, Host, Output};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The component of a guest, which the suite's first step has built.
fn guest(name: &str) -> Component {
    let file = format!("{}.wasm", name.replace('-', "_"));
    let folder = root()
        .join("guests/tools")
        .join(name)
        .join("target/wasm32-wasip2/release");
    let path = folder.join(file);
    assert!(
        path.is_file(),
        "{} is missing; `cargo xtask test` builds it",
        path.display()
    );
    Component::load(path).unwrap()
}

fn call(component: &Component, host: &mut Host, tool: &str, arguments: Value) -> Output {
    component.call(host, tool, arguments).unwrap()
}

#[test]
fn calc_answers_with_text_and_tells_the_model_of_mistakes() {
    let calc = guest("calc");
    assert_eq!(calc.tools()[0].traits, ["read-only", "idempotent"]);
    let mut host = Host::new();
    let mut calculate = |expression: Value| {
        let output = call(&calc, &mut host, "calc", json!({"expression": expression}));
        (output.is_error, output.text())
    };
    assert_eq!(calculate(json!("2 * (3 + 4.5) ^ 2")), (false, "112.5".to_owned()));
    let (is_error, text) = calculate(json!("6 * ½"));
    assert!(is_error && text.starts_with("at character 5: "), "{text}");
    let (is_error, text) = calculate(json!(6));
    assert!(is_error && text.contains("the arguments do not fit"), "{text}");
    host.finish().unwrap();
}

#[test]
fn json_query_gives_results_one_a_line_and_ends_by_its_own_bound() {
    let query = guest("json-query");
    let mut host = Host::new();
    let mut run = |filter: &str| {
        call(
            &query,
            &mut host,
            "json_query",
            json!({"filter": filter, "document": "[{\"a\":1},{\"a\":\"ü\"}]"}),
        )
    };
    assert_eq!(run(".[].a").text(), "1\n\"ü\"");
    assert!(run("repeat(1)").text().ends_with("half a MiB)"));
    assert!(run(".[").is_error);
}

#[test]
fn kv_notes_are_kept_from_call_to_call_under_a_title_each() {
    let notes = guest("kv-notes");
    let mut host = Host::new();
    let milk = json!({"title": "Milk", "text": "two litres"});
    assert_eq!(
        call(&notes, &mut host, "note_add", milk.clone()).text(),
        "The note is kept."
    );
    assert!(call(&notes, &mut host, "note_add", milk).is_error);
    assert_eq!(
        call(&notes, &mut host, "note_list", json!({})).text(),
        "2026-01-01  Milk"
    );
    assert_eq!(
        call(&notes, &mut host, "note_get", json!({"title": " Milk "})).text(),
        "two litres"
    );
    assert!(host.kv_get("note/Milk").is_some());
    assert_eq!(host.log()[0].message, "a note was added");
    assert_eq!(
        call(&notes, &mut host, "note_delete", json!({"title": "Milk"})).text(),
        "The note is deleted."
    );
    assert_eq!(host.kv_get("note/Milk"), None);
    host.finish().unwrap();
}

#[test]
fn kv_notes_leave_a_full_store_to_the_host_and_list_more_than_one_page() {
    let notes = guest("kv-notes");
    let mut host = Host::new();
    host.kv_quota(1 << 20, 250);
    for number in 0..250 {
        host.kv_set(&format!("note/{number:03}"), r#"{"text":"x","added":0}"#);
    }
    let listed = call(&notes, &mut host, "note_list", json!({"prefix": "0"}));
    assert_eq!(listed.text().lines().count(), 100);
    let listed = call(&notes, &mut host, "note_list", json!({}));
    assert_eq!(listed.text().lines().count(), 250);
    let added = notes.call(&mut host, "note_add", json!({"title": "one more", "text": ""}));
    assert!(matches!(added, Err(Error::Refused(refusal)) if refusal.code == "quota"));
}

#[test]
fn kv_notes_say_the_same_to_their_host_as_when_they_were_recorded() {
    let notes = guest("kv-notes");
    let mut host = Host::new();
    host.recording(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings/kv-notes.json"))
        .unwrap();
    let shopping = json!({"title": "Einkäufe", "text": "Brot 🥖"});
    call(&notes, &mut host, "note_add", shopping);
    let listed = call(&notes, &mut host, "note_list", json!({"prefix": "Ein"}));
    assert_eq!(listed.text(), "2026-01-01  Einkäufe");
    call(&notes, &mut host, "note_delete", json!({"title": "Einkäufe"}));
    host.finish().unwrap();
}

#[test]
fn text_stats_count_the_files_that_they_were_shown_and_no_others() {
    let stats = guest("text-stats");
    let mut host = Host::new();
    let files = [
        ("a.txt", "Das Meer, das Meer\n"),
        ("b.txt", "und das Land\n"),
        ("sub/c.txt", "nicht\n"),
    ];
    host.files("/texts", Access::ReadOnly, &files).unwrap();
    let output = call(&stats, &mut host, "text_stats", json!({"top": 1}));
    assert!(!output.is_error && output.text().contains("das"), "{output:?}");
    assert!(!output.text().contains("nicht"));
    assert_eq!(host.progress().len(), 2);
    assert_eq!(
        (host.progress()[1].done, host.progress()[1].total),
        (Some(1), Some(2))
    );
    let outside = call(&stats, &mut host, "text_stats", json!({"path": "../etc/passwd"}));
    assert!(outside.is_error, "{outside:?}");
    host.finish().unwrap();
}
