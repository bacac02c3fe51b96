//! `/v1/chat/completions` from a program to a model server and back, over real sockets on both sides.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod answers;
mod sdk;
mod speed;
mod world;
