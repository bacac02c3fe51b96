//! `openclaw plugins inspect`: any component is told apart before anything is done with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::Home;
use common::packages::{component, steady};
use insta::assert_snapshot;
use serde_json::json;

const FOREIGN: &str = r#"(component
    (import "acme:weather/api@1.0.0" (instance))
    (import "openclaw:log/lines@0.1.0" (instance))
    (instance $i)
    (export "openclaw:tool/toolbox@0.1.0" (instance $i)))"#;

#[test]
fn a_component_is_told_in_plain_words_and_nothing_is_written() {
    let home = Home::new();
    let package = home.package("text-stats");
    let said = home.run(&["plugins", "inspect", &package]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_snapshot!(steady(&said.out));
    assert!(!home.path(".openclaw").exists());
}

#[test]
fn a_foreign_import_is_named_with_what_to_do_at_inspect_and_at_install() {
    let home = Home::new();
    let package = home.foreign("weather", FOREIGN);
    let said = home.run(&["plugins", "inspect", &package]);
    assert_eq!(said.code, 0);
    assert_snapshot!("foreign_inspected", steady(&said.out));
    let said = home.run(&["plugins", "install", &package, "--grant", "all"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert_snapshot!("foreign_refused", said.err);
    assert!(!home.path(".openclaw/extensions").exists());
}

#[test]
fn programs_read_what_each_import_needs_and_whether_it_is_served() {
    let home = Home::new();
    let found = home
        .run(&["plugins", "inspect", &home.foreign("weather", FOREIGN), "--json"])
        .json();
    assert_eq!(
        (&found["world"], &found["installable"], &found["installed"]),
        (&json!("tool"), &json!(false), &json!(false))
    );
    assert_eq!(
        found["imports"][1],
        json!({"name": "openclaw:log/lines@0.1.0", "served": true, "needs": null})
    );
    assert_eq!(found["imports"][0]["served"], json!(false));
    let found = home
        .run(&["plugins", "inspect", &home.package("kv-notes"), "--json"])
        .json();
    assert_eq!(found["installable"], json!(true));
    let needs: Vec<_> = found["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| &import["needs"])
        .collect();
    assert!(needs.contains(&&json!("kv")), "{needs:?}");
}

#[test]
fn a_component_without_manifest_is_described_and_cannot_be_installed() {
    let home = Home::new();
    std::fs::write(home.path("lone.wasm"), component("calc")).unwrap();
    let said = home.run(&["plugins", "inspect", "lone.wasm"]);
    assert!(
        said.out.contains("world   tool") && said.out.contains("It cannot be installed:"),
        "{}",
        said.out
    );
    assert!(said.out.contains("it has no manifest inside"), "{}", said.out);
    home.write("text.wasm", "hello");
    let said = home.run(&["plugins", "inspect", "text.wasm"]);
    assert!(
        said.out.contains("this is no WebAssembly component"),
        "{}",
        said.out
    );
}

#[test]
fn what_is_installed_is_inspected_by_its_id() {
    let home = Home::new();
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    let said = home.run(&["plugins", "inspect", "calc"]);
    assert!(
        said.code == 0 && said.out.contains("It is installed."),
        "{}{}",
        said.out,
        said.err
    );
    let said = home.run(&["plugins", "inspect", "nothing"]);
    assert!(said.code == 1 && said.err.contains("\"nothing\""), "{}", said.err);
}
