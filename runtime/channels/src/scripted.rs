//! An adapter that does what a test says, in place of a guest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::adapter::accounts::{ProbeReport, WebhookRequest, WebhookResponse};
use crate::adapter::description::{CapabilitySet, Feature, LengthUnit};
use crate::adapter::inbound::InboundEvent;
use crate::adapter::shapes::ConversationKind;
use crate::adapter::{
    AdapterError, ChannelSpec, Effects, ErrorCode, Event, Facts, Handled, Happening, HttpDone, Outbound,
    Receipt, Request, Sent, TextForm,
};

type Handler = Box<dyn FnMut(&[Event], &Facts) -> Result<Handled, AdapterError> + Send>;
type Sender = Box<dyn FnMut(&Outbound) -> Result<Receipt, AdapterError> + Send>;

/// What an adapter does.
pub(crate) struct Script {
    spec: ChannelSpec,
    can: CapabilitySet,
    handler: Mutex<Handler>,
    sender: Mutex<Sender>,
    pub(crate) calls: Mutex<Vec<Vec<Event>>>,
    pub(crate) sent: Mutex<Vec<Outbound>>,
    results: Mutex<BTreeMap<String, VecDeque<HttpDone>>>,
    arrived: Notify,
    /// Whether sending never ends.
    stalls: bool,
    happens: Mutex<Option<mpsc::Sender<Happening>>>,
}

fn lock<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    // An adapter that broke off works again when its account begins again.
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Script {
    pub(crate) fn new(
        features: &[Feature],
        handler: impl FnMut(&[Event], &Facts) -> Result<Handled, AdapterError> + Send + 'static,
    ) -> Self {
        Self {
            spec: spec(),
            can: capabilities(features),
            handler: Mutex::new(Box::new(handler)),
            sender: Mutex::new(Box::new(|_| Ok(receipt(&["1"])))),
            calls: Mutex::default(),
            sent: Mutex::default(),
            results: Mutex::default(),
            arrived: Notify::new(),
            stalls: false,
            happens: Mutex::default(),
        }
    }

    pub(crate) fn sending(
        self,
        sender: impl FnMut(&Outbound) -> Result<Receipt, AdapterError> + Send + 'static,
    ) -> Self {
        *lock(&self.sender) = Box::new(sender);
        self
    }

    pub(crate) fn limited(mut self, limit: u32) -> Self {
        self.can.text_limit = limit;
        self
    }

    pub(crate) fn stalling(mut self) -> Self {
        self.stalls = true;
        self
    }

    pub(crate) fn spec(&self) -> &ChannelSpec {
        &self.spec
    }

    pub(crate) fn capabilities(&self) -> CapabilitySet {
        self.can.clone()
    }

    pub(crate) fn hold(&self, happens: mpsc::Sender<Happening>) {
        *lock(&self.happens) = Some(happens);
    }

    /// Lets something happen on a connection.
    pub(crate) async fn happen(&self, happening: Happening) {
        let happens = lock(&self.happens).clone().unwrap();
        happens.send(happening).await.unwrap();
    }

    /// Ends a request in flight.
    pub(crate) fn arrive(&self, done: HttpDone) {
        lock(&self.results)
            .entry(done.token.clone())
            .or_default()
            .push_back(done);
        self.arrived.notify_waiters();
    }

    pub(crate) async fn handle(&self, events: Vec<Event>, facts: Facts) -> Result<Handled, AdapterError> {
        lock(&self.calls).push(events.clone());
        (lock(&self.handler))(&events, &facts)
    }

    pub(crate) async fn webhook(
        &self,
        request: WebhookRequest,
    ) -> Result<(WebhookResponse, Handled), AdapterError> {
        let text = String::from_utf8(request.body).unwrap();
        let delivered = match text.as_str() {
            "bad" => return Err(failure(ErrorCode::Internal, Sent::No)),
            text => vec![InboundEvent::Message(crate::samples::message(text, "42", text))],
        };
        let response = WebhookResponse {
            status: 200,
            headers: Vec::new(),
            body: text.into_bytes(),
        };
        Ok((response, delivering(delivered)))
    }

    pub(crate) async fn send(&self, outbound: Outbound) -> Result<Receipt, AdapterError> {
        let answer = (lock(&self.sender))(&outbound);
        lock(&self.sent).push(outbound);
        if self.stalls {
            std::future::pending::<()>().await;
        }
        answer
    }

    pub(crate) async fn perform(&self, token: String) -> HttpDone {
        loop {
            let arrived = self.arrived.notified();
            let done = lock(&self.results).get_mut(&token).and_then(VecDeque::pop_front);
            match done {
                Some(done) => return done,
                None => arrived.await,
            }
        }
    }

    pub(crate) fn probe(&self) -> Result<ProbeReport, AdapterError> {
        Ok(ProbeReport {
            identity: Some(crate::samples::person("1")),
            warnings: Vec::new(),
            details: None,
        })
    }
}

fn spec() -> ChannelSpec {
    ChannelSpec {
        id: "telegram".to_owned(),
        label: "Telegram".to_owned(),
        aliases: Vec::new(),
        target_prefixes: vec!["tg".to_owned()],
        person_id_label: Some("Telegram user id".to_owned()),
        docs_url: None,
        order: None,
        extra: None,
    }
}

fn capabilities(features: &[Feature]) -> CapabilitySet {
    CapabilitySet {
        conversations: vec![ConversationKind::Direct, ConversationKind::Group],
        features: features.to_vec(),
        actions: Vec::new(),
        text_form: TextForm::Plain,
        text_limit: 4000,
        caption_limit: None,
        length_unit: LengthUnit::Utf16Units,
        line_limit: None,
        media_limit: None,
        media_count: 1,
        mention_texts: vec!["@claw".to_owned()],
        button_limits: None,
        poll_limits: None,
        reply_modes: Vec::new(),
        block_joining: None,
        extra: None,
    }
}

/// Effects that deliver these events.
pub(crate) fn delivering(delivered: Vec<InboundEvent>) -> Handled {
    Handled {
        effects: Effects {
            delivered,
            ..Effects::default()
        },
        requests: Vec::new(),
    }
}

/// Effects that begin a request under this token.
pub(crate) fn requesting(token: &str) -> Handled {
    Handled {
        requests: vec![Request::Scripted(token.to_owned())],
        effects: Effects::default(),
    }
}

pub(crate) fn receipt(ids: &[&str]) -> Receipt {
    Receipt {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        address: None,
        time: None,
        details: None,
    }
}

pub(crate) fn failure(code: ErrorCode, sent: Sent) -> AdapterError {
    AdapterError {
        code,
        message: "the test says no".to_owned(),
        retry_after: None,
        sent,
        detail: None,
        is_said: true,
    }
}
