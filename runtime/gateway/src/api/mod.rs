//! The HTTP API: OpenAI's shape of a turn, and calling one tool.

mod bearer;
mod body;
mod completions;
mod hook;
mod invoke;
mod json;
mod models;
mod refusal;
mod routes;

pub(crate) use bearer::bearer;
pub(crate) use invoke::{is_allowed, requires_approval};
pub(crate) use refusal::Refusal;
pub use routes::routes;
