//! `openclaw gateway call`: any method, for people and scripts.

use std::process::ExitCode;

use serde_json::Value;

use super::block_on;
use crate::args::GatewayCall;
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::{Talk, not_done};
use crate::output;

/// Calls it and prints the answer.
pub(super) fn run(context: &Context, args: &GatewayCall) -> Result<ExitCode, Failure> {
    let params: Value = serde_json::from_str(&args.params)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Failure::negative("--params must be a JSON object, such as '{\"limit\":5}'"))?;
    let answer = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        // The first of two answers says no more than that the work began.
        let is_last = |answer: &Value| !args.expect_final || answer.field("status") != "accepted";
        let asked = talk.client.ask(&args.method, &params, is_last).await;
        asked.map_err(|why| not_done("Gateway call failed", &why))
    })?;
    if !args.json {
        output::print(&format!("Gateway call: {}", args.method.escape_debug()));
    }
    output::print_json(&answer);
    Ok(ExitCode::SUCCESS)
}
