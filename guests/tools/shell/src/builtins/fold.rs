//! `fold`: long lines in several.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, letters, sources};
use super::options::{Known, flag, numbered, parse, valued};

const KNOWN: [Known; 3] = [flag('b', "bytes"), flag('s', "spaces"), valued('w', "width")];

pub(super) struct Fold;

#[async_trait]
impl Builtin for Fold {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("fold", &KNOWN, &numbered(ctx.args, 'w'), 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let width = given.value("width").unwrap_or("80");
        let Some(width) = width.parse().ok().filter(|width| *width > 0) else {
            let why = if width == "0" {
                ": Numerical result out of range"
            } else {
                ""
            };
            let told = format!("fold: invalid number of columns: ‘{width}’{why}\n");
            return Ok(ExecResult::err(told, 1));
        };
        let mut report = Report::default();
        let mut out = Vec::new();
        for name in sources(&given) {
            match content(&ctx, &name).await {
                Ok(text) => {
                    for line in text.split_inclusive(|byte| *byte == b'\n') {
                        match given.has("bytes") {
                            true => fold(line.chunks(1), width, true, given.has("spaces"), &mut out),
                            false => fold(letters(line), width, false, given.has("spaces"), &mut out),
                        }
                    }
                }
                Err(error) => report.fail("fold", &format!("{name}: {}", reason(&error))),
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}

fn fold<'a>(
    letters: impl Iterator<Item = &'a [u8]>,
    width: usize,
    is_by_bytes: bool,
    at_spaces: bool,
    out: &mut Vec<u8>,
) {
    let step = |column: usize, letter: &[u8]| match letter {
        b"\x08" if !is_by_bytes => column.saturating_sub(1),
        b"\r" if !is_by_bytes => 0,
        b"\t" if !is_by_bytes => column / 8 * 8 + 8,
        _ => column + 1,
    };
    let mut row: Vec<&[u8]> = Vec::new();
    let mut column = 0;
    for letter in letters {
        if letter != b"\n" {
            while step(column, letter) > width && !row.is_empty() {
                let blank = row.iter().rposition(|letter| matches!(*letter, b" " | b"\t"));
                let end = blank.filter(|_| at_spaces).map_or(row.len(), |blank| blank + 1);
                let rest = row.split_off(end);
                out.extend(row.concat());
                out.push(b'\n');
                column = rest.iter().fold(0, |column, letter| step(column, letter));
                row = rest;
            }
            column = step(column, letter);
        }
        row.push(letter);
    }
    out.extend(row.concat());
}
