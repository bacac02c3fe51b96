//! `paste`: lines of several files side by side, or all lines of one in a row.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, end_of, lines, sources};
use super::options::{Known, flag, parse, valued};

const KNOWN: [Known; 3] = [
    valued('d', "delimiters"),
    flag('s', "serial"),
    flag('z', "zero-terminated"),
];

pub(super) struct Paste;

#[async_trait]
impl Builtin for Paste {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("paste", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let list = given.value("delimiters").unwrap_or("\t");
        let Some(between) = delimiters(list) else {
            let why = format!("paste: delimiter list ends with an unescaped backslash: {list}\n");
            return Ok(ExecResult::err(why, 1));
        };
        let end = end_of(&given);
        let is_serial = given.has("serial");
        let names = sources(&given);
        let mut report = Report::default();
        let mut texts = Vec::new();
        for name in &names {
            match content(&ctx, name).await {
                Ok(text) => texts.push((name, text)),
                Err(error) => {
                    report.fail("paste", &format!("{name}: {}", reason(&error)));
                    if !is_serial {
                        return Ok(report.end());
                    }
                }
            }
        }
        let gap = |nth: usize| {
            between
                .get(nth % between.len())
                .map_or(b"".as_slice(), Vec::as_slice)
        };
        let mut out = Vec::new();
        let mut put = |row: &[&[u8]]| {
            for (nth, cell) in row.iter().enumerate() {
                if let Some(before) = nth.checked_sub(1) {
                    out.extend(gap(before));
                }
                out.extend(*cell);
            }
            out.push(end);
        };
        // Several columns that come from the input share its lines.
        let mut input = texts
            .iter()
            .find(|(name, _)| *name == "-")
            .map(|(_, text)| lines(text, end));
        if is_serial {
            for (name, text) in &texts {
                match (name.as_str(), input.as_mut()) {
                    ("-", Some(input)) => put(&input.collect::<Vec<_>>()),
                    _ => put(&lines(text, end).collect::<Vec<_>>()),
                }
            }
        } else {
            let mut columns: Vec<_> = texts
                .iter()
                .map(|(name, text)| (*name != "-").then(|| lines(text, end)))
                .collect();
            loop {
                let next = |column: &mut Option<_>| match column {
                    Some(own) => Iterator::next(own),
                    None => input.as_mut().and_then(Iterator::next),
                };
                let row: Vec<Option<&[u8]>> = columns.iter_mut().map(next).collect();
                if row.iter().all(Option::is_none) {
                    break;
                }
                put(&row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>());
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}

/// What stands between columns, in turn. None if the list ends in the midst of an escape.
fn delimiters(list: &str) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let mut letters = list.chars();
    while let Some(letter) = letters.next() {
        let delimiter = match letter {
            '\\' => match letters.next()? {
                '0' => String::new(),
                'b' => '\u{8}'.into(),
                'f' => '\u{c}'.into(),
                'n' => '\n'.into(),
                'r' => '\r'.into(),
                't' => '\t'.into(),
                'v' => '\u{b}'.into(),
                other => other.into(),
            },
            letter => letter.into(),
        };
        all.push(delimiter.into_bytes());
    }
    if all.is_empty() {
        all.push(Vec::new());
    }
    Some(all)
}
