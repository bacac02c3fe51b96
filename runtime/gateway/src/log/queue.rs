//! Lines that wait to be written.
//!
//! **Promise.** Putting one in never waits for the disk. When there are too many the oldest go, and the next line that
//! is written says how many.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use serde_json::json;

/// How many lines wait at most.
pub(super) const LINES: usize = 10_000;
/// How many bytes wait at most.
pub(super) const BYTES: usize = 8 << 20;
/// The longest line; a longer one says only that it was too long.
const LINE_BYTES: usize = 256 << 10;

/// The lines.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
    closed: bool,
}

impl Queue {
    /// Puts a line in, without its end.
    pub(super) fn put(&self, line: String) {
        let line = if line.len() > LINE_BYTES {
            json!({"0": "[openclaw] a log record was too long and is left out", "bytes": line.len()})
                .to_string()
        } else {
            line
        };
        let mut waiting = self.waiting.lock();
        waiting.bytes += line.len() + 1;
        waiting.lines.push_back(line);
        while waiting.lines.len() > LINES || waiting.bytes > BYTES {
            let Some(oldest) = waiting.lines.pop_front() else {
                break;
            };
            waiting.bytes = waiting.bytes.saturating_sub(oldest.len() + 1);
            waiting.dropped += 1;
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// Waits for lines and takes them all, each with its end. None: the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<String>> {
        let mut waiting = self.waiting.lock();
        while waiting.lines.is_empty() && !waiting.closed {
            self.more.wait(&mut waiting);
        }
        if waiting.lines.is_empty() {
            return None;
        }
        let mut lines: Vec<String> = Vec::with_capacity(waiting.lines.len() + 1);
        let dropped = std::mem::take(&mut waiting.dropped);
        if dropped > 0 {
            let text = format!("[openclaw] file log queue overflow; dropped {dropped} oldest record(s)");
            lines.push(json!({"0": text, "message": text, "dropped": dropped}).to_string() + "\n");
        }
        waiting.bytes = 0;
        lines.extend(
            std::mem::take(&mut waiting.lines)
                .into_iter()
                .map(|line| line + "\n"),
        );
        Some(lines)
    }

    /// Lets the writer end once nothing waits.
    pub(super) fn close(&self) {
        self.waiting.lock().closed = true;
        self.more.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dropped_is_told() {
        let queue = Queue::default();
        for nth in 0..LINES + 7 {
            queue.put(nth.to_string());
        }
        let lines = queue.take().unwrap();
        assert!(lines[0].contains("dropped 7 oldest record(s)") && lines[0].contains(r#""dropped":7"#));
        assert_eq!((lines.len(), lines[1].as_str()), (LINES + 1, "7\n"));
        queue.close();
        assert!(queue.take().is_none());
    }
}
