//! Makes an installed extension callable: with the grant and the settings that it has at this moment.

use openclaw_components::{Host, Installed, Settings};
use openclaw_config::tree::Config;
use openclaw_config::{Environment, Snapshot};
use openclaw_policy::{Grant, PluginId};
use openclaw_state::State;

use super::{Extensions, grants, secret_values, settings, switches};
use crate::context::Context;
use crate::failure::Failure;

/// Whether the config switches an extension off, and by what.
pub(crate) fn is_off(snapshot: &Snapshot<Config>, id: &PluginId) -> Option<String> {
    switches::find_off(&snapshot.config.plugins, id).map(|off| off.to_string())
}

/// Whether it was granted what its tools ask for.
pub(crate) fn has_grant(extensions: &Extensions, installed: &Installed) -> Result<bool, Failure> {
    let stored = grants::look(extensions, Some(&installed.manifest.id))?;
    Ok(grants::of_component(&stored, installed.digest)?.is_some())
}

/// Enables its tools.
pub(crate) async fn enable(
    context: &Context,
    snapshot: &Snapshot<Config>,
    (host, state): (&Host, &State),
    installed: &Installed,
) -> Result<(), Failure> {
    let values = settings::read(&snapshot.config.plugins, &installed.manifest)?;
    let grant = find_grant(state, installed).await?;
    let secrets = secret_values::resolve(context, snapshot, &installed.manifest, &grant).await?;
    host.enable(installed, grant, Settings { values, secrets })
        .await?;
    Ok(())
}

/// The environment as extensions' settings may read it.
pub(crate) fn variables(environment: &Environment) -> Vec<(String, String)> {
    let pair = |name: &str| Some((name.to_owned(), environment.get(name)?.to_owned()));
    environment.names().filter_map(pair).collect()
}

async fn find_grant(state: &State, installed: &Installed) -> Result<Grant, Failure> {
    let id = &installed.manifest.id;
    let stored = grants::of_extension(state, id).await?;
    grants::of_component(&stored, installed.digest)?.ok_or_else(|| {
        Failure::negative(format!(
            "{id} has no grant, so it cannot be called; openclaw plugins grant {id} gives it one"
        ))
    })
}
