//! `tac`: the parts of files, the last one first.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, sources};
use super::options::{Known, flag, parse, valued};

const KNOWN: [Known; 3] = [flag('b', "before"), flag('r', "regex"), valued('s', "separator")];

pub(super) struct Tac;

#[async_trait]
impl Builtin for Tac {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("tac", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        if given.has("regex") {
            return Ok(ExecResult::err(
                "tac: a separator that is a pattern is not built in here; make it one text with sed first\n"
                    .to_owned(),
                1,
            ));
        }
        let separator = match given.value("separator") {
            None => b"\n".as_slice(),
            Some("") => b"\0",
            Some(separator) => separator.as_bytes(),
        };
        let mut report = Report::default();
        let mut out = Vec::new();
        for name in sources(&given) {
            match content(&ctx, &name).await {
                Ok(text) => reverse(&text, separator, given.has("before"), &mut out),
                Err(error) => {
                    let why = match reason(&error).as_str() {
                        "Is a directory" => format!("{name}: read error: Invalid argument"),
                        why => format!("failed to open '{name}' for reading: {why}"),
                    };
                    report.fail("tac", &why);
                }
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}

/// A separator belongs to the part before it, or to the one behind it. Where they could overlap, the later one counts.
fn reverse(text: &[u8], separator: &[u8], before: bool, out: &mut Vec<u8>) {
    let mut end = text.len();
    let mut left = text;
    while let Some(at) = left.windows(separator.len()).rposition(|part| part == separator) {
        let cut = if before { at } else { at + separator.len() };
        out.extend(text.get(cut..end).unwrap_or_default());
        end = cut;
        left = text.get(..at).unwrap_or_default();
    }
    out.extend(text.get(..end).unwrap_or_default());
}
