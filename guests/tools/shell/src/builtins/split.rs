//! `split`: a file in pieces.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, reason};
use super::lines::content;
use super::options::{Given, Known, Takes, flag, long, numbered, parse, valued};

const KNOWN: [Known; 12] = [
    valued('l', "lines"),
    valued('b', "bytes"),
    valued('C', "line-bytes"),
    valued('n', "number"),
    valued('a', "suffix-length"),
    flag('d', ""),
    long("numeric-suffixes", Takes::Maybe),
    flag('x', ""),
    long("hex-suffixes", Takes::Maybe),
    long("additional-suffix", Takes::Value),
    flag('e', "elide-empty-files"),
    long("verbose", Takes::Nothing),
];

pub(super) struct Split;

#[async_trait]
impl Builtin for Split {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("split", &KNOWN, &numbered(ctx.args, 'l'), 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        let name = given.operands.first().map_or("-", String::as_str);
        let prefix = given.operands.get(1).map_or("x", String::as_str);
        let text = match content(&ctx, name).await {
            Ok(text) => text,
            Err(error) => {
                report.fail(
                    "split",
                    &format!("cannot open '{name}' for reading: {}", reason(&error)),
                );
                return Ok(report.end());
            }
        };
        let Some(pieces) = pieces(&given, &text) else {
            report.fail("split", "invalid number of bytes, lines or pieces");
            return Ok(report.end());
        };
        let files = Files::new(&ctx);
        let is_written = |piece: &Vec<u8>| !(piece.is_empty() && given.has("elide-empty-files"));
        for (nth, piece) in pieces.into_iter().filter(is_written).enumerate() {
            let Some(suffix) = suffix(&given, nth) else {
                report.fail("split", "output file suffixes exhausted");
                break;
            };
            let to = format!(
                "{prefix}{suffix}{}",
                given.value("additional-suffix").unwrap_or_default()
            );
            if given.has("verbose") {
                report.out.push_str(&format!("creating file '{to}'\n"));
            }
            if let Err(error) = files.fs.write_file(&files.path(&to), &piece).await {
                report.fail("split", &format!("{to}: {}", reason(&error)));
                break;
            }
        }
        Ok(report.end())
    }
}

/// A count, maybe with a unit behind it.
fn sized(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: usize = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)? {
        "" => 1,
        "b" => 512,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "m" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        _ => return None,
    };
    number.checked_mul(unit).filter(|size| *size > 0)
}

fn pieces(given: &Given, text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    if let Some(size) = given.value("bytes") {
        return Some(text.chunks(sized(size)?).map(<[u8]>::to_vec).collect());
    }
    if let Some(size) = given.value("line-bytes") {
        let size = sized(size)?;
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for line in lines.into_iter().flat_map(|line| line.chunks(size)) {
            match pieces.last_mut() {
                Some(piece) if piece.len() + line.len() <= size => piece.extend_from_slice(line),
                _ => pieces.push(line.to_vec()),
            }
        }
        return Some(pieces);
    }
    if let Some(number) = given.value("number") {
        let (kind, number) = number.split_once('/').unwrap_or(("", number));
        let count: usize = number.parse().ok().filter(|count| (1..=MOST).contains(count))?;
        let mut pieces = vec![Vec::new(); count];
        match kind {
            "" => {
                for (nth, piece) in pieces.iter_mut().enumerate() {
                    let edge = |nth: usize| nth * (text.len() / count) + nth.min(text.len() % count);
                    *piece = text.get(edge(nth)..edge(nth + 1))?.to_vec();
                }
            }
            "r" => {
                for (nth, line) in lines.into_iter().enumerate() {
                    pieces.get_mut(nth % count)?.extend_from_slice(line);
                }
            }
            "l" => {
                let mut at = 0;
                for line in lines {
                    // Wider than a length is here.
                    let nth = (at as u64 * count as u64) / text.len().max(1) as u64;
                    let nth = usize::try_from(nth).unwrap_or(count).min(count - 1);
                    pieces.get_mut(nth)?.extend_from_slice(line);
                    at += line.len();
                }
            }
            _ => return None,
        }
        return Some(pieces);
    }
    let count = match given.value("lines") {
        Some(lines) => sized(lines)?,
        None => 1000,
    };
    Some(lines.chunks(count).map(<[&[u8]]>::concat).collect())
}

/// More pieces would be more files than a folder is good for.
const MOST: usize = 1 << 20;

/// What stands behind the name of a piece. Without a length it grows: behind the last but one group of a length come those
/// that begin with the last sign and are longer.
fn suffix(given: &Given, nth: usize) -> Option<String> {
    let length = given.value("suffix-length").map(str::parse::<usize>);
    let (digits, first) = match given.last(&["d", "numeric-suffixes", "x", "hex-suffixes"]) {
        Some("d") => ("0123456789", None),
        Some("x") => ("0123456789abcdef", None),
        Some(name @ "numeric-suffixes") => ("0123456789", given.value(name).map(|at| at.parse().ok())),
        Some(name) => (
            "0123456789abcdef",
            given.value(name).map(|at| usize::from_str_radix(at, 16).ok()),
        ),
        None => ("abcdefghijklmnopqrstuvwxyz", None),
    };
    let base = digits.len();
    let grows = length.is_none() && first.is_none();
    let mut length = match length {
        None => 2,
        Some(length) => length.ok().filter(|length| *length <= 255)?,
    };
    let mut left = nth.checked_add(first.unwrap_or(Some(0))?)?;
    let mut lead = String::new();
    while let Some(group) = grows
        .then(|| {
            base.checked_pow(u32::try_from(length - 1).ok()?)?
                .checked_mul(base - 1)
        })
        .flatten()
        && left >= group
    {
        left -= group;
        lead.push(digits.chars().next_back()?);
        length += 1;
    }
    let mut letters = Vec::new();
    for _ in 0..length {
        letters.push(digits.chars().nth(left % base)?);
        left /= base;
    }
    letters.reverse();
    (left == 0).then(|| lead + &String::from_iter(letters))
}
