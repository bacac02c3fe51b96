//! The channels of the gateway: which accounts run, and what others may ask of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openclaw_agent::{Agent, Body, Event};
use openclaw_components::Host;
use openclaw_config::Current;
use openclaw_config::tree::Config;
use openclaw_secrets::SnapshotCell;
use openclaw_state::{ChannelAccount, DeadLetter, ParkedEvent, State};
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

use crate::account::{Account, Beginning, Running, Wake};
use crate::adapter::StartReason;
use crate::adapter::accounts::{WebhookRequest, WebhookResponse};
use crate::backoff::USUAL;
use crate::catalog::{self, Listed, Sources};
use crate::error::{Error, Result};
use crate::hooks::{self, Hook};
use crate::intake::Began;
use crate::lane::Order;
use crate::settings;
use crate::status::{AccountSnapshot, Status};

/// How long a call of the platform waits for its turn.
const WEBHOOK: Duration = Duration::from_secs(25);
/// How many dead letters are listed.
const LETTERS: u32 = 1000;

/// What channels are made of.
pub struct Options {
    /// Where everything is kept.
    pub state: State,
    /// The config that counts.
    pub config: Arc<Current<Config>>,
    /// The secrets that count.
    pub secrets: Arc<SnapshotCell>,
    /// What runs adapters.
    pub host: Host,
    /// What answers.
    pub agent: Agent,
}

/// The channels. Clones share them.
#[derive(Clone)]
pub struct Channels(Arc<Inner>);

struct Inner {
    state: State,
    config: Arc<Current<Config>>,
    secrets: Arc<SnapshotCell>,
    host: Host,
    wake: Wake,
    known: Mutex<Known>,
    /// One change of what runs at a time.
    changing: tokio::sync::Mutex<()>,
    listener: Mutex<Option<JoinHandle<()>>>,
}

/// What is known of all accounts.
#[derive(Default)]
struct Known {
    entries: BTreeMap<ChannelAccount, Entry>,
    /// Those that somebody stopped.
    stopped: BTreeSet<ChannelAccount>,
}

struct Entry {
    label: String,
    status: Status,
    account: Option<Account>,
}

/// How all channels are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The channels, in the order in which they are shown, with their names for people.
    pub channels: Vec<(String, String)>,
    /// Their accounts.
    pub accounts: BTreeMap<String, Vec<AccountSnapshot>>,
    /// The account of each that is meant when none is named.
    pub default_accounts: BTreeMap<String, String>,
}

impl Channels {
    /// Begins every account that the config switches on and that has credentials. What goes wrong with one is in its
    /// status and stops no other.
    pub async fn start(options: Options) -> Result<Self> {
        let events = options.agent.events();
        let agent = options.agent;
        let channels = Self(Arc::new(Inner {
            state: options.state,
            config: options.config,
            secrets: options.secrets,
            host: options.host,
            wake: Arc::new(move || agent.wake()),
            known: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            listener: Mutex::default(),
        }));
        channels.listen(events);
        if let Err(error) = channels.change(StartReason::Boot).await {
            tracing::warn!(%error, "not every account could be started");
        }
        Ok(channels)
    }

    /// Brings what runs in line with the config, the secrets and the grants as they are now. Accounts of which nothing
    /// changed go on; one that cannot be begun stops no other, and all that could not are told together.
    pub async fn reconcile(&self) -> Result<()> {
        self.change(StartReason::Config).await
    }

    async fn change(&self, reason: StartReason) -> Result<()> {
        let _one_at_a_time = self.0.changing.lock().await;
        self.settle_all(reason).await
    }

    /// Brings every account in line. Whoever calls this holds `changing`.
    async fn settle_all(&self, reason: StartReason) -> Result<()> {
        let config = self.0.config.get();
        let secrets = self.0.secrets.current();
        let sources = Sources {
            state: &self.0.state,
            host: &self.0.host,
            config: &config,
            secrets: &secrets,
        };
        let listed = catalog::list(&sources).await?;
        let gone: Vec<_> = {
            let mut known = self.known();
            let gone = known.entries.keys().filter(|of| !listed.contains_key(of));
            let gone: Vec<_> = gone.cloned().collect();
            gone.iter()
                .filter_map(|of| known.entries.remove(of)?.account)
                .collect()
        };
        for account in gone {
            account.end().await;
        }
        let mut failed = Vec::new();
        for (of, one) in listed {
            if let Err(error) = self.settle(&of, one, reason).await {
                failed.push(format!("{of}: {error}"));
            }
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Error::Several { accounts: failed }),
        }
    }

    /// Brings one account in line.
    async fn settle(&self, of: &ChannelAccount, listed: Listed, reason: StartReason) -> Result<()> {
        let before = {
            let mut known = self.known();
            known.entries.get_mut(of).and_then(|entry| entry.account.take())
        };
        let status = Status::new(snapshot_of(&listed));
        let recipe = listed.recipe.filter(|_| !self.is_stopped(of)).transpose();
        let mut reason = reason;
        let mut entry = Entry {
            label: listed.label,
            status,
            account: None,
        };
        let recipe = match recipe {
            Ok(recipe) => recipe,
            Err(error) => {
                if let Some(before) = before {
                    before.end().await;
                }
                entry.status.ended(0, Some(&error.to_string()));
                self.known().entries.insert(of.clone(), entry);
                return Err(error);
            }
        };
        if let Some(mut account) = before {
            if let Some(recipe) = &recipe {
                if account.recipe.is_like(recipe) && account.settings == listed.settings {
                    account.renew(&self.0.config.get());
                    entry.status = account.status.clone();
                    entry.account = Some(account);
                    self.known().entries.insert(of.clone(), entry);
                    return Ok(());
                }
                if account.recipe.is_update(recipe) {
                    reason = StartReason::Update;
                }
            }
            account.end().await;
        }
        // Somebody may have stopped it while what was there ended.
        let recipe = recipe.filter(|_| !self.is_stopped(of));
        entry.account = recipe.map(|recipe| {
            Account::begin(Beginning {
                recipe,
                settings: listed.settings,
                config: Arc::clone(&self.0.config),
                state: self.0.state.clone(),
                status: entry.status.clone(),
                wake: Arc::clone(&self.0.wake),
                reason,
                pace: USUAL,
            })
        });
        self.known().entries.insert(of.clone(), entry);
        Ok(())
    }

    fn is_stopped(&self, of: &ChannelAccount) -> bool {
        self.known().stopped.contains(of)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, of: &ChannelAccount) -> Result<Running> {
        let known = self.known();
        let entry = known.entries.get(of).ok_or_else(|| unknown(of))?;
        match &entry.account {
            Some(account) => account.running(),
            None => Err(Error::NotRunning {
                channel: of.channel().to_owned(),
                account: of.account().to_owned(),
                why: entry
                    .status
                    .snapshot()
                    .last_error
                    .unwrap_or_else(|| "it is stopped".to_owned()),
            }),
        }
    }

    fn all_running(&self) -> Vec<(ChannelAccount, Running)> {
        let known = self.known();
        let running = |(of, entry): (&ChannelAccount, &Entry)| {
            let running = entry.account.as_ref()?.running().ok()?;
            Some((of.clone(), running))
        };
        known.entries.iter().filter_map(running).collect()
    }

    /// Hears what is told of runs, for as long as these channels are there.
    fn listen(&self, mut events: broadcast::Receiver<Arc<Event>>) {
        let weak = Arc::downgrade(&self.0);
        let listener = tokio::spawn(async move {
            loop {
                let event = match events.recv().await {
                    Ok(event) => Some(event),
                    Err(broadcast::error::RecvError::Lagged(_)) => None,
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                let Some(inner) = weak.upgrade() else {
                    return;
                };
                let channels = Self(inner);
                match event {
                    Some(event) => channels.hear(&event).await,
                    // An end may be among what was missed.
                    None => channels.wake_delivery(None),
                }
            }
        });
        let mut slot = self.0.listener.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(listener);
    }

    async fn hear(&self, event: &Arc<Event>) {
        let of = account_of_run(&event.run_id);
        let running = of.as_ref().and_then(|of| self.running(of).ok());
        if let Some(running) = &running {
            let live = &running.shared.live;
            if let Some(began) = live.take_expected(&event.run_id)
                && !matches!(event.body, Body::End(_))
            {
                running.shared.show(began);
            }
            let is_shown = live.tell(event);
            if !is_shown && event.body == Body::Start {
                self.show_again(running, event).await;
            }
        }
        if let Body::End(_) = event.body {
            self.wake_delivery(of.filter(|_| running.is_some()).as_ref());
        }
    }

    /// Shows a run of a turn that was put before this process began.
    async fn show_again(&self, running: &Running, event: &Event) {
        if !running.shared.desk().shows_runs() {
            return;
        }
        let run_id = event.run_id.to_string();
        let turn = self.0.state.read(move |view| view.turn(&run_id)).await;
        let Ok(Some(turn)) = turn else {
            return;
        };
        let request: Option<openclaw_agent::Request> = serde_json::from_str(&turn.request).ok();
        if let Some(route) = request.and_then(|request| request.route) {
            running.shared.show(Began {
                run_id: turn.run_id,
                route,
                is_called: false,
            });
        }
    }

    /// Lets an account look for what is to leave; all of them if none is named.
    fn wake_delivery(&self, of: Option<&ChannelAccount>) {
        for (account, running) in self.all_running() {
            if of.is_none_or(|of| *of == account) {
                running.shared.outbox.notify_one();
            }
        }
    }

    /// To be called after something was put into the outbox by anybody but a turn.
    pub fn wake(&self) {
        self.wake_delivery(None);
    }

    /// How all channels are. With `probe`, each account that runs is asked to check itself, for so long at most.
    pub async fn status(&self, probe: Option<Duration>) -> Report {
        let mut report = Report::default();
        let source = self.0.config.get();
        let mut probes = BTreeMap::new();
        if let Some(patience) = probe {
            let asked = self.all_running().into_iter().map(|(of, running)| async move {
                let asked = running.shared.adapter.probe(running.shared.ledger.facts());
                (of, probed(tokio::time::timeout(patience, asked).await))
            });
            probes.extend(futures_util::future::join_all(asked).await);
        }
        for (of, entry) in &self.known().entries {
            let channel = of.channel().to_owned();
            if !report.accounts.contains_key(&channel) {
                report.channels.push((channel.clone(), entry.label.clone()));
                let default = settings::default_account(&source.source, &channel);
                report.default_accounts.insert(channel.clone(), default);
            }
            let mut snapshot = entry.status.snapshot();
            if let Some(account) = &entry.account
                && let Ok(running) = account.running()
            {
                snapshot.dm_policy = Some(running.shared.desk().rules.shown_policy());
            }
            snapshot.probe = probes.remove(of);
            report.accounts.entry(channel).or_default().push(snapshot);
        }
        report
    }

    /// The account that is called at a path of the gateway's port, if any is.
    pub fn hook(&self, path: &str) -> Option<Hook> {
        hooks::find(&self.0.config.get().source, path)
    }

    /// Answers a request that came to an account's webhook address. The answer is there when everything that the
    /// request brought was committed.
    pub async fn webhook(
        &self,
        channel: &str,
        account: &str,
        request: WebhookRequest,
    ) -> Result<WebhookResponse> {
        let of = ChannelAccount::new(channel, account)?;
        let running = self.running(&of)?;
        let unavailable = |why: &str| Error::NotRunning {
            channel: channel.to_owned(),
            account: account.to_owned(),
            why: why.to_owned(),
        };
        if running.shared.status.snapshot().breaker_open {
            return Err(unavailable("different events failed, so it pauses"));
        }
        let (answer, answered) = oneshot::channel();
        let asked = async {
            let order = Order::Webhook(request, answer);
            running
                .orders
                .send(order)
                .await
                .map_err(|_| unavailable("it is about to end"))?;
            answered.await.map_err(|_| unavailable("it ended meanwhile"))
        };
        let answered = tokio::time::timeout(WEBHOOK, asked).await;
        let answered = answered.map_err(|_| unavailable("too much came before this request"))??;
        answered.map_err(|message| Error::Adapter {
            channel: channel.to_owned(),
            account: account.to_owned(),
            message,
        })
    }

    /// Starts an account that was stopped or given up; true if it runs or begins now.
    pub async fn start_account(&self, channel: &str, account: &str) -> Result<bool> {
        let of = ChannelAccount::new(channel, account)?;
        // One that is about to stop has stopped before it begins.
        let _one_at_a_time = self.0.changing.lock().await;
        let given_up = {
            let mut known = self.known();
            known.stopped.remove(&of);
            let entry = known.entries.get_mut(&of).ok_or_else(|| unknown(&of))?;
            // One that is there and does not run is begun anew, with a new count of tries.
            entry.account.take_if(|account| account.running().is_err())
        };
        if let Some(account) = given_up {
            account.end().await;
        }
        let changed = self.settle_all(StartReason::Boot).await;
        let known = self.known();
        let entry = known.entries.get(&of).ok_or_else(|| unknown(&of))?;
        match (&entry.account, changed) {
            (Some(_), _) => Ok(true),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(false),
        }
    }

    /// Stops an account until somebody starts it, or the gateway is started anew; true if it ran.
    pub async fn stop_account(&self, channel: &str, account: &str) -> Result<bool> {
        let of = ChannelAccount::new(channel, account)?;
        {
            let mut known = self.known();
            if !known.entries.contains_key(&of) {
                return Err(unknown(&of));
            }
            // Before waiting, so that whoever is about to begin it does not.
            known.stopped.insert(of.clone());
        }
        let _one_at_a_time = self.0.changing.lock().await;
        let account = {
            let mut known = self.known();
            // Again, because whoever started it meanwhile did so before.
            known.stopped.insert(of.clone());
            known.entries.get_mut(&of).and_then(|entry| entry.account.take())
        };
        match account {
            Some(account) => {
                account.end().await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Ends all accounts, and waits until they have. What is being sent is sent to its end.
    pub async fn stop(&self) {
        let _one_at_a_time = self.0.changing.lock().await;
        let accounts: Vec<_> = {
            let mut known = self.known();
            known
                .entries
                .values_mut()
                .filter_map(|entry| entry.account.take())
                .collect()
        };
        futures_util::future::join_all(accounts.into_iter().map(Account::end)).await;
        let mut slot = self.0.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = slot.take() {
            listener.abort();
        }
    }

    /// The messages that were not sent and will not be unless somebody says so, the newest first.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        Ok(self.0.state.read(|view| view.dead_letters(LETTERS)).await?)
    }

    /// Sends a dead letter after all, from the part on that is not known to have arrived.
    pub async fn replay(&self, id: i64) -> Result<()> {
        let of = self.0.state.write(move |tx| tx.outbox_replay(id)).await?;
        let of = of.ok_or(Error::NoLetter {
            what: "dead letter",
            id,
        })?;
        self.wake_delivery(Some(&of));
        Ok(())
    }

    /// Drops a dead letter.
    pub async fn drop_letter(&self, id: i64) -> Result<()> {
        let dropped = self.0.state.write(move |tx| tx.outbox_drop(id)).await?;
        let missing = Error::NoLetter {
            what: "dead letter",
            id,
        };
        dropped.then_some(()).ok_or(missing)
    }

    /// The events that adapters could not deal with, the oldest first.
    pub async fn parked(&self) -> Result<Vec<ParkedEvent>> {
        Ok(self.0.state.read(|view| view.parked_events()).await?)
    }

    /// Hands a parked event to its adapter once more. It stays parked if that fails.
    pub async fn replay_parked(&self, id: i64) -> Result<()> {
        let missing = || Error::NoLetter {
            what: "parked event",
            id,
        };
        let all = self.parked().await?;
        let parked = all
            .into_iter()
            .find(|parked| parked.id == id)
            .ok_or_else(missing)?;
        let of = parked.of.clone();
        let mut event: crate::adapter::Event =
            serde_json::from_slice(&parked.payload).map_err(|error| Error::Unreadable {
                key: parked.event.clone(),
                why: error.to_string(),
            })?;
        event.attempt = parked.attempts.saturating_add(1);
        let failed = |message: String| Error::Adapter {
            channel: of.channel().to_owned(),
            account: of.account().to_owned(),
            message,
        };
        let running = self.running(&of)?;
        let (answer, answered) = oneshot::channel();
        let sent = running.orders.send(Order::Replay(event, answer)).await;
        sent.map_err(|_| failed("it is about to end".to_owned()))?;
        let answered = answered
            .await
            .map_err(|_| failed("it ended meanwhile".to_owned()))?;
        answered.map_err(failed)?;
        self.0.state.write(move |tx| tx.take_parked(id)).await?;
        Ok(())
    }

    pub(crate) fn state(&self) -> &State {
        &self.0.state
    }
}

fn unknown(of: &ChannelAccount) -> Error {
    Error::NoAccount {
        channel: of.channel().to_owned(),
        account: of.account().to_owned(),
    }
}

/// The account that a run began on, as its id tells.
fn account_of_run(run_id: &str) -> Option<ChannelAccount> {
    let mut parts = run_id.splitn(3, ':');
    let (channel, account, _) = (parts.next()?, parts.next()?, parts.next()?);
    ChannelAccount::new(channel, account).ok()
}

fn snapshot_of(listed: &Listed) -> AccountSnapshot {
    AccountSnapshot {
        account_id: listed.settings.of.account().to_owned(),
        name: listed.settings.common.name.clone(),
        enabled: listed.settings.is_enabled,
        configured: listed.is_configured,
        token_source: listed.token_source,
        ..AccountSnapshot::default()
    }
}

fn probed(
    asked: Result<
        Result<crate::adapter::accounts::ProbeReport, crate::adapter::AdapterError>,
        tokio::time::error::Elapsed,
    >,
) -> serde_json::Value {
    match asked {
        Ok(Ok(report)) => {
            let details = report
                .details
                .as_deref()
                .map(serde_json::from_str::<serde_json::Value>);
            serde_json::json!({
                "ok": true,
                "identity": report.identity.map(|who| serde_json::json!({
                    "id": who.id, "name": who.name, "username": who.username,
                })),
                "warnings": report.warnings,
                "details": details.and_then(std::result::Result::ok),
            })
        }
        Ok(Err(error)) => serde_json::json!({ "ok": false, "error": error.to_string() }),
        Err(_) => serde_json::json!({ "ok": false, "error": "it did not answer in time" }),
    }
}

#[cfg(test)]
mod tests;
