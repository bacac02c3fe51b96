//! The config tree, typed once: what each key means, what it defaults to, how it reads in the book.
//!
//! A struct stands for an object of the file, a field for a key, a doc comment for its help text. Everything
//! that describes the file to people and programs is derived from here. A field is an `Option` only where the
//! absence of the key has a meaning of its own; the most common one is that another place is asked.

pub mod agent_defaults;
pub mod agent_turn;
pub mod agents;
pub mod amounts;
pub mod approvals;
pub mod browser;
pub mod channels;
pub mod cli_backend;
pub mod cron;
pub mod exec;
pub mod extensions;
pub mod gateway;
pub mod gateway_auth;
pub mod gateway_http;
pub mod gateway_nodes;
pub mod heartbeat;
pub mod hooks;
pub mod logging;
pub mod mcp;
pub mod memory;
pub mod messages;
pub mod models;
pub mod request;
mod root;
pub mod routing;
pub mod sandbox;
mod secrets;
pub mod session;
pub mod speaking;
pub mod speech;
pub mod system;
pub mod tools;
pub mod tools_media;
pub mod tools_more;
pub mod tools_web;
pub mod values;

pub use root::Config;
pub use secrets::{
    EgressProxy, EnvProvider, ExecProvider, FileMode, FileProvider, PluginIntegration, Resolution,
    SecretDefaults, SecretProvider, Secrets,
};
