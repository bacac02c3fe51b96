//! What was told of each run that goes on, and to whom.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use openclaw_agent::{AHEAD, Body, Event, Outcome, Status};
use openclaw_state::Entry;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::SESSIONS;
use super::chat::{self, Message, Spoken, State};
use crate::connection::Connection;
use crate::event::Event as Frame;
use crate::hub::Hub;

/// The name by which a client says that it shows tool calls.
const TOOL_EVENTS: &str = "tool-events";

/// The runs that go on.
#[derive(Debug, Default)]
pub(crate) struct Told {
    runs: Mutex<HashMap<Arc<str>, Run>>,
    early: Mutex<Early>,
}

/// The runs whose end was told before its turn, the newest [`AHEAD`]: no more can still have an event under way.
#[derive(Debug, Default)]
struct Early {
    ids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

#[derive(Debug, Default)]
struct Run {
    /// The connections that asked for it.
    followers: Vec<String>,
    /// Requests for it that were not answered yet.
    unanswered: Vec<CancellationToken>,
    session_key: Arc<str>,
    agent_id: Arc<str>,
    seq: u64,
    ts: i64,
    started_ms: Option<i64>,
    /// The newest kept message that was told.
    entry: i64,
    item: String,
    answer: Spoken,
    thoughts: Spoken,
}

impl Told {
    /// From here on a connection is one that asked for a run. Nothing of the run is told until what this yields is
    /// dropped: a client that is told of the end of a run before it knows that there is one waits for ever.
    pub(crate) fn follow(&self, run_id: &str, connection: &Connection) -> DropGuard {
        let mut runs = self.runs.lock();
        let run = runs.entry(run_id.into()).or_default();
        if !run.followers.iter().any(|id| id == connection.id()) {
            run.followers.push(connection.id().to_owned());
        }
        let answered = CancellationToken::new();
        run.unanswered.push(answered.clone());
        answered.drop_guard()
    }

    /// Waits until all who asked for a run were answered, which is a moment after the run was kept.
    pub(super) async fn answered(&self, run_id: &str) {
        let unanswered = match self.runs.lock().get_mut(run_id) {
            Some(run) => std::mem::take(&mut run.unanswered),
            None => return,
        };
        for answered in unanswered {
            answered.cancelled().await;
        }
    }

    /// A run of which nothing was told will not go on.
    pub(crate) fn forget(&self, run_id: &str) {
        let mut runs = self.runs.lock();
        if runs.get(run_id).is_some_and(|run| run.seq == 0) {
            runs.remove(run_id);
        }
    }

    /// A run has ended.
    pub(crate) fn end(&self, run_id: &str) {
        self.runs.lock().remove(run_id);
    }

    /// A run has ended, and events of it may still come that are not to be told.
    pub(super) fn end_early(&self, run_id: &Arc<str>) {
        let mut early = self.early.lock();
        if early.ids.insert(Arc::clone(run_id)) {
            early.order.push_back(Arc::clone(run_id));
        }
        if early.order.len() > AHEAD
            && let Some(oldest) = early.order.pop_front()
        {
            early.ids.remove(&oldest);
        }
    }

    /// Whether the end of a run was told before its turn.
    pub(super) fn ended_early(&self, run_id: &str) -> bool {
        self.early.lock().ids.contains(run_id)
    }

    /// The runs that somebody follows or of which something was told: their ids, and how far they were told.
    pub(super) fn runs(&self) -> Vec<(Arc<str>, u64)> {
        let runs = self.runs.lock();
        runs.iter()
            .map(|(run_id, run)| (Arc::clone(run_id), run.seq))
            .collect()
    }

    /// The run of a session that goes on, as history tells it.
    pub(crate) fn running(&self, session_key: &str) -> Option<Value> {
        let runs = self.runs.lock();
        let (id, run) = runs
            .iter()
            .find(|(_, run)| run.seq > 0 && &*run.session_key == session_key)?;
        Some(json!({ "runId": &**id, "startedAt": run.started_ms, "text": run.answer.text() }))
    }

    /// The ids of the runs of a session that go on.
    pub(crate) fn running_ids(&self, session_key: &str) -> Vec<String> {
        let runs = self.runs.lock();
        let mine = runs
            .iter()
            .filter(|(_, run)| run.seq > 0 && &*run.session_key == session_key);
        mine.map(|(id, _)| id.to_string()).collect()
    }

    /// Takes note of the messages that a run has kept; says up to which number they were told before.
    pub(super) fn note_entries(&self, run_id: &str, entries: &[Entry]) -> i64 {
        let mut runs = self.runs.lock();
        let run = runs.entry(run_id.into()).or_default();
        let newest = entries.iter().map(|entry| entry.seq).max().unwrap_or(0);
        let before = run.entry;
        run.entry = before.max(newest);
        before
    }

    /// The session of a run that goes on.
    pub(crate) fn session_of(&self, run_id: &str) -> Option<String> {
        let runs = self.runs.lock();
        runs.get(run_id)
            .filter(|run| run.seq > 0)
            .map(|run| run.session_key.to_string())
    }

    /// When the next held-back text is to be told.
    pub(crate) fn due(&self) -> Option<Instant> {
        let runs = self.runs.lock();
        let dues = runs
            .values()
            .flat_map(|run| [run.answer.due(), run.thoughts.due()]);
        dues.flatten().min()
    }

    /// Tells the held-back text for which it is time.
    pub(crate) fn flush(&self, hub: &Hub, now: Instant) {
        for (id, run) in self.runs.lock().iter_mut() {
            if run.answer.due().is_some_and(|due| due <= now) {
                let (seq, ts) = (run.seq, run.ts);
                run.say(hub, id, seq, ts, |spoken| spoken.flush(now).map(owned));
            }
            if run.thoughts.due().is_some_and(|due| due <= now) {
                run.think(hub, id, |spoken| spoken.flush(now).map(owned));
            }
        }
    }

    /// Tells an event.
    pub(crate) fn hear(&self, hub: &Hub, event: &Event, now: Instant) {
        let mut runs = self.runs.lock();
        let run = runs.entry(Arc::clone(&event.run_id)).or_default();
        run.session_key = Arc::clone(&event.session_key);
        run.agent_id = Arc::clone(&event.agent_id);
        (run.seq, run.ts) = (event.seq, event.ts);
        let (id, seq, ts) = (&event.run_id, event.seq, event.ts);
        match &event.body {
            Body::Start => {
                run.started_ms = Some(event.ts);
                tell(hub, "agent", &event.payload());
            }
            Body::Assistant { text, item, .. } => {
                run.item.clone_from(item);
                run.say(hub, id, seq, ts, |spoken| spoken.hear(text, now).map(owned));
            }
            Body::Thinking { text, .. } => run.think(hub, id, |spoken| spoken.hear(text, now).map(owned)),
            Body::ToolStart { .. } | Body::ToolUpdate { .. } | Body::ToolResult { .. } => {
                // What was said before a call is read before it.
                run.say(hub, id, seq, ts, |spoken| spoken.flush(now).map(owned));
                run.tell_tool(hub, event);
            }
            Body::Model { .. } | Body::Usage { .. } => tell(hub, "agent", &event.payload()),
            Body::End(outcome) => run.finish(hub, event, outcome, now),
        }
    }
}

/// A piece of text, told.
struct Piece {
    delta: String,
    text: String,
    replace: bool,
}

fn owned(delta: chat::Delta<'_>) -> Piece {
    Piece {
        delta: delta.delta.to_owned(),
        text: delta.text.to_owned(),
        replace: delta.replace,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stream<'a> {
    run_id: &'a str,
    stream: &'static str,
    data: Data<'a>,
    session_key: &'a str,
    agent_id: &'a str,
    seq: u64,
    ts: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    text: &'a str,
    delta: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replace: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    item_id: &'a str,
}

impl Run {
    fn chat<'a>(&'a self, id: &'a str, seq: u64) -> chat::Run<'a> {
        chat::Run {
            run_id: id,
            session_key: &self.session_key,
            agent_id: &self.agent_id,
            seq,
        }
    }

    fn say(
        &mut self,
        hub: &Hub,
        id: &str,
        seq: u64,
        ts: i64,
        take: impl FnOnce(&mut Spoken) -> Option<Piece>,
    ) {
        if let Some(piece) = take(&mut self.answer)
            && hub.count() > 0
        {
            self.stream(hub, id, "assistant", &piece);
            self.tell_delta(hub, id, seq, ts, &piece);
        }
    }

    fn tell_delta(&self, hub: &Hub, id: &str, seq: u64, ts: i64, piece: &Piece) {
        let delta = State::Delta {
            delta_text: &piece.delta,
            replace: piece.replace,
            message: Message::new(&piece.text, ts),
        };
        tell_chat(hub, self.chat(id, seq), delta);
    }

    fn think(&mut self, hub: &Hub, id: &str, take: impl FnOnce(&mut Spoken) -> Option<Piece>) {
        if let Some(piece) = take(&mut self.thoughts)
            && hub.count() > 0
        {
            self.stream(hub, id, "thinking", &piece);
        }
    }

    fn stream(&self, hub: &Hub, id: &str, stream: &'static str, piece: &Piece) {
        let payload = Stream {
            run_id: id,
            stream,
            data: Data {
                text: &piece.text,
                delta: &piece.delta,
                replace: piece.replace,
                item_id: if stream == "assistant" { &self.item } else { "" },
            },
            session_key: &self.session_key,
            agent_id: &self.agent_id,
            seq: self.seq,
            ts: self.ts,
        };
        tell(hub, "agent", &payload);
    }

    fn tell_tool(&self, hub: &Hub, event: &Event) {
        if hub.count() == 0 {
            return;
        }
        let payload = event.payload();
        let follows = |connection: &Connection| self.followers.iter().any(|id| id == connection.id());
        if let Some(told) = Frame::new("agent", &payload) {
            hub.tell_to(&told, |connection| {
                follows(connection) && connection.has_cap(TOOL_EVENTS)
            });
        }
        if let Some(told) = Frame::new("session.tool", &payload) {
            hub.tell_to(&told, |connection| {
                !follows(connection) && connection.subscribes(SESSIONS)
            });
        }
    }

    fn finish(&mut self, hub: &Hub, event: &Event, outcome: &Outcome, now: Instant) {
        if hub.count() == 0 {
            return;
        }
        let (id, seq, ts) = (&*event.run_id, event.seq, event.ts);
        let rest = match (&outcome.status, &outcome.text) {
            (Status::Ok, Some(text)) => {
                // A held-back piece is told first; what the run ends with may be more than was streamed.
                let mut rest = self.answer.hear(text, now).map(owned);
                if rest.is_none() {
                    rest = self.answer.flush(now).map(owned);
                }
                rest.filter(|_| !outcome.is_command)
            }
            _ => None,
        };
        if let Some(rest) = &rest {
            self.stream(hub, id, "assistant", rest);
        }
        if !outcome.is_command {
            tell(hub, "agent", &event.payload());
        }
        if let Some(rest) = &rest {
            self.tell_delta(hub, id, seq, ts, rest);
        }
        let stop_reason = Some(outcome.stop_reason.as_str());
        let text = outcome.text.as_deref().filter(|text| !text.is_empty());
        let message = text.map(|text| Message::new(text, ts));
        let state = match (outcome.status, &outcome.error) {
            (Status::Ok, _) => State::Final { stop_reason, message },
            (Status::Aborted, _) => State::Aborted {
                stop_reason: Some("rpc"),
                message,
            },
            (Status::Error, fault) => State::Error {
                error_message: fault.as_ref().map_or("The run failed.", |fault| &fault.message),
                error_kind: fault.as_ref().and_then(|fault| kind(&fault.kind)),
            },
        };
        tell_chat(hub, self.chat(id, seq), state);
    }
}

/// The kinds of errors that clients know.
fn kind(kind: &str) -> Option<&str> {
    ["refusal", "timeout", "rate_limit", "context_length", "unknown"]
        .into_iter()
        .find(|known| *known == kind)
}

fn tell(hub: &Hub, name: &str, payload: &impl Serialize) {
    if hub.count() > 0
        && let Some(event) = Frame::new(name, payload)
    {
        hub.tell(&event);
    }
}

fn tell_chat(hub: &Hub, run: chat::Run<'_>, state: State<'_>) {
    let payload = chat::Payload { run, state };
    tell(hub, "chat", &payload);
}
