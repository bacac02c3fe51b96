//! The HTTP API over a real port.

use serde_json::json;

use super::{TOKEN, World};

fn say(text: &str) -> serde_json::Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": text }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_is_a_turn_of_the_agent() {
    let world = World::new(json!({})).await;
    let answer = world.ask("POST", "/v1/chat/completions", &say("Hello")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = answer.json();
    assert_eq!(told["object"], "chat.completion");
    assert_eq!(told["model"], "openclaw");
    assert_eq!(told["choices"][0]["finish_reason"], "stop");
    let text = told["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(!text.is_empty());
    let usage = &told["usage"];
    let sum = usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
    let read = world.gateway.state().read(|view| view.sessions(9));
    let sessions: Result<_, openclaw_state::Error> = read.await;
    assert!(sessions.unwrap()[0].key.starts_with("agent:main:openai:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_says_the_same_in_pieces_and_ends() {
    let world = World::new(json!({})).await;
    let whole = world
        .ask("POST", "/v1/chat/completions", &say("Hello"))
        .await
        .json();
    let mut asked = say("Hello");
    asked["stream"] = json!(true);
    asked["stream_options"] = json!({ "include_usage": true });
    let answer = world.ask("POST", "/v1/chat/completions", &asked).await;
    assert!(
        answer
            .head
            .to_lowercase()
            .contains("content-type: text/event-stream")
    );
    let events: Vec<_> = answer
        .body
        .split("\n\n")
        .filter(|event| !event.is_empty())
        .collect();
    assert_eq!(events.last(), Some(&"data: [DONE]"));
    let chunks: Vec<serde_json::Value> = events[..events.len() - 1]
        .iter()
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant" }));
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, whole["choices"][0]["message"]["content"].as_str().unwrap());
    let (last, usage) = (&chunks[chunks.len() - 2], &chunks[chunks.len() - 1]);
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&usage["choices"], usage["usage"].is_object()),
        (&json!([]), true)
    );
    let id = &chunks[0]["id"];
    assert!(chunks.iter().all(|chunk| chunk["id"] == *id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_comes_back_to_what_was_said() {
    let world = World::new(json!({})).await;
    let mut asked = say("Hello");
    asked["user"] = json!("ann");
    for _ in 0..2 {
        assert_eq!(
            world.ask("POST", "/v1/chat/completions", &asked).await.status,
            200
        );
    }
    let line = world.connect(&["operator.admin"], &[]);
    let past = line
        .call(
            "chat.history",
            json!({ "sessionKey": "agent:main:openai-user:ann" }),
        )
        .await
        .unwrap();
    let said = past["messages"].as_array().unwrap();
    assert_eq!(said.iter().filter(|message| message["role"] == "user").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nothing_is_answered() {
    let world = World::new(json!({})).await;
    let body = say("Hello").to_string();
    for path in ["/v1/chat/completions", "/tools/invoke"] {
        let answer = world.http("POST", path, &[], &body).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.body,
            r#"{"error":{"message":"Unauthorized","type":"unauthorized"}}"#
        );
        let wrong = world
            .http("POST", path, &[("Authorization", "Bearer wrong")], &body)
            .await;
        assert_eq!(wrong.status, 401);
    }
    assert_eq!(world.http("GET", "/v1/models", &[], "").await.status, 401);
    assert_eq!(world.ask("GET", "/v1/models", &json!({})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_switched_on_is_not_there() {
    let world = World::new(json!({ "gateway": { "auth": { "mode": "token", "token": TOKEN } } })).await;
    for path in ["/v1/chat/completions", "/v1/models", "/v1/models/openclaw"] {
        assert_eq!(world.ask("POST", path, &say("Hello")).await.status, 404, "{path}");
    }
    assert_eq!(world.ask("POST", "/tools/invoke", &json!({})).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_as_openclaw_tells_them() {
    let world = World::new(json!({})).await;
    let path = "/v1/chat/completions";
    let bearer = format!("Bearer {TOKEN}");
    let error =
        |message: &str| format!(r#"{{"error":{{"message":"{message}","type":"invalid_request_error"}}}}"#);
    let broken = world
        .http("POST", path, &[("Authorization", &bearer)], "{not json")
        .await;
    assert_eq!(
        (broken.status, broken.body),
        (
            400,
            error("Expected property name or '}' in JSON at position 1 (line 1 column 2)")
        )
    );
    let cases = [
        (
            json!({ "model": "openclaw" }),
            "Missing user message in `messages`.",
        ),
        (
            json!({ "model": "gpt-4", "messages": say("x")["messages"] }),
            "Invalid `model`. Use `openclaw` or `openclaw/<agentId>`.",
        ),
        (
            json!({ "model": "openclaw/nope", "messages": say("x")["messages"] }),
            "Unknown agent 'nope'.",
        ),
    ];
    for (body, message) in cases {
        let answer = world.ask("POST", path, &body).await;
        assert_eq!((answer.status, answer.body), (400, error(message)));
    }
    let get = world.ask("GET", path, &json!({})).await;
    assert_eq!((get.status, get.body.as_str()), (405, "Method Not Allowed"));
    assert!(get.head.to_lowercase().contains("allow: post"));
    let reserved = [
        ("Authorization", bearer.as_str()),
        ("x-openclaw-session-key", "subagent:x"),
    ];
    let reserved = world.http("POST", path, &reserved, &say("x").to_string()).await;
    assert!(reserved.body.contains("reserved internal session namespaces"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_called_and_what_is_not_offered_is_not_there() {
    let world = World::new(json!({})).await;
    let answer = world
        .ask("POST", "/tools/invoke", &json!({ "tool": "session_status" }))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.starts_with(r#"{"ok":true,"result":"#));
    assert!(answer.json()["result"]["content"][0]["text"].is_string());
    for name in ["exec", "read", "no_such_tool"] {
        let refused = world.ask("POST", "/tools/invoke", &json!({ "tool": name })).await;
        let body = format!(
            r#"{{"ok":false,"error":{{"type":"not_found","message":"Tool not available: {name}"}}}}"#
        );
        assert_eq!((refused.status, refused.body), (404, body));
    }
    let large = json!({ "tool": "session_status", "args": { "pad": "x".repeat(2_200_000) } });
    let refused = world.ask("POST", "/tools/invoke", &large).await;
    let body = r#"{"error":{"message":"Payload too large","type":"invalid_request_error"}}"#;
    assert_eq!((refused.status, refused.body.as_str()), (413, body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_called_twice_with_a_key_is_called_once() {
    let world = World::new(json!({})).await;
    let ask = async |key: &str, session: &str| {
        let body = json!({ "tool": "session_status", "sessionKey": session, "idempotencyKey": key });
        world.ask("POST", "/tools/invoke", &body).await.body
    };
    let first = ask("k", "main").await;
    // What it says changes with what was said.
    let mut line = world.connect(&["operator.admin"], &[]);
    let send = json!({ "sessionKey": "main", "message": "Hello", "idempotencyKey": "k1" });
    line.call("chat.send", send).await.unwrap();
    line.hear(|event, payload| event == "chat" && payload["state"] == "final")
        .await;
    assert_eq!(ask("k", "main").await, first);
    assert_ne!(ask("other", "main").await, first);
    assert_ne!(ask("k", "agent:main:else").await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_what_another_client_was_answered_for_the_same_key() {
    let world = World::new(json!({})).await;
    let owner = world.connect(&["operator.admin"], &[]);
    let writer = world.connect(&["operator.write"], &[]);
    let call = |name: &str| json!({ "name": name, "idempotencyKey": "1" });
    let told = owner.call("tools.invoke", call("session_status")).await.unwrap();
    assert_eq!(told["ok"], true, "{told}");
    let again = owner.call("tools.invoke", call("session_status")).await.unwrap();
    assert_eq!(again, told);
    for line in [&writer, &owner] {
        let other = line.call("tools.invoke", call("no_such_tool")).await.unwrap();
        assert_eq!(other["error"]["code"], "not_found", "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_where_the_operator_put_it() {
    let gateway =
        json!({ "auth": { "mode": "token", "token": TOKEN }, "controlUi": { "basePath": "/claw" } });
    let world = World::new(json!({ "gateway": gateway })).await;
    assert_eq!(world.http("GET", "/claw/", &[], "").await.status, 200);
    assert_eq!(world.http("GET", "/", &[], "").await.status, 404);
}
