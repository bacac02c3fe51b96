//! What is wrong with a config, or worth knowing about it, and where.

use std::fmt;
use std::path::PathBuf;

use crate::path::Path;

/// A position in a file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// How many things are told at once. A file with more mistakes is not read better by a longer list.
pub(crate) const MOST_ISSUES: usize = 100;

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issue {
    /// The place in the config.
    pub path: Path,
    /// What is wrong and what to do, in one line, without any secret.
    pub message: String,
    /// Where that place is written, if it is written anywhere.
    pub position: Option<Position>,
}

impl Issue {
    /// An issue whose position is not known yet.
    pub(crate) fn new(path: Path, message: impl Into<String>) -> Self {
        Self {
            path,
            message: message.into(),
            position: None,
        }
    }

    /// An issue at a known position.
    pub(crate) fn at(path: Path, message: impl Into<String>, position: Position) -> Self {
        Self {
            path,
            message: message.into(),
            position: Some(position),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_root() {
            f.write_str("<root>")?;
        } else {
            write!(f, "{}", self.path)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.position {
            Some(position) => write!(f, " ({position})"),
            None => Ok(()),
        }
    }
}

/// A config that cannot be used, with everything that is wrong with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invalid {
    /// The root config file.
    pub path: PathBuf,
    /// What is wrong: at least one thing.
    pub issues: Vec<Issue>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid config at {}", self.path.display())?;
        for issue in &self.issues {
            write!(f, "\n- {issue}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
