//! What clients are told of runs.

pub(crate) mod chat;
