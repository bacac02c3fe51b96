//! Runs cut into parts that fit: at a blank line if that leaves the part not too short, else at the end of a line,
//! of a word, or anywhere.
//!
//! What is one thing to a person, a link, a mention or a word of code, is cut only if it fits into no part.

use openclaw_config::tree::channels::ChunkMode;

use super::markdown::push;
use crate::adapter::{Run, Style};

/// Cuts runs into parts of which each fits. What does not fit even with a single character is a part of its own.
pub(super) fn chunk(runs: Vec<Run>, mode: ChunkMode, fits: impl Fn(&[Run]) -> bool) -> Vec<Vec<Run>> {
    let mut parts = Vec::new();
    let mut rest = trim_start(runs);
    while !rest.is_empty() {
        if fits(&rest) {
            parts.push(trim_end(rest));
            break;
        }
        let most = most_that_fits(&rest, &fits);
        let cut = whole_things(&rest, best_cut(&rest, most, mode));
        let (part, behind) = split(rest, cut);
        parts.push(trim_end(part));
        rest = trim_start(behind);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn characters(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.text.chars().count()).sum()
}

/// The largest number of characters from the beginning that fit; 1 at least, so that there is an end.
fn most_that_fits(runs: &[Run], fits: &impl Fn(&[Run]) -> bool) -> usize {
    let (mut low, mut high) = (1, characters(runs));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let (head, _) = split(runs.to_vec(), middle);
        match fits(&head) {
            true => low = middle,
            false => high = middle - 1,
        }
    }
    low
}

/// Where to cut at or before `most`.
fn best_cut(runs: &[Run], most: usize, mode: ChunkMode) -> usize {
    let text: Vec<char> = runs
        .iter()
        .flat_map(|run| run.text.chars())
        .take(most + 1)
        .collect();
    let least = match mode {
        ChunkMode::Newline => 1,
        ChunkMode::Length => most / 2,
    };
    let at = |wanted: fn(char, char) -> bool, least: usize| {
        let mut pairs = text.windows(2).enumerate().rev();
        let found = pairs.find(|(at, pair)| match pair {
            [here, next] => *at >= least && *at < most && wanted(*here, *next),
            _ => false,
        });
        found.map(|(at, _)| at + 1)
    };
    at(|here, next| here == '\n' && next == '\n', least)
        .or_else(|| at(|_, next| next == '\n', most / 2))
        .or_else(|| at(|_, next| next.is_whitespace(), most / 2))
        .or_else(|| at(|_, next| next.is_whitespace(), most / 8))
        .unwrap_or(most)
}

/// The cut moved before a thing that it would go through.
fn whole_things(runs: &[Run], cut: usize) -> usize {
    let mut begin = 0;
    for run in runs {
        let end = begin + run.text.chars().count();
        if begin < cut && cut < end && begin > 0 && run.styles.iter().any(is_one_thing) {
            return begin;
        }
        begin = end;
    }
    cut
}

fn is_one_thing(style: &Style) -> bool {
    matches!(
        style,
        Style::Link(_) | Style::Mention(_) | Style::Emoji(_) | Style::Code
    )
}

/// The runs before and behind a number of characters.
fn split(runs: Vec<Run>, at: usize) -> (Vec<Run>, Vec<Run>) {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let mut left = at;
    for run in runs {
        let length = run.text.chars().count();
        if left >= length {
            left -= length;
            push(&mut head, &run.text, &run.styles);
            continue;
        }
        let byte = run.text.char_indices().nth(left).map_or(0, |(byte, _)| byte);
        let (before, behind) = run.text.split_at(byte);
        push(&mut head, before, &run.styles);
        push(&mut tail, behind, &run.styles);
        left = 0;
    }
    (head, tail)
}

fn is_code(run: &Run) -> bool {
    run.styles
        .iter()
        .any(|style| matches!(style, Style::CodeBlock(_)))
}

/// Without blanks at the beginning. In a block of code only line breaks go: its indentation means something.
fn trim_start(mut runs: Vec<Run>) -> Vec<Run> {
    while let Some(first) = runs.first_mut() {
        let kept = match is_code(first) {
            true => first.text.trim_start_matches('\n'),
            false => first.text.trim_start(),
        };
        first.text = kept.to_owned();
        if !first.text.is_empty() {
            break;
        }
        runs.remove(0);
    }
    runs
}

fn trim_end(mut runs: Vec<Run>) -> Vec<Run> {
    while let Some(last) = runs.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        runs.pop();
    }
    runs
}
