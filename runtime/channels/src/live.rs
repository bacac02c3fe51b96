//! What is shown of an answer before it is there: that the account is typing, and the text as it grows.
//!
//! **Promise.** Nothing here is promised to arrive, and nothing waits for it, except that the final answer begins
//! when nothing more is shown; a preview that is slower than that is taken back by whoever showed it, and never stands
//! behind the answer. Text is shown once a second at most; typing is told again every 6 seconds while the run
//! tells something, and no longer than [`IDLE`] after it last did. A turn that waits shows nothing. **Bound.** As many
//! as the agent runs at a time, and a few words for each of [`EXPECTED`] that wait. **Cost.** A task for each run under
//! way.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openclaw_agent::{Body, Event, Route};
use openclaw_config::tree::speech::TypingMode;
use tokio::sync::watch;

use crate::account::Shared;
use crate::adapter::description::Feature;
use crate::adapter::outbound::{Delete, DraftUpdate, Edit, OutgoingMessage, Typing};
use crate::adapter::shapes::Address;
use crate::adapter::{Outbound, OutboundAction, Text};
use crate::desk::Desk;
use crate::intake::Began;

/// After which silence of a run it is not told any more.
pub(crate) const IDLE: Duration = Duration::from_secs(120);
/// How much of an answer must be there before anything is shown.
const LEAST: usize = 20;
/// How many turns that wait are known in memory. Of the others it is read from the state when they begin.
const EXPECTED: usize = 1000;
/// What a silent answer consists of.
const SILENCE: &str = "NO_REPLY";

/// What is shown of all runs of one account.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    shows: HashMap<String, Show>,
    /// The turns that did not begin yet.
    expected: HashMap<String, Began>,
}

struct Show {
    told: watch::Sender<Told>,
    ended: watch::Receiver<bool>,
    /// Whether the final answer left without it, so that what it showed is in nobody's place.
    is_left: bool,
}

/// What is there of a run's show when its answer is about to leave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Settled {
    /// Nothing more is on its way, and the answer may take the place of what was shown.
    Ended,
    /// Something still is, and whoever shows it takes it back.
    Left,
}

/// What a run has told so far. Only the latest text counts, so a slow platform makes nothing pile up.
#[derive(Default)]
struct Told {
    /// The answer so far.
    text: Option<String>,
    /// How it ended, if it has.
    end: Option<End>,
}

/// How a run ended.
#[derive(Clone, Copy)]
enum End {
    /// Without an answer.
    Silent,
    /// With one, which is about to leave.
    Final,
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a turn that will be shown when it begins.
    pub(crate) fn expect(&self, began: Began) {
        let mut known = self.lock();
        if known.expected.len() < EXPECTED {
            known.expected.insert(began.run_id.clone(), began);
        }
    }

    /// What was noted of a turn that begins or ends now.
    pub(crate) fn take_expected(&self, run_id: &str) -> Option<Began> {
        self.lock().expected.remove(run_id)
    }

    /// Begins to show a run.
    pub(crate) fn begin(&self, shared: &Arc<Shared>, began: Began) {
        let desk = shared.desk();
        let typing = typing_mode(&desk, began.is_called).filter(|_| desk.can(Feature::Typing));
        if typing.is_none() && !desk.previews() {
            return;
        }
        let (told, hears) = watch::channel(Told::default());
        let (ends, ended) = watch::channel(false);
        let run_id = began.run_id.clone();
        let show = Show {
            told,
            ended,
            is_left: false,
        };
        self.lock().shows.insert(run_id.clone(), show);
        let task = Task {
            shared: Arc::clone(shared),
            run_id: run_id.clone(),
            route: began.route,
            typing,
            message: None,
            shown: String::new(),
            step: 0,
        };
        let live = self.clone();
        tokio::spawn(async move {
            let mut shown = task.run(hears).await;
            // Decided under the lock under which the answer leaves without it.
            if live.forget_unless_left(&run_id) {
                shown.take_back().await;
                live.lock().shows.remove(&run_id);
            }
            ends.send_replace(true);
        });
    }

    /// Forgets a run's show, unless its answer left without it, which is what this tells.
    fn forget_unless_left(&self, run_id: &str) -> bool {
        let mut known = self.lock();
        let is_left = known.shows.get(run_id).is_some_and(|show| show.is_left);
        if !is_left {
            known.shows.remove(run_id);
        }
        is_left
    }

    /// Tells a run's show what the run told. True if the run is shown.
    pub(crate) fn tell(&self, event: &Event) -> bool {
        let known = self.lock();
        let Some(show) = known.shows.get(&*event.run_id) else {
            return false;
        };
        show.told.send_modify(|told| match &event.body {
            Body::Assistant { text, .. } => told.text = Some(text.clone()),
            Body::End(outcome) if outcome.text.is_none() && outcome.error.is_none() => {
                told.end = Some(End::Silent);
            }
            Body::End(_) => told.end = Some(End::Final),
            // That it does something is told by the change alone.
            _ => {}
        });
        true
    }

    /// Ends a run's show and waits until nothing more of it is on its way, or it takes too long.
    pub(crate) async fn settle(&self, shared: &Shared, run_id: &str) -> Settled {
        let ended = {
            let mut known = self.lock();
            known.expected.remove(run_id);
            known.shows.get(run_id).map(|show| {
                show.told.send_modify(|told| told.end = Some(End::Final));
                show.ended.clone()
            })
        };
        let Some(mut ended) = ended else {
            return Settled::Ended;
        };
        let patience = shared.pace.patience;
        if tokio::time::timeout(patience, ended.wait_for(|ended| *ended))
            .await
            .is_ok()
        {
            return Settled::Ended;
        }
        // The answer would wait for what is being sent now in any case. Then what it showed is there to be noted.
        shared.until_sent().await;
        if tokio::time::timeout(patience, ended.wait_for(|ended| *ended))
            .await
            .is_ok()
        {
            return Settled::Ended;
        }
        let mut known = self.lock();
        match known.shows.get_mut(run_id) {
            Some(show) => {
                show.is_left = true;
                Settled::Left
            }
            None => Settled::Ended,
        }
    }
}

/// When typing is told of a run; none if never.
fn typing_mode(desk: &Desk, is_called: bool) -> Option<TypingMode> {
    let mode = desk
        .config
        .config
        .agents
        .defaults
        .typing_mode
        .unwrap_or(match is_called {
            true => TypingMode::Instant,
            false => TypingMode::Message,
        });
    (mode != TypingMode::Never).then_some(mode)
}

/// One run's show.
struct Task {
    shared: Arc<Shared>,
    run_id: String,
    route: Route,
    typing: Option<TypingMode>,
    /// The message in which the text is shown.
    message: Option<String>,
    shown: String,
    step: u32,
}

impl Task {
    /// Shows the run to its end; gives itself back, with what it showed.
    async fn run(mut self, mut hears: watch::Receiver<Told>) -> Self {
        let previews = self.shared.desk().previews();
        let mut types = self.typing == Some(TypingMode::Instant);
        let mut last_sign = Instant::now();
        let mut latest: Option<String> = None;
        let (mut next_typing, mut next_text) = (Instant::now(), Instant::now());
        loop {
            if types && Instant::now() >= next_typing {
                self.type_on(true).await;
                next_typing = Instant::now() + self.pace();
            }
            if let Some(text) = latest.take_if(|_| Instant::now() >= next_text) {
                self.show(&text).await;
                next_text = Instant::now() + self.shared.pace.step;
            }
            let wakes = [
                types.then_some(next_typing),
                latest.is_some().then_some(next_text),
            ];
            let idle = last_sign + IDLE;
            let wake = wakes.into_iter().flatten().fold(idle, Instant::min);
            tokio::select! {
                changed = hears.changed() => if changed.is_err() {
                    break;
                },
                () = tokio::time::sleep_until(wake.into()) => {
                    if Instant::now() >= idle {
                        break;
                    }
                    continue;
                }
            }
            last_sign = Instant::now();
            let (text, end) = {
                let told = hears.borrow_and_update();
                (told.text.clone(), told.end)
            };
            types |= match self.typing {
                Some(TypingMode::Thinking) => true,
                Some(_) => text.is_some(),
                None => false,
            };
            latest = text.filter(|text| previews && is_worth_showing(text));
            match end {
                Some(End::Silent) => {
                    self.take_back().await;
                    break;
                }
                Some(End::Final) => break,
                None => {}
            }
        }
        if types {
            self.type_on(false).await;
        }
        self
    }

    fn pace(&self) -> Duration {
        let desk = self.shared.desk();
        let seconds = desk.config.config.agents.defaults.typing_interval_seconds;
        seconds.map_or(self.shared.pace.typing, |seconds| {
            Duration::from_secs(u64::from(seconds.max(1)))
        })
    }

    async fn type_on(&mut self, active: bool) {
        let action = OutboundAction::Typing(Typing {
            address: self.address(),
            active,
            in_answer_to: self.route.reply_handle.clone(),
        });
        drop(self.act(action).await);
    }

    /// Shows what is there of the answer, as much as one message takes.
    async fn show(&mut self, text: &str) {
        let desk = self.shared.desk();
        let Some(part) = desk.shape().cut(text).into_iter().next() else {
            return;
        };
        let told = crate::text::plain(&part);
        if told == self.shown {
            return;
        }
        let action = match (&self.message, desk.can(Feature::Drafts)) {
            (message, true) => OutboundAction::DraftUpdate(DraftUpdate {
                address: self.address(),
                draft_id: self.run_id.clone(),
                message_id: message.clone(),
                text: part,
                reply_to: self.route.reply_to.clone(),
                in_answer_to: self.route.reply_handle.clone(),
                is_final: false,
            }),
            (Some(message), false) => OutboundAction::Edit(Edit {
                address: self.address(),
                message_id: message.clone(),
                text: part,
                buttons: Vec::new(),
                in_answer_to: self.route.reply_handle.clone(),
            }),
            (None, false) => self.first(part),
        };
        let Some(ids) = self.act(action).await else {
            return;
        };
        self.shown = told;
        if self.message.is_some() {
            return;
        }
        let Some(id) = ids.into_iter().next() else {
            return;
        };
        self.message = Some(id.clone());
        let run_id = self.run_id.clone();
        let kept = self
            .shared
            .state
            .write(move |tx| tx.put_draft(&run_id, &id))
            .await;
        if let Err(error) = kept {
            tracing::warn!(account = %self.shared.of, %error, "a preview could not be noted and stays");
        }
    }

    fn first(&self, text: Text) -> OutboundAction {
        OutboundAction::Message(OutgoingMessage {
            address: self.address(),
            text,
            media: Vec::new(),
            reply_to: self.route.reply_to.clone(),
            in_answer_to: self.route.reply_handle.clone(),
            buttons: Vec::new(),
            hints: Vec::new(),
            extra: None,
        })
    }

    /// Deletes what was shown of an answer that is none.
    async fn take_back(&mut self) {
        let Some(message) = self.message.take() else {
            return;
        };
        if self.shared.desk().can(Feature::Delete) {
            let action = OutboundAction::Delete(Delete {
                address: self.address(),
                message_ids: vec![message],
            });
            drop(self.act(action).await);
        }
        let run_id = self.run_id.clone();
        drop(self.shared.state.write(move |tx| tx.delete_draft(&run_id)).await);
    }

    fn address(&self) -> Address {
        Address {
            to: self.route.to.clone(),
            thread: self.route.thread.clone(),
        }
    }

    async fn act(&mut self, action: OutboundAction) -> Option<Vec<String>> {
        self.step = self.step.saturating_add(1);
        let outbound = Outbound {
            action,
            key: format!("{}:live:{}", self.run_id, self.step),
            attempt: NonZeroU32::MIN,
        };
        let sent = self.shared.send(outbound).await;
        let told = sent.inspect_err(|error| {
            tracing::debug!(account = %self.shared.of, %error, "something could not be shown");
        });
        let receipt = told.ok()?;
        self.shared.echoes.note(&self.route.to, &receipt.ids);
        Some(receipt.ids)
    }
}

/// Whether a text is long enough to be shown, and cannot be the beginning of a silent answer.
fn is_worth_showing(text: &str) -> bool {
    let said = text.trim();
    said.chars().count() >= LEAST && !said.starts_with(SILENCE)
}
