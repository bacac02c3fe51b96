//! What an account's adapter is opened with, so that it can be opened again.

use std::collections::BTreeMap;

use openclaw_components::{Host, Installed, Settings as Configured};
use openclaw_policy::{AccountValues, Grant};
use openclaw_secrets::SecretValue;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::adapter::{self, AccountOptions, Adapter, ChannelSpec, Happening};
use crate::error::Result;

/// What an account's adapter is opened with.
#[derive(Clone)]
pub(crate) enum Recipe {
    /// An extension.
    Guest(Box<Guest>),
    /// What a test says.
    #[cfg(test)]
    Scripted(std::sync::Arc<crate::scripted::Script>),
}

/// An extension for one account.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) host: Host,
    pub(crate) installed: Installed,
    pub(crate) spec: ChannelSpec,
    pub(crate) grant: Grant,
    pub(crate) account: String,
    pub(crate) values: Value,
    pub(crate) secrets: BTreeMap<String, SecretValue>,
    pub(crate) account_values: AccountValues,
}

impl Recipe {
    /// What the adapter says of itself.
    pub(crate) fn spec(&self) -> &ChannelSpec {
        match self {
            Self::Guest(guest) => &guest.spec,
            #[cfg(test)]
            Self::Scripted(script) => script.spec(),
        }
    }

    /// Opens the adapter.
    pub(crate) async fn open(&self, happenings: mpsc::Sender<Happening>) -> Result<Adapter> {
        match self {
            Self::Guest(guest) => {
                let options = AccountOptions {
                    account: guest.account.clone(),
                    grant: guest.grant.clone(),
                    settings: Configured {
                        values: guest.values.clone(),
                        secrets: guest.secrets.clone(),
                    },
                    values: guest.account_values.clone(),
                    happenings,
                };
                adapter::open(&guest.host, &guest.installed, options).await
            }
            #[cfg(test)]
            Self::Scripted(script) => {
                script.hold(happenings);
                Ok(Adapter::Scripted(std::sync::Arc::clone(script)))
            }
        }
    }

    /// Whether an account that runs with this need not begin anew for the other.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Guest(one), Self::Guest(other)) => {
                let equal_secrets = one.secrets.len() == other.secrets.len()
                    && one.secrets.iter().all(|(name, value)| {
                        let same = |other: &SecretValue| other.expose() == value.expose();
                        other.secrets.get(name).is_some_and(same)
                    });
                one.installed.digest == other.installed.digest
                    && one.grant == other.grant
                    && one.values == other.values
                    && equal_secrets
            }
            #[cfg(test)]
            (Self::Scripted(one), Self::Scripted(other)) => std::sync::Arc::ptr_eq(one, other),
            #[cfg(test)]
            _ => false,
        }
    }

    /// Whether the other is another version of the adapter.
    pub(crate) fn is_update(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Guest(one), Self::Guest(other)) => one.installed.digest != other.installed.digest,
            #[cfg(test)]
            _ => false,
        }
    }
}
