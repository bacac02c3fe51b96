//! What is asked, as the server gets it, and what is heard of an answer.

use bytes::Bytes;
use openclaw_config::tree::agent_defaults::Thinking;
use openclaw_models::{Call, Content, Message, Part, Piece, StopReason, Usage};
use openclaw_tests::platforms::openai::{Answer, Called, OpenAi, Reply, Step, sse};
use serde_json::json;

use crate::world::{World, call, config, tool, user};

#[tokio::test]
async fn an_answer_arrives_piece_by_piece_and_ends_with_its_cost() {
    let server = OpenAi::start().await;
    server.push(Reply::text("The sky is blue."));
    let heard = World::of(&server).await.hear(call("why?")).await;
    let text = |text: &str| Piece::Text(text.to_owned());
    let usage = Usage {
        input: 8,
        output: 7,
        cache_read: 3,
        cache_write: 0,
        total: 18,
    };
    assert_eq!(heard.error, None);
    assert_eq!(
        heard.pieces,
        [
            text("The "),
            text("sky "),
            text("is "),
            text("blue."),
            Piece::Usage(usage),
            Piece::Stop(StopReason::End),
        ]
    );
}

#[tokio::test]
async fn a_piece_is_heard_before_the_answer_is_complete() {
    let server = OpenAi::start().await;
    server.push(Reply::Steps(vec![
        sse(&json!({"choices": [{"index": 0, "delta": {"content": "first"}}]})),
        Step::Hang,
    ]));
    let world = World::of(&server).await;
    let mut stream = world.ask(call("x"));
    let piece = stream.next().await.unwrap().unwrap();
    assert_eq!(piece, Piece::Text("first".to_owned()));
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_piece() {
    let server = OpenAi::start().await;
    server.push(Reply::Answer(Answer {
        text: "one two three".to_owned(),
        pause: std::time::Duration::from_millis(30),
        ..Answer::default()
    }));
    let world = World::of(&server).await;
    let mut stream = world.ask(call("x"));
    let (mut text, mut waits) = (String::new(), 0);
    loop {
        let wait = tokio::time::timeout(std::time::Duration::from_millis(3), stream.next());
        match wait.await {
            Ok(Some(Ok(Piece::Text(more)))) => text.push_str(&more),
            Ok(Some(piece)) => drop(piece.unwrap()),
            Ok(None) => break,
            Err(_) => waits += 1,
        }
    }
    assert_eq!(text, "one two three");
    assert!(waits > 3, "{waits}");
}

#[tokio::test]
async fn thoughts_are_told_apart_from_text_in_each_spelling() {
    let server = OpenAi::start().await;
    server.push(Reply::Answer(Answer {
        thinking: "hm".to_owned(),
        text: "yes".to_owned(),
        ..Answer::default()
    }));
    server.push(Reply::Steps(vec![
        sse(&json!({"choices": [{"index": 0, "delta": {"reasoning": "hm", "content": null}}]})),
        sse(&json!({"choices": [{"index": 0, "delta": {"content": "yes"}, "finish_reason": "stop"}]})),
    ]));
    let world = World::of(&server).await;
    for _ in 0..2 {
        let heard = world.hear(call("x")).await;
        let told = [Piece::Thinking("hm".to_owned()), Piece::Text("yes".to_owned())];
        assert_eq!(heard.pieces[..2], told);
    }
}

#[tokio::test]
async fn calls_of_tools_are_put_together_and_handed_out_complete() {
    let server = OpenAi::start().await;
    let (one, two) = (json!({"x": 1, "y": "a longer text"}), json!({}));
    server.push(Reply::calls(&[("a", "first", &one), ("b", "second", &two)]));
    let mut asked = call("x");
    asked.tools = vec![tool("first"), tool("second")];
    let heard = World::of(&server).await.hear(asked).await;
    let called = |id: &str, name: &str, arguments: &serde_json::Value| Piece::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
    };
    assert_eq!(
        heard.pieces[..2],
        [called("a", "first", &one), called("b", "second", &two)]
    );
    assert_eq!(heard.pieces.last(), Some(&Piece::Stop(StopReason::ToolUse)));
}

#[tokio::test]
async fn calls_of_an_answer_that_was_cut_short_are_not_made() {
    let server = OpenAi::start().await;
    server.push(Reply::Answer(Answer {
        calls: vec![Called {
            id: "a".to_owned(),
            name: "first".to_owned(),
            arguments: "{\"x\": 1".to_owned(),
        }],
        finish: Some("length"),
        ..Answer::default()
    }));
    let heard = World::of(&server).await.hear(call("x")).await;
    assert!(
        !heard
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::ToolCall { .. }))
    );
    assert_eq!(heard.pieces.last(), Some(&Piece::Stop(StopReason::MaxTokens)));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let server = OpenAi::start().await;
    let body = json!({"choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "all at once"}}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 3}});
    let kind = "application/json".to_owned();
    server.push(Reply::Other(http::StatusCode::OK, kind, body.to_string()));
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!(heard.text(), "all at once");
    assert_eq!(heard.pieces.last(), Some(&Piece::Stop(StopReason::End)));
}

#[tokio::test]
async fn loose_spellings_of_a_stream_are_understood() {
    let server = OpenAi::start().await;
    // A mark of the byte order, comments, other fields, no space, line breaks of Windows, split anywhere, no last
    // line break, no last mark.
    let text = "\u{feff}: hello\r\nevent: x\r\nid: 1\r\ndata:{\"choices\":[{\"delta\":{\"content\":\"é\"}}]}\r\n\r\n\
                data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"!\"},\"finish_reason\":\"stop\"}]}";
    let steps = text.as_bytes().chunks(3);
    let steps = steps.map(|bytes| Step::Raw(Bytes::copy_from_slice(bytes)));
    server.push(Reply::Steps(steps.collect()));
    let heard = World::of(&server).await.hear(call("x")).await;
    assert_eq!((heard.text().as_str(), heard.error), ("é!", None));
}

#[tokio::test]
async fn a_conversation_is_mended_until_a_strict_server_takes_it() {
    let server = OpenAi::start().await;
    let said = |part: Part| Message::Assistant { content: vec![part] };
    let called = |id: &str, arguments: &str| Part::ToolCall {
        id: id.to_owned(),
        name: "first".to_owned(),
        arguments: arguments.to_owned(),
    };
    let result = |id: &str, text: &str| Message::ToolResult {
        call_id: id.to_owned(),
        name: "first".to_owned(),
        content: vec![Content::Text(text.to_owned())],
        is_error: false,
    };
    let asked = Call {
        system: "Be brief.".to_owned(),
        messages: vec![
            result("nobody", "a result without a call"),
            user("one"),
            said(Part::Thinking("only thoughts".to_owned())),
            Message::Assistant {
                content: vec![
                    Part::Text("I look.".to_owned()),
                    called("a:1|x", "{\"x\":1}"),
                    called("b", "not json"),
                    called("c", ""),
                ],
            },
            // The person speaks before the results are there, which come in another order; one never comes.
            user("are you there?"),
            result("b", "two"),
            result("a:1|x", "one"),
            said(called("b", "{}")),
            result("b", "again"),
        ],
        tools: vec![tool("first"), tool("second")],
        ..Call::default()
    };
    let world = World::of(&server).await;
    let heard = world.hear(asked).await;
    assert_eq!(heard.error, None);
    let sent = server.asked().remove(0).body;
    let roles = sent["messages"].as_array().unwrap().iter().map(|message| {
        let text = message["content"].as_str().unwrap_or_default();
        format!("{}: {text}", message["role"].as_str().unwrap())
    });
    let roles: Vec<_> = roles.collect();
    assert_eq!(
        roles,
        [
            "system: Be brief.",
            "user: one",
            "assistant: I look.",
            "tool: one",
            "tool: two",
            "tool: No result: the call was broken off before it ended.",
            "user: are you there?",
            "assistant: ",
            "tool: again",
        ]
    );
}

#[tokio::test]
async fn images_reach_only_models_that_look_at_them() {
    let server = OpenAi::start().await;
    let image = || Content::Image {
        media_type: "image/png".to_owned(),
        data: Bytes::from_static(b"\x89PNG"),
    };
    let asked = || Call {
        messages: vec![
            Message::User {
                content: vec![Content::Text("look".to_owned()), image()],
            },
            Message::Assistant {
                content: vec![Part::ToolCall {
                    id: "a".to_owned(),
                    name: "first".to_owned(),
                    arguments: "{}".to_owned(),
                }],
            },
            Message::ToolResult {
                call_id: "a".to_owned(),
                name: "first".to_owned(),
                content: vec![image()],
                is_error: false,
            },
        ],
        ..Call::default()
    };
    let world = World::of(&server).await;
    assert_eq!(world.hear(asked()).await.error, None);
    let large = world.models.resolve(Some("fake/vendor/large:free")).unwrap();
    let heard = crate::world::hear(world.models.stream(&large, asked()).unwrap()).await;
    assert_eq!(heard.error, None);
    let sent: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| asked.body.to_string())
        .collect();
    assert!(!sent[0].contains("image_url") && sent[0].contains("cannot look at"));
    assert_eq!(sent[1].matches("data:image/png;base64,iVBORw==").count(), 2);
}

#[tokio::test]
async fn what_the_config_says_of_a_model_is_in_its_requests() {
    let server = OpenAi::start().await;
    let mut config = config(
        &server,
        json!({"headers": {"X-Title": "Home"}, "params": {"temperature": 0.5}}),
    );
    config["agents"] = json!({"defaults": {"models": {"fake/vendor/large:free":
        {"params": {"temperature": 0.25}}}}});
    let world = World::new(config).await;
    let large = world.models.resolve(Some("fake/vendor/large:free")).unwrap();
    let mut asked = call("x");
    asked.thinking = Some(Thinking::High);
    crate::world::hear(world.models.stream(&large, asked.clone()).unwrap()).await;
    asked.max_tokens = Some(9);
    asked.temperature = Some(1.0);
    world.hear(asked).await;
    let sent = server.asked();
    assert_eq!(sent[0].header("x-title"), Some("Home"));
    let of = |at: usize, name: &str| sent[at].body[name].clone();
    assert_eq!(of(0, "model"), "vendor/large:free");
    assert_eq!(
        (of(0, "max_tokens"), of(0, "temperature")),
        (json!(500), json!(0.25))
    );
    assert_eq!(of(0, "reasoning_effort"), "high");
    assert_eq!(
        (of(1, "max_tokens"), of(1, "temperature")),
        (json!(9), json!(1.0))
    );
    // This one cannot think.
    assert_eq!(of(1, "reasoning_effort"), json!(null));
    assert_eq!(of(1, "stream_options"), json!({"include_usage": true}));
}

#[tokio::test]
async fn what_a_model_departs_in_is_heeded() {
    let server = OpenAi::start().await;
    let model = json!({"id": "small", "name": "Small", "maxTokens": 7, "compat": {
        "supportsTools": false, "supportsUsageInStreaming": false, "maxTokensField": "max_completion_tokens"}});
    let world = World::new(config(&server, json!({"models": [model]}))).await;
    let mut asked = call("x");
    asked.tools = vec![tool("first")];
    assert_eq!(world.hear(asked).await.error, None);
    let sent = server.asked().remove(0).body;
    for name in ["tools", "stream_options", "max_tokens"] {
        assert_eq!(sent.get(name), None, "{name}");
    }
    assert_eq!(sent["max_completion_tokens"], 7);
}

#[tokio::test]
async fn a_schema_that_lacks_its_type_gets_one() {
    let server = OpenAi::start().await;
    let mut asked = call("x");
    asked.tools = vec![tool("first")];
    asked.tools[0].parameters = json!({});
    assert_eq!(World::of(&server).await.hear(asked).await.error, None);
}
