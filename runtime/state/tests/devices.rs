//! What is kept of devices, and what is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use openclaw_state::devices::{DeviceRequest, WAITING};
use openclaw_state::{Error, State};

fn request(device: &str, at: i64) -> DeviceRequest {
    DeviceRequest {
        request_id: format!("request-of-{device}-{at}"),
        device_id: device.to_owned(),
        public_key: "key".to_owned(),
        about: "{}".to_owned(),
        role: "operator".to_owned(),
        scopes: vec!["operator.read".to_owned()],
        is_repair: false,
        created_ms: at,
        expires_ms: i64::MAX,
    }
}

async fn approve(state: &State, device: &'static str, scopes: &'static [&'static str]) {
    let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
    state
        .write(move |tx| tx.approve_device(device, "key", "{}", "operator", &scopes))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_token_opens_its_own_device_only_and_is_not_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    approve(&state, "one", &["operator.read"]).await;
    approve(&state, "two", &["operator.read"]).await;
    let token = "the-token-of-device-one";
    state
        .write(move |tx| tx.put_device_token("one", "operator", token, &["operator.read".to_owned()], None))
        .await
        .unwrap();
    let opens = |device: &'static str, role: &'static str, token: &'static str| {
        state.read(move |view| view.device_token_scopes(device, role, token, None))
    };
    assert_eq!(
        opens("one", "operator", token).await.unwrap().unwrap(),
        ["operator.read"]
    );
    for (device, role, token) in [
        ("two", "operator", token),
        ("one", "node", token),
        ("one", "operator", "other"),
    ] {
        assert_eq!(opens(device, role, token).await.unwrap(), None, "{device} {role}");
    }
    state.close().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(token.len()).any(|part| part == token.as_bytes()),
                "{path:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_was_taken_back_or_replaced_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    approve(&state, "one", &["operator.read"]).await;
    let put =
        |token: &'static str| state.write(move |tx| tx.put_device_token("one", "operator", token, &[], None));
    let opens = |token: &'static str| {
        state.read(move |view| view.device_token_scopes("one", "operator", token, None))
    };
    put("first").await.unwrap();
    put("second").await.unwrap();
    assert!(opens("first").await.unwrap().is_none() && opens("second").await.unwrap().is_some());
    assert!(
        state
            .write(|tx| tx.revoke_device_token("one", "operator"))
            .await
            .unwrap()
    );
    assert!(
        !state
            .write(|tx| tx.revoke_device_token("one", "operator"))
            .await
            .unwrap()
    );
    assert!(opens("second").await.unwrap().is_none());
    put("third").await.unwrap();
    assert!(state.write(|tx| tx.remove_device("one")).await.unwrap());
    assert!(opens("third").await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_that_was_given_under_a_secret_opens_nothing_under_another() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    approve(&state, "one", &["operator.read"]).await;
    state
        .write(|tx| tx.put_device_token("one", "operator", "token", &[], Some(b"old")))
        .await
        .unwrap();
    let opens = |mark: Option<&'static [u8]>| {
        state.read(move |view| view.device_token_scopes("one", "operator", "token", mark))
    };
    assert!(opens(Some(b"old")).await.unwrap().is_some());
    assert!(opens(Some(b"new")).await.unwrap().is_none());
    assert!(opens(None).await.unwrap().is_none());
    let tokens = state.read(|view| view.device_tokens("one")).await.unwrap();
    assert_eq!(tokens[0].secret_mark.as_deref(), Some(&b"old"[..]));
    state
        .write(|tx| tx.put_device_token("one", "operator", "token", &[], None))
        .await
        .unwrap();
    assert!(opens(Some(b"new")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_device_that_asks_again_for_the_same_keeps_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    let (first, again) = (request("one", 1), request("one", 2));
    let (id, new) = state
        .write(move |tx| tx.put_device_request(&first))
        .await
        .unwrap();
    assert!(new);
    assert_eq!(
        state
            .write(move |tx| tx.put_device_request(&again))
            .await
            .unwrap(),
        (id, false)
    );
    assert_eq!(state.read(|view| view.device_requests(0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_device_that_asks_for_something_else_cannot_be_approved_by_what_was_seen_before() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    let changed = [
        DeviceRequest {
            scopes: vec!["operator.admin".to_owned()],
            ..request("one", 2)
        },
        DeviceRequest {
            role: "node".to_owned(),
            ..request("one", 3)
        },
        DeviceRequest {
            about: r#"{"displayName":"your own phone"}"#.to_owned(),
            ..request("one", 4)
        },
    ];
    for other in changed {
        let seen = request("one", 1);
        let (id, _) = state.write(move |tx| tx.put_device_request(&seen)).await.unwrap();
        let asked = other.clone();
        let (other_id, new) = state
            .write(move |tx| tx.put_device_request(&asked))
            .await
            .unwrap();
        assert!(new && other_id != id, "{other:?}");
        let taken = state.write(move |tx| tx.take_device_request(&id)).await.unwrap();
        assert_eq!(taken, None, "{other:?}");
        assert_eq!(state.read(|view| view.device_requests(0)).await.unwrap(), [other]);
    }
}

#[tokio::test]
async fn approval_adds_to_what_a_device_has_and_ends_its_wait() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    let asked = request("one", 1);
    state
        .write(move |tx| tx.put_device_request(&asked))
        .await
        .unwrap();
    approve(&state, "one", &["operator.read"]).await;
    approve(&state, "one", &["operator.write"]).await;
    let device = state.read(|view| view.device("one")).await.unwrap().unwrap();
    assert_eq!(device.scopes, ["operator.read", "operator.write"]);
    assert!(
        state
            .read(|view| view.device_requests(0))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn only_so_many_wait_and_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let state = common::open(folder.path());
    state
        .write(|tx| {
            for at in 0..WAITING + 20 {
                tx.put_device_request(&request(&format!("device-{at}"), at))?;
            }
            let over = DeviceRequest {
                expires_ms: 5,
                ..request("over", 3)
            };
            tx.put_device_request(&over)?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    let waiting = state.read(|view| view.device_requests(10)).await.unwrap();
    assert!(waiting.len() as i64 <= WAITING);
    assert!(waiting.iter().all(|request| request.device_id != "over"));
    assert_eq!(waiting[0].device_id, format!("device-{}", WAITING + 19));
}
