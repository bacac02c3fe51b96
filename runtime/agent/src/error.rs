//! What can go wrong with a turn before it runs, or with a question about one.

use openclaw_state::NewTurn;

use crate::session::KeyError;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A session key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The state did not take or give what it was asked.
    #[error(transparent)]
    State(#[from] openclaw_state::Error),
    /// A model cannot be used.
    #[error(transparent)]
    Model(#[from] openclaw_models::Error),
    /// A request is not what its writer put.
    #[error("the request of run {run_id} cannot be read: {source}; it is kept as it is")]
    Request {
        /// The run.
        run_id: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A request could not be written down.
    #[error("the request of run {} cannot be written down: {source}", turn.run_id)]
    Unwritable {
        /// The turn, without its request.
        turn: Box<NewTurn>,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Too many turns of a session wait.
    #[error(
        "{session_key} has {waiting} messages waiting, which is as many as may; send again when it has answered"
    )]
    Busy {
        /// The session.
        session_key: String,
        /// How many wait.
        waiting: usize,
    },
    /// The workspace of an agent cannot be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    Workspace {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no such session.
    #[error("there is no session {key}")]
    NoSession {
        /// The key.
        key: String,
    },
    /// A main session is not deleted.
    #[error("{key} is a main session, which is reset and not deleted")]
    MainSession {
        /// The key.
        key: String,
    },
    /// There is no such tool for a session.
    #[error("no tool \"{name}\" is there for {session_key}")]
    NoTool {
        /// Its name.
        name: String,
        /// For which session.
        session_key: String,
    },
}
