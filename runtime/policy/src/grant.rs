//! What a person agreed to, for one extension and the component with exactly these bytes.
//!
//! A grant is made from a request and holds the request or a part of it, never more. It says nothing about another
//! extension or a component with another digest: there the difference is shown to a person first. A stored grant
//! is read by [`Grant::parse`] and believed only after [`Grant::check`]: whoever could write the file could
//! otherwise grant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capability::Capabilities;
use crate::capability::files::GuestPath;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::limits::LimitSet;
use crate::manifest::PluginId;
use crate::words::Words;
use crate::{syntax, typed};

/// The longest path of a directory on this machine, in bytes: what a grant cannot write down it cannot hold.
const MAX_PLACE: usize = 4096;

/// What a person answered to a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// All that is asked.
    All,
    /// Nothing: the component runs and can reach nothing. Limits below the usual ones stay as they were asked.
    None,
    /// These, which must be within the request.
    Some(Box<Capabilities>, LimitSet),
}

/// What a person agreed to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Grant(Held);

/// As it is stored. Apart, so that a grant is read in one way only.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Held {
    extension: PluginId,
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
    /// The extension.
    pub extension: PluginId,
    /// The component.
    pub digest: Digest,
    /// The channel's account; all accounts, or a component without any, if none.
    pub account: Option<String>,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who.
    pub by: String,
}

/// Refuses what is beyond the request.
fn check_asked(asked: (&Capabilities, &LimitSet), held: (&Capabilities, &LimitSet)) -> Result<()> {
    let (more, higher) = (asked.0.difference(held.0), asked.1.difference(held.1));
    if more.is_empty() && higher.is_empty() {
        return Ok(());
    }
    // Of nothing at all, `lines` says that it is nothing.
    let more = match more.is_empty() {
        true => Vec::new(),
        false => more.lines(),
    };
    let lines = more.into_iter().chain(higher.lines());
    let beyond = lines.map(|line| line.text().to_owned()).collect();
    Err(Error::NotAsked { beyond })
}

impl Grant {
    /// Makes a grant of a choice from what was asked. More than was asked is an error.
    pub fn new(consent: Consent, asked: (&Capabilities, &LimitSet), choice: Choice) -> Result<Self> {
        let (capabilities, limits) = match choice {
            Choice::All => (asked.0.clone(), asked.1.clone()),
            Choice::None => (Capabilities::default(), asked.1.below_usual()),
            Choice::Some(capabilities, limits) => (*capabilities, limits),
        };
        check_asked(asked, (&capabilities, &limits))?;
        Ok(Self(Held {
            extension: consent.extension,
            digest: consent.digest,
            account: consent.account,
            capabilities,
            limits,
            directories: BTreeMap::new(),
            granted_at: consent.at,
            granted_by: consent.by,
        }))
    }

    /// Reads a stored grant: JSON, in which no key stands twice. What it says is to be checked before it counts.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let value: Value = syntax::parse_bytes("the grant", syntax::MAX_GRANT_BYTES, bytes)?.1;
        let held: Held = typed::read(&value).map_err(|fault| Error::Grant {
            path: typed::write_path(&fault.path(), "as a whole"),
            what: fault.what,
        })?;
        let directories = held.directories.clone();
        Self(held).place(directories)
    }

    /// Checks that the grant is for this extension and component, and has nothing that the manifest does not ask
    /// for.
    pub fn check(&self, id: &PluginId, digest: Digest, asked: (&Capabilities, &LimitSet)) -> Result<()> {
        let held = &self.0;
        if held.extension != *id || held.digest != digest {
            return Err(Error::Foreign {
                extension: id.to_string(),
                granted: held.extension.to_string(),
            });
        }
        check_asked(asked, (&held.capabilities, &held.limits))
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
            if path.to_str().is_none_or(|path| path.len() > MAX_PLACE) {
                let what = format!("{guest} must be a path in UTF-8 of at most {MAX_PLACE} bytes");
                return Err(Error::conflict("files", what));
            }
        }
        Ok(Self(Held {
            directories,
            ..self.0
        }))
    }

    fn asks_for(&self, guest: &GuestPath) -> bool {
        let mut granted = self.0.capabilities.files.directories();
        granted.any(|directory| directory.path == *guest)
    }

    /// The extension.
    pub fn extension(&self) -> &PluginId {
        &self.0.extension
    }

    /// The component.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The channel's account, if the grant is for one.
    pub fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// What may be done.
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// What a granted directory is on this machine; none as long as nobody has said.
    pub fn directory(&self, guest: &GuestPath) -> Option<&Path> {
        self.0.directories.get(guest).map(PathBuf::as_path)
    }

    /// What granted directories are on this machine.
    pub fn directories(&self) -> &BTreeMap<GuestPath, PathBuf> {
        &self.0.directories
    }

    /// Granted directories of which nobody has said what they are.
    pub fn unplaced(&self) -> Vec<GuestPath> {
        let granted = self.0.capabilities.files.directories();
        let paths = granted.map(|directory| directory.path);
        paths
            .filter(|path| !self.0.directories.contains_key(path))
            .collect()
    }

    /// How much of the machine may be used.
    pub fn limits(&self) -> &LimitSet {
        &self.0.limits
    }

    /// When, in milliseconds since 1970.
    pub fn granted_at(&self) -> u64 {
        self.0.granted_at
    }

    /// Who agreed.
    pub fn granted_by(&self) -> &str {
        &self.0.granted_by
    }

    /// What a request, as of a newer version, asks beyond this grant. Both are empty if a person need not be
    /// asked again.
    pub fn difference(&self, asked: (&Capabilities, &LimitSet)) -> (Capabilities, LimitSet) {
        (
            self.0.capabilities.difference(asked.0),
            self.0.limits.difference(asked.1),
        )
    }
}
