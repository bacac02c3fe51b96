use serde_json::{Value, json};

use super::*;
use crate::adapter::inbound::InboundEvent;
use crate::adapter::{Cursor, ErrorCode, Event, Facts, Handled, Happening, HttpDone, Sent, TimerChange};
use crate::samples;
use crate::scripted::{Script, delivering, failure, requesting};

fn done(token: &str, body: &str) -> HttpDone {
    let response = json!({ "status": 200, "url": "", "headers": [], "body": body });
    HttpDone {
        token: token.to_owned(),
        outcome: Ok(serde_json::from_value(response).unwrap()),
    }
}

/// What a response of a platform says, for adapters that are asked to read it.
fn body_of(event: &Event) -> Option<String> {
    let Happening::HttpDone(done) = &event.what else {
        return None;
    };
    let response: Value = serde_json::to_value(done.outcome.as_ref().ok()?).unwrap();
    response["body"].as_str().map(str::to_owned)
}

fn is_started(events: &[Event]) -> bool {
    matches!(events[0].what, Happening::Started(_))
}

/// An adapter that polls: each response names messages, and the cursor moves behind them. What begins with "bad" it
/// cannot read.
fn polling() -> impl FnMut(&[Event], &Facts) -> Result<Handled, crate::adapter::AdapterError> + Send {
    |events, _| {
        let mut handled = requesting("poll");
        for event in events {
            let Some(body) = body_of(event) else {
                continue;
            };
            if body.starts_with("bad") {
                return Err(failure(ErrorCode::Internal, Sent::No));
            }
            for id in body.split_whitespace() {
                let message = samples::message(id, "42", &format!("say {id}"));
                handled.effects.delivered.push(InboundEvent::Message(message));
                handled.effects.cursors.push(Cursor {
                    name: "updates".to_owned(),
                    position: id.to_owned(),
                });
            }
        }
        Ok(handled)
    }
}

fn open_to_all() -> Value {
    json!({ "dmPolicy": "open", "allowFrom": ["*"], "botToken": "x" })
}

#[tokio::test]
async fn what_came_in_is_a_turn_and_moves_the_cursor_in_one_transaction() {
    let home = Home::new(open_to_all());
    let script = Arc::new(Script::new(&[], polling()));
    let (account, running) = home.run(&script).await;
    script.arrive(done("poll", "1 2"));
    wait_for(async || home.turns().await.len() == 2).await;
    assert_eq!(home.messages().await, ["say 1", "say 2"]);
    let of = super::account();
    let cursors = home
        .state
        .read(move |view| view.channel_cursors(&of))
        .await
        .unwrap();
    assert_eq!(cursors[0].position, "2");
    let noted = || running.shared.ledger.facts().cursors.get("updates").cloned();
    wait_until(|| noted().is_some_and(|at| at == "2")).await;
    wait_until(|| home.woken.load(Ordering::SeqCst) > 0).await;
    account.end().await;
}

#[tokio::test]
async fn an_update_that_comes_again_is_answered_once_also_behind_a_restart() {
    let mut home = Home::new(open_to_all());
    let script = Arc::new(Script::new(&[], polling()));
    let (_first, _) = home.run(&script).await;
    script.arrive(done("poll", "1 2"));
    wait_for(async || home.turns().await.len() == 2).await;
    home.die().await;
    let again = Arc::new(Script::new(&[], polling()));
    let (account, _) = home.run(&again).await;
    again.arrive(done("poll", "2 1 3"));
    wait_for(async || home.turns().await.len() == 3).await;
    assert_eq!(home.messages().await, ["say 1", "say 2", "say 3"]);
    account.end().await;
}

#[tokio::test]
async fn a_call_that_could_not_be_committed_leaves_nothing_and_is_made_again() {
    let mut home = Home::new(open_to_all());
    let script = Arc::new(Script::new(&[], polling()));
    let (_first, _) = home.run(&script).await;
    home.state.close().await;
    script.arrive(done("poll", "1"));
    wait_until(|| script.calls.lock().unwrap().len() > 2).await;
    home.die().await;
    assert!(home.turns().await.is_empty());
    let again = Arc::new(Script::new(&[], polling()));
    let (account, _) = home.run(&again).await;
    again.arrive(done("poll", "1"));
    wait_for(async || home.turns().await.len() == 1).await;
    account.end().await;
}

#[tokio::test]
async fn one_bad_event_is_parked_and_the_account_goes_on() {
    let home = Home::new(open_to_all());
    let script = Arc::new(Script::new(&[], polling()));
    let (account, _) = home.run(&script).await;
    script.arrive(done("poll", "bad"));
    wait_for(async || {
        !home
            .state
            .read(|view| view.parked_events())
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    let attempts: Vec<u32> = {
        let calls = script.calls.lock().unwrap();
        let bad = calls
            .iter()
            .flatten()
            .filter(|event| body_of(event).as_deref() == Some("bad"));
        bad.map(|event| event.attempt).collect()
    };
    assert_eq!(attempts, [1, 2, 3, 4, 5]);
    script.arrive(done("poll", "7"));
    wait_for(async || home.turns().await.len() == 1).await;
    let starts = {
        let calls = script.calls.lock().unwrap();
        calls.iter().filter(|events| is_started(events)).count()
    };
    assert_eq!(starts, 2, "the adapter asks anew for what it waited for");
    account.end().await;
}

#[tokio::test]
async fn a_parked_event_can_be_replayed_with_all_that_it_held() {
    let home = Home::new(open_to_all());
    let script = Arc::new(Script::new(&[], polling()));
    let (account, _) = home.run(&script).await;
    script.arrive(done("poll", "bad 9"));
    wait_for(async || {
        !home
            .state
            .read(|view| view.parked_events())
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    let parked = home
        .state
        .read(|view| view.parked_events())
        .await
        .unwrap()
        .remove(0);
    let event: Event = serde_json::from_slice(&parked.payload).unwrap();
    assert_eq!(body_of(&event).as_deref(), Some("bad 9"));
    assert_eq!((parked.attempts, parked.event), (5, event.id));
    account.end().await;
}

#[tokio::test]
async fn events_that_fail_together_are_tried_alone_and_the_good_ones_pass() {
    let home = Home::new(open_to_all());
    let script = Script::new(&[], |events, _| {
        let mut handled = delivering(Vec::new());
        for event in events {
            let Happening::SocketFrames(frames) = &event.what else {
                continue;
            };
            let id = &frames.connection.name;
            if id == "2" {
                return Err(failure(ErrorCode::Internal, Sent::No));
            }
            let message = samples::message(id, "42", id);
            handled.effects.delivered.push(InboundEvent::Message(message));
        }
        Ok(handled)
    });
    let script = Arc::new(script);
    let (account, _) = home.run(&script).await;
    for name in ["1", "2", "3"] {
        script.happen(frames(name)).await;
    }
    wait_for(async || home.turns().await.len() == 2).await;
    assert_eq!(home.messages().await, ["1", "3"]);
    let parked = home.state.read(|view| view.parked_events()).await.unwrap();
    assert_eq!(parked.len(), 1);
    account.end().await;
}

fn frames(name: &str) -> Happening {
    let connection = json!({ "name": name, "serial": 1 });
    let frames = json!({ "socket-frames": { "connection": connection, "frames": [] } });
    serde_json::from_value(frames).unwrap()
}

#[tokio::test]
async fn different_events_that_fail_open_the_breaker_and_one_that_passes_closes_it() {
    let home = Home::new(open_to_all());
    let sick = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_sick = Arc::clone(&sick);
    let script = Script::new(&[], move |events, _| match events[0].what {
        Happening::SocketFrames(_) if is_sick.load(Ordering::SeqCst) => {
            Err(failure(ErrorCode::Internal, Sent::No))
        }
        _ => Ok(delivering(Vec::new())),
    });
    let script = Arc::new(script);
    let (account, _) = home.run(&script).await;
    for name in ["1", "2", "3", "4", "5"] {
        script.happen(frames(name)).await;
    }
    wait_until(|| account.status.snapshot().breaker_open).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let parked = home.state.read(|view| view.parked_events()).await.unwrap().len();
    assert_eq!(parked, 2, "what fails while the breaker is open is not parked");
    sick.store(false, Ordering::SeqCst);
    wait_until(|| !account.status.snapshot().breaker_open).await;
    account.end().await;
}

#[tokio::test]
async fn timers_fire_once_and_one_that_came_due_meanwhile_fires_behind_the_start() {
    let mut home = Home::new(open_to_all());
    let due = crate::lane::now_ms() + 100;
    let script = Script::new(&[], move |events, _| {
        let mut handled = delivering(Vec::new());
        if is_started(events) {
            handled.effects.timers = ["soon", "late"]
                .into_iter()
                .map(|name| TimerChange::Set {
                    name: name.to_owned(),
                    due: if name == "soon" { due } else { due + 60_000 },
                })
                .collect();
        }
        Ok(handled)
    });
    let script = Arc::new(script);
    let fired = |script: &Script| -> Vec<String> {
        let calls = script.calls.lock().unwrap();
        let name = |event: &Event| match &event.what {
            Happening::Timer(name) => Some(name.clone()),
            Happening::Started(_) => Some("started".to_owned()),
            _ => None,
        };
        calls.iter().flatten().filter_map(name).collect()
    };
    let (_first, _) = home.run(&script).await;
    wait_until(|| fired(&script) == ["started", "soon"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fired(&script), ["started", "soon"]);
    home.die().await;
    let of = account();
    let left = home
        .state
        .read(move |view| view.channel_timers(&of))
        .await
        .unwrap();
    assert_eq!(
        left.iter().map(|timer| timer.name.as_str()).collect::<Vec<_>>(),
        ["late"]
    );
    let of = account();
    let past = openclaw_state::ChannelTimer {
        name: "late".to_owned(),
        due_ms: 1,
    };
    home.state
        .write(move |tx| tx.put_channel_timer(&of, &past))
        .await
        .unwrap();
    let again = Arc::new(Script::new(&[], |_, _| Ok(delivering(Vec::new()))));
    let (account, _) = home.run(&again).await;
    wait_until(|| fired(&again) == ["started", "late"]).await;
    account.end().await;
}

#[tokio::test]
async fn a_request_that_was_given_up_never_arrives() {
    let home = Home::new(open_to_all());
    let script = Script::new(&[], |events, facts| match &events[0].what {
        Happening::Started(_) => Ok(requesting("a")),
        Happening::SocketFrames(_) => {
            assert!(facts.in_flight.contains("a"));
            let mut handled = requesting("b");
            handled.effects.cancelled = vec!["a".to_owned()];
            Ok(handled)
        }
        _ => Ok(delivering(Vec::new())),
    });
    let script = Arc::new(script);
    let (account, _) = home.run(&script).await;
    script.happen(frames("x")).await;
    wait_until(|| script.calls.lock().unwrap().len() == 2).await;
    script.arrive(done("a", ""));
    script.arrive(done("b", ""));
    wait_until(|| script.calls.lock().unwrap().len() == 3).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let calls = script.calls.lock().unwrap().clone();
    let tokens = calls.iter().flatten().filter_map(|event| match &event.what {
        Happening::HttpDone(done) => Some(done.token.as_str()),
        _ => None,
    });
    assert_eq!(tokens.collect::<Vec<_>>(), ["b"]);
    account.end().await;
}

#[tokio::test]
async fn a_webhook_is_answered_behind_the_commit_and_a_failure_is_told() {
    let home = Home::new(open_to_all());
    let script = Arc::new(Script::new(&[], |_, _| Ok(delivering(Vec::new()))));
    let (account, running) = home.run(&script).await;
    let ask = async |body: &str| {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let request = crate::WebhookRequest {
            method: "POST".to_owned(),
            url: String::new(),
            path: String::new(),
            query: String::new(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            peer: None,
        };
        let order = crate::lane::Order::Webhook(request, answer);
        running.orders.send(order).await.ok().unwrap();
        answered.await.unwrap()
    };
    assert_eq!(ask("hello").await.unwrap().status, 200);
    assert_eq!(home.messages().await, ["hello"]);
    assert!(ask("bad").await.is_err());
    assert_eq!(ask("hello").await.unwrap().status, 200);
    assert_eq!(
        home.messages().await,
        ["hello"],
        "the same event again is no second turn"
    );
    account.end().await;
}
