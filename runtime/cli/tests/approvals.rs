//! `openclaw approvals` with the file of this machine, without a gateway.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use common::Home;
use serde_json::json;

const FILE: &str = ".openclaw/exec-approvals.json";

#[test]
fn programs_come_onto_the_list_and_off_it_by_pattern_or_id() {
    let home = Home::new();
    let said = home.run(&["approvals", "get"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.starts_with(&format!("~/{FILE} (not there")),
        "{}",
        said.out
    );
    assert!(!home.path(FILE).exists());

    let add = ["approvals", "allowlist", "add", "/usr/bin/git"];
    assert_eq!(home.run(&add).out, "On the list now: /usr/bin/git (all agents)\n");
    assert_eq!(
        home.run(&add).out,
        "It was on the list already: /usr/bin/git (all agents)\n"
    );
    let own = ["exec-approvals", "allowlist", "add", "jq", "--agent", "main"];
    assert_eq!(home.run(&own).out, "On the list now: jq (agent main)\n");
    let said = home.run(&["approvals", "get"]).out;
    assert!(said.contains("\nall agents\n  /usr/bin/git"), "{said}");
    assert!(said.contains("\nagent main\n  jq"), "{said}");

    let told = home.run(&["approvals", "get", "--json"]).json();
    let id = told["file"]["agents"]["main"]["allowlist"][0]["id"]
        .as_str()
        .unwrap();
    let foreign = home.run(&["approvals", "allowlist", "remove", id]);
    assert_eq!((foreign.code, foreign.out.as_str()), (1, ""));
    assert!(
        foreign.err.contains("is not on the list of all agents"),
        "{}",
        foreign.err
    );
    home.run(&["approvals", "allowlist", "remove", id, "--agent", "main"]);
    home.run(&["approvals", "allowlist", "remove", "/usr/bin/git"]);
    let told = home.run(&["approvals", "get", "--json"]).json();
    for agent in ["*", "main"] {
        assert_eq!(told["file"]["agents"][agent]["allowlist"], json!([]), "{told}");
    }
}

#[test]
fn what_counts_is_told_with_the_config_and_who_decided() {
    let home = Home::new();
    home.write(".openclaw/openclaw.json", r#"{tools: {exec: {mode: "ask"}}}"#);
    home.run(&["approvals", "allowlist", "add", "jq", "--agent", "main"]);
    let said = home.run(&["approvals", "get"]).out;
    let line = "  agent main: security allowlist (decided by tools.exec.mode), ask on-miss (decided by tools.exec.mode), \
        askFallback deny (decided by the default)\n";
    assert!(said.contains(line), "{said}");
    let told = home.run(&["approvals", "get", "--json"]).json();
    let scopes = &told["effectivePolicy"]["scopes"];
    assert_eq!(scopes[0]["ask"]["effective"], "on-miss", "{told}");
    assert_eq!(scopes[1]["scopeLabel"], "agent:main", "{told}");

    home.write(".openclaw/openclaw.json", "{tools: ");
    let said = home.run(&["approvals", "get"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("The config is not read: "), "{}", said.out);
}

#[test]
fn an_entry_that_fits_nothing_is_refused_and_the_file_stays() {
    let home = Home::new();
    home.run(&["approvals", "allowlist", "add", "jq"]);
    let before = fs::read_to_string(home.path(FILE)).unwrap();
    for wrong in ["", "  "] {
        let said = home.run(&["approvals", "allowlist", "add", wrong]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{wrong:?}");
        assert!(
            said.err.contains("agents.*.allowlist[1].pattern must have"),
            "{}",
            said.err
        );
    }
    assert_eq!(fs::read_to_string(home.path(FILE)).unwrap(), before);
    assert_eq!(home.run(&["approvals", "get"]).code, 0);
}

#[test]
fn a_pattern_that_allows_nearly_everything_is_added_with_a_warning() {
    let home = Home::new();
    for pattern in ["**", "/bin/bash"] {
        let said = home.run(&["approvals", "allowlist", "add", pattern]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(said.out, format!("On the list now: {pattern} (all agents)\n"));
        assert!(
            said.err.starts_with(&format!("warning: {pattern} fits ")),
            "{}",
            said.err
        );
    }
    assert_eq!(
        home.run(&["approvals", "allowlist", "add", "/usr/bin/rg"]).err,
        ""
    );
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all_and_its_token_is_not_printed() {
    let home = Home::new();
    home.write(
        "new.json",
        r#"{"version": 1, "socket": {"path": "/x", "token": "geheim-1234"}, "defaults": {"security": "deny"}}"#,
    );
    let said = home.run(&["approvals", "set", "--file", "new.json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("security deny") && !said.out.contains("geheim"),
        "{}",
        said.out
    );
    let kept = || fs::read_to_string(home.path(FILE)).unwrap();
    assert!(kept().contains("geheim-1234"));

    // What was printed can be put back, and the token stays.
    let told = home.run(&["approvals", "get", "--json"]).json();
    let mut setting = home
        .command(&["approvals", "set", "--stdin", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut to = setting.stdin.take().unwrap();
    to.write_all(told["file"].to_string().as_bytes()).unwrap();
    drop(to);
    assert!(setting.wait().unwrap().success());
    assert!(kept().contains("geheim-1234"));

    for wrong in [
        r#"{"version": 2}"#,
        "{",
        r#"{"version": 1, "defaults": {"ask": "perhaps"}}"#,
    ] {
        home.write("wrong.json", wrong);
        let before = kept();
        let said = home.run(&["approvals", "set", "--file", "wrong.json"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{wrong}");
        assert!(
            said.err.contains("wrong.json cannot be the new file"),
            "{}",
            said.err
        );
        assert_eq!(kept(), before);
    }
}

#[test]
fn a_broken_file_is_told_and_mended_by_another() {
    let home = Home::new();
    home.write(FILE, "{");
    let said = home.run(&["approvals", "get"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("exec-approvals.json"), "{}", said.err);
    assert_eq!(home.run(&["approvals", "allowlist", "add", "jq"]).code, 1);
    home.write("new.json", r#"{"version": 1}"#);
    assert_eq!(home.run(&["approvals", "set", "--file", "new.json"]).code, 0);
    assert_eq!(home.run(&["approvals", "get"]).code, 0);
}
