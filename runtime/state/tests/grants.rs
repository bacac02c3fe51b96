//! Grants are kept for exactly what they were given for, with the entry that tells of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::open;
use openclaw_state::{AuditEntry, Error};

const TEXT: &str = r#"{"capabilities":{}}"#;

#[tokio::test]
async fn a_grant_is_for_one_component_and_one_account_only() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let put = |account: Option<&'static str>, text: &'static str| {
        state.write(move |tx| tx.put_grant("notes", "aa", account, text))
    };
    put(None, TEXT).await.unwrap();
    put(Some("work"), r#"{"of":"work"}"#).await.unwrap();
    let get = |extension: &'static str, digest: &'static str, account: Option<&'static str>| {
        state.read(move |view| view.grant(extension, digest, account))
    };
    assert_eq!(get("notes", "aa", None).await.unwrap().as_deref(), Some(TEXT));
    assert_eq!(
        get("notes", "aa", Some("work")).await.unwrap().as_deref(),
        Some(r#"{"of":"work"}"#)
    );
    for (extension, digest, account) in [
        ("notes", "ab", None),
        ("other", "aa", None),
        ("notes", "aa", Some("home")),
    ] {
        assert_eq!(get(extension, digest, account).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_grant_outlives_a_restart_and_a_second_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    for text in [TEXT, r#"{"newer":true}"#] {
        state
            .write(move |tx| tx.put_grant("notes", "aa", None, text))
            .await
            .unwrap();
    }
    state.close().await;
    let state = open(folder.path());
    let found = state.read(|view| view.grants_of("notes")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].json.as_str(), &found[0].account),
        (r#"{"newer":true}"#, &None)
    );
    assert!(found[0].updated_ms > 0);
}

#[tokio::test]
async fn what_is_revoked_is_gone_and_counted_and_the_rest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    state
        .write(|tx| {
            tx.put_grant("notes", "aa", None, TEXT)?;
            tx.put_grant("notes", "bb", Some("work"), TEXT)?;
            tx.put_grant("calc", "cc", None, TEXT)
        })
        .await
        .unwrap();
    assert_eq!(state.read(|view| view.grants()).await.unwrap().len(), 3);
    let revoke = || state.write(|tx| tx.delete_grants("notes"));
    assert_eq!((revoke().await.unwrap(), revoke().await.unwrap()), (2, 0));
    let left = state.read(|view| view.grants()).await.unwrap();
    assert_eq!((left.len(), left[0].extension.as_str()), (1, "calc"));
}

#[tokio::test]
async fn a_grant_and_its_audit_entry_stand_or_fall_together() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let grant = |ok: bool| {
        state.write(move |tx| {
            tx.put_grant("notes", "aa", None, TEXT)?;
            tx.audit(&AuditEntry::new("cli", "plugins.grant", "notes"))?;
            if ok { Ok(()) } else { Err(Error::Closed) }
        })
    };
    grant(false).await.unwrap_err();
    assert_eq!(state.read(|view| view.grants()).await.unwrap(), []);
    assert_eq!(state.read(|view| view.audit_head()).await.unwrap().seq, 0);
    grant(true).await.unwrap();
    let rows = state.read(|view| view.audit_rows(0, 10)).await.unwrap();
    assert_eq!((rows.len(), rows[0].action.as_str()), (1, "plugins.grant"));
}

#[tokio::test]
async fn a_grant_that_is_no_json_or_has_no_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    for (extension, digest, account, text) in [
        ("", "aa", None, TEXT),
        ("notes", "a\nb", None, TEXT),
        ("notes", "aa", Some(""), TEXT),
        ("notes", "aa", None, "yes"),
    ] {
        let put = state.write(move |tx| tx.put_grant(extension, digest, account, text));
        assert!(put.await.is_err(), "{extension} {digest} {text}");
    }
}
