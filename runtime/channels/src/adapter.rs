//! The one place where adapters are called: a guest in the host, or in tests a script.
//!
//! Its types are those of the extension host; nothing else in this crate names that one.

pub(crate) use openclaw_components::channel::description::{self, LengthUnit};
pub(crate) use openclaw_components::channel::shapes::{self, Run, Style, Text, TextForm};
pub(crate) use openclaw_components::channel::{
    AccountOptions, AccountStatus, AdapterError, CapabilitySet, ChannelSpec, Cursor, Effects, ErrorCode,
    Event, Facts, Happening, HttpDone, Outbound, OutboundAction, Receipt, Sent, StartReason, StartRequest,
    TimerChange, accounts, inbound, outbound,
};
use openclaw_components::{Host, Installed};
use tokio::sync::watch;

use accounts::{ProbeReport, WebhookRequest, WebhookResponse};

use crate::error::Result;
#[cfg(test)]
use crate::scripted::Script;

/// An account's adapter.
#[derive(Clone)]
pub(crate) enum Adapter {
    /// An extension.
    Guest(openclaw_components::channel::Adapter),
    /// What a test says.
    #[cfg(test)]
    Scripted(std::sync::Arc<Script>),
}

/// A request that a handler asked for.
pub(crate) enum Request {
    /// An extension's.
    Guest(StartRequest),
    /// What a test says, by its token.
    #[cfg(test)]
    Scripted(String),
}

/// What a handler asked for, with the requests apart: they alone are not for the transaction.
pub(crate) struct Handled {
    pub(crate) effects: Effects,
    pub(crate) requests: Vec<Request>,
}

impl From<Effects> for Handled {
    fn from(mut effects: Effects) -> Self {
        let requests = std::mem::take(&mut effects.requests);
        Self {
            requests: requests.into_iter().map(Request::Guest).collect(),
            effects,
        }
    }
}

impl Request {
    pub(crate) fn token(&self) -> &str {
        match self {
            Self::Guest(request) => &request.token,
            #[cfg(test)]
            Self::Scripted(token) => token,
        }
    }
}

/// Begins an account with an extension of the host.
pub(crate) async fn open(host: &Host, installed: &Installed, options: AccountOptions) -> Result<Adapter> {
    Ok(Adapter::Guest(host.open_account(installed, options).await?))
}

impl Adapter {
    pub(crate) async fn capabilities(&self, facts: Facts) -> Result<CapabilitySet, AdapterError> {
        match self {
            Self::Guest(adapter) => adapter.capabilities(facts).await,
            #[cfg(test)]
            Self::Scripted(script) => Ok(script.capabilities()),
        }
    }

    pub(crate) async fn handle(&self, events: Vec<Event>, facts: Facts) -> Result<Handled, AdapterError> {
        match self {
            Self::Guest(adapter) => adapter.handle(events, facts).await.map(Handled::from),
            #[cfg(test)]
            Self::Scripted(script) => script.handle(events, facts).await,
        }
    }

    pub(crate) async fn webhook(
        &self,
        request: WebhookRequest,
        facts: Facts,
    ) -> Result<(WebhookResponse, Handled), AdapterError> {
        match self {
            Self::Guest(adapter) => {
                let (response, effects) = adapter.webhook(request, facts).await?;
                Ok((response, effects.into()))
            }
            #[cfg(test)]
            Self::Scripted(script) => script.webhook(request).await,
        }
    }

    pub(crate) async fn send(&self, outbound: Outbound, facts: Facts) -> Result<Receipt, AdapterError> {
        match self {
            Self::Guest(adapter) => adapter.send(outbound, facts).await,
            #[cfg(test)]
            Self::Scripted(script) => script.send(outbound).await,
        }
    }

    pub(crate) async fn perform(&self, request: Request) -> HttpDone {
        match (self, request) {
            (Self::Guest(adapter), Request::Guest(request)) => adapter.perform(request).await,
            #[cfg(test)]
            (Self::Scripted(script), request) => script.perform(request.token().to_owned()).await,
            #[cfg(test)]
            (Self::Guest(_), Request::Scripted(token)) => HttpDone {
                outcome: Err(crate::scripted::failure(ErrorCode::Internal, Sent::No)),
                token,
            },
        }
    }

    pub(crate) async fn probe(&self, facts: Facts) -> Result<ProbeReport, AdapterError> {
        match self {
            Self::Guest(adapter) => adapter.probe(facts).await,
            #[cfg(test)]
            Self::Scripted(script) => script.probe(),
        }
    }

    /// Changes connections as a handler asked; after the commit.
    pub(crate) fn change_sockets(&self, handled: &mut Effects) {
        let changes = std::mem::take(&mut handled.sockets);
        match self {
            Self::Guest(adapter) => adapter.change_sockets(changes),
            #[cfg(test)]
            Self::Scripted(_) => drop(changes),
        }
    }

    /// How the account is, as the adapter said last.
    pub(crate) fn status(&self) -> watch::Receiver<Option<AccountStatus>> {
        match self {
            Self::Guest(adapter) => adapter.status(),
            #[cfg(test)]
            Self::Scripted(_) => watch::Sender::new(None).subscribe(),
        }
    }

    /// Ends the account's connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Guest(adapter) => adapter.close().await,
            #[cfg(test)]
            Self::Scripted(_) => {}
        }
    }
}
