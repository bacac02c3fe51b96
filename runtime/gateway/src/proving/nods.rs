//! Questions about commands, asked and answered over methods, and the file behind them.

use openclaw_protocol::Code;
use serde_json::{Value, json};

use super::{Line, World};

const APPROVALS: &[&str] = &["operator.approvals"];

async fn world() -> (World, Line) {
    let world = World::new(json!({})).await;
    tokio::spawn(crate::methods::nods::tell(world.gateway.clone()));
    let line = world.connect(APPROVALS, &[]);
    (world, line)
}

fn question(id: &str) -> Value {
    json!({"id": id, "command": "rm -r x", "cwd": "/tmp", "agentId": "main", "sessionKey": "agent:main:main",
           "env": {"TOKEN": "geheim"}, "twoPhase": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_told_to_those_who_may_answer_and_the_first_answer_counts() {
    let (world, mut line) = world().await;
    let asker = world.connect(APPROVALS, &[]);
    let asking = tokio::spawn(async move { asker.call("exec.approval.request", question("abc-1")).await });
    let heard = line.hear(|name, _| name == "exec.approval.requested").await;
    let (_, told) = heard.last().unwrap();
    assert_eq!(
        (&told["approvalKind"], &told["id"]),
        (&json!("exec"), &json!("abc-1"))
    );
    assert_eq!(told["request"]["command"], "rm -r x");
    assert_eq!(told["request"]["envKeys"], json!(["TOKEN"]));
    assert!(!told.to_string().contains("geheim"));
    let list = line.call("exec.approval.list", json!({})).await.unwrap();
    assert_eq!(list, json!([told]));
    let one = line
        .call("exec.approval.get", json!({"id": "abc"}))
        .await
        .unwrap();
    assert_eq!(one["commandText"], "rm -r x");
    assert_eq!(
        one["allowedDecisions"],
        json!(["allow-once", "allow-always", "deny"])
    );

    let answer = json!({"id": "abc", "decision": "allow-once",
        "reviewer": {"channel": "telegram", "senderId": "42"}});
    let answered = line.call("exec.approval.resolve", answer.clone()).await.unwrap();
    assert_eq!(answered, json!({"ok": true}));
    let heard = line.hear(|name, _| name == "exec.approval.resolved").await;
    let (_, told) = heard.last().unwrap();
    assert_eq!(
        (&told["id"], &told["decision"]),
        (&json!("abc-1"), &json!("allow-once"))
    );
    let by = told["resolvedBy"].as_str().unwrap();
    assert!(
        by.starts_with("telegram:42 (told by "),
        "whom a client answers for is its own word: {by}"
    );
    let last = asking.await.unwrap().unwrap();
    assert_eq!(last["decision"], "allow-once");
    let again = line
        .call("exec.approval.waitDecision", json!({"id": "abc-1"}))
        .await;
    assert_eq!(again.unwrap(), last);
    let late = line.call("exec.approval.resolve", answer).await.unwrap_err();
    assert_eq!(late.code, Code::ApprovalNotFound);
    assert_eq!(
        line.call("exec.approval.list", json!({})).await.unwrap(),
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_time_is_up_is_answered_with_nothing() {
    let (world, _) = world().await;
    let line = world.connect(APPROVALS, &[]);
    let asked = json!({"command": "ls", "timeoutMs": 20, "unavailableDecisions": ["allow-always"]});
    let ended = line.call("exec.approval.request", asked).await.unwrap();
    assert_eq!(ended["decision"], Value::Null);
    let empty = line.call("exec.approval.request", json!({"command": " "})).await;
    assert_eq!(empty.unwrap_err().code, Code::InvalidRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_replaced_only_by_who_read_it_and_its_token_is_not_shown() {
    let (world, _) = world().await;
    let line = world.connect(&["operator.admin"], &[]);
    let before = line.call("exec.approvals.get", json!({})).await.unwrap();
    assert_eq!(
        (&before["exists"], &before["resolvedDefaults"]["security"]),
        (&json!(false), &json!("full"))
    );
    let file = json!({
        "version": 1, "socket": {"path": "/x", "token": "geheim"},
        "defaults": {"security": "allowlist"}, "agents": {},
    });
    let put = json!({"file": file, "baseHash": before["hash"]});
    let after = line.call("exec.approvals.set", put.clone()).await.unwrap();
    assert_eq!(after["resolvedDefaults"]["security"], "allowlist");
    assert!(!after.to_string().contains("geheim"));
    let raced = line.call("exec.approvals.set", put).await.unwrap_err();
    assert_eq!(raced.code, Code::InvalidRequest);
    let unread = line
        .call("exec.approvals.set", json!({"file": {"version": 1}}))
        .await;
    assert!(unread.unwrap_err().message.contains("baseHash"));
    let shown = json!({"file": after["file"], "baseHash": after["hash"]});
    line.call("exec.approvals.set", shown).await.unwrap();
    let path = after["path"].as_str().unwrap();
    assert!(std::fs::read_to_string(path).unwrap().contains("geheim"));

    std::fs::write(path, "{").unwrap();
    let broken = line.call("exec.approvals.get", json!({})).await.unwrap_err();
    let base = broken.details.unwrap()["hash"].clone();
    let mended = json!({"file": {"version": 1}, "baseHash": base});
    line.call("exec.approvals.set", mended).await.unwrap();
    line.call("exec.approvals.get", json!({})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_question_says_of_its_delivery_is_understood_and_reviewers_are_refused_by_name() {
    let (world, mut line) = world().await;
    let asker = world.connect(APPROVALS, &[]);
    let mut reviewed = question("abc-3");
    reviewed["approvalReviewerDeviceIds"] = json!(["x"]);
    let refused = asker.call("exec.approval.request", reviewed).await.unwrap_err();
    assert!(
        refused.message.contains("approvalReviewerDeviceIds"),
        "{refused:?}"
    );
    let mut quiet = question("abc-4");
    quiet["suppressDelivery"] = json!(false);
    quiet["requireDeliveryRoute"] = json!(false);
    quiet["deliverToApprovalClientsOnly"] = json!(true);
    tokio::spawn(async move { asker.call("exec.approval.request", quiet).await });
    let heard = line.hear(|name, _| name == "exec.approval.requested").await;
    let (_, told) = heard.last().unwrap();
    assert_eq!(told["id"], "abc-4");
    assert_eq!(told["request"]["suppressDelivery"], Value::Null);
}
