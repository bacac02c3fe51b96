//! What was said before and what is said now, taken from the `messages` of a request.
//!
//! The agent keeps its own transcript, so only the last message is the turn's; what a program sends along before it
//! goes to the model as a quotation, each line with its speaker. System and developer messages add to the system
//! prompt. Images come inside of the last message, at most [`IMAGES`]. Cost: one copy of the text.

use serde_json::Value;

use openclaw_agent::Image;

use crate::api::refusal::Refusal;

/// The most images of a request.
const IMAGES: usize = 8;

/// The parts of a conversation.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Conversation {
    /// What the program tells the model about its task.
    pub(crate) system: Option<String>,
    /// What the turn is about.
    pub(crate) message: String,
    /// The same behind what was said before it, if anything was.
    pub(crate) prompt: Option<String>,
    /// What is to be looked at.
    pub(crate) images: Vec<Image>,
}

struct Line {
    speaker: String,
    said: Said,
}

#[derive(Default)]
struct Said {
    text: String,
    images: Vec<Image>,
}

impl Said {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.images.is_empty()
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self {
            text,
            images: Vec::new(),
        }
    }
}

/// Takes the messages apart.
pub(crate) fn conversation(messages: Option<&Value>) -> Result<Conversation, Refusal> {
    let (mut system, mut lines, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_asked = false;
    for message in messages.and_then(Value::as_array).into_iter().flatten() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let said = said(message.get("content"))?;
        match role {
            "system" | "developer" => system.extend((!said.text.is_empty()).then_some(said.text)),
            "user" => {
                is_asked |= !said.is_empty();
                push(&mut lines, "User", said);
            }
            "assistant" => {
                push(&mut lines, "Assistant", said);
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
                    push(&mut lines, "Assistant", Said::from(told));
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
                push(&mut lines, &format!("Tool {}", name.unwrap_or("result")), said);
            }
            _ => {}
        }
    }
    match lines.pop() {
        Some(last) if is_asked => Ok(Conversation {
            system: (!system.is_empty()).then(|| system.join("\n\n")),
            prompt: (!lines.is_empty()).then(|| prompt(&lines, &last)),
            message: last.said.text,
            images: last.said.images,
        }),
        _ => Err(Refusal::bad_request("Missing user message in `messages`.")),
    }
}

fn push(lines: &mut Vec<Line>, speaker: &str, said: Said) {
    if !said.is_empty() {
        lines.push(Line {
            speaker: speaker.to_owned(),
            said,
        });
    }
}

fn prompt(before: &[Line], last: &Line) -> String {
    let mut text = "[What was said before]\n".to_owned();
    for line in before {
        text = text + &line.speaker + ": " + &line.said.text + "\n";
    }
    text + "\n[Answer this]\n" + &last.speaker + ": " + &last.said.text
}

/// The content of a message: its string, or its parts, the texts a line each.
fn said(content: Option<&Value>) -> Result<Said, Refusal> {
    let parts = match content {
        Some(Value::String(text)) => return Ok(Said::from(text.clone())),
        Some(Value::Array(parts)) => parts,
        _ => return Ok(Said::default()),
    };
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in parts {
        match part.get("type").and_then(Value::as_str) {
            Some("text" | "input_text" | "output_text") => {
                texts.extend(part.get("text").and_then(Value::as_str));
            }
            Some("image_url" | "input_image") => {
                let url = part.get("image_url");
                let url = url.and_then(|url| url.as_str().or_else(|| url.get("url")?.as_str()));
                images.push(url.and_then(image).ok_or_else(|| {
                    Refusal::bad_request("`image_url` must be a data URL of an image in base64.")
                })?);
            }
            Some(kind @ ("input_audio" | "file")) => {
                return Err(Refusal::bad_request(format!("`messages` may not hold `{kind}`.")));
            }
            _ => {}
        }
    }
    if images.len() > IMAGES {
        return Err(Refusal::bad_request(format!(
            "`messages` may hold at most {IMAGES} images."
        )));
    }
    Ok(Said {
        text: texts.join("\n"),
        images,
    })
}

fn image(url: &str) -> Option<Image> {
    let (mime_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_fine = mime_type.starts_with("image/") && !data.is_empty() && data.bytes().all(is_base64);
    is_fine.then(|| Image {
        mime_type: mime_type.to_owned(),
        data: data.to_owned(),
    })
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
        assert_eq!((found.message.as_str(), found.prompt), ("Hello", None));
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
        assert_eq!(found.message, "4 degrees");
        assert_eq!(
            found.prompt.unwrap(),
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
    fn images_come_along_inside_of_the_message() {
        let with = |url: &str| {
            conversation(Some(&json!([{ "role": "user", "content": [
                { "type": "image_url", "image_url": { "url": url } },
                { "type": "text", "text": "What is this?" },
            ] }])))
        };
        let found = with("data:image/png;base64,aGk=").unwrap();
        assert_eq!((found.images.len(), found.message.as_str()), (1, "What is this?"));
        assert!(with("http://127.0.0.1/x.png").is_err());
        assert!(with("data:text/html;base64,aGk=").is_err());
    }
}
