//! What a person agreed to, for the component with exactly these bytes.
//!
//! A grant is made from a request and holds the request or a part of it, never more. It says nothing about a
//! component with another digest: there the difference is shown to a person first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
use crate::capability::files::GuestPath;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::limits::LimitSet;
use crate::words::Words;

/// What a person answered to a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// All that is asked.
    All,
    /// Nothing: the component runs and can reach nothing.
    None,
    /// These, which must be within the request.
    Some(Box<Capabilities>, LimitSet),
}

/// What a person agreed to.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Grant {
    digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    capabilities: Capabilities,
    limits: LimitSet,
    /// What each granted directory is on this machine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    directories: BTreeMap<GuestPath, PathBuf>,
    granted_at: u64,
    granted_by: String,
}

/// Who agreed, when, and for what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Consent {
    /// The component.
    pub digest: Digest,
    /// The channel's account; all accounts, or a component without any, if none.
    pub account: Option<String>,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who.
    pub by: String,
}

impl Grant {
    /// Makes a grant of a choice from what was asked. More than was asked is an error.
    pub fn new(consent: Consent, asked: (&Capabilities, &LimitSet), choice: Choice) -> Result<Self> {
        let (capabilities, limits) = match choice {
            Choice::All => (asked.0.clone(), asked.1.clone()),
            Choice::None => Default::default(),
            Choice::Some(capabilities, limits) => (*capabilities, limits),
        };
        let (more, higher) = (asked.0.difference(&capabilities), asked.1.difference(&limits));
        if !more.is_empty() || !higher.is_empty() {
            let lines = more.lines().into_iter().chain(higher.lines());
            let beyond = lines.map(|line| line.text().to_owned()).collect();
            return Err(Error::NotAsked { beyond });
        }
        Ok(Self {
            digest: consent.digest,
            account: consent.account,
            capabilities,
            limits,
            directories: BTreeMap::new(),
            granted_at: consent.at,
            granted_by: consent.by,
        })
    }

    /// Says what granted directories are on this machine, in the place of what was said before. A directory that
    /// was not granted is an error, and so is a path that depends on where somebody stands.
    pub fn place(self, directories: BTreeMap<GuestPath, PathBuf>) -> Result<Self> {
        for (guest, path) in &directories {
            if !self.asks_for(guest) {
                let what = format!("{guest} is none of the granted directories; leave it out");
                return Err(Error::conflict("files", what));
            }
            if !path.is_absolute() {
                let what = format!("{guest} must be an absolute path, and {} is none", path.display());
                return Err(Error::conflict("files", what));
            }
        }
        Ok(Self { directories, ..self })
    }

    fn asks_for(&self, guest: &GuestPath) -> bool {
        let mut granted = self.capabilities.files.directories();
        granted.any(|directory| directory.path == *guest)
    }

    /// The component.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The channel's account, if the grant is for one.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// What may be done.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What a granted directory is on this machine; none as long as nobody has said.
    pub fn directory(&self, guest: &GuestPath) -> Option<&Path> {
        self.directories.get(guest).map(PathBuf::as_path)
    }

    /// What granted directories are on this machine.
    pub fn directories(&self) -> &BTreeMap<GuestPath, PathBuf> {
        &self.directories
    }

    /// Granted directories of which nobody has said what they are.
    pub fn unplaced(&self) -> Vec<GuestPath> {
        let granted = self.capabilities.files.directories();
        let paths = granted.map(|directory| directory.path);
        paths
            .filter(|path| !self.directories.contains_key(path))
            .collect()
    }

    /// How much of the machine may be used.
    pub fn limits(&self) -> &LimitSet {
        &self.limits
    }

    /// When, in milliseconds since 1970.
    pub fn granted_at(&self) -> u64 {
        self.granted_at
    }

    /// Who agreed.
    pub fn granted_by(&self) -> &str {
        &self.granted_by
    }

    /// What a request, as of a newer version, asks beyond this grant. Both are empty if a person need not be
    /// asked again.
    pub fn difference(&self, asked: (&Capabilities, &LimitSet)) -> (Capabilities, LimitSet) {
        (
            self.capabilities.difference(asked.0),
            self.limits.difference(asked.1),
        )
    }
}
