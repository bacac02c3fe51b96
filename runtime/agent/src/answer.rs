//! One answer of a model, as it is spoken.
//!
//! **Promise.** What was said until a failure, a stop or the deadline is not lost. **Cost.** What comes faster than
//! every [`PACE`] is told together, so that a long answer is not copied for each of its words.

use std::time::Duration;

use openclaw_models::{Call, Class, Model, Models, Piece, StopReason, Stream};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::emitter::Emitter;
use crate::event::Body;
use crate::message::Block;
use crate::outcome::Tokens;
use crate::words::may_become_silence;

/// How often more of an answer is told at the most.
const PACE: Duration = Duration::from_millis(20);
/// The most tool calls of one answer that are made.
const CALLS: usize = 64;

/// What a model said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) thinking: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) usage: Tokens,
    pub(crate) stop: Option<StopReason>,
}

/// A call of a tool that a model asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// Why an answer is not complete.
#[derive(Debug)]
pub(crate) enum Cut {
    Failed(openclaw_models::Error),
    Stopped,
    TimedOut,
}

impl Cut {
    /// Whether the conversation was too long and nothing was said yet.
    pub(crate) fn is_too_long(&self) -> bool {
        matches!(self, Self::Failed(error) if error.class() == Class::ContextLength && !error.streamed())
    }
}

impl Answer {
    /// As the transcript keeps it.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        if !self.thinking.is_empty() {
            blocks.push(Block::Thinking {
                thinking: self.thinking.clone(),
            });
        }
        if !self.text.is_empty() {
            blocks.push(Block::text(self.text.as_str()));
        }
        blocks.extend(self.calls.iter().map(|call| Block::ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        }));
        blocks
    }

    /// Why it ended, in OpenClaw's words.
    pub(crate) fn stop_reason(&self) -> &'static str {
        match self.stop {
            _ if !self.calls.is_empty() => "toolUse",
            Some(StopReason::MaxTokens) => "length",
            _ => "stop",
        }
    }
}

/// Asks a model and tells what it says. The second part says why the answer is not complete.
pub(crate) async fn listen(
    models: &Models,
    model: &Model,
    call: Call,
    emitter: &mut Emitter,
    item: &str,
    stop: &CancellationToken,
    deadline: Option<Instant>,
) -> (Answer, Option<Cut>) {
    let mut answer = Answer::default();
    let mut stream = match models.stream(model, call) {
        Ok(stream) => stream,
        Err(error) => return (answer, Some(Cut::Failed(error))),
    };
    let mut told = Told {
        emitter,
        item,
        text: 0,
        thinking: 0,
        next: Instant::now(),
    };
    let cut = follow(&mut stream, &mut answer, &mut told, stop, deadline).await;
    told.flush(&answer, cut.is_none());
    (answer, cut)
}

async fn follow(
    stream: &mut Stream,
    answer: &mut Answer,
    told: &mut Told<'_>,
    stop: &CancellationToken,
    deadline: Option<Instant>,
) -> Option<Cut> {
    loop {
        let pause = told.is_behind(answer).then_some(told.next);
        let piece = tokio::select! {
            biased;
            () = stop.cancelled() => return Some(Cut::Stopped),
            () = until(deadline) => return Some(Cut::TimedOut),
            piece = stream.next() => piece,
            () = until(pause) => {
                told.flush(answer, false);
                continue;
            }
        };
        match piece {
            Some(Ok(Piece::Text(text))) => answer.text.push_str(&text),
            Some(Ok(Piece::Thinking(text))) => answer.thinking.push_str(&text),
            Some(Ok(Piece::ToolCall { id, name, arguments })) => {
                if answer.calls.len() < CALLS {
                    let arguments = serde_json::from_str(&arguments).unwrap_or(Value::String(arguments));
                    answer.calls.push(ToolCall { id, name, arguments });
                }
            }
            Some(Ok(Piece::Usage(usage))) => answer.usage = usage.into(),
            Some(Ok(Piece::Stop(reason))) => {
                answer.stop = Some(reason);
                return None;
            }
            Some(Err(error)) => return Some(Cut::Failed(error)),
            None => return None,
        }
        if Instant::now() >= told.next {
            told.flush(answer, false);
        }
    }
}

/// Ends at an instant; never without one.
pub(crate) async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// How much of an answer has been told.
struct Told<'a> {
    emitter: &'a mut Emitter,
    item: &'a str,
    text: usize,
    thinking: usize,
    /// When more may be told.
    next: Instant,
}

impl Told<'_> {
    fn is_behind(&self, answer: &Answer) -> bool {
        answer.thinking.len() > self.thinking
            || (answer.text.len() > self.text && !may_become_silence(&answer.text))
    }

    fn flush(&mut self, answer: &Answer, is_whole: bool) {
        let held = match self.text {
            // What is whole and does ask for silence stays untold too.
            0 if is_whole => crate::words::audible(&answer.text).is_none(),
            0 => may_become_silence(&answer.text),
            _ => false,
        };
        if answer.thinking.len() > self.thinking {
            self.emitter.tell(Body::Thinking {
                text: answer.thinking.clone(),
                delta: answer
                    .thinking
                    .get(self.thinking..)
                    .unwrap_or_default()
                    .to_owned(),
            });
            self.thinking = answer.thinking.len();
            self.next = Instant::now() + PACE;
        }
        if answer.text.len() > self.text && !held {
            self.emitter.tell(Body::Assistant {
                text: answer.text.clone(),
                delta: answer.text.get(self.text..).unwrap_or_default().to_owned(),
                item: self.item.to_owned(),
            });
            self.text = answer.text.len();
            self.next = Instant::now() + PACE;
        }
    }
}
