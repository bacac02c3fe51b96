//! `/v1/chat/completions`: a turn of an agent in the shape of OpenAI's API.

pub(crate) mod conversation;
pub(crate) mod model;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod tools;
