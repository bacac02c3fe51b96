//! Commands that run after somebody nodded.
//!
//! **Promise.** One that got its nod runs as it was written in the nod, in the background, and the session is told that it
//! goes on and how it ended; one that did not get it is told as denied. Nothing waits but a task.

use std::sync::Arc;
use std::time::Duration;

use openclaw_sandbox::jobs::{Job, Jobs, Terms};
use openclaw_sandbox::machine::Machine;
use openclaw_sandbox::{Command, Runner as _};
use tokio::time::timeout;

use super::gate::Waiting;
use super::report::{self, summary};
use super::{Bench, Ready};
use crate::notes::Notes;

/// What is needed to run a command once its turn has ended.
struct Later {
    jobs: Jobs,
    machine: Machine,
    notes: Notes,
    terms: Terms,
    notice: Duration,
}

/// Runs a command once somebody has nodded.
pub(super) fn run_later(bench: &Bench, ready: Ready, waiting: Waiting) {
    let Some(machine) = bench.machine.clone() else {
        return;
    };
    let later = Arc::new(Later {
        jobs: bench.jobs.clone(),
        machine,
        notes: bench.notes.clone(),
        terms: Terms {
            agent: bench.agent.clone(),
            session: bench.session.clone(),
            sandbox: None,
            command: ready.command.text,
            folder: ready.folder,
            lifetime: ready.lifetime,
            kept_for: bench.settings.kept_for,
            // Told here, whatever came of it.
            tells_end: false,
            tells_silent_success: false,
        },
        notice: bench.settings.notice,
    });
    tokio::spawn(async move {
        let session = later.terms.session.clone();
        let told = match waiting.verdict.await {
            Ok(command) => later.run(command, &waiting.slug).await,
            Err(Some(why)) => format!("Exec denied ({}): {why}", waiting.slug),
            Err(None) => return,
        };
        later.notes.add(&session, &told);
    });
}

impl Later {
    async fn run(&self, command: Command, slug: &str) -> String {
        let process = match self.machine.start(command).await {
            Ok(process) => process,
            Err(error) => return format!("Exec failed ({slug}): {error}"),
        };
        let job = match self.jobs.start(self.terms.clone(), process) {
            Ok(foreground) => foreground.release(false),
            Err(error) => return format!("Exec failed ({slug}): {error}"),
        };
        if !self.notice.is_zero() && timeout(self.notice, job.ended()).await.is_err() {
            let text = format!("Exec running ({slug}): session {}", job.id());
            self.notes.add(&self.terms.session, &text);
        }
        self.wait(&job).await
    }

    async fn wait(&self, job: &Job) -> String {
        job.ended().await;
        summary(&job.glance(), report::NOTE_CHARS)
    }
}
