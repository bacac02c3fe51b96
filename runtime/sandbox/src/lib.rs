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
//! Start at [`Process`].

pub mod approvals;
mod error;
mod process;

pub use error::{Error, Result};
pub use process::{AHEAD, Command, End, Input, Output, Pipes, Process};
