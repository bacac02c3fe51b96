//! Sandboxes with their real guests: what the shell says against what Debian's bash said, what a session reaches, and
//! what is kept.
//!
//! The commands run through the trait that every backend has, so that another one is tested by naming it in
//! [`house::House`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod attacks;
#[path = "../../../runtime/components/tests/common/mod.rs"]
mod common;
mod corpus;
mod house;
mod inside;
mod life;
mod network;
mod programs;
mod sessions;
