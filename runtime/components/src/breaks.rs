//! What the audit says of guests that were broken off, and of packages that were refused.
//!
//! **Promise.** One line for each call that a limit, a trap, the memory of all guests or a panic ended, whatever was
//! called: a tool, instructions, a handler, the question what a component is. One for each package that was refused. None
//! for a call that ended by itself or whose caller left. Nobody waits for a line to be written.
//! **Bound.** [`LINES`] lines within [`SPAN`] for each extension; the next line after them says how many were left out.
//! [`KNOWN`] extensions are counted apart, further ones together. **Cost.** A lock and a queue for each such call.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openclaw_policy::{Digest, PluginId, display_safe};
use openclaw_state::{AuditEntry, Outcome, State};

use crate::error::{CompileFailure, Error};
use crate::extension::Extension;
use crate::limits::Stop;

/// What an entry says of a call that was broken off.
pub const BREAK: &str = "call.break";
/// What an entry says of a package that was refused.
pub const REFUSE: &str = "extension.refuse";
/// Lines of one extension within [`SPAN`].
const LINES: u32 = 30;
const SPAN: Duration = Duration::from_secs(60);
/// Extensions whose lines are counted apart.
const KNOWN: usize = 1024;
/// How much of a stranger's text a line shows, in characters.
const SHOWN: usize = 200;
/// Who stands in the line of a package whose manifest cannot be read.
const NOBODY: &str = "?";

/// Writes the lines.
pub(crate) struct Breaks {
    state: State,
    windows: Mutex<HashMap<String, Window>>,
}

/// What was written of one extension lately.
struct Window {
    began: Instant,
    written: u32,
    /// Lines that were left out since the last that was written.
    left_out: u64,
}

impl Breaks {
    pub(crate) fn new(state: State) -> Self {
        Self {
            state,
            windows: Mutex::default(),
        }
    }

    /// A guest was entered and this came of it. `subject` is what was called.
    pub(crate) fn note(&self, extension: &Extension, subject: &str, error: &Error) {
        let Some(why) = why(error) else {
            return;
        };
        let Some(left_out) = self.take(extension.id.as_str()) else {
            return;
        };
        let actor = format!("extension:{}", extension.holder());
        let mut entry = AuditEntry::new(actor, BREAK, display_safe(subject, SHOWN))
            .outcome(Outcome::Failed)
            .detail("why", why);
        if let Error::Trap { what, .. } = error {
            entry = entry.detail("what", display_safe(what, SHOWN));
        }
        self.record(entry, left_out);
    }

    /// A package was not installed. What the machine is at fault for is nothing about the package.
    pub(crate) fn refuse(&self, package: &Refused, error: &Error) {
        if is_of_machine(error) {
            return;
        }
        let id = package.id.as_ref().map_or(NOBODY, PluginId::as_str);
        let Some(left_out) = self.take(id) else {
            return;
        };
        let entry = AuditEntry::new(format!("extension:{id}"), REFUSE, &*package.subject)
            .outcome(Outcome::Denied)
            .detail("why", display_safe(&error.to_string(), SHOWN));
        self.record(entry, left_out);
    }

    fn record(&self, entry: AuditEntry, left_out: u64) {
        self.state.record(match left_out {
            0 => entry,
            more => entry.detail("leftOut", more),
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place of a line: how many were left out before it, or none if this one is left out too.
    fn take(&self, id: &str) -> Option<u64> {
        let now = Instant::now();
        let is_over = |window: &Window| now.duration_since(window.began) >= SPAN;
        let mut windows = self.lock();
        if windows.len() >= KNOWN && !windows.contains_key(id) {
            windows.retain(|_, window| window.left_out > 0 || !is_over(window));
        }
        let id = match windows.len() >= KNOWN && !windows.contains_key(id) {
            true => NOBODY,
            false => id,
        };
        let window = windows.entry(id.to_owned()).or_insert(Window {
            began: now,
            written: 0,
            left_out: 0,
        });
        if is_over(window) {
            (window.began, window.written) = (now, 0);
        }
        if window.written >= LINES {
            window.left_out += 1;
            return None;
        }
        window.written += 1;
        Some(std::mem::take(&mut window.left_out))
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
    use super::*;

    fn open(folder: &Path) -> Breaks {
        let state = State::open(openclaw_state::Options::new(folder, str::to_owned));
        Breaks::new(state.unwrap())
    }

    #[tokio::test]
    async fn a_flood_of_lines_is_cut_and_the_next_line_says_by_how_many() {
        let folder = tempfile::tempdir().unwrap();
        let breaks = open(folder.path());
        let package = Refused::new(Some("loud".parse().unwrap()), None, Path::new("/x\u{1b}[2J"));
        let refuse = || breaks.refuse(&package, &Error::NoExport);
        for _ in 0..LINES + 70 {
            refuse();
        }
        // Nobody waits a minute here.
        breaks.lock().get_mut("loud").unwrap().began -= SPAN;
        refuse();
        refuse();
        breaks.state.close().await;
        let state = State::open(openclaw_state::Options::new(folder.path(), str::to_owned)).unwrap();
        let rows = state
            .read(|view| view.audit_of("extension:loud", REFUSE, 1000))
            .await
            .unwrap();
        let left_out: Vec<_> = rows
            .iter()
            .map(|row| serde_json::from_str::<serde_json::Value>(&row.detail).unwrap()["leftOut"].as_u64())
            .collect();
        let cut = LINES as usize;
        assert_eq!(rows.len(), cut + 2);
        assert_eq!(left_out[cut..], [Some(70), None]);
        assert!(left_out[..cut].iter().all(Option::is_none));
        assert!(!rows[0].subject.contains('\u{1b}'), "{:?}", rows[0].subject);
    }

    #[tokio::test]
    async fn a_crowd_of_names_is_counted_together_and_does_not_grow_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let breaks = open(folder.path());
        for number in 0..2 * KNOWN {
            breaks.take(&format!("x{number}"));
        }
        assert!(breaks.lock().len() <= KNOWN + 1);
        assert_eq!(breaks.take("one-more"), None);
        for window in breaks.lock().values_mut() {
            window.began -= SPAN;
        }
        assert_eq!(breaks.take("one-more"), Some(0));
    }
}
