//! A turn is accepted once, told in order, answered and kept.

use std::time::Duration;

use openclaw_agent::{Acceptance, Body, Status};
use openclaw_state::{NewTurn, Put};
use openclaw_tests::platforms::openai::{Answer, Failure, OpenAi, Reply};
use serde_json::{Value, json};

use crate::world::{World, from_channel, key, message, told};

fn slow(text: &str, pause: u64) -> Reply {
    Reply::Answer(Answer {
        text: text.to_owned(),
        pause: Duration::from_millis(pause),
        ..Answer::default()
    })
}

#[tokio::test]
async fn a_turn_is_answered_told_without_a_gap_and_kept() {
    let world = World::new().await;
    let mut events = world.it().agent.events();
    let accepted = world.accept("r1", "main", from_channel("hello")).await;
    assert_eq!(accepted, Acceptance::Started);
    let told = told(&mut events, "r1").await;
    let numbers: Vec<_> = told.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>());
    let streams: Vec<_> = told.iter().map(|event| event.stream()).collect();
    assert_eq!((streams[0], streams[1]), ("lifecycle", "lifecycle"));
    let Body::Assistant { text, .. } = &told[told.len() - 3].body else {
        panic!("{told:?}");
    };
    assert_eq!(text, "You said: hello");
    let deltas = told.iter().filter_map(|event| match &event.body {
        Body::Assistant { delta, .. } => Some(delta.as_str()),
        _ => None,
    });
    assert_eq!(deltas.collect::<String>(), "You said: hello");
    // What is told is kept by then.
    assert_eq!(world.outbox(), [("42".to_owned(), "You said: hello".to_owned())]);
    let data = told.last().unwrap().payload();
    assert_eq!(data["data"]["phase"], json!("end"));
    assert_eq!(data["data"]["terminalReply"]["text"], json!("You said: hello"));
    let talk = world.talk("main").await;
    assert_eq!(
        talk,
        [
            ("user".to_owned(), "hello".to_owned()),
            ("assistant".to_owned(), "You said: hello".to_owned())
        ]
    );
    let session = world.it().agent.session(&key("main")).await.unwrap().unwrap();
    let entry: Value = serde_json::from_str(&session.entry).unwrap();
    assert_eq!(
        (&entry["lastChannel"], &entry["model"]),
        (&json!("telegram"), &json!("small"))
    );
    assert!(entry["totalTokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_repeat_neither_runs_nor_answers_twice_also_after_a_restart() {
    let mut world = World::answering(|_| slow("done", 20)).await;
    assert_eq!(
        world.accept("r1", "main", from_channel("hello")).await,
        Acceptance::Started
    );
    assert_eq!(
        world.accept("r1", "main", from_channel("hello")).await,
        Acceptance::InFlight
    );
    let outcome = world.wait("r1").await;
    for _ in 0..2 {
        let repeated = world.accept("r1", "main", from_channel("hello")).await;
        assert_eq!(repeated, Acceptance::Finished(Box::new(outcome.clone())));
        world.stop().await;
        world.start().await;
    }
    assert_eq!((world.server.asked().len(), world.outbox().len()), (1, 1));
}

#[tokio::test]
async fn messages_of_a_session_are_answered_one_by_one_in_their_order_and_sessions_side_by_side() {
    let world = World::answering(|_| slow("ok", 5)).await;
    for n in 0..6 {
        let session = if n % 2 == 0 { "a" } else { "b" };
        world
            .accept(&format!("r{n}"), session, message(&format!("m{n}")))
            .await;
    }
    for n in 0..6 {
        world.wait(&format!("r{n}")).await;
    }
    for (session, wanted) in [("a", ["m0", "m2", "m4"]), ("b", ["m1", "m3", "m5"])] {
        let talk = world.talk(session).await;
        let roles: Vec<_> = talk.iter().map(|(role, _)| role.as_str()).collect();
        assert_eq!(
            roles,
            ["user", "assistant", "user", "assistant", "user", "assistant"]
        );
        let said: Vec<_> = talk.iter().step_by(2).map(|(_, text)| text.as_str()).collect();
        assert_eq!(said, wanted);
    }
}

#[tokio::test]
async fn the_model_is_told_what_was_said_before() {
    let world = World::new().await;
    world.say("r1", "main", "one").await;
    world.say("r2", "main", "two").await;
    let asked = world.server.asked();
    let messages = asked[1].body["messages"].as_array().unwrap();
    let said: Vec<_> = messages[1..]
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["one", "You said: one", "two"]);
    let system = messages[0]["content"].as_str().unwrap();
    assert!(system.contains("### AGENTS.md\n# How to work here"), "{system}");
    assert!(world.workspace().join("SOUL.md").is_file());
}

#[tokio::test]
async fn no_more_turns_run_at_once_than_the_config_says() {
    // Turns that end only when they are told to.
    let server = OpenAi::answering(|_| Reply::Silence).await;
    let world = World::with(server, json!({"agents": {"defaults": {"maxConcurrent": 2}}})).await;
    for n in 0..5 {
        world
            .accept(&format!("r{n}"), &format!("s{n}"), message(&format!("s{n}")))
            .await;
    }
    let stop = async |session: &str| world.it().agent.abort(&key(session), None).await.unwrap();
    for begun in 2..=5 {
        let asked = world.asked(begun).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(world.server.asked().len(), begun);
        // Where one ends, the next one has its place.
        stop(asked[begun - 2].last_text()).await;
    }
    stop(world.server.asked()[4].last_text()).await;
    for n in 0..5 {
        world.wait(&format!("r{n}")).await;
    }
}

#[tokio::test]
async fn turns_that_others_put_are_run_when_they_say_so() {
    let world = World::new().await;
    let turn = NewTurn {
        run_id: "r1".to_owned(),
        session_key: "agent:main:main".to_owned(),
        agent_id: "main".to_owned(),
        request: json!(from_channel("hello")).to_string(),
        received_ms: 0,
    };
    let put = world
        .it()
        .state
        .write(move |tx| tx.turn_put(&turn))
        .await
        .unwrap();
    assert_eq!(put, Put::Fresh);
    world.it().agent.wake();
    assert_eq!(world.wait("r1").await.text.as_deref(), Some("You said: hello"));
}

#[tokio::test]
async fn a_failure_of_the_model_is_answered_and_the_next_message_works() {
    let world = World::new().await;
    let refusal = Failure::new(400, "invalid_request_error", "this cannot be");
    world.server.push(Reply::Failure(refusal));
    world.accept("r1", "main", from_channel("hello")).await;
    let outcome = world.wait("r1").await;
    assert_eq!(outcome.status, Status::Error);
    let fault = outcome.error.unwrap();
    assert_eq!(fault.kind, "bad_request");
    let left = world.outbox();
    assert!(
        left[0].1.starts_with("⚠️ ") && left[0].1.contains("this cannot be"),
        "{left:?}"
    );
    assert_eq!(world.say("r2", "main", "again").await.status, Status::Ok);
    // An empty answer is no answer.
    world.server.push(Reply::text(""));
    let empty = world.say("r3", "main", "hello?").await;
    assert_eq!(empty.error.unwrap().kind, "empty");
}

#[tokio::test]
async fn a_reply_that_asks_for_silence_is_neither_told_nor_sent_nor_shown() {
    let world = World::new().await;
    let mut events = world.it().agent.events();
    world.server.push(Reply::text("NO_REPLY"));
    world.accept("r1", "main", from_channel("hello")).await;
    let told = told(&mut events, "r1").await;
    assert!(told.iter().all(|event| event.stream() != "assistant"), "{told:?}");
    let outcome = world.wait("r1").await;
    assert_eq!((outcome.status, outcome.text), (Status::Ok, None));
    assert_eq!(world.outbox(), []);
    assert_eq!(world.talk("main").await.len(), 1);
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_tried_again_without_its_oldest_turns() {
    let world = World::new().await;
    for n in 0..6 {
        let text = format!("m{n} {}", "word ".repeat(600));
        world.say(&format!("r{n}"), "main", &text).await;
    }
    let before = world.server.asked().len();
    let failure = Failure::new(
        400,
        "invalid_request_error",
        "This model's maximum context length is 100 tokens.",
    );
    world
        .server
        .push(Reply::Failure(failure.code("context_length_exceeded")));
    let outcome = world.say("r9", "main", "last").await;
    assert_eq!(outcome.status, Status::Ok);
    let asked = world.server.asked();
    let count = |at: usize| asked[at].body["messages"].as_array().unwrap().len();
    assert!(
        count(before + 1) < count(before),
        "{} {}",
        count(before + 1),
        count(before)
    );
    assert_eq!(asked[before + 1].last_text(), "last");
}

#[tokio::test]
async fn a_turn_ends_when_its_time_is_over() {
    let world = World::answering(|_| Reply::Silence).await;
    let mut request = from_channel("hello");
    request.timeout_ms = Some(50);
    world.accept("r1", "main", request).await;
    assert_eq!(world.wait("r1").await.error.unwrap().kind, "timeout");
    assert_eq!(world.outbox().len(), 1);
}

#[tokio::test]
async fn a_conversation_is_exported_line_by_line_in_openclaws_shape() {
    let world = World::new().await;
    world.say("r1", "main", "hello").await;
    let text = world.it().agent.export(&key("main")).await.unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["type"], &lines[0]["version"]),
        (&json!("session"), &json!(3))
    );
    assert_eq!((lines.len(), &lines[1]["parentId"]), (3, &Value::Null));
    assert_eq!(lines[2]["parentId"], lines[1]["id"]);
    assert_eq!(lines[2]["message"]["stopReason"], json!("stop"));
}
