//! What a person agreed to, for the component with exactly these bytes.
//!
//! A grant is made from a request and holds the request or a part of it, never more. It says nothing about a
//! component with another digest: there the difference is shown to a person first.

use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
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
            granted_at: consent.at,
            granted_by: consent.by,
        })
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
