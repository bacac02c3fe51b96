//! `openclaw plugins grant`: says anew what an installed extension may do.

use std::process::ExitCode;

use openclaw_components::Installed;
use openclaw_policy::Grant;
use openclaw_state::State;
use serde_json::json;

use super::consent::{Before, Request, grant_lines, title};
use super::place::{Extensions, runtime};
use super::{grants, info};
use crate::args::{GrantFlags, PluginsGrant};
use crate::failure::Failure;
use crate::output;

/// Grants it.
pub(super) fn run(extensions: &Extensions, args: &PluginsGrant) -> Result<ExitCode, Failure> {
    let installed = extensions.installed(&args.id)?;
    let state = extensions.open_state()?;
    let granted = runtime()?.block_on(async {
        let granted = grant(extensions, &installed, &args.answer, &state).await;
        state.close().await;
        granted
    });
    let grant = granted?;
    if args.json {
        let plugin = info::as_json(&installed, Some(&grant), None);
        output::print_json(&json!({ "ok": true, "plugin": plugin }));
    } else {
        output::print_shown(&format!(
            "{} may now:\n{}",
            title(&installed.manifest),
            grant_lines(&grant)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn grant(
    extensions: &Extensions,
    installed: &Installed,
    flags: &GrantFlags,
    state: &State,
) -> Result<Grant, Failure> {
    let manifest = &installed.manifest;
    let stored = grants::of_extension(state, &manifest.id).await?;
    // A grant that cannot be read is about to be replaced.
    let before = grants::of_component(&stored, installed.digest).ok().flatten();
    let asked = (manifest.capabilities.clone(), manifest.limits.clone());
    let before = before.map(|grant| Before {
        grant,
        asked: Some(asked),
    });
    let request = Request {
        extensions,
        manifest,
        digest: installed.digest,
        account: None,
        question: "Go on",
        refusal: "what was granted stays as it is",
    };
    // Without a word about it the whole question is put again. What is said about directories only leaves the
    // rest of the answer as it was.
    let is_new = flags.grant.is_none() && flags.dir.is_empty();
    let grant = request.decide(flags, before.as_ref().filter(|_| !is_new))?;
    grants::put(state, &manifest.id, &grant, "plugins.grant").await?;
    Ok(grant)
}
