//! `uniq`: runs of lines that say the same.

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

/// The letters of a line. A byte that belongs to none is one of its own, so that no two lines become the same.
fn code_points(line: &[u8]) -> Vec<char> {
    /// Where no letters are.
    const FOREIGN: u32 = 0x10_0000;
    let mut letters = Vec::new();
    for chunk in line.utf8_chunks() {
        letters.extend(chunk.valid().chars());
        let foreign = chunk.invalid().iter().map(|byte| FOREIGN + u32::from(*byte));
        letters.extend(foreign.filter_map(char::from_u32));
    }
    letters
}

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
        let number = |name: &str| given.value(name).and_then(|value| value.parse::<usize>().ok());
        let key = |line: &&[u8]| -> Vec<char> {
            let text = code_points(line);
            let mut rest = text.as_slice();
            for _ in 0..number("skip-fields").unwrap_or(0) {
                let is_blank = |letter: &char| matches!(letter, ' ' | '\t');
                let begin = rest.iter().position(|letter| !is_blank(letter));
                rest = rest.get(begin.unwrap_or(rest.len())..).unwrap_or_default();
                let end = rest.iter().position(is_blank);
                rest = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default();
            }
            let letters = rest
                .iter()
                .copied()
                .skip(number("skip-chars").unwrap_or(0))
                .take(number("check-chars").unwrap_or(usize::MAX));
            match given.has("ignore-case") {
                true => letters.flat_map(char::to_lowercase).collect(),
                false => letters.collect(),
            }
        };
        let groups: Vec<&[&[u8]]> = lines.chunk_by(|one, two| key(one) == key(two)).collect();
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
