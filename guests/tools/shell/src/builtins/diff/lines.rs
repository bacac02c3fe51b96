//! Which lines of two texts differ.

use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::builtins::options::Given;

/// What does not count as a difference.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    case: bool,
    all_space: bool,
    space_change: bool,
    trailing_space: bool,
    carriage_return: bool,
    blank_lines: bool,
}

impl Rules {
    pub(super) fn of(given: &Given) -> Self {
        Self {
            case: given.has("ignore-case"),
            all_space: given.has("ignore-all-space"),
            space_change: given.has("ignore-space-change"),
            trailing_space: given.has("ignore-trailing-space"),
            carriage_return: given.has("strip-trailing-cr"),
            blank_lines: given.has("ignore-blank-lines"),
        }
    }

    /// A line as it is compared.
    fn key(&self, line: &[u8]) -> Vec<u8> {
        let mut key = line.to_vec();
        if self.carriage_return && key.ends_with(b"\r\n") {
            key.truncate(key.len() - 2);
            key.push(b'\n');
        }
        if self.all_space || self.space_change || self.trailing_space {
            key = key.trim_ascii_end().to_vec();
        }
        if self.all_space {
            key.retain(|byte| !byte.is_ascii_whitespace());
        }
        if self.space_change {
            let mut single = Vec::with_capacity(key.len());
            for byte in key {
                match byte.is_ascii_whitespace() {
                    true if single.last() == Some(&b' ') => {}
                    true => single.push(b' '),
                    false => single.push(byte),
                }
            }
            key = single;
        }
        if self.case {
            key = String::from_utf8_lossy(&key).to_lowercase().into_bytes();
        }
        key
    }
}

/// Lines `old` of the first text became lines `new` of the second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) old: (usize, usize),
    pub(super) new: (usize, usize),
}

/// Two texts and where they differ. Lines keep their newlines.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) old: Vec<Vec<u8>>,
    pub(super) new: Vec<Vec<u8>>,
    pub(super) all: Vec<Change>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// How long it is looked for few changes; what is left after that is told as many.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn split(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

/// Compares two texts.
pub(super) fn compare(old: &[u8], new: &[u8], rules: &Rules) -> Changes {
    let (old, new) = (split(old), split(new));
    let keys = |lines: &[Vec<u8>]| lines.iter().map(|line| rules.key(line)).collect::<Vec<_>>();
    let mut all: Vec<Change> = Vec::new();
    let until = Instant::now().checked_add(PATIENCE);
    for op in capture_diff_slices_deadline(Algorithm::Myers, &keys(&old), &keys(&new), until) {
        let (was, is) = (op.old_range(), op.new_range());
        let change = match op {
            DiffOp::Equal { .. } => continue,
            _ => Change {
                old: (was.start, was.end),
                new: (is.start, is.end),
            },
        };
        match all.last_mut() {
            Some(last) if last.old.1 == change.old.0 && last.new.1 == change.new.0 => {
                last.old.1 = change.old.1;
                last.new.1 = change.new.1;
            }
            _ => all.push(change),
        }
    }
    if rules.blank_lines {
        let blank = |lines: &[Vec<u8>], range: (usize, usize)| {
            lines
                .get(range.0..range.1)
                .is_none_or(|lines| lines.iter().all(|line| line == b"\n"))
        };
        all.retain(|change| !(blank(&old, change.old) && blank(&new, change.new)));
    }
    Changes { old, new, all }
}
