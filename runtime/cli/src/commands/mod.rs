//! One module for each command.

pub(crate) mod agent;
pub(crate) mod approvals;
pub(crate) mod channels;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod dashboard;
pub(crate) mod devices;
pub(crate) mod gateway;
pub(crate) mod logs;
pub(crate) mod onboard;
pub(crate) mod pairing;
pub(crate) mod plugins;
pub(crate) mod sandbox;
pub(crate) mod secrets;
pub(crate) mod status;
pub(crate) mod tools;
