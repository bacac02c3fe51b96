//! What each fuzz target does with an input, for the fuzzer and for the short run of the tests.
//!
//! Each body has `run`, which panics where a promise is broken, `SEEDS` to begin with, and `TOKENS` that matter to
//! what it drives.

pub mod address;
pub mod events;
pub mod header;
pub mod injection;
pub mod lines;
pub mod multipart;
pub mod scanner;
pub mod url;
mod wire;
