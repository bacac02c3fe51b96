//! Adapters that misbehave.
//!
//! The adapter is the parrot, which does in its handlers whatever a test tells it.

mod roost;

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_state::ChannelAccount;
use openclaw_tests::parrot::PATIENCE;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::ordeal::BAR;
use crate::watch::Watch;
use roost::Roost;

/// How often an event is tried before it is set aside.
const ATTEMPTS: usize = 5;
/// How long a call may go on when its account is to end, with some time for this machine: less than it takes where both
/// the call and the goodbye are waited for.
const GOODBYE: std::ops::Range<Duration> = Duration::from_secs(5)..Duration::from_millis(9500);

fn timer(steps: &str) -> Value {
    json!({"do": "set-timer", "name": steps, "after": 1})
}

fn why(what: &str, reason: &str, times: usize) -> Vec<(String, Value)> {
    vec![(what.to_owned(), json!(reason)); times]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_ends_is_stopped_and_its_event_is_set_aside() {
    let roost = Roost::build(json!({"cpu": "150 ms"})).await;
    let attack = async {
        roost.steps(json!([timer(r#"[{"do": "spin"}]"#)])).await;
        roost.until_told("(cpu)").await;
        roost.other_is_answered().await;
        roost
            .until(async || !roost.channels.parked().await.unwrap().is_empty())
            .await;
    };
    roost.house.ordeal("parrot", ATTEMPTS, attack).await;
    let parked = roost.channels.parked().await.unwrap();
    assert_eq!((parked.len(), parked[0].attempts), (1, 5));
    assert!(parked[0].error.contains("150 ms (cpu)"), "{}", parked[0].error);
    assert_eq!(roost.broken().await, why("handle", "cpu", ATTEMPTS));
    roost.until_told("was set aside").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_breaks_its_handler_is_set_aside_and_those_behind_it_are_handled() {
    let roost = Roost::build(json!({})).await;
    let mut far = open_feed(&roost).await;
    let attack = async {
        far.send(Message::text(r#"[{"do": "trap"}]"#)).await.unwrap();
        roost.until_told("broke off").await;
        far.send(Message::text(r#"[{"do": "save", "text": "from behind it"}]"#))
            .await
            .unwrap();
        roost
            .until(async || !roost.channels.parked().await.unwrap().is_empty())
            .await;
        let said = roost.steps(json!([{"do": "load"}])).await;
        assert_eq!(said, json!(["from behind it"]));
        // Whoever tries it once more learns that it is as it was.
        let parked = roost.channels.parked().await.unwrap();
        let again = roost.channels.replay_parked(parked[0].id).await;
        assert!(again.unwrap_err().to_string().contains("broke off"));
        assert_eq!(roost.channels.parked().await.unwrap().len(), 1);
    };
    roost.house.ordeal("parrot", ATTEMPTS + 1, attack).await;
    assert_eq!(roost.broken().await, why("handle", "trap", ATTEMPTS + 1));
    let status = roost.status("default").await;
    assert_eq!(
        (&status["running"], &status["breakerOpen"]),
        (&json!(true), &json!(false))
    );
    assert!(
        status["lastError"]
            .as_str()
            .unwrap()
            .contains("told to break off"),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_breaks_at_every_event_pauses_and_holds_up_no_other_account() {
    let roost = Roost::build(json!({})).await;
    let attack = async {
        let mut steps = vec![json!({"do": "save", "text": r#"[{"do": "trap"}]"#})];
        steps.extend(["one", "two", "three"].map(timer));
        roost.steps(json!(steps)).await;
        roost.until_told("broke off").await;
        roost.other_is_answered().await;
        roost
            .until(async || roost.status("default").await["breakerOpen"] == true)
            .await;
        let refused = roost.try_steps("default", json!([])).await.unwrap_err();
        assert!(refused.contains("different events failed"), "{refused}");
        roost.other_is_answered().await;
    };
    // All three together, two of them until they are set aside, and the third once.
    let lines = 1 + 2 * ATTEMPTS + 1;
    roost.house.ordeal("parrot", lines, attack).await;
    assert_eq!(roost.broken().await, why("handle", "trap", lines));
    let status = roost.status("default").await;
    assert_eq!(
        (&status["running"], &status["breakerOpen"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(roost.channels.parked().await.unwrap().len(), 2);
    let other = roost.status("work").await;
    assert_eq!(
        (&other["breakerOpen"], other.get("lastError")),
        (&json!(false), None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_messages_as_many_are_turns_as_may_wait() {
    let roost = Roost::build(json!({})).await;
    // Whatever comes in waits now, so that what waits can be counted.
    roost.assistant.agent.stop().await;
    let attack = async {
        let all = json!([{"do": "many", "what": "deliver", "count": 10_000}]);
        let said = roost.steps(all).await;
        assert_eq!(said[0], json!({"taken": 1000, "refused": "ErrorCode::Quota"}));
        for from in (1000..10_000).step_by(1000) {
            let some = json!([{"do": "many", "what": "deliver", "count": 1000, "from": from}]);
            assert_eq!(roost.steps(some).await[0], json!({"taken": 1000}));
            roost.other_is_answered().await;
        }
    };
    roost.house.ordeal("parrot", 0, attack).await;
    let counted = roost.house.state.read(|view| {
        let waits = |n: usize| Ok(view.turn(&format!("parrot:default:m{n}"))?.is_some());
        let waiting: openclaw_state::Result<Vec<bool>> = (0..10_000).map(waits).collect();
        waiting
    });
    let waiting = counted.await.unwrap();
    assert!(waiting[..200].iter().all(|waits| *waits));
    assert!(!waiting[200..].iter().any(|waits| *waits));
    let status = roost.status("default").await;
    assert_eq!(
        (&status["running"], status.get("lastError")),
        (&json!(true), None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_million_timers_an_account_has_256_and_they_fire() {
    let roost = Roost::build(json!({})).await;
    let of = ChannelAccount::new("parrot", "default").unwrap();
    let set = async || {
        let of = of.clone();
        let timers = roost.house.state.read(move |view| view.channel_timers(&of));
        timers.await.unwrap().len()
    };
    let attack = async {
        let million = json!({"do": "many", "what": "timer", "count": 1_000_000});
        let said = roost.steps(json!([million])).await;
        assert_eq!(said[0], json!({"taken": 256, "refused": "ErrorCode::Quota"}));
        assert_eq!(set().await, 256);
        roost.until(async || set().await == 0).await;
        // One that does not take no for an answer.
        let stubborn = json!({"do": "many", "what": "timer", "count": 1_000_000, "stubborn": true});
        let ended = roost.try_steps("default", json!([stubborn])).await.unwrap_err();
        assert!(ended.contains("10000 (hostCalls)"), "{ended}");
        assert_eq!(set().await, 0, "nothing of a call that was ended takes effect");
        assert_eq!(roost.steps(json!([{"do": "timers"}])).await, json!([[]]));
    };
    roost.house.ordeal("parrot", 1, attack).await;
    assert_eq!(roost.broken().await, why("webhook", "hostCalls", 1));
    assert_eq!(roost.status("default").await["running"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_connections_an_account_has_16_and_they_end_with_it() {
    const MOST: usize = 16;
    let roost = Roost::build(json!({})).await;
    let thousand = |from: usize| json!([{"do": "many", "what": "socket", "count": 1000, "from": from, "url": roost.feed}]);
    let refused = |taken: usize| json!([{"taken": taken, "refused": "ErrorCode::Quota"}]);
    let attack = async {
        assert_eq!(roost.steps(thousand(0)).await, refused(MOST));
        let mut ends = Vec::new();
        for _ in 0..MOST {
            ends.push(roost.far(PATIENCE).await.unwrap());
        }
        assert_eq!(roost.steps(thousand(1000)).await, refused(0));
        assert!(roost.far(Duration::from_millis(300)).await.is_none());
        assert!(roost.channels.stop_account("parrot", "default").await.unwrap());
        for mut end in ends {
            let said = timeout(PATIENCE, end.next()).await.unwrap();
            assert!(matches!(said, Some(Ok(Message::Close(_)))), "{said:?}");
        }
    };
    // What leaves is in the audit whoever asked for it: a line for each connection.
    roost.house.ordeal("parrot", MOST, attack).await;
    assert!(roost.broken().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_for_a_connection_that_is_gone_reaches_none_that_is_there() {
    let roost = Roost::build(json!({})).await;
    let mut first = Some(open_feed(&roost).await);
    let find = json!([{"do": "find", "name": "feed"}]);
    let serial = roost.steps(find.clone()).await[0].as_u64().unwrap();
    let send =
        |what: &str, serial: u64| json!({"do": "send", "name": "feed", "serial": serial, "frames": [what]});
    let attack = async {
        // In one handler: the connection is replaced, and then spoken to by its old name and number.
        let open = json!({"do": "open", "name": "feed", "url": roost.feed});
        let said = roost.steps(json!([open, send("for the first", serial)])).await;
        assert_eq!(said, json!(["opening", "sent"]));
        let second = roost.far(PATIENCE).await.unwrap();
        roost
            .until(async || {
                roost.steps(find.clone()).await[0]
                    .as_u64()
                    .is_some_and(|now| now != serial)
            })
            .await;
        let now = roost.steps(find.clone()).await[0].as_u64().unwrap();
        let guesses = [serial, now + 1, 0, u64::MAX];
        for guess in guesses {
            let said = roost.steps(json!([send("for nobody", guess)])).await;
            assert_eq!(said[0]["refused"], "ErrorCode::Closed", "{guess}: {said}");
        }
        assert_eq!(
            roost.steps(json!([send("for the second", now)])).await,
            json!(["sent"])
        );
        let heard = timeout(PATIENCE, first.as_mut().unwrap().next()).await.unwrap();
        assert!(!matches!(heard, Some(Ok(Message::Text(_)))), "{heard:?}");
        first = None;
        second
    };
    let mut second = roost.house.ordeal("parrot", 1, attack).await;
    let heard = timeout(PATIENCE, second.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(heard, Message::text("for the second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_broke_off_leaves_nothing_to_the_next() {
    let roost = Roost::build(json!({})).await;
    let count = async || roost.steps(json!([{"do": "count"}])).await[0].as_u64().unwrap();
    // What an instance remembers by itself shows that it is kept.
    assert_eq!((count().await, count().await), (1, 2));
    let left = json!([
        {"do": "save", "text": "from a call that broke off"},
        {"do": "put", "key": "left", "value": "v"},
        {"do": "move-cursor", "name": "left", "to": "9"},
        {"do": "set-timer", "name": "left", "after": 60_000},
        {"do": "deliver", "id": "left", "text": "hello"},
        {"do": "open", "name": "left", "url": roost.feed},
        {"do": "count"},
        {"do": "trap"},
    ]);
    let attack = async {
        let ended = roost.try_steps("default", left).await.unwrap_err();
        assert!(ended.contains("broke off"), "{ended}");
        let look = json!([
            {"do": "count"}, {"do": "load"}, {"do": "read", "key": "left"}, {"do": "cursors"}, {"do": "timers"},
            {"do": "find", "name": "left"},
        ]);
        assert_eq!(roost.steps(look).await, json!([1, null, null, {}, [], null]));
        assert!(roost.far(Duration::from_millis(200)).await.is_none());
    };
    roost.house.ordeal("parrot", 1, attack).await;
    assert_eq!(roost.broken().await, why("webhook", "trap", 1));
    let turn = roost.house.state.read(|view| view.turn("parrot:default:left"));
    assert!(turn.await.unwrap().is_none());
}

/// Whatever it began with the standard's client ends with its call: with the place and the limits of that call.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_with_a_request_under_way_is_not_kept() {
    let roost = Roost::build(json!({})).await;
    let count = async || roost.steps(json!([{"do": "count"}])).await[0].as_u64().unwrap();
    assert_eq!((count().await, count().await), (1, 2));
    let authority = roost.feed.trim_start_matches("ws://").trim_end_matches("/feed");
    let linger = json!([
        {"do": "linger", "authority": authority, "path": "/slow"}, {"do": "wait", "millis": 3000}, {"do": "count"},
    ]);
    let attack = async {
        assert_eq!(roost.steps(linger).await, json!(["lingers", "waited", 3]));
        assert!(roost.was_asked("/slow").await, "it was not under way");
        // The line about it is written when it ends, which it does with its instance.
        roost
            .until(async || roost.house.lines("parrot").await.len() == 1)
            .await;
        assert_eq!(count().await, 1);
    };
    roost.house.ordeal("parrot", 1, attack).await;
    let line = roost.house.lines("parrot").await.remove(0);
    assert!(
        line.action == "egress.pass" && line.detail.contains("given up"),
        "{line:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_returns_holds_up_its_own_account_until_its_deadline() {
    let roost = Roost::build(json!({"deadline": "2 s"})).await;
    let attack = async {
        let watch = Watch::start();
        let waits = roost.try_steps("default", json!([{"do": "wait", "millis": 600_000}]));
        let behind = async {
            // It is asked when the other is at work.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let said = roost.steps(json!([{"do": "context"}])).await;
            (said, watch.took().await)
        };
        let beside = async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                roost.other_is_answered().await;
                let asked = Watch::start();
                assert_eq!(roost.status("default").await["running"], true);
                assert!(asked.took().await < BAR);
            }
        };
        let (ended, (said, after), ()) = tokio::join!(waits, behind, beside);
        let ended = ended.unwrap_err();
        assert!(ended.contains("2 s (deadline)"), "{ended}");
        assert_eq!(said[0]["account"], "default");
        assert!(
            after >= Duration::from_millis(1900) && after < Duration::from_secs(3),
            "{after:?}"
        );
    };
    roost.house.ordeal("parrot", 1, attack).await;
    assert_eq!(roost.broken().await, why("webhook", "deadline", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_stopped_waits_five_seconds_for_its_handler() {
    let roost = Roost::build(json!({"deadline": "10 min"})).await;
    let steps = json!([
        {"do": "health", "word": "at work"},
        {"do": "save", "text": "never"},
        {"do": "deliver", "id": "never", "text": "hello"},
        {"do": "wait", "millis": 600_000},
    ]);
    let attack = async {
        let stops = async {
            roost.until_told("at work").await;
            let begun = Instant::now();
            assert!(roost.channels.stop_account("parrot", "default").await.unwrap());
            begun.elapsed()
        };
        let beside = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            roost.other_is_answered().await;
        };
        let (ended, took, ()) = tokio::join!(roost.try_steps("default", steps), stops, beside);
        assert!(GOODBYE.contains(&took), "{took:?}");
        let ended = ended.unwrap_err();
        assert!(ended.contains("cut off"), "{ended}");
        assert_eq!(roost.status("default").await["running"], false);
        assert!(roost.channels.start_account("parrot", "default").await.unwrap());
        roost.runs("default").await;
        assert_eq!(roost.steps(json!([{"do": "load"}])).await, json!([null]));
    };
    roost.house.ordeal("parrot", 0, attack).await;
    let turn = roost.house.state.read(|view| view.turn("parrot:default:never"));
    assert!(turn.await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_stopped_while_its_adapter_does_not_say_what_it_can_do() {
    let roost = Roost::build(json!({"deadline": "10 min"})).await;
    let waits = r#"[{"do": "health", "word": "asked"}, {"do": "wait", "millis": 600000}]"#;
    let put = json!([{"do": "put", "key": "capabilities", "value": waits}]);
    assert_eq!(roost.steps(put).await, json!(["put"]));
    let attack = async {
        assert!(roost.channels.stop_account("parrot", "default").await.unwrap());
        assert!(roost.channels.start_account("parrot", "default").await.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(roost.status("default").await["running"], false);
        let begun = Instant::now();
        assert!(roost.channels.stop_account("parrot", "default").await.unwrap());
        // One that is waited for takes five seconds.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        roost.other_is_answered().await;
    };
    roost.house.ordeal("parrot", 0, attack).await;
}

/// Opens a connection of the account that misbehaves, and yields the far end.
async fn open_feed(roost: &Roost) -> WebSocketStream<TcpStream> {
    let open = json!([{"do": "open", "name": "feed", "url": roost.feed}]);
    assert_eq!(roost.steps(open).await, json!(["opening"]));
    let far = roost.far(PATIENCE).await.unwrap();
    let find = json!([{"do": "find", "name": "feed"}]);
    roost
        .until(async || roost.steps(find.clone()).await != json!([null]))
        .await;
    // The line about it is written by now, so that none is counted that is no part of the attack.
    roost.house.fixture.host.settle().await;
    far
}
