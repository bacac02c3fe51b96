//! What was said before and what is said now, taken from the `messages` of a request.
//!
//! The agent keeps its own transcript, so only the last message is the turn's; what a program sends along before it
//! goes with it as a quotation, each line with its speaker. System and developer messages add to the system prompt.
//! Cost: one copy of the text.

use serde_json::Value;

use crate::http::refusal::Refusal;

/// The parts of a conversation.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Conversation {
    /// What the program tells the model about its task.
    pub(crate) system: Option<String>,
    /// What the turn is about, with what was said before.
    pub(crate) message: String,
}

struct Line {
    speaker: String,
    text: String,
}

/// Takes the messages apart.
pub(crate) fn conversation(messages: Option<&Value>) -> Result<Conversation, Refusal> {
    let (mut system, mut lines, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_asked = false;
    for message in messages.and_then(Value::as_array).into_iter().flatten() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let text = text(message.get("content"))?;
        match role {
            "system" | "developer" => system.extend((!text.is_empty()).then_some(text)),
            "user" => {
                is_asked |= !text.is_empty();
                push(&mut lines, "User", text);
            }
            "assistant" => {
                push(&mut lines, "Assistant", text);
                for call in message
                    .get("tool_calls")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    let function = call.get("function");
                    let part = |name: &str| function.and_then(|function| function.get(name)?.as_str());
                    let (name, arguments) = (part("name").unwrap_or("tool"), part("arguments"));
                    let told = format!("called {name} with {}", arguments.unwrap_or("{}"));
                    push(&mut lines, "Assistant", told);
                    if let Some(id) = call.get("id").and_then(Value::as_str) {
                        calls.push((id.to_owned(), name.to_owned()));
                    }
                }
            }
            "tool" | "function" => {
                let id = message.get("tool_call_id").and_then(Value::as_str);
                let called = calls
                    .iter()
                    .find(|(call, _)| Some(call.as_str()) == id)
                    .map(|(_, name)| name.as_str());
                let name = called.or(message.get("name").and_then(Value::as_str));
                push(&mut lines, &format!("Tool {}", name.unwrap_or("result")), text);
            }
            _ => {}
        }
    }
    match lines.pop() {
        Some(last) if is_asked => Ok(Conversation {
            system: (!system.is_empty()).then(|| system.join("\n\n")),
            message: message(&lines, last),
        }),
        _ => Err(Refusal::bad_request("Missing user message in `messages`.")),
    }
}

fn push(lines: &mut Vec<Line>, speaker: &str, text: String) {
    if !text.is_empty() {
        lines.push(Line {
            speaker: speaker.to_owned(),
            text,
        });
    }
}

fn message(before: &[Line], last: Line) -> String {
    if before.is_empty() {
        return last.text;
    }
    let mut text = "[What was said before]\n".to_owned();
    for line in before {
        text = text + &line.speaker + ": " + &line.text + "\n";
    }
    text + "\n[Answer this]\n" + &last.speaker + ": " + &last.text
}

/// The text of a message: its string, or its text parts, a line each.
fn text(content: Option<&Value>) -> Result<String, Refusal> {
    match content {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let mut texts = Vec::new();
            for part in parts {
                match part.get("type").and_then(Value::as_str) {
                    Some("text" | "input_text" | "output_text") => {
                        texts.extend(part.get("text").and_then(Value::as_str));
                    }
                    Some("image_url" | "input_image" | "input_audio" | "file") => {
                        return Err(Refusal::bad_request(
                            "`messages` may hold text only; send images through a channel or the gateway's socket.",
                        ));
                    }
                    _ => {}
                }
            }
            Ok(texts.join("\n"))
        }
        _ => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_single_message_is_taken_as_it_is() {
        let found = conversation(Some(&json!([
            { "role": "system", "content": "Be brief." },
            { "role": "developer", "content": [{ "type": "text", "text": "In rhyme." }] },
            { "role": "user", "content": "Hello" },
        ])))
        .unwrap();
        assert_eq!(found.message, "Hello");
        assert_eq!(found.system.as_deref(), Some("Be brief.\n\nIn rhyme."));
    }

    #[test]
    fn what_was_said_before_goes_along_with_its_speakers() {
        let found = conversation(Some(&json!([
            { "role": "user", "content": "Weather?" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }
            ] },
            { "role": "tool", "tool_call_id": "c1", "content": "4 degrees" },
        ])))
        .unwrap();
        assert_eq!(
            found.message,
            "[What was said before]\nUser: Weather?\nAssistant: called weather with {\"city\":\"Oslo\"}\n\n[Answer this]\nTool weather: 4 degrees"
        );
    }

    #[test]
    fn without_a_word_of_the_user_nothing_is_asked() {
        for messages in [
            json!(null),
            json!([]),
            json!([{ "role": "system", "content": "x" }]),
            json!([{ "role": "user", "content": "" }]),
        ] {
            let refusal = conversation(Some(&messages)).unwrap_err();
            assert_eq!(refusal.message, "Missing user message in `messages`.");
        }
    }

    #[test]
    fn what_cannot_be_shown_to_the_model_is_refused() {
        let image = json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "data:" } }] }]);
        assert!(conversation(Some(&image)).is_err());
    }
}
