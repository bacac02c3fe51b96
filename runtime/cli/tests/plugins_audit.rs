//! `openclaw plugins audit`: what is wide, and what does not fit together.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::Home;
use common::packages::{another, component, manifest};
use serde_json::{Value, json};

fn audit(home: &Home) -> (Value, i32) {
    let said = home.run(&["plugins", "audit", "--json"]);
    (said.json(), said.code)
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|found| found["code"].as_str().unwrap())
        .collect()
}

fn component_files(home: &Home, ending: &str) -> Vec<std::path::PathBuf> {
    let mut left = vec![home.path(".openclaw/extensions")];
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|is| is == ending) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_usual_extension_that_the_config_knows_is_clean() {
    let home = Home::with_config("{ plugins: { entries: { 'kv-notes': {} } } }");
    let package = home.package("kv-notes");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    let (report, code) = audit(&home);
    assert_eq!(
        report,
        json!({
            "version": 1,
            "status": "clean",
            "checked": 1,
            "summary": {"critical": 0, "warn": 0, "info": 0},
            "findings": [],
        })
    );
    assert_eq!(code, 0);
    assert_eq!(home.run(&["plugins", "audit", "--check"]).code, 0);
}

#[test]
fn a_wide_grant_a_missing_directory_and_a_denied_extension_are_found() {
    let home = Home::with_config("{ plugins: { deny: ['text-stats'], entries: { gone: {} } } }");
    let package = home.package("text-stats");
    home.write("texts/a.txt", "a");
    home.run(&[
        "plugins",
        "install",
        &package,
        "--grant",
        "all",
        "--dir",
        "/texts=texts",
    ]);
    std::fs::remove_dir_all(home.path("texts")).unwrap();
    let (report, code) = audit(&home);
    // It may compute longer than usual, and receive more.
    assert_eq!(
        codes(&report),
        [
            "DIRECTORY_MISSING",
            "WIDE_GRANT",
            "WIDE_GRANT",
            "NOT_INSTALLED",
            "SWITCHED_OFF"
        ]
    );
    assert_eq!((&report["status"], code), (&json!("findings"), 0));
    assert_eq!(home.run(&["plugins", "audit", "--check"]).code, 1);
}

#[test]
fn a_directory_that_holds_the_state_is_critical() {
    let home = Home::new();
    let package = home.package("text-stats");
    std::fs::create_dir_all(home.path(".openclaw/extensions")).unwrap();
    let install = |folder: &str| {
        let dir = format!("/texts={folder}");
        home.run(&["plugins", "install", &package, "--grant", "all", "--dir", &dir])
    };
    for folder in [".openclaw", ".openclaw/extensions", ".", "/"] {
        let said = install(folder);
        assert!(
            said.code == 1 && said.err.contains("the state"),
            "{folder}: {}",
            said.err
        );
    }
    // It was fine when it was granted, and then the state moved in.
    std::fs::create_dir_all(home.path("texts")).unwrap();
    assert_eq!(install("texts").code, 0);
    std::fs::rename(home.path(".openclaw"), home.path("texts/.openclaw")).unwrap();
    let state = home.path("texts/.openclaw");
    let home = home.env("OPENCLAW_STATE_DIR", state.to_str().unwrap());
    let (report, code) = audit(&home);
    assert_eq!((codes(&report)[0], code), ("DIRECTORY_HOLDS_STATE", 2));
}

#[test]
fn a_config_that_cannot_be_read_hides_no_finding() {
    let home = Home::new();
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    home.write(".openclaw/openclaw.json", "{ gateway: { prot: 1 } }");
    for path in component_files(&home, "wasm") {
        std::fs::write(path, another(&component("calc"))).unwrap();
    }
    let (report, code) = audit(&home);
    let found = codes(&report);
    assert!(
        code == 2 && found.contains(&"CONFIG_UNREADABLE") && found.contains(&"COMPONENT_CHANGED"),
        "{report}"
    );
}

#[test]
fn what_was_changed_or_is_missing_on_disk_is_found() {
    let home = Home::with_config("{ plugins: { entries: { calc: {} } } }");
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    for path in component_files(&home, "cwasm") {
        std::fs::remove_file(path).unwrap();
    }
    let (report, code) = audit(&home);
    assert_eq!((codes(&report), code), (vec!["NOT_COMPILED"], 0));
    for path in component_files(&home, "wasm") {
        std::fs::write(path, another(&component("calc"))).unwrap();
    }
    let (report, code) = audit(&home);
    assert_eq!(
        (codes(&report), code),
        (vec!["COMPONENT_CHANGED", "NOT_COMPILED"], 2)
    );
}

#[test]
fn an_extension_without_grant_is_found() {
    let home = Home::with_config("{ plugins: { entries: { calc: {} } } }");
    let package = home.package_of("calc", &manifest("calc"), &component("calc"));
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    home.run(&["plugins", "revoke", "calc"]);
    assert_eq!(codes(&audit(&home).0), ["NO_GRANT"]);
}

#[test]
fn a_grant_for_a_component_that_is_gone_is_found_and_can_be_revoked() {
    let home = Home::new();
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    // As after a crash between two steps, or by hand.
    std::fs::remove_dir_all(home.path(".openclaw/extensions")).unwrap();
    assert_eq!(codes(&audit(&home).0), ["STALE_GRANT"]);
    assert_eq!(home.run(&["plugins", "revoke", "calc"]).code, 0);
    assert_eq!(codes(&audit(&home).0), Vec::<&str>::new());
}
