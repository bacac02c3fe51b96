use std::sync::atomic::AtomicBool;

use openclaw_agent::{Body, Event, Route};
use serde_json::{Value, json};

use super::*;
use crate::adapter::OutboundAction;
use crate::adapter::description::Feature;
use crate::intake::Began;
use crate::live::Settled;
use crate::scripted::{delivering, receipt};

const RUN: &str = "telegram:default:7";

fn began() -> Began {
    Began {
        run_id: RUN.to_owned(),
        route: Route {
            channel: "telegram".to_owned(),
            account: "default".to_owned(),
            to: "42".to_owned(),
            ..Route::default()
        },
        is_called: true,
    }
}

fn event(body: Body) -> Event {
    Event {
        run_id: RUN.into(),
        session_key: "agent:main:main".into(),
        session_id: "s".into(),
        agent_id: "main".into(),
        seq: 1,
        ts: 0,
        body,
    }
}

fn says(text: &str) -> Event {
    event(Body::Assistant {
        text: text.to_owned(),
        delta: String::new(),
        item: "1".to_owned(),
    })
}

fn silent_end() -> Event {
    let outcome = json!({
        "status": "ok", "stopReason": "stop", "sessionId": "s", "startedMs": 0, "endedMs": 1,
    });
    event(Body::End(serde_json::from_value(outcome).unwrap()))
}

fn script(features: &[Feature]) -> Arc<Script> {
    let script = Script::new(features, |_, _| Ok(delivering(Vec::new())));
    Arc::new(script.sending(|_| Ok(receipt(&["p1"]))))
}

fn seen(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    let told = sent.iter().map(|outbound| match &outbound.action {
        OutboundAction::Message(message) => format!("message {}", crate::text::plain(&message.text)),
        OutboundAction::Edit(edit) => format!("edit {} {}", edit.message_id, crate::text::plain(&edit.text)),
        OutboundAction::DraftUpdate(draft) => format!(
            "draft {} {} {}",
            draft.message_id.as_deref().unwrap_or("-"),
            crate::text::plain(&draft.text),
            draft.is_final
        ),
        OutboundAction::Delete(delete) => format!("delete {}", delete.message_ids.join(",")),
        OutboundAction::Typing(typing) => format!("typing {}", typing.active),
        other => panic!("{other:?}"),
    });
    told.collect()
}

fn previewing() -> Value {
    json!({ "botToken": "x", "streaming": { "mode": "partial" } })
}

const FIRST: &str = "The answer begins with this";
const WHOLE: &str = "The answer begins with this and ends.";

#[tokio::test]
async fn typing_is_told_again_and_again_until_the_run_ends() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = script(&[Feature::Typing]);
    let (account, running) = home.run(&script).await;
    running.shared.show(began());
    wait_until(|| seen(&script).len() >= 3).await;
    running.shared.live.settle(&running.shared, RUN).await;
    let told = seen(&script);
    assert_eq!(told.last().unwrap(), "typing false");
    assert!(told.iter().rev().skip(1).all(|told| told == "typing true"));
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(seen(&script).len(), told.len());
    account.end().await;
}

#[tokio::test]
async fn the_answer_grows_in_one_message_and_ends_in_its_place() {
    for (features, whole) in [
        (vec![Feature::Edit, Feature::Delete], format!("edit p1 {WHOLE}")),
        (vec![Feature::Drafts], format!("draft p1 {WHOLE} true")),
    ] {
        let home = Home::new(previewing());
        let script = script(&features);
        let (account, running) = home.run(&script).await;
        running.shared.show(began());
        running.shared.live.tell(&says("The"));
        running.shared.live.tell(&says(FIRST));
        wait_until(|| seen(&script).len() == 1).await;
        assert!(seen(&script)[0].contains(FIRST), "{:?}", seen(&script));
        let draft = home.state.read(|view| view.draft_of(RUN)).await.unwrap();
        wait_for(async || {
            home.state
                .read(|view| view.draft_of(RUN))
                .await
                .unwrap()
                .is_some()
        })
        .await;
        drop(draft);
        home.put_as(&running.shared, "telegram:default:7:final", WHOLE, Some(RUN))
            .await;
        wait_until(|| seen(&script).last() == Some(&whole)).await;
        wait_for(async || {
            home.state
                .read(|view| view.draft_of(RUN))
                .await
                .unwrap()
                .is_none()
        })
        .await;
        assert!(!seen(&script).contains(&format!("message {WHOLE}")));
        account.end().await;
    }
}

#[tokio::test]
async fn an_answer_that_needs_several_messages_is_sent_anew_and_its_preview_deleted() {
    let home = Home::new(previewing());
    let script = Script::new(&[Feature::Edit, Feature::Delete], |_, _| {
        Ok(delivering(Vec::new()))
    });
    let script = Arc::new(script.limited(40).sending(|_| Ok(receipt(&["p1"]))));
    let (account, running) = home.run(&script).await;
    running.shared.show(began());
    running.shared.live.tell(&says(FIRST));
    wait_for(async || {
        home.state
            .read(|view| view.draft_of(RUN))
            .await
            .unwrap()
            .is_some()
    })
    .await;
    let long = format!("{WHOLE} And more than fits into one.");
    home.put_as(&running.shared, "k", &long, Some(RUN)).await;
    wait_until(|| seen(&script).last().is_some_and(|told| told == "delete p1")).await;
    let messages = seen(&script)
        .iter()
        .filter(|told| told.starts_with("message"))
        .count();
    assert_eq!(messages, 3, "{:?}", seen(&script));
    account.end().await;
}

#[tokio::test]
async fn a_silent_answer_shows_nothing_and_takes_back_what_was_shown() {
    let home = Home::new(previewing());
    let script = script(&[Feature::Edit, Feature::Delete]);
    let (account, running) = home.run(&script).await;
    running.shared.show(began());
    running
        .shared
        .live
        .tell(&says("NO_REPLY and some more of nothing"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(seen(&script).is_empty());
    running.shared.live.tell(&says(FIRST));
    wait_for(async || {
        home.state
            .read(|view| view.draft_of(RUN))
            .await
            .unwrap()
            .is_some()
    })
    .await;
    running.shared.live.tell(&silent_end());
    wait_until(|| seen(&script).last().is_some_and(|told| told == "delete p1")).await;
    account.end().await;
}

#[tokio::test]
async fn nothing_is_shown_where_the_operator_does_not_want_it() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = script(&[Feature::Edit]);
    let (account, running) = home.run(&script).await;
    running.shared.show(began());
    assert!(!running.shared.live.tell(&says(FIRST)));
    assert!(seen(&script).is_empty());
    account.end().await;
}

/// A place at which an adapter stands until the test lets it go on.
#[derive(Default)]
struct Gate {
    is_reached: AtomicBool,
    is_open: AtomicBool,
}

impl Gate {
    fn pass(&self) {
        self.is_reached.store(true, Ordering::SeqCst);
        while !self.is_open.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

/// An adapter whose previews and ends of typing leave when the test lets them.
struct Slow {
    script: Arc<Script>,
    preview: Arc<Gate>,
    goodbye: Arc<Gate>,
}

impl Drop for Slow {
    /// A test that failed leaves no thread standing.
    fn drop(&mut self) {
        self.preview.open();
        self.goodbye.open();
    }
}

fn slow() -> Slow {
    let (preview, goodbye) = (Arc::<Gate>::default(), Arc::<Gate>::default());
    let gates = (Arc::clone(&preview), Arc::clone(&goodbye));
    let features = [Feature::Edit, Feature::Delete, Feature::Typing];
    let script = Script::new(&features, |_, _| Ok(delivering(Vec::new())));
    let script = script.sending(move |outbound| {
        match &outbound.action {
            OutboundAction::Typing(typing) if !typing.active => gates.1.pass(),
            action if is_preview(action) => gates.0.pass(),
            _ => {}
        }
        Ok(receipt(&["p1"]))
    });
    Slow {
        script: Arc::new(script),
        preview,
        goodbye,
    }
}

fn is_preview(action: &OutboundAction) -> bool {
    matches!(action, OutboundAction::Message(message) if crate::text::plain(&message.text) == FIRST)
}

/// What is seen of an answer whose preview is on its way when it is there, and for longer than the answer waits for it.
async fn overtaken(slow: &Slow, patience: Duration) -> Vec<String> {
    let script = &slow.script;
    let mut home = Home::new(previewing());
    home.pace.patience = patience;
    let (account, running) = home.run(script).await;
    running.shared.show(began());
    running.shared.live.tell(&says(FIRST));
    wait_until(|| slow.preview.is_reached.load(Ordering::SeqCst)).await;
    home.put_as(&running.shared, "k", WHOLE, Some(RUN)).await;
    // By then the answer waits only for what is being sent.
    tokio::time::sleep(patience + Duration::from_secs(2)).await;
    slow.preview.open();
    let of = account.settings.of.clone();
    // Once the answer is not queued any more, it has decided.
    wait_for(async || {
        let of = of.clone();
        let next = home.state.read(move |view| view.outbox_next(&of, i64::MAX)).await;
        next.unwrap() == openclaw_state::NextOutbound::Nothing
    })
    .await;
    slow.goodbye.open();
    wait_for(async || {
        let of = of.clone();
        let waiting = home.state.read(move |view| view.outbox_waiting(&of)).await;
        waiting.unwrap() == 0
    })
    .await;
    // Taken back is what was left only after the answer.
    while running.shared.live.settle(&running.shared, RUN).await != Settled::Ended {}
    account.end().await;
    let draft = home.state.read(|view| view.draft_of(RUN)).await.unwrap();
    assert_eq!(draft, None);
    let mut told = seen(script);
    told.retain(|told| !told.starts_with("typing"));
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_waits_for_its_slow_preview_and_takes_its_place() {
    let slow = slow();
    slow.goodbye.open();
    // Long, because the preview is noted on the disk within the second wait.
    let told = overtaken(&slow, Duration::from_secs(2)).await;
    assert_eq!(told, [format!("message {FIRST}"), format!("edit p1 {WHOLE}")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_preview_that_is_slower_than_the_answer_waits_is_taken_back() {
    let mut told = overtaken(&slow(), QUICK.patience).await;
    told.sort();
    assert_eq!(
        told,
        [
            "delete p1".to_owned(),
            format!("message {FIRST}"),
            format!("message {WHOLE}")
        ]
    );
}

#[tokio::test]
async fn a_turn_that_waits_is_not_shown() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = script(&[Feature::Typing]);
    let (account, running) = home.run(&script).await;
    running.shared.after(vec![crate::intake::Taken::Turn(began())]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(seen(&script).is_empty(), "{:?}", seen(&script));
    let expected = running.shared.live.take_expected(RUN).unwrap();
    assert_eq!(expected, began(), "it is shown when it begins");
    running.shared.show(expected);
    wait_until(|| !seen(&script).is_empty()).await;
    account.end().await;
}
