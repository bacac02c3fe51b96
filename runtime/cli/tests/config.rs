//! `openclaw config`: reading and checking, never writing.
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
  // the gateway
  gateway: { mode: "local", port: 18790, auth: { mode: "token", token: "hunter2hunter2" } },
  agents: { list: [{ id: "main", default: true }] },
  channels: { telegram: { botToken: "${TELEGRAM_BOT_TOKEN}", groups: { "-100.5": { requireMention: false } } } },
  models: { providers: { mine: { apiKey: { source: "exec", provider: "vault", id: "mine/key" } } } },
  secrets: { providers: { vault: { source: "exec", command: "/usr/local/bin/vault-resolver" } } },
}"#;

#[test]
fn a_value_is_printed_bare_an_object_as_json() {
    let home = Home::with_config(CONFIG);
    assert_eq!(home.run(&["config", "get", "gateway.port"]).out, "18790\n");
    assert_eq!(home.run(&["config", "get", "gateway.mode"]).out, "local\n");
    assert_eq!(
        home.run(&["config", "get", "gateway.mode", "--json"]).out,
        "\"local\"\n"
    );
    assert_eq!(
        home.run(&[
            "config",
            "get",
            "channels.telegram.groups[\"-100.5\"].requireMention"
        ])
        .out,
        "false\n"
    );
    let gateway = home.run(&["config", "get", "gateway"]).json();
    assert_eq!(
        gateway["auth"],
        json!({ "mode": "token", "token": "__OPENCLAW_REDACTED__" })
    );
}

#[test]
fn secrets_are_masked_and_references_shown() {
    let home = Home::with_config(CONFIG).env("TELEGRAM_BOT_TOKEN", "123:abcdefgh");
    let mut all = String::new();
    for key in [
        "gateway.auth.token",
        "channels",
        "models",
        "channels.telegram.botToken",
        "gateway",
    ] {
        let said = home.run(&["config", "get", key]);
        assert_eq!(said.code, 0, "{key}: {}", said.err);
        all += &said.out;
    }
    assert!(!all.contains("hunter2") && !all.contains("abcdefgh"), "{all}");
    let reference = home
        .run(&["config", "get", "models.providers.mine.apiKey"])
        .json();
    assert_eq!(
        reference,
        json!({ "source": "exec", "provider": "vault", "id": "mine/key" })
    );
}

#[test]
fn an_older_path_finds_its_value_as_it_was_typed() {
    let home = Home::with_config(CONFIG);
    assert_eq!(home.run(&["config", "get", "agents.list[0].id"]).out, "main\n");
    assert_eq!(
        home.run(&["config", "get", "agents.entries.main.default"]).out,
        "true\n"
    );
}

#[test]
fn what_is_not_set_is_told_apart_from_what_does_not_exist() {
    let home = Home::with_config(CONFIG);
    let unset = home.run(&["config", "get", "gateway.reload.mode"]);
    assert_eq!((unset.code, unset.out.as_str()), (1, ""));
    assert_eq!(
        unset.err,
        "Config path not found: gateway.reload.mode (not set; the default is \"hybrid\")\n"
    );
    let unknown = home.run(&["config", "get", "no.such.key"]);
    assert_eq!(unknown.code, 1);
    assert_eq!(
        unknown.err,
        "Unknown config path: no.such.key. Run openclaw config schema to inspect valid paths.\n"
    );
    let broken = home.run(&["config", "get", "gateway[\"x"]);
    assert!(
        broken.code == 1 && broken.err.contains("at character"),
        "{}",
        broken.err
    );
}

#[test]
fn the_file_is_where_profile_and_environment_say() {
    let home = Home::new();
    for (words, path) in [
        (&["config", "file"][..], "~/.openclaw/openclaw.json"),
        (&["--dev", "config", "file"], "~/.openclaw-dev/openclaw.json"),
        (
            &["config", "file", "--profile", "work"],
            "~/.openclaw-work/openclaw.json",
        ),
        (
            &["--profile=work", "config", "file"],
            "~/.openclaw-work/openclaw.json",
        ),
    ] {
        assert_eq!(home.run(words).out, format!("{path}\n"), "{words:?}");
    }
    assert_eq!(
        home.run(&["config", "file", "--json"]).json(),
        json!({ "path": "~/.openclaw/openclaw.json" })
    );
    let elsewhere = Home::new().env("OPENCLAW_CONFIG_PATH", "~/mine.json5");
    assert_eq!(elsewhere.run(&["config", "file"]).out, "~/mine.json5\n");
    let wrong = home.run(&["--profile", "a/b", "config", "file"]);
    assert_eq!(
        wrong.err,
        "Invalid --profile (use letters, numbers, \"_\", \"-\" only)\n"
    );
}

#[test]
fn a_valid_config_says_so_with_what_has_no_effect() {
    let home = Home::with_config(
        r#"{ agent: { model: "a/b" }, gateway: { mode: "local" }, nodeHost: { browserProxy: { enabled: true } } }"#,
    );
    let said = home.run(&["config", "validate"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_snapshot!(said.out);
    let report = home.run(&["config", "validate", "--json"]).json();
    assert_eq!(
        (&report["valid"], &report["path"], &report["warnings"]),
        (&json!(true), &json!("~/.openclaw/openclaw.json"), &json!([]))
    );
    assert_eq!(
        report["unused"],
        json!([{ "path": "nodeHost", "reason": "not used by this build" }])
    );
}

#[test]
fn settings_of_the_sandbox_that_nothing_acts_on_are_told_with_why() {
    let home = Home::with_config(
        r#"{ agents: { entries: { work: { sandbox: { docker: { network: "none" } } } } }, tools: { exec: { mode: "auto" } } }"#,
    );
    let said = home.run(&["config", "validate"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let docker = "- agents.entries.work.sandbox.docker: the sandbox backend docker is not in this build\n";
    assert!(said.out.contains(docker), "{}", said.out);
    assert!(
        said.out.contains("- tools.exec.mode: works as \"ask\""),
        "{}",
        said.out
    );
    let report = home.run(&["config", "validate", "--json"]).json();
    assert_eq!(report["unused"].as_array().unwrap().len(), 2, "{report}");
    // They stay what the config says all the same.
    let mode = home.run(&["config", "get", "tools.exec.mode"]);
    assert_eq!(mode.out, "auto\n");
}

#[test]
fn an_invalid_config_names_every_mistake_with_its_line_and_the_nearest_key() {
    let home = Home::with_config(
        "{\n  gateway: { prot: 1, auth: { mode: \"tokn\" } },\n  channels: { telegram: { botTokn: \"geheimgeheim\" } },\n  nonsense: 1,\n}",
    );
    let said = home.run(&["config", "validate"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert_snapshot!(said.err);
    let report = home.run(&["config", "validate", "--json"]).json();
    assert_eq!((&report["valid"], &report["ok"]), (&json!(false), &json!(false)));
    assert_eq!(report["issues"].as_array().unwrap().len(), 4);
    let first = report["issues"]
        .as_array()
        .unwrap()
        .iter()
        .find(|issue| issue["path"] == "gateway.prot")
        .unwrap();
    assert_eq!(
        (&first["line"], &first["file"]),
        (&json!(2), &json!("~/.openclaw/openclaw.json"))
    );
}

#[test]
fn a_missing_config_is_said_to_be_missing() {
    let said = Home::new().run(&["config", "validate"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (1, "Config file not found: ~/.openclaw/openclaw.json\n")
    );
}

#[test]
fn the_schema_is_json_and_needs_no_valid_config() {
    let schema = Home::with_config("{ broken").run(&["config", "schema"]).json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["gateway"].is_object());
}

#[test]
fn nothing_here_writes() {
    let home = Home::with_config(CONFIG);
    let before = std::fs::read(home.path(".openclaw/openclaw.json")).unwrap();
    for words in [
        &["config", "get", "gateway"][..],
        &["config", "validate"],
        &["secrets", "audit"],
    ] {
        home.run(words);
    }
    assert_eq!(
        std::fs::read(home.path(".openclaw/openclaw.json")).unwrap(),
        before
    );
    assert_eq!(std::fs::read_dir(home.path(".openclaw")).unwrap().count(), 1);
}

#[test]
fn no_path_and_no_error_shows_a_secret_or_what_came_from_the_environment() {
    let home = Home::with_config(
        r#"{
          agents: { list: [{ id: "main", sandbox: { ssh: { identityData: "hunter2hunter2" } } }] },
          memorySearch: { remote: { headers: { "X-Foo": "hunter2hunter2" } } },
          secrets: { providers: { v: { source: "exec", command: "/bin/v", args: ["--key=${MY_SECRET}"], env: { A: "hunter2hunter2" } } } },
        }"#,
    )
    .env("MY_SECRET", "geheimgeheim");
    for path in [
        "agents",
        "agents.list",
        "agents.list[0]",
        "agents.list[0].sandbox.ssh.identityData",
        "agents.entries.main",
        "memorySearch",
        "memory",
        "secrets",
        "secrets.providers.v.env.A",
        "secrets.providers.v.args[0]",
    ] {
        for words in [&["config", "get", path][..], &["config", "get", path, "--json"]] {
            let said = home.run(words);
            let all = said.out + &said.err;
            assert!(
                !all.contains("hunter2") && !all.contains("geheim"),
                "{path}: {all}"
            );
        }
    }
    assert_eq!(
        home.run(&["config", "get", "secrets.providers.v.args[0]"]).out,
        "--key=${MY_SECRET}\n"
    );
}

#[test]
fn a_secret_in_a_wrong_place_is_not_repeated() {
    for config in [
        r#"{ gateway: { auth: "hunter2SECRET" } }"#,
        r#"{ gateway: { auth: { mode: "hunter2SECRET" } } }"#,
        r#"{ models: { providers: { openai: "hunter2SECRET" } } }"#,
        r#"{ channels: { telegram: "hunter2SECRET" } }"#,
        r#"{ gateway: { auth: { token: { source: "hunter2SECRET", provider: "a", id: "B" } } } }"#,
        r#"{ gateway: { auth: { token: { source: "env", provider: "a", id: "hunter2SECRET" } } } }"#,
        r#"{ gateway: { auth: { token: { source: "env", provider: "a", id: "B", hunter2SECRET: 1 } } } }"#,
        r#"{ gateway: { auth: { token: "secretref-env:hunter2SECRET" } } }"#,
    ] {
        let said = Home::with_config(config).run(&["config", "validate"]);
        assert_eq!(said.code, 1, "{config}");
        assert!(!said.err.contains("hunter2"), "{config}: {}", said.err);
    }
}

#[test]
fn what_cannot_be_written_is_not_a_success() {
    let home = Home::with_config(CONFIG);
    for words in [
        &["config", "validate"][..],
        &["config", "validate", "--json"],
        &["config", "get", "gateway.port"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = home.command(words).stdout(full).status().unwrap();
        assert_eq!(ended.code(), Some(1), "{words:?}");
    }
}

#[test]
fn real_files_with_service_accounts_and_retired_keys_are_valid() {
    for config in [
        r#"{ channels: { googlechat: { serviceAccount: { type: "service_account", client_email: "a@b" } } } }"#,
        r#"{ session: { agentToAgent: { maxPingPongTurns: 3 } } }"#,
        r#"{ channels: { telegram: { streamMode: "partial" } } }"#,
    ] {
        let said = Home::with_config(config).run(&["config", "validate"]);
        assert_eq!(said.code, 0, "{config}: {}", said.err);
    }
    let mistake =
        Home::with_config("{ session: { agentToAgent: { maxPongs: 3 } } }").run(&["config", "validate"]);
    assert!(
        mistake.code == 1 && mistake.err.contains("session.agentToAgent.maxPongs: unknown key"),
        "{}",
        mistake.err
    );
}
