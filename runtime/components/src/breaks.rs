//! What the audit says of guests that were broken off, and of packages that were refused.
//!
//! **Promise.** One line for each call that a limit, a trap, the memory of all guests or a panic ended, whatever was
//! called: a tool, instructions, a handler, the question what a component is. One for each package that was refused. None
//! for a call that ended by itself or whose caller left. Nobody waits for a line to be written.
//! **Bound.** So many lines a minute for each extension, and one that says how many were left out; see [`Ration`].
//! **Cost.** A lock and a queue for each such call.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_policy::{Digest, PluginId, display_safe};
use openclaw_state::{AuditEntry, Outcome, State};

use crate::error::{CompileFailure, Error};
use crate::extension::Extension;
use crate::limits::Stop;
use crate::ration::{LINES, Ration, SPAN};

/// What an entry says of a call that was broken off.
pub const BREAK: &str = "call.break";
/// What an entry says of a package that was refused.
pub const REFUSE: &str = "extension.refuse";
/// How much of a stranger's text a line shows, in characters.
const SHOWN: usize = 200;
/// Who stands in the line of a package whose manifest cannot be read.
const NOBODY: &str = "?";

/// Writes the lines.
pub(crate) struct Breaks(Arc<Shared>);

struct Shared {
    state: State,
    ration: Mutex<Ration>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ration> {
        self.ration.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, lines: Vec<AuditEntry>) {
        lines.into_iter().for_each(|line| self.state.record(line));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let rest = self.lock().all();
        self.write(rest);
    }
}

impl Breaks {
    /// Must be called inside of a runtime.
    pub(crate) fn new(state: State) -> Self {
        Self::by(Ration::new(LINES, SPAN), state)
    }

    fn by(ration: Ration, state: State) -> Self {
        let pause = ration.pause();
        let shared = Arc::new(Shared {
            state,
            ration: Mutex::new(ration),
        });
        let weak = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(shared) = weak.upgrade() else {
                    return;
                };
                let rest = shared.lock().over();
                shared.write(rest);
            }
        });
        Self(shared)
    }

    /// A guest was entered and this came of it. `subject` is what was called.
    pub(crate) fn note(&self, extension: &Extension, subject: &str, error: &Error) {
        let Some(why) = why(error) else {
            return;
        };
        let actor = format!("extension:{}", extension.holder());
        let mut entry = AuditEntry::new(actor, BREAK, display_safe(subject, SHOWN))
            .outcome(Outcome::Failed)
            .detail("why", why);
        if let Error::Trap { what, .. } = error {
            entry = entry.detail("what", display_safe(what, SHOWN));
        }
        self.record(extension.id.as_str(), entry);
    }

    /// A package was not installed. What the machine is at fault for is nothing about the package.
    pub(crate) fn refuse(&self, package: &Refused, error: &Error) {
        if is_of_machine(error) {
            return;
        }
        let id = package.id.as_ref().map_or(NOBODY, PluginId::as_str);
        let entry = AuditEntry::new(format!("extension:{id}"), REFUSE, &*package.subject)
            .outcome(Outcome::Denied)
            .detail("why", display_safe(&error.to_string(), SHOWN));
        self.record(id, entry);
    }

    /// Writes how many lines were left out by now.
    pub(crate) fn settle(&self) {
        let rest = self.0.lock().all();
        self.0.write(rest);
    }

    fn record(&self, id: &str, entry: AuditEntry) {
        let line = self.0.lock().take(id, entry);
        self.0.write(line.into_iter().collect());
    }
}

/// A package that may come to be refused.
pub(crate) struct Refused {
    id: Option<PluginId>,
    subject: String,
}

impl Refused {
    /// It is told by its component where that was found, and by its path otherwise.
    pub(crate) fn new(id: Option<PluginId>, digest: Option<Digest>, path: &Path) -> Self {
        let path = || display_safe(&path.display().to_string(), SHOWN);
        Self {
            id,
            subject: digest.map_or_else(path, |digest| digest.to_string()),
        }
    }
}

/// What broke a call off, if something did.
fn why(error: &Error) -> Option<&'static str> {
    match error {
        Error::Stopped { stop, .. } => Some(match stop {
            Stop::Limit(setting) => setting.limit.key(),
            Stop::HostMemory(_) => "hostMemory",
            Stop::Share(_) => "memoryShare",
        }),
        Error::Trap { .. } => Some("trap"),
        Error::Panicked { .. } => Some("panic"),
        _ => None,
    }
}

fn is_of_machine(error: &Error) -> bool {
    matches!(
        error,
        Error::File { .. }
            | Error::Compile(CompileFailure::Unwritten(_))
            | Error::State(_)
            | Error::Engine(_)
            | Error::Network(_)
            | Error::Thread(_)
            | Error::Random(_)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn flood(folder: &Path, span: Duration) -> Breaks {
        let state = State::open(openclaw_state::Options::new(folder, str::to_owned));
        let breaks = Breaks::by(Ration::new(LINES, span), state.unwrap());
        let package = Refused::new(Some("loud".parse().unwrap()), None, Path::new("/x\u{1b}[2J"));
        for _ in 0..LINES + 70 {
            breaks.refuse(&package, &Error::NoExport);
        }
        breaks
    }

    /// The number of lines, and what the last of them says was left out.
    async fn told(folder: &Path, state: State) -> (u32, Option<u64>) {
        state.close().await;
        let state = State::open(openclaw_state::Options::new(folder, str::to_owned)).unwrap();
        let rows = state.read(|view| view.audit_of("extension:loud", REFUSE, 1000));
        let rows = rows.await.unwrap();
        assert!(!rows[0].subject.contains('\u{1b}'), "{:?}", rows[0].subject);
        let last = serde_json::from_str::<serde_json::Value>(&rows.last().unwrap().detail).unwrap();
        (rows.len().try_into().unwrap(), last["leftOut"].as_u64())
    }

    #[tokio::test]
    async fn a_flood_of_lines_is_cut_and_the_number_of_the_rest_is_not_lost_when_the_host_ends() {
        let folder = tempfile::tempdir().unwrap();
        let breaks = flood(folder.path(), SPAN);
        let state = breaks.0.state.clone();
        drop(breaks);
        assert_eq!(told(folder.path(), state).await, (LINES + 1, Some(69)));
    }

    #[tokio::test]
    async fn a_flood_of_lines_is_cut_and_the_number_of_the_rest_is_written_when_its_minute_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let breaks = flood(folder.path(), Duration::from_secs(2));
        let state = breaks.0.state.clone();
        let rows = async || {
            let rows = state.read(|view| view.audit_of("extension:loud", REFUSE, 1000));
            rows.await.unwrap().len()
        };
        while rows().await <= LINES as usize {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(told(folder.path(), state).await, (LINES + 1, Some(69)));
    }

    #[tokio::test]
    async fn whoever_waits_for_all_that_is_known_has_the_number_of_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let breaks = flood(folder.path(), SPAN);
        breaks.settle();
        let state = breaks.0.state.clone();
        assert_eq!(told(folder.path(), state).await, (LINES + 1, Some(69)));
    }
}
