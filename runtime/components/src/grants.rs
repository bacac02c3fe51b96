//! Grants in the state, each change of them with its entry in the audit log.
//!
//! **Promise.** A grant takes the place of all that its extension had, in the transaction that also says who gave it.

use openclaw_policy::{Digest, Grant, PluginId};
use openclaw_state::{AuditEntry, Error, State, StoredGrant};
use serde_json::Value;

/// The one that is for a component, whichever account; an error if it cannot be read.
pub fn of_component(stored: &[StoredGrant], digest: Digest) -> Option<Result<Grant, openclaw_policy::Error>> {
    let digest = digest.to_string();
    let mut of = stored
        .iter()
        .filter(|stored| stored.digest == digest && stored.account.is_none());
    of.next().map(|stored| Grant::parse(stored.json.as_bytes()))
}

/// Those of one extension.
pub async fn of_extension(state: &State, id: &PluginId) -> Result<Vec<StoredGrant>, Error> {
    let id = id.as_str().to_owned();
    state.read(move |view| view.grants_of(&id)).await
}

/// Keeps a grant in the place of all that the extension had. `actor` is who gave it.
pub async fn put(
    state: &State,
    actor: &str,
    id: &PluginId,
    grant: &Grant,
    action: &'static str,
) -> Result<(), Error> {
    let told = serde_json::to_value(grant).unwrap_or_default();
    let json = told.to_string();
    let (id, digest) = (id.as_str().to_owned(), grant.digest().to_string());
    let part = |name: &str| told.get(name).cloned().unwrap_or(Value::Null);
    let entry = AuditEntry::new(actor, action, &*id)
        .detail("digest", &*digest)
        .detail("capabilities", part("capabilities"))
        .detail("limits", part("limits"))
        .detail("directories", part("directories"));
    let write = state.write(move |tx| {
        tx.delete_grants(&id)?;
        tx.put_grant(&id, &digest, None, &json)?;
        tx.audit(&entry).map(|_| ())
    });
    write.await
}

/// Removes all grants of an extension; says how many there were.
pub async fn remove(state: &State, actor: &str, id: &PluginId, action: &'static str) -> Result<u64, Error> {
    let (id, actor) = (id.as_str().to_owned(), actor.to_owned());
    let write = state.write(move |tx| {
        let gone = tx.delete_grants(&id)?;
        tx.audit(&AuditEntry::new(&*actor, action, &*id).detail("grants", gone))?;
        Ok(gone)
    });
    write.await
}
