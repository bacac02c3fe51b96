//! Resolves secret references once, keeps the values in memory that is wiped, and keeps them out of every output.
//!
//! Promise: values are found eagerly and together, into a [`Snapshot`] that requests read without a lock, a file or
//! a process; no type here prints a value; no message of a provider reaches anyone. Bound: providers run a few at a
//! time, each under a deadline and an output limit, and a program is stopped with everything it started. Cost: one
//! read per file provider and one process per exec provider, however many references they serve. Never: the
//! process's own environment (the caller hands one in), a shell, the network, a write to disk. Unix only: elsewhere
//! owner and mode of a file cannot be checked the way these rules need.

pub mod active;
pub mod audit;
pub mod collect;
mod error;
mod json;
pub mod owner;
mod pattern;
mod provider;
pub mod redact;
mod resolver;
pub mod snapshot;
pub mod trust;
mod value;

pub use error::{Distrust, ExecFailure, MalformedReason, SecretError, ShownCode};
pub use json::Node;
pub use provider::reply::{Answer, parse_reply};
pub use redact::Redactor;
pub use resolver::{RefKey, Resolved, Resolver, Surroundings, is_placeholder};
pub use snapshot::{Snapshot, SnapshotCell};
pub use value::SecretValue;
