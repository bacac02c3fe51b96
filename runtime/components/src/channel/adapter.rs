//! An account's adapter: its functions, to be called.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use openclaw_egress::Client;
use openclaw_policy::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::accounts::{
    CommandSpec, DirectoryPage, DirectoryQuery, LoginState, ProbeReport, Resolution, Target, WebhookRequest,
    WebhookResponse,
};
use super::call::{Call, Job};
use super::conceal::conceal_all;
use super::outbound::OutboundAction;
use super::seat::{Seat, Shared};
use super::warm::Slot;
use super::{
    AccountStatus, AdapterError, CapabilitySet, Effects, ErrorCode, Event, Facts, Receipt, Sent,
    SocketChange, Stage,
};
use crate::call::CallContext;
use crate::extension::{Extension, Program};
use crate::flow::Flow;
use crate::host::Parts;

type Result<T> = std::result::Result<T, AdapterError>;

/// An account's adapter. Clones share it; when the last one is dropped, its connections are closed.
#[derive(Clone)]
pub struct Adapter {
    inner: Arc<Inner>,
    shared: Arc<Shared>,
}

/// What an adapter is made of.
pub(crate) struct Inner {
    pub(super) host: Arc<Parts>,
    pub(super) extension: Arc<Extension>,
    pub(super) shared: Arc<Shared>,
    pub(super) slot: Slot,
    pub(super) holder: String,
    channel: String,
    account: String,
}

impl Inner {
    pub(super) fn new(
        host: Arc<Parts>,
        extension: Arc<Extension>,
        shared: Arc<Shared>,
        channel: String,
        account: String,
    ) -> Self {
        Self {
            host,
            holder: extension.holder(),
            extension,
            shared,
            slot: Slot::default(),
            channel,
            account,
        }
    }

    /// Lets go of code and instance if they were not used for so long.
    pub(crate) fn drop_idle(&self, idle: Duration) {
        self.slot.drop_idle(idle);
        self.extension.drop_idle(idle);
    }

    /// Its code, if it is of that component and in memory.
    pub(super) fn program_of(&self, digest: Digest) -> Option<Arc<Program>> {
        (self.extension.digest == digest).then(|| self.extension.program())?
    }

    fn context(&self) -> CallContext {
        CallContext {
            channel: Some(self.channel.clone()),
            account: Some(self.account.clone()),
            ..CallContext::default()
        }
    }
}

/// Something to do on the platform, as one attempt at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// What.
    pub action: OutboundAction,
    /// Names it over all attempts.
    pub key: String,
    /// Which attempt this is.
    pub attempt: NonZeroU32,
}

/// A call of one exported function with the account's name.
macro_rules! job {
    ($adapter:expr, |$exports:ident, $store:ident, $account:ident| $call:expr) => {{
        let account = $adapter.inner.account.clone();
        let job: Job<_> = Box::new(move |channel, $store| {
            Box::pin(async move {
                let ($exports, $account) = (channel.openclaw_channel_adapter(), account.as_str());
                $call.await
            })
        });
        job
    }};
}

impl Adapter {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self {
            shared: Arc::clone(&inner.shared),
            inner,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.extension.client
    }

    pub(super) fn host(&self) -> &Parts {
        &self.inner.host
    }

    /// What may still be said to the log.
    pub(super) fn flow(&self) -> &Flow {
        &self.inner.extension.flow
    }

    /// Whose media it is.
    pub(super) fn owner(&self) -> &str {
        self.inner.extension.id.as_str()
    }

    /// The channel's id.
    pub fn channel(&self) -> &str {
        &self.inner.channel
    }

    /// The account's name.
    pub fn account(&self) -> &str {
        &self.inner.account
    }

    /// How the account is, as the adapter said last; none before it said anything. A report is seen at once, whatever
    /// becomes of the call that made it.
    pub fn status(&self) -> watch::Receiver<Option<AccountStatus>> {
        self.shared.status.subscribe()
    }

    /// Hands over what happened, in order, and gives what is to take effect.
    pub async fn handle(&self, events: Vec<Event>, facts: Facts) -> Result<Effects> {
        let mut context = self.inner.context();
        context.attempt = events
            .iter()
            .filter_map(|event| NonZeroU32::new(event.attempt))
            .max()
            .unwrap_or(NonZeroU32::MIN);
        context.idempotency_key = events.first().map(|event| event.id.clone());
        let account = self.inner.account.clone();
        let weight = events.iter().map(Event::weight).sum();
        let job: Job<()> = Box::new(move |channel, store| {
            Box::pin(async move {
                store.data().volume.bytes_in.spend(weight)?;
                let mut entered = Vec::with_capacity(events.len());
                for event in events {
                    entered.push(event.enter(store)?);
                }
                channel
                    .openclaw_channel_adapter()
                    .call_handle(store, &account, &entered)
                    .await
            })
        });
        let call = Call {
            name: "handle",
            stage: Stage::Handler,
            facts,
            context,
        };
        let ((), seat) = self.inner.call(call, job).await?;
        Ok(seat.into_effects())
    }

    /// Hands over a request to the account's webhook address, with its attempt counted from 1, and gives the answer,
    /// which may leave when the effects were committed.
    pub async fn webhook(&self, request: WebhookRequest, facts: Facts) -> Result<(WebhookResponse, Effects)> {
        let request = self.hide(request);
        let bytes = request.body.len() + request.url.len() * 2;
        let headers = request
            .headers
            .iter()
            .map(|header| header.name.len() + header.value.len());
        let weight = (bytes + headers.sum::<usize>()) as u64;
        let account = self.inner.account.clone();
        let job: Job<WebhookResponse> = Box::new(move |channel, store| {
            Box::pin(async move {
                store.data().volume.bytes_in.spend(weight)?;
                channel
                    .openclaw_channel_adapter()
                    .call_webhook(store, &account, &request)
                    .await
            })
        });
        let call = Call {
            name: "webhook",
            stage: Stage::Handler,
            facts,
            context: self.inner.context(),
        };
        let (mut response, seat): (_, Seat) = self.inner.call(call, job).await?;
        let vault = self.inner.extension.vault();
        if vault.holds_placeholder(&response.body) {
            let text = String::from_utf8_lossy(&response.body);
            response.body = vault.hide_placeholders(&text).into_bytes();
        }
        for header in &mut response.headers {
            header.value = vault.hide_placeholders(&header.value);
        }
        Ok((response, seat.into_effects()))
    }

    /// The request with placeholders in the place of the extension's secrets.
    fn hide(&self, request: WebhookRequest) -> WebhookRequest {
        let vault = self.inner.extension.vault();
        // What is replaced in text is text.
        let text = |text: String| match vault.hide_values(text.as_bytes()) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(hidden) => String::from_utf8(hidden).unwrap_or_default(),
        };
        WebhookRequest {
            method: request.method,
            url: text(request.url),
            path: text(request.path),
            query: text(request.query),
            headers: request
                .headers
                .into_iter()
                .map(|header| super::Header {
                    name: header.name,
                    value: text(header.value),
                })
                .collect(),
            body: vault.hide_values(&request.body).into_owned(),
            peer: request.peer,
        }
    }

    /// A call that changes nothing but what it does at once. Its result holds no secret.
    async fn ask<T>(&self, name: &'static str, facts: Facts, context: CallContext, job: Job<T>) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let call = Call {
            name,
            stage: Stage::Other,
            facts,
            context,
        };
        let (value, _) = self.inner.call(call, job).await?;
        conceal_all(self.inner.extension.vault(), value).ok_or_else(|| AdapterError {
            code: ErrorCode::Internal,
            message: format!("{} returned a number that is none", self.inner.extension.id),
            retry_after: None,
            // The call came to its end, so whatever it did is done.
            sent: Sent::Yes,
            detail: None,
            is_said: false,
        })
    }

    /// What the account can do.
    pub async fn capabilities(&self, facts: Facts) -> Result<CapabilitySet> {
        let job = job!(self, |adapter, store, account| adapter
            .call_capabilities(store, account));
        self.ask("capabilities", facts, self.inner.context(), job).await
    }

    /// Does something on the platform. It may open the media that the action names.
    pub async fn send(&self, outbound: Outbound, facts: Facts) -> Result<Receipt> {
        let mut context = self.inner.context();
        context.attempt = outbound.attempt;
        context.idempotency_key = Some(outbound.key);
        if let OutboundAction::Message(message) = &outbound.action {
            context.media = message.media.iter().map(|media| media.media.clone()).collect();
        }
        let action = outbound.action;
        let job = job!(self, |adapter, store, account| adapter
            .call_send(store, account, &action));
        self.ask("send", facts, context, job).await
    }

    /// Gets media that an attachment deferred, and names it in the media store.
    pub async fn fetch(&self, handle: String, facts: Facts) -> Result<String> {
        let job = job!(self, |adapter, store, account| adapter
            .call_fetch(store, account, &handle));
        self.ask("fetch", facts, self.inner.context(), job).await
    }

    /// Checks that the account works.
    pub async fn probe(&self, facts: Facts) -> Result<ProbeReport> {
        let job = job!(self, |adapter, store, account| adapter.call_probe(store, account));
        self.ask("probe", facts, self.inner.context(), job).await
    }

    /// Begins to sign the account in.
    pub async fn login_start(&self, force: bool, facts: Facts) -> Result<LoginState> {
        let job = job!(self, |adapter, store, account| adapter
            .call_login_start(store, account, force));
        self.ask("login-start", facts, self.inner.context(), job).await
    }

    /// Says how far a login is, after a while at the latest.
    pub async fn login_wait(&self, token: String, wait: Duration, facts: Facts) -> Result<LoginState> {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let job = job!(self, |adapter, store, account| adapter
            .call_login_wait(store, account, &token, wait));
        self.ask("login-wait", facts, self.inner.context(), job).await
    }

    /// Signs the account out.
    pub async fn logout(&self, facts: Facts) -> Result<()> {
        let job = job!(self, |adapter, store, account| adapter
            .call_logout(store, account));
        self.ask("logout", facts, self.inner.context(), job).await
    }

    /// Finds what people mean by names.
    pub async fn resolve(&self, queries: Vec<String>, facts: Facts) -> Result<Vec<Resolution>> {
        let job = job!(self, |adapter, store, account| adapter
            .call_resolve(store, account, &queries));
        self.ask("resolve", facts, self.inner.context(), job).await
    }

    /// Lists whom the account knows.
    pub async fn directory(&self, query: DirectoryQuery, facts: Facts) -> Result<DirectoryPage> {
        let job = job!(self, |adapter, store, account| adapter
            .call_directory(store, account, &query));
        self.ask("directory", facts, self.inner.context(), job).await
    }

    /// Brings a target or an entry of an allowlist into the adapter's one way of writing.
    pub async fn normalize_target(&self, text: String, facts: Facts) -> Result<Target> {
        let job = job!(self, |adapter, store, account| adapter
            .call_normalize_target(store, account, &text));
        self.ask("normalize-target", facts, self.inner.context(), job)
            .await
    }

    /// Makes the platform offer these commands, and no others of this account's.
    pub async fn register_commands(&self, commands: Vec<CommandSpec>, facts: Facts) -> Result<()> {
        let job = job!(self, |adapter, store, account| adapter
            .call_register_commands(store, account, &commands));
        self.ask("register-commands", facts, self.inner.context(), job)
            .await
    }

    /// Changes connections as a handler asked, in order. To be called after its effects were committed. What is for a
    /// connection that has ended meanwhile is dropped.
    pub fn change_sockets(&self, changes: Vec<SocketChange>) {
        self.shared.sockets.apply(changes);
    }

    /// Lets what was sent leave, and closes all connections. To be called when the account ends.
    pub async fn close(&self) {
        self.shared.sockets.close_all().await;
    }
}
