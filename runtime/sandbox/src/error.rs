//! What goes wrong before a command runs.

/// What comes of asking.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program that was to run it could not be started.
    #[error("the command cannot be started in {folder}: {why}")]
    Start {
        /// Where it was to run.
        folder: String,
        /// Why not.
        why: String,
    },
    /// A variable was to be set that would change what programs are loaded or found.
    #[error("the variable {name} cannot be set for a command on this machine: {why}")]
    Variable {
        /// Its name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// Too many commands of an agent run.
    #[error("{running} commands of this agent run, and no more may; end one of them first")]
    Crowded {
        /// How many run.
        running: usize,
    },
}
