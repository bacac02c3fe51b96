//! Everything that can be wrong with a request, a grant or a limit.
//!
//! Texts from a manifest are made safe to show when the error is printed, so an error may go to a terminal or a
//! log as it is.

use crate::display::display_safe;

/// How much of a refused text an error shows, in characters.
const SHOWN: usize = 120;

/// Why something is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// A manifest or a stored grant is larger than it may be.
    #[error("{of} has {bytes} bytes, and at most {max} are read; move large content into files")]
    TooLarge {
        /// What it is.
        of: &'static str,
        /// Its size.
        bytes: usize,
        /// The most that is read.
        max: usize,
    },
    /// A manifest or a stored grant is not text.
    #[error("{of} is not UTF-8 text (byte {at}); save it as UTF-8")]
    NotText {
        /// What it is.
        of: &'static str,
        /// The first byte that is no text.
        at: usize,
    },
    /// A manifest or a stored grant is not JSON5.
    #[error("line {line}: {}; mend the JSON5", display_safe(.what, SHOWN))]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        what: String,
    },
    /// A key or value of the manifest is not as it must be.
    #[error("{}{}: {}{}", Line(.line), display_safe(.path, SHOWN), display_safe(.what, 3 * SHOWN), Hint(.nearest))]
    Manifest {
        /// The place, as in `capabilities.http[0].host`.
        path: String,
        /// Its line, from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        what: String,
        /// The known key or value that is spelled most alike.
        nearest: Option<String>,
    },
    /// A text does not have the form it must have.
    #[error("{kind} \"{}\" {why}", display_safe(.given, SHOWN))]
    Value {
        /// What it was meant to be.
        kind: &'static str,
        /// The text.
        given: String,
        /// What is wrong with it, as the end of a sentence.
        why: &'static str,
    },
    /// Two entries of a request cannot stand together.
    #[error("{kind}: {}", display_safe(.what, 3 * SHOWN))]
    Conflict {
        /// The kind of capability.
        kind: &'static str,
        /// What is wrong and what to do.
        what: String,
    },
    /// A limit is outside of its range.
    #[error("limit {limit}: {given} is outside of its range, {least} to {most}")]
    Range {
        /// The limit's key.
        limit: &'static str,
        /// What was given.
        given: String,
        /// The smallest value.
        least: String,
        /// The largest value.
        most: String,
    },
    /// A stored grant is not as it must be.
    #[error("the stored grant is not whole: {}: {}; grant the extension anew", display_safe(.path, SHOWN), display_safe(.what, 3 * SHOWN))]
    Grant {
        /// The place.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// A grant is for another extension, or for another component of this one.
    #[error(
        "the grant is for {granted}, and not for {extension} with the component that it has now; grant it anew"
    )]
    Foreign {
        /// The extension.
        extension: String,
        /// The extension that the grant names.
        granted: String,
    },
    /// More would be granted than was asked for.
    #[error("the grant has more than the manifest asks for: {}; leave it out", Few(.beyond))]
    NotAsked {
        /// What is beyond the request, in plain words.
        beyond: Vec<String>,
    },
}

impl Error {
    pub(crate) fn value(kind: &'static str, given: &str, why: &'static str) -> Self {
        Self::Value {
            kind,
            given: given.to_owned(),
            why,
        }
    }

    pub(crate) fn conflict(kind: &'static str, what: impl Into<String>) -> Self {
        Self::Conflict {
            kind,
            what: what.into(),
        }
    }
}

struct Line<'a>(&'a Option<usize>);

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(line) => write!(f, "line {line}: "),
            None => Ok(()),
        }
    }
}

/// The first of many lines, so that an error stays a sentence.
struct Few<'a>(&'a [String]);

impl std::fmt::Display for Few<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const FEW: usize = 4;
        for (index, line) in self.0.iter().take(FEW).enumerate() {
            let joint = if index == 0 { "" } else { "; " };
            write!(f, "{joint}{}", display_safe(line, 2 * SHOWN))?;
        }
        match self.0.len().checked_sub(FEW) {
            Some(more @ 1..) => write!(f, "; and {more} more"),
            _ => Ok(()),
        }
    }
}

struct Hint<'a>(&'a Option<String>);

impl std::fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "; did you mean \"{nearest}\"?"),
            None => Ok(()),
        }
    }
}

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
