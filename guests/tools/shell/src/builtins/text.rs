//! Small tools for text of which the interpreter's own lack options: `wc`, `uniq`, `cmp`, `split`.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, reason};
use super::options::{Given, Known, Takes, flag, long, parse, valued};

/// What is in a file, or in the input if it is named `-`.
pub(super) async fn content(ctx: &BuiltinContext<'_>, name: &str) -> Result<Vec<u8>> {
    match name {
        "-" => Ok(ctx
            .stdin
            .map(|input| input.as_bytes().to_vec())
            .unwrap_or_default()),
        name => ctx.fs.read_file(&Files::new(ctx).path(name)).await,
    }
}

fn bytes(out: Vec<u8>, report: Report) -> ExecResult {
    ExecResult {
        stdout: out.into(),
        ..report.end()
    }
}

const OF_WC: [Known; 7] = [
    flag('l', "lines"),
    flag('w', "words"),
    flag('m', "chars"),
    flag('c', "bytes"),
    flag('L', "max-line-length"),
    long("files0-from", Takes::Value),
    long("total", Takes::Value),
];

pub(super) struct Wc;

#[async_trait]
impl Builtin for Wc {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let mut given = match parse("wc", &OF_WC, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        if let Some(list) = given.value("files0-from") {
            let names = String::from_utf8_lossy(&content(&ctx, list).await?).into_owned();
            given.operands = names
                .split('\0')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
        }
        let names = given.operands.clone();
        let from_input = names.is_empty();
        let names = if from_input { vec!["-".to_owned()] } else { names };
        let mut report = Report::default();
        let (mut rows, mut total) = (Vec::new(), [0u64; 5]);
        for name in &names {
            match content(&ctx, name).await {
                Ok(text) => {
                    let counts = count(&text);
                    for (nth, (sum, count)) in total.iter_mut().zip(counts).enumerate() {
                        *sum = if nth == 4 { (*sum).max(count) } else { *sum + count };
                    }
                    rows.push((counts, if from_input { None } else { Some(name.clone()) }));
                }
                Err(error) => {
                    let why = reason(&error);
                    report.fail("wc", &format!("{name}: {why}"));
                    if why == "Is a directory" {
                        rows.push(([0; 5], Some(name.clone())));
                    }
                }
            }
        }
        match given.value("total") {
            Some("only") => rows = vec![(total, None)],
            Some("never") => {}
            Some("always") => rows.push((total, Some("total".to_owned()))),
            _ if names.len() > 1 => rows.push((total, Some("total".to_owned()))),
            _ => {}
        }
        let asked = ["lines", "words", "chars", "bytes", "max-line-length"];
        let none = !asked.iter().any(|name| given.has(name));
        let shows: Vec<bool> = asked
            .iter()
            .enumerate()
            .map(|(nth, name)| given.has(name) || (none && matches!(nth, 0 | 1 | 3)))
            .collect();
        let single = shows.iter().filter(|shows| **shows).count() == 1 && rows.len() == 1;
        let width = match (single, names.iter().any(|name| name == "-")) {
            (true, _) => 1,
            (false, true) => 7,
            (false, false) => total.get(3).map_or(1, |bytes| bytes.to_string().len()),
        };
        for (counts, name) in rows {
            let shown = counts.iter().zip(&shows).filter(|(_, shows)| **shows);
            let cells: Vec<String> = shown.map(|(count, _)| format!("{count:>width$}")).collect();
            report.out.push_str(&cells.join(" "));
            if let Some(name) = name {
                report.out.push_str(&format!(" {name}"));
            }
            report.out.push('\n');
        }
        Ok(report.end())
    }
}

fn count(text: &[u8]) -> [u64; 5] {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let decoded = String::from_utf8_lossy(text);
    let words = decoded.split_whitespace().count();
    let chars = text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let longest = decoded.lines().map(|line| {
        let mut at = 0;
        line.chars()
            .for_each(|letter| at = if letter == '\t' { at / 8 * 8 + 8 } else { at + 1 });
        at
    });
    [
        lines as u64,
        words as u64,
        chars as u64,
        text.len() as u64,
        longest.max().unwrap_or(0),
    ]
}

const OF_UNIQ: [Known; 10] = [
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
fn letters_of(line: &[u8]) -> Vec<char> {
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
        let known: Vec<Known> = OF_UNIQ
            .into_iter()
            .chain([flag('z', "zero-terminated")])
            .collect();
        let given = match parse("uniq", &known, ctx.args, 1) {
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
        let end = if given.has("zero-terminated") {
            b'\0'
        } else {
            b'\n'
        };
        let mut out = Vec::new();
        let lines: Vec<&[u8]> = text
            .split_inclusive(|byte| *byte == end)
            .map(|line| line.strip_suffix(&[end]).unwrap_or(line))
            .collect();
        let number = |name: &str| given.value(name).and_then(|value| value.parse::<usize>().ok());
        let key = |line: &&[u8]| -> Vec<char> {
            let text = letters_of(line);
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
            None => return Ok(bytes(out, report)),
        }
        Ok(report.end())
    }
}

const OF_CMP: [Known; 6] = [
    flag('l', "verbose"),
    flag('s', "quiet"),
    long("silent", Takes::Nothing),
    flag('b', "print-bytes"),
    valued('n', "bytes"),
    valued('i', "ignore-initial"),
];

pub(super) struct Cmp;

#[async_trait]
impl Builtin for Cmp {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("cmp", &OF_CMP, ctx.args, 2) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let help = |why: String| {
            ExecResult::err(
                format!("cmp: {why}\ncmp: Try 'cmp --help' for more information.\n"),
                2,
            )
        };
        let (one, two) = match given.operands.as_slice() {
            [] => return Ok(help("missing operand after 'cmp'".to_owned())),
            [one] => (one.as_str(), "-"),
            [one, two, ..] => (one.as_str(), two.as_str()),
        };
        let mut report = Report::default();
        let mut sides = Vec::new();
        for name in [one, two] {
            match content(&ctx, name).await {
                Ok(text) => sides.push(text),
                Err(error) => {
                    if !given.has("quiet") && !given.has("silent") {
                        report.fail("cmp", &format!("{name}: {}", reason(&error)));
                    }
                    report.code = 2;
                    return Ok(report.end());
                }
            }
        }
        let number = |name: &str| given.value(name).and_then(|value| value.parse::<usize>().ok());
        let (skip, most) = (
            number("ignore-initial").unwrap_or(0),
            number("bytes").unwrap_or(usize::MAX),
        );
        let part = |text: &Vec<u8>| text.iter().skip(skip).take(most).copied().collect::<Vec<u8>>();
        let (Some(left), Some(right)) = (sides.first().map(part), sides.get(1).map(part)) else {
            return Ok(report.end());
        };
        let quiet = given.has("quiet") || given.has("silent");
        let shared = left.len().min(right.len());
        let different: Vec<usize> = left
            .iter()
            .zip(&right)
            .enumerate()
            .filter(|(_, (one, two))| one != two)
            .map(|(at, _)| at)
            .collect();
        report.code = i32::from(left != right);
        if quiet || left == right {
            return Ok(report.end());
        }
        let lines = |to: usize| left.iter().take(to).filter(|byte| **byte == b'\n').count();
        if given.has("verbose") {
            let width = left.len().max(right.len()).to_string().len();
            for at in different {
                if let (Some(one), Some(two)) = (left.get(at), right.get(at)) {
                    report
                        .out
                        .push_str(&format!("{:>width$} {one:>3o} {two:>3o}\n", at + 1));
                }
            }
        } else if let Some(at) = different.first() {
            report.out.push_str(&format!(
                "{one} {two} differ: byte {}, line {}\n",
                at + 1,
                lines(*at) + 1
            ));
            return Ok(report.end());
        }
        if left.len() != right.len() {
            let shorter = if left.len() < right.len() { one } else { two };
            let whole = left.get(shared.wrapping_sub(1)).is_none_or(|byte| *byte == b'\n');
            let place = match shared {
                0 => "which is empty".to_owned(),
                _ if given.has("verbose") => format!("after byte {shared}"),
                _ if whole => format!("after byte {shared}, line {}", lines(shared)),
                _ => format!("after byte {shared}, in line {}", lines(shared) + 1),
            };
            report.err.push_str(&format!("cmp: EOF on {shorter} {place}\n"));
        }
        Ok(report.end())
    }
}

const OF_SPLIT: [Known; 12] = [
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
        // `-3` is an old way to write `-l 3`.
        let args: Vec<String> = ctx
            .args
            .iter()
            .map(|arg| match arg.strip_prefix('-') {
                Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                    format!("-l{digits}")
                }
                _ => arg.clone(),
            })
            .collect();
        let given = match parse("split", &OF_SPLIT, &args, 1) {
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
        for (nth, piece) in pieces.into_iter().enumerate() {
            if piece.is_empty() && given.has("elide-empty-files") {
                continue;
            }
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
        let count: usize = number.parse().ok().filter(|count| *count > 0)?;
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

fn suffix(given: &Given, nth: usize) -> Option<String> {
    let length: usize = given
        .value("suffix-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(2);
    let (base, digits, first) = match given.last(&["d", "numeric-suffixes", "x", "hex-suffixes"]) {
        Some("d") => (10, "0123456789", 0),
        Some("x") => (16, "0123456789abcdef", 0),
        Some(name @ "numeric-suffixes") => (
            10,
            "0123456789",
            given.value(name).and_then(|at| at.parse().ok()).unwrap_or(0),
        ),
        Some(name) => {
            let first = given
                .value(name)
                .and_then(|at| usize::from_str_radix(at, 16).ok());
            (16, "0123456789abcdef", first.unwrap_or(0))
        }
        None => (26, "abcdefghijklmnopqrstuvwxyz", 0),
    };
    let mut left = nth + first;
    let mut letters = Vec::new();
    for _ in 0..length {
        letters.push(digits.chars().nth(left % base)?);
        left /= base;
    }
    (left == 0).then(|| letters.into_iter().rev().collect())
}
