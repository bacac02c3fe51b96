//! Connections are kept, nothing waits for anything else, and work grows with what is said.

use std::time::{Duration, Instant};

use openclaw_tests::platforms::openai::{Answer, OpenAi, Reply, Step, sse};
use serde_json::json;

use crate::world::{World, call, config, hear};

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_turn_share_one_connection() {
    let server = OpenAi::start().await;
    let world = World::of(&server).await;
    for _ in 0..40 {
        assert_eq!(world.hear(call("x")).await.error, None);
    }
    // One that does not end its answer at once is not used again, which may happen on a busy machine.
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_its_connection_usable() {
    let server = OpenAi::answering(|_| Reply::status(400)).await;
    let world = World::of(&server).await;
    for _ in 0..5 {
        assert!(world.hear(call("x")).await.error.is_some());
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_elsewhere_in_the_config_leaves_connections_open() {
    let server = OpenAi::start().await;
    let mut config = config(&server, json!({}));
    let mut world = World::new(config.clone()).await;
    world.hear(call("x")).await;
    for n in 0..8 {
        config["agents"] = json!({"defaults": {"model": format!("fake/small{n}")}});
        world.change_only_config(config.clone());
        world.hear(call("x")).await;
    }
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_speak_at_the_same_time() {
    let server = OpenAi::answering(|_| {
        Reply::Answer(Answer {
            text: "one two three four".to_owned(),
            pause: Duration::from_millis(100),
            ..Answer::default()
        })
    })
    .await;
    let world = World::of(&server).await;
    let begun = Instant::now();
    let streams: Vec<_> = (0..200)
        .map(|_| tokio::spawn(hear(world.ask(call("x")))))
        .collect();
    for stream in streams {
        assert_eq!(stream.await.unwrap().error, None);
    }
    // One behind the other they would take 100 s.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_grows_with_what_is_said_and_no_faster() {
    let took = async |pieces: usize| {
        let mut steps: Vec<Step> = (0..pieces)
            .map(|_| {
                sse(
                    &json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "a",
                "function": {"name": "t", "arguments": "0123456789"}}]}}]}),
                )
            })
            .collect();
        steps.push(Step::Raw("data: [DONE]\n\n".into()));
        let server = OpenAi::start().await;
        let world = World::of(&server).await;
        world.hear(call("x")).await;
        server.push(Reply::Steps(steps));
        let begun = Instant::now();
        assert_eq!(world.hear(call("x")).await.error, None);
        begun.elapsed()
    };
    took(500).await;
    let few = took(2_000).await;
    let mut many = took(32_000).await;
    for _ in 0..2 {
        many = many.min(took(32_000).await);
    }
    // 16 times as much; quadratic work would take 256 times as long.
    assert!(many < few * 64 + Duration::from_millis(200), "{few:?} {many:?}");
}
