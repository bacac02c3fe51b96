//! `openclaw plugins uninstall`: removes an extension, what it was granted and what was compiled of it.

use std::process::ExitCode;

use serde_json::json;

use super::grants;
use super::place::{Extensions, missing, runtime};
use crate::args::PluginsOne;
use crate::failure::Failure;
use crate::output;

/// Removes it. The grant goes first: what is left half done cannot be called.
pub(super) fn run(extensions: &Extensions, args: &PluginsOne) -> Result<ExitCode, Failure> {
    let id = &args.id;
    if !extensions.packages.list()?.contains(id) {
        return Err(missing(id));
    }
    let state = extensions.open_state()?;
    let gone = runtime()?.block_on(async {
        let removed = async {
            let gone = grants::remove(&state, id, "plugins.uninstall").await?;
            let host = extensions.start_host(state.clone(), []).await?;
            host.uninstall(id).await?;
            Ok::<_, Failure>(gone)
        };
        let removed = removed.await;
        state.close().await;
        removed
    })?;
    if args.json {
        output::print_json(&json!({ "ok": true, "id": id, "revoked": gone }));
    } else {
        output::print(&format!("Removed {id} and what it was granted."));
    }
    Ok(ExitCode::SUCCESS)
}
