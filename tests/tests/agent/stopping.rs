//! What runs and what waits is stopped, what was said stays.

use std::time::Duration;

use openclaw_agent::{Acceptance, Body, Status};
use openclaw_state::NewTurn;
use openclaw_tests::platforms::openai::{Answer, Reply};
use serde_json::json;

use crate::world::{PATIENCE, World, from_channel, key, message, told};

fn endless() -> Reply {
    Reply::Answer(Answer {
        text: "word ".repeat(2000),
        pause: Duration::from_millis(10),
        ..Answer::default()
    })
}

/// A world in which `r1` is being answered and `r2` waits.
async fn busy() -> World {
    let world = World::answering(|asked| match asked.last_text() {
        "long" => endless(),
        text => Reply::text(&format!("You said: {text}")),
    })
    .await;
    let mut events = world.it().agent.events();
    world.accept("r1", "main", from_channel("long")).await;
    loop {
        let event = tokio::time::timeout(PATIENCE, events.recv())
            .await
            .unwrap()
            .unwrap();
        if matches!(event.body, Body::Assistant { .. }) {
            break;
        }
    }
    world.accept("r2", "main", from_channel("later")).await;
    world
}

#[tokio::test]
async fn a_stopped_run_keeps_what_it_said_and_what_waited_is_told_its_end() {
    let world = busy().await;
    let mut events = world.it().agent.events();
    let mut stopped = world.it().agent.abort(&key("main"), None).await.unwrap();
    stopped.sort();
    assert_eq!(stopped, ["r1", "r2"]);
    let told = told(&mut events, "r2").await;
    assert_eq!((told.len(), told[0].seq), (1, 1));
    assert_eq!(told[0].data()["aborted"], json!(true));
    let outcome = world.wait("r1").await;
    assert_eq!(outcome.status, Status::Aborted);
    assert!(outcome.text.unwrap().starts_with("word"));
    assert_eq!(world.wait("r2").await.status, Status::Aborted);
    let history = world.it().agent.history(&key("main"), 10).await.unwrap();
    let last = history.messages.last().unwrap();
    assert_eq!(last["stopReason"], json!("aborted"));
    assert_eq!(world.outbox(), []);
    assert_eq!(
        world.say("r3", "main", "next").await.text.as_deref(),
        Some("You said: next")
    );
}

#[tokio::test]
async fn one_that_waits_is_stopped_by_its_id_alone() {
    let world = busy().await;
    let stopped = world.it().agent.abort(&key("main"), Some("r2")).await.unwrap();
    assert_eq!(stopped, ["r2"]);
    assert_eq!(world.wait("r2").await.status, Status::Aborted);
    assert_eq!(
        world.it().agent.running(),
        [("agent:main:main".to_owned(), "r1".to_owned())]
    );
    world.it().agent.abort(&key("main"), Some("r1")).await.unwrap();
    assert_eq!(world.wait("r1").await.status, Status::Aborted);
    assert_eq!(
        world.it().agent.abort(&key("main"), None).await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_word_for_it_stops_at_once_and_is_answered() {
    let world = busy().await;
    let accepted = world.accept("r3", "main", from_channel("Please stop!")).await;
    let Acceptance::Stopped(mut runs) = accepted else {
        panic!("{accepted:?}");
    };
    runs.sort();
    assert_eq!(runs, ["r1", "r2"]);
    assert_eq!(world.wait("r1").await.status, Status::Aborted);
    assert_eq!(
        world.wait("r3").await.text.as_deref(),
        Some("Stopped, with 1 waiting.")
    );
    assert_eq!(
        world.outbox(),
        [("42".to_owned(), "Stopped, with 1 waiting.".to_owned())]
    );
    world.accept("r4", "main", message("/stop")).await;
    assert_eq!(
        world.wait("r4").await.text.as_deref(),
        Some("Nothing was running.")
    );
}

#[tokio::test]
async fn the_word_for_it_overtakes_what_waits_also_when_others_put_it() {
    let world = busy().await;
    let turn = NewTurn {
        run_id: "r3".to_owned(),
        session_key: "agent:main:main".to_owned(),
        agent_id: "main".to_owned(),
        request: json!(from_channel("stop")).to_string(),
        received_ms: 0,
    };
    world
        .it()
        .state
        .write(move |tx| tx.turn_put(&turn))
        .await
        .unwrap();
    world.it().agent.wake();
    assert_eq!(world.wait("r1").await.status, Status::Aborted);
    assert_eq!(world.wait("r2").await.status, Status::Aborted);
    assert_eq!(world.wait("r3").await.status, Status::Ok);
}

#[tokio::test]
async fn somebody_whose_commands_are_not_obeyed_stops_nothing() {
    let world = busy().await;
    let mut request = from_channel("stop");
    let sender = request.sender.as_mut().unwrap();
    (sender.is_owner, sender.may_command) = (false, false);
    assert_eq!(world.accept("r3", "main", request).await, Acceptance::Started);
    assert_eq!(world.it().agent.running().len(), 1);
    world.it().agent.abort(&key("main"), None).await.unwrap();
    assert_eq!(world.wait("r3").await.status, Status::Aborted);
}
