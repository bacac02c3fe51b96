//! `comm`: which lines two sorted files share.

use std::cmp::Ordering;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, end_of, lines};
use super::options::{Given, Known, Takes, flag, long, parse};

const KNOWN: [Known; 8] = [
    flag('1', ""),
    flag('2', ""),
    flag('3', ""),
    long("check-order", Takes::Nothing),
    long("nocheck-order", Takes::Nothing),
    long("output-delimiter", Takes::Value),
    long("total", Takes::Nothing),
    flag('z', "zero-terminated"),
];

/// One of the files.
struct Side<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
    /// Whether it was said that it is not sorted.
    is_told: bool,
}

impl<'a> Side<'a> {
    fn new(lines: Vec<&'a [u8]>) -> Self {
        Self {
            lines,
            at: 0,
            is_told: false,
        }
    }

    fn line(&self) -> Option<&'a [u8]> {
        self.lines.get(self.at).copied()
    }

    /// Goes on by a line. Says whether the two lines that are looked at are in the wrong order: the last one and the new
    /// one, or at the end once more the last two.
    fn step(&mut self) -> bool {
        self.at += 1;
        let behind = self.at.min(self.lines.len().saturating_sub(1));
        let pair = behind
            .checked_sub(1)
            .and_then(|before| self.lines.get(before..=behind));
        matches!(pair, Some([before, after]) if before > after)
    }
}

pub(super) struct Comm;

#[async_trait]
impl Builtin for Comm {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("comm", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let help = |why: String| {
            let text = format!("comm: {why}\nTry 'comm --help' for more information.\n");
            Ok(ExecResult::err(text, 1))
        };
        let names = match given.operands.as_slice() {
            [] => return help("missing operand".to_owned()),
            [only] => return help(format!("missing operand after ‘{only}’")),
            [_, _, extra, ..] => return help(format!("extra operand ‘{extra}’")),
            names => names,
        };
        let mut texts = Vec::new();
        for name in names {
            match content(&ctx, name).await {
                Ok(text) => texts.push(text),
                Err(error) => return Ok(ExecResult::err(format!("comm: {name}: {}\n", reason(&error)), 1)),
            }
        }
        let end = end_of(&given);
        let sides = texts.iter().map(|text| Side::new(lines(text, end).collect()));
        Ok(compare(&given, end, sides.collect()))
    }
}

fn compare(given: &Given, end: u8, mut sides: Vec<Side<'_>>) -> ExecResult {
    let between = match given.value("output-delimiter") {
        None => b"\t".as_slice(),
        Some("") => b"\0",
        Some(delimiter) => delimiter.as_bytes(),
    };
    let hidden = ["1", "2", "3"].map(|column| given.has(column));
    let check = given.last(&["check-order", "nocheck-order"]);
    let (always, never) = (check == Some("check-order"), check == Some("nocheck-order"));
    let mut report = Report::default();
    let mut out = Vec::new();
    let mut totals = [0usize; 3];
    while let [left, right] = sides.as_mut_slice() {
        let order = match (left.line(), right.line()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(two)) => one.cmp(two),
        };
        let (column, line) = match order {
            Ordering::Less => (0, left.line()),
            Ordering::Greater => (1, right.line()),
            Ordering::Equal => (2, left.line()),
        };
        if let Some(total) = totals.get_mut(column) {
            *total += 1;
        }
        if hidden.get(column) == Some(&false) {
            // Before a column stand those of the files, as far as they are shown.
            let before = hidden.iter().take(column).filter(|hidden| !**hidden).count();
            out.extend(between.repeat(before));
            out.extend(line.unwrap_or_default());
            out.push(end);
        }
        // Files that share every line may be in any order.
        let looks = always || (!never && (totals.first() != Some(&0) || totals.get(1) != Some(&0)));
        for (number, side, steps) in [(1, left, order.is_le()), (2, right, order.is_ge())] {
            if steps && side.step() && looks && !side.is_told {
                side.is_told = true;
                report.fail("comm", &format!("file {number} is not in sorted order"));
                if always {
                    return ExecResult {
                        stdout: out.into(),
                        ..report.end()
                    };
                }
            }
        }
    }
    if given.has("total") {
        for total in totals {
            out.extend(total.to_string().as_bytes());
            out.extend(between);
        }
        out.extend(b"total");
        out.push(end);
    }
    if report.code != 0 {
        report.fail("comm", "input is not in sorted order");
    }
    ExecResult {
        stdout: out.into(),
        ..report.end()
    }
}
