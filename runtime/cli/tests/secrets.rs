//! `openclaw secrets audit`: what lies open, and what does not resolve.
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

const PLAIN: &str = r#"{
  gateway: { mode: "local", auth: { mode: "token", token: "hunter2hunter2" } },
  models: { providers: { mock: { baseUrl: "http://127.0.0.1:1/v1", apiKey: "sk-geheim", models: [] } } },
}"#;

#[test]
fn plain_text_is_found_in_openclaws_own_shape() {
    let home = Home::with_config(PLAIN);
    let said = home.run(&["secrets", "audit", "--json"]);
    assert_eq!(said.code, 0);
    assert_eq!(
        said.json(),
        json!({
            "version": 1,
            "status": "findings",
            "resolution": { "refsChecked": 0, "skippedExecRefs": 0, "resolvabilityComplete": true },
            "filesScanned": ["~/.openclaw/openclaw.json"],
            "summary": {
                "plaintextCount": 2,
                "unresolvedRefCount": 0,
                "shadowedRefCount": 0,
                "storeResidueCount": 0,
                "legacyResidueCount": 0,
            },
            "findings": [
                {
                    "code": "PLAINTEXT_FOUND",
                    "severity": "warn",
                    "file": "~/.openclaw/openclaw.json",
                    "jsonPath": "gateway.auth.token",
                    "message": "gateway.auth.token is stored as plaintext.",
                },
                {
                    "code": "PLAINTEXT_FOUND",
                    "severity": "warn",
                    "file": "~/.openclaw/openclaw.json",
                    "jsonPath": "models.providers.mock.apiKey",
                    "message": "models.providers.mock.apiKey is stored as plaintext.",
                    "provider": "mock",
                },
            ],
        })
    );
}

#[test]
fn people_read_what_was_found_and_what_to_do() {
    let home = Home::with_config(PLAIN);
    let said = home.run(&["secrets", "audit"]);
    assert_snapshot!(said.out);
    assert!(!said.out.contains("hunter2") && !said.out.contains("geheim"));
}

#[test]
fn the_exit_code_tells_findings_from_what_does_not_resolve() {
    let audit = |config: &str, words: &[&str]| {
        Home::with_config(config)
            .run(&[&["secrets", "audit"], words].concat())
            .code
    };
    assert_eq!(audit(PLAIN, &["--check"]), 1);
    assert_eq!(audit("{ gateway: { mode: 'local' } }", &["--check"]), 0);
    let missing = "{ gateway: { mode: 'local', auth: { mode: 'token', token: '${NOT_SET_ANYWHERE}' } } }";
    assert_eq!(audit(missing, &[]), 2);
    let set = Home::with_config(missing).env("NOT_SET_ANYWHERE", "geheimgeheim");
    assert_eq!(set.run(&["secrets", "audit", "--check"]).code, 0);
}

#[test]
fn programs_run_only_when_that_was_allowed() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.write("resolver", "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\necho '{\"protocolVersion\":1,\"values\":{\"a\":\"geheimgeheim\"}}'\n");
    std::fs::set_permissions(home.path("resolver"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let command = home.path("resolver").display().to_string();
    let config = json!({
        "gateway": { "mode": "local", "auth": { "mode": "token", "token": { "source": "exec", "provider": "mine", "id": "a" } } },
        "secrets": { "providers": { "mine": { "source": "exec", "command": command, "passEnv": ["PATH"] } } },
    });
    home.write(".openclaw/openclaw.json", &config.to_string());
    let home = home.env("PATH", "/usr/bin:/bin");
    let skipped = home.run(&["secrets", "audit", "--json"]).json();
    assert_eq!(
        (
            &skipped["resolution"]["skippedExecRefs"],
            home.path("ran").exists()
        ),
        (&json!(1), false)
    );
    let tried = home.run(&["secrets", "audit", "--json", "--allow-exec"]);
    assert_eq!(
        (&tried.json()["status"], home.path("ran").exists()),
        (&json!("clean"), true),
        "{}",
        tried.out
    );
    assert!(!tried.out.contains("geheim"));
}

#[test]
fn an_invalid_config_is_not_audited() {
    let said = Home::with_config("{ nonsense: 1 }").run(&["secrets", "audit"]);
    assert!(
        said.code == 1
            && said
                .err
                .starts_with("Invalid config at ~/.openclaw/openclaw.json\n- "),
        "{}",
        said.err
    );
}

#[test]
fn the_working_folder_cannot_reach_a_providers_program() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.write(
        "resolver",
        "#!/bin/sh\necho \"$SERVER\" > \"$(dirname \"$0\")/seen\"\necho '{\"protocolVersion\":1,\"values\":{\"a\":\"geheimgeheim\"}}'\n",
    );
    std::fs::set_permissions(home.path("resolver"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let config = json!({
        "gateway": { "mode": "local", "auth": { "mode": "token", "token": { "source": "exec", "provider": "mine", "id": "a" } } },
        "secrets": { "providers": { "mine": {
            "source": "exec", "command": home.path("resolver"), "passEnv": ["PATH", "SERVER"],
        } } },
    });
    home.write(".openclaw/openclaw.json", &config.to_string());
    home.write(".env", "SERVER=evil\n");
    let home = home.env("PATH", "/usr/bin:/bin");
    let said = home.run(&["secrets", "audit", "--allow-exec"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(std::fs::read_to_string(home.path("seen")).unwrap(), "\n");
}
