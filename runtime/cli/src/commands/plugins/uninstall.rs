//! `openclaw plugins uninstall`: removes an extension, what it was granted, what was compiled of it and what it
//! kept. What it kept goes too, because whatever is installed under its id next would find it.

use std::process::ExitCode;

use serde_json::json;

use openclaw_components::NetworkOptions;
use openclaw_state::State;

use super::grants;
use super::owner::{self, Owner};
use super::place::{Extensions, missing, runtime};
use crate::args::PluginsUninstall;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::output;

/// Removes it. The grant goes first: what is left half done cannot be called.
pub(super) fn run(extensions: &Extensions, args: &PluginsUninstall) -> Result<ExitCode, Failure> {
    let id = &args.id;
    if !extensions.packages.list()?.contains(id) {
        return Err(missing(id));
    }
    let gone = match owner::take(extensions)? {
        Owner::Us(state) => remove(extensions, args, state)?,
        Owner::Other(locked) => {
            let params = json!({ "id": id, "keepData": args.keep_data });
            let done = owner::ask(extensions, &locked, "plugins.uninstall", params)?;
            done.field("revoked").as_u64().unwrap_or_default()
        }
    };
    if args.json {
        output::print_json(&json!({ "ok": true, "id": id, "revoked": gone, "kept": args.keep_data }));
    } else {
        let kept = match args.keep_data {
            true => "What it kept in its store and media stays.",
            false => "What it kept in its store and media is gone too.",
        };
        output::print(&format!("Removed {id} and what it was granted. {kept}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(extensions: &Extensions, args: &PluginsUninstall, state: State) -> Result<u64, Failure> {
    let id = &args.id;
    runtime()?.block_on(async {
        let removed = async {
            let gone = grants::remove(&state, id, "plugins.uninstall").await?;
            let host = extensions
                .start_host(state.clone(), [], NetworkOptions::default())
                .await?;
            // What it kept goes before it, so that a second try finds whatever the first one left.
            if !args.keep_data {
                host.forget(id).await?;
            }
            host.uninstall(id).await?;
            Ok::<_, Failure>(gone)
        };
        let removed = removed.await;
        state.close().await;
        removed
    })
}
