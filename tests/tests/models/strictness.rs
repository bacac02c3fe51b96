//! The server of the tests refuses what the real one would, so that it cannot be shaped to this program.

use openclaw_tests::platforms::openai::OpenAi;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends a body and says the status and the answer.
async fn post(server: &OpenAi, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn asking(messages: Value) -> Value {
    json!({"model": "small", "messages": messages})
}

#[tokio::test]
async fn a_request_that_is_wrong_is_refused_with_an_error_of_the_services_shape() {
    let server = OpenAi::start().await;
    let user = json!({"role": "user", "content": "x"});
    let called = |id: &str| {
        json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function",
            "function": {"name": "t", "arguments": "{}"}}]})
    };
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "y"});
    let with = |name: &str, value: Value| {
        let mut body = asking(json!([user]));
        body[name] = value;
        body
    };
    let tool = |parameters: Value| json!([{"type": "function", "function": {"name": "t", "parameters": parameters}}]);
    for body in [
        json!([]),
        asking(json!([])),
        asking(json!([{"role": "robot", "content": "x"}])),
        asking(json!([{"role": "user"}])),
        asking(json!([{"role": "user", "content": 5}])),
        asking(json!([{"role": "user", "content": "x", "mood": "good"}])),
        asking(
            json!([{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://a"}}]}]),
        ),
        asking(json!([user, result("a")])),
        asking(json!([user, called("a")])),
        asking(json!([user, called("a"), user, result("a")])),
        asking(json!([user, called("a"), result("b")])),
        asking(json!([user, called("a"), result("a"), result("a")])),
        with("model", json!("")),
        with("mood", json!("good")),
        with("stream_options", json!({"include_usage": true})),
        with("max_tokens", json!(0)),
        with("temperature", json!(3)),
        with("reasoning_effort", json!("enormous")),
        with("tools", json!([])),
        with("tools", tool(json!({"type": "string"}))),
        with("tools", tool(json!({"type": "object", "properties": 5}))),
        with(
            "tools",
            json!([{"type": "function", "function": {"name": "a tool"}}]),
        ),
    ] {
        let (status, answer) = post(&server, &body).await;
        assert_eq!(status, 400, "{body}");
        let error = answer["error"].as_object().unwrap();
        let keys: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "message", "param", "type"], "{body}");
    }
    let fine = asking(json!([user, called("a"), result("a"), user]));
    assert_eq!(post(&server, &fine).await.0, 200);
}
