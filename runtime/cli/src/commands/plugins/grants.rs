//! Grants in the state, each change of them with its entry in the audit log.

use openclaw_policy::{Digest, Grant, PluginId};
use openclaw_state::{State, StoredGrant};

use super::place::Extensions;
use crate::failure::Failure;

/// Who does what the command line does.
pub(super) const ACTOR: &str = "cli";

/// The grant of an extension that is for one component and no account.
pub(super) fn of_component(stored: &[StoredGrant], digest: Digest) -> Result<Option<Grant>, Failure> {
    of_account(stored, digest, None)
}

/// The grant of an extension that is for one component and one account.
pub(super) fn of_account(
    stored: &[StoredGrant],
    digest: Digest,
    account: Option<&str>,
) -> Result<Option<Grant>, Failure> {
    let digest = digest.to_string();
    let is_it = |stored: &&StoredGrant| stored.digest == digest && stored.account.as_deref() == account;
    stored.iter().find(is_it).map(read).transpose()
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

/// All that are kept, or those of one extension.
pub(super) fn look(extensions: &Extensions, id: Option<&PluginId>) -> Result<Vec<StoredGrant>, Failure> {
    let id = id.map(|id| id.as_str().to_owned());
    let found = extensions.look_into_state(move |view| match &id {
        Some(id) => view.grants_of(id),
        None => view.grants(),
    });
    Ok(found?.unwrap_or_default())
}

/// Those of one extension.
pub(super) async fn of_extension(state: &State, id: &PluginId) -> Result<Vec<StoredGrant>, Failure> {
    Ok(openclaw_components::grants::of_extension(state, id).await?)
}

/// Keeps a grant.
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
