//! Requests, grants and limits in plain words, as install, inspect and explain show them.
//!
//! One line for each thing, marked by how much care it deserves, and what deserves most stands first. What an
//! author wrote freely stands in quotes, which it cannot end. A line holds no control character and nothing
//! invisible, and has [`MAX_LINE`] characters at most, whatever a manifest says. A long list is told in several
//! lines, so that nothing is granted unseen.

mod capabilities;
mod limits;
mod network;

use std::fmt;

use crate::display::display_safe;

/// The longest line, in characters.
pub const MAX_LINE: usize = 1500;

/// How much care a line deserves.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// As it should be.
    Plain,
    /// Wider or less protected than usual.
    Caution,
    /// A person must have a reason to agree.
    Danger,
}

/// A line in plain words, safe to show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    severity: Severity,
    text: String,
}

impl Line {
    pub(crate) fn new(severity: Severity, text: &str) -> Self {
        Self {
            severity,
            text: display_safe(text, MAX_LINE),
        }
    }

    /// How much care it deserves.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Line {
    /// The text behind a mark: `-`, `!` or `!!`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.severity {
            Severity::Plain => "-",
            Severity::Caution => "!",
            Severity::Danger => "!!",
        };
        write!(f, "{mark:>2} {}", self.text)
    }
}

/// What can be told in plain words.
pub trait Words {
    /// The lines that tell it.
    fn lines(&self) -> Vec<Line>;
}

/// How much of a line a list may take, so that what stands around it is never cut off.
const ROOM: usize = 400;

/// Puts what a person must see at the top; among equals the order stays.
fn most_care_first(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|line| std::cmp::Reverse(line.severity));
    lines
}

/// A stranger's text in quotes, cut at `max` characters.
fn quote(text: &str, max: usize) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", display_safe(&escaped, max))
}

/// Writes `a, b and c`.
fn join<T: fmt::Display>(things: impl IntoIterator<Item = T>) -> String {
    let mut words: Vec<_> = things.into_iter().map(|thing| thing.to_string()).collect();
    match (words.pop(), words.is_empty()) {
        (None, _) => String::new(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", words.join(", ")),
    }
}

/// Cuts a list into pieces that fit in a line: by count, and by the length of their words.
fn pieces<T: fmt::Display>(things: impl IntoIterator<Item = T>, room: usize) -> Vec<Vec<String>> {
    let mut pieces: Vec<Vec<String>> = Vec::new();
    let mut left = 0;
    for thing in things {
        // A joint takes up to 5 characters. What is longer than a line by itself is cut by the line.
        let word = display_safe(&thing.to_string(), room);
        let length = word.chars().count() + 5;
        match pieces.last_mut() {
            Some(piece) if length <= left => {
                piece.push(word);
                left -= length;
            }
            _ => {
                pieces.push(vec![word]);
                left = room.saturating_sub(length);
            }
        }
    }
    pieces
}
