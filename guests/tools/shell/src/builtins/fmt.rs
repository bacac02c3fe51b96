//! `fmt`: paragraphs in lines of about one length.
//!
//! **Promise.** Lines are broken where the whole paragraph comes out best, by GNU's weights: lines near the goal and near
//! each other, breaks behind sentences and not inside of names. **Bound.** A paragraph is held whole. **Cost.** Linear in
//! the words times the words of a line.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, decoded, encoded, sources};
use super::options::{Known, flag, parse, valued};

const KNOWN: [Known; 5] = [
    valued('w', "width"),
    valued('g', "goal"),
    flag('c', "crown-margin"),
    flag('s', "split-only"),
    flag('u', "uniform-spacing"),
];

const WIDTH: usize = 75;
const WIDEST: usize = 2500;
/// How far a tab reaches.
const TAB: usize = 8;

/// What a line costs in any case, and what is added and taken off for where it begins and ends.
const LINE: i64 = 70 * 70;
const AFTER_SENTENCE: i64 = 50 * 50;
const AFTER_PERIOD_ONLY: i64 = 600 * 600;
const BEFORE_PARENTHESIS: i64 = 40 * 40;
const AFTER_PUNCTUATION: i64 = 40 * 40;
const WIDOW: i64 = 200 * 200;
const ORPHAN: i64 = 150 * 150;

pub(super) struct Fmt;

/// What was asked for.
struct Form {
    most: usize,
    goal: usize,
    is_crown: bool,
    splits_only: bool,
    is_uniform: bool,
}

#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    length: usize,
    /// How many blanks follow it on its line.
    space: usize,
    opens: bool,
    has_period: bool,
    has_punctuation: bool,
    is_final: bool,
}

/// A line of the input: how far its text is indented, and its words.
struct Line {
    indent: usize,
    words: Vec<Word>,
}

#[async_trait]
impl Builtin for Fmt {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let mut args = ctx.args.to_vec();
        // The old way to say the width.
        if let Some(first) = args.first_mut()
            && let Some(width) = first.strip_prefix('-')
            && !width.is_empty()
            && width.bytes().all(|byte| byte.is_ascii_digit())
        {
            *first = format!("-w{width}");
        }
        let given = match parse("fmt", &KNOWN, &args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let count = |name: &str| match given.value(name) {
            None => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(count) if count <= WIDEST => Ok(Some(count)),
                _ => Err(Box::new(ExecResult::err(
                    format!("fmt: invalid width: '{text}'\n"),
                    1,
                ))),
            },
        };
        let (width, goal) = match (count("width"), count("goal")) {
            (Ok(width), Ok(goal)) => (width, goal),
            (Err(refusal), _) | (_, Err(refusal)) => return Ok(*refusal),
        };
        let most = width.unwrap_or_else(|| goal.map_or(WIDTH, |goal| goal + 10));
        let form = Form {
            most,
            // Seven of a hundred are left for lines to differ.
            goal: goal.unwrap_or(most * 187 / 200),
            is_crown: given.has("crown-margin"),
            splits_only: given.has("split-only"),
            is_uniform: given.has("uniform-spacing"),
        };
        let mut report = Report::default();
        let mut out = Vec::new();
        for name in sources(&given) {
            match content(&ctx, &name).await {
                Ok(bytes) => out.extend(encoded(&format_text(&form, &decoded(&bytes)))),
                Err(error) => report.fail(
                    "fmt",
                    &format!("cannot open '{name}' for reading: {}", reason(&error)),
                ),
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}

fn format_text(form: &Form, text: &str) -> String {
    let has_tabs = text.contains('\t');
    let mut out = String::new();
    let mut lines = text.lines().map(|line| read(form, line)).peekable();
    while let Some(first) = lines.next() {
        if first.words.is_empty() {
            out.push('\n');
            continue;
        }
        let begin = first.indent;
        let mut words = first.words;
        let mut other = begin;
        if !form.splits_only {
            // With a crown the second line says how far the others are indented.
            let second = lines
                .peek()
                .filter(|line| form.is_crown && !line.words.is_empty());
            other = second.map_or(begin, |line| line.indent);
            while let Some(next) = lines.next_if(|line| !line.words.is_empty() && line.indent == other) {
                words.extend(next.words);
            }
        }
        if let Some(last) = words.last_mut() {
            last.has_period = true;
            last.is_final = true;
        }
        let breaks = break_lines(form, &words, (begin, other));
        write(&words, &breaks, (begin, other), has_tabs, &mut out);
    }
    out
}

/// The words of a line, with what is between them.
fn read(form: &Form, line: &str) -> Line {
    let mut column = 0;
    let mut words: Vec<Word> = Vec::new();
    let mut indent = 0;
    let mut is_blank = true;
    for letter in line.chars() {
        match letter {
            ' ' | '\t' => {
                let next = match letter {
                    '\t' => (column / TAB + 1) * TAB,
                    _ => column + 1,
                };
                match words.last_mut() {
                    Some(word) => word.space += next - column,
                    None => indent = next,
                }
                column = next;
                is_blank = true;
            }
            letter => {
                if is_blank {
                    words.push(Word::default());
                }
                if let Some(word) = words.last_mut() {
                    word.text.push(letter);
                    word.length += 1;
                }
                column += 1;
                is_blank = false;
            }
        }
    }
    let count = words.len();
    for (at, word) in words.iter_mut().enumerate() {
        judge(word);
        let is_last = at + 1 == count;
        word.is_final = word.has_period && (is_last || word.space > 1);
        if is_last || form.is_uniform {
            word.space = if word.is_final { 2 } else { 1 };
        }
    }
    Line { indent, words }
}

/// Looks at the signs at both ends of a word.
fn judge(word: &mut Word) {
    word.opens = word.text.starts_with(['(', '[', '\'', '`', '"']);
    word.has_punctuation = word.text.ends_with(|letter: char| letter.is_ascii_punctuation());
    let inner = word.text.trim_end_matches([')', ']', '\'', '"']);
    word.has_period = inner.ends_with(['.', '?', '!']);
}

fn squared(distance: i64) -> i64 {
    distance.saturating_mul(distance)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What it costs to begin a line with a word.
fn begin_cost(words: &[Word], at: usize) -> i64 {
    let mut cost = LINE;
    let before = |back: usize| at.checked_sub(back).and_then(|at| words.get(at));
    if let Some(last) = before(1) {
        if last.has_period {
            match last.is_final {
                true => cost -= AFTER_SENTENCE,
                false => cost += AFTER_PERIOD_ONLY,
            }
        } else if last.has_punctuation {
            cost -= AFTER_PUNCTUATION;
        } else if before(2).is_some_and(|word| word.is_final) {
            cost += WIDOW / (signed(last.length) + 2);
        }
    }
    if let Some(word) = words.get(at) {
        if word.opens {
            cost -= BEFORE_PARENTHESIS;
        } else if word.is_final {
            cost += ORPHAN / (signed(word.length) + 2);
        }
    }
    cost
}

/// The best way on from a word that begins a line.
#[derive(Clone, Copy, Default)]
struct Step {
    next: usize,
    length: usize,
    cost: i64,
}

/// Where each line begins, from the first word to behind the last.
fn break_lines(form: &Form, words: &[Word], (begin, other): (usize, usize)) -> Vec<usize> {
    let count = words.len();
    let mut steps = vec![Step::default(); count + 1];
    for start in (0..count).rev() {
        let mut length = if start == 0 { begin } else { other };
        let mut best: Option<Step> = None;
        for (at, word) in words.iter().enumerate().skip(start) {
            if at > start {
                length += words.get(at - 1).map_or(1, |before| before.space) + word.length;
                if length >= form.most {
                    break;
                }
            } else {
                length += word.length;
            }
            let next = steps.get(at + 1).copied().unwrap_or_default();
            let mut cost = next.cost;
            if at + 1 < count {
                cost = cost.saturating_add(squared(10 * (signed(form.goal) - signed(length))));
                if next.next < count {
                    cost = cost.saturating_add(squared(10 * (signed(length) - signed(next.length))) / 2);
                }
            }
            if best.is_none_or(|best| cost < best.cost) {
                best = Some(Step {
                    next: at + 1,
                    length,
                    cost,
                });
            }
        }
        if let (Some(step), Some(best)) = (steps.get_mut(start), best) {
            *step = Step {
                cost: best.cost.saturating_add(begin_cost(words, start)),
                ..best
            };
        }
    }
    let mut breaks = vec![0];
    let mut at = 0;
    while let Some(step) = steps.get(at).filter(|step| step.next > at) {
        at = step.next;
        breaks.push(at);
    }
    breaks
}

fn write(words: &[Word], breaks: &[usize], (begin, other): (usize, usize), has_tabs: bool, out: &mut String) {
    for pair in breaks.windows(2) {
        let [from, to] = pair else { continue };
        let mut column = 0;
        indent(if *from == 0 { begin } else { other }, has_tabs, &mut column, out);
        let line = words.get(*from..*to).unwrap_or_default();
        for (at, word) in line.iter().enumerate() {
            out.push_str(&word.text);
            column += word.length;
            if at + 1 < line.len() {
                indent(word.space, has_tabs, &mut column, out);
            }
        }
        out.push('\n');
    }
}

/// Writes blanks, by tabs where the input has some.
fn indent(space: usize, has_tabs: bool, column: &mut usize, out: &mut String) {
    let target = *column + space;
    if has_tabs {
        let stop = target / TAB * TAB;
        if *column + 1 < stop {
            while *column < stop {
                out.push('\t');
                *column = (*column / TAB + 1) * TAB;
            }
        }
    }
    while *column < target {
        out.push(' ');
        *column += 1;
    }
}
