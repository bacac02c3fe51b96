//! What everything here shares, and the lanes that turns run in.
//!
//! **Promise.** Of a session one turn runs at a time, in the order of their acceptance; of all sessions as many as
//! the config says. A lane ends when nothing of its session waits, so an idle session costs nothing. Nobody looks
//! for work: whoever makes some says so.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use openclaw_components::Host;
use openclaw_config::Current;
use openclaw_config::tree::Config;
use openclaw_models::Models;
use openclaw_sandbox::Sandboxes;
use openclaw_sandbox::jobs::Jobs;
use openclaw_sandbox::machine::Machine;
use openclaw_state::{NewTurn, State, Turn, TurnState};
use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::command::Command;
use crate::emitter::Emitter;
use crate::error::Result;
use crate::event::{Body, Event};
use crate::keeping::AGAIN;
use crate::ledger::{Begun, Ledger, Next, Stopped};
use crate::notes::Notes;
use crate::outcome::Outcome;
use crate::places::Places;
use crate::recall::Recall;
use crate::request::Request;
use crate::tools::exec::Gate;
use crate::turn;

/// How many runs are remembered that were stopped before their lane knew of them.
const STOPPED: usize = 1024;
/// How many turns are looked at together.
const PAGE: u32 = 500;

/// What everything here shares.
pub(crate) struct Shared {
    pub(crate) state: State,
    pub(crate) config: Arc<Current<Config>>,
    pub(crate) models: Models,
    pub(crate) host: Option<Host>,
    pub(crate) sandboxes: Option<Arc<Sandboxes>>,
    /// This machine, if commands may run on it.
    pub(crate) machine: Option<Machine>,
    pub(crate) gate: Option<Arc<dyn Gate>>,
    pub(crate) jobs: Jobs,
    /// What sessions are told with their next message.
    pub(crate) notes: Notes,
    pub(crate) events: broadcast::Sender<Arc<Event>>,
    pub(crate) lanes: Mutex<Lanes>,
    pub(crate) places: Places,
    pub(crate) recall: Recall,
    /// Those who wait for the end of a run.
    pub(crate) waiters: Mutex<HashMap<String, watch::Sender<Option<Arc<Outcome>>>>>,
    /// Somebody else's transaction put turns.
    pub(crate) woken: Notify,
    pub(crate) closing: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// The lanes that have work.
#[derive(Default)]
pub(crate) struct Lanes {
    lanes: HashMap<String, Lane>,
    stopped: VecDeque<String>,
}

#[derive(Default)]
struct Lane {
    /// Whether turns may wait in the state.
    is_nudged: bool,
    /// A turn that has begun and is to be run.
    begun: Option<Begun>,
    running: Option<(String, CancellationToken)>,
}

impl Lanes {
    /// Stops a run, or one that is about to be run.
    fn stop(&mut self, session_key: &str, run_id: &str) {
        let running = self.lanes.get(session_key).and_then(|lane| lane.running.as_ref());
        match running {
            Some((running, stop)) if running == run_id => stop.cancel(),
            _ => {
                self.stopped.truncate(STOPPED - 1);
                self.stopped.push_front(run_id.to_owned());
            }
        }
    }

    /// The runs that go on.
    pub(crate) fn running(&self) -> Vec<(String, String)> {
        let running = self.lanes.iter().filter_map(|(key, lane)| {
            let (run_id, _) = lane.running.as_ref()?;
            Some((key.clone(), run_id.clone()))
        });
        running.collect()
    }
}

impl Shared {
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger {
            config: self.config.get(),
            notes: self.notes.clone(),
            gate: self.gate.clone(),
        }
    }

    /// Gives a lane work: a turn that has begun, or the word that some may wait.
    pub(crate) fn nudge(self: &Arc<Self>, session_key: &str, begun: Option<Begun>) {
        if self.closing.is_cancelled() {
            // What waits or runs is taken up at the next start.
            return;
        }
        let mut lanes = self.lanes.lock();
        let is_new = !lanes.lanes.contains_key(session_key);
        let lane = lanes.lanes.entry(session_key.to_owned()).or_default();
        match begun {
            Some(begun) => lane.begun = Some(begun),
            None => lane.is_nudged = true,
        }
        drop(lanes);
        if is_new {
            let (shared, key) = (Arc::clone(self), session_key.to_owned());
            self.tasks.spawn(async move {
                let closing = shared.closing.clone();
                tokio::select! {
                    biased;
                    () = closing.cancelled() => {}
                    () = shared.work(&key) => {}
                }
            });
        }
    }

    /// Runs the turns of a session until none is left.
    async fn work(self: &Arc<Self>, session_key: &str) {
        let mut next = None;
        loop {
            let begun = match next.take() {
                Some(begun) => begun,
                None => match self.take(session_key).await {
                    Some(begun) => begun,
                    None => return,
                },
            };
            next = self.drive(begun).await;
        }
    }

    /// The next turn of a session. None: there is none, and its lane is gone.
    async fn take(&self, session_key: &str) -> Option<Begun> {
        let mut pause = AGAIN.0;
        loop {
            {
                let mut lanes = self.lanes.lock();
                let lane = lanes.lanes.get_mut(session_key)?;
                if let Some(begun) = lane.begun.take() {
                    return Some(begun);
                }
                if !std::mem::take(&mut lane.is_nudged) {
                    lanes.lanes.remove(session_key);
                    return None;
                }
            }
            let (ledger, key) = (self.ledger(), session_key.to_owned());
            match self.state.write(move |tx| ledger.begin_next(tx, &key)).await {
                Ok(next) => match self.tell_ended(next) {
                    Some(begun) => return Some(begun),
                    None => pause = AGAIN.0,
                },
                Err(error) => {
                    tracing::error!(%error, session_key, "a turn cannot begin yet");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(AGAIN.1);
                    self.look_again(session_key);
                }
            }
        }
    }

    /// Has the lane that goes on look for turns that wait before it ends.
    pub(crate) fn look_again(&self, session_key: &str) {
        if let Some(lane) = self.lanes.lock().lanes.get_mut(session_key) {
            lane.is_nudged = true;
        }
    }

    /// Runs a turn and ends it; the next one of its session has begun then, if one waited.
    async fn drive(&self, begun: Begun) -> Option<Begun> {
        let stop = self.enlist(&begun);
        let session = &begun.session;
        let mut emitter = Emitter::new(
            &self.events,
            &begun.run_id,
            &session.key,
            &session.session_id,
            &begun.agent_id,
        );
        let most = self.config.get().config.agents.defaults.max_concurrent;
        let ending = {
            let _place = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                place = self.places.take(most) => Some(place),
            };
            let run = AssertUnwindSafe(turn::run(self, &begun, &stop, &mut emitter));
            run.catch_unwind().await.unwrap_or_else(|_| turn::broken(&begun))
        };
        let (outcome, next) = self.keep(ending).await;
        if let Some(lane) = self.lanes.lock().lanes.get_mut(&begun.session.key) {
            lane.running = None;
        }
        if let Some(outcome) = outcome {
            emitter.tell(Body::End(Box::new(outcome.clone())));
            self.announce(&begun.run_id, outcome);
        }
        next
    }

    fn enlist(&self, begun: &Begun) -> CancellationToken {
        let stop = CancellationToken::new();
        let mut lanes = self.lanes.lock();
        if let Some(at) = lanes.stopped.iter().position(|run| *run == begun.run_id) {
            lanes.stopped.remove(at);
            stop.cancel();
        }
        if let Some(lane) = lanes.lanes.get_mut(&begun.session.key) {
            lane.running = Some((begun.run_id.clone(), stop.clone()));
        }
        stop
    }

    /// Tells those who wait for a run.
    pub(crate) fn announce(&self, run_id: &str, outcome: Outcome) {
        let waiter = self.waiters.lock().remove(run_id);
        if let Some(waiter) = waiter {
            waiter.send_replace(Some(Arc::new(outcome)));
        }
    }

    /// Does what an order to stop asks beside the state; says which runs it met.
    pub(crate) fn follow_up(&self, session_key: &str, stopped: Stopped) -> Vec<String> {
        if let Some(gate) = &self.gate {
            gate.stop(session_key, Some("an order to stop"));
        }
        let mut runs: Vec<String> = stopped.running.into_iter().collect();
        for run_id in &runs {
            self.lanes.lock().stop(session_key, run_id);
        }
        for ended in stopped.ended {
            self.tell_end(&ended.turn, ended.outcome);
            runs.push(ended.turn.run_id);
        }
        runs
    }

    /// Tells the ends of the turns that could not begin; gives the one that has.
    pub(crate) fn tell_ended(&self, next: Next) -> Option<Begun> {
        for ended in next.ended {
            self.tell_end(&ended.turn, ended.outcome);
        }
        next.begun
    }

    /// Tells the end of a turn that no lane has run.
    fn tell_end(&self, turn: &Turn, outcome: Outcome) {
        self.tell_only(&turn.run_id, &turn.session_key, &turn.agent_id, outcome);
    }

    /// Tells how an order to stop ended that was carried out when it was accepted.
    pub(crate) fn tell_order(&self, turn: &NewTurn, outcome: Outcome) {
        self.tell_only(&turn.run_id, &turn.session_key, &turn.agent_id, outcome);
    }

    fn tell_only(&self, run_id: &str, session_key: &str, agent_id: &str, outcome: Outcome) {
        let mut emitter = Emitter::new(&self.events, run_id, session_key, &outcome.session_id, agent_id);
        emitter.tell(Body::End(Box::new(outcome.clone())));
        self.announce(run_id, outcome);
    }

    /// How many turns of a session wait.
    pub(crate) async fn waiting(&self, session_key: &str) -> usize {
        let key = session_key.to_owned();
        let look = move |view: &openclaw_state::View<'_>| view.turns_of_session(&key);
        let open = self.state.read(look).await.unwrap_or_default();
        open.iter().filter(|turn| turn.state == TurnState::Queued).count()
    }

    /// Takes up what ran when the process ended, and gives lanes to what waits.
    pub(crate) async fn resume(self: &Arc<Self>) -> Result<i64> {
        let mut seen = 0;
        loop {
            let page = self.page(seen).await?;
            let Some(last) = page.last() else {
                return Ok(seen);
            };
            seen = last.seq;
            for turn in page {
                if turn.state == TurnState::Running {
                    let (ledger, key) = (self.ledger(), turn.session_key.clone());
                    let next = self.state.write(move |tx| ledger.resume(tx, turn)).await?;
                    let begun = self.tell_ended(next);
                    self.nudge(&key, begun);
                } else {
                    self.notice(turn).await;
                }
            }
        }
    }

    /// Looks for turns that were put by others, whenever somebody says that there are some.
    pub(crate) async fn watch(self: Arc<Self>, mut seen: i64) {
        loop {
            tokio::select! {
                biased;
                () = self.closing.cancelled() => return,
                () = self.woken.notified() => {}
            }
            loop {
                let page = match self.page(seen).await {
                    Ok(page) => page,
                    Err(error) => {
                        tracing::error!(%error, "turns that wait cannot be looked up");
                        break;
                    }
                };
                let Some(last) = page.last() else {
                    break;
                };
                seen = last.seq;
                for turn in page {
                    self.notice(turn).await;
                }
            }
        }
    }

    async fn page(&self, after: i64) -> Result<Vec<Turn>> {
        Ok(self.state.read(move |view| view.turns_open(after, PAGE)).await?)
    }

    /// A turn that somebody else put: an order to stop overtakes the others.
    async fn notice(self: &Arc<Self>, turn: Turn) {
        let ledger = self.ledger();
        let request = serde_json::from_str::<Request>(&turn.request).ok();
        let order =
            request.filter(|request| Command::read(&ledger.config.config, request) == Some(Command::Stop));
        let (Some(request), TurnState::Queued) = (order, turn.state) else {
            self.nudge(&turn.session_key, None);
            return;
        };
        let put = turn.clone();
        let stopped = self
            .state
            .write(move |tx| ledger.carry_out_stop(tx, &put, &request))
            .await;
        match stopped {
            Ok(Some(mut stopped)) => {
                if let Some(outcome) = stopped.outcome.take() {
                    self.tell_end(&turn, *outcome);
                }
                self.follow_up(&turn.session_key, stopped);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "an order to stop waits its turn");
                self.nudge(&turn.session_key, None);
            }
        }
    }
}
