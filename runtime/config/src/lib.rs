//! Finds, reads, checks and explains `openclaw.json`.
//!
//! Reads files and the environment, and nothing else: no network, no child process, no secret resolved.

pub mod secret_ref;
pub mod tree;

pub use secret_ref::{PlainText, SecretInput, SecretRef, SecretSource};
