use serde_json::json;

use super::*;
use crate::call::ToolDefinition;

fn tools(names: &[&str]) -> Vec<ToolDefinition> {
    let tool = |name: &&str| ToolDefinition {
        name: (*name).to_owned(),
        description: format!("Does {name}. And more."),
        parameters: json!({"type": "object"}),
    };
    names.iter().map(tool).collect()
}

fn said(text: &str) -> Message {
    Message::User {
        content: vec![Content::Text(text.to_owned())],
    }
}

fn ask(text: &str, names: &[&str]) -> Answer {
    answer(&Call {
        messages: vec![said(text)],
        tools: tools(names),
        ..Call::default()
    })
}

fn calls(text: &str, names: &[&str]) -> Vec<(String, String)> {
    ask(text, names).calls
}

#[test]
fn a_plain_command_calls_its_tool() {
    let all = ["exec", "read", "ls", "calc"];
    for (text, name, arguments) in [
        ("run: uname -a", "exec", json!({"command": "uname -a"})),
        ("RUN : echo a:b", "exec", json!({"command": "echo a:b"})),
        ("read: AGENTS.md", "read", json!({"path": "AGENTS.md"})),
        ("ls:", "ls", json!({"path": "."})),
        ("ls: src", "ls", json!({"path": "src"})),
        (
            "tool: calc {\"expression\": \"6 * 7\"}",
            "calc",
            json!({"expression": "6 * 7"}),
        ),
        ("tool: calc", "calc", json!({})),
        (
            "[Telegram Ada 2026-01-01 10:00] ls: src",
            "ls",
            json!({"path": "src"}),
        ),
    ] {
        let found = calls(text, &all);
        assert_eq!(found, [(name.to_owned(), arguments.to_string())], "{text}");
    }
}

#[test]
fn several_lines_call_several_tools_at_once() {
    let found = calls("please:\ntool: a {}\ntool: b {}", &["a", "b"]);
    assert_eq!(found.len(), 2);
}

#[test]
fn a_command_whose_tool_is_not_offered_is_told_so() {
    let answer = ask("run: id", &["read"]);
    assert!(answer.calls.is_empty());
    assert!(
        answer.text.contains("`exec`") && answer.text.contains("`read`"),
        "{}",
        answer.text
    );
    assert!(
        ask("tool: nothing {}", &["read"])
            .text
            .contains("no tool `nothing`")
    );
}

#[test]
fn arguments_that_are_no_object_are_told_so() {
    for text in ["tool: calc {", "tool: calc 5", "tool: calc [1]"] {
        let answer = ask(text, &["calc"]);
        assert!(
            answer.calls.is_empty() && answer.text.contains("JSON object"),
            "{text}"
        );
    }
}

#[test]
fn a_question_about_what_it_can_do_gets_the_tour() {
    for text in [
        "What can you do?",
        "help",
        "Hi!",
        "hello there",
        "/start",
        "",
        "who are you",
        "[Ada] help",
    ] {
        let answer = ask(text, &["ls", "calc"]);
        assert!(answer.text.contains("openclaw.json"), "{text}: {}", answer.text);
        assert!(
            answer.text.contains("`ls: .`") && answer.text.contains("Does calc."),
            "{text}"
        );
        assert!(!answer.text.contains("`run:"), "{text}");
    }
    for text in ["history of Rome", "helpless", "tell me a joke"] {
        assert!(!ask(text, &[]).text.contains("openclaw.json"), "{text}");
    }
}

#[test]
fn it_never_pretends_to_think() {
    for text in ["tell me a joke", "help"] {
        assert!(ask(text, &[]).text.contains("offline model"), "{text}");
    }
}

#[test]
fn the_tour_reads_well() {
    let answer = ask("help", &["ls", "read", "exec", "calc"]);
    insta::assert_snapshot!(answer.text);
}

fn after(results: &[(&str, &str, bool)]) -> String {
    let mut messages = vec![said("run: x")];
    for (name, text, is_error) in results {
        messages.push(Message::ToolResult {
            call_id: "offline_1".to_owned(),
            name: (*name).to_owned(),
            content: vec![Content::Text((*text).to_owned())],
            is_error: *is_error,
        });
    }
    let answer = answer(&Call {
        messages,
        tools: tools(&["exec"]),
        ..Call::default()
    });
    assert!(answer.calls.is_empty());
    answer.text
}

#[test]
fn a_result_is_told_in_a_sentence() {
    assert_eq!(after(&[("calc", "42\n", false)]), "The tool `calc` says: 42");
    assert_eq!(
        after(&[("calc", "no", true)]),
        "The tool `calc` failed and said: no"
    );
    assert_eq!(
        after(&[("calc", " ", false)]),
        "The tool `calc` is done and said nothing."
    );
    assert_eq!(
        after(&[("a", "1", false), ("b", "2", false)]),
        "The tool `a` says: 1\n\nThe tool `b` says: 2"
    );
    assert_eq!(
        after(&[("a", "1\n```\n2", false)]),
        "The tool `a` says:\n\n````\n1\n```\n2\n````"
    );
    assert!(after(&[("a", &"é".repeat(100_000), false)]).len() < 10_000);
}

#[test]
fn pieces_make_the_text_again() {
    let text = "I am the offline model,  so\n\nI cannot think. Averyveryverylongwordwithoutanyspace é";
    let pieces = pieces(text);
    assert!(pieces.len() > 2);
    assert_eq!(pieces.concat(), text);
}

#[tokio::test]
async fn calls_of_one_conversation_have_ids_of_their_own() {
    let mut call = Call {
        messages: vec![said("tool: a {}\ntool: a {}")],
        tools: tools(&["a"]),
        ..Call::default()
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut stream = stream(call.clone());
        while let Some(piece) = stream.next().await {
            if let Piece::ToolCall { id, name, arguments } = piece.unwrap() {
                ids.push(id.clone());
                let part = Part::ToolCall { id, name, arguments };
                call.messages
                    .insert(0, Message::Assistant { content: vec![part] });
            }
        }
    }
    let apart: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), apart.len()), (4, 4));
}
