//! Grants in the state, each change of them with its entry in the audit log.

use openclaw_policy::{Digest, Grant, PluginId};
use openclaw_state::{AuditEntry, State, StoredGrant};

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
    let mut of = stored
        .iter()
        .filter(|stored| stored.digest == digest && stored.account.as_deref() == account);
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

/// Keeps a grant, together with the entry that tells why. One for an account stands beside those of the other
/// accounts of the same component; any other takes the place of all that the extension had.
pub(super) async fn put(
    state: &State,
    id: &PluginId,
    grant: &Grant,
    action: &'static str,
) -> Result<(), Failure> {
    let json = serde_json::to_string(grant)
        .map_err(|error| Failure::negative(format!("the grant of {id} cannot be written: {error}")))?;
    let told = serde_json::to_value(grant).unwrap_or_default();
    let (id, digest) = (id.as_str().to_owned(), grant.digest().to_string());
    let account = grant.account().map(str::to_owned);
    let entry = AuditEntry::new(ACTOR, action, &*id)
        .detail("digest", &*digest)
        .detail("account", account.as_deref())
        .detail(
            "capabilities",
            told.get("capabilities").cloned().unwrap_or_default(),
        )
        .detail("limits", told.get("limits").cloned().unwrap_or_default())
        .detail(
            "directories",
            told.get("directories").cloned().unwrap_or_default(),
        );
    let write = state.write(move |tx| {
        let of_others = tx.grants_of(&id)?;
        let is_new = of_others.iter().all(|other| other.digest != digest);
        if account.is_none() || is_new {
            tx.delete_grants(&id)?;
        }
        tx.put_grant(&id, &digest, account.as_deref(), &json)?;
        tx.audit(&entry).map(|_| ())
    });
    Ok(write.await?)
}

/// Removes all grants of an extension together with the entry that tells why; says how many there were.
pub(super) async fn remove(state: &State, id: &PluginId, action: &'static str) -> Result<u64, Failure> {
    let id = id.as_str().to_owned();
    let write = state.write(move |tx| {
        let gone = tx.delete_grants(&id)?;
        tx.audit(&AuditEntry::new(ACTOR, action, &*id).detail("grants", gone))?;
        Ok(gone)
    });
    write.await.map_err(|error: openclaw_state::Error| error.into())
}
