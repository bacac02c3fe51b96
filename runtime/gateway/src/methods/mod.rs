//! The methods.

pub(crate) mod logs;
