//! Grants in the state, each change of them with its entry in the audit log.

use openclaw_policy::{Digest, Grant, PluginId};
use openclaw_state::{State, StoredGrant};

use super::place::Extensions;
use crate::failure::Failure;

/// Who does what the command line does.
pub(super) const ACTOR: &str = "cli";

/// The grant of an extension that is for one component, whichever account.
pub(super) fn of_component(stored: &[StoredGrant], digest: Digest) -> Result<Option<Grant>, Failure> {
    let digest = digest.to_string();
    let mut of = stored
        .iter()
        .filter(|stored| stored.digest == digest && stored.account.is_none());
    of.next().map(read).transpose()
}

/// A grant as it was kept.
pub(super) fn read(stored: &StoredGrant) -> Result<Grant, Failure> {
    Grant::parse(stored.json.as_bytes()).map_err(|error| {
        Failure::negative(format!(
            "the grant of {id} cannot be read: {error}; openclaw plugins grant {id} makes a new one",
            id = stored.extension
        ))
    })
}

/// All that are kept, or those of one extension. Takes the state folder meanwhile.
pub(super) fn look(extensions: &Extensions, id: Option<&PluginId>) -> Result<Vec<StoredGrant>, Failure> {
    let Some(state) = extensions.look_into_state()? else {
        return Ok(Vec::new());
    };
    let id = id.map(|id| id.as_str().to_owned());
    super::place::runtime()?.block_on(async {
        let read = state.read(move |view| match id {
            Some(id) => view.grants_of(&id),
            None => view.grants(),
        });
        let found = read.await;
        state.close().await;
        Ok(found?)
    })
}

/// Those of one extension.
pub(super) async fn of_extension(state: &State, id: &PluginId) -> Result<Vec<StoredGrant>, Failure> {
    let id = id.as_str().to_owned();
    Ok(state.read(move |view| view.grants_of(&id)).await?)
}

/// Keeps a grant in the place of all that the extension had, together with the entry that tells why.
pub(super) async fn put(
    state: &State,
    id: &PluginId,
    grant: &Grant,
    action: &'static str,
) -> Result<(), Failure> {
    Ok(openclaw_components::grants::put(state, ACTOR, id, grant, action).await?)
}

/// Removes all grants of an extension together with the entry that tells why; says how many there were.
pub(super) async fn remove(state: &State, id: &PluginId, action: &'static str) -> Result<u64, Failure> {
    Ok(openclaw_components::grants::remove(state, ACTOR, id, action).await?)
}
