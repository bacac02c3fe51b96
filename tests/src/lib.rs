//! What tests of the whole program and benches share.

pub mod assistant;
pub mod book;
pub mod corpus;
pub mod measure;
pub mod parrot;
pub mod platforms;
