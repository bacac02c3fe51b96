//! Random input for whatever reads what strangers write: each target says what must hold whatever the input is.
//!
//! **Bound.** A target goes on for `OPENCLAW_FUZZ_SECONDS`, 5 if nothing is set, from the seed `OPENCLAW_FUZZ_SEED`. Each
//! input has a number; a failure tells it, and set as the seed it is the first input that is tried.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "../../runtime/components/tests/common/mod.rs"]
mod common;
mod material;
mod run;
mod smith;

mod arguments;
mod components;
mod frames;
mod gateway;
mod manifest;
mod telegram;
