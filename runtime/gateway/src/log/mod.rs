//! The log file: one JSON object in a line, in OpenClaw's shape, without secrets.
//!
//! **Promise.** Whoever logs does not wait for the disk. Every text passes the redactor before it is kept. When more
//! is logged than can be written, the oldest lines go, and a line says how many. **Bound.** `queue::LINES` lines and
//! `queue::BYTES` wait; a file grows to the config's limit, and `file::ROTATED` older ones stay.
//! **Cost.** One thread, and one line of text for each event.

mod file;
mod line;
mod place;
mod queue;

use std::sync::Arc;
use std::thread::JoinHandle;

use openclaw_secrets::Redactor;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::error::{Error, Result};
use file::File;
use line::Words;
pub use place::Place;
use queue::Queue;

/// How the log is kept.
pub struct Options {
    /// Where.
    pub place: Place,
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// What is kept; none: nothing.
    pub level: Option<Level>,
    /// What keeps secrets out of it.
    pub redactor: Arc<Redactor>,
    /// The machine's name.
    pub host: String,
}

/// What hands events to the log.
pub struct Log {
    queue: Arc<Queue>,
    words: Words,
    level: Option<Level>,
}

/// The thread that writes. Dropping it writes what waits and ends the thread.
pub struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// Opens the log.
pub fn open(options: Options) -> Result<(Log, Writer)> {
    let mut file = File::open(options.place, options.max_bytes)?;
    let queue = Arc::new(Queue::default());
    let waiting = Arc::clone(&queue);
    let thread = std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            while let Some(lines) = waiting.take() {
                // Nobody is left to tell that the log cannot be written.
                let _ = file.write(&lines);
            }
        })
        .map_err(Error::file("start the thread that writes", "log"))?;
    let log = Log {
        queue: Arc::clone(&queue),
        words: Words::new(options.redactor, options.host),
        level: options.level,
    };
    let writer = Writer {
        queue,
        thread: Some(thread),
    };
    Ok((log, writer))
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl<S: Subscriber> Layer<S> for Log {
    // Only a hint: another layer, the console for one, may be told to show more.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.into())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let is_ours = metadata.target() == "extension" || metadata.target().starts_with("openclaw");
        let is_wanted = is_ours || *metadata.level() <= Level::WARN;
        if is_wanted && self.level.is_some_and(|level| *metadata.level() <= level) {
            self.queue.put(self.words.write(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn lines(path: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn begin(path: &Path, max_bytes: u64, level: Level) -> (Log, Writer) {
        let redactor = Redactor::default();
        redactor.register(["hunter2hunter2"]);
        let options = Options {
            place: Place::Fixed(path.to_owned()),
            max_bytes,
            level: Some(level),
            redactor: Arc::new(redactor),
            host: "box".to_owned(),
        };
        open(options).unwrap()
    }

    fn log_to(path: &Path, max_bytes: u64, write: impl FnOnce()) {
        let (log, writer) = begin(path, max_bytes, Level::INFO);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log), write);
        drop(writer);
    }

    #[test]
    fn how_much_one_keeps_does_not_depend_on_how_much_another_does() {
        let folder = tempfile::tempdir().unwrap();
        let (little, much) = (
            folder.path().join("little.jsonl"),
            folder.path().join("much.jsonl"),
        );
        let (info, first) = begin(&little, 1 << 20, Level::INFO);
        let (debug, second) = begin(&much, 1 << 20, Level::DEBUG);
        let both = tracing_subscriber::registry().with(info).with(debug);
        tracing::subscriber::with_default(both, || {
            tracing::debug!("a detail");
            tracing::trace!("one more");
            tracing::debug!(target: "hyper", "of another's");
            tracing::info!("news");
        });
        drop((first, second));
        assert_eq!(lines(&little).len(), 1);
        assert_eq!(lines(&much).len(), 2);
    }

    #[test]
    fn a_line_has_openclaws_shape_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        log_to(&path, 1 << 20, || {
            tracing::warn!(
                subsystem = "gateway/ws",
                code = 1008,
                reason = "token hunter2hunter2",
                "closed hunter2hunter2"
            );
            tracing::debug!("not kept");
            tracing::info!(subsystem = "gateway", "ready");
        });
        let lines = lines(&path);
        assert_eq!(lines.len(), 2);
        let first = &lines[0];
        assert_eq!(first["0"], r#"{"subsystem":"gateway/ws"}"#);
        assert_eq!(first["1"]["code"], 1008);
        assert_eq!(first["_meta"]["logLevelId"], 4);
        assert_eq!(first["_meta"]["logLevelName"], "WARN");
        assert_eq!(first["_meta"]["parentNames"], serde_json::json!(["openclaw"]));
        assert_eq!(first["_meta"]["name"], first["0"]);
        assert_eq!(first["hostname"], "box");
        assert_eq!(first["2"], first["message"]);
        assert!(first["message"].as_str().unwrap().starts_with("closed "));
        assert!(
            first["time"].as_str().unwrap().len() >= 24
                && first["_meta"]["date"].as_str().unwrap().ends_with('Z')
        );
        assert_eq!(lines[1]["1"], "ready");
        assert!(!std::fs::read_to_string(&path).unwrap().contains("hunter2"));
    }

    #[test]
    fn a_file_that_is_full_makes_room_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openclaw.log");
        for round in 0..80 {
            log_to(&path, 1000, || {
                tracing::info!("round {round} {}", "x".repeat(200))
            });
        }
        let size = |path: &Path| path.metadata().unwrap().len();
        assert!(size(&path) <= 1000);
        for nth in 1..=file::ROTATED {
            assert!(size(&folder.path().join(format!("openclaw.{nth}.log"))) <= 1000);
        }
        assert!(
            !folder
                .path()
                .join(format!("openclaw.{}.log", file::ROTATED + 1))
                .exists()
        );
        assert!(
            lines(&path).last().unwrap()["message"]
                .as_str()
                .unwrap()
                .starts_with("round 79")
        );
    }
}
