//! The audit over a real state folder.

use std::fs;
use std::os::unix::fs::symlink;

use openclaw_secrets::audit::{Report, Scope, Status, audit};
use serde_json::{Value, json};

use crate::Bench;

const PATTERNS: [&str; 4] = [
    "gateway.auth.token",
    "models.providers.*.apiKey",
    "models.providers.*.headers.*",
    "channels.*.botToken",
];

async fn run(bench: &Bench, source: &Value, allow_exec: bool) -> Report {
    let scope = Scope {
        config_file: &bench.path("openclaw.json"),
        source,
        patterns: &PATTERNS,
        state_dir: bench.dir.path(),
        allow_exec,
    };
    audit(scope, &bench.resolver()).await.unwrap()
}

fn agent_file(bench: &Bench, name: &str, content: &Value) {
    let folder = bench.path("agents/main/agent");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), content.to_string()).unwrap();
}

/// Code, severity and path of each finding.
fn short(report: &Report) -> Vec<String> {
    let line = |finding| {
        let json = serde_json::to_value(finding).unwrap();
        let part = |key: &str| json[key].as_str().unwrap().to_owned();
        format!("{} {} {}", part("code"), part("severity"), part("jsonPath"))
    };
    report.findings.iter().map(line).collect()
}

#[tokio::test]
async fn the_json_has_exactly_the_published_shape() {
    let bench = Bench::new();
    let source = json!({
        "gateway": {"auth": {"token": "plain-gateway-token"}},
        "models": {"providers": {"mock": {"apiKey": "plain-model-key"}}},
    });
    let report = run(&bench, &source, false).await;
    let file = bench.path("openclaw.json");
    assert_eq!(
        serde_json::to_string(&report).unwrap(),
        format!(
            r#"{{"version":1,"status":"findings","resolution":{{"refsChecked":0,"skippedExecRefs":0,"resolvabilityComplete":true}},"filesScanned":["{file}"],"summary":{{"plaintextCount":2,"unresolvedRefCount":0,"shadowedRefCount":0,"storeResidueCount":0,"legacyResidueCount":0}},"findings":[{{"code":"PLAINTEXT_FOUND","severity":"warn","file":"{file}","jsonPath":"gateway.auth.token","message":"gateway.auth.token is stored as plaintext."}},{{"code":"PLAINTEXT_FOUND","severity":"warn","file":"{file}","jsonPath":"models.providers.mock.apiKey","message":"models.providers.mock.apiKey is stored as plaintext.","provider":"mock"}}]}}"#,
            file = file.display()
        )
    );
    assert_eq!((report.exit_code(false), report.exit_code(true)), (0, 1));
}

#[tokio::test]
async fn a_clean_state_is_clean() {
    let mut bench = Bench::new();
    bench.env.insert("GOOD".into(), "the-value".into());
    let source = json!({"models": {"providers": {"a": {"apiKey": "${GOOD}"}}}});
    let report = run(&bench, &source, false).await;
    assert_eq!(
        (report.status, report.resolution.refs_checked),
        (Status::Clean, 1)
    );
    assert_eq!(report.exit_code(true), 0);
}

#[tokio::test]
async fn what_cannot_be_had_is_an_error_with_or_without_check() {
    let mut bench = Bench::new();
    bench.env.insert("BLANKED".into(), "[redacted]".into());
    let source = json!({"models": {"providers": {
        "a": {"apiKey": "${GONE}"},
        "b": {"apiKey": "***"},
        "c": {"apiKey": {"source": "env"}},
        "d": {"apiKey": "${BLANKED}"},
    }}});
    let report = run(&bench, &source, false).await;
    let mut found = short(&report);
    found.sort();
    assert_eq!(
        found,
        [
            "PLACEHOLDER_VALUE error models.providers.b.apiKey",
            "PLACEHOLDER_VALUE error models.providers.d.apiKey",
            "REF_UNRESOLVED error models.providers.a.apiKey",
            "REF_UNRESOLVED error models.providers.c.apiKey",
        ]
    );
    assert_eq!(report.summary.unresolved_ref_count, 4);
    assert_eq!(
        (report.status, report.exit_code(false), report.exit_code(true)),
        (Status::Unresolved, 2, 2)
    );
}

#[tokio::test]
async fn programs_are_started_only_when_asked_for() {
    let mut bench = Bench::new();
    bench.shell("vault", "touch started; exit 3", json!({}));
    let source =
        json!({"channels": {"telegram": {"botToken": {"source": "exec", "provider": "vault", "id": "a"}}}});
    let report = run(&bench, &source, false).await;
    assert_eq!(
        (report.status, report.resolution.skipped_exec_refs),
        (Status::Clean, 1)
    );
    assert!(!report.resolution.resolvability_complete && !bench.path("started").exists());
    let report = run(&bench, &source, true).await;
    assert_eq!(
        (report.status, report.resolution.skipped_exec_refs),
        (Status::Unresolved, 0)
    );
    assert!(report.resolution.resolvability_complete && bench.path("started").exists());
}

#[tokio::test]
async fn headers_are_judged_by_their_names() {
    let source = json!({"models": {"providers": {"a": {"headers": {
        "User-Agent": "plain", "Authorization": "plain", "X-Session-Token": "plain", "X-Key-From": "Bearer ${NAME}",
        "X-Secret-From": "Bearer ${NAME}",
    }}}}});
    assert_eq!(
        short(&run(&Bench::new(), &source, false).await),
        [
            "PLAINTEXT_FOUND warn models.providers.a.headers.Authorization",
            "PLAINTEXT_FOUND warn models.providers.a.headers.X-Session-Token",
        ]
    );
}

#[tokio::test]
async fn the_auth_store_is_scanned_and_can_shadow_the_config() {
    let mut bench = Bench::new();
    bench.env.insert("GOOD".into(), "the-value".into());
    agent_file(
        &bench,
        "auth-profiles.json",
        &json!({"version": 1, "profiles": {
            "openai:default": {"type": "api_key", "provider": "openai", "key": "plain-stored-key"},
            "exa:default": {"type": "token", "provider": "exa", "tokenRef": {"source": "env", "provider": "default", "id": "GONE"}},
            "google:me": {"type": "oauth", "provider": "google", "access": "a", "refresh": "r"},
        }}),
    );
    agent_file(
        &bench,
        "auth.json",
        &json!({"openai": {"type": "api_key", "key": "old-key"}}),
    );
    let source =
        json!({"models": {"providers": {"openai": {"apiKey": "${GOOD}"}, "other": {"apiKey": "${GOOD}"}}}});
    let report = run(&bench, &source, false).await;
    assert_eq!(
        short(&report),
        [
            "LEGACY_RESIDUE info profiles.google:me",
            "PLAINTEXT_FOUND warn profiles.openai:default.key",
            "LEGACY_RESIDUE warn openai",
            "REF_SHADOWED warn models.providers.openai.apiKey",
            "REF_UNRESOLVED error profiles.exa:default.token",
        ]
    );
    let plain = report
        .findings
        .iter()
        .find(|finding| finding.json_path.contains("openai:default"))
        .unwrap();
    assert_eq!(
        (plain.provider.as_deref(), plain.profile_id.as_deref()),
        (Some("openai"), Some("openai:default"))
    );
    assert_eq!(
        (
            report.summary.legacy_residue_count,
            report.summary.shadowed_ref_count
        ),
        (2, 1)
    );
}

#[tokio::test]
async fn dotenv_files_are_scanned_once_each() {
    let bench = Bench::new();
    bench.file(
        ".env",
        "# note\nexport OPENAI_API_KEY=\"plain-key\"\nCOLOR=red\nEMPTY_TOKEN=\nA_PASSWORD=***\n",
        0o600,
    );
    let report = run(&bench, &json!({}), false).await;
    assert_eq!(
        short(&report),
        [
            "PLAINTEXT_FOUND warn $env.OPENAI_API_KEY",
            "PLACEHOLDER_VALUE error $env.A_PASSWORD"
        ]
    );
    assert_eq!(report.files_scanned.len(), 2);
}

#[tokio::test]
async fn generated_model_lists_hold_markers_only() {
    let bench = Bench::new();
    agent_file(
        &bench,
        "models.json",
        &json!({"providers": {
            "marker": {"apiKey": "OPENAI_API_KEY", "headers": {"Authorization": "secretref-env:TOKEN"}},
            "managed": {"apiKey": "secretref-managed"},
            "plain": {"apiKey": "sk-resolved-value", "headers": {"Authorization": "Bearer resolved", "Accept": "x"}},
        }}),
    );
    let report = run(&bench, &json!({}), false).await;
    assert_eq!(
        short(&report),
        [
            "PLAINTEXT_FOUND warn providers.plain.apiKey",
            "PLAINTEXT_FOUND warn providers.plain.headers.Authorization"
        ]
    );
}

#[tokio::test]
async fn a_model_list_that_cannot_be_read_counts_as_unresolved() {
    for spoil in ["symlink", "folder", "large", "text"] {
        let bench = Bench::new();
        agent_file(&bench, "other.json", &json!({}));
        let file = bench.path("agents/main/agent/models.json");
        match spoil {
            "symlink" => symlink(bench.path("agents/main/agent/other.json"), &file).unwrap(),
            "folder" => fs::create_dir(&file).unwrap(),
            "large" => fs::write(&file, " ".repeat(5 * 1024 * 1024 + 1)).unwrap(),
            _ => fs::write(&file, "{").unwrap(),
        }
        let report = run(&bench, &json!({}), false).await;
        assert_eq!(short(&report), ["REF_UNRESOLVED error <root>"], "{spoil}");
    }
}

#[tokio::test]
async fn no_value_is_in_a_report() {
    let bench = Bench::new();
    bench.file(".env", "OPENAI_API_KEY=the-plain-value\n", 0o600);
    agent_file(&bench, "auth.json", &json!({"a": {"key": "the-plain-value"}}));
    agent_file(
        &bench,
        "models.json",
        &json!({"providers": {"a": {"apiKey": "the-plain-value"}}}),
    );
    let source = json!({"gateway": {"auth": {"token": "the-plain-value"}}});
    let report = run(&bench, &source, false).await;
    assert_eq!(report.findings.len(), 4);
    let shown = format!("{}{}", report.render(), serde_json::to_string(&report).unwrap());
    assert!(!shown.contains("the-plain-value"));
    assert!(
        report
            .render()
            .starts_with("Secrets audit: findings. plaintext=3, unresolved=0, shadowed=0, legacy=1.\n")
    );
}
