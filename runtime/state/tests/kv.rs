//! A store never grows past its quota and never reaches into another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{open, store};
use openclaw_state::{Error, KvQuota, KvUsage, Namespace, QuotaKind, State};

const SMALL: KvQuota = KvQuota {
    entries: 3,
    bytes: 40,
    value_bytes: 20,
};

async fn put(state: &State, key: &'static str, bytes: usize) -> Result<(), Error> {
    state
        .write(move |tx| tx.kv_put(&store(), key, &vec![1; bytes], &SMALL))
        .await
}

async fn usage(state: &State) -> KvUsage {
    state.read(|view| view.kv_usage(&store())).await.unwrap()
}

#[tokio::test]
async fn each_limit_is_refused_with_its_number_and_what_it_would_become() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let kind_of = |answer: Result<(), Error>| match answer {
        Err(Error::Quota {
            kind,
            allowed,
            needed,
            ..
        }) => (kind, allowed, needed),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        kind_of(put(&state, "a", 21).await),
        (QuotaKind::ValueBytes, 20, 21)
    );
    put(&state, "a", 19).await.unwrap();
    put(&state, "b", 10).await.unwrap();
    assert_eq!(kind_of(put(&state, "c", 9).await), (QuotaKind::Bytes, 40, 41));
    put(&state, "c", 8).await.unwrap();
    assert_eq!(kind_of(put(&state, "d", 0).await), (QuotaKind::Entries, 3, 4));
    assert_eq!(
        usage(&state).await,
        KvUsage {
            entries: 3,
            bytes: 40
        }
    );
}

#[tokio::test]
async fn what_is_replaced_or_deleted_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a", 20).await.unwrap();
    put(&state, "b", 18).await.unwrap();
    put(&state, "a", 1).await.unwrap();
    put(&state, "c", 17).await.unwrap();
    assert!(state.write(|tx| tx.kv_delete(&store(), "b")).await.unwrap());
    assert!(!state.write(|tx| tx.kv_delete(&store(), "b")).await.unwrap());
    assert_eq!(
        usage(&state).await,
        KvUsage {
            entries: 2,
            bytes: 20
        }
    );
    assert_eq!(state.write(|tx| tx.kv_clear(&store())).await.unwrap(), 2);
    assert_eq!(usage(&state).await, KvUsage::default());
    assert_eq!(state.check().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_a_lower_quota_left_too_large_may_shrink_and_not_grow() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a", 20).await.unwrap();
    let tight = KvQuota {
        entries: 1,
        bytes: 5,
        value_bytes: 20,
    };
    let set = |bytes: usize| state.write(move |tx| tx.kv_put(&store(), "a", &vec![1; bytes], &tight));
    set(15).await.unwrap();
    assert!(set(16).await.is_err());
}

#[tokio::test]
async fn stores_with_names_that_run_together_are_still_apart() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let names = [
        Namespace::of("ab").unwrap(),
        Namespace::of_account("a", "b").unwrap(),
        Namespace::of_account("ab", "c").unwrap(),
        Namespace::of_account("a", "bc").unwrap(),
    ];
    let inside = names.clone();
    state
        .write(move |tx| {
            inside
                .iter()
                .enumerate()
                .try_for_each(|(n, name)| tx.kv_put(name, "k", &[n as u8], &SMALL))
        })
        .await
        .unwrap();
    for (n, name) in names.into_iter().enumerate() {
        let value = state.read(move |view| view.kv_get(&name, "k")).await.unwrap();
        assert_eq!(value, Some(vec![n as u8]));
    }
    assert!(
        Namespace::of("").is_err()
            && Namespace::of("a\nb").is_err()
            && Namespace::of_account("a", "").is_err()
    );
}

#[tokio::test]
async fn a_listing_holds_what_begins_with_the_prefix_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let roomy = KvQuota {
        entries: 100,
        bytes: 10_000,
        value_bytes: 100,
    };
    let keys = [
        "a",
        "a%",
        "a/1",
        "a/2",
        "a/3",
        "a/é",
        "a/\u{10ffff}",
        "a/\u{10ffff}x",
        "a0",
        "b",
    ];
    state
        .write(move |tx| {
            keys.iter()
                .try_for_each(|key| tx.kv_put(&store(), key, b"", &roomy))
        })
        .await
        .unwrap();
    let mut seen = Vec::new();
    while seen.len() < 20 {
        let after: Option<String> = seen.last().cloned();
        let page = state
            .read(move |view| view.kv_list(&store(), "a/", after.as_deref(), 2))
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|entry| entry.key));
    }
    assert_eq!(
        seen,
        ["a/1", "a/2", "a/3", "a/é", "a/\u{10ffff}", "a/\u{10ffff}x"]
    );
}
