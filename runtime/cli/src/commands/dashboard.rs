//! `openclaw dashboard`: where the gateway's page is, signed in.

use std::process::ExitCode;

use openclaw_config::tree::Config;
use openclaw_config::{SecretInput, Snapshot};
use serde_json::json;

use crate::args::Json;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Prints it.
pub(crate) fn run(context: &Context, args: &Json) -> Result<ExitCode, Failure> {
    let snapshot = context.load()?;
    let address = address(&snapshot, context.port(&snapshot));
    match args.json {
        // It is asked for by name, so the redactor does not stand in front of it.
        true => output::print(&json!({ "url": address }).to_string()),
        false => output::print(&format!("Dashboard URL: {address}")),
    }
    Ok(ExitCode::SUCCESS)
}

/// The page's address. A token that stands in the config as it is goes along in the part that no server sees.
pub(crate) fn address(snapshot: &Snapshot<Config>, port: u16) -> String {
    let page = format!("http://127.0.0.1:{port}/");
    match &snapshot.config.gateway.auth.token {
        Some(SecretInput::Plain(token)) => format!("{page}#token={}", token.expose()),
        _ => page,
    }
}
