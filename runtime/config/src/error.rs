//! Everything that can fail here.

use std::io;
use std::path::PathBuf;

use crate::issue::Invalid;

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The profile's name has the wrong form.
    #[error("Invalid --profile (use letters, numbers, \"_\", \"-\" only)")]
    Profile,
    /// Both `--dev` and another profile were asked for.
    #[error("--dev means --profile dev; it cannot be combined with --profile {0}")]
    DevProfile(String),
    /// No home directory is known.
    #[error("no home directory: set HOME or OPENCLAW_HOME")]
    NoHome,
    /// The config file is something else than a file.
    #[error("{0} is not a regular file; move it away or set OPENCLAW_CONFIG_PATH")]
    NotRegular(PathBuf),
    /// A file is there but cannot be read.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The config says something that cannot be meant.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The schema uses a keyword that the validator does not know, so it would check less than the schema says.
    #[error("the schema's \"{keyword}\" at {place} cannot be checked")]
    Schema {
        /// The keyword.
        keyword: String,
        /// Where in the schema.
        place: String,
    },
}
