//! Components and packages that misbehave, one promise a test.
//!
//! Each case is an [ordeal](ordeal): beside the attack an honest tool is called all the time, and afterwards the house
//! must be as it was before. What happens to each case is a table in the book, which `table.rs` compares with the tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "../../runtime/components/tests/common/mod.rs"]
mod common;
mod ordeal;

mod abi;
mod bombs;
mod channels;
mod cpu;
mod files;
mod interface;
mod memory;
mod packages;
mod table;
mod watch;
