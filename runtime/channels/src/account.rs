//! One account, begun, kept going and ended, whatever becomes of the others.
//!
//! **Promise.** An account that ends by itself begins again after a pause that doubles from 5 seconds to 5 minutes,
//! [`TRIES`] times in a row; running for [`WELL`] makes the count begin anew. One that was stopped stays so. What its
//! adapter keeps in memory is a cache: each beginning reads what is committed. **Cost.** A task while it waits, three
//! while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openclaw_config::tree::Config;
use openclaw_config::{Current, Snapshot};
use openclaw_state::{ChannelAccount, State};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::adapter::{Adapter, AdapterError, Facts, Outbound, Receipt, StartReason};
use crate::backoff::Pace;
use crate::delivery::Delivery;
use crate::desk::Desk;
use crate::echoes::Echoes;
use crate::error::{Error, Result};
use crate::handled::Ledger;
use crate::intake::{Began, Taken};
use crate::lane::{Ended, Lane, Order};
use crate::live::Live;
use crate::recipe::Recipe;
use crate::settings::Settings;
use crate::status::Status;

/// How often in a row an account that ended by itself begins again.
pub(crate) const TRIES: u32 = 10;
/// After which time an account counts as one that runs.
const WELL: Duration = Duration::from_secs(600);
/// How many frames and the like wait for a lane before nothing more is read.
const WAITING: usize = 64;

/// What the parts of an account that runs share.
pub(crate) struct Shared {
    pub(crate) of: ChannelAccount,
    pub(crate) state: State,
    pub(crate) adapter: Adapter,
    pub(crate) ledger: Ledger,
    pub(crate) echoes: Echoes,
    pub(crate) status: Status,
    pub(crate) live: Live,
    pub(crate) pace: Pace,
    /// Told when something was put that is to leave.
    pub(crate) outbox: Notify,
    desk: RwLock<Arc<Desk>>,
    /// Calls of `send` follow one another.
    sending: tokio::sync::Mutex<()>,
    wake: Wake,
}

/// What is called when turns were put.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

impl Shared {
    /// What decides about messages now.
    pub(crate) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_desk(&self, desk: Desk) {
        *self.desk.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(desk);
    }

    /// Does something on the platform, when it is its turn.
    pub(crate) async fn send(&self, outbound: Outbound) -> Result<Receipt, AdapterError> {
        let _turn = self.sending.lock().await;
        self.adapter.send(outbound, self.ledger.facts()).await
    }

    /// Waits until what is being done on the platform now is done.
    pub(crate) async fn until_sent(&self) {
        drop(self.sending.lock().await);
    }

    /// What follows from what was taken in and committed.
    pub(crate) fn after(self: &Arc<Self>, taken: Vec<Taken>) {
        let mut calls_agent = false;
        for taken in taken {
            match taken {
                Taken::Turn(began) => {
                    calls_agent = true;
                    self.status.inbound();
                    self.live.expect(began);
                }
                Taken::Code => {
                    self.status.inbound();
                    self.outbox.notify_one();
                }
                Taken::Dropped(why) => tracing::debug!(account = %self.of, why, "a message is not taken in"),
                Taken::Kept | Taken::Recorded => self.status.inbound(),
                Taken::Seen => {}
            }
        }
        if calls_agent {
            (self.wake)();
        }
    }

    /// Shows that an answer is under way, from when its turn begins.
    pub(crate) fn show(self: &Arc<Self>, began: Began) {
        self.live.begin(self, began);
    }
}

/// An account that runs now.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) shared: Arc<Shared>,
    pub(crate) orders: mpsc::Sender<Order>,
}

/// An account that is to run.
pub(crate) struct Account {
    pub(crate) recipe: Recipe,
    pub(crate) settings: Settings,
    pub(crate) status: Status,
    running: Arc<Mutex<Option<Running>>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What an account begins with.
pub(crate) struct Beginning {
    pub(crate) recipe: Recipe,
    pub(crate) settings: Settings,
    pub(crate) config: Arc<Current<Config>>,
    pub(crate) state: State,
    pub(crate) status: Status,
    pub(crate) wake: Wake,
    pub(crate) reason: StartReason,
    pub(crate) pace: Pace,
}

impl Account {
    /// Begins it; what goes wrong is in its status.
    pub(crate) fn begin(beginning: Beginning) -> Self {
        let running = Arc::<Mutex<Option<Running>>>::default();
        let stop = CancellationToken::new();
        let (recipe, settings) = (beginning.recipe.clone(), beginning.settings.clone());
        let status = beginning.status.clone();
        let watch = Watch {
            beginning,
            running: Arc::clone(&running),
            stop: stop.clone(),
        };
        Self {
            recipe,
            settings,
            status,
            running,
            stop,
            task: tokio::spawn(watch.run()),
        }
    }

    /// The account as it runs now.
    pub(crate) fn running(&self) -> Result<Running> {
        let running = lock(&self.running).clone();
        running.ok_or_else(|| Error::NotRunning {
            channel: self.settings.of.channel().to_owned(),
            account: self.settings.of.account().to_owned(),
            why: self
                .status
                .snapshot()
                .last_error
                .unwrap_or_else(|| "it is about to begin".to_owned()),
        })
    }

    /// Lets a new config decide about messages from now on.
    pub(crate) fn renew(&mut self, config: &Snapshot<Config>) {
        if let Some(running) = lock(&self.running).as_ref() {
            let before = running.shared.desk();
            let (spec, can) = (before.spec.clone(), before.can.clone());
            running
                .shared
                .set_desk(Desk::new(config.clone(), &self.settings, spec, can));
        }
    }

    /// Ends it, and waits until it has.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        // A task that panicked has ended too.
        drop(self.task.await);
    }
}

fn lock(running: &Mutex<Option<Running>>) -> MutexGuard<'_, Option<Running>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What keeps an account going.
struct Watch {
    beginning: Beginning,
    running: Arc<Mutex<Option<Running>>>,
    stop: CancellationToken,
}

impl Watch {
    async fn run(self) {
        let Self {
            beginning,
            running,
            stop,
        } = self;
        let beginning = Arc::new(beginning);
        let mut reason = beginning.reason;
        let mut tries = 0;
        while !stop.is_cancelled() {
            let begun = Instant::now();
            let one = run_once(Arc::clone(&beginning), Arc::clone(&running), stop.clone(), reason);
            // In a task of its own, so that a panic ends this account and no other.
            let ended = tokio::spawn(one).await;
            lock(&running).take();
            let why = match ended {
                Ok(Ok(Ended::Stopped)) => break,
                Ok(Ok(Ended::Failed(why))) => why,
                Ok(Err(error)) => error.to_string(),
                Err(error) => format!("it broke off: {error}; this is a bug of the gateway"),
            };
            if begun.elapsed() >= WELL {
                tries = 0;
            }
            tries += 1;
            beginning.status.ended(tries, Some(&why));
            if tries > TRIES {
                tracing::error!(account = %beginning.settings.of, why, "an account is given up");
                return;
            }
            tracing::warn!(account = %beginning.settings.of, tries, why, "an account ended and begins again");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(beginning.pace.restart.pause(tries)) => {}
            }
            reason = StartReason::Recovery;
        }
        beginning.status.ended(0, None);
    }
}

/// Runs an account from its beginning to its end.
async fn run_once(
    beginning: Arc<Beginning>,
    running: Arc<Mutex<Option<Running>>>,
    stop: CancellationToken,
    reason: StartReason,
) -> Result<Ended> {
    let Beginning {
        recipe,
        settings,
        config,
        state,
        status,
        wake,
        pace,
        ..
    } = &*beginning;
    let of = settings.of.clone();
    let (happens, happenings) = mpsc::channel(WAITING);
    let (orders, ordered) = mpsc::channel(WAITING);
    let adapter = recipe.open(happens).await?;
    let ledger = Ledger::read(state, &of).await?;
    // Whoever ends the account waits for nothing here: what it can do changes nothing.
    let can = stop.run_until_cancelled(adapter.capabilities(Facts::default()));
    let Some(can) = can.await else {
        return Ok(Ended::Stopped);
    };
    let can = can.map_err(|error| Error::Adapter {
        channel: of.channel().to_owned(),
        account: of.account().to_owned(),
        message: error.to_string(),
    })?;
    let buried = {
        let of = of.clone();
        state.write(move |tx| tx.outbox_bury_interrupted(&of)).await?
    };
    if buried > 0 {
        tracing::warn!(account = %of, buried, "what was being sent at the last end is among the dead letters");
    }
    let shared = {
        // Under the lock that whoever renews takes: either they find it running, or it begins with what they know.
        let mut running = lock(&running);
        let desk = Desk::new(config.get(), settings, recipe.spec().clone(), can);
        let shared = Arc::new(Shared {
            of,
            state: state.clone(),
            adapter,
            ledger,
            echoes: Echoes::default(),
            status: status.clone(),
            live: Live::default(),
            pace: *pace,
            outbox: Notify::new(),
            desk: RwLock::new(Arc::new(desk)),
            sending: tokio::sync::Mutex::default(),
            wake: Arc::clone(wake),
        });
        *running = Some(Running {
            shared: Arc::clone(&shared),
            orders,
        });
        shared
    };
    let ends = stop.child_token();
    let delivery = Delivery {
        shared: Arc::clone(&shared),
        stop: ends.clone(),
    };
    // Whatever becomes of the lane, these end with it: a second delivery would send the same beside the first.
    let mut beside = JoinSet::new();
    beside.spawn(delivery.run());
    beside.spawn(tell_reports(Arc::clone(&shared), ends.clone()));
    let lane = Lane::new(Arc::clone(&shared), ordered, happenings, stop);
    let ended = lane.run(reason).await;
    ends.cancel();
    // Cut off, what is being sent will be a dead letter, so it has some time to its end.
    let all_end = async { while beside.join_next().await.is_some() {} };
    if tokio::time::timeout(pace.last_word, all_end).await.is_err() {
        tracing::warn!(account = %shared.of, "what is being sent takes too long and is cut off");
        beside.shutdown().await;
    }
    shared.adapter.close().await;
    Ok(ended)
}

/// Notes what the adapter says of the account.
async fn tell_reports(shared: Arc<Shared>, ends: CancellationToken) {
    let mut reports = shared.adapter.status();
    loop {
        if let Some(report) = &*reports.borrow_and_update() {
            shared.status.reported(report);
        }
        tokio::select! {
            () = ends.cancelled() => return,
            changed = reports.changed() => if changed.is_err() {
                return;
            },
        }
    }
}
