//! The HTTP API.

pub(crate) mod completions;
pub(crate) mod json;
pub(crate) mod models;
pub(crate) mod refusal;
