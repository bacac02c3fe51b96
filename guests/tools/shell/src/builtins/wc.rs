//! `wc`: how many lines, words, letters and bytes.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::content;
use super::options::{Known, Takes, flag, long, parse};

const KNOWN: [Known; 7] = [
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
        let mut given = match parse("wc", &KNOWN, ctx.args, 1) {
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
    let chars: usize = text
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().count())
        .sum();
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
