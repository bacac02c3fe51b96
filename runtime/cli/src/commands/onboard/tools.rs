//! The first tools: those that come with the program and reach nothing.
//!
//! **Promise.** Nothing is installed here that asks for anything, so there is nothing to agree to; what is installed
//! already stays as it is.

use openclaw_components::Inspection;
use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_state::State;

use crate::args::{Global, GrantFlags};
use crate::bundled;
use crate::commands::plugins::{Extensions, Wanted, install, runtime};
use crate::failure::Failure;

/// Installs them and yields their names.
pub(super) fn install_harmless(global: &Global, snapshot: &Snapshot<Config>) -> Result<Vec<String>, Failure> {
    let extensions = Extensions::find(global)?;
    let mut wanted = Vec::new();
    for name in bundled::list(&snapshot.environment) {
        let Some(folder) = bundled::find(&snapshot.environment, &name) else {
            continue;
        };
        let inspection = Inspection::read(&folder)?;
        let Some(manifest) = &inspection.manifest else {
            continue;
        };
        let is_new = extensions.packages.find(&manifest.id)?.is_none();
        let is_harmless = manifest.capabilities.is_empty() && manifest.channels.is_empty();
        if is_new && is_harmless && inspection.refusals.is_empty() {
            wanted.push((name, inspection));
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let state = extensions.open_state()?;
    runtime()?.block_on(async {
        let installed = keep(&extensions, wanted, &state).await;
        state.close().await;
        installed
    })
}

async fn keep(
    extensions: &Extensions,
    wanted: Vec<(String, Inspection)>,
    state: &State,
) -> Result<Vec<String>, Failure> {
    let answer = GrantFlags {
        grant: Some("all".to_owned()),
        dir: Vec::new(),
    };
    let mut names = Vec::new();
    for (name, inspection) in wanted {
        let wanted = Wanted {
            inspection,
            answer: &answer,
            account: None,
        };
        install(extensions, wanted, state).await?;
        names.push(name);
    }
    Ok(names)
}
