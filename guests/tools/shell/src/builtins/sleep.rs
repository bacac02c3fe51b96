//! `sleep`, for as long as it is told; the interpreter's own wakes after a minute. The host has a deadline anyway.

use std::time::Duration;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

/// Longer than any run.
const LONGEST: f64 = 1e9;

pub(super) struct Sleep;

#[async_trait]
impl Builtin for Sleep {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        if ctx.args.is_empty() {
            return Ok(fail("missing operand"));
        }
        let mut seconds = 0.0;
        for arg in ctx.args {
            match parse(arg) {
                Some(more) => seconds += more,
                None => return Ok(fail(&format!("invalid time interval '{arg}'"))),
            }
        }
        bashkit::time::sleep(Duration::from_secs_f64(f64::min(seconds, LONGEST))).await;
        Ok(ExecResult::ok(String::new()))
    }
}

fn fail(what: &str) -> ExecResult {
    ExecResult::err(
        format!("sleep: {what}\nTry 'sleep --help' for more information.\n"),
        1,
    )
}

fn parse(text: &str) -> Option<f64> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.chars().next_back()?),
        None => (text, 's'),
    };
    let unit = match unit {
        'm' => 60.0,
        'h' => 3600.0,
        'd' => 86400.0,
        _ => 1.0,
    };
    let number: f64 = match number {
        "inf" | "infinity" => LONGEST,
        number => number.parse().ok()?,
    };
    (number >= 0.0).then_some(number * unit)
}
