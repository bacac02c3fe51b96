//! A conversation in the shape that the protocol has.
//!
//! **Promise.** Each call of a tool is followed by its result before anybody else speaks: what stands elsewhere is
//! moved there, what is missing is said to be missing, and a result without a call is left out. Ids have letters,
//! digits, `_` and `-` only, and the same id of the conversation has the same one here. **Cost.** Linear.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::request::flag;
use crate::call::{Call, Content, Message, Part};
use crate::provider::Chosen;

/// The longest id of a call.
const MAX_ID: usize = 64;
/// What stands for the result of a call that has none.
const MISSING: &str = "No result: the call was broken off before it ended.";
/// What stands for an image where the model reads only text.
const UNSEEN: &str = "(an image, which this model cannot look at)";

/// One message.
#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(super) enum Entry<'c> {
    System {
        content: &'c str,
    },
    User {
        content: Said<'c>,
    },
    Assistant {
        content: Option<Cow<'c, str>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Called<'c>>,
    },
    Tool {
        tool_call_id: Cow<'c, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'c str>,
        content: Cow<'c, str>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Said<'c> {
    Text(Cow<'c, str>),
    Parts(Vec<Shown<'c>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Shown<'c> {
    Text { text: &'c str },
    ImageUrl { image_url: Url },
}

#[derive(Serialize)]
pub(super) struct Url {
    url: String,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function")]
pub(super) struct Called<'c> {
    id: Cow<'c, str>,
    function: Function<'c>,
}

#[derive(Serialize)]
struct Function<'c> {
    name: &'c str,
    arguments: Cow<'c, str>,
}

/// What came of a call.
struct Result<'c> {
    name: &'c str,
    content: &'c [Content],
}

/// All messages of a call, in the order in which they are sent.
pub(super) fn entries<'c>(chosen: &Chosen, call: &'c Call) -> Vec<Entry<'c>> {
    let mut entries = Vec::with_capacity(call.messages.len().saturating_add(1));
    if !call.system.is_empty() {
        let content = &call.system;
        entries.push(Entry::System { content });
    }
    let sees = chosen.info.reads_images();
    let is_named = flag(&chosen.compat, "requiresToolResultName") == Some(true);
    for (at, message) in call.messages.iter().enumerate() {
        match message {
            Message::User { content } => {
                entries.extend(said(content, sees).map(|content| Entry::User { content }))
            }
            Message::Assistant { content } => {
                let behind = call.messages.get(at.saturating_add(1)..).unwrap_or_default();
                answer(&mut entries, content, &results(behind), sees, is_named);
            }
            // It stands behind its call already.
            Message::ToolResult { .. } => {}
        }
    }
    entries
}

/// The results up to the next answer, by the id of their call.
fn results<'m>(behind: &'m [Message]) -> HashMap<&'m str, Result<'m>> {
    let until = behind
        .iter()
        .take_while(|message| !matches!(message, Message::Assistant { .. }));
    let result = |message: &'m Message| match message {
        Message::ToolResult {
            call_id,
            name,
            content,
            ..
        } => Some((call_id.as_str(), Result { name, content })),
        Message::User { .. } | Message::Assistant { .. } => None,
    };
    until.filter_map(result).collect()
}

/// What a model said, and what came of its calls.
fn answer<'c>(
    entries: &mut Vec<Entry<'c>>,
    content: &'c [Part],
    results: &HashMap<&str, Result<'c>>,
    sees: bool,
    is_named: bool,
) {
    let texts = content.iter().filter_map(|part| match part {
        Part::Text(text) if !text.is_empty() => Some(text.as_str()),
        Part::Text(_) | Part::Thinking(_) | Part::ToolCall { .. } => None,
    });
    let text = join(texts, "");
    let calls = || {
        content.iter().filter_map(|part| match part {
            Part::ToolCall { id, name, arguments } => Some((id, name, arguments)),
            Part::Text(_) | Part::Thinking(_) => None,
        })
    };
    let tool_calls: Vec<Called<'c>> = calls()
        .map(|(id, name, arguments)| Called {
            id: fit(id),
            function: Function {
                name,
                arguments: object(arguments),
            },
        })
        .collect();
    if text.is_none() && tool_calls.is_empty() {
        return;
    }
    entries.push(Entry::Assistant {
        content: text,
        tool_calls,
    });
    let mut images = Vec::new();
    for (id, name, _) in calls() {
        let result = results.get(id.as_str());
        let content = result.map(|result| result.content).unwrap_or_default();
        let text = join(content.iter().filter_map(|content| shown(content, sees)), "\n");
        let seen = content.iter().filter(|_| sees).filter_map(image);
        let before = images.len();
        images.extend(seen);
        let text = text.unwrap_or(match (result, images.len() > before) {
            (None, _) => Cow::Borrowed(MISSING),
            (Some(_), true) => Cow::Borrowed("(see the image below)"),
            (Some(_), false) => Cow::Borrowed("(nothing)"),
        });
        entries.push(Entry::Tool {
            tool_call_id: fit(id),
            name: is_named.then_some(result.map_or(name.as_str(), |result| result.name)),
            content: text,
        });
    }
    if !images.is_empty() {
        // Results are text in this protocol, so images follow as if they had been shown.
        let text = "Images of the tool results above:";
        images.insert(0, Shown::Text { text });
        let content = Said::Parts(images);
        entries.push(Entry::User { content });
    }
}

/// What a person said; none where there is nothing.
fn said(content: &[Content], sees: bool) -> Option<Said<'_>> {
    let has_image = content
        .iter()
        .any(|content| matches!(content, Content::Image { .. }));
    if !(sees && has_image) {
        return join(content.iter().filter_map(|content| shown(content, sees)), "\n").map(Said::Text);
    }
    let parts = content.iter().filter_map(|content| match content {
        Content::Text(text) => (!text.is_empty()).then_some(Shown::Text { text }),
        Content::Image { .. } => image(content),
    });
    Some(Said::Parts(parts.collect()))
}

fn shown(content: &Content, sees: bool) -> Option<&str> {
    match content {
        Content::Text(text) => (!text.is_empty()).then_some(text),
        Content::Image { .. } => (!sees).then_some(UNSEEN),
    }
}

fn image<'c>(content: &Content) -> Option<Shown<'c>> {
    let Content::Image { media_type, data } = content else {
        return None;
    };
    let url = format!("data:{media_type};base64,{}", STANDARD.encode(data));
    let image_url = Url { url };
    Some(Shown::ImageUrl { image_url })
}

/// Texts behind each other; none where there is none. One alone is not copied.
fn join<'c>(texts: impl Iterator<Item = &'c str>, between: &str) -> Option<Cow<'c, str>> {
    texts.fold(None, |all, text| match all {
        None => Some(Cow::Borrowed(text)),
        Some(all) => {
            let mut all = all.into_owned();
            all.push_str(between);
            all.push_str(text);
            Some(Cow::Owned(all))
        }
    })
}

/// An id that every server takes.
fn fit(id: &str) -> Cow<'_, str> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !id.is_empty() && id.len() <= MAX_ID && id.chars().all(is_fit) {
        return Cow::Borrowed(id);
    }
    // The end tells what the beginning may have in common with others.
    let fitting = id.chars().map(|c| if is_fit(c) { c } else { '_' });
    let kept: String = fitting.collect();
    let from = kept.len().saturating_sub(MAX_ID);
    let kept = kept.get(from..).unwrap_or_default();
    match kept.is_empty() {
        true => Cow::Borrowed("call"),
        false => Cow::Owned(kept.to_owned()),
    }
}

/// The arguments of an earlier call, which servers expect to be an object.
fn object(arguments: &str) -> Cow<'_, str> {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(_)) => Cow::Borrowed(arguments),
        Ok(other) => Cow::Owned(serde_json::json!({ "arguments": other }).to_string()),
        Err(_) => Cow::Owned(serde_json::json!({ "arguments": arguments }).to_string()),
    }
}
