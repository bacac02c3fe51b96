use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;
use crate::adapter::outbound::OutgoingMessage;
use crate::adapter::{ErrorCode, Outbound, OutboundAction, Sent};
use crate::scripted::{delivering, failure, receipt};

type Answer = Result<crate::adapter::Receipt, crate::adapter::AdapterError>;

/// An adapter that sends as the list says, then always.
fn sending(answers: Vec<Answer>) -> Arc<Script> {
    let answers = Mutex::new(answers.into_iter());
    let script = Script::new(&[], |_, _| Ok(delivering(Vec::new())));
    Arc::new(
        script
            .limited(40)
            .sending(move |_| answers.lock().unwrap().next().unwrap_or(Ok(receipt(&["9"])))),
    )
}

fn message(outbound: &Outbound) -> &OutgoingMessage {
    match &outbound.action {
        OutboundAction::Message(message) => message,
        other => panic!("no message: {other:?}"),
    }
}

fn texts(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter()
        .map(|outbound| crate::text::plain(&message(outbound).text))
        .collect()
}

async fn dead(home: &Home) -> Vec<openclaw_state::DeadLetter> {
    home.state.read(|view| view.dead_letters(9)).await.unwrap()
}

async fn is_idle(home: &Home) -> bool {
    let of = account();
    home.state
        .read(move |view| view.outbox_waiting(&of))
        .await
        .unwrap()
        == 0
}

fn config() -> Value {
    json!({ "botToken": "x", "replyToMode": "first", "responsePrefix": "[x]" })
}

const LONG: &str = "one two three four five six seven eight nine ten eleven twelve";

#[tokio::test]
async fn a_long_reply_leaves_in_parts_of_which_the_first_shows_what_it_answers() {
    let home = Home::new(config());
    let script = sending(Vec::new());
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", LONG).await;
    wait_for(async || is_idle(&home).await).await;
    assert_eq!(texts(&script).join(" "), format!("[x] {LONG}"));
    let sent = script.sent.lock().unwrap().clone();
    let replies: Vec<_> = sent
        .iter()
        .map(|outbound| message(outbound).reply_to.clone())
        .collect();
    assert_eq!(replies, [Some("m7".to_owned()), None]);
    assert!(
        sent.iter()
            .all(|outbound| message(outbound).in_answer_to.as_deref() == Some("handle"))
    );
    assert_eq!(
        sent.iter()
            .map(|outbound| outbound.key.as_str())
            .collect::<Vec<_>>(),
        ["a:0", "a:1"]
    );
    assert!(dead(&home).await.is_empty());
    account.end().await;
}

#[tokio::test]
async fn what_certainly_did_not_arrive_is_tried_three_times() {
    let home = Home::new(config());
    let no = || Err(failure(ErrorCode::Unavailable, Sent::No));
    let script = sending(vec![no(), no(), Ok(receipt(&["1"]))]);
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", "hello").await;
    wait_for(async || is_idle(&home).await).await;
    assert!(dead(&home).await.is_empty());
    let attempts: Vec<u32> = {
        let sent = script.sent.lock().unwrap();
        sent.iter().map(|outbound| outbound.attempt.get()).collect()
    };
    assert_eq!(attempts, [1, 2, 3]);
    account.end().await;
    let script = sending(vec![no(), no(), no(), no()]);
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "b", "hello").await;
    wait_for(async || is_idle(&home).await).await;
    assert_eq!((texts(&script).len(), dead(&home).await.len()), (3, 1));
    account.end().await;
}

#[tokio::test]
async fn a_pause_that_the_platform_asks_for_is_kept() {
    let home = Home::new(config());
    let mut slow = failure(ErrorCode::RateLimited, Sent::Unknown);
    slow.retry_after = Some(Duration::from_millis(400));
    let script = sending(vec![Err(slow)]);
    let (account, running) = home.run(&script).await;
    let before = std::time::Instant::now();
    home.put(&running.shared, "a", "hello").await;
    wait_for(async || is_idle(&home).await).await;
    assert!(before.elapsed() >= Duration::from_millis(400));
    assert!(dead(&home).await.is_empty());
    account.end().await;
}

#[tokio::test]
async fn to_be_too_early_is_no_failed_try() {
    let home = Home::new(config());
    let early = || Err(failure(ErrorCode::RateLimited, Sent::No));
    let script = sending((0..5).map(|_| early()).collect());
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", "hello").await;
    wait_for(async || is_idle(&home).await).await;
    assert_eq!((texts(&script).len(), dead(&home).await.len()), (6, 0));
    account.end().await;
}

#[tokio::test]
async fn what_may_have_arrived_is_never_sent_again_by_itself() {
    let home = Home::new(config());
    let script = sending(vec![
        Ok(receipt(&["1"])),
        Err(failure(ErrorCode::Timeout, Sent::Unknown)),
    ]);
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", LONG).await;
    wait_for(async || is_idle(&home).await).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(texts(&script).len(), 2);
    let letters = dead(&home).await;
    assert_eq!((letters.len(), letters[0].outbound.sent.as_str()), (1, "[\"1\"]"));
    let seq = letters[0].outbound.seq;
    home.state.write(move |tx| tx.outbox_replay(seq)).await.unwrap();
    running.shared.outbox.notify_one();
    wait_for(async || is_idle(&home).await && dead(&home).await.is_empty()).await;
    let texts = texts(&script);
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert_eq!(
        texts[1], texts[2],
        "only the part that nobody knows of leaves again"
    );
    account.end().await;
}

#[tokio::test]
async fn a_refusal_for_good_is_a_dead_letter_at_once_and_holds_up_nobody() {
    let home = Home::new(config());
    let script = sending(vec![Err(failure(ErrorCode::Refused, Sent::No))]);
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", "one").await;
    home.put(&running.shared, "b", "two").await;
    wait_for(async || is_idle(&home).await).await;
    assert_eq!(texts(&script), ["[x] one", "[x] two"]);
    assert_eq!(dead(&home).await.len(), 1);
    account.end().await;
}

#[tokio::test]
async fn parts_stay_as_they_were_cut_when_the_limit_changes_between_them() {
    let mut home = Home::new(config());
    // It is too early for the second part for as long as this process lives, however often it tries.
    let early = || Err(failure(ErrorCode::RateLimited, Sent::No));
    let mut first_part = Some(Ok(receipt(&["1"])));
    let first = Script::new(&[], |_, _| Ok(delivering(Vec::new())));
    let first = first
        .limited(40)
        .sending(move |_| first_part.take().unwrap_or_else(early));
    let first = Arc::new(first);
    let (_old, running) = home.run(&first).await;
    home.put(&running.shared, "a", LONG).await;
    wait_until(|| texts(&first).len() >= 2).await;
    home.die().await;
    let script = Script::new(&[], |_, _| Ok(delivering(Vec::new())));
    let script = Arc::new(script.sending(|_| Ok(receipt(&["2"]))));
    let (account, _) = home.run(&script).await;
    let replay: Vec<_> = dead(&home)
        .await
        .iter()
        .map(|letter| letter.outbound.seq)
        .collect();
    for seq in replay {
        home.state.write(move |tx| tx.outbox_replay(seq)).await.unwrap();
        account.running().unwrap().shared.outbox.notify_one();
    }
    wait_for(async || is_idle(&home).await).await;
    assert_eq!(texts(&script), [texts(&first)[1].clone()]);
    account.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_while_sending_leaves_a_dead_letter_and_no_second_message() {
    let mut home = Home::new(config());
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let (closes, closed) = std::sync::mpsc::channel::<()>();
    let script = Script::new(&[], |_, _| Ok(delivering(Vec::new())));
    let script = Arc::new(script.sending(move |_| {
        started.send(()).unwrap();
        // The state is gone when this returns.
        let _ = closed.recv();
        Ok(receipt(&["1"]))
    }));
    let folder = home.folder.path().to_owned();
    let (_old, running) = home.run(&script).await;
    home.put(&running.shared, "a", "hello").await;
    starts.recv().await.unwrap();
    home.state.close().await;
    drop(closes);
    home.state = open(&folder);
    let again = sending(Vec::new());
    let (account, _) = home.run(&again).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(texts(&again).is_empty());
    assert_eq!(dead(&home).await[0].error, openclaw_state::INTERRUPTED);
    account.end().await;
}

/// What another program may do to the state: nothing is noted any more of what was sent.
fn spoil(folder: &Path, is_spoilt: bool) {
    let path = folder.join(openclaw_state::DATABASE_FILE);
    let beside = rusqlite::Connection::open(path).unwrap();
    beside.busy_timeout(Duration::from_secs(5)).unwrap();
    // Nobody is to wait for the disk here.
    beside.pragma_update(None, "synchronous", "OFF").unwrap();
    let sql = match is_spoilt {
        true => {
            "CREATE TRIGGER spoilt BEFORE UPDATE ON outbox WHEN OLD.state = 'sending'
             BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
        }
        false => "DROP TRIGGER spoilt",
    };
    beside.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_is_sick_for_a_while_holds_up_no_conversation_for_good() {
    let home = Home::new(config());
    let folder = home.folder.path().to_owned();
    let mut first = true;
    let script = Script::new(&[], |_, _| Ok(delivering(Vec::new())));
    let script = Arc::new(script.sending(move |_| {
        if std::mem::take(&mut first) {
            spoil(&folder, true);
        }
        Ok(receipt(&["1"]))
    }));
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", "one").await;
    home.put(&running.shared, "b", "two").await;
    wait_until(|| texts(&script).len() == 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(texts(&script), ["[x] one"], "nothing leaves before that is noted");
    spoil(home.folder.path(), false);
    wait_for(async || is_idle(&home).await).await;
    assert_eq!(texts(&script), ["[x] one", "[x] two"]);
    assert!(dead(&home).await.is_empty());
    account.end().await;
}
