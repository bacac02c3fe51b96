//! Beginning an account of a channel.

use std::sync::Arc;

use openclaw_policy::{AccountValues, Effective, Grant, Limit};
use tokio::sync::{mpsc, watch};

use super::adapter::{Adapter, Inner};
use super::seat::Shared;
use super::{Happening, Sockets};
use crate::error::{Error, Result};
use crate::extension::{Extension, Made};
use crate::host::{Host, Installed, Settings, hide_secrets};

/// What an account begins with.
pub struct AccountOptions {
    /// Its name.
    pub account: String,
    /// What was granted for it, or for all accounts.
    pub grant: Grant,
    /// Its settings, and the values of its secrets.
    pub settings: Settings,
    /// Its settings as a grant refers to them, with only what the operator typed.
    pub values: AccountValues,
    /// Where it is told what happens on its connections. While this is full nothing more is read from them.
    pub happenings: mpsc::Sender<Happening>,
}

impl Host {
    /// Makes an account's adapter callable. Opens the directories that were granted, and runs nothing. Dropping the
    /// last clone of the adapter closes its connections.
    pub async fn open_account(&self, installed: &Installed, options: AccountOptions) -> Result<Adapter> {
        let AccountOptions {
            account,
            grant,
            settings,
            values,
            happenings,
        } = options;
        let id = &installed.manifest.id;
        let Some(spec) = &installed.channel else {
            return Err(Error::NoChannel {
                extension: id.to_string(),
            });
        };
        self.check_grant(installed, &grant)?;
        if let Some(granted) = grant.account().filter(|granted| *granted != account) {
            return Err(Error::OtherAccount {
                extension: id.to_string(),
                account,
                granted: granted.to_owned(),
            });
        }
        let mut limits = grant.limits().clone();
        if let Some(kv) = grant.capabilities().kv {
            limits.set(Limit::Kv, kv.quota.get())?;
        }
        let parts = &self.parts;
        let mounts = self.mount(id, &grant).await?;
        let client = parts
            .network
            .client(id, &grant, (Some(&account), &values), settings.secrets);
        let extension = Arc::new(Extension::new(Made {
            id: id.clone(),
            account: Some(account.clone()),
            limits: Effective::new(limits, parts.ceilings.clone()),
            settings: hide_secrets(
                settings.values,
                &installed.manifest.capabilities,
                &client.tenant().vault,
            ),
            client: Arc::clone(&client),
            grant,
            tools: Vec::new(),
            mounts,
            flow: parts.flows.of(id),
        }));
        // Code that another account has in memory is the same code.
        let mut others = parts.live_adapters().into_iter();
        if let Some(program) = others.find_map(|other| other.program_of(installed.digest)) {
            extension.put_program(program);
        }
        let shared = Arc::new(Shared {
            sockets: Sockets::new(client, happenings),
            status: watch::Sender::new(None),
        });
        let inner = Arc::new(Inner::new(
            Arc::clone(parts),
            extension,
            shared,
            spec.id.clone(),
            account,
        ));
        parts.add_adapter(&inner);
        Ok(Adapter::new(inner))
    }
}
