//! `cut`: parts of lines, by bytes, by letters or by fields.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, end_of, letters, lines, sources};
use super::options::{Given, Known, Takes, flag, long, parse, valued};

const KNOWN: [Known; 9] = [
    valued('b', "bytes"),
    valued('c', "characters"),
    valued('f', "fields"),
    valued('d', "delimiter"),
    flag('s', "only-delimited"),
    flag('n', ""),
    flag('z', "zero-terminated"),
    long("complement", Takes::Nothing),
    long("output-delimiter", Takes::Value),
];

pub(super) struct Cut;

#[async_trait]
impl Builtin for Cut {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("cut", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let help = |why: &str| {
            Ok(ExecResult::err(
                format!("cut: {why}\nTry 'cut --help' for more information.\n"),
                1,
            ))
        };
        let Some(kind) = given.last(&["bytes", "characters", "fields"]) else {
            return help("you must specify a list of bytes, characters, or fields");
        };
        let delimiter = given.value("delimiter").unwrap_or("\t");
        if delimiter.chars().count() > 1 {
            return help("the delimiter must be a single character");
        }
        let list = given.value(kind).unwrap_or_default();
        let Some(ranges) = ranges(list) else {
            return help(&format!(
                "invalid {} value ‘{list}’",
                if kind == "fields" {
                    "field"
                } else {
                    "byte or character"
                }
            ));
        };
        let end = end_of(&given);
        let mut report = Report::default();
        let mut out = Vec::new();
        for name in sources(&given) {
            let text = match content(&ctx, &name).await {
                Ok(text) => text,
                Err(error) => {
                    report.fail("cut", &format!("{name}: {}", reason(&error)));
                    continue;
                }
            };
            for line in lines(&text, end) {
                let cut = match kind {
                    "bytes" => pieces(
                        &given,
                        &ranges,
                        line.chunks(1),
                        b"",
                        given.value("output-delimiter"),
                    ),
                    "characters" => pieces(
                        &given,
                        &ranges,
                        letters(line),
                        b"",
                        given.value("output-delimiter"),
                    ),
                    _ => fields(&given, &ranges, line, delimiter.as_bytes()),
                };
                if let Some(cut) = cut {
                    out.extend(cut);
                    out.push(end);
                }
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}

fn fields(given: &Given, ranges: &[(usize, usize)], line: &[u8], delimiter: &[u8]) -> Option<Vec<u8>> {
    let parts = split(line, delimiter);
    if parts.len() < 2 {
        return (!given.has("only-delimited")).then(|| line.to_vec());
    }
    let between = given.value("output-delimiter").map_or(delimiter, str::as_bytes);
    pieces(given, ranges, parts.into_iter(), between, None)
}

fn split<'a>(line: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at + delimiter.len() <= line.len() && !delimiter.is_empty() {
        match line.get(at..).is_some_and(|rest| rest.starts_with(delimiter)) {
            true => {
                parts.push(line.get(from..at).unwrap_or_default());
                at += delimiter.len();
                from = at;
            }
            false => at += 1,
        }
    }
    parts.push(line.get(from..).unwrap_or_default());
    parts
}

/// Joins the chosen pieces; `gap` stands where pieces in between were left out.
fn pieces<'a>(
    given: &Given,
    ranges: &[(usize, usize)],
    all: impl Iterator<Item = &'a [u8]>,
    between: &[u8],
    gap: Option<&str>,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut last: Option<usize> = None;
    for (nth, piece) in all.enumerate() {
        let nth = nth + 1;
        let chosen = ranges.iter().any(|(from, to)| (*from..=*to).contains(&nth)) != given.has("complement");
        if !chosen {
            continue;
        }
        match (last, gap) {
            (Some(last), Some(gap)) if last + 1 < nth || ranges.iter().any(|(from, _)| *from == nth) => {
                out.extend_from_slice(gap.as_bytes());
            }
            (Some(_), _) => out.extend_from_slice(between),
            (None, _) => {}
        }
        out.extend_from_slice(piece);
        last = Some(nth);
    }
    Some(out)
}

fn ranges(list: &str) -> Option<Vec<(usize, usize)>> {
    let one = |text: &str| -> Option<(usize, usize)> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|number| *number > 0);
        match text.split_once('-') {
            None => number(text).map(|at| (at, at)),
            Some(("", "")) => None,
            Some(("", to)) => Some((1, number(to)?)),
            Some((from, "")) => Some((number(from)?, usize::MAX)),
            Some((from, to)) => Some((number(from)?, number(to)?)).filter(|(from, to)| from <= to),
        }
    };
    list.split([',', ' ']).map(one).collect()
}
