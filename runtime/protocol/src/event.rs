//! The events by name, and who may hear each.
//!
//! **Promise.** An event whose name is not in the table is told to nobody.

use crate::scope::{Grant, Scope};

/// Who may hear an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audience {
    /// Everybody who is connected.
    Everybody,
    /// Operators with this scope.
    With(Scope),
}

impl Audience {
    /// Whether a connection is part of it.
    pub fn includes(self, operator: bool, grant: &Grant) -> bool {
        match self {
            Self::Everybody => true,
            Self::With(scope) => operator && grant.allows(scope),
        }
    }
}

/// The challenge, which is the first frame of a connection.
pub const CHALLENGE: &str = "connect.challenge";
/// The sign of life.
pub const TICK: &str = "tick";
/// Who is there.
pub const PRESENCE: &str = "presence";
/// How the gateway fares.
pub const HEALTH: &str = "health";
/// The gateway is about to stop.
pub const SHUTDOWN: &str = "shutdown";
/// A device asks to be paired.
pub const PAIR_REQUESTED: &str = "device.pair.requested";
/// Somebody decided about a device.
pub const PAIR_RESOLVED: &str = "device.pair.resolved";
/// The list of devices is another.
pub const PAIR_CHANGED: &str = "device.pair.changed";

/// Who may hear the event of this name; nobody if it is not known.
pub fn audience(event: &str) -> Option<Audience> {
    use Audience::{Everybody, With};
    Some(match event {
        TICK | HEALTH | "heartbeat" | SHUTDOWN | "gateway.suspension" | "update.available" => Everybody,
        "agent" | "chat" | "cron" | PRESENCE | "sessions.changed" | "config.changed" | "skills.changed"
        | "plugins.changed" | "task" => With(Scope::Read),
        "session.approval" => With(Scope::Approvals),
        "plugins.install.progress" => With(Scope::Admin),
        _ => {
            let under = |prefix: &str| event.starts_with(prefix);
            if under("chat.") || under("session.") {
                With(Scope::Read)
            } else if under("exec.approval.") || under("plugin.approval.") || under("openclaw.approval.") {
                With(Scope::Approvals)
            } else if under("device.pair.") || under("node.pair.") {
                With(Scope::Pairing)
            } else if under("question.") {
                With(Scope::Questions)
            } else {
                return None;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_the_tick_and_only_those_who_pair_hear_of_devices() {
        let (none, read) = (Grant::default(), Grant::new(["operator.read"]));
        let hears =
            |event, grant: &Grant| audience(event).is_some_and(|audience| audience.includes(true, grant));
        assert!(hears(TICK, &none) && !hears(PRESENCE, &none) && hears(PRESENCE, &read));
        assert!(!hears(PAIR_REQUESTED, &read) && hears(PAIR_REQUESTED, &Grant::new(["operator.pairing"])));
        assert!(hears("session.message", &read) && !hears("session.approval", &read));
        assert_eq!(audience("no.such.event"), None);
        assert!(!Audience::With(Scope::Read).includes(false, &Grant::new(["operator.admin"])));
    }
}
