//! The ordered lane of an account: what happens to it, handed to its adapter one call after the other.
//!
//! **Promise.** Events and webhook requests are handled in the order in which they came, never two at the same time.
//! What came together is handed over together; if that fails, one by one. An event that fails is tried again after a
//! pause, [`ATTEMPTS`] times, with the number of the attempt in it; then it is parked in the state, where a person
//! sees it and can replay it, and the lane goes on; behind what was there already the account begins anew, because its
//! adapter may wait for what would have followed. When different events fail in a short time the [`Breaker`] opens,
//! and nothing is parked until one of them is handled. A timer whose moment passed while the gateway was down fires
//! behind `started`.
//!
//! **Bound.** [`BATCH`] events in one call; behind that, connections are read no further and webhook requests wait. A
//! call that is under way when the account is to end is cut off after [`GOODBYE`].
//! **Cost.** One transaction for each call that asks for something.
//!
//! | the process dies | what is there afterwards |
//! | --- | --- |
//! | before the commit of a call | nothing of the call: the cursor stands before its events, timers are still set, so all of it comes again |
//! | after the commit, before its requests begin | messages are turns, the cursor is behind them; the adapter begins its requests anew at `started` |
//! | after the commit of a webhook request, before its answer left | the platform calls again, and what it delivers is known by its id |
//! | while an event waits for its next attempt | requests: asked again at `started`; timers: still set; frames: the platform's own resumption, as the adapter does it |
//! | after an event was parked | the parked event, and its timer is gone |

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openclaw_state::NewParked;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::account::Shared;
use crate::adapter::accounts::{WebhookRequest, WebhookResponse};
use crate::adapter::{AdapterError, Event, Handled, Happening, StartReason};
use crate::breaker::Breaker;
use crate::flights::Flights;
use crate::handled::commit;

/// How often an event is tried.
pub(crate) const ATTEMPTS: u32 = 5;
/// How many events one call takes.
pub(crate) const BATCH: usize = 64;
/// How long a call may go on once the account is to end, and how long its goodbye may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// Why a call came to nothing that took longer than its account had.
const CUT_OFF: &str = "its call was cut off, because the account ends";
/// Why an account begins anew behind an event that was set aside.
const BROKEN: &str = "an event that its adapter waits for was set aside; look at it, then replay it";

/// What a lane is told.
pub(crate) enum Order {
    /// A request came to the webhook.
    Webhook(WebhookRequest, oneshot::Sender<Result<WebhookResponse, String>>),
    /// A parked event is to be tried again.
    Replay(Event, oneshot::Sender<Result<(), String>>),
}

/// How a lane ended.
pub(crate) enum Ended {
    /// It was told to.
    Stopped,
    /// The account could not begin; why.
    Failed(String),
}

/// The lane of one account.
pub(crate) struct Lane {
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    happenings: mpsc::Receiver<Happening>,
    stop: CancellationToken,
    flights: Flights,
    breaker: Breaker,
    queue: VecDeque<Event>,
    /// Whether something was set aside without which the adapter may never ask for anything again.
    is_broken: bool,
}

/// What became of an event that was tried until the end.
enum Fate {
    Handled,
    /// Set aside; the adapter may wait for ever for what would have followed from it.
    Parked {
        breaks: bool,
    },
    GivenUp(String),
    Stopped,
}

impl Lane {
    pub(crate) fn new(
        shared: Arc<Shared>,
        orders: mpsc::Receiver<Order>,
        happenings: mpsc::Receiver<Happening>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            breaker: Breaker::new(shared.pace.breaker),
            shared,
            orders,
            happenings,
            stop,
            flights: Flights::default(),
            queue: VecDeque::new(),
            is_broken: false,
        }
    }

    /// Begins the account and goes on until it is told to stop.
    pub(crate) async fn run(mut self, reason: StartReason) -> Ended {
        let started = new_event(Happening::Started(reason));
        match self.see_through(started, None).await {
            Fate::Handled => {}
            Fate::Parked { .. } | Fate::Stopped => return self.end().await,
            Fate::GivenUp(why) => return Ended::Failed(why),
        }
        self.shared.status.started();
        while !self.stop.is_cancelled() {
            if self.queue.is_empty() {
                self.wait().await;
            }
            self.gather();
            self.work_off().await;
            if self.is_broken && self.queue.is_empty() {
                return Ended::Failed(BROKEN.to_owned());
            }
        }
        self.end().await
    }

    async fn end(&mut self) -> Ended {
        let stopping = new_event(Happening::Stopping);
        // A goodbye that fails is none; nothing depends on it.
        if let Err(error) = self.attempt(vec![stopping]).await {
            tracing::debug!(account = %self.shared.of, error, "an account ended without a goodbye");
        }
        Ended::Stopped
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) {
        let due = self.next_due();
        // No branch comes first: whoever floods one of them starves no other.
        tokio::select! {
            () = self.stop.cancelled() => {}
            order = self.orders.recv() => match order {
                Some(order) => self.obey(order).await,
                None => self.stop.cancel(),
            },
            done = self.flights.next() => self.queue.push_back(new_event(Happening::HttpDone(done))),
            Some(happening) = self.happenings.recv() => self.queue.push_back(new_event(happening)),
            () = sleep_until(due) => {}
        }
        self.fire_timers();
    }

    /// Takes what else is there already, so that it is handed over together.
    fn gather(&mut self) {
        while self.queue.len() < BATCH {
            match self.happenings.try_recv() {
                Ok(happening) => self.queue.push_back(new_event(happening)),
                Err(_) => break,
            }
        }
    }

    /// When the next timer is due that is not on its way already.
    fn next_due(&self) -> Option<u64> {
        let timers = self.shared.ledger.timers();
        let waiting = timers.iter().filter(|(name, _)| !self.fires(name));
        waiting.map(|(_, due)| *due).min()
    }

    fn fires(&self, name: &str) -> bool {
        self.queue
            .iter()
            .any(|event| matches!(&event.what, Happening::Timer(fired) if fired == name))
    }

    fn fire_timers(&mut self) {
        let now = now_ms();
        let timers = self.shared.ledger.timers();
        let mut due: Vec<_> = timers
            .into_iter()
            .filter(|(name, due)| *due <= now && !self.fires(name))
            .collect();
        due.sort_by_key(|(_, due)| *due);
        for (name, _) in due {
            self.queue.push_back(new_event(Happening::Timer(name)));
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Webhook(request, answer) => {
                // Nobody hears the answer any more, so the platform will call again.
                if answer.is_closed() {
                    return;
                }
                // What came before it is handled before it.
                self.gather();
                self.work_off().await;
                let answered = self.webhook(request).await;
                drop(answer.send(answered));
            }
            Order::Replay(event, answer) => {
                let answered = self.attempt(vec![event]).await;
                drop(answer.send(answered));
            }
        }
    }

    async fn webhook(&mut self, request: WebhookRequest) -> Result<WebhookResponse, String> {
        let facts = self.facts(&[]);
        let (response, handled) = self.hear(self.shared.adapter.webhook(request, facts)).await?;
        self.effect(handled, &[]).await?;
        Ok(response)
    }

    /// Hands over what waits: together, and if that fails one by one.
    async fn work_off(&mut self) {
        while !self.queue.is_empty() && !self.stop.is_cancelled() {
            let many = self.queue.len().min(BATCH);
            let events: Vec<Event> = self.queue.drain(..many).collect();
            let mut failed = None;
            if self.breaker.open_until().is_none() {
                match self.attempt(events.clone()).await {
                    Ok(()) => {
                        self.breaker.succeed();
                        continue;
                    }
                    Err(error) => failed = Some(error),
                }
            }
            // Of several it is not known which one failed, so none has used up an attempt.
            let first = failed.filter(|_| events.len() == 1);
            for event in events {
                match self.see_through(event, first.clone()).await {
                    Fate::Handled => {}
                    Fate::Parked { breaks } => self.is_broken |= breaks,
                    Fate::Stopped | Fate::GivenUp(_) => return,
                }
            }
        }
    }

    /// Tries one event until it is handled or set aside. `tried` says why it failed already.
    async fn see_through(&mut self, mut event: Event, tried: Option<String>) -> Fate {
        let is_start = matches!(event.what, Happening::Started(_));
        let mut failures = 0;
        let mut error = tried.unwrap_or_default();
        if !error.is_empty() {
            failures = 1;
            self.note_failure(&event, &error);
        }
        loop {
            let open_until = self.breaker.open_until().filter(|_| !is_start);
            let pause = match open_until {
                Some(until) => until.saturating_duration_since(Instant::now()),
                None if failures == 0 => Duration::ZERO,
                None if failures >= ATTEMPTS => return self.set_aside(event, failures, error).await,
                None => self.shared.pace.event.pause(failures),
            };
            if !self.pause(pause).await {
                return Fate::Stopped;
            }
            event.attempt = failures.saturating_add(1);
            match self.attempt(vec![event.clone()]).await {
                Ok(()) => {
                    self.breaker.succeed();
                    self.shared.status.recovered();
                    return Fate::Handled;
                }
                Err(why) => {
                    error = why;
                    self.note_failure(&event, &error);
                    // A trial of an open breaker uses up no attempt: the event may be good.
                    if open_until.is_none() {
                        failures = failures.saturating_add(1);
                    }
                }
            }
        }
    }

    fn note_failure(&mut self, event: &Event, error: &str) {
        if self.breaker.fail(&event.id, Instant::now()) {
            tracing::warn!(account = %self.shared.of, error, "different events fail; the account pauses");
        }
        self.shared
            .status
            .failed(error, self.breaker.open_until().is_some());
    }

    async fn set_aside(&mut self, event: Event, attempts: u32, error: String) -> Fate {
        let fired = timer_of(&event);
        let breaks = match event.what {
            Happening::Started(_) => return Fate::GivenUp(error),
            // The stream of a connection goes on with its next frames.
            Happening::SocketFrames(_) => false,
            _ => true,
        };
        let payload = serde_json::to_vec(&event).unwrap_or_default();
        tracing::warn!(account = %self.shared.of, event = event.id, attempts, error, "an event is set aside");
        let parked = NewParked {
            event: event.id,
            attempts,
            error,
            payload,
        };
        let (of, names) = (self.shared.of.clone(), fired.clone());
        let write = self.shared.state.write(move |tx| {
            for name in &names {
                tx.delete_channel_timer(&of, name)?;
            }
            tx.park_event(&of, &parked)
        });
        if let Err(error) = write.await {
            // The state itself fails. A timer stays set and fires again; what else it was is told in the log above.
            tracing::error!(account = %self.shared.of, %error, "an event could not be set aside");
            return Fate::Parked { breaks };
        }
        for name in &fired {
            self.shared.ledger.forget_timer(name);
        }
        Fate::Parked { breaks }
    }

    /// One call of the adapter, and its effects.
    async fn attempt(&mut self, events: Vec<Event>) -> Result<(), String> {
        let fired: Vec<_> = events.iter().flat_map(timer_of).collect();
        let facts = self.facts(&fired);
        self.shared.status.event();
        let handled = self.hear(self.shared.adapter.handle(events, facts)).await?;
        self.effect(handled, &fired).await
    }

    /// Waits for a call of the adapter, and no longer than [`GOODBYE`] once the account is to end. Of one that is cut
    /// off nothing takes effect.
    async fn hear<T>(&self, call: impl Future<Output = Result<T, AdapterError>>) -> Result<T, String> {
        let no_longer = async {
            self.stop.cancelled().await;
            tokio::time::sleep(GOODBYE).await;
        };
        tokio::select! {
            ended = call => ended.map_err(|error| self.told(&error)),
            () = no_longer => Err(CUT_OFF.to_owned()),
        }
    }

    fn facts(&self, fired: &[String]) -> crate::adapter::Facts {
        let mut facts = self.shared.ledger.facts();
        facts.timers.retain(|name, _| !fired.contains(name));
        facts.in_flight = self.flights.tokens();
        facts
    }

    /// Commits what a handler asked for, then does what is left to do.
    async fn effect(&mut self, handled: Handled, fired: &[String]) -> Result<(), String> {
        let Handled {
            mut effects,
            requests,
        } = handled;
        let desk = self.shared.desk();
        let shared = &self.shared;
        let committed = commit(
            &shared.state,
            &desk,
            &shared.ledger,
            &shared.echoes,
            fired,
            &mut effects,
        )
        .await;
        let taken = committed
            .map_err(|error| error.to_string())?
            .ok_or("what the handler decided by has changed meanwhile")?;
        for token in &effects.cancelled {
            self.flights.cancel(token);
        }
        for request in requests {
            self.flights.begin(&self.shared.adapter, request);
        }
        self.shared.adapter.change_sockets(&mut effects);
        self.shared.after(taken);
        Ok(())
    }

    fn told(&self, error: &AdapterError) -> String {
        tracing::warn!(account = %self.shared.of, code = ?error.code, %error, "an adapter failed");
        error.to_string()
    }

    /// Waits; false if the account is to stop meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

fn timer_of(event: &Event) -> Vec<String> {
    match &event.what {
        Happening::Timer(name) => vec![name.clone()],
        _ => Vec::new(),
    }
}

fn new_event(what: Happening) -> Event {
    Event {
        id: uuid::Uuid::new_v4().to_string(),
        attempt: 1,
        time: now_ms(),
        what,
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Sleeps until a moment; for ever if there is none.
pub(crate) async fn sleep_until(moment: Option<u64>) {
    match moment {
        Some(moment) => tokio::time::sleep(Duration::from_millis(moment.saturating_sub(now_ms()))).await,
        None => std::future::pending().await,
    }
}
