//! The methods; one file for each family.

mod agent;
mod agents;
mod approvals;
mod channels;
mod chat;
mod commands;
mod config;
mod devices;
mod health;
mod letters;
pub mod logs;
mod models;
pub(crate) mod nods;
mod plugins;
mod presence;
pub(crate) mod roster;
pub(crate) mod run;
mod sandbox;
pub(crate) mod sessions;
mod status;
pub(crate) mod target;
mod tools;

use openclaw_protocol::event;

use crate::method::Method;

/// The gateway's own families.
pub(crate) const OWN: &[&[Method]] = &[
    health::METHODS,
    approvals::METHODS,
    presence::METHODS,
    devices::METHODS,
    status::METHODS,
];

/// The events that the gateway sends of its own.
pub(crate) const OWN_EVENTS: &[&str] = &[
    event::CHALLENGE,
    event::PRESENCE,
    event::TICK,
    event::SHUTDOWN,
    event::HEALTH,
    event::PAIR_REQUESTED,
    event::PAIR_RESOLVED,
    event::PAIR_CHANGED,
];

/// The families that work on the agent and what belongs to it.
pub const FAMILIES: &[&[Method]] = &[
    agent::METHODS,
    agents::METHODS,
    channels::METHODS,
    chat::METHODS,
    commands::METHODS,
    config::METHODS,
    letters::METHODS,
    logs::METHODS,
    models::METHODS,
    nods::METHODS,
    plugins::METHODS,
    sandbox::METHODS,
    sessions::METHODS,
    tools::METHODS,
];

/// The events that tell of runs and sessions.
pub const EVENTS: &[&str] = &[
    "agent",
    "chat",
    nods::REQUESTED,
    nods::RESOLVED,
    "plugins.changed",
    "session.message",
    "session.tool",
    "sessions.changed",
];

/// The behaviours that clients ask for by name and that these methods have.
pub const CAPABILITIES: &[&str] = &["published-model-catalog"];

/// A fault on this side: written to the log, and told without what it was.
pub(crate) fn internal(fault: &dyn std::fmt::Display) -> openclaw_protocol::Error {
    tracing::error!(%fault, "a method failed");
    openclaw_protocol::Error::unavailable("internal error")
}
