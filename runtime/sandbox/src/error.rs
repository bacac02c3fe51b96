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
}
