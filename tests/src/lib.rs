//! What tests of the whole program and benches share.

pub mod book;
pub mod measure;
