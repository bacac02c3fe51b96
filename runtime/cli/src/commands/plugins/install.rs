//! `openclaw plugins install`: asks first, then compiles, then keeps the package and what was agreed to.

use std::process::ExitCode;

use openclaw_components::{Inspection, Installed, Stage};
use openclaw_policy::Grant;
use openclaw_state::State;
use serde_json::json;
use tokio::sync::watch;

use super::consent::{Before, Request, request_lines, title};
use super::place::{Extensions, runtime};
use super::{grants, info};
use crate::args::PluginsInstall;
use crate::failure::Failure;
use crate::{output, progress};

/// Installs it.
pub(super) fn run(extensions: &Extensions, args: &PluginsInstall) -> Result<ExitCode, Failure> {
    let inspection = Inspection::read(&args.path)?;
    if let Some(refusal) = inspection.refusals.first() {
        return Err(Failure::negative(refusal.to_string()));
    }
    let state = extensions.open_state()?;
    let runtime = runtime()?;
    let installed = runtime.block_on(async {
        let installed = install(extensions, args, inspection, &state).await;
        state.close().await;
        installed
    });
    let (installed, grant, replaced) = installed?;
    if args.json {
        output::print_json(&json!({
            "ok": true,
            "replaced": replaced,
            "plugin": info::as_json(&installed, Some(&grant), None),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let manifest = &installed.manifest;
    output::print_shown(&format!(
        "Installed {}. It may:\n{}",
        title(manifest),
        request_lines(grant.capabilities(), grant.limits())
    ));
    for tool in &installed.tools {
        output::print_shown(&format!(
            "Try: openclaw plugins run {} {} --args '{{}}'",
            manifest.id, tool.name
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn install(
    extensions: &Extensions,
    args: &PluginsInstall,
    inspection: Inspection,
    state: &State,
) -> Result<(Installed, Grant, bool), Failure> {
    let (Some(manifest), Some(digest)) = (inspection.manifest.clone(), inspection.digest) else {
        return Err(Failure::negative("the package has no manifest or no component"));
    };
    let id = manifest.id.clone();
    let there = extensions.packages.find(&id)?;
    let before = match &there {
        Some(there) => {
            let stored = grants::of_extension(state, &id).await?;
            grants::of_component(&stored, there.digest)?.map(|grant| Before {
                grant,
                asked: Some((there.manifest.capabilities.clone(), there.manifest.limits.clone())),
            })
        }
        None => None,
    };
    let request = Request {
        manifest: &manifest,
        digest,
        question: "Install it",
        refusal: match there.is_some() {
            true => "the version that is installed stays as it is",
            false => "nothing is installed",
        },
    };
    let grant = request.decide(&args.answer, before.as_ref())?;
    let host = extensions.start_host(state.clone(), []).await?;
    let (doing, shown) = watch::channel(format!("Reading {id}"));
    let on = |stage: Stage| {
        let doing_now = match stage {
            Stage::Compiling => "Compiling",
            Stage::Describing => "Asking for the tools of",
            Stage::Keeping => "Writing",
        };
        doing.send_replace(format!("{doing_now} {id}"));
    };
    let installed = progress::show(shown, host.install_inspected(inspection, &on)).await?;
    grants::put(state, &id, &grant, "plugins.install").await?;
    Ok((installed, grant, there.is_some()))
}
