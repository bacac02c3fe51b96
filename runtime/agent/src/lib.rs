//! The turn: a queue for each session, the prompt, the tools and what is told about it.
//!
//! **Promise.** A turn that was accepted is run or answered, also when the process is killed in between, and never
//! twice: its run's id is taken once, and its answer is kept in the transaction that ends it, together with what is
//! to leave for its route. The turns of a session run one after the other, in the order of their acceptance.
//!
//! **Bound.** As many turns at once as `agents.defaults.maxConcurrent` says, and bounds on each: its time, its
//! rounds, what tools may return, and how much of the conversation the model reads.
//!
//! **Never.** It opens no connection: models and components do, through their gates. It runs no program but the
//! commands that `exec` is called with, where the config says that they run.
//!
//! Start at [`Agent::start`]; a [`Request`] is what is accepted, an [`Event`] what is told, an [`Outcome`] what
//! stays.

mod agent;
mod agents;
mod answer;
mod calls;
mod clock;
mod command;
mod context;
mod emitter;
mod error;
mod event;
mod freshness;
mod history;
mod keeping;
mod ledger;
mod message;
mod nods;
mod notes;
mod outcome;
mod places;
mod prompt;
mod recall;
mod request;
mod resuming;
mod scene;
pub mod session;
mod shared;
mod tools;
mod turn;
mod words;
mod workspace;

pub use agent::{Acceptance, Accepted, Agent, Commands, Incoming, Options};
pub use agents::{default_id, is_known};
pub use error::{Error, Result};
pub use event::{AHEAD, Body, Event};
pub use history::History;
pub use nods::Nods;
pub use outcome::{ClientCall, Fault, Outcome, Status, Tokens};
pub use request::{Chat, ClientTool, Image, Origin, Request, Route, Sender};
pub use tools::exec::{Decision, Gate, Waiting, Wanted};
pub use tools::explain::{Explained, Explanation, Question};
pub use tools::{FileTool, FileTools, ToolInfo, ToolOutput, elevated, policy};
pub use words::{is_stop, may_become_silence};
pub use workspace::path_of as workspace_of;
