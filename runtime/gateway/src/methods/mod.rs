//! The methods that the gateway has of its own; one file for each family.

mod devices;
mod health;
mod presence;
mod status;

use openclaw_protocol::event;

use crate::method::Method;

/// The gateway's own families.
pub(crate) const OWN: &[&[Method]] = &[
    health::METHODS,
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
