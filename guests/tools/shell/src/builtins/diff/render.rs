//! How differences are written down: normal, unified, context, side by side, as a script for `ed`.

use super::lines::{Change, Changes, split};
use crate::builtins::options::Given;

const OPEN: &[u8] = b"\\ No newline at end of file\n";

/// Writes all changes in the form that was asked for.
pub(super) fn all(out: &mut Vec<u8>, given: &Given, changes: &Changes, old: &str, new: &str) {
    let lines = |name: &str, short: &str| {
        let wide = given.value(name).and_then(|value| value.parse().ok());
        wide.or_else(|| (given.has(name) || given.has(short)).then_some(3))
    };
    if given.has("side-by-side") {
        side_by_side(out, given, changes, b"");
    } else if let Some(context) = lines("unified", "u") {
        unified(out, changes, old, new, context);
    } else if let Some(context) = lines("context", "c") {
        in_context(out, changes, old, new, context);
    } else if given.has("ed") {
        ed(out, changes);
    } else {
        normal(out, changes);
    }
}

fn put(out: &mut Vec<u8>, mark: &str, line: &[u8]) {
    out.extend_from_slice(mark.as_bytes());
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.push(b'\n');
        out.extend_from_slice(OPEN);
    }
}

fn range(lines: &[Vec<u8>], from: usize, to: usize) -> &[Vec<u8>] {
    lines.get(from..to).unwrap_or_default()
}

fn numbers((from, to): (usize, usize)) -> String {
    match to.saturating_sub(from) {
        0 => from.to_string(),
        1 => to.to_string(),
        _ => format!("{},{to}", from + 1),
    }
}

fn kind(change: &Change) -> char {
    match (change.old.0 == change.old.1, change.new.0 == change.new.1) {
        (true, _) => 'a',
        (_, true) => 'd',
        _ => 'c',
    }
}

fn normal(out: &mut Vec<u8>, changes: &Changes) {
    for change in &changes.all {
        let head = format!("{}{}{}\n", numbers(change.old), kind(change), numbers(change.new));
        out.extend_from_slice(head.as_bytes());
        for line in range(&changes.old, change.old.0, change.old.1) {
            put(out, "< ", line);
        }
        if kind(change) == 'c' {
            out.extend_from_slice(b"---\n");
        }
        for line in range(&changes.new, change.new.0, change.new.1) {
            put(out, "> ", line);
        }
    }
}

fn ed(out: &mut Vec<u8>, changes: &Changes) {
    for change in changes.all.iter().rev() {
        out.extend_from_slice(format!("{}{}\n", numbers(change.old), kind(change)).as_bytes());
        if kind(change) != 'd' {
            for line in range(&changes.new, change.new.0, change.new.1) {
                out.extend_from_slice(line);
            }
            out.extend_from_slice(b".\n");
        }
    }
}

/// Changes so near to each other that they share lines around them.
fn groups(changes: &Changes, context: usize) -> Vec<&[Change]> {
    changes
        .all
        .chunk_by(|one, two| two.old.0.saturating_sub(one.old.1) <= context.saturating_mul(2))
        .collect()
}

/// The lines of one side that a group shows.
fn shown(
    group: &[Change],
    side: impl Fn(&Change) -> (usize, usize),
    lines: usize,
    context: usize,
) -> (usize, usize) {
    let (first, last) = (
        group.first().map(&side).unwrap_or_default(),
        group.last().map(&side).unwrap_or_default(),
    );
    (first.0.saturating_sub(context), (last.1 + context).min(lines))
}

fn unified(out: &mut Vec<u8>, changes: &Changes, old: &str, new: &str, context: usize) {
    out.extend_from_slice(format!("--- {old}\n+++ {new}\n").as_bytes());
    for group in groups(changes, context) {
        let was = shown(group, |change| change.old, changes.old.len(), context);
        let is = shown(group, |change| change.new, changes.new.len(), context);
        let span = |(from, to): (usize, usize)| match to - from {
            0 => format!("{from},0"),
            1 => to.to_string(),
            count => format!("{},{count}", from + 1),
        };
        out.extend_from_slice(format!("@@ -{} +{} @@\n", span(was), span(is)).as_bytes());
        let mut at = was.0;
        for change in group {
            for line in range(&changes.old, at, change.old.0) {
                put(out, " ", line);
            }
            for line in range(&changes.old, change.old.0, change.old.1) {
                put(out, "-", line);
            }
            for line in range(&changes.new, change.new.0, change.new.1) {
                put(out, "+", line);
            }
            at = change.old.1;
        }
        for line in range(&changes.old, at, was.1) {
            put(out, " ", line);
        }
    }
}

fn in_context(out: &mut Vec<u8>, changes: &Changes, old: &str, new: &str, context: usize) {
    out.extend_from_slice(format!("*** {old}\n--- {new}\n").as_bytes());
    let span = |(from, to): (usize, usize)| match to - from {
        0 | 1 => to.to_string(),
        _ => format!("{},{to}", from + 1),
    };
    for group in groups(changes, context) {
        let was = shown(group, |change| change.old, changes.old.len(), context);
        let is = shown(group, |change| change.new, changes.new.len(), context);
        out.extend_from_slice(format!("***************\n*** {} ****\n", span(was)).as_bytes());
        if group.iter().any(|change| change.old.0 != change.old.1) {
            half(out, &changes.old, was, group, |change| change.old, "- ");
        }
        out.extend_from_slice(format!("--- {} ----\n", span(is)).as_bytes());
        if group.iter().any(|change| change.new.0 != change.new.1) {
            half(out, &changes.new, is, group, |change| change.new, "+ ");
        }
    }
}

fn half(
    out: &mut Vec<u8>,
    lines: &[Vec<u8>],
    shown: (usize, usize),
    group: &[Change],
    side: impl Fn(&Change) -> (usize, usize),
    mark: &str,
) {
    let mut at = shown.0;
    for change in group {
        let (from, to) = side(change);
        for line in range(lines, at, from) {
            put(out, "  ", line);
        }
        let mark = if kind(change) == 'c' { "! " } else { mark };
        for line in range(lines, from, to) {
            put(out, mark, line);
        }
        at = to;
    }
    for line in range(lines, at, shown.1) {
        put(out, "  ", line);
    }
}

/// Both texts beside each other. Without changes, `same` is both of them.
pub(super) fn side_by_side(out: &mut Vec<u8>, given: &Given, changes: &Changes, same: &[u8]) {
    let width: usize = given
        .value("width")
        .and_then(|value| value.parse().ok())
        .unwrap_or(130);
    let quiet = given.has("suppress-common-lines");
    let lines = Columns::new(width);
    let same = split(same);
    let (old, new) = match changes.is_empty() {
        true => (&same, &same),
        false => (&changes.old, &changes.new),
    };
    let (mut at, mut beside) = (0, 0);
    let end = Change {
        old: (old.len(), old.len()),
        new: (new.len(), new.len()),
    };
    for change in changes.all.iter().chain([&end]) {
        for (left, right) in range(old, at, change.old.0)
            .iter()
            .zip(range(new, beside, change.new.0))
        {
            if !quiet {
                lines.put(out, left, ' ', if given.has("left-column") { b"" } else { right });
            }
        }
        let (was, is) = (
            range(old, change.old.0, change.old.1),
            range(new, change.new.0, change.new.1),
        );
        for nth in 0..was.len().max(is.len()) {
            match (was.get(nth), is.get(nth)) {
                (Some(left), Some(right)) => lines.put(out, left, '|', right),
                (Some(left), None) => lines.put(out, left, '<', b""),
                (None, Some(right)) => lines.put(out, b"", '>', right),
                (None, None) => {}
            }
        }
        (at, beside) = (change.old.1, change.new.1);
    }
}

/// Where the two columns are.
struct Columns {
    half: usize,
    second: usize,
}

/// The room between the columns is at least so wide.
const GUTTER: usize = 3;
const TAB: usize = 8;

impl Columns {
    fn new(width: usize) -> Self {
        let middle = (width >> 1) + ((TAB + GUTTER) >> 1) + (width & (TAB + GUTTER) & 1);
        let second = middle - middle % TAB;
        match second.saturating_sub(GUTTER).min(width.saturating_sub(second)) {
            0 => Self {
                half: 0,
                second: width,
            },
            half => Self { half, second },
        }
    }

    fn cut(&self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
        text.chars().take(self.half).collect()
    }

    fn put(&self, out: &mut Vec<u8>, left: &[u8], mark: char, right: &[u8]) {
        let (left, right) = (self.cut(left), self.cut(right));
        let mut at = left.chars().count();
        out.extend_from_slice(left.as_bytes());
        if mark != ' ' {
            fill(out, &mut at, (self.half + self.second).saturating_sub(1) / 2);
            out.extend_from_slice(mark.to_string().as_bytes());
            at += 1;
        }
        if !right.is_empty() {
            fill(out, &mut at, self.second);
            out.extend_from_slice(right.as_bytes());
        }
        out.push(b'\n');
    }
}

/// Goes on to a column, by tabs as far as they reach.
fn fill(out: &mut Vec<u8>, at: &mut usize, to: usize) {
    while *at - *at % TAB + TAB <= to {
        out.push(b'\t');
        *at += TAB - *at % TAB;
    }
    while *at < to {
        out.push(b' ');
        *at += 1;
    }
}
