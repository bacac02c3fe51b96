//! Nothing is granted that a person did not agree to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::io::Write as _;
use std::process::Stdio;

use common::packages::{another, component, manifest, steady};
use common::{Home, Said};
use insta::assert_snapshot;
use serde_json::json;

fn install(home: &Home, package: &str, words: &[&str]) -> Said {
    home.run(&[&["plugins", "install", package], words].concat())
}

fn is_installed(home: &Home, id: &str) -> bool {
    home.run(&["plugins", "list"]).out.contains(id)
}

#[test]
fn where_nobody_can_be_asked_an_install_needs_an_answer_and_compiles_nothing() {
    let home = Home::new();
    let package = home.package("kv-notes");
    let said = install(&home, &package, &[]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert_snapshot!("nobody_to_ask", said.err);
    assert!(!is_installed(&home, "kv-notes"));
    assert!(!home.path(".openclaw/extensions/compiled").exists());
    let said = install(&home, &package, &["--json"]);
    assert_eq!((said.code, &said.json()["ok"]), (1, &json!(false)));
}

#[test]
fn a_grant_from_a_file_is_a_part_of_the_request_and_more_is_refused_by_name() {
    let home = Home::new();
    let package = home.package("kv-notes");
    home.write(
        "more.json5",
        "{ capabilities: { kv: { quota: '2 MiB' } }, limits: { cpu: '9 s' } }",
    );
    let said = install(&home, &package, &["--grant", "more.json5"]);
    assert!(
        said.code == 1 && said.err.contains("more than the manifest asks for") && said.err.contains("9 s"),
        "{}",
        said.err
    );
    assert!(!is_installed(&home, "kv-notes"));
    home.write("odd.json5", "{ capabilities2: {} }");
    let said = install(&home, &package, &["--grant", "odd.json5"]);
    assert!(
        said.code == 1 && said.err.contains("\"capabilities\""),
        "{}",
        said.err
    );
    home.write(
        "part.json5",
        "{ capabilities: { kv: { quota: '64 KiB', entries: 2 } } }",
    );
    let said = install(&home, &package, &["--grant", "part.json5", "--json"]);
    let grant = &said.json()["plugin"]["grant"];
    assert_eq!(grant["capabilities"]["kv"]["quota"], "64 KiB");
    assert_eq!(grant["limits"]["deadline"], "5 s");
}

#[test]
fn what_was_not_granted_is_denied_when_it_is_called() {
    let home = Home::new();
    let package = home.package("kv-notes");
    install(&home, &package, &["--grant", "none"]);
    let said = home.run(&["plugins", "run", "kv-notes", "note_list"]);
    assert!(said.code == 1 && said.out.is_empty(), "{}", said.out);
    assert!(said.err.contains("denied"), "{}", said.err);
}

#[test]
fn a_newer_version_within_the_grant_is_not_asked_about_and_one_that_asks_for_more_is() {
    let home = Home::new();
    let package = home.package("kv-notes");
    install(&home, &package, &["--grant", "all"]);
    let newer = another(&component("kv-notes"));
    let package = home.package_of("newer", &manifest("kv-notes"), &newer);
    let said = install(&home, &package, &["--json"]);
    assert_eq!(said.json()["replaced"], json!(true), "{}", said.err);
    let said = home.run(&["plugins", "run", "kv-notes", "note_list"]);
    assert_eq!(said.code, 0, "{}", said.err);

    let mut greedy = manifest("kv-notes");
    greedy["limits"]["cpu"] = json!("20 s");
    let package = home.package_of("greedy", &greedy, &another(&newer));
    let said = install(&home, &package, &[]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert_snapshot!("only_the_difference", said.err);
    // What was there is there, with its grant.
    let said = home.run(&["plugins", "run", "kv-notes", "note_list"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = install(&home, &package, &["--grant", "all"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        home.run(&["plugins", "info", "kv-notes"])
            .out
            .contains("compute for 20 s")
    );
}

#[test]
fn a_granted_directory_is_named_by_the_operator_and_nothing_else_is_reached() {
    let home = Home::new();
    let package = home.package("text-stats");
    let said = install(&home, &package, &["--grant", "all"]);
    assert!(
        said.code == 1 && said.err.contains("Say --dir /texts=PATH."),
        "{}",
        said.err
    );
    assert!(!is_installed(&home, "text-stats"));
    for (dir, why) in [
        ("/texts=gone", "cannot be ~/gone"),
        ("/texts=secret.txt", "it is no directory"),
        ("/other=texts", "none of the granted directories"),
        ("texts", "GUEST=PATH"),
    ] {
        home.write("texts/sea.txt", "the sea\n");
        home.write("secret.txt", "geheim");
        let said = install(
            &home,
            &package,
            &["--grant", "all", "--dir", "/texts=texts", "--dir", dir],
        );
        assert!(said.code == 1 && said.err.contains(why), "{dir}: {}", said.err);
    }
    let said = install(&home, &package, &["--grant", "all", "--dir", "/texts=texts"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let run = |args: &str| home.run(&["plugins", "run", "text-stats", "text_stats", "--args", args]);
    let said = run("{}");
    assert!(
        said.code == 0 && said.out.starts_with("files: 1\n") && said.out.contains("words: 2"),
        "{}{}",
        said.out,
        said.err
    );
    assert!(said.err.contains("Reading"), "{}", said.err);
    let said = run(r#"{"path": "../secret.txt"}"#);
    assert!(said.code == 1 && !said.out.contains("files"), "{}", said.out);
    // Another directory, and the rest of the answer as it was.
    home.write("more/a.txt", "a\n");
    home.write("more/b.txt", "b\n");
    let said = home.run(&["plugins", "grant", "text-stats", "--dir", "/texts=more"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(run("{}").out.starts_with("files: 2\n"));
}

/// Runs the program on a terminal of its own and types.
fn on_a_terminal(home: &Home, words: &str, typed: &str) -> Option<Said> {
    let script = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .into_iter()
        .flatten()
        .map(|folder| folder.join("script"))
        .find(|path| path.is_file());
    let Some(script) = script else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "script is missing; it is in bsdutils"
        );
        eprintln!("script is missing (it is in bsdutils), so nothing was typed");
        return None;
    };
    let command = format!("{} {words}", env!("CARGO_BIN_EXE_openclaw"));
    let mut running = std::process::Command::new(script)
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env_clear()
        .env("HOME", home.folder.path())
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", "/bin/sh")
        .current_dir(home.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let ended = running.wait_with_output().unwrap();
    Some(Said {
        out: String::from_utf8(ended.stdout).unwrap().replace("\r\n", "\n"),
        err: String::new(),
        code: ended.status.code().unwrap(),
    })
}

#[test]
fn on_a_terminal_one_question_is_asked_and_no_installs_nothing() {
    let home = Home::new();
    let package = home.package("text-stats");
    let words = format!("plugins install {package}");
    let Some(said) = on_a_terminal(&home, &words, "perhaps\nno\n") else {
        return;
    };
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("read files in /texts")
            && said
                .out
                .contains("Install it and allow this? yes or no (no: nothing is installed)")
            && said.out.contains("Answer yes or no.")
            && said.out.contains("Nothing is installed."),
        "{}",
        said.out
    );
    assert!(!is_installed(&home, "text-stats"));
}

#[test]
fn on_a_terminal_yes_asks_for_the_directory_and_installs() {
    let home = Home::new();
    let package = home.package("text-stats");
    home.write("texts/sea.txt", "the sea\n");
    let words = format!("plugins install {package}");
    let Some(said) = on_a_terminal(&home, &words, "yes\ngone\ntexts\n") else {
        return;
    };
    assert!(
        said.out.contains("Which directory of this machine is /texts?") && said.out.contains("cannot be"),
        "{}",
        steady(&said.out)
    );
    assert_eq!(said.code, 0, "{}", said.out);
    let said = home.run(&["plugins", "run", "text-stats", "text_stats"]);
    assert!(said.out.starts_with("files: 1\n"), "{}{}", said.out, said.err);
}
