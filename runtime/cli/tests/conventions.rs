//! What holds for every command: help, version, JSON, exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::Home;
use insta::assert_snapshot;

#[test]
fn nothing_typed_prints_the_help() {
    let said = Home::new().run(&[]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_snapshot!(said.out);
    assert_eq!(said.out, Home::new().run(&["--help"]).out);
}

#[test]
fn every_command_has_help_that_a_newcomer_can_read() {
    let mut all = String::new();
    let asked = ask_for_help(&Home::new(), &[], &mut all);
    assert!(asked > 60, "the help names {asked} commands only");
    assert_snapshot!(all);
}

/// Asks each command below this one for its help; says how many there are.
fn ask_for_help(home: &Home, command: &[&str], all: &mut String) -> usize {
    let said = home.run(&[command, &["--help"]].concat());
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{command:?}");
    if !command.is_empty() {
        *all += &format!("$ openclaw {} --help\n{}\n", command.join(" "), said.out);
    }
    let mut asked = 0;
    for verb in verbs(&said.out) {
        asked += 1 + ask_for_help(home, &[command, &[verb]].concat(), all);
    }
    asked
}

/// The commands that a help text names: the first words of the lines under the heading that are not indented further.
fn verbs(help: &str) -> Vec<&str> {
    let (_, listed) = help.split_once("\nCommands:\n").unwrap_or_default();
    let lines = listed.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[test]
fn the_version_has_openclaws_form_under_each_of_its_flags() {
    for flag in ["--version", "-V", "-v"] {
        let said = Home::new().run(&[flag]);
        let rest = said.out.strip_prefix("OpenClaw ").unwrap();
        let (version, commit) = rest.trim_end().split_once(' ').unwrap();
        assert_eq!((version, said.code), (env!("CARGO_PKG_VERSION"), 0));
        assert_eq!(Home::new().run(&["--dev", "--no-color", flag]).out, said.out);
        assert!(commit.starts_with('(') && commit.ends_with(')'), "{commit}");
    }
}

#[test]
fn a_command_of_openclaw_that_this_build_lacks_is_refused_by_name() {
    for words in [
        &["sessions", "--help"][..],
        &["cron", "list", "--port", "1"],
        &["doctor", "--fix"],
    ] {
        let said = Home::new().run(words);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{words:?}");
        let expected = format!(
            "the command \"{}\" is not in this build. Try: openclaw --help\n",
            words[0]
        );
        assert_eq!(said.err, expected);
    }
    for words in [&["--container", "x", "config", "file"][..], &["--update"]] {
        let said = Home::new().run(words);
        assert!(
            said.code == 1 && said.err.contains("is not in this build"),
            "{words:?}: {}",
            said.err
        );
    }
}

#[test]
fn what_openclaw_has_more_of_sandboxes_and_approvals_is_refused_by_name() {
    for (words, name) in [
        (&["sandbox", "list", "--browser"][..], "--browser"),
        (&["sandbox", "recreate", "--all", "--browser"], "--browser"),
        (&["approvals", "get", "--node", "desk"], "--node"),
        (
            &["approvals", "allowlist", "add", "jq", "--node", "desk"],
            "--node",
        ),
        (
            &["approvals", "grants", "list"],
            "the command \"approvals grants\"",
        ),
        (
            &["approvals", "grants", "revoke", "x"],
            "the command \"approvals grants\"",
        ),
    ] {
        let said = Home::new().run(words);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{words:?}");
        assert!(
            said.err.starts_with(&format!("{name} is not in this build")),
            "{words:?}: {}",
            said.err
        );
    }
}

#[test]
fn an_unknown_command_is_refused_without_letting_it_paint_the_terminal() {
    let said = Home::new().run(&["tele\u{1b}[31m"]);
    assert_eq!(said.code, 1);
    assert_eq!(
        said.err,
        "unknown command 'tele\\u{1b}[31m'. Try: openclaw --help\n"
    );
}

#[test]
fn a_mistyped_flag_or_command_names_the_nearest_and_ends_with_one() {
    let said = Home::new().run(&["config", "validat"]);
    assert!(said.code == 1 && said.err.contains("'validate'"), "{}", said.err);
    let said = Home::new().run(&["config", "validate", "--jsn"]);
    assert!(said.code == 1 && said.err.contains("'--json'"), "{}", said.err);
}

#[test]
fn with_json_standard_output_holds_one_document_whatever_happens() {
    let home = Home::with_config("{ gateway: { prot: 1 } }");
    for words in [
        &["config", "get", "gateway.port", "--json"][..],
        &["config", "get", "--json"],
        &["config", "validate", "--json", "--nonsense"],
        &["config", "validate", "--json"],
        &["secrets", "audit", "--json"],
        &["--profile", "../up", "config", "file", "--json"],
        &["gateway", "status", "--json"],
        &["nonsense", "--json"],
        &["plugins", "nonsense", "--json"],
        &["plugins", "enable", "--json"],
        &["plugins", "info", "none", "--json"],
        &["plugins", "inspect", "none", "--json"],
        &["plugins", "install", "none", "--json"],
        &["plugins", "run", "none", "none", "--json"],
        &["plugins", "grant", "none", "--json"],
        &["plugins", "revoke", "none", "--json"],
        &["plugins", "uninstall", "none", "--json"],
    ] {
        let said = home.run(words);
        let document = said.json();
        assert_eq!((said.code, &document["ok"]), (1, &false.into()), "{words:?}");
        assert_eq!(document["error"]["type"], "cli_error");
        assert!(
            document["error"]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{words:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    use std::process::Stdio;
    let mut running = Home::new()
        .command(&["config", "schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(running.stdout.take());
    let ended = running.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn colours_are_for_terminals_only() {
    for words in [&[][..], &["--help"], &["nonsense"], &["config", "validat"]] {
        let said = Home::new().run(words);
        assert!(
            !said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'),
            "{words:?}"
        );
    }
}

#[test]
fn each_shell_gets_a_completion_script_that_knows_the_commands() {
    for shell in ["bash", "fish", "powershell", "zsh"] {
        let said = Home::new().run(&["completion", "--shell", shell]);
        assert!(
            said.code == 0 && said.out.contains("validate") && said.out.contains("audit"),
            "{shell}"
        );
    }
    let script = Home::new();
    script.write(
        "completion.bash",
        &script.run(&["completion", "--shell", "bash"]).out,
    );
    let syntax = std::process::Command::new("bash")
        .arg("-n")
        .arg(script.path("completion.bash"))
        .status()
        .unwrap();
    assert!(syntax.success());
}
