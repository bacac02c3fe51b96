//! Models over real sockets: what becomes of answers, of failures, of keys, and which model is meant.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod answers;
mod choice;
mod failures;
mod keys;
mod speed;
mod strictness;
mod world;
