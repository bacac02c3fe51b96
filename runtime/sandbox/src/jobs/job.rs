//! One job: what it printed, how it stands, and a way to talk to it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::keys::{self, Mode};
use super::tail::Tail;
use super::text::Decoder;
use super::{OUTPUT_CHARS, PENDING_CHARS, TAIL_CHARS, Terms};
use crate::process::{End, Input, Output};

/// How long a job may be silent before it is taken to wait for input.
pub(super) const SILENCE: Duration = Duration::from_secs(15);
/// How long a job may take to read what is written to it.
const DEAF: Duration = Duration::from_secs(5);
/// After which time it is worth asking again, by how often nothing had come.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// A command that runs, or ran. Clones are the same job.
#[derive(Clone, Debug)]
pub struct Job(pub(super) Arc<Kept>);

/// What is kept of a job.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) terms: Terms,
    pub(super) pid: Option<u32>,
    pub(super) has_terminal: bool,
    pub(super) started: Instant,
    pub(super) started_ms: i64,
    pub(super) kill: CancellationToken,
    pub(super) state: Mutex<State>,
    /// Counts what has changed.
    pub(super) changes: watch::Sender<u64>,
}

#[derive(Debug)]
pub(super) struct State {
    decoders: [Decoder; 2],
    output: Tail,
    pending: Tail,
    mode: Mode,
    last_output: Instant,
    empty_polls: usize,
    input: Option<mpsc::Sender<Input>>,
    /// How the command itself ended.
    end: Option<End>,
    pub(super) is_background: bool,
    pub(super) timed_out: bool,
    pub(super) was_killed: bool,
    /// Whether whoever started it has been told how the command itself ended.
    pub(super) end_is_told: bool,
    /// How many wait for its end at this moment.
    pub(super) watchers: usize,
    /// When the last of it had ended.
    pub(super) ended: Option<(Instant, i64)>,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Its name.
    pub id: String,
    /// The session that it belongs to.
    pub session: String,
    /// The command.
    pub command: String,
    /// Where it began.
    pub folder: String,
    /// Its number on this machine, if it has one.
    pub pid: Option<u32>,
    /// Whether it has a terminal.
    pub has_terminal: bool,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// When the last of it had ended.
    pub ended_ms: Option<i64>,
    /// How long it has run, or ran.
    pub runtime: Duration,
    /// How long it has printed nothing.
    pub idle: Duration,
    /// How the command itself ended, also while something that it started still prints.
    pub end: Option<End>,
    /// Whether its time was up.
    pub timed_out: bool,
    /// Whether somebody had it killed.
    pub was_killed: bool,
    /// The end of what it printed.
    pub tail: String,
    /// Whether the beginning of what it printed is gone.
    pub is_cut: bool,
    /// How many characters it printed.
    pub total_chars: u64,
}

impl Glance {
    /// Whether something of it still runs.
    pub fn is_running(&self) -> bool {
        self.ended_ms.is_none()
    }

    /// `running`, `completed` or `failed`.
    pub fn status(&self) -> &'static str {
        match &self.end {
            _ if self.is_running() => "running",
            Some(End::Code(_)) if !self.timed_out => "completed",
            _ => "failed",
        }
    }

    /// The code that the command ended with.
    pub fn code(&self) -> Option<i32> {
        match self.end {
            Some(End::Code(code)) => Some(code),
            _ => None,
        }
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<&str> {
        match &self.end {
            Some(End::Signal(signal)) => Some(signal),
            _ => None,
        }
    }
}

/// Why something could not be written to a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unheard {
    /// Its input was closed, or it has ended.
    #[error("its input is closed")]
    Closed,
    /// What was written before waits to be read.
    #[error("it does not read what was written to it before")]
    Busy,
}

impl Job {
    pub(super) fn new(
        id: String,
        terms: Terms,
        pid: Option<u32>,
        has_terminal: bool,
        input: mpsc::Sender<Input>,
    ) -> Self {
        let now = Instant::now();
        Self(Arc::new(Kept {
            id,
            terms,
            pid,
            has_terminal,
            started: now,
            started_ms: now_ms(),
            kill: CancellationToken::new(),
            state: Mutex::new(State {
                decoders: [Decoder::default(), Decoder::default()],
                output: Tail::new(OUTPUT_CHARS),
                pending: Tail::new(PENDING_CHARS),
                mode: Mode::default(),
                last_output: now,
                empty_polls: 0,
                input: Some(input),
                end: None,
                is_background: false,
                timed_out: false,
                was_killed: false,
                end_is_told: false,
                watchers: 0,
                ended: None,
            }),
            changes: watch::Sender::new(0),
        }))
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What shares the sandbox that it runs in, if it runs in one.
    pub fn sandbox(&self) -> Option<&str> {
        self.0.terms.sandbox.as_deref()
    }

    /// How it stands.
    pub fn glance(&self) -> Glance {
        let kept = &self.0;
        let state = kept.state.lock();
        let until = state.ended.map_or_else(Instant::now, |(ended, _)| ended);
        Glance {
            id: kept.id.clone(),
            session: kept.terms.session.clone(),
            command: kept.terms.command.clone(),
            folder: kept.terms.folder.clone(),
            pid: kept.pid,
            has_terminal: kept.has_terminal,
            started_ms: kept.started_ms,
            ended_ms: state.ended.map(|(_, ms)| ms),
            runtime: until.saturating_duration_since(kept.started),
            idle: until.saturating_duration_since(state.last_output),
            end: state.end.clone(),
            timed_out: state.timed_out,
            was_killed: state.was_killed,
            tail: state.output.last(TAIL_CHARS).to_owned(),
            is_cut: state.output.is_cut(),
            total_chars: state.output.total(),
        }
    }

    /// What it printed, as far as it is kept.
    pub fn output(&self) -> String {
        self.0.state.lock().output.text().to_owned()
    }

    /// What it printed since this was asked last, and how many characters before that are not kept for this.
    pub fn drain(&self) -> (String, u64) {
        self.0.state.lock().pending.drain()
    }

    /// Whether something has come since it was drained.
    pub fn has_news(&self) -> bool {
        self.0.state.lock().pending.chars() > 0
    }

    /// Whether something can be written to it.
    pub fn takes_input(&self) -> bool {
        let state = self.0.state.lock();
        let is_open = state.input.as_ref().is_some_and(|input| !input.is_closed());
        is_open && state.end.is_none()
    }

    /// Whether it seems to wait for something to be written to it.
    pub fn waits_for_input(&self) -> bool {
        self.takes_input() && self.0.state.lock().last_output.elapsed() >= SILENCE
    }

    /// Notes that somebody looked for news. If there were none, says after which time it is worth looking again.
    pub fn note_poll(&self, had_news: bool) -> Option<Duration> {
        let mut state = self.0.state.lock();
        if had_news {
            state.empty_polls = 0;
            return None;
        }
        let at = state.empty_polls.min(RETRIES.len() - 1);
        state.empty_polls += 1;
        RETRIES.get(at).copied()
    }

    /// What changes when anything about it does.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Waits until all of it has ended.
    pub async fn ended(&self) {
        let _watching = Watching::begin(self);
        let mut changes = self.changes();
        while self.0.state.lock().ended.is_none() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until it has printed something that is not drained yet, or has ended, but not beyond `patience`.
    pub async fn news(&self, patience: Duration) {
        let _watching = Watching::begin(self);
        let mut changes = self.changes();
        let wait = async {
            loop {
                {
                    let state = self.0.state.lock();
                    if state.pending.chars() > 0 || state.ended.is_some() {
                        return;
                    }
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // Nothing having come is an answer too.
        let _ = tokio::time::timeout(patience, wait).await;
    }

    /// Writes to it.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), Unheard> {
        let input = self.0.state.lock().input.clone().ok_or(Unheard::Closed)?;
        send(&input, Input::Bytes(bytes.into())).await
    }

    /// Closes its input.
    pub async fn close_input(&self) -> Result<(), Unheard> {
        let input = {
            let mut state = self.0.state.lock();
            // A terminal can be written to again.
            match self.0.has_terminal {
                true => state.input.clone(),
                false => state.input.take(),
            }
        };
        send(&input.ok_or(Unheard::Closed)?, Input::End).await
    }

    /// The bytes of a key of its terminal, in the mode that its program has put that in; none if no key is called so.
    pub fn key(&self, name: &str) -> Option<Vec<u8>> {
        keys::bytes(name, self.0.state.lock().mode.is_application)
    }

    /// Has it killed, with all that it started. Returns at once.
    pub fn kill(&self) {
        self.0.state.lock().was_killed = true;
        self.0.kill.cancel();
    }

    /// Takes in what it printed.
    pub(super) fn hear(&self, output: &Output) {
        {
            let mut state = self.0.state.lock();
            let [out, err] = &mut state.decoders;
            let decoder = if output.is_err { err } else { out };
            let text = decoder.push(&output.bytes);
            state.last_output = Instant::now();
            state.add(&text, self.0.has_terminal);
        }
        self.change();
    }

    /// Notes how the command itself ended.
    pub(super) fn note_end(&self, end: End) {
        {
            let mut state = self.0.state.lock();
            state.flush(self.0.has_terminal);
            state.end = Some(end);
            state.input = None;
        }
        self.change();
    }

    pub(super) fn change(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl State {
    fn add(&mut self, text: &str, has_terminal: bool) {
        if has_terminal {
            self.mode.follow(text);
        }
        self.output.push(text);
        self.pending.push(text);
    }

    fn flush(&mut self, has_terminal: bool) {
        let halves: String = self.decoders.iter_mut().filter_map(Decoder::finish).collect();
        self.add(&halves, has_terminal);
    }

    /// Notes that the last of it has ended.
    pub(super) fn finish(&mut self, has_terminal: bool) {
        self.flush(has_terminal);
        self.ended = Some((Instant::now(), now_ms()));
        self.input = None;
        self.output.shrink();
    }

    /// How many characters are kept.
    pub(super) fn chars(&self) -> usize {
        self.output.chars()
    }

    /// Whether it is worth telling somebody who does not wait for it that it has ended.
    pub(super) fn is_worth_telling(&self, terms: &Terms) -> bool {
        let succeeded = self.end == Some(End::Code(0)) && !self.timed_out;
        let is_known = self.was_killed || self.watchers > 0;
        let is_news = if self.end_is_told {
            self.pending.chars() > 0 || self.timed_out
        } else {
            !succeeded || self.output.total() > 0 || terms.tells_silent_success
        };
        terms.tells_end && self.is_background && !is_known && is_news
    }
}

/// Somebody waits for a job.
struct Watching<'a>(&'a Job);

impl<'a> Watching<'a> {
    fn begin(job: &'a Job) -> Self {
        job.0.state.lock().watchers += 1;
        Self(job)
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.0.state.lock().watchers -= 1;
    }
}

async fn send(input: &mpsc::Sender<Input>, what: Input) -> Result<(), Unheard> {
    match tokio::time::timeout(DEAF, input.send(what)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Unheard::Closed),
        Err(_) => Err(Unheard::Busy),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
