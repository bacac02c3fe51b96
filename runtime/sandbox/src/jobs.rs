//! Commands that go on while nobody waits for them.
//!
//! **Promise.** An agent sees its own jobs and no others. What a job prints is kept and can be read again; it is killed
//! when its time is up, in the background too. Whoever started a job and goes away without having put it in the
//! background, ends it. That a background job has ended is told to whoever listens. Everything here works over
//! [`Process`] alone, whoever runs it.
//!
//! **Bound.** For each job [`OUTPUT_CHARS`], of which [`PENDING_CHARS`] wait to be read the first time; [`RUNNING`] at
//! once for each agent; [`FINISHED`] that have ended, of [`FINISHED_CHARS`] together, and none for longer than its
//! terms say. Jobs live in memory and end with the gateway.
//!
//! **Cost.** A task for each job that runs; one that has ended is its text.

mod job;
mod keys;
mod lines;
mod names;
mod tail;
mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::TaskTracker;

pub use job::{Glance, Job, Unheard};
pub use keys::from_hex;
pub use lines::{DEFAULT_LINES, Lines, lines};

use crate::error::{Error, Result};
use crate::process::{End, Process};
use job::Kept;

/// How much of what a job prints is kept, in characters.
pub const OUTPUT_CHARS: usize = 200_000;
/// How much of what nobody has read yet is kept for being read.
pub const PENDING_CHARS: usize = 30_000;
/// How long the end of the output is that is shown at a glance.
pub const TAIL_CHARS: usize = 2_000;
/// How many jobs that have ended are kept.
pub const FINISHED: usize = 50;
/// How many characters of them all are kept.
pub const FINISHED_CHARS: usize = 2_000_000;
/// How many jobs of an agent may run at once.
pub const RUNNING: usize = 128;
/// How long whoever runs a process may take to stop it.
const STOPPING: Duration = Duration::from_secs(15);
/// How many ends wait to be heard of.
const ENDS: usize = 256;

/// What a job is started with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Terms {
    /// The agent whose it is.
    pub agent: String,
    /// The session it belongs to.
    pub session: String,
    /// The sandbox that it runs in, by what shares it; none: on this machine.
    pub sandbox: Option<String>,
    /// The command.
    pub command: String,
    /// Where it begins.
    pub folder: String,
    /// How long it may run.
    pub lifetime: Option<Duration>,
    /// How long it is kept after its end.
    pub kept_for: Duration,
    /// Whether its end is told if it goes on in the background.
    pub tells_end: bool,
    /// Whether that is told even if it succeeded and printed nothing.
    pub tells_silent_success: bool,
}

/// Who looks after jobs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Viewer {
    /// The agent.
    pub agent: String,
    /// The session.
    pub session: String,
    /// The sandbox that holds it; none: it has this machine, and sees all jobs of the agent.
    pub sandbox: Option<String>,
    /// Whether its commands may leave the sandbox: then it sees also what its session runs outside.
    pub may_leave: bool,
}

impl Viewer {
    fn sees(&self, terms: &Terms) -> bool {
        let is_in_reach = match (&self.sandbox, &terms.sandbox) {
            (None, _) => true,
            (Some(own), Some(of)) => own == of,
            (Some(_), None) => self.may_leave && self.session == terms.session,
        };
        is_in_reach && self.agent == terms.agent
    }
}

/// A job in the background has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The agent whose it was.
    pub agent: String,
    /// How it stands.
    pub glance: Glance,
}

/// The jobs of all agents. Clones are the same.
#[derive(Clone, Debug)]
pub struct Jobs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    registry: Mutex<Registry>,
    ends: broadcast::Sender<Ended>,
    tasks: TaskTracker,
}

#[derive(Debug, Default)]
struct Registry {
    jobs: HashMap<String, Job>,
    /// The names of those in the background that have ended, the oldest first.
    finished: Vec<String>,
    is_closed: bool,
}

/// A job that somebody waits for. Dropping it ends the job.
#[derive(Debug)]
pub struct Foreground {
    jobs: Jobs,
    job: Job,
    is_released: bool,
}

impl Default for Jobs {
    fn default() -> Self {
        Self(Arc::new(Shared {
            registry: Mutex::default(),
            ends: broadcast::Sender::new(ENDS),
            tasks: TaskTracker::new(),
        }))
    }
}

impl Jobs {
    /// Makes a job of a process.
    pub fn start(&self, terms: Terms, process: Process) -> Result<Foreground> {
        let mut registry = self.0.registry.lock();
        let same = registry.jobs.values();
        let running = same
            .filter(|job| job.0.terms.agent == terms.agent && job.0.state.lock().ended.is_none())
            .count();
        if running >= RUNNING || registry.is_closed {
            return Err(Error::Crowded { running });
        }
        let id = names::fresh(|name| registry.jobs.contains_key(name));
        let input = process.input.clone();
        let job = Job::new(id.clone(), terms, process.pid, process.has_terminal, input);
        registry.jobs.insert(id, job.clone());
        self.0.tasks.spawn(tend(self.clone(), job.clone(), process));
        Ok(Foreground {
            jobs: self.clone(),
            job,
            is_released: false,
        })
    }

    /// How many commands run in the background of a sandbox.
    pub fn in_background(&self, sandbox: &str) -> usize {
        let registry = self.0.registry.lock();
        let same = registry.jobs.values();
        let same = same.filter(|job| job.0.terms.sandbox.as_deref() == Some(sandbox));
        let is_there = |job: &&Job| {
            let state = job.0.state.lock();
            state.is_background && state.ended.is_none()
        };
        same.filter(is_there).count()
    }

    /// The background jobs that somebody sees, the oldest first.
    pub fn list(&self, viewer: &Viewer) -> Vec<Glance> {
        let mut registry = self.0.registry.lock();
        registry.forget_old();
        let own = registry.jobs.values().filter(|job| job.is_seen_by(viewer));
        let mut own: Vec<_> = own.map(Job::glance).collect();
        own.sort_by_key(|job| job.started_ms);
        own
    }

    /// A background job that somebody sees.
    pub fn find(&self, viewer: &Viewer, id: &str) -> Option<Job> {
        let mut registry = self.0.registry.lock();
        registry.forget_old();
        let found = registry.jobs.get(id.trim());
        found.filter(|job| job.is_seen_by(viewer)).cloned()
    }

    /// Forgets a background job that has ended. False if it has not.
    pub fn forget(&self, job: &Job) -> bool {
        let mut registry = self.0.registry.lock();
        if job.0.state.lock().ended.is_none() {
            return false;
        }
        registry.jobs.remove(job.id());
        registry.finished.retain(|id| id != job.id());
        true
    }

    /// Kills those of a session and forgets them: nobody is told how they end, and nobody finds what they printed.
    pub fn end_session(&self, agent: &str, session: &str) {
        let mut registry = self.0.registry.lock();
        registry.jobs.retain(|_, job| {
            let is_gone = job.0.terms.agent == agent && job.0.terms.session == session;
            if is_gone {
                job.kill();
            }
            !is_gone
        });
    }

    /// What is told of ends from now on.
    pub fn ends(&self) -> broadcast::Receiver<Ended> {
        self.0.ends.subscribe()
    }

    /// Kills all, and waits for that. There are no new ones afterwards.
    pub async fn close(&self) {
        let running: Vec<_> = {
            let mut registry = self.0.registry.lock();
            registry.is_closed = true;
            registry.jobs.values().cloned().collect()
        };
        for job in &running {
            job.0.kill.cancel();
        }
        self.0.tasks.close();
        // Whoever runs a process may be stuck; its guard is dropped with the runtime.
        let _ = timeout(STOPPING, self.0.tasks.wait()).await;
    }

    /// Notes that the last of a job has ended.
    fn finish(&self, job: &Job) {
        {
            let mut registry = self.0.registry.lock();
            let kept: &Kept = &job.0;
            let (is_background, is_told) = {
                let mut state = kept.state.lock();
                state.finish(kept.has_terminal);
                (state.is_background, state.is_worth_telling(&kept.terms))
            };
            let is_known = registry.jobs.contains_key(job.id());
            if is_known && is_background {
                registry.retire(job.id());
            } else {
                registry.jobs.remove(job.id());
            }
            if is_known && is_told && !registry.is_closed {
                // Nobody has to listen.
                let _ = self.0.ends.send(Ended {
                    agent: kept.terms.agent.clone(),
                    glance: job.glance(),
                });
            }
        }
        job.change();
    }
}

impl Registry {
    fn retire(&mut self, id: &str) {
        self.finished.push(id.to_owned());
        self.forget_old();
    }

    /// Forgets those that have ended and are too many, too large together, or too old.
    fn forget_old(&mut self) {
        let now = Instant::now();
        let (mut left, mut chars) = (FINISHED, FINISHED_CHARS);
        let jobs = &mut self.jobs;
        // From the newest back.
        let mut finished: Vec<_> = std::mem::take(&mut self.finished);
        finished.reverse();
        let mut is_full = false;
        finished.retain(|id| {
            let Some(job) = jobs.get(id) else {
                return false;
            };
            let (size, ended) = {
                let state = job.0.state.lock();
                (state.chars(), state.ended)
            };
            let is_old = ended.is_some_and(|(ended, _)| now.duration_since(ended) > job.0.terms.kept_for);
            is_full = is_full || left == 0 || size > chars;
            if is_old || is_full {
                jobs.remove(id);
                return false;
            }
            left -= 1;
            chars -= size;
            true
        });
        finished.reverse();
        self.finished = finished;
    }
}

impl Job {
    fn is_seen_by(&self, viewer: &Viewer) -> bool {
        viewer.sees(&self.0.terms) && self.0.state.lock().is_background
    }
}

impl Foreground {
    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Lets it go on in the background. `end_is_told`: whoever started it is told how the command itself ended, and
    /// only something that it started goes on.
    pub fn release(mut self, end_is_told: bool) -> Job {
        self.is_released = true;
        let mut registry = self.jobs.0.registry.lock();
        let has_ended = {
            let mut state = self.job.0.state.lock();
            state.is_background = true;
            state.end_is_told = end_is_told;
            state.ended.is_some()
        };
        if has_ended {
            registry.jobs.insert(self.job.id().to_owned(), self.job.clone());
            registry.retire(self.job.id());
        }
        drop(registry);
        self.job.clone()
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        if !self.is_released {
            self.job.0.kill.cancel();
        }
    }
}

/// Stays with a job until the last of it has ended.
async fn tend(jobs: Jobs, job: Job, mut process: Process) {
    let stop = process.stop();
    let deadline = job
        .0
        .terms
        .lifetime
        .and_then(|lifetime| job.0.started.checked_add(lifetime));
    let (mut is_open, mut is_ended, mut is_stopping) = (true, false, false);
    let mut patience = None;
    while is_open || !is_ended {
        tokio::select! {
            biased;
            ended = &mut process.end, if !is_ended => {
                is_ended = true;
                // What was printed before waits to be taken.
                while let Ok(output) = process.output.try_recv() {
                    job.hear(&output);
                }
                job.note_end(ended.unwrap_or(End::Stopped));
            }
            () = job.0.kill.cancelled(), if !is_stopping => {
                is_stopping = true;
                patience = Instant::now().checked_add(STOPPING);
                stop.cancel();
            }
            () = until(patience), if patience.is_some() => break,
            output = process.output.recv(), if is_open => match output {
                Some(output) => job.hear(&output),
                None => is_open = false,
            },
            () = until(deadline), if deadline.is_some() && !is_stopping => {
                job.0.state.lock().timed_out = true;
                job.0.kill.cancel();
            }
        }
    }
    if !is_ended {
        job.note_end(End::Stopped);
    }
    drop(process);
    jobs.finish(&job);
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
