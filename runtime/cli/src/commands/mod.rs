//! One module for each command.

pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod plugins;
pub(crate) mod secrets;
