//! Where tools run.
//!
//! **Promise.** A command runs where the config says that its session's commands run, or it does not run: no backend
//! stands in for another, and none falls back to this machine. What a session's sandbox reaches is its own workspace and
//! what was mounted beside it.
//!
//! **Bound.** Each process by its backend's limits; its output by what is listened to.
//!
//! **Never.** It decides which tools a session has, and it asks no model.
//!
//! Start at [`Process`] for a command that runs; a [`Runner`] hands it out, and [`machine`] is the one for this machine.
//! [`jobs`] keeps those that go on while nobody waits. [`Rules`] is what the config says, [`Backend`] what can run a
//! sandbox, [`Sandboxes`] those that there are.

pub mod approvals;
mod backend;
mod error;
mod explain;
pub mod jobs;
pub mod machine;
mod process;
mod rules;
mod runner;
mod sandboxes;
mod scope;
pub mod wasm;
pub mod workspace;

pub use backend::{Abilities, Area, Backend, Sandbox};
pub use error::{Error, Result};
pub use explain::{Explained, Gate, Source, Sources, Subject, Tools};
pub use process::{AHEAD, Command, End, Input, Output, Pipes, Process};
pub use rules::{Ruled, Rules};
pub use runner::{About, Runner};
pub use sandboxes::{Asked, Removal, Sandboxes, Seat};
pub use scope::Scope;
