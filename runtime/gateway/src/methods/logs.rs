//! `logs.tail`: the newest lines of the log file, or those after a place that was read before.
//!
//! **Promise.** With the cursor of one answer the next goes on where it ended: no line is missing or comes twice,
//! unless more was written than is asked for, and then the answer says how many bytes were passed over. A line that
//! is not finished yet is left for the next time. **Bound.** `MOST_BYTES` and `MOST_LINES` of one answer.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object};
use serde::{Deserialize, Serialize};

use super::internal;
use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params, Payload};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[Method {
    name: "logs.tail",
    scope: Some(Scope::Read),
    run: |gateway, _, params| Box::pin(answer(gateway, params)),
}];

const SHAPE: Object = Object::closed(&[
    Field::optional("cursor", COUNT),
    Field::optional("limit", Kind::Integer(1, MOST_LINES as i64)),
    Field::optional("maxBytes", Kind::Integer(1, MOST_BYTES as i64)),
]);

async fn answer(gateway: Arc<Gateway>, params: Params) -> Answer {
    let ask: Ask = params.read(&SHAPE)?;
    let Some(path) = gateway.log_file() else {
        return Err(Error::unavailable("this gateway writes no log file"));
    };
    let read = tokio::task::spawn_blocking(move || tail(&path, ask)).await;
    let found = read.map_err(|error| internal(&error))?;
    Payload::new(&found.map_err(|error| internal(&error))?)
}

/// The most lines of an answer.
pub(crate) const MOST_LINES: u64 = 5_000;
/// The most bytes of an answer.
pub(crate) const MOST_BYTES: u64 = 1_000_000;
/// As many lines as are told when nobody says how many.
const USUAL_LINES: u64 = 500;
/// As many bytes as are looked at when nobody says how many.
const USUAL_BYTES: u64 = 250_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ask {
    /// Where to go on, as an answer before said; none: the end of the file.
    pub cursor: Option<u64>,
    /// How many lines at most.
    pub limit: Option<u64>,
    /// How many bytes at most.
    pub max_bytes: Option<u64>,
}

/// What was found.
#[derive(Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tail {
    file: String,
    cursor: u64,
    size: u64,
    lines: Vec<String>,
    /// Whether there is more before the first line than was asked to be passed over.
    truncated: bool,
    /// Whether the file is another one than the cursor was for.
    reset: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped_bytes: Option<u64>,
}

/// Reads the end of a file. One that is not there yet is empty.
pub fn tail(path: &Path, ask: Ask) -> io::Result<Tail> {
    let limit = ask.limit.unwrap_or(USUAL_LINES).clamp(1, MOST_LINES);
    let bytes = ask.max_bytes.unwrap_or(USUAL_BYTES).clamp(1, MOST_BYTES);
    let mut file = match File::open(path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let size = match &file {
        Some(file) => file.metadata()?.len(),
        None => 0,
    };
    let known = ask.cursor.filter(|cursor| *cursor <= size);
    let from = known.unwrap_or(0).max(size.saturating_sub(bytes));
    let mut read = Vec::new();
    let mut is_line_start = true;
    if let Some(file) = &mut file {
        // The byte before tells whether the first line is whole.
        let before = from.saturating_sub(1);
        file.seek(SeekFrom::Start(before))?;
        file.take(size - before).read_to_end(&mut read)?;
        if from > 0 {
            is_line_start = read.first() == Some(&b'\n');
            read.drain(..read.len().min(1));
        }
    }
    let whole = read
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let cursor = from + whole as u64;
    read.truncate(whole);
    let text = String::from_utf8_lossy(&read);
    let mut lines: Vec<_> = text.lines().collect();
    let is_part = !is_line_start && known != Some(from);
    if is_part && !lines.is_empty() {
        lines.remove(0);
    }
    let surplus = lines
        .len()
        .saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    let passed: usize = lines.iter().take(surplus).map(|line| line.len() + 1).sum();
    let start = known.unwrap_or(0);
    let skipped = known.map(|_| (from - start) + passed as u64);
    Ok(Tail {
        file: path.display().to_string(),
        cursor,
        size,
        lines: lines.into_iter().skip(surplus).map(str::to_owned).collect(),
        truncated: from > start || surplus > 0,
        reset: ask.cursor.is_some_and(|cursor| cursor > size),
        skipped_bytes: skipped.filter(|skipped| *skipped > 0),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    fn log(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openclaw.log");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn after(cursor: u64) -> Ask {
        Ask {
            cursor: Some(cursor),
            ..Ask::default()
        }
    }

    #[test]
    fn reading_on_neither_misses_nor_repeats_a_line() {
        let (_folder, path) = log("one\ntwo\nthr");
        let first = tail(&path, Ask::default()).unwrap();
        assert_eq!(first.lines, ["one", "two"]);
        assert_eq!((first.cursor, first.size, first.truncated), (8, 11, false));
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"ee\nfour\n")
            .unwrap();
        let next = tail(&path, after(first.cursor)).unwrap();
        assert_eq!(next.lines, ["three", "four"]);
        assert!(tail(&path, after(next.cursor)).unwrap().lines.is_empty());
    }

    #[test]
    fn of_a_long_file_the_newest_whole_lines_are_told() {
        let (_folder, path) = log("0123456789\nabc\ndef\n");
        let ask = Ask {
            max_bytes: Some(12),
            ..Ask::default()
        };
        let found = tail(&path, ask).unwrap();
        assert_eq!(
            (found.lines, found.truncated),
            (vec!["abc".to_owned(), "def".to_owned()], true)
        );
        let one = Ask {
            limit: Some(1),
            ..Ask::default()
        };
        let found = tail(&path, one).unwrap();
        assert_eq!(
            (found.lines.as_slice(), found.truncated),
            (&["def".to_owned()][..], true)
        );
    }

    #[test]
    fn what_was_passed_over_is_counted() {
        let (_folder, path) = log("one\ntwo\nthree\n");
        let ask = Ask {
            cursor: Some(4),
            limit: Some(1),
            ..Ask::default()
        };
        let found = tail(&path, ask).unwrap();
        assert_eq!(
            (found.lines, found.skipped_bytes),
            (vec!["three".to_owned()], Some(4))
        );
    }

    #[test]
    fn a_file_that_was_rotated_is_read_from_its_beginning() {
        let (_folder, path) = log("new\n");
        let found = tail(&path, after(500)).unwrap();
        assert!(found.reset);
        assert_eq!((found.lines, found.cursor), (vec!["new".to_owned()], 4));
    }

    #[test]
    fn a_file_that_is_not_there_yet_is_empty() {
        let (_folder, path) = log("");
        let found = tail(&path.with_extension("none"), Ask::default()).unwrap();
        assert_eq!((found.cursor, found.lines.len()), (0, 0));
    }
}
