//! The model that needs no network and no key: the one that answers while nothing is configured.
//!
//! **Promise.** It says what it is, and never pretends to think. The same conversation gets the same answer. A plain
//! command runs a tool, so that the whole way from a message over a tool to an answer can be seen. **Cost.** Linear
//! in the last message.

mod command;
mod tour;

use openclaw_config::tree::models::ModelInput;

use crate::call::{Call, Content, Message, Part};
use crate::catalog::ModelInfo;
use crate::stream::{Piece, Speaker, StopReason, Stream, Usage};

/// Its provider.
pub(crate) const PROVIDER: &str = "offline";
/// Its name.
pub(crate) const MODEL: &str = "offline-1";
/// How much it reads, in its tokens: words.
const WINDOW: u64 = 32_000;
/// How long a piece of its text is at least, in bytes.
const PIECE: usize = 16;

/// What is told of it.
pub(crate) fn info() -> ModelInfo {
    ModelInfo {
        provider: PROVIDER.to_owned(),
        id: MODEL.to_owned(),
        name: "Offline (no model configured)".to_owned(),
        context_window: Some(WINDOW),
        max_tokens: None,
        reasoning: false,
        input: vec![ModelInput::Text],
    }
}

/// Answers a call.
pub(crate) fn stream(call: Call) -> Stream {
    Stream::of(|speaker| speak(call, speaker))
}

/// What it says.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    text: String,
    /// Names and arguments of the tools that it calls.
    calls: Vec<(String, String)>,
}

impl Answer {
    fn say(text: String) -> Self {
        Self {
            text,
            calls: Vec::new(),
        }
    }
}

async fn speak(call: Call, mut speaker: Speaker) {
    let Answer { text, calls } = answer(&call);
    let mut output = words(&text);
    for piece in pieces(&text) {
        speaker.say(Piece::Text(piece.to_owned())).await;
    }
    let stop = match calls.is_empty() {
        true => StopReason::End,
        false => StopReason::ToolUse,
    };
    for (number, (name, arguments)) in (calls_before(&call.messages)..).zip(calls) {
        output = output.saturating_add(words(&arguments).max(1));
        let id = format!("offline_{number}");
        speaker.say(Piece::ToolCall { id, name, arguments }).await;
    }
    let input = read(&call);
    let usage = Usage {
        input,
        output,
        total: input.saturating_add(output),
        ..Usage::default()
    };
    speaker.say(Piece::Usage(usage)).await;
    speaker.say(Piece::Stop(stop)).await;
}

fn answer(call: &Call) -> Answer {
    let results = results(&call.messages);
    if !results.is_empty() {
        return Answer::say(tour::of_results(&results));
    }
    let message = last_words(&call.messages);
    let commands = command::all(&message);
    if commands.is_empty() {
        return Answer::say(match tour::is_wanted(&message) {
            true => tour::whole(&call.tools),
            false => tour::short(&message),
        });
    }
    let mut calls = Vec::new();
    for command in commands {
        match command.call(&call.tools) {
            Ok(found) => calls.push(found),
            Err(why) => return Answer::say(why),
        }
    }
    Answer {
        text: tour::before(&calls),
        calls,
    }
}

/// What came of the last calls, if nobody spoke since.
fn results(messages: &[Message]) -> Vec<tour::Outcome<'_>> {
    let outcomes = messages.iter().rev().map_while(|message| match message {
        Message::ToolResult {
            name,
            content,
            is_error,
            ..
        } => Some(tour::Outcome {
            name,
            text: text_of(content),
            is_error: *is_error,
        }),
        Message::User { .. } | Message::Assistant { .. } => None,
    });
    let mut outcomes: Vec<_> = outcomes.collect();
    outcomes.reverse();
    outcomes
}

/// What the person said last.
fn last_words(messages: &[Message]) -> String {
    let mut said = messages.iter().rev().filter_map(|message| match message {
        Message::User { content } => Some(text_of(content)),
        Message::Assistant { .. } | Message::ToolResult { .. } => None,
    });
    said.next().unwrap_or_default()
}

fn text_of(content: &[Content]) -> String {
    let texts = content.iter().map(|content| match content {
        Content::Text(text) => text.as_str(),
        Content::Image { .. } => "(an image)",
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn calls_before(messages: &[Message]) -> usize {
    let parts = messages.iter().map(|message| match message {
        Message::Assistant { content } => content.as_slice(),
        Message::User { .. } | Message::ToolResult { .. } => &[],
    });
    parts
        .flatten()
        .filter(|part| matches!(part, Part::ToolCall { .. }))
        .count()
        .saturating_add(1)
}

/// Its tokens are words.
fn words(text: &str) -> u64 {
    u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX)
}

fn read(call: &Call) -> u64 {
    let messages = call.messages.iter().map(|message| match message {
        Message::User { content } | Message::ToolResult { content, .. } => words(&text_of(content)),
        Message::Assistant { content } => content
            .iter()
            .map(|part| match part {
                Part::Text(text) | Part::Thinking(text) => words(text),
                Part::ToolCall { arguments, .. } => words(arguments),
            })
            .fold(0, u64::saturating_add),
    });
    messages.fold(words(&call.system), u64::saturating_add)
}

/// A text in pieces that end behind a word, as models speak.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut to) = (0, 0);
    for word in text.split_inclusive(char::is_whitespace) {
        to += word.len();
        if to - from >= PIECE {
            pieces.extend(text.get(from..to));
            from = to;
        }
    }
    pieces.extend(text.get(from..).filter(|rest| !rest.is_empty()));
    pieces
}

#[cfg(test)]
mod tests;
