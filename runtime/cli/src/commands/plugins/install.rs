//! `openclaw plugins install`: asks first, then compiles, then keeps the package and what was agreed to.

use std::process::ExitCode;

use openclaw_components::{Inspection, Installed, NetworkOptions, Stage};
use openclaw_policy::{Digest, Grant};
use openclaw_state::State;
use serde_json::json;
use tokio::sync::watch;

use super::consent::{Before, Request, grant_lines, title};
use super::owner::{self, Owner};
use super::place::{Extensions, runtime};
use super::{grants, info, settings};
use crate::args::{GrantFlags, PluginsInstall};
use crate::failure::Failure;
use crate::{output, progress};

/// Installs it.
pub(super) fn run(extensions: &Extensions, args: &PluginsInstall) -> Result<ExitCode, Failure> {
    let inspection = Inspection::read(&args.path)?;
    if let Some(refusal) = inspection.refusals.first() {
        return Err(Failure::negative(refusal.to_string()));
    }
    let state = match owner::take(extensions)? {
        Owner::Us(state) => state,
        Owner::Other(locked) => return install_there(extensions, args, &inspection, &locked),
    };
    let runtime = runtime()?;
    let installed = runtime.block_on(async {
        let wanted = Wanted {
            inspection,
            answer: &args.answer,
            account: None,
        };
        let installed = install(extensions, wanted, &state).await;
        state.close().await;
        installed
    });
    let (installed, grant, replaced) = installed?;
    if args.json {
        output::print_json(&json!({
            "ok": true,
            "replaced": replaced.is_some(),
            "plugin": info::as_json(&installed, Some(&grant), None),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let manifest = &installed.manifest;
    let done = match replaced {
        Some(before) if before == installed.digest => "Installed anew".to_owned(),
        Some(before) => format!("In the place of sha256 {before}, installed"),
        None => "Installed".to_owned(),
    };
    output::print_shown(&format!(
        "{done} {}. It may:\n{}",
        title(manifest),
        grant_lines(&grant)
    ));
    let tools: Vec<_> = installed.tools.iter().map(|tool| tool.name.as_str()).collect();
    output::print_shown(&format!(
        "Its tools: {}. openclaw plugins info {id} tells what they do, openclaw plugins run {id} TOOL --args JSON \
         calls one.",
        tools.join(", "),
        id = manifest.id
    ));
    Ok(ExitCode::SUCCESS)
}

/// Has the running gateway install it, with all that it asks for or nothing of it.
fn install_there(
    extensions: &Extensions,
    args: &PluginsInstall,
    inspection: &Inspection,
    locked: &Failure,
) -> Result<ExitCode, Failure> {
    let (Some(manifest), Some(digest)) = (&inspection.manifest, inspection.digest) else {
        return Err(Failure::negative("the package has no manifest or no component"));
    };
    let request = Request {
        extensions,
        manifest,
        digest,
        account: None,
        question: "Install it",
        refusal: "nothing is installed",
    };
    let grant = match args.answer.grant.as_deref() {
        Some("none") => "none",
        Some("all") => "all",
        Some(_) => return Err(only_all()),
        None => {
            runtime()?.block_on(async { request.decide(&args.answer, None) })?;
            "all"
        }
    };
    if !args.answer.dir.is_empty() {
        return Err(only_all());
    }
    let path = std::path::absolute(&args.path).map_err(|error| Failure::file("find", &args.path, &error))?;
    let done = owner::ask(
        extensions,
        locked,
        "plugins.install",
        json!({ "path": path, "grant": grant }),
    )?;
    match args.json {
        true => output::print_json(&done),
        false => output::print_shown(&format!(
            "The gateway installed {}. openclaw plugins info {} tells what it may do.",
            title(manifest),
            manifest.id
        )),
    }
    Ok(ExitCode::SUCCESS)
}

fn only_all() -> Failure {
    Failure::negative(
        "the gateway runs, and it grants all that an extension asks for or none of it; stop the gateway to grant a \
         part, or directories",
    )
}

/// What is to be installed, and for what.
pub(crate) struct Wanted<'a> {
    pub(crate) inspection: Inspection,
    pub(crate) answer: &'a GrantFlags,
    /// The account of a channel, if the grant is for one.
    pub(crate) account: Option<&'a str>,
}

/// Asks, compiles and keeps it; says what was in its place.
pub(crate) async fn install(
    extensions: &Extensions,
    wanted: Wanted<'_>,
    state: &State,
) -> Result<(Installed, Grant, Option<Digest>), Failure> {
    let Wanted {
        inspection,
        answer,
        account,
    } = wanted;
    let (Some(manifest), Some(digest)) = (inspection.manifest.clone(), inspection.digest) else {
        return Err(Failure::negative("the package has no manifest or no component"));
    };
    // One that nobody's settings could ever satisfy is told before anybody is asked.
    settings::check_schema(&manifest)?;
    let id = manifest.id.clone();
    // What cannot be read any more is replaced as if it were not there.
    let there = extensions.packages.find(&id).unwrap_or_else(|error| {
        output::complain(&format!("what was installed as {id} is replaced: {error}"));
        None
    });
    let before = match &there {
        Some(there) => {
            let stored = grants::of_extension(state, &id).await?;
            grants::of_account(&stored, there.digest, account)?.map(|grant| Before {
                grant,
                asked: Some((there.manifest.capabilities.clone(), there.manifest.limits.clone())),
            })
        }
        None => None,
    };
    let request = Request {
        extensions,
        manifest: &manifest,
        digest,
        account,
        question: "Install it",
        refusal: match there.is_some() {
            true => "the version that is installed stays as it is",
            false => "nothing is installed",
        },
    };
    let grant = request.decide(answer, before.as_ref())?;
    let host = extensions
        .start_host(state.clone(), [], NetworkOptions::default())
        .await?;
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
    Ok((installed, grant, there.map(|there| there.digest)))
}
