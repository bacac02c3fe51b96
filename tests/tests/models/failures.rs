//! Whatever a provider does, a call ends, with one error that says what it was.

use std::time::{Duration, Instant};

use openclaw_models::{Class, MAX_LINE, Piece};
use openclaw_tests::platforms::openai::{Answer, Failure, OpenAi, Reply, Step, sse};
use serde_json::json;
use tokio::time::sleep;

use crate::world::{World, call, config, hasty};

fn said(text: &str) -> Step {
    sse(&json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

/// A server that fails in this way every time.
async fn failing(reply: Reply) -> OpenAi {
    OpenAi::answering(move |_| reply.clone()).await
}

async fn class_of(reply: Reply) -> (Class, usize) {
    let server = failing(reply).await;
    let heard = World::of(&server).await.hear(call("x")).await;
    assert!(heard.pieces.is_empty() && !heard.error().streamed(), "{heard:?}");
    (heard.error().class(), server.asked().len())
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times() {
    for (reply, class) in [
        (Reply::status(429), Class::RateLimited { retry_after: None }),
        (Reply::status(500), Class::Overloaded),
        (Reply::status(503), Class::Overloaded),
        (Reply::Cut, Class::Connection),
        (Reply::Steps(vec![Step::Cut]), Class::Connection),
        (Reply::Steps(vec![]), Class::Connection),
        (
            Reply::Steps(vec![Step::Raw("data: [DONE]\n\n".into())]),
            Class::Unknown,
        ),
        (
            Reply::Steps(vec![Step::Raw("data: {\"choices\": [\n\n".into())]),
            Class::Unknown,
        ),
        (
            Reply::Steps(vec![Step::Raw("data: \u{0}\u{1}\n\n".into())]),
            Class::Unknown,
        ),
        (
            Reply::Steps(vec![Step::Raw(b"data: \xff\xfe\n\n".as_slice().into())]),
            Class::Unknown,
        ),
        (
            Reply::Steps(vec![sse(
                &json!({"error": {"message": "Overloaded", "code": 529}}),
            )]),
            Class::Overloaded,
        ),
    ] {
        let name = format!("{reply:?}");
        assert_eq!(class_of(reply).await, (class, 3), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_pass_is_tried_once() {
    let failure = |status, code: &'static str| Reply::Failure(Failure::new(status, "x", "No.").code(code));
    let html = || Reply::Other(http::StatusCode::OK, "text/html".to_owned(), "<html>".to_owned());
    for (reply, class) in [
        (failure(401, "invalid_api_key"), Class::Auth),
        (failure(403, ""), Class::Auth),
        (failure(402, ""), Class::Billing),
        (failure(429, "insufficient_quota"), Class::Billing),
        (failure(404, "model_not_found"), Class::NotFound),
        (failure(400, "context_length_exceeded"), Class::ContextLength),
        (failure(400, ""), Class::BadRequest),
        (html(), Class::BadRequest),
        (
            Reply::Answer(Answer {
                finish: Some("content_filter"),
                ..Answer::default()
            }),
            Class::Refusal,
        ),
    ] {
        let name = format!("{reply:?}");
        assert_eq!(class_of(reply).await, (class, 1), "{name}");
    }
}

#[tokio::test]
async fn an_answer_after_a_failure_is_an_answer() {
    let server = OpenAi::start().await;
    for reply in [Reply::status(503), Reply::Cut, Reply::text("at last")] {
        server.push(reply);
    }
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!((heard.text().as_str(), &heard.error), ("at last", &None));
}

#[tokio::test]
async fn nothing_is_tried_again_once_something_was_said() {
    for step in [
        Step::Cut,
        Step::Raw("data: nonsense\n\n".into()),
        sse(&json!({"error": {"message": "Overloaded"}})),
    ] {
        let server = failing(Reply::Steps(vec![said("Half an "), step])).await;
        let heard = World::of(&server).await.hear(call("x")).await;
        assert_eq!(heard.text(), "Half an ");
        assert!(heard.error().streamed(), "{heard:?}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_ends_without_its_end_is_no_answer() {
    let server = failing(Reply::Steps(vec![said("Half an ")])).await;
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!(heard.error().class(), Class::Connection);
    assert!(!heard.pieces.iter().any(|piece| matches!(piece, Piece::Stop(_))));
}

#[tokio::test]
async fn an_answer_is_complete_although_its_connection_breaks_behind_it() {
    let end = sse(&json!({"choices": [{"index": 0, "delta": {"content": "all"}, "finish_reason": "stop"}]}));
    let server = failing(Reply::Steps(vec![end, Step::Cut])).await;
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!((heard.text().as_str(), heard.error), ("all", None));
}

#[tokio::test]
async fn what_a_provider_asks_to_wait_is_waited() {
    let server = OpenAi::start().await;
    let limited = Failure::new(429, "requests", "Slow down.").header("retry-after-ms", "300");
    server.push(Reply::Failure(limited));
    let begun = Instant::now();
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!(heard.error, None);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_told_and_not_waited() {
    let limited = Failure::new(429, "requests", "Slow down.").header("retry-after", "3600");
    let server = failing(Reply::Failure(limited)).await;
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!(heard.error().retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_provider_that_falls_silent_is_given_up() {
    let begun = Instant::now();
    let drip = |count| {
        let drops = (0..count).flat_map(|_| [Step::Pause(Duration::from_millis(300)), Step::Raw("x".into())]);
        Reply::Steps(drops.collect())
    };
    for (reply, before) in [
        (Reply::Silence, ""),
        (Reply::Steps(vec![Step::Hang]), ""),
        (Reply::Steps(vec![said("so"), Step::Hang]), "so"),
        // Bytes that make no line are no sign of life.
        (drip(60), ""),
    ] {
        let server = failing(reply).await;
        let patient = config(&server, json!({"timeoutSeconds": 1}));
        let mut world = World::new(patient).await;
        world.models = world.models.with_patience(openclaw_models::Patience {
            attempts: 1,
            ..hasty()
        });
        let heard = world.hear(call("x")).await;
        assert_eq!(
            (heard.text().as_str(), heard.error().class()),
            (before, Class::Timeout)
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_provider_that_says_it_is_alive_is_waited_for() {
    let server = OpenAi::start().await;
    let mut steps = Vec::new();
    // Longer in all than the limit, and each time far below it.
    for _ in 0..17 {
        steps.push(Step::Pause(Duration::from_millis(300)));
        steps.push(Step::Raw(": working on it\n\n".into()));
    }
    steps.push(said("done"));
    steps.push(Step::Raw("data: [DONE]\n\n".into()));
    server.push(Reply::Steps(steps));
    let world = World::new(config(&server, json!({"timeoutSeconds": 4}))).await;
    let heard = world.hear(call("x")).await;
    assert_eq!((heard.text().as_str(), heard.error), ("done", None));
}

#[tokio::test]
async fn a_line_without_end_is_refused() {
    let piece = || Step::Raw(vec![b'x'; 1 << 20].into());
    let steps = (0..=MAX_LINE >> 20).map(|_| piece()).chain([Step::Hang]);
    let server = failing(Reply::Steps(steps.collect())).await;
    let mut world = World::of(&server).await;
    world.models = world.models.with_patience(openclaw_models::Patience {
        attempts: 1,
        ..hasty()
    });
    let heard = world.hear(call("x")).await;
    assert!(heard.error().to_string().contains("8 MiB"), "{heard:?}");
}

#[tokio::test]
async fn an_event_of_lines_without_end_is_refused() {
    let line = format!("data: {}\n", "x".repeat(1 << 20));
    let steps = (0..=MAX_LINE >> 20)
        .map(|_| Step::Raw(line.clone().into()))
        .chain([Step::Hang]);
    let server = failing(Reply::Steps(steps.collect())).await;
    let mut world = World::of(&server).await;
    world.models = world.models.with_patience(openclaw_models::Patience {
        attempts: 1,
        ..hasty()
    });
    let heard = world.hear(call("x")).await;
    assert!(heard.error().to_string().contains("8 MiB"), "{heard:?}");
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_its_connection() {
    let server = OpenAi::start().await;
    server.push(Reply::Steps(vec![said("so"), Step::Hang]));
    let world = World::of(&server).await;
    let mut stream = world.ask(call("x"));
    stream.next().await.unwrap().unwrap();
    assert_eq!(server.given_up(), 0);
    drop(stream);
    for _ in 0..200 {
        if server.given_up() == 1 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the connection is still open");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told_so() {
    let server = OpenAi::start().await;
    let world = World::of(&server).await;
    let address = server.address();
    drop(server);
    let heard = world.hear(call("x")).await;
    assert_eq!(heard.error().class(), Class::Connection);
    assert!(
        heard.error().to_string().contains(&address.ip().to_string()),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = OpenAi::start().await;
    let elsewhere = format!("{}/chat/completions", other.base_url());
    for to in [elsewhere.as_str(), "/v1/chat/completions"] {
        let failure = Failure::new(307, "x", "Elsewhere.").header("location", to);
        let server = failing(Reply::Failure(failure)).await;
        let heard = World::of(&server).await.hear(call("x")).await;
        assert_eq!(heard.error().class(), Class::BadRequest);
        assert!(heard.error().to_string().contains("307"), "{heard:?}");
        assert_eq!(server.asked().len(), 1);
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_tool_that_no_server_takes_is_refused_before_anything_leaves() {
    let server = OpenAi::start().await;
    let world = World::of(&server).await;
    let mut asked = call("x");
    asked.tools = vec![crate::world::tool("a tool")];
    let error = world.models.stream(&world.model(), asked).unwrap_err();
    assert_eq!(error.class(), Class::BadRequest);
    assert!(server.asked().is_empty());
}
