//! `grep`: lines of files by what is in them.
//!
//! **Bound.** [`MATCHES`] by default and [`BYTES`] in all, lines of up to [`LINE_CHARS`]; [`READ_BYTES`] of files and
//! [`WORKING`] of time. A pattern that grows beyond [`PATTERN_SIZE`] is refused; matching takes a time that grows with
//! the text only. **Cost.** A pass over each file, of which no more than a few lines are held.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use regex::bytes::{Regex, RegexBuilder};
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::{flag, number, optional, text, whole};
use crate::find::Names;
use crate::folder::{Folder, Kind};
use crate::lines::Lines;
use crate::names::show;
use crate::place::place;
use crate::read::READ_BYTES;
use crate::walk::Walk;
use crate::words::refuse;

pub(crate) const ABOUT: &str = "Search the files of the workspace for a regular expression, line by line. Each match is \
told as path:line: text. What .gitignore leaves out, binary files, .git and node_modules are left out.";
/// How many matches are told unless it is said otherwise.
const MATCHES: usize = 100;
/// The most that are told.
const MOST: usize = 5000;
/// The most lines that are told around a match.
const AROUND: usize = 20;
/// The most that is told, in bytes.
const BYTES: usize = 50 * 1024;
/// How much of a line is told.
const LINE_CHARS: usize = 500;
/// How much of a line is searched.
const LINE_BYTES: usize = 64 * 1024;
/// The largest form of a pattern.
const PATTERN_SIZE: usize = 1 << 19;
/// The longest pattern.
const PATTERN_BYTES: usize = 4096;
/// How long may be searched.
const WORKING: Duration = Duration::from_secs(20);

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": "The regular expression, or the text if literal"},
            "path": {"type": "string", "description": "The file or folder to search; without it the workspace"},
            "glob": {"type": "string", "description": "Only files like this, for example *.rs or src/**/*.ts"},
            "ignoreCase": {"type": "boolean", "description": "Whether capital letters count as small ones"},
            "literal": {"type": "boolean", "description": "Whether the pattern is a plain text"},
            "context": {"type": "integer", "minimum": 0, "maximum": AROUND,
                "description": "How many lines around each match to show"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "How many matches"},
        },
        "required": ["pattern"],
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let pattern = compile(arguments)?;
    let names = optional(arguments, "glob")?.map(Names::new).transpose()?;
    let place = place(folder, optional(arguments, "path")?.unwrap_or("."))?;
    let mut report = Report {
        limit: number(arguments, "limit")?.unwrap_or(MATCHES).min(MOST),
        around: whole(arguments, "context")?.unwrap_or(0).min(AROUND),
        ..Report::default()
    };
    let mut search = Search {
        folder,
        pattern,
        left: READ_BYTES,
        until: Instant::now().checked_add(WORKING),
        unread: 0,
        is_stopped: false,
        has_long: false,
    };
    let mut gaps = None;
    match place.found.map(|found| found.kind) {
        Some(Kind::File) => search.file(&place.path, &mut report),
        Some(Kind::Folder) => {
            let failed = |error| refuse("searched", &place.shown, &error);
            let mut walk = Walk::begin(folder, &place.path).map_err(failed)?;
            while let Some((path, kind)) = walk.next() {
                let is_wanted = names.as_ref().is_none_or(|names| names.fit(&path, &place.path));
                if kind == Kind::File && is_wanted {
                    search.file(&path, &mut report);
                }
                if report.has_more || search.is_stopped {
                    break;
                }
            }
            gaps = Some(walk.gaps);
        }
        Some(_) => return Err(crate::file::not_a_file(&place)),
        None => {
            return Err(refuse(
                "searched",
                &place.shown,
                &std::io::ErrorKind::NotFound.into(),
            ));
        }
    }
    let mut notes = Vec::new();
    search.tell(&mut notes);
    if let Some(gaps) = &gaps {
        gaps.tell(&mut notes);
    }
    let is_partial = search.is_stopped || gaps.is_some_and(|gaps| gaps.is_any());
    Ok(report.answer(notes, is_partial))
}

fn compile(arguments: &Value) -> Result<Regex, Refusal> {
    let pattern = text(arguments, &["pattern"])?;
    if pattern.is_empty() || pattern.len() > PATTERN_BYTES {
        return Err(Refusal(format!("A pattern has 1 to {PATTERN_BYTES} bytes.")));
    }
    let pattern = match flag(arguments, "literal")? {
        true => regex::escape(pattern),
        false => pattern.to_owned(),
    };
    let built = RegexBuilder::new(&pattern)
        .case_insensitive(flag(arguments, "ignoreCase")?)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .nest_limit(50)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Refusal::new("The pattern is too large; make it simpler."),
        other => Refusal(format!("The pattern is not clear: {other}")),
    })
}

/// A search under way.
struct Search<'a> {
    folder: &'a dyn Folder,
    pattern: Regex,
    /// How many bytes of files may still be read.
    left: u64,
    until: Option<Instant>,
    unread: usize,
    is_stopped: bool,
    has_long: bool,
}

impl Search<'_> {
    /// Searches a file. One that is not a text is left out.
    fn file(&mut self, path: &Path, report: &mut Report) {
        let opened = self
            .folder
            .open(path)
            .and_then(|file| Lines::open(file, self.left));
        let mut lines = match opened {
            Ok(Some(lines)) => lines,
            Ok(None) => return,
            Err(_) => {
                self.unread += 1;
                return;
            }
        };
        report.begin(path);
        let (mut kept, mut number) = (Vec::new(), 0_u64);
        loop {
            let line = match lines.next(&mut kept, LINE_BYTES) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(_) => {
                    self.unread += 1;
                    break;
                }
            };
            number += 1;
            self.has_long |= line.bytes > LINE_BYTES as u64;
            self.left = self.left.saturating_sub(line.bytes + 1);
            let is_late = number % 64 == 0 && self.until.is_some_and(|until| Instant::now() > until);
            self.is_stopped |= self.left == 0 || is_late;
            report.line(number, &kept, line.bytes, self.pattern.is_match(&kept));
            if report.has_more || self.is_stopped {
                break;
            }
        }
    }

    fn tell(&self, notes: &mut Vec<String>) {
        if self.is_stopped {
            let (most, time) = (READ_BYTES >> 20, WORKING.as_secs());
            notes.push(format!(
                "[Stopped: up to {most} MB are searched, and up to {time} s. Name a folder or a file.]"
            ));
        }
        if self.unread > 0 {
            notes.push(format!("[{} files could not be read.]", self.unread));
        }
        if self.has_long {
            notes.push(format!(
                "[Of lines longer than {LINE_BYTES} bytes only the beginning was searched.]"
            ));
        }
    }
}

/// What was found.
#[derive(Default)]
struct Report {
    limit: usize,
    around: usize,
    text: String,
    matches: usize,
    files: usize,
    has_more: bool,
    /// The file that is being searched.
    shown: String,
    is_in_file: bool,
    /// The last lines before the one that is being looked at.
    before: VecDeque<(u64, String)>,
    /// How many lines behind a match are still to be told.
    behind: usize,
    /// The last line that was told.
    last: u64,
}

impl Report {
    fn begin(&mut self, path: &Path) {
        self.shown = show(path);
        self.is_in_file = false;
        self.before.clear();
        (self.behind, self.last) = (0, 0);
    }

    fn line(&mut self, number: u64, kept: &[u8], length: u64, is_match: bool) {
        if is_match && self.matches == self.limit {
            self.has_more = true;
        } else if is_match {
            self.matches += 1;
            if !self.is_in_file {
                self.is_in_file = true;
                self.files += 1;
            }
            let before = std::mem::take(&mut self.before);
            let first = before.front().map_or(number, |(number, _)| *number);
            if self.around > 0 && !self.text.is_empty() && (self.last == 0 || first > self.last + 1) {
                self.put("--");
            }
            for (number, text) in before {
                self.put(&format!("{}-{number}- {text}", self.shown));
            }
            self.put(&format!("{}:{number}: {}", self.shown, clip(kept, length)));
            (self.behind, self.last) = (self.around, number);
        } else if self.behind > 0 {
            self.put(&format!("{}-{number}- {}", self.shown, clip(kept, length)));
            self.behind -= 1;
            self.last = number;
        } else if self.around > 0 {
            if self.before.len() == self.around {
                self.before.pop_front();
            }
            self.before.push_back((number, clip(kept, length)));
        }
    }

    fn put(&mut self, line: &str) {
        if self.has_more || self.text.len() + line.len() + 1 > BYTES {
            self.has_more = true;
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }

    fn answer(self, notes: Vec<String>, is_partial: bool) -> Answer {
        let mut lines = vec![match self.text.is_empty() {
            true => "No line matches.".to_owned(),
            false => self.text,
        }];
        if self.has_more {
            lines.push("[There are more matches. Narrow the search, or raise limit.]".to_owned());
        }
        lines.extend(notes);
        let details = json!({
            "matches": self.matches, "files": self.files, "truncated": self.has_more || is_partial,
        });
        Answer::ok(lines.join("\n"), details)
    }
}

/// As much of a line as is told.
fn clip(kept: &[u8], length: u64) -> String {
    // More would be cut again.
    let kept = kept.get(..LINE_CHARS * 4).unwrap_or(kept);
    let line = String::from_utf8_lossy(kept);
    let end = line.char_indices().nth(LINE_CHARS).map(|(at, _)| at);
    match end {
        None if length == kept.len() as u64 => line.into_owned(),
        end => {
            let told = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
            format!("{told} [… of {length} bytes]")
        }
    }
}
