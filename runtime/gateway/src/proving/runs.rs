//! Runs as clients of the socket see them.

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::{Body, Event};
use serde_json::{Value, json};

use super::World;

fn is_over(event: &str, payload: &Value) -> bool {
    event == "chat" && payload["state"] != "delta"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_by_events_in_their_order() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.admin"], &[]);
    let send = json!({ "sessionKey": "main", "message": "Hello", "idempotencyKey": "k1" });
    let ack = line.call("chat.send", send).await.unwrap();
    assert_eq!(ack, json!({ "runId": "k1", "status": "started" }));
    let heard = line.hear(is_over).await;
    let (agent, chat): (Vec<_>, Vec<_>) = heard.iter().partition(|(event, _)| event == "agent");
    assert_eq!(agent[0].1["data"]["phase"], "start");
    assert_eq!(agent.last().unwrap().1["data"]["phase"], "end");
    let last = &chat.last().unwrap().1;
    assert_eq!(
        (&last["state"], &last["stopReason"]),
        (&json!("final"), &json!("stop"))
    );
    let said: String = chat
        .iter()
        .filter_map(|(_, payload)| payload["deltaText"].as_str())
        .collect();
    assert_eq!(last["message"]["content"][0]["text"], said);
    assert!(
        heard
            .iter()
            .all(|(_, payload)| payload["runId"] == "k1" && payload["sessionKey"] == "agent:main:main")
    );
    let seqs: Vec<_> = line
        .frames()
        .iter()
        .filter_map(|frame| frame["seq"].as_u64())
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_a_run_before_its_request_was_answered() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.admin"], &[]);
    let mut other = world.connect(&["operator.admin"], &[]);
    let send = json!({ "sessionKey": "main", "message": "Hello", "idempotencyKey": "k1" });
    let answer = line.answer("chat.send", send).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), other.hear(|_, _| true)).await;
    assert!(early.is_err(), "{early:?}");
    drop(answer);
    line.hear(is_over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_order_only_the_answer_is_told() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.admin"], &[]);
    let send = json!({ "sessionKey": "main", "message": "/status", "idempotencyKey": "k1" });
    line.call("chat.send", send).await.unwrap();
    let heard = line.hear(is_over).await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].1["state"], "final");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_neither_runs_nor_answers_twice() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.admin"], &[]);
    let send = json!({ "sessionKey": "main", "message": "Hello", "idempotencyKey": "k1" });
    line.call("chat.send", send.clone()).await.unwrap();
    line.hear(is_over).await;
    let again = line.call("chat.send", send).await.unwrap();
    assert_eq!(
        again,
        json!({ "runId": "k1", "status": "ok", "summary": "completed" })
    );
    let past = line
        .call("chat.history", json!({ "sessionKey": "main" }))
        .await
        .unwrap();
    assert_eq!(past["messages"].as_array().unwrap().len(), 2);
    assert_eq!(past["messages"][0]["idempotencyKey"], "k1:user");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_follow_hear_of_messages_and_others_do_not() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.admin"], &[]);
    let mut other = world.connect(&["operator.admin"], &[]);
    let answer = line.call("sessions.subscribe", json!({})).await.unwrap();
    assert_eq!(answer, json!({ "subscribed": true }));
    let send = json!({ "sessionKey": "main", "message": "Hello", "idempotencyKey": "k1" });
    line.call("chat.send", send).await.unwrap();
    let ended = |event: &str, payload: &Value| event == "sessions.changed" && payload["phase"] == "end";
    let heard = line.hear(ended).await;
    let messages: Vec<_> = heard
        .iter()
        .filter(|(event, _)| event == "session.message")
        .collect();
    let roles: Vec<_> = messages
        .iter()
        .map(|(_, payload)| payload["message"]["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant"]);
    assert_eq!(messages[0].1["session"]["key"], "agent:main:main");
    assert!(
        other
            .hear(is_over)
            .await
            .iter()
            .all(|(event, _)| event == "agent" || event == "chat")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tool_calls_are_shown_to_those_who_asked_and_can_show_them() {
    let world = World::new(json!({})).await;
    let mut asker = world.connect(&["operator.admin"], &["tool-events"]);
    let mut plain = world.connect(&["operator.admin"], &[]);
    let mut follower = world.connect(&["operator.admin"], &["tool-events"]);
    follower.call("sessions.subscribe", json!({})).await.unwrap();
    let send = json!({ "sessionKey": "main", "message": "tool: session_status {}", "idempotencyKey": "k1" });
    asker.call("chat.send", send).await.unwrap();
    let tools = |heard: &[(String, Value)], name: &str| {
        let tools = heard
            .iter()
            .filter(|(event, payload)| event == name && payload["stream"] == "tool");
        tools
            .map(|(_, payload)| payload["data"]["phase"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let heard = asker.hear(is_over).await;
    assert_eq!(tools(&heard, "agent"), ["start", "result"]);
    let heard = follower.hear(is_over).await;
    assert_eq!(tools(&heard, "session.tool"), ["start", "result"]);
    assert!(tools(&heard, "agent").is_empty());
    let heard = plain.hear(is_over).await;
    assert!(tools(&heard, "agent").is_empty() && tools(&heard, "session.tool").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_request_is_answered_twice() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.write"], &[]);
    let ask = json!({ "message": "Hello", "sessionKey": "agent:main:desk", "idempotencyKey": "k1" });
    let second = line.call("agent", ask.clone()).await.unwrap();
    assert_eq!(
        (&second["status"], &second["summary"]),
        (&json!("ok"), &json!("completed"))
    );
    assert!(second["result"]["payloads"][0]["text"].is_string());
    assert_eq!(second["result"]["meta"]["agentMeta"]["provider"], "offline");
    line.hear(is_over).await;
    let first = line.frames().iter().find(|frame| frame["type"] == "res").unwrap();
    assert_eq!(first["payload"]["status"], "accepted");
    assert_eq!(first["payload"]["sessionKey"], "agent:main:desk");
    let again = line.call("agent", ask).await.unwrap();
    assert_eq!(again["status"], "ok");
    let waited = line.call("agent.wait", json!({ "runId": "k1" })).await.unwrap();
    assert_eq!(
        (&waited["status"], &waited["stopReason"]),
        (&json!("ok"), &json!("stop"))
    );
    let never = line
        .call("agent.wait", json!({ "runId": "nope", "timeoutMs": 10 }))
        .await
        .unwrap();
    assert_eq!(never, json!({ "runId": "nope", "status": "timeout" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_request_may_take_more_takes_an_admin() {
    let world = World::new(json!({})).await;
    let line = world.connect(&["operator.write"], &[]);
    for ask in [
        json!({ "message": "/new", "idempotencyKey": "k1" }),
        json!({ "message": "Hello", "model": "offline/offline-1", "idempotencyKey": "k2" }),
    ] {
        let refused = line.call("agent", ask).await.unwrap_err();
        assert_eq!(refused.message, "missing scope: operator.admin");
    }
    let unknown = json!({ "message": "x", "agentId": "no-such-agent", "idempotencyKey": "k" });
    let refused = line.call("agent", unknown).await.unwrap_err();
    assert_eq!(
        refused.message,
        "invalid agent params: unknown agent id \"no-such-agent\""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn params_are_checked_as_openclaw_checks_them() {
    let world = World::new(json!({})).await;
    let line = world.connect(&["operator.admin"], &[]);
    let refused = line
        .call("sessions.list", json!({ "limit": "many" }))
        .await
        .unwrap_err();
    assert_eq!(
        refused.message,
        "invalid sessions.list params: at /limit: must be integer"
    );
    let refused = line
        .call("chat.send", json!({ "message": "no session" }))
        .await
        .unwrap_err();
    assert_eq!(refused.message, "session mutation target is unavailable");
    assert_eq!(
        refused.details.unwrap(),
        json!({ "code": "SESSION_MUTATION_TARGET_REQUIRED", "method": "chat.send" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_made_named_emptied_and_removed() {
    let world = World::new(json!({})).await;
    let line = world.connect(&["operator.admin"], &[]);
    let made = line
        .call(
            "sessions.create",
            json!({ "key": "agent:main:crud", "label": "Crud" }),
        )
        .await
        .unwrap();
    assert_eq!(
        (&made["key"], &made["runStarted"]),
        (&json!("agent:main:crud"), &json!(false))
    );
    let changed = line
        .call(
            "sessions.patch",
            json!({ "key": "agent:main:crud", "label": "Crud two" }),
        )
        .await
        .unwrap();
    assert_eq!(changed["entry"]["label"], "Crud two");
    let listed = line.call("sessions.list", json!({})).await.unwrap();
    assert_eq!(
        (&listed["count"], &listed["sessions"][0]["label"]),
        (&json!(1), &json!("Crud two"))
    );
    let resolved = line
        .call("sessions.resolve", json!({ "label": "Crud two" }))
        .await
        .unwrap();
    assert_eq!(
        resolved,
        json!({ "ok": true, "key": "agent:main:crud", "agentId": "main" })
    );
    let emptied = line
        .call("sessions.reset", json!({ "key": "agent:main:crud" }))
        .await
        .unwrap();
    assert_eq!(emptied["ok"], true);
    let removed = line
        .call("sessions.delete", json!({ "key": "agent:main:crud" }))
        .await
        .unwrap();
    assert_eq!(
        (&removed["deleted"], &removed["archived"]),
        (&json!(true), &json!([]))
    );
    assert!(
        line.call("sessions.delete", json!({ "key": "main" }))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_is_told_without_its_secrets() {
    let world = World::new(json!({})).await;
    let line = world.connect(&["operator.read"], &[]);
    let told = line.call("config.get", json!({})).await.unwrap();
    assert!(!told.to_string().contains(super::TOKEN));
    assert_eq!(
        told["parsed"]["gateway"]["auth"]["token"],
        "__OPENCLAW_REDACTED__"
    );
    assert!(told["raw"].as_str().unwrap().contains("__OPENCLAW_REDACTED__"));
    assert!(told["hash"].as_str().unwrap().starts_with("hmac-sha256:v1:"));
    assert_eq!((&told["valid"], &told["exists"]), (&json!(true), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_windows_ask_for_when_they_open_is_there() {
    let world = World::new(json!({})).await;
    let line = world.connect(&["operator.admin"], &[]);
    let opened = line
        .call("chat.startup", json!({ "sessionKey": "main" }))
        .await
        .unwrap();
    assert_eq!(opened["messages"], json!([]));
    assert_eq!(opened["metadata"]["models"][0]["provider"], "offline");
    let models = line.call("models.list", json!({})).await.unwrap();
    assert_eq!(models["models"][0]["tags"], json!(["default"]));
    let agents = line.call("agents.list", json!({})).await.unwrap();
    assert_eq!(
        (&agents["defaultId"], &agents["agents"][0]["id"]),
        (&json!("main"), &json!("main"))
    );
    let commands = line.call("commands.list", json!({})).await.unwrap();
    assert_eq!(commands["commands"][0]["textAliases"], json!(["/help"]));
    let tools = line
        .call("tools.effective", json!({ "sessionKey": "main" }))
        .await
        .unwrap();
    assert_eq!(tools["groups"][0]["id"], "core");
    let log = line.call("logs.tail", json!({ "limit": 5 })).await.unwrap();
    assert_eq!(log["lines"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_stopped_and_told_as_stopped() {
    // A model that never answers: the run cannot end before it is stopped.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", mute.local_addr().unwrap());
    let world = World::new(json!({
        "agents": {"defaults": {"model": {"primary": "mute/small"}}},
        "models": {"providers": {"mute": {"baseUrl": base, "models": [{"id": "small", "name": "Small"}]}}},
    }))
    .await;
    let mut line = world.connect(&["operator.admin"], &[]);
    let send = json!({ "sessionKey": "main", "message": "What can you do?", "idempotencyKey": "k1" });
    line.call("chat.send", send).await.unwrap();
    let stopped = line
        .call("chat.abort", json!({ "sessionKey": "main" }))
        .await
        .unwrap();
    let heard = line.hear(is_over).await;
    let last = &heard.last().unwrap().1;
    assert_eq!(
        (&stopped["aborted"], &stopped["runIds"]),
        (&json!(true), &json!(["k1"]))
    );
    assert_eq!(
        (&last["state"], &last["stopReason"]),
        (&json!("aborted"), &json!("rpc"))
    );
}

#[test]
fn what_changes_extensions_takes_an_admin() {
    let methods = crate::methods::FAMILIES.iter().flat_map(|family| family.iter());
    let changing = [
        "plugins.grant",
        "plugins.install",
        "plugins.revoke",
        "plugins.setEnabled",
        "plugins.uninstall",
    ];
    let admin: Vec<_> = methods
        .filter(|method| changing.contains(&method.name))
        .map(|method| method.scope)
        .collect();
    assert_eq!(admin, [Some(openclaw_protocol::scope::Scope::Admin); 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_is_listed_and_what_is_not_is_told() {
    let world = World::new(json!({})).await;
    let reader = world.connect(&["operator.read"], &[]);
    let listed = reader.call("plugins.list", json!({})).await.unwrap();
    assert_eq!(
        listed,
        json!({ "plugins": [], "diagnostics": [], "mutationAllowed": false })
    );
    let missing = reader
        .call("plugins.inspect", json!({ "id": "calc" }))
        .await
        .unwrap_err();
    assert_eq!(missing.message, "no extension \"calc\" is installed");
    let activity = reader
        .call("plugins.activity", json!({ "id": "calc" }))
        .await
        .unwrap();
    assert_eq!(activity, json!({ "id": "calc", "passages": [] }));
    let admin = world.connect(&["operator.admin"], &[]);
    let nowhere = json!({ "path": "/nonexistent/extension", "grant": "all" });
    assert!(admin.call("plugins.install", nowhere).await.is_err());
    let refused = admin
        .call("plugins.grant", json!({ "id": "calc", "grant": "everything" }))
        .await;
    assert!(refused.unwrap_err().message.contains("at /grant"));
}

#[tokio::test]
async fn after_falling_behind_each_run_ends_once_and_in_its_session() {
    let world = World::new(json!({})).await;
    let mut line = world.connect(&["operator.admin"], &[]);
    for key in ["k1", "k2"] {
        let send = json!({ "sessionKey": "main", "message": "Hello", "idempotencyKey": key });
        line.call("chat.send", send).await.unwrap();
        line.hear(is_over).await;
    }
    // The same runs again, heard by one that falls behind: of the second it knows only that somebody asked for it.
    let parts = world.gateway.services().parts.clone().unwrap();
    let outcome = parts.agent.outcome("k1").await.unwrap().unwrap();
    let (sender, events) = tokio::sync::broadcast::channel(4);
    for key in ["k1", "k2"] {
        parts.told.follow(key, &line.connection);
    }
    for seq in 1..=8 {
        let body = match seq {
            8 => Body::End(Box::new(outcome.clone())),
            _ => Body::Usage { output: seq },
        };
        let event = Event {
            run_id: "k1".into(),
            session_key: "agent:main:main".into(),
            session_id: outcome.session_id.as_str().into(),
            agent_id: "main".into(),
            seq,
            ts: 0,
            body,
        };
        sender.send(Arc::new(event)).unwrap();
    }
    drop(sender);
    crate::projection::project(Arc::clone(&world.gateway), parts, events).await;
    world.gateway.tell_presence();
    let heard = line.hear(|event, _| event == "presence").await;
    let mut ends: Vec<_> = heard
        .iter()
        .filter(|(event, payload)| is_over(event, payload))
        .map(|(_, payload)| {
            (
                payload["runId"].as_str().unwrap(),
                payload["sessionKey"].as_str().unwrap(),
            )
        })
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, [("k1", "agent:main:main"), ("k2", "agent:main:main")]);
}
