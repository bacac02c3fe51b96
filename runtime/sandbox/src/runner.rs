//! Who runs commands.
//!
//! **Promise.** Whoever wants a command run knows no more of the place than this, so that what is built on a
//! [`Process`] serves every place alike.

use futures_util::future::BoxFuture;

use crate::error::Result;
use crate::process::{Command, Process};

/// A place that commands run in.
pub trait Runner: Send + Sync {
    /// Starts a command. Dropping the future starts none, or stops it.
    fn start(&self, command: Command) -> BoxFuture<'_, Result<Process>>;

    /// What there is to say of the place.
    fn about(&self) -> About;
}

/// What there is to say of a place that commands run in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct About {
    /// What it is called: `gateway` for this machine, else the name of the backend.
    pub name: String,
    /// Where a command begins that names no folder, as commands there see it.
    pub folder: String,
    /// Whether it gives terminals.
    pub has_terminals: bool,
    /// Whether a command there can do what the gateway's own person can do on this machine.
    pub is_this_machine: bool,
}
