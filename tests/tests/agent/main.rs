//! Turns from their acceptance to their end, with a real state, real files, a model server of our own and a real guest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod commands;
mod crash;
mod exec;
mod keeping;
mod loops;
mod speed;
mod stopping;
mod tools;
mod turns;
mod world;
