//! What a program is answered.

use std::time::Duration;

use openclaw_tests::platforms::openai::{Answer, Failure, Reply};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{World, say};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_says_is_the_answer_whole_and_in_pieces() {
    let world = World::new().await;
    for _ in 0..2 {
        world
            .provider
            .push(Reply::text("Hello from the model of the tests."));
    }
    let (status, body) = world.ask(&say("Say hello.")).await;
    assert_eq!(status, 200, "{body}");
    let told: Value = serde_json::from_str(&body).unwrap();
    let choice = &told["choices"][0];
    assert_eq!(choice["message"]["content"], "Hello from the model of the tests.");
    assert_eq!(choice["finish_reason"], "stop");
    let chunks = world.stream(say("Say hello.")).await;
    let pieces: Vec<_> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(pieces.concat(), "Hello from the model of the tests.");
    assert!(pieces.len() > 1, "it came in one piece");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_says_about_its_task_reaches_the_model() {
    let world = World::new().await;
    let mut asked = say("And now?");
    asked["messages"] = json!([
        { "role": "system", "content": "Talk like a pirate." },
        { "role": "user", "content": "Who are you?" },
        { "role": "assistant", "content": "A pirate." },
        { "role": "user", "content": "And now?" },
    ]);
    world.ask(&asked).await;
    let seen = world.provider.asked();
    let messages = seen[0].body["messages"].to_string();
    for text in [
        "Talk like a pirate.",
        "User: Who are you?",
        "Assistant: A pirate.",
        "And now?",
    ] {
        assert!(messages.contains(text), "{messages}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_a_tool_of_the_client_is_handed_to_it() {
    let world = World::new().await;
    let mut asked = say("Weather?");
    asked["tools"] = json!([{ "type": "function", "function": {
        "name": "get_weather", "description": "Weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } } },
    } }]);
    for _ in 0..2 {
        world
            .provider
            .push(Reply::call("c1", "get_weather", &json!({ "city": "Oslo" })));
    }
    let (status, body) = world.ask(&asked).await;
    assert_eq!(status, 200, "{body}");
    let told: Value = serde_json::from_str(&body).unwrap();
    let choice = &told["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(
        (&call["type"], &call["function"]["name"]),
        (&json!("function"), &json!("get_weather"))
    );
    assert_eq!(call["function"]["arguments"], r#"{"city":"Oslo"}"#);
    let chunks = world.stream(asked.clone()).await;
    let piece = chunks
        .iter()
        .find(|chunk| chunk["choices"][0]["delta"]["tool_calls"].is_array())
        .unwrap();
    assert_eq!(
        piece["choices"][0]["delta"]["tool_calls"][0]["function"]["name"],
        "get_weather"
    );
    assert_eq!(
        chunks.last().unwrap()["choices"][0]["finish_reason"],
        "tool_calls"
    );
    asked["tool_choice"] = json!("required");
    world.provider.push(Reply::text("I would rather talk."));
    assert_eq!(world.ask(&asked).await.0, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_model_server_is_told_as_one() {
    let world = World::new().await;
    for _ in 0..2 {
        world.provider.push(Reply::Failure(Failure::new(
            400,
            "invalid_request_error",
            "the mock refuses",
        )));
    }
    let (status, body) = world.ask(&say("Hello")).await;
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &told["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
    assert!(
        told["error"]["message"]
            .as_str()
            .unwrap()
            .contains("the mock refuses"),
        "{body}"
    );
    let chunks = world.stream(say("Hello")).await;
    assert_eq!(chunks.last().unwrap()["error"], told["error"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_goes_away_stops_its_turn() {
    let world = World::new().await;
    world.provider.push(Reply::Answer(Answer {
        text: "word ".repeat(500),
        pause: Duration::from_millis(50),
        ..Answer::default()
    }));
    let mut body = say("Tell me a long story");
    body["stream"] = json!(true);
    let body = body.to_string();
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let text = world.head(&body) + "\r\n" + &body;
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut some = [0; 1024];
    while !String::from_utf8_lossy(&some).contains("word") {
        assert!(stream.read(&mut some).await.unwrap() > 0);
    }
    drop(stream);
    for _ in 0..500 {
        if world.provider.given_up() > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the model went on talking to nobody");
}
