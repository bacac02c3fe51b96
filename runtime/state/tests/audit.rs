//! The audit log only grows, keeps no secret, and shows every change made behind its back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ROOMY, open, store};
use openclaw_state::{AuditEntry, DATABASE_FILE, Error, Options, Outcome, State};
use rusqlite::Connection;
use serde_json::{Value, json};

async fn with_entries(folder: &std::path::Path, count: usize) -> State {
    let state = open(folder);
    for n in 0..count {
        state.record(
            AuditEntry::new("owner", "plugin.grant", format!("plugin-{n}")).detail("hosts", json!(["a", n])),
        );
    }
    while state.read(|view| view.audit_head()).await.unwrap().seq < count as i64 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    state
}

#[tokio::test]
async fn entries_follow_each_other_and_the_chain_holds() {
    let folder = tempfile::tempdir().unwrap();
    let state = with_entries(folder.path(), 2500).await;
    let head = state.read(|view| view.audit_verify()).await.unwrap();
    assert_eq!(head.seq, 2500);
    let rows = state.read(|view| view.audit_rows(2498, 10)).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.subject.as_str()).collect::<Vec<_>>(),
        ["plugin-2498", "plugin-2499"]
    );
    assert_eq!(rows[0].detail, r#"{"hosts":["a",2498]}"#);
}

#[tokio::test]
async fn an_entry_inside_a_change_falls_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let change = |ok: bool| {
        state.write(move |tx| {
            tx.kv_put(&store(), "k", b"v", &ROOMY)?;
            tx.audit(&AuditEntry::new("owner", "thing.set", "k").outcome(Outcome::Denied))?;
            if ok { Ok(()) } else { Err(Error::Closed) }
        })
    };
    change(false).await.unwrap_err();
    assert_eq!(state.read(|view| view.audit_verify()).await.unwrap().seq, 0);
    change(true).await.unwrap();
    let rows = state.read(|view| view.audit_rows(0, 10)).await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].seq, rows[0].outcome.as_str()),
        (1, 1, "denied")
    );
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let entry = AuditEntry::new("hunter2", "http.get", "https://x/?k=hunter2")
        .detail("note", "before hunter2 after")
        .detail(
            "nested",
            json!({"list": ["hunter2", {"hunter2": 1, "bot_Token": "another", "apiKey": {"a": "third"}}]}),
        )
        .detail("long", format!("{}hunter2", "x".repeat(2045)));
    state.write(move |tx| tx.audit(&entry)).await.unwrap();
    state.close().await;
    for file in folder.path().read_dir().unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in ["hunter2", "hunte", "another", "third"] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes()),
                "{secret}"
            );
        }
    }
}

#[tokio::test]
async fn text_without_bounds_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let many: Value = (0..1000)
        .map(|n| (format!("k{n}"), Value::from("é".repeat(1000))))
        .collect();
    let entry = AuditEntry::new("é".repeat(5000), "a.b", "c").detail("many", many);
    state.write(move |tx| tx.audit(&entry)).await.unwrap();
    let row = state.read(|view| view.audit_rows(0, 1)).await.unwrap().remove(0);
    assert!(
        row.actor.len() < 2100 && row.actor.ends_with("… (10000 bytes)"),
        "{}",
        row.actor
    );
    let detail: Value = serde_json::from_str(&row.detail).unwrap();
    assert_eq!(detail["omitted"], "too long");
}

/// Changes the database behind the gateway's back and says what the check then finds.
async fn after_tampering(sql: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    with_entries(folder.path(), 10).await.close().await;
    let raw = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    raw.execute_batch("DROP TRIGGER audit_rows_never_change; DROP TRIGGER audit_rows_never_go;")
        .unwrap();
    raw.execute_batch(sql).unwrap();
    drop(raw);
    let state = open(folder.path());
    let found = state.read(|view| view.audit_verify()).await.unwrap_err();
    let whole = state.check().await.unwrap();
    assert_eq!(
        (whole.problems, whole.audit_head),
        (vec![found.to_string()], None)
    );
    found.to_string()
}

#[tokio::test]
async fn an_entry_that_was_changed_taken_out_cut_off_or_swapped_is_found() {
    let changed = "entry 4: its text was changed";
    for (sql, found) in [
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 4", changed),
        ("UPDATE audit SET actor = 'other' WHERE seq = 4", changed),
        ("UPDATE audit SET action = 'other' WHERE seq = 4", changed),
        ("UPDATE audit SET subject = 'other' WHERE seq = 4", changed),
        ("UPDATE audit SET outcome = 'denied' WHERE seq = 4", changed),
        ("UPDATE audit SET detail = '{}' WHERE seq = 4", changed),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", changed),
        (
            "UPDATE audit SET actor = 'ownerp', action = 'lugin.grant' WHERE seq = 4",
            changed,
        ),
        (
            "UPDATE audit SET prev_hash = zeroblob(32) WHERE seq = 4",
            "entry 4: it does not follow",
        ),
        ("DELETE FROM audit WHERE seq = 4", "entry 4: the entry is gone"),
        (
            "DELETE FROM audit WHERE seq = 10",
            "entry 10: the log is cut off before it",
        ),
        ("DELETE FROM audit", "entry 1: the log is cut off before it"),
        (
            "UPDATE audit_head SET hash = zeroblob(32)",
            "entry 10: it is the newest, and the head kept beside the log does not match",
        ),
        (
            "UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)",
            "entry 10: it is the newest, and the head kept beside the log does not match",
        ),
        (
            "DELETE FROM audit_head",
            "entry 10: it is the newest, and the head kept beside the log does not match",
        ),
        (
            "DROP TRIGGER audit_rows_never_give_way;
             INSERT INTO audit SELECT -3, at_ms, actor, action, subject, outcome, detail, prev_hash, hash
             FROM audit WHERE seq = 1",
            "entry -3: the first entry has number 1",
        ),
    ] {
        let text = after_tampering(sql).await;
        assert!(text.contains(found), "{sql}: {text}");
    }
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    with_entries(folder.path(), 3).await.close().await;
    let raw = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    for sql in [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit WHERE seq = 1",
        "REPLACE INTO audit SELECT seq, at_ms, 'x', action, subject, outcome, detail, prev_hash, hash FROM audit",
        "INSERT OR IGNORE INTO audit SELECT * FROM audit WHERE seq = 1",
        "INSERT INTO audit SELECT -1, at_ms, actor, action, subject, outcome, detail, prev_hash, hash FROM audit",
    ] {
        assert!(
            raw.execute_batch(sql)
                .unwrap_err()
                .to_string()
                .contains("audit rows never"),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_value_under_the_name_of_a_credential_is_masked_however_that_is_spelled() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let masked = [
        "tokens",
        "passwords",
        "secrets",
        "credentials",
        "passphrase",
        "privateKey",
        "private_key",
        "cookie",
        "Set-Cookie",
        "signingKey",
        "tokenValue",
        "pin",
        "user_pin",
        "PINs",
        "bearer",
        "auth",
        "x-auth",
        "access_key",
        "apiKeys",
        "x-api-key",
        "clientSecret2",
        "API_KEY",
        "jwt",
        "pass",
        "OTP",
    ];
    let kept = [
        "author",
        "mapping",
        "pinned",
        "key",
        "sessionKey",
        "host",
        "compass",
    ];
    let mut entry = AuditEntry::new("o", "a.b", "c").detail("nested", json!([{"authToken": 123_456_789}]));
    for name in masked {
        entry = entry.detail(name, "v4lue");
    }
    for name in kept {
        entry = entry.detail(name, "open");
    }
    state.write(move |tx| tx.audit(&entry)).await.unwrap();
    let row = state.read(|view| view.audit_rows(0, 1)).await.unwrap().remove(0);
    assert!(
        !row.detail.contains("v4lue") && !row.detail.contains("123456789"),
        "{}",
        row.detail
    );
    let detail: Value = serde_json::from_str(&row.detail).unwrap();
    for name in kept {
        assert_eq!(detail[name], "open", "{name}");
    }
}

/// The log's head as it was at entry 5, so that the next entry meets a number that is taken.
async fn with_a_head_that_is_behind(folder: &std::path::Path) -> State {
    with_entries(folder, 10).await.close().await;
    Connection::open(folder.join(DATABASE_FILE))
        .unwrap()
        .execute_batch("UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)")
        .unwrap();
    open(folder)
}

#[tokio::test]
async fn an_entry_that_cannot_be_written_stops_no_write_and_stays_counted() {
    let folder = tempfile::tempdir().unwrap();
    let state = with_a_head_that_is_behind(folder.path()).await;
    for n in 0..20 {
        state.record(AuditEntry::new("owner", "thing.done", "x"));
        state
            .write(move |tx| tx.kv_put(&store(), &format!("k{n}"), b"v", &ROOMY))
            .await
            .unwrap();
    }
    let raw = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    raw.execute_batch("UPDATE audit_head SET seq = 10, hash = (SELECT hash FROM audit WHERE seq = 10)")
        .unwrap();
    drop(raw);
    state.write(|_| Ok::<_, Error>(())).await.unwrap();
    let rows = state.read(|view| view.audit_rows(10, 10)).await.unwrap();
    assert_eq!(rows[0].detail, r#"{"entries":20}"#);
}

#[tokio::test]
async fn a_redactor_that_panics_stops_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let panics = |_: &str| -> String { panic!("on purpose") };
    let state = State::open(Options::new(folder.path(), panics)).unwrap();
    for n in 0..5 {
        state.record(AuditEntry::new("owner", "thing.done", "x"));
        state
            .write(move |tx| tx.kv_put(&store(), &format!("k{n}"), b"v", &ROOMY))
            .await
            .unwrap();
    }
    state.close().await;
}
