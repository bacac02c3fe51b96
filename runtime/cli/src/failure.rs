//! How a command that did not work says so.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::output;

/// How a program ends that was interrupted.
const INTERRUPTED: u8 = 130;

/// How a gateway ends that its config keeps from starting: supervisors do not start it again.
const UNCONFIGURED: u8 = 78;

/// Why a command did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line cannot be understood.
    #[error("{}", plain(.0))]
    Usage(clap::Error),
    /// OpenClaw can do it and this build cannot.
    #[error("{0}")]
    NotInThisBuild(String),
    /// There is no usable config.
    #[error(transparent)]
    Config(#[from] openclaw_config::Error),
    /// The gateway cannot start with this config.
    #[error("{0}")]
    Unconfigured(String),
    /// The gateway could not start or go on.
    #[error(transparent)]
    Gateway(openclaw_gateway::Error),
    /// Models could not be set up.
    #[error(transparent)]
    Models(#[from] openclaw_models::Error),
    /// The agent could not.
    #[error(transparent)]
    Agent(#[from] openclaw_agent::Error),
    /// The channels could not.
    #[error(transparent)]
    Channels(#[from] openclaw_channels::Error),
    /// The config's secrets could not be looked at.
    #[error(transparent)]
    Secrets(#[from] openclaw_secrets::SecretError),
    /// A component could not be installed or called.
    #[error(transparent)]
    Components(#[from] openclaw_components::Error),
    /// A grant cannot be made.
    #[error(transparent)]
    Policy(#[from] openclaw_policy::Error),
    /// The state could not be used.
    #[error(transparent)]
    State(#[from] openclaw_state::Error),
    /// It was done, and the answer is no. `fields` stand beside the error in JSON.
    #[error("{text}")]
    Negative {
        /// What people read.
        text: String,
        /// What programs read besides.
        fields: Map<String, Value>,
    },
    /// Somebody ended it from the keyboard.
    #[error("interrupted; the call was ended")]
    Interrupted,
    /// The system did not let us.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The first paragraph of what the parser says; the rest is the usage, which people see and JSON does not need.
fn plain(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.split("\n\n")
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .trim()
        .to_owned()
}

impl From<openclaw_gateway::Error> for Failure {
    fn from(error: openclaw_gateway::Error) -> Self {
        match error.is_of_config() {
            true => Self::Unconfigured(error.to_string()),
            false => Self::Gateway(error),
        }
    }
}

impl Failure {
    /// A negative answer that needs no more than its text.
    pub(crate) fn negative(text: impl Into<String>) -> Self {
        Self::Negative {
            text: text.into(),
            fields: Map::new(),
        }
    }

    /// A file that could not be used.
    pub(crate) fn file(doing: &str, path: &Path, source: &std::io::Error) -> Self {
        Self::negative(format!("cannot {doing} {}: {source}", path.display()))
    }

    /// Prints it, and yields the code to end with.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        if json {
            output::print_json(&self.as_json());
        } else if let Self::Usage(error) = &self {
            // Nothing can be said about a standard error that cannot be written.
            let _ = error.print();
        } else {
            output::complain(&self.to_string());
        }
        match self {
            Self::Interrupted => ExitCode::from(INTERRUPTED),
            Self::Unconfigured(_) => ExitCode::from(UNCONFIGURED),
            _ => ExitCode::FAILURE,
        }
    }

    fn as_json(&self) -> Value {
        let mut document =
            json!({ "ok": false, "error": { "type": "cli_error", "message": self.to_string() } });
        if let (Self::Negative { fields, .. }, Some(object)) = (self, document.as_object_mut()) {
            object.extend(fields.clone());
        }
        document
    }
}
