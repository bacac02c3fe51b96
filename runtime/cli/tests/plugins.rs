//! `openclaw plugins`: an extension from its installation to its end, for people and for programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::Home;
use common::packages::{manifest, steady};
use insta::assert_snapshot;
use serde_json::json;

const SUM: &[&str] = &[
    "plugins",
    "run",
    "calc",
    "calc",
    "--args",
    r#"{"expression": "6 * 7"}"#,
];

#[test]
fn an_extension_is_installed_called_revoked_granted_and_removed() {
    let home = Home::new();
    let package = home.package("calc");
    let said = home.run(&["plugins", "install", &package, "--grant", "all"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_snapshot!("installed", steady(&said.out));
    let listed = home.run(&["plugins", "list"]);
    assert!(
        listed.out.contains("calc") && listed.out.contains(" granted"),
        "{}",
        listed.out
    );
    let info = home.run(&["components", "info", "calc"]);
    assert!(info.out.contains("compute for 100 ms"), "{}", info.out);

    let said = home.run(SUM);
    assert_eq!((said.code, said.out.as_str()), (0, "42\n"), "{}", said.err);

    let said = home.run(&["plugins", "revoke", "calc"]);
    assert!(
        said.code == 0 && said.out.contains("cannot be called"),
        "{}",
        said.err
    );
    let said = home.run(SUM);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("openclaw plugins grant calc"), "{}", said.err);

    let said = home.run(&["plugins", "grant", "calc", "--grant", "all"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(home.run(SUM).out, "42\n");

    let said = home.run(&["plugins", "uninstall", "calc"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (
            0,
            "Removed calc and what it was granted. What it kept in its store and media is gone too.\n"
        )
    );
    for words in [
        SUM,
        &["plugins", "info", "calc"],
        &["plugins", "uninstall", "calc"],
    ] {
        let said = home.run(words);
        assert!(
            said.code == 1 && said.err.contains("no extension \"calc\" is installed"),
            "{}",
            said.err
        );
    }
    let report = home.run(&["plugins", "audit", "--json"]).json();
    assert_eq!(report["status"], "clean");
}

#[test]
fn programs_read_one_document_from_each_verb() {
    let home = Home::new();
    let package = home.package("kv-notes");
    assert_eq!(
        home.run(&["plugins", "list", "--json"]).json(),
        json!({"plugins": []})
    );
    let installed = home.run(&["plugins", "install", &package, "--grant", "all", "--json"]);
    let installed = installed.json();
    assert_eq!(
        (&installed["ok"], &installed["replaced"]),
        (&json!(true), &json!(false))
    );
    let plugin = &installed["plugin"];
    assert_eq!(plugin["id"], "kv-notes");
    assert_eq!(
        plugin["grant"]["capabilities"],
        manifest("kv-notes")["capabilities"]
    );
    assert_eq!(plugin["tools"].as_array().unwrap().len(), 4);

    let listed = home.run(&["plugins", "list", "--json"]).json();
    let row = &listed["plugins"][0];
    assert_eq!((&row["id"], &row["granted"]), (&json!("kv-notes"), &json!(true)));
    assert_eq!(row["digest"], plugin["digest"]);
    let info = home.run(&["plugins", "info", "kv-notes", "--json"]).json();
    assert_eq!((&info["digest"], &info["off"]), (&plugin["digest"], &json!(null)));

    let add = r#"{"title": "milk", "text": "two"}"#;
    let run =
        |tool: &str, args: &str| home.run(&["plugins", "run", "kv-notes", tool, "--json", "--args", args]);
    let added = run("note_add", add).json();
    assert_eq!(
        added["content"],
        json!([{"type": "text", "text": "The note is kept."}])
    );
    assert_eq!(added["isError"], json!(false));
    // The tool refuses a second note of that title, which is a failure that carries the output.
    let again = run("note_add", add);
    let document = again.json();
    assert_eq!((again.code, &document["ok"]), (1, &json!(false)));
    assert_eq!(document["output"]["isError"], json!(true));

    let revoked = home.run(&["plugins", "revoke", "kv-notes", "--json"]).json();
    assert_eq!(revoked, json!({"ok": true, "id": "kv-notes", "revoked": 1}));
    let refused = run("note_list", "{}");
    assert_eq!((refused.code, &refused.json()["ok"]), (1, &json!(false)));
    let gone = home.run(&["plugins", "uninstall", "kv-notes", "--json"]).json();
    assert_eq!(
        gone,
        json!({"ok": true, "id": "kv-notes", "revoked": 0, "kept": false})
    );

    // Whatever comes next under its id finds nothing, unless that was wanted.
    let install = || home.run(&["plugins", "install", &package, "--grant", "all"]);
    install();
    assert_eq!(run("note_add", add).code, 0);
    home.run(&["plugins", "uninstall", "kv-notes", "--keep-data"]);
    install();
    assert_eq!(run("note_add", add).code, 1, "the note is still there");
}

#[test]
fn what_is_printed_on_the_way_is_no_result_and_a_failed_tool_ends_with_one() {
    let home = Home::new();
    let package = home.package("kv-notes");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    let add = ["plugins", "run", "kv-notes", "note_add", "--args", "@note.json"];
    home.write("note.json", r#"{"title": "milk", "text": "two"}"#);
    let said = home.run(&add);
    assert_eq!((said.code, said.out.as_str()), (0, "The note is kept.\n"));
    assert!(
        said.err.contains("info: kv-notes: a note was added"),
        "{}",
        said.err
    );
    let said = home.run(&add);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains("there is a note with this title"),
        "{}",
        said.err
    );
}

#[test]
fn an_extension_that_the_config_switches_off_is_not_run_and_the_key_is_named() {
    let home = Home::new();
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    for (config, key) in [
        ("{ plugins: { enabled: false } }", "plugins.enabled"),
        ("{ plugins: { deny: ['calc'] } }", "plugins.deny"),
        ("{ plugins: { allow: ['other'] } }", "plugins.allow"),
        (
            "{ plugins: { entries: { calc: { enabled: false } } } }",
            "plugins.entries.calc.enabled",
        ),
    ] {
        home.write(".openclaw/openclaw.json", config);
        let said = home.run(SUM);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{config}");
        assert!(said.err.contains(key), "{config}: {}", said.err);
        let info = home.run(&["plugins", "info", "calc"]);
        assert!(info.out.contains(key), "{config}: {}", info.out);
    }
    home.write(".openclaw/openclaw.json", "{ plugins: { allow: ['calc'] } }");
    assert_eq!(home.run(SUM).out, "42\n");
}

#[test]
fn settings_that_do_not_fit_the_manifest_keep_an_extension_from_running() {
    let home =
        Home::with_config("{ plugins: { entries: { calc: { config: { digits: 'geheimgeheim' } } } } }");
    let mut manifest = manifest("calc");
    manifest["configSchema"] = json!({"type": "object", "properties": {"digits": {"type": "integer"}}});
    let package = home.package_of("calc", &manifest, &common::packages::component("calc"));
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    let said = home.run(SUM);
    assert!(
        said.code == 1
            && said.err.contains("plugins.entries.calc.config.digits")
            && said.err.contains("integer"),
        "{}",
        said.err
    );
    assert!(!said.err.contains("geheim"), "{}", said.err);
    home.write(
        ".openclaw/openclaw.json",
        "{ plugins: { entries: { calc: { config: { digits: 3 } } } } }",
    );
    assert_eq!(home.run(SUM).out, "42\n");
}

#[test]
fn a_state_that_somebody_else_has_is_told_with_who_has_it() {
    let home = Home::new();
    let package = home.package("calc");
    let folder = home.path(".openclaw");
    std::fs::create_dir_all(&folder).unwrap();
    // The lock is on the folder itself.
    let held = std::fs::File::open(&folder).unwrap();
    held.lock().unwrap();
    let said = home.run(&["plugins", "install", &package, "--grant", "all"]);
    assert!(
        said.code == 1 && said.err.contains("is in use by"),
        "{}",
        said.err
    );
}

#[test]
fn other_verbs_of_openclaw_are_refused_by_name_and_unknown_ones_as_unknown() {
    let home = Home::new();
    for verb in ["enable", "disable", "update", "search", "doctor", "marketplace"] {
        let said = home.run(&["plugins", verb, "x"]);
        assert_eq!(
            (said.code, said.err.as_str()),
            (
                1,
                format!(
                    "the command \"plugins {verb}\" is not in this build. Try: openclaw plugins --help\n"
                )
                .as_str()
            )
        );
    }
    let said = home.run(&["plugins", "instal"]);
    assert!(
        said.code == 1 && said.err.contains("unknown command"),
        "{}",
        said.err
    );
}

#[test]
fn the_word_that_compiles_is_shown_nowhere() {
    let home = Home::new();
    for words in [
        &["--help"][..],
        &["plugins", "--help"],
        &["completion", "--shell", "bash"],
        &["completion", "--shell", "zsh"],
    ] {
        assert!(!home.run(words).out.contains("compile"), "{words:?}");
    }
}

#[test]
fn one_damaged_record_stops_nothing_but_itself() {
    let home = Home::new();
    for name in ["calc", "kv-notes"] {
        let package = home.package(name);
        let said = home.run(&["plugins", "install", &package, "--grant", "all"]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    home.write(".openclaw/extensions/installed/calc.json", "x");
    let listed = home.run(&["plugins", "list"]);
    assert!(
        listed.code == 0 && listed.out.contains("damaged") && listed.out.contains("kv-notes"),
        "{}",
        listed.out
    );
    let gone = home.run(&["plugins", "uninstall", "kv-notes"]);
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert_eq!(home.run(&["plugins", "revoke", "calc"]).code, 0);
    let package = home.package("calc");
    let anew = home.run(&["plugins", "install", &package, "--grant", "all"]);
    assert_eq!(anew.code, 0, "{}", anew.err);
    assert_eq!(home.run(SUM).out, "42\n");
}

#[test]
fn a_manifest_that_was_changed_on_disk_asks_for_nothing() {
    let home = Home::new();
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    for folder in std::fs::read_dir(home.path(".openclaw/extensions/packages")).unwrap() {
        let path = folder.unwrap().path().join("openclaw.plugin.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"calc\"", "\"kv-notes\"")).unwrap();
    }
    let refused = home.run(&["plugins", "grant", "calc", "--grant", "all"]);
    assert!(
        refused.code == 1 && refused.err.contains("its manifest was changed"),
        "{}",
        refused.err
    );
    let report = home.run(&["plugins", "audit"]);
    assert!(
        report.code == 2 && report.out.contains("manifest was changed"),
        "{}",
        report.out
    );
}

#[test]
fn what_stands_in_the_config_as_a_secret_is_shown_in_no_document() {
    let config = "{ gateway: { auth: { mode: 'token', token: 'a-token-that-nobody-sees' } } }";
    let home = Home::with_config(config);
    let package = home.package("calc");
    home.run(&["plugins", "install", &package, "--grant", "all"]);
    let said = home.run(&["plugins", "run", "calc", "a-token-that-nobody-sees", "--json"]);
    assert!(
        said.code == 1 && !said.out.contains("nobody-sees"),
        "{}",
        said.out
    );
}
