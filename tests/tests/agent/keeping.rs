//! What the state refuses costs at most the answer, and never the session.

use std::time::Duration;

use openclaw_agent::Status;
use openclaw_tests::platforms::openai::{Answer, Reply};
use serde_json::json;

use crate::world::{World, from_channel, key, kind, put};

#[tokio::test]
async fn that_somebody_stopped_a_run_is_kept_before_they_are_told() {
    for is_order in [false, true] {
        let world = World::answering(|_| Reply::Silence).await;
        world.accept("r1", "main", from_channel("hello")).await;
        world.asked(1).await;
        // The run cannot end, as if the process were killed before it does.
        world.tamper(
            "CREATE TRIGGER endless BEFORE UPDATE OF ended_ms ON turns WHEN NEW.run_id = 'r1'
             BEGIN SELECT RAISE(ABORT, 'not now'); END;",
        );
        match is_order {
            true => drop(world.accept("r2", "main", from_channel("stop")).await),
            false => drop(world.it().agent.abort(&key("main"), None).await.unwrap()),
        }
        let turn = world
            .it()
            .state
            .read(|view| view.turn("r1"))
            .await
            .unwrap()
            .unwrap();
        assert!(
            turn.is_stop_asked && !turn.state.is_ended(),
            "{is_order}: {turn:?}"
        );
        world.tamper("DROP TRIGGER endless;");
        // How it ends depends on which of the tries at it was the first that the state took.
        assert_ne!(world.wait("r1").await.status, Status::Ok);
    }
}

#[tokio::test]
async fn those_who_wait_are_told_of_a_turn_that_others_put_and_that_cannot_be_read() {
    let world = World::new().await;
    let waiting = world.wait("r1");
    let spoiled = async {
        // Whoever waits does so by now.
        tokio::time::sleep(Duration::from_millis(50)).await;
        put(&world.it().state, "r1", json!({"message": 7}).to_string()).await;
        world.it().agent.wake();
    };
    let (outcome, ()) = tokio::join!(waiting, spoiled);
    assert_eq!(kind(&outcome), "unreadable");
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_an_error_that_is_told_and_the_session_goes_on() {
    let world = World::new().await;
    world.say("r0", "main", "first").await;
    world.tamper(
        "CREATE TRIGGER picky BEFORE INSERT ON transcript WHEN NEW.body LIKE '%You said: unlucky%'
         BEGIN SELECT RAISE(ABORT, 'not this'); END;",
    );
    world.accept("r1", "main", from_channel("unlucky")).await;
    let outcome = world.wait("r1").await;
    assert_eq!((outcome.status, kind(&outcome)), (Status::Error, "internal"));
    let left = world.outbox();
    assert!(left[0].1.contains("could not be kept"), "{left:?}");
    assert_eq!(world.say("r2", "main", "next").await.status, Status::Ok);
}

#[tokio::test]
async fn a_turn_ends_and_the_next_begins_also_if_nothing_can_be_told_and_if_the_next_one_cannot_begin_at_first()
 {
    let world = World::answering(|asked| match asked.last_text() {
        "slow" => Reply::Answer(Answer {
            text: "word ".repeat(20),
            pause: Duration::from_millis(10),
            ..Answer::default()
        }),
        text => Reply::text(&format!("You said: {text}")),
    })
    .await;
    world.tamper(
        "CREATE TRIGGER mute BEFORE INSERT ON outbox WHEN NEW.run_id = 'r1'
         BEGIN SELECT RAISE(ABORT, 'not this'); END;
         CREATE TRIGGER late BEFORE UPDATE OF started_ms ON turns WHEN NEW.run_id = 'r2'
         BEGIN SELECT RAISE(ABORT, 'not yet'); END;",
    );
    world.accept("r1", "main", from_channel("slow")).await;
    world.accept("r2", "main", from_channel("next")).await;
    let outcome = world.wait("r1").await;
    assert_eq!((outcome.status, kind(&outcome)), (Status::Error, "internal"));
    world.tamper("DROP TRIGGER late;");
    assert_eq!(world.wait("r2").await.status, Status::Ok);
    assert_eq!(world.outbox(), [("42".to_owned(), "You said: next".to_owned())]);
}

#[tokio::test]
async fn an_answer_is_kept_whole_when_the_state_refused_it_only_for_a_moment() {
    let world = World::new().await;
    world.tamper("ALTER TABLE outbox RENAME TO away;");
    world.accept("r1", "main", from_channel("hello")).await;
    world.asked(1).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    world.tamper("ALTER TABLE away RENAME TO outbox;");
    assert_eq!(world.wait("r1").await.text.as_deref(), Some("You said: hello"));
    assert_eq!(world.outbox(), [("42".to_owned(), "You said: hello".to_owned())]);
}
