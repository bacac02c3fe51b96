//! `rev`: the letters of each line, the last one first.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, letters, sources};
use super::options::{Known, flag, parse};

const KNOWN: [Known; 1] = [flag('0', "zero")];

pub(super) struct Rev;

#[async_trait]
impl Builtin for Rev {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("rev", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let end = if given.has("zero") { b'\0' } else { b'\n' };
        let mut report = Report::default();
        let mut out = Vec::new();
        for name in sources(&given) {
            let text = match content(&ctx, &name).await {
                Ok(text) => text,
                Err(error) => {
                    report.fail("rev", &format!("cannot open {name}: {}", reason(&error)));
                    continue;
                }
            };
            for line in text.split_inclusive(|byte| *byte == end) {
                let (line, ending) = match line.strip_suffix(&[end]) {
                    Some(line) => (line, Some(end)),
                    None => (line, None),
                };
                let mut free = out.len() + line.len();
                out.resize(free, 0);
                for letter in letters(line) {
                    let end = free;
                    free -= letter.len();
                    if let Some(place) = out.get_mut(free..end) {
                        place.copy_from_slice(letter);
                    }
                }
                out.extend(ending);
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}
