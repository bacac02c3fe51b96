//! `openclaw plugins revoke`: takes back what an extension was granted. It stays, and cannot be called.

use std::process::ExitCode;

use serde_json::json;

use super::grants;
use super::owner::{self, Owner};
use super::place::{Extensions, missing, runtime};
use crate::args::PluginsOne;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::output;

/// Revokes it. An extension that is gone may have left a grant, which is removed too.
pub(super) fn run(extensions: &Extensions, args: &PluginsOne) -> Result<ExitCode, Failure> {
    let id = &args.id;
    let is_installed = extensions.packages.list()?.contains(id);
    if !is_installed && grants::look(extensions, Some(id))?.is_empty() {
        return Err(missing(id));
    }
    let gone = match owner::take(extensions)? {
        Owner::Us(state) => runtime()?.block_on(async {
            let gone = grants::remove(&state, id, "plugins.revoke").await;
            state.close().await;
            gone
        })?,
        Owner::Other(locked) => {
            let done = owner::ask(extensions, &locked, "plugins.revoke", json!({ "id": id }))?;
            done.field("revoked").as_u64().unwrap_or_default()
        }
    };
    if args.json {
        output::print_json(&json!({ "ok": true, "id": id, "revoked": gone }));
        return Ok(ExitCode::SUCCESS);
    }
    output::print(&match gone {
        0 => format!("{id} has no grant."),
        _ => format!(
            "{id} has no grant any more and cannot be called. openclaw plugins grant {id} gives it one."
        ),
    });
    Ok(ExitCode::SUCCESS)
}
