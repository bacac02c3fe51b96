//! A model that goes round in circles is told so, then stopped, and a turn that makes progress is not.

use openclaw_agent::Status;
use openclaw_tests::platforms::openai::{Failure, OpenAi, Reply};
use serde_json::{Value, json};

use crate::world::{World, kind};

fn on() -> Value {
    json!({"tools": {"loopDetection": {"enabled": true}}})
}

#[tokio::test]
async fn a_model_that_only_repeats_itself_is_warned_stopped_once_and_then_ended() {
    let server = OpenAi::answering(|_| Reply::call("c", "ls", &json!({}))).await;
    let world = World::with(server, on()).await;
    let outcome = world.say("r1", "main", "go").await;
    assert_eq!((outcome.status, kind(&outcome)), (Status::Error, "tool_loop"));
    let asked = world.server.asked();
    assert_eq!(asked.len(), 22);
    let warned = |at: usize| asked[at].last_text().contains("[Going in circles: ls was called");
    assert!(!warned(10) && warned(11) && warned(20));
    // The first time nothing is called, and the model may say one thing more.
    assert!(
        asked[21]
            .last_text()
            .starts_with("It was not called, because ls was called 20 times"),
        "{}",
        asked[21].last_text()
    );
    let text = outcome.error.unwrap().message;
    assert!(text.contains("tools.loopDetection.enabled"), "{text}");
}

#[tokio::test]
async fn whoever_heeds_the_stop_answers() {
    let server = OpenAi::answering(|asked| match asked.last_text().starts_with("It was not called") {
        true => Reply::text("I cannot find it."),
        false => Reply::call("c", "ls", &json!({})),
    })
    .await;
    let world = World::with(server, on()).await;
    let outcome = world.say("r1", "main", "go").await;
    assert_eq!(
        (outcome.status, outcome.text.as_deref()),
        (Status::Ok, Some("I cannot find it."))
    );
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_not_asked_for_for_ever() {
    let server = OpenAi::answering(|asked| {
        let round = asked.body["messages"].as_array().unwrap().len();
        Reply::call("c", "teleport", &json!({ "to": round }))
    })
    .await;
    let world = World::with(server, on()).await;
    let outcome = world.say("r1", "main", "go").await;
    assert_eq!(kind(&outcome), "tool_loop");
    assert_eq!(world.server.asked().len(), 12);
}

#[tokio::test]
async fn calls_that_bring_something_new_go_on() {
    let server = OpenAi::answering(|asked| {
        let round = asked.body["messages"].as_array().unwrap().len();
        match round > 80 {
            true => Reply::text("Done."),
            false => Reply::call(
                "c",
                "write",
                &json!({"path": format!("{round}.txt"), "content": "x"}),
            ),
        }
    })
    .await;
    let world = World::with(server, on()).await;
    assert_eq!(world.say("r1", "main", "go").await.text.as_deref(), Some("Done."));
}

#[tokio::test]
async fn the_same_call_over_and_over_after_a_conversation_was_cut_down_ends_the_turn() {
    for (config, asked) in [
        (json!({}), 4),
        (json!({"tools": {"loopDetection": {"enabled": false}}}), 101),
    ] {
        let server = OpenAi::answering(|_| Reply::call("c", "ls", &json!({}))).await;
        let world = World::with(server, config).await;
        let failure = Failure::new(400, "invalid_request_error", "too long").code("context_length_exceeded");
        world.server.push(Reply::Failure(failure));
        let outcome = world.say("r1", "main", "go").await;
        let expected = if asked == 4 {
            "compaction_loop_persisted"
        } else {
            "rounds"
        };
        assert_eq!((kind(&outcome), world.server.asked().len()), (expected, asked));
    }
}
