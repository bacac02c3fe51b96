//! What the config says about whether an extension is on.

use std::fmt;

use openclaw_config::tree::extensions::Plugins;
use openclaw_policy::PluginId;

/// The key that switches an extension off.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Off {
    /// All are.
    All,
    /// It is on the list of those that never run.
    Denied,
    /// There is a list of those that may run, and it is not on it.
    NotAllowed,
    /// Its own entry says so.
    Entry(PluginId),
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("plugins.enabled is false"),
            Self::Denied => f.write_str("plugins.deny names it"),
            Self::NotAllowed => f.write_str("plugins.allow does not name it"),
            Self::Entry(id) => write!(f, "plugins.entries.{id}.enabled is false"),
        }
    }
}

/// The key that switches an extension off, if one does. To be denied beats to be allowed.
pub(super) fn find_off(plugins: &Plugins, id: &PluginId) -> Option<Off> {
    let names = |list: &[String]| list.iter().any(|name| name == id.as_str());
    let entry = plugins.entries.get(id.as_str());
    if !plugins.enabled {
        Some(Off::All)
    } else if names(&plugins.deny) {
        Some(Off::Denied)
    } else if !plugins.allow.is_empty() && !names(&plugins.allow) {
        Some(Off::NotAllowed)
    } else if entry.is_some_and(|entry| entry.enabled == Some(false)) {
        Some(Off::Entry(id.clone()))
    } else {
        None
    }
}
