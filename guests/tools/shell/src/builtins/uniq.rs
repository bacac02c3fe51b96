//! `uniq`: runs of lines that say the same.

use std::ops::Range;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, reason};
use super::lines::{content, end_of, lines};
use super::options::{Known, Takes, flag, long, parse, valued};

const KNOWN: [Known; 11] = [
    flag('z', "zero-terminated"),
    flag('c', "count"),
    flag('d', "repeated"),
    flag('D', ""),
    long("all-repeated", Takes::Maybe),
    flag('u', "unique"),
    flag('i', "ignore-case"),
    valued('f', "skip-fields"),
    valued('s', "skip-chars"),
    valued('w', "check-chars"),
    long("group", Takes::Maybe),
];

pub(super) struct Uniq;

#[async_trait]
impl Builtin for Uniq {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("uniq", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        let name = given.operands.first().map_or("-", String::as_str);
        let text = match content(&ctx, name).await {
            Ok(text) => text,
            Err(error) => {
                report.fail("uniq", &format!("{name}: {}", reason(&error)));
                return Ok(report.end());
            }
        };
        let end = end_of(&given);
        let mut out = Vec::new();
        let lines: Vec<&[u8]> = lines(&text, end).collect();
        let mut numbers = [0, 0, usize::MAX];
        for (number, (name, what)) in numbers.iter_mut().zip([
            ("skip-fields", "fields to skip"),
            ("skip-chars", "bytes to skip"),
            ("check-chars", "bytes to compare"),
        ]) {
            let Some(text) = given.value(name) else {
                continue;
            };
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                report.fail("uniq", &format!("{text}: invalid number of {what}"));
                return Ok(report.end());
            }
            // More than there can be is all of them.
            *number = text.parse().unwrap_or(usize::MAX);
        }
        let [fields, skipped, compared] = numbers;
        let key = |line: &[u8]| -> Range<usize> {
            let mut at = 0;
            let run = |at: usize, blank: bool| {
                let rest = line.get(at..).unwrap_or_default();
                rest.iter()
                    .take_while(|byte| matches!(byte, b' ' | b'\t') == blank)
                    .count()
            };
            for _ in 0..fields {
                if at == line.len() {
                    break;
                }
                at += run(at, true);
                at += run(at, false);
            }
            let start = at.saturating_add(skipped).min(line.len());
            start..start.saturating_add(compared).min(line.len())
        };
        let is_same = |one: &&[u8], two: &&[u8]| {
            let (one, two) = (one.get(key(one)), two.get(key(two)));
            match (given.has("ignore-case"), one, two) {
                (true, Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
                _ => one == two,
            }
        };
        let groups: Vec<&[&[u8]]> = lines.chunk_by(is_same).collect();
        let mut first = true;
        let all = given.has("D") || given.has("all-repeated");
        for group in groups {
            let mut put = |line: &[u8]| {
                out.extend_from_slice(line);
                out.push(end);
            };
            if given.has("group") || all {
                if all && group.len() < 2 {
                    continue;
                }
                let style = given.value("group").or(given.value("all-repeated"));
                let style = style.unwrap_or(if all { "none" } else { "separate" });
                if matches!(style, "prepend" | "both") || (style == "separate" && !first) {
                    put(b"");
                }
                group.iter().for_each(|line| put(line));
                if matches!(style, "append" | "both") {
                    put(b"");
                }
                first = false;
                continue;
            }
            let shown = match (given.has("repeated"), given.has("unique")) {
                (false, false) => true,
                (true, false) => group.len() > 1,
                (false, true) => group.len() == 1,
                (true, true) => false,
            };
            let Some(line) = group.first().filter(|_| shown) else {
                continue;
            };
            match given.has("count") {
                true => put(&[format!("{:>7} ", group.len()).as_bytes(), line].concat()),
                false => put(line),
            }
        }
        match given.operands.get(1) {
            Some(name) => ctx.fs.write_file(&Files::new(&ctx).path(name), &out).await?,
            None => {
                return Ok(ExecResult {
                    stdout: out.into(),
                    ..report.end()
                });
            }
        }
        Ok(report.end())
    }
}
