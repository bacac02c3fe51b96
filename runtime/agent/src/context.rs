//! What the model reads of the conversation so far.
//!
//! **Bound.** The model's window: the oldest turns are left out whole until the rest fits, and if the newest alone
//! does not, the oldest of its tool results are. Sizes are estimates, on the safe side for most languages; a
//! provider that still finds it too long is asked again with less.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use openclaw_models::{Content, Message as Told, Part};

use crate::message::{Block, Message, Said};

/// Bytes of text that are reckoned as one token.
const BYTES_PER_TOKEN: usize = 3;
/// What a message costs beside its text.
const TOKENS_PER_MESSAGE: usize = 8;
/// What an image is reckoned as.
const TOKENS_PER_IMAGE: usize = 1600;
/// What is said in place of a tool result that no longer fits.
const LEFT_OUT: &str = "[This tool result was left out, because the conversation is too long.]";

/// How many tokens a text is reckoned as.
pub(crate) fn tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN)
}

/// The messages that fit into `room` tokens, oldest first.
pub(crate) fn fit(messages: &[&Message], room: usize) -> Vec<Told> {
    let mut kept: Vec<Told> = Vec::new();
    let mut left = room;
    // Turns from the newest back to the oldest. Each begins with what a person said.
    let mut end = messages.len();
    while end > 0 {
        let begin = messages
            .get(..end)
            .and_then(|before| {
                before
                    .iter()
                    .rposition(|message| matches!(message, Message::User { .. }))
            })
            .unwrap_or(0);
        let mut turn: Vec<Told> = messages
            .get(begin..end)
            .unwrap_or_default()
            .iter()
            .filter_map(|message| tell(message))
            .collect();
        let mut size = weigh(&turn);
        let is_newest = kept.is_empty();
        if size > left && is_newest {
            // Nothing older has a place beside it.
            shorten(&mut turn, left);
            size = left;
        } else if size > left {
            break;
        }
        left -= size;
        turn.append(&mut kept);
        kept = turn;
        end = begin;
    }
    kept
}

/// How many tokens messages are reckoned as.
pub(crate) fn weigh(messages: &[Told]) -> usize {
    messages.iter().map(size_of).sum()
}

/// Leaves out the oldest tool results of a turn until it fits or none is left.
fn shorten(turn: &mut [Told], room: usize) {
    let mut size = weigh(turn);
    for message in turn.iter_mut() {
        if size <= room {
            break;
        }
        let before = size_of(message);
        if let Told::ToolResult { content, .. } = message
            && before > tokens(LEFT_OUT) + TOKENS_PER_MESSAGE
        {
            *content = vec![Content::Text(LEFT_OUT.to_owned())];
            size = size - before + size_of(message);
        }
    }
}

/// A message as a model is told it; none if it says nothing to it.
fn tell(message: &Message) -> Option<Told> {
    match message {
        Message::User {
            exclude_from_context: true,
            ..
        }
        | Message::Assistant {
            exclude_from_context: true,
            ..
        } => None,
        Message::User { content, prompt, .. } => {
            let mut content = match content {
                Said::Text(text) => vec![Content::Text(text.clone())],
                Said::Parts(parts) => parts.iter().filter_map(content_of).collect(),
            };
            if let (Some(prompt), Some(Content::Text(text))) = (prompt, content.first_mut()) {
                prompt.clone_into(text);
            }
            Some(Told::User { content })
        }
        Message::Assistant { content, .. } => {
            let content: Vec<_> = content.iter().filter_map(part_of).collect();
            (!content.is_empty()).then_some(Told::Assistant { content })
        }
        Message::ToolResult {
            tool_call_id,
            tool_name,
            content,
            is_error,
            ..
        } => Some(Told::ToolResult {
            call_id: tool_call_id.clone(),
            name: tool_name.clone(),
            content: content.iter().filter_map(content_of).collect(),
            is_error: *is_error,
        }),
    }
}

fn content_of(block: &Block) -> Option<Content> {
    match block {
        Block::Text { text } => Some(Content::Text(text.clone())),
        Block::Image { data, mime_type } => Some(Content::Image {
            media_type: mime_type.clone(),
            data: Bytes::from(STANDARD.decode(data).ok()?),
        }),
        Block::Thinking { .. } | Block::ToolCall { .. } => None,
    }
}

fn part_of(block: &Block) -> Option<Part> {
    match block {
        Block::Text { text } if text.is_empty() => None,
        Block::Text { text } => Some(Part::Text(text.clone())),
        Block::Thinking { thinking } => Some(Part::Thinking(thinking.clone())),
        Block::ToolCall { id, name, arguments } => Some(Part::ToolCall {
            id: id.clone(),
            name: name.clone(),
            arguments: arguments.to_string(),
        }),
        Block::Image { .. } => None,
    }
}

fn size_of(message: &Told) -> usize {
    let contents = |content: &[Content]| -> usize {
        let sizes = content.iter().map(|content| match content {
            Content::Text(text) => tokens(text),
            Content::Image { .. } => TOKENS_PER_IMAGE,
        });
        sizes.sum()
    };
    let said = match message {
        Told::User { content } | Told::ToolResult { content, .. } => contents(content),
        Told::Assistant { content } => {
            let sizes = content.iter().map(|part| match part {
                Part::Text(text) | Part::Thinking(text) => tokens(text),
                Part::ToolCall { name, arguments, .. } => tokens(name) + tokens(arguments),
            });
            sizes.sum()
        }
    };
    said + TOKENS_PER_MESSAGE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tokens;

    fn user(text: &str) -> Message {
        Message::of_user(text, None, &[], 0)
    }

    fn assistant(content: Vec<Block>) -> Message {
        Message::Assistant {
            content,
            api: String::new(),
            provider: String::new(),
            model: String::new(),
            usage: Tokens::default(),
            stop_reason: "stop".to_owned(),
            error_message: None,
            timestamp: 0,
            exclude_from_context: false,
        }
    }

    fn result(id: &str, text: &str) -> Message {
        Message::ToolResult {
            tool_call_id: id.to_owned(),
            tool_name: "read".to_owned(),
            content: vec![Block::text(text)],
            details: None,
            is_error: false,
            timestamp: 0,
        }
    }

    fn first_text(told: &Told) -> &str {
        match told {
            Told::User { content } | Told::ToolResult { content, .. } => match &content[0] {
                Content::Text(text) => text,
                Content::Image { .. } => "image",
            },
            Told::Assistant { content } => match &content[0] {
                Part::Text(text) => text,
                _ => "other",
            },
        }
    }

    #[test]
    fn the_oldest_turns_are_left_out_whole() {
        let long = "x".repeat(300);
        let talk = [
            user("one"),
            assistant(vec![Block::text(long.as_str())]),
            user("two"),
            assistant(vec![Block::text("short")]),
            user("three"),
        ];
        let all = fit(&talk.iter().collect::<Vec<_>>(), 1000);
        assert_eq!(all.len(), 5);
        let some = fit(&talk.iter().collect::<Vec<_>>(), 100);
        assert_eq!(
            some.iter().map(first_text).collect::<Vec<_>>(),
            ["two", "short", "three"]
        );
    }

    #[test]
    fn the_newest_turn_stays_and_its_oldest_tool_results_make_room() {
        let long = "x".repeat(600);
        let talk = [
            user("old"),
            user("now"),
            assistant(vec![Block::ToolCall {
                id: "1".to_owned(),
                name: "read".to_owned(),
                arguments: serde_json::json!({}),
            }]),
            result("1", &long),
            result("2", &long),
        ];
        let told = fit(&talk.iter().collect::<Vec<_>>(), 300);
        assert_eq!(
            told.iter().map(first_text).collect::<Vec<_>>(),
            ["now", "other", LEFT_OUT, long.as_str()]
        );
    }

    #[test]
    fn what_the_gateway_answered_itself_and_empty_answers_are_not_told_to_models() {
        let talk = [
            user("hi"),
            Message::of_gateway("status", 0),
            assistant(vec![]),
            assistant(vec![Block::text("")]),
        ];
        assert_eq!(fit(&talk.iter().collect::<Vec<_>>(), 1000).len(), 1);
        let labelled = Message::of_user("hi", Some("Ann: hi".to_owned()), &[], 0);
        assert_eq!(first_text(&fit(&[&labelled], 1000)[0]), "Ann: hi");
    }
}
