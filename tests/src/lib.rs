//! What tests of the whole program and benches share.

pub mod assistant;
pub mod book;
pub mod corpus;
pub mod gateway;
pub mod measure;
pub mod parrot;
pub mod peer;
pub mod platforms;
pub mod templates;
