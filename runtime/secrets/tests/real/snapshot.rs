//! The snapshot: what must resolve, who suffers when it does not, and what readers see.

use openclaw_secrets::collect::collect;
use openclaw_secrets::owner::Owner;
use openclaw_secrets::snapshot::{OwnerState, Strictness};
use openclaw_secrets::{Redactor, SecretError, Snapshot, SnapshotCell};
use serde_json::{Value, json};

use crate::Bench;

const PATTERNS: [&str; 4] = [
    "gateway.auth.token",
    "models.providers.*.apiKey",
    "channels.*.botToken",
    "channels.*.webhookSecret",
];

async fn take(bench: &Bench, source: &Value, strictness: Strictness) -> Result<Snapshot, SecretError> {
    let places = collect(source, &PATTERNS).unwrap();
    Snapshot::resolve(&bench.resolver(), source, places, strictness, 7).await
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.env.insert("GOOD".into(), "the-value".into());
    bench
}

#[tokio::test]
async fn references_and_plain_text_are_read_by_path() {
    let source = json!({
        "gateway": {"auth": {"token": "plain-token"}},
        "models": {"providers": {"a": {"apiKey": "${GOOD}"}}},
    });
    let snapshot = take(&bench(), &source, Strictness::All).await.unwrap();
    let read = |path: &str| {
        snapshot
            .secret(path)
            .unwrap()
            .map(|value| value.expose().to_owned())
    };
    assert_eq!(read("gateway.auth.token"), Some("plain-token".into()));
    assert_eq!(read("models.providers.a.apiKey"), Some("the-value".into()));
    assert_eq!(read("models.providers.b.apiKey"), None);
    assert_eq!(snapshot.generation(), 7);
}

#[tokio::test]
async fn a_missing_secret_leaves_its_owner_cold_and_the_others_healthy() {
    let source = json!({
        "models": {"providers": {"a": {"apiKey": "${GOOD}"}}},
        "channels": {"telegram": {"botToken": "${GOOD}", "webhookSecret": "${GONE}"}},
    });
    let snapshot = take(&bench(), &source, Strictness::Isolated).await.unwrap();
    let telegram = Owner::ChannelAccount {
        channel: "telegram".into(),
        account: "default".into(),
    };
    assert_eq!(snapshot.owner_state(&telegram), Some(OwnerState::Cold));
    assert_eq!(
        snapshot.owner_state(&Owner::ModelProvider("a".into())),
        Some(OwnerState::Healthy)
    );
    // The account has a bot token, but without its other secret it gets neither.
    for path in ["channels.telegram.botToken", "channels.telegram.webhookSecret"] {
        let error = snapshot.secret(path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("SECRET_SURFACE_UNAVAILABLE: {path} ")),
            "{error}"
        );
    }
    let reasons: Vec<String> = snapshot
        .missing()
        .map(|(_, _, reason)| reason.to_string())
        .collect();
    assert_eq!(reasons, ["Environment variable \"GONE\" is missing or empty."]);
    let codes: Vec<&str> = snapshot.warnings().iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["SECRETS_DEGRADED"]);
    assert!(!snapshot.warnings()[0].message.contains("GONE"));
}

#[tokio::test]
async fn gateway_auth_has_to_resolve() {
    let source = json!({"gateway": {"auth": {"token": "${GONE}"}}});
    let mut bench = bench();
    bench
        .env
        .insert("OPENCLAW_GATEWAY_TOKEN".into(), "not-a-fallback".into());
    let error = take(&bench, &source, Strictness::Isolated)
        .await
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        "Startup failed: required secrets are unavailable. gateway.auth.token: Environment variable \"GONE\" is missing or empty."
    );
}

#[tokio::test]
async fn the_strict_mode_needs_every_secret_in_use() {
    let source = json!({"models": {"providers": {"a": {"apiKey": "${GONE}"}}}});
    assert!(take(&bench(), &source, Strictness::All).await.is_err());
    assert!(take(&bench(), &source, Strictness::Isolated).await.is_ok());
}

#[tokio::test]
async fn a_secret_that_is_not_in_use_is_not_asked_for() {
    let mut bench = bench();
    bench.shell("vault", "touch started", json!({}));
    let source = json!({"channels": {"telegram": {
        "enabled": false,
        "botToken": {"source": "exec", "provider": "vault", "id": "a"},
    }}});
    let snapshot = take(&bench, &source, Strictness::All).await.unwrap();
    assert!(!bench.path("started").exists());
    assert!(snapshot.secret("channels.telegram.botToken").unwrap().is_none());
    assert_eq!(
        snapshot.warnings()[0].code,
        "SECRETS_REF_IGNORED_INACTIVE_SURFACE"
    );
}

#[tokio::test]
async fn a_malformed_reference_is_an_error_of_the_whole() {
    let source = json!({"models": {"providers": {"a": {"apiKey": {"source": "env", "id": "X"}}}}});
    let error = take(&bench(), &source, Strictness::Isolated).await.err().unwrap();
    assert!(matches!(error, SecretError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn readers_keep_what_they_hold_while_the_cell_moves_on() {
    let at = |value: &'static str| async move {
        let source = json!({"models": {"providers": {"a": {"apiKey": value}}}});
        take(&bench(), &source, Strictness::All).await.unwrap()
    };
    let cell = SnapshotCell::new(at("first").await);
    let held = cell.current();
    cell.publish(at("second").await);
    let read = |snapshot: &Snapshot| {
        snapshot
            .secret("models.providers.a.apiKey")
            .unwrap()
            .unwrap()
            .expose()
            .to_owned()
    };
    assert_eq!(
        (read(&held), cell.read(read)),
        ("first".to_owned(), "second".to_owned())
    );
}

#[tokio::test]
async fn readers_on_other_threads_see_one_whole_snapshot_or_the_next() {
    let at = async |generation: u64| {
        let value = format!("value-{generation}");
        let source = json!({"models": {"providers": {"a": {"apiKey": value}}}});
        let places = collect(&source, &PATTERNS).unwrap();
        Snapshot::resolve(&bench().resolver(), &source, places, Strictness::All, generation)
            .await
            .unwrap()
    };
    let mut snapshots = Vec::new();
    for generation in 0..50 {
        snapshots.push(at(generation).await);
    }
    let cell = SnapshotCell::new(snapshots[0].clone());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = 0;
                while last < 49 {
                    cell.read(|snapshot| {
                        let value = snapshot.secret("models.providers.a.apiKey").unwrap().unwrap();
                        assert_eq!(value.expose(), format!("value-{}", snapshot.generation()));
                        assert!(snapshot.generation() >= last);
                        last = snapshot.generation();
                    });
                }
            });
        }
        for snapshot in snapshots {
            cell.publish(snapshot);
        }
    });
}

#[tokio::test]
async fn a_redactor_fed_from_the_snapshot_hides_its_values() {
    let source = json!({
        "gateway": {"auth": {"token": "plain-token"}},
        "models": {"providers": {"a": {"apiKey": "${GOOD}"}}},
    });
    let snapshot = take(&bench(), &source, Strictness::All).await.unwrap();
    let redactor = Redactor::default();
    redactor.register(snapshot.values().map(|value| value.expose()));
    let shown = redactor.redact("sent the-value with plain-token").into_owned();
    assert!(!shown.contains("the-value") && !shown.contains("plain-token"));
}
