//! Chat commands are answered by the gateway, without a model.

use openclaw_agent::Status;
use openclaw_tests::platforms::openai::OpenAi;
use serde_json::Map;

use crate::world::{World, from_channel, key};

#[tokio::test]
async fn commands_are_answered_without_a_model_and_no_model_reads_them_later() {
    let world = World::new().await;
    for (run, order, part) in [
        ("r1", "/help", "/status - "),
        ("r2", "/status", "Model: fake/small"),
        ("r3", "/whoami", "on one of the gateway's own clients"),
    ] {
        let outcome = world.say(run, "main", order).await;
        assert!(
            outcome.is_command && outcome.text.unwrap().contains(part),
            "{order}"
        );
    }
    assert_eq!(world.server.asked().len(), 0);
    assert_eq!(world.talk("main").await.len(), 6);
    world.say("r4", "main", "hello").await;
    assert_eq!(
        world.server.asked()[0].body["messages"].as_array().unwrap().len(),
        2
    );
    world.accept("r5", "main", from_channel("/whoami")).await;
    let text = world.wait("r5").await.text.unwrap();
    assert!(text.contains("Sender: 42 (Ann)"), "{text}");
    assert_eq!(world.outbox(), [("42".to_owned(), text)]);
}

#[tokio::test]
async fn a_reset_begins_a_new_conversation_and_the_old_one_stays() {
    let world = World::new().await;
    world.say("r1", "main", "one").await;
    let before = world.it().agent.session(&key("main")).await.unwrap().unwrap();
    let outcome = world.say("r2", "main", "/new").await;
    assert_eq!(outcome.status, Status::Ok);
    let after = world.it().agent.session(&key("main")).await.unwrap().unwrap();
    assert_ne!(before.session_id, after.session_id);
    assert_eq!(world.talk("main").await, []);
    let old = before.session_id.clone();
    let kept = world
        .it()
        .state
        .read(move |view| view.transcript_tail(&old, 10, 10_000))
        .await;
    assert_eq!(kept.unwrap().len(), 2);
    // What follows the command is the first message.
    assert_eq!(
        world.say("r3", "main", "/reset two").await.text.as_deref(),
        Some("You said: two")
    );
    let asked = world.server.asked();
    assert_eq!(asked[1].body["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_session_begins_afresh_after_the_silence_that_the_config_names() {
    let reset = serde_json::json!({"session": {"reset": {"idleMinutes": 5}}});
    let world = World::with(OpenAi::start().await, reset).await;
    world.say("r1", "main", "one").await;
    world.say("r2", "main", "two").await;
    let old = world.it().agent.session(&key("main")).await.unwrap().unwrap();
    let long_ago = openclaw_state::Session {
        last_interaction_ms: old.last_interaction_ms - 6 * 60_000,
        ..old.clone()
    };
    world
        .it()
        .state
        .write(move |tx| tx.session_put(&long_ago))
        .await
        .unwrap();
    world.say("r3", "main", "three").await;
    let new = world.it().agent.session(&key("main")).await.unwrap().unwrap();
    assert_ne!(old.session_id, new.session_id);
    let asked = world.server.asked();
    let told = |at: usize| asked[at].body["messages"].as_array().unwrap().len();
    assert_eq!((told(1), told(2)), (4, 2));
}

#[tokio::test]
async fn clients_change_reset_and_delete_sessions_and_the_main_one_is_not_deleted() {
    let world = World::new().await;
    let agent = &world.it().agent;
    world.say("r1", "notes", "one").await;
    let fields = Map::from_iter([("label".to_owned(), "Notes".into())]);
    let patched = agent.patch(&key("notes"), fields).await.unwrap();
    assert!(patched.entry.contains(r#""label":"Notes""#));
    agent.inject(&key("notes"), "a note").await.unwrap();
    assert_eq!(world.talk("notes").await.len(), 3);
    let reset = agent.reset(&key("notes")).await.unwrap();
    assert!(reset.entry.contains("Notes") && reset.session_id != patched.session_id);
    assert!(agent.delete(&key("notes"), true).await.unwrap());
    assert_eq!(agent.session(&key("notes")).await.unwrap(), None);
    world.say("r2", "main", "two").await;
    agent.delete(&key("main"), true).await.unwrap_err();
    agent.inject(&key("nobody"), "x").await.unwrap_err();
}
