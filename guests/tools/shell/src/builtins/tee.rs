//! `tee`: its input once more, and into files.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, reason};
use super::lines::content;
use super::options::{Known, Takes, flag, long, parse};

const KNOWN: [Known; 4] = [
    flag('a', "append"),
    // There are no signals and no pipes that break.
    flag('i', "ignore-interrupts"),
    flag('p', ""),
    long("output-error", Takes::Maybe),
];

pub(super) struct Tee;

#[async_trait]
impl Builtin for Tee {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("tee", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let input = content(&ctx, "-").await?;
        let files = Files::new(&ctx);
        let mut report = Report::default();
        for name in &given.operands {
            let path = files.path(name);
            let written = match given.has("append") {
                true => files.fs.append_file(&path, &input).await,
                false => files.fs.write_file(&path, &input).await,
            };
            if let Err(error) = written {
                report.fail("tee", &format!("{name}: {}", reason(&error)));
            }
        }
        Ok(ExecResult {
            stdout: input.into(),
            ..report.end()
        })
    }
}
