//! Keys reach their provider and nobody else.

use std::os::unix::fs::PermissionsExt as _;

use openclaw_models::{Class, Content, Message};
use openclaw_tests::platforms::openai::{Failure, OpenAi, Reply, Settings};
use serde_json::json;

use crate::world::{World, call, config, hear};

const KEY: &str = "sk-test-4f9a1c77e2b84d0e";

async fn locked(reply: impl Fn() -> Reply + Send + Sync + 'static) -> OpenAi {
    OpenAi::with(Settings {
        key: Some(KEY.to_owned()),
        otherwise: Box::new(move |_| reply()),
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn a_key_is_sent_however_the_config_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    std::fs::write(&file, json!({"models": {"key": KEY}}).to_string()).unwrap();
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&file, mode).unwrap();
    let kept = json!({"source": "file", "provider": "vault", "id": "/models/key"});
    for key in [json!(KEY), json!("${FAKE_KEY}"), json!("$FAKE_KEY"), kept] {
        let server = locked(|| Reply::text("hello")).await;
        let mut config = config(&server, json!({"apiKey": key}));
        config["secrets"] = json!({"providers": {"vault": {"source": "file", "path": file, "mode": "json"}}});
        let world = World::with_env(config, &[("FAKE_KEY", KEY)]).await;
        let heard = world.hear(call("x")).await;
        assert_eq!((heard.text().as_str(), &heard.error), ("hello", &None), "{key}");
    }
}

#[tokio::test]
async fn a_key_may_stand_in_a_header_of_its_own() {
    let server = OpenAi::start().await;
    let auth = json!({"mode": "header", "headerName": "X-Key", "value": "${FAKE_KEY}", "prefix": "Token "});
    let more = json!({"apiKey": "another-key-that-stays", "request": {"auth": auth},
        "headers": {"X-Api-Key": "${FAKE_KEY}"}});
    let world = World::with_env(config(&server, more), &[("FAKE_KEY", KEY)]).await;
    assert_eq!(world.hear(call("x")).await.error, None);
    let sent = server.asked().remove(0);
    assert_eq!(sent.header("x-key"), Some(format!("Token {KEY}").as_str()));
    assert_eq!(sent.header("x-api-key"), Some(KEY));
    assert_eq!(sent.header("authorization"), None);
}

#[tokio::test]
async fn a_key_that_changes_is_used_from_the_next_call_on() {
    let server = locked(|| Reply::text("hello")).await;
    let mut world = World::new(config(&server, json!({"apiKey": "sk-a-wrong-key"}))).await;
    assert_eq!(world.hear(call("x")).await.error().class(), Class::Auth);
    world.change(config(&server, json!({"apiKey": KEY}))).await;
    assert_eq!(world.hear(call("x")).await.error, None);
}

#[tokio::test]
async fn a_key_that_is_missing_is_an_error_and_not_a_request() {
    let server = OpenAi::start().await;
    let world = World::new(config(&server, json!({"apiKey": "${NOWHERE_KEY}"}))).await;
    let error = world.models.resolve(Some("fake/small")).unwrap_err();
    assert_eq!(error.class(), Class::Auth);
    assert!(error.to_string().contains("fake"), "{error}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn no_error_and_no_answer_holds_the_key() {
    let echo = || Failure::new(400, "x", &format!("The key {KEY} is odd.")).param(KEY);
    let scenes: [fn() -> Reply; 4] = [
        || {
            Reply::Failure(Failure::new(
                401,
                "x",
                &format!("Incorrect API key provided: {KEY}"),
            ))
        },
        || Reply::Other(http::StatusCode::OK, format!("text/{KEY}"), String::new()),
        || Reply::text(&format!("your key is {KEY} is it not")),
        || {
            Reply::Steps(vec![openclaw_tests::platforms::openai::sse(
                &json!({"error": KEY}),
            )])
        },
    ];
    let mut replies: Vec<Reply> = scenes.iter().map(|scene| scene()).collect();
    replies.push(Reply::Failure(echo()));
    for reply in replies {
        let name = format!("{reply:?}");
        let server = locked(move || reply.clone()).await;
        let world = World::new(config(&server, json!({"apiKey": KEY}))).await;
        let heard = world.hear(call("x")).await;
        let shown = format!(
            "{heard:?} {}",
            heard.error.as_ref().map(ToString::to_string).unwrap_or_default()
        );
        assert!(!shown.contains("4f9a1c77"), "{name}: {shown}");
        let lines = world.lines.0.lock().unwrap();
        assert!(
            !lines.is_empty() && !format!("{lines:?}").contains("4f9a1c77"),
            "{name}"
        );
        let model = world.model();
        assert!(!format!("{model:?}").contains("4f9a1c77"));
    }
}

#[tokio::test]
async fn plain_headers_do_not_hide_words_of_answers() {
    let server = OpenAi::start().await;
    server.push(Reply::text("You run OpenClaw at home."));
    let world = World::new(config(&server, json!({"headers": {"X-Title": "OpenClaw"}}))).await;
    assert_eq!(world.hear(call("x")).await.text(), "You run OpenClaw at home.");
    assert_eq!(server.asked().remove(0).header("x-title"), Some("OpenClaw"));
}

#[tokio::test]
async fn a_key_of_the_environment_is_for_the_provider_that_it_is_named_for() {
    let server = locked(|| Reply::text("hello")).await;
    let provider = |name: &str| json!({"models": {"providers": {name: {"baseUrl": server.base_url()}}}});
    let ask = async |name: &str| {
        let world = World::with_env(provider(name), &[("OPENAI_API_KEY", KEY)]).await;
        let model = world.models.resolve(Some(&format!("{name}/small"))).unwrap();
        hear(world.models.stream(&model, call("x")).unwrap()).await.error
    };
    assert_eq!(ask("openai").await, None);
    assert_eq!(ask("fake").await.unwrap().class(), Class::Auth);
    let world = World::new(json!({})).await;
    let error = world.models.resolve(Some("openai/gpt-5")).unwrap_err();
    assert!(error.to_string().contains("OPENAI_API_KEY"), "{error}");
}

#[tokio::test]
async fn a_conversation_that_quotes_a_placeholder_is_sent_as_it_is() {
    let server = OpenAi::start().await;
    let world = World::new(config(&server, json!({"apiKey": KEY}))).await;
    let quoted = format!("ocsecret_{}", "a".repeat(40));
    assert_eq!(world.hear(call(&quoted)).await.error, None);
    assert_eq!(server.asked().remove(0).last_text(), quoted);
}

#[tokio::test]
async fn every_call_leaves_a_line_that_names_its_provider() {
    let server = OpenAi::start().await;
    let world = World::of(&server).await;
    world.hear(call("x")).await;
    let lines = world.lines.0.lock().unwrap();
    let line = lines.first().unwrap();
    assert_eq!(
        (&*line.extension, line.path.as_str()),
        ("model:fake", "/v1/chat/completions")
    );
    assert_eq!(line.status, Some(200));
}

#[tokio::test]
async fn what_the_config_asks_for_and_is_not_done_is_refused() {
    let server = OpenAi::start().await;
    for (more, word) in [
        (json!({"api": "anthropic-messages"}), "anthropic-messages"),
        (
            json!({"request": {"tls": {"insecureSkipVerify": true}}}),
            "request.tls",
        ),
        (json!({"auth": "oauth"}), "auth"),
        (
            json!({"request": {"proxy": {"mode": "explicit-proxy", "url": "http://127.0.0.1:1"}}}),
            "request.proxy",
        ),
    ] {
        let world = World::new(config(&server, more)).await;
        let error = world.models.resolve(Some("fake/small")).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn the_offline_model_needs_nothing() {
    let world = World::new(json!({})).await;
    let model = world.models.resolve(None).unwrap();
    let content = vec![Content::Text("help".to_owned())];
    let mut asked = call("");
    asked.messages = vec![Message::User { content }];
    let heard = hear(world.models.stream(&model, asked).unwrap()).await;
    assert!(heard.text().contains("offline model") && heard.pieces.len() > 5);
    assert!(world.lines.0.lock().unwrap().is_empty());
}
