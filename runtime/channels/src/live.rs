//! What is shown of an answer before it is there: that the account is typing, and the text as it grows.
//!
//! **Promise.** Nothing here is promised to arrive, and nothing waits for it, except that the final answer begins
//! when nothing more is shown. Text is shown once a second at most; typing is told again every 6 seconds while the run
//! tells something, and no longer than [`IDLE`] after it last did. **Cost.** A task for each run under way.

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
/// How long the final answer waits for what is being shown.
const PATIENCE: Duration = Duration::from_secs(15);
/// What a silent answer consists of.
const SILENCE: &str = "NO_REPLY";

/// What is shown of all runs of one account.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<Mutex<HashMap<String, Show>>>);

struct Show {
    told: watch::Sender<Told>,
    ended: watch::Receiver<bool>,
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
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Show>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.lock().insert(run_id.clone(), Show { told, ended });
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
            task.run(hears).await;
            ends.send_replace(true);
            live.lock().remove(&run_id);
        });
    }

    /// Tells a run's show what the run told. True if the run is shown.
    pub(crate) fn tell(&self, event: &Event) -> bool {
        let shows = self.lock();
        let Some(show) = shows.get(&*event.run_id) else {
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

    /// Ends a run's show and waits until nothing more of it is on its way.
    pub(crate) async fn settle(&self, run_id: &str) {
        let ended = self.lock().get(run_id).map(|show| {
            show.told.send_modify(|told| told.end = Some(End::Final));
            show.ended.clone()
        });
        if let Some(mut ended) = ended {
            drop(tokio::time::timeout(PATIENCE, ended.wait_for(|ended| *ended)).await);
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
    async fn run(mut self, mut hears: watch::Receiver<Told>) {
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
