//! `cmp`: where two files part.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::content;
use super::options::{Known, Takes, flag, long, parse, valued};

const KNOWN: [Known; 5] = [
    flag('l', "verbose"),
    flag('s', "quiet"),
    long("silent", Takes::Nothing),
    valued('n', "bytes"),
    valued('i', "ignore-initial"),
];

pub(super) struct Cmp;

#[async_trait]
impl Builtin for Cmp {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("cmp", &KNOWN, ctx.args, 2) {
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
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More than there can be is all of it.
            true if !text.is_empty() => Ok(text.parse().unwrap_or(usize::MAX)),
            _ => Err(format!("invalid number '{text}'")),
        };
        // How much is left out of each: both by the option, or apart by it or by further operands.
        let skips = match (given.value("ignore-initial"), given.operands.get(2..)) {
            (Some(both), _) => both.split_once(':').unwrap_or((both, both)),
            (None, Some([one])) => (one.as_str(), "0"),
            (None, Some([one, two, ..])) => (one.as_str(), two.as_str()),
            (None, _) => ("0", "0"),
        };
        let most = given.value("bytes").map_or(Ok(usize::MAX), number);
        let (skips, most) = match (number(skips.0), number(skips.1), most) {
            (Ok(one), Ok(two), Ok(most)) => ([one, two], most),
            (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => return Ok(help(why)),
        };
        let mut parts = sides
            .iter()
            .zip(skips)
            .map(|(text, skip)| text.iter().skip(skip).take(most).copied().collect::<Vec<u8>>());
        let (Some(left), Some(right)) = (parts.next(), parts.next()) else {
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
