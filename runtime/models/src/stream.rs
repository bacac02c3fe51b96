//! What a model says, piece by piece.
//!
//! **Promise.** Pieces come in the order in which they were said; [`Piece::Stop`] or one error is the last. Waiting
//! for a piece may be given up and taken up again without losing one. Dropping the stream ends the call and its
//! connection. **Bound.** [`AHEAD`] pieces are read ahead of whoever listens. **Cost.** One task for each call, and
//! one hand-over for each piece.

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::error::{Error, Result};

/// How many pieces are read ahead.
const AHEAD: usize = 32;

/// A piece of what a model says.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// More text of the answer.
    Text(String),
    /// More text of its thoughts.
    Thinking(String),
    /// A call of a tool, complete.
    ToolCall {
        /// What its result refers to. No two calls of an answer have the same.
        id: String,
        /// Which tool.
        name: String,
        /// JSON. What a model wrote and is none is a JSON string that holds it.
        arguments: String,
    },
    /// What the answer cost.
    Usage(Usage),
    /// The answer is complete.
    Stop(StopReason),
}

/// What an answer cost, in tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// What was read and not found in a cache.
    pub input: u64,
    /// What was written.
    pub output: u64,
    /// What was read from a cache.
    pub cache_read: u64,
    /// What was put into a cache.
    pub cache_write: u64,
    /// All of it together.
    pub total: u64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StopReason {
    /// All was said.
    End,
    /// It became as long as it may be.
    MaxTokens,
    /// It waits for the results of its tool calls.
    ToolUse,
}

/// What a model says, piece by piece.
#[derive(Debug)]
pub struct Stream {
    pieces: mpsc::Receiver<Result<Piece>>,
    task: AbortHandle,
    is_over: bool,
}

impl Stream {
    /// Runs what speaks. It ends by itself, or with the stream.
    pub(crate) fn of<F>(speak: impl FnOnce(Speaker) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let speaker = Speaker {
            sender,
            has_spoken: false,
        };
        let task = tokio::spawn(speak(speaker)).abort_handle();
        Self {
            pieces,
            task,
            is_over: false,
        }
    }

    /// The next piece; none behind the last.
    pub async fn next(&mut self) -> Option<Result<Piece>> {
        if self.is_over {
            return None;
        }
        let piece = self.pieces.recv().await.unwrap_or_else(|| {
            let why = "an answer ended without a word; this is a mistake of the gateway's, please report it";
            Err(Error::Setup(why.to_owned()))
        });
        self.is_over = matches!(piece, Ok(Piece::Stop(_)) | Err(_));
        Some(piece)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The end of a stream into which pieces go.
pub(crate) struct Speaker {
    sender: mpsc::Sender<Result<Piece>>,
    has_spoken: bool,
}

impl Speaker {
    /// Whether anything was handed out.
    pub(crate) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// Hands a piece out.
    pub(crate) async fn say(&mut self, piece: Piece) {
        self.has_spoken = true;
        // Nobody listens any more only while this task is being ended.
        let _ = self.sender.send(Ok(piece)).await;
    }

    /// Ends with a failure.
    pub(crate) async fn fail(&mut self, error: Error) {
        let _ = self.sender.send(Err(error)).await;
    }
}
