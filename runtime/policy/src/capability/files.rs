//! Directories, each under a path of the component's own world, to read or also to write.
//!
//! No directory is inside another, so that no file is held under two rights. What a path stands for on the
//! machine is decided by the operator, not here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::{is_quiet, text_type};

/// The most directories of one component.
pub const MAX_DIRECTORIES: usize = 32;

/// The longest reason, in bytes.
pub const MAX_WHY: usize = 500;

/// An absolute path of a component's own world: no `.` or `..`, no empty segment, no trailing slash.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestPath(String);

impl GuestPath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path is the other one or inside it.
    pub fn is_within(&self, directory: &Self) -> bool {
        let rest = self.0.strip_prefix(directory.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for GuestPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why| Err(Error::value("guest path", text, why));
        let Some(path) = text.strip_prefix('/') else {
            return wrong("must begin with \"/\"");
        };
        if text.len() > 256 || !text.chars().all(is_quiet) {
            return wrong("must be visible ASCII without quotes, parentheses and \"\\\", at most 256");
        }
        if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return wrong("must name a directory, without \".\", \"..\", \"//\" or a slash at the end");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for GuestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(GuestPath);

/// What may be done in a directory.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
pub enum Access {
    /// Reading.
    #[serde(rename = "ro")]
    ReadOnly,
    /// Reading, changing, creating and deleting.
    #[serde(rename = "rw")]
    ReadWrite,
}

/// A directory that is asked for or granted.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Where the component finds it.
    pub path: GuestPath,
    /// What may be done there.
    pub access: Access,
    /// What for, in the author's words. Not part of what is compared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// Directories in their normal form: sorted, none inside another.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<Directory>", into = "Vec<Directory>")]
pub struct Files(BTreeMap<GuestPath, (Access, String)>);

impl Files {
    /// Takes directories that do not overlap.
    pub fn new(directories: Vec<Directory>) -> Result<Self> {
        if directories.len() > MAX_DIRECTORIES {
            let what = format!(
                "{} directories; at most {MAX_DIRECTORIES} are granted",
                directories.len()
            );
            return Err(Error::conflict("files", what));
        }
        let mut taken: BTreeMap<GuestPath, (Access, String)> = BTreeMap::new();
        for Directory { path, access, why } in directories {
            if why.len() > MAX_WHY {
                let what = format!("the reason for {path} is too long; at most {MAX_WHY} bytes are told");
                return Err(Error::conflict("files", what));
            }
            let overlaps = |other: &&GuestPath| path.is_within(other) || other.is_within(&path);
            if let Some(other) = taken.keys().find(overlaps) {
                let what = format!("{path} and {other} overlap; ask for one of them");
                return Err(Error::conflict("files", what));
            }
            taken.insert(path, (access, why));
        }
        Ok(Self(taken))
    }

    /// The directories.
    pub fn directories(&self) -> impl Iterator<Item = Directory> {
        self.clone()
            .0
            .into_iter()
            .map(|(path, (access, why))| Directory { path, access, why })
    }

    /// Whether there is no directory.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether each directory that is asked for is granted under the same path, with the same right or more.
    pub fn covers(&self, asked: &Self) -> bool {
        self.difference(asked).is_empty()
    }

    /// What is asked and not within this.
    pub fn difference(&self, asked: &Self) -> Self {
        let held = |path, access: &Access| self.0.get(path).is_some_and(|(granted, _)| granted >= access);
        let beyond = asked.0.iter().filter(|(path, (access, _))| !held(path, access));
        Self(
            beyond
                .map(|(path, entry)| (path.clone(), entry.clone()))
                .collect(),
        )
    }

    /// Whether a path may be used in a way.
    pub fn allows(&self, path: &GuestPath, access: Access) -> bool {
        self.0
            .iter()
            .any(|(directory, (granted, _))| path.is_within(directory) && *granted >= access)
    }
}

impl TryFrom<Vec<Directory>> for Files {
    type Error = Error;

    fn try_from(directories: Vec<Directory>) -> Result<Self> {
        Self::new(directories)
    }
}

impl From<Files> for Vec<Directory> {
    fn from(files: Files) -> Self {
        files.directories().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, Access)]) -> Result<Files> {
        let directory = |(path, access): &(&str, Access)| Directory {
            path: path.parse().unwrap(),
            access: *access,
            why: String::new(),
        };
        Files::new(entries.iter().map(directory).collect())
    }

    #[test]
    fn no_file_is_held_under_two_rights() {
        use Access::{ReadOnly, ReadWrite};
        for other in ["/data", "/data/in", "/data/in/deep"] {
            let both = files(&[("/data/in", ReadOnly), (other, ReadWrite)]);
            assert!(both.unwrap_err().to_string().contains("overlap"), "{other}");
        }
        assert!(files(&[("/data", ReadOnly), ("/database", ReadWrite)]).is_ok());
    }

    #[test]
    fn a_guest_path_names_one_directory() {
        for text in [
            "", "/", "data", "/a/", "/a//b", "/a/../b", "/./a", "/a\\b", "/a\0", "/a\u{1b}", "/a b", "/a\"",
            "/a (b)", "/é", "/\u{5d0}",
        ] {
            assert!(text.parse::<GuestPath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn reading_does_not_grant_writing() {
        let granted = files(&[("/data", Access::ReadOnly)]).unwrap();
        let path = "/data/x".parse().unwrap();
        assert!(granted.allows(&path, Access::ReadOnly) && !granted.allows(&path, Access::ReadWrite));
        assert!(!granted.allows(&"/database".parse().unwrap(), Access::ReadOnly));
        assert!(!granted.covers(&files(&[("/data", Access::ReadWrite)]).unwrap()));
        assert!(files(&[("/data", Access::ReadWrite)]).unwrap().covers(&granted));
    }
}
