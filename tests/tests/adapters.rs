//! Adapters to channels, in a real host: what a handler asked for is handed over when it returned ok and not before,
//! each function may do what it may, and an instance that is kept changes nothing but the time that a call takes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::time::{Duration, Instant};

use openclaw_components::channel::inbound::{AttachmentSource, InboundEvent};
use openclaw_components::channel::{
    AccountStatus, Cursor, ErrorCode, Facts, Happening, Sent, StartReason, TimerChange, accounts,
};
use openclaw_components::{Exported, Inspection};
use openclaw_state::{Namespace, Tx, View};
use openclaw_tests::parrot::{Nest, Parrot, TOKEN, call, event, facts, told};
use serde_json::{Value, json};

async fn nest() -> Nest {
    Nest::build(env!("CARGO_BIN_EXE_openclaw-compile-child")).await
}

async fn parrot() -> (Nest, Parrot) {
    let nest = nest().await;
    let parrot = nest.open("work", 9).await;
    (nest, parrot)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_says_at_install_what_it_is_and_that_is_kept() {
    let nest = nest().await;
    let spec = nest.installed.channel.as_ref().unwrap();
    assert_eq!(
        (spec.id.as_str(), spec.label.as_str(), spec.order),
        ("parrot", "Parrot", Some(7))
    );
    assert!(nest.installed.tools.is_empty());
    let found = nest.host.find(&nest.installed.manifest.id).await.unwrap();
    assert_eq!(found, nest.installed);
    let inspection = Inspection::read(&nest.installed.files).unwrap();
    assert_eq!(inspection.exported(), Some(Exported::Channel));
    assert!(inspection.refusals.is_empty(), "{:?}", inspection.refusals);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_one_account_begins_no_other() {
    let nest = nest().await;
    let (happenings, _) = tokio::sync::mpsc::channel(1);
    let options = openclaw_components::channel::AccountOptions {
        account: "home".to_owned(),
        grant: nest.grant(Some("work")),
        settings: json!({}).into(),
        values: Default::default(),
        happenings,
    };
    let refused = nest.host.open_account(&nest.installed, options).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("home") && refused.contains("work"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_handler_asked_for_is_handed_over_when_it_returned() {
    let (_nest, parrot) = parrot().await;
    let steps = json!([
        {"do": "save", "text": "new"},
        {"do": "move-cursor", "name": "updates", "to": "43"},
        {"do": "set-timer", "name": "poll", "after": 1000},
        {"do": "cancel-timer", "name": "old"},
        {"do": "deliver", "id": "m1", "text": "hello"},
        {"do": "put", "key": "k", "value": "v"},
        {"do": "start", "token": "long", "url": "http://127.0.0.1:9/"},
        {"do": "cancel", "token": "flying"},
        {"do": "open", "name": "feed", "url": "ws://127.0.0.1:9/"},
    ]);
    let mut committed = facts("before");
    committed.timers.insert("old".to_owned(), 5);
    committed.in_flight.insert("flying".to_owned());
    let (said, effects) = parrot.try_handle(steps, committed).await.unwrap();
    assert!(!said.to_string().contains("refused"), "{said}");
    assert_eq!(effects.state.as_deref(), Some(&b"new"[..]));
    let cursor = Cursor {
        name: "updates".to_owned(),
        position: "43".to_owned(),
    };
    assert_eq!(effects.cursors, [cursor]);
    assert!(matches!(
        effects.timers.as_slice(),
        [TimerChange::Cancel { name: old }, TimerChange::Set { name: poll, .. }] if old == "old" && poll == "poll"
    ));
    assert!(
        matches!(effects.delivered.as_slice(), [InboundEvent::Message(message)] if message.ids == ["m1"])
    );
    assert!(!effects.kv.is_empty());
    assert_eq!(effects.requests[0].token, "long");
    assert_eq!(effects.cancelled, ["flying"]);
    assert_eq!(effects.sockets[0].name(), "feed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_reads_what_it_wrote_and_behind_that_what_is_committed() {
    let (_nest, parrot) = parrot().await;
    let mut committed = facts("before");
    committed.cursors.insert("a".to_owned(), "1".to_owned());
    committed.timers.insert("t1".to_owned(), 5);
    committed.in_flight.insert("r1".to_owned());
    let steps = json!([
        {"do": "load"}, {"do": "save", "text": "after"}, {"do": "load"},
        {"do": "move-cursor", "name": "b", "to": "2"}, {"do": "move-cursor", "name": "a", "to": "9"}, {"do": "cursors"},
        {"do": "set-timer", "name": "t2", "after": 1}, {"do": "timers"}, {"do": "cancel-timer", "name": "t1"},
        {"do": "timers"}, {"do": "cancel-timer", "name": "t1"},
        {"do": "start", "token": "r2", "url": "http://127.0.0.1:9/"}, {"do": "in-flight"},
        {"do": "cancel", "token": "r1"}, {"do": "in-flight"},
        {"do": "put", "key": "x", "value": "1"}, {"do": "read", "key": "x"},
        {"do": "swap", "key": "x", "expected": "1", "value": "2"}, {"do": "read", "key": "x"},
        {"do": "list", "prefix": "", "limit": 10}, {"do": "delete", "key": "x"}, {"do": "read", "key": "x"},
    ]);
    let (said, effects) = parrot.try_handle(steps, committed).await.unwrap();
    assert_eq!(
        said,
        json!([
            "before", "saved", "after",
            "moved", "moved", {"a": "9", "b": "2"},
            "set", ["t1", "t2"], true, ["t2"], false,
            "started", ["r1", "r2"], "cancelled", ["r2"],
            "put", "1", true, "2", ["x"], true, null,
        ])
    );
    assert_eq!(effects.requests.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_failed_or_broke_off_leaves_nothing_but_how_the_account_is() {
    let (nest, parrot) = parrot().await;
    let asked = [
        json!({"do": "save", "text": "new"}),
        json!({"do": "put", "key": "k", "value": "v"}),
        json!({"do": "health", "word": "half of it"}),
    ];
    for (end, code, is_said) in [
        (
            json!({"do": "fail", "code": "unavailable"}),
            ErrorCode::Unavailable,
            true,
        ),
        (json!({"do": "trap"}), ErrorCode::Internal, false),
    ] {
        let steps = Value::from_iter(asked.iter().cloned().chain([end]));
        let failed = parrot.try_handle(steps, Facts::default()).await.unwrap_err();
        assert_eq!(
            (failed.code, failed.is_said, failed.sent),
            (code, is_said, Sent::No),
            "{failed}"
        );
    }
    let (said, _) = parrot
        .handle(json!([{"do": "load"}, {"do": "read", "key": "k"}]))
        .await;
    assert_eq!(said, json!([null, null]));
    let store = Namespace::of_account("parrot", "work").unwrap();
    let kept = nest
        .state
        .read(move |view: &View<'_>| view.kv_usage(&store))
        .await
        .unwrap();
    assert_eq!(kept.entries, 0);
    let status = parrot.adapter.status().borrow().clone();
    assert_eq!(status, Some(AccountStatus::Degraded("half of it".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_handler_may_do_is_refused_elsewhere_and_reading_is_not() {
    let (_nest, parrot) = parrot().await;
    let steps = json!([
        {"do": "save", "text": "x"}, {"do": "move-cursor", "name": "a", "to": "1"},
        {"do": "set-timer", "name": "t", "after": 1}, {"do": "cancel-timer", "name": "t"},
        {"do": "deliver", "id": "m", "text": "x"}, {"do": "start", "token": "r", "url": "http://127.0.0.1:9/"},
        {"do": "cancel", "token": "r"},
    ]);
    let said = parrot.fetch(steps, Facts::default()).await.unwrap();
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), 7);
    assert!(
        said.iter()
            .all(|answer| answer["refused"] == "ErrorCode::NotHere"),
        "{said:?}"
    );
    let mut committed = facts("kept");
    committed.timers.insert("t".to_owned(), 5);
    committed.cursors.insert("c".to_owned(), "7".to_owned());
    let steps = json!([{"do": "load"}, {"do": "timers"}, {"do": "cursors"}, {"do": "in-flight"}]);
    let said = parrot.fetch(steps, committed).await.unwrap();
    assert_eq!(said, json!(["kept", ["t"], {"c": "7"}, []]));
    let (said, _) = parrot
        .handle(json!([{"do": "ask", "name": "x", "question": "?", "answer": "!", "wait": 1}]))
        .await;
    assert_eq!(said[0]["refused"], "ErrorCode::NotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_of_anything_ends_in_an_error_and_not_in_the_hosts_memory() {
    let (_nest, parrot) = parrot().await;
    for (what, count, most) in [
        ("deliver", 10_000, 1000),
        ("timer", 1_000_000, 256),
        ("cursor", 10_000, 1000),
        ("request", 1000, 32),
        ("socket", 1000, 16),
        ("key", 10_000, 1000),
    ] {
        let (said, effects) = parrot
            .handle(json!([{"do": "many", "what": what, "count": count}]))
            .await;
        let taken = said[0]["taken"].as_u64().unwrap();
        assert!(taken > 0 && taken <= most, "{what}: {said}");
        assert_eq!(said[0]["refused"], "ErrorCode::Quota", "{what}");
        assert!(effects.delivered.len() <= 1000 && effects.timers.len() <= 256);
    }
    let big = "x".repeat((1 << 20) + 1);
    let (said, effects) = parrot.handle(json!([{"do": "save", "text": big}])).await;
    assert_eq!(said[0]["refused"], "ErrorCode::TooLarge");
    assert!(effects.state.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_a_handler_wait_for_the_commit_and_others_do_not() {
    let (nest, parrot) = parrot().await;
    let store = Namespace::of_account("parrot", "work").unwrap();
    let said = parrot
        .fetch(
            json!([{"do": "put", "key": "at-once", "value": "1"}]),
            Facts::default(),
        )
        .await
        .unwrap();
    assert_eq!(said, json!(["put"]));
    let steps = json!([
        {"do": "swap", "key": "at-once", "expected": "1", "value": "2"},
        {"do": "put", "key": "later", "value": "x"},
        {"do": "list", "prefix": "", "limit": 1},
        {"do": "list", "prefix": "", "after": "at-once", "limit": 5},
    ]);
    let (said, effects) = parrot.handle(steps.clone()).await;
    assert_eq!(said, json!([true, "put", ["at-once"], ["later"]]));
    let read = |key: &'static str| {
        let store = store.clone();
        nest.state.read(move |view: &View<'_>| view.kv_get(&store, key))
    };
    assert_eq!(read("later").await.unwrap(), None);
    let written = nest
        .state
        .write(move |tx: &Tx<'_>| effects.kv.write(tx))
        .await
        .unwrap();
    assert!(written);
    assert_eq!(read("later").await.unwrap().as_deref(), Some(&b"x"[..]));
    assert_eq!(read("at-once").await.unwrap().as_deref(), Some(&b"2"[..]));
    // Somebody else was faster: what the handler decided by is not so any more.
    let (_, effects) = parrot
        .handle(json!([{"do": "swap", "key": "at-once", "expected": "2", "value": "3"}]))
        .await;
    parrot
        .fetch(
            json!([{"do": "put", "key": "at-once", "value": "9"}]),
            Facts::default(),
        )
        .await
        .unwrap();
    let written = nest
        .state
        .write(move |tx: &Tx<'_>| effects.kv.write(tx))
        .await
        .unwrap();
    assert!(!written);
    assert_eq!(read("at-once").await.unwrap().as_deref(), Some(&b"9"[..]));
    // The quota holds for all that one handler writes together.
    let half = "x".repeat(2500);
    let steps = json!([
        {"do": "put", "key": "one", "value": half}, {"do": "put", "key": "two", "value": half},
        {"do": "delete", "key": "one"}, {"do": "put", "key": "two", "value": half},
    ]);
    let (said, effects) = parrot.handle(steps).await;
    assert_eq!(said[1]["refused"], "ErrorCode::Quota");
    assert_eq!((&said[2], &said[3]), (&json!(true), &json!("put")));
    assert!(
        nest.state
            .write(move |tx: &Tx<'_>| effects.kv.write(tx))
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_share_nothing() {
    let nest = nest().await;
    let (one, other) = (nest.open("one", 9).await, nest.open("other", 9).await);
    let put = json!([{"do": "put", "key": "k", "value": "v"}]);
    one.fetch(put, Facts::default()).await.unwrap();
    let read = json!([{"do": "read", "key": "k"}]);
    let theirs = other.fetch(read.clone(), Facts::default()).await.unwrap();
    assert_eq!(theirs, json!([null]));
    assert_eq!(one.fetch(read, Facts::default()).await.unwrap(), json!(["v"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_is_told_for_which_account_and_attempt_it_is_called() {
    let (_nest, parrot) = parrot().await;
    let receipt = parrot.send(json!([{"do": "context"}]), "key-7", 3).await.unwrap();
    let said: Value = serde_json::from_str(&receipt.ids[0]).unwrap();
    assert_eq!(
        said,
        json!([{"channel": "parrot", "account": "work", "key": "key-7", "attempt": 3}])
    );
    let capabilities = parrot.adapter.capabilities(Facts::default()).await.unwrap();
    assert_eq!(capabilities.mention_texts, ["@work"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_can_be_called() {
    let (_nest, parrot) = parrot().await;
    let adapter = &parrot.adapter;
    let nothing = Facts::default;
    assert!(adapter.probe(nothing()).await.unwrap().details.is_some());
    let failed = |text: &str| accounts::LoginState::Failed(text.to_owned());
    assert_eq!(
        adapter.login_start(true, nothing()).await.unwrap(),
        failed("forced: true")
    );
    let waited = adapter
        .login_wait("t".to_owned(), Duration::from_millis(5), nothing())
        .await;
    assert_eq!(waited.unwrap(), failed("t 5"));
    adapter.logout(nothing()).await.unwrap();
    let found = adapter.resolve(vec!["ann".to_owned()], nothing()).await.unwrap();
    assert_eq!(found[0].query, "ann");
    let query = accounts::DirectoryQuery {
        scope: accounts::DirectoryScope::People,
        text: Some("a".to_owned()),
        limit: 5,
        after: None,
    };
    assert_eq!(
        adapter.directory(query, nothing()).await.unwrap().next.as_deref(),
        Some("a")
    );
    let target = adapter
        .normalize_target("parrot:Ann".to_owned(), nothing())
        .await
        .unwrap();
    assert_eq!(target.id, "ann");
    let none = adapter
        .normalize_target(String::new(), nothing())
        .await
        .unwrap_err();
    assert!(none.code == ErrorCode::Invalid && none.is_said);
    let refused = adapter
        .register_commands(Vec::new(), nothing())
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unsupported);
    let started = parrot.tell(Happening::Started(StartReason::Config)).await;
    assert_eq!(started[0].0, "started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_is_not_stored_and_what_is_delivered_shows_its_name() {
    let (_nest, parrot) = parrot().await;
    let steps = json!([
        {"do": "save", "text": "a ${token}"},
        {"do": "move-cursor", "name": "c", "to": "${token}"},
        {"do": "put", "key": "k", "value": "${token}"},
        {"do": "set-timer", "name": "${token}", "after": 1},
        {"do": "deliver", "id": "m1", "text": "x", "handle": "${token}"},
        {"do": "deliver", "id": "m2", "text": "x", "deferred": "${token}"},
        {"do": "deliver", "id": "m3", "text": format!("see ${{token}} and {TOKEN}")},
        {"do": "deliver", "id": "m4", "text": "x", "remote": "http://127.0.0.1:9/${token}/a.png"},
        {"do": "health", "word": "${token}"},
    ]);
    let (said, effects) = parrot.handle(steps).await;
    for refused in 0..6 {
        assert_eq!(said[refused]["refused"], "ErrorCode::Denied", "{refused}: {said}");
    }
    let [InboundEvent::Message(shown), InboundEvent::Message(media)] = effects.delivered.as_slice() else {
        panic!("{:?}", effects.delivered);
    };
    let text = serde_json::to_string(&shown.text).unwrap();
    assert!(text.contains("see [secret:token] and [secret:token]"), "{text}");
    let AttachmentSource::Remote(remote) = &media.attachments[0].source else {
        panic!("{media:?}");
    };
    assert!(
        !remote.url.contains("ocsecret_") && !remote.url.contains(TOKEN),
        "{}",
        remote.url
    );
    let status = parrot.adapter.status().borrow().clone();
    assert_eq!(status, Some(AccountStatus::Degraded("[secret:token]".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_shows_placeholders_where_secrets_came_in_and_answers_without_them() {
    let (_nest, parrot) = parrot().await;
    let mut request = call(&format!("echo:{TOKEN}"));
    request.url = format!("https://gateway.example/{TOKEN}");
    let (response, _) = parrot.adapter.webhook(request, Facts::default()).await.unwrap();
    let body = String::from_utf8(response.body).unwrap();
    assert_eq!(body, "[secret:token] https://gateway.example/[secret:token]");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_may_be_kept_and_is_not_kept_after_a_trap_a_limit_or_a_cancelled_call() {
    let (nest, parrot) = parrot().await;
    let count = || async {
        let (said, _) = parrot.handle(json!([{"do": "count"}])).await;
        said[0].as_u64().unwrap()
    };
    // A parrot that counts by itself sees that it is kept; that it may is all that is promised.
    assert_eq!((count().await, count().await), (1, 2));
    parrot
        .try_handle(json!([{"do": "trap"}]), Facts::default())
        .await
        .unwrap_err();
    assert_eq!((count().await, count().await), (1, 2));
    let spun = parrot
        .try_handle(json!([{"do": "spin"}]), Facts::default())
        .await
        .unwrap_err();
    assert!(spun.code == ErrorCode::Timeout && !spun.is_said, "{spun:?}");
    assert_eq!((count().await, count().await), (1, 2));
    let wait = parrot.try_handle(json!([{"do": "wait", "millis": 60_000}]), Facts::default());
    assert!(
        tokio::time::timeout(Duration::from_millis(200), wait)
            .await
            .is_err()
    );
    assert_eq!((count().await, count().await), (1, 2));
    // One that has grown large is not kept either.
    parrot.handle(json!([{"do": "eat", "bytes": 20 << 20}])).await;
    assert_eq!((count().await, count().await), (1, 2));
    nest.host.drop_idle(Duration::ZERO);
    assert_eq!(count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_instance_has_the_whole_of_its_limits_at_each_call() {
    let (_nest, parrot) = parrot().await;
    // Each call uses more than half of what one may hand over.
    let text = "x".repeat(1 << 20);
    let save = json!({"do": "save", "text": text});
    let steps = Value::from(vec![save; 9]);
    for _ in 0..4 {
        let (said, _) = parrot.handle(steps.clone()).await;
        assert_eq!(said[8], "saved");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_account_do_not_hold_up_another() {
    let nest = nest().await;
    let (busy, idle) = (nest.open("busy", 9).await, nest.open("idle", 9).await);
    idle.handle(json!([{"do": "count"}])).await;
    let waits: Vec<_> = (0..8)
        .map(|_| {
            let adapter = busy.adapter.clone();
            tokio::spawn(async move {
                let steps = json!([{"do": "wait", "millis": 15_000}]).to_string();
                adapter.fetch(steps, Facts::default()).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    idle.handle(json!([{"do": "count"}])).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    waits.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_can_be_written_down_and_handed_over_again() {
    let (_nest, parrot) = parrot().await;
    let first = event(Happening::Timer("again".to_owned()));
    let text = serde_json::to_string(&first).unwrap();
    let mut second: openclaw_components::channel::Event = serde_json::from_str(&text).unwrap();
    second.attempt = 2;
    let effects = parrot
        .adapter
        .handle(vec![second], Facts::default())
        .await
        .unwrap();
    assert_eq!(told(&effects), [("timer".to_owned(), json!("again"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_well_formed_is_refused_and_the_others_go_on() {
    let (_nest, parrot) = parrot().await;
    let long = "x".repeat((1 << 20) + 1);
    let steps = json!([
        {"do": "deliver", "id": "", "text": "nameless"},
        {"do": "deliver", "id": "i".repeat(2000), "text": "x"},
        {"do": "deliver", "id": "m1", "text": long},
        {"do": "deliver", "id": "m2", "text": "fine"},
    ]);
    let (said, effects) = parrot.handle(steps).await;
    for refused in 0..3 {
        assert_eq!(
            said[refused]["refused"], "ErrorCode::Invalid",
            "{refused}: {said}"
        );
    }
    assert!(
        matches!(effects.delivered.as_slice(), [InboundEvent::Message(message)] if message.ids == ["m2"])
    );
}
