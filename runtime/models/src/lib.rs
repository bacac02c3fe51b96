//! Model providers: one request in, a stream of what the model says out.
//!
//! **Promise.** Whatever a provider does — stalls, lies about its types, breaks off, floods — a call ends, with the
//! answer or with one [`Error`] that says what kind of failure it is and whether anything was said before. A call of
//! which nothing was said is tried again where that may help. Keys are put in by the gate and stand in no error, no
//! log line and no answer. **Bound.** [`MAX_LINE`] bytes for one event, 64 MiB for an answer, the provider's
//! patience for silence, [`Patience`] for attempts. **Cost.** A task and a request over a kept connection for each
//! call; linear in what is said. No lock is held while a model speaks.
//!
//! **Never.** It opens no connection of its own: everything leaves through the gate. It keeps no conversation.

mod call;
mod catalog;
mod choice;
mod error;
mod known;
mod models;
mod offline;
mod openai;
mod prepared;
mod provider;
mod reach;
mod reference;
mod seal;
mod stream;

pub use call::{Call, Content, Message, Part, ToolDefinition};
pub use catalog::ModelInfo;
pub use error::{Class, Error, Result};
pub use models::{Model, Models, Options};
pub use openai::{MAX_LINE, Patience};
pub use stream::{Piece, StopReason, Stream, Usage};
