//! Grants in the state, each change of them with its entry in the audit log.
//!
//! **Promise.** A grant for an account stands beside those of the component's other accounts; any other takes the place
//! of all that its extension had. It is kept in the transaction that also says who gave it.

use openclaw_policy::{Digest, Grant, PluginId};
use openclaw_state::{AuditEntry, Error, State, StoredGrant};
use serde_json::Value;

/// The one that is for a component and no account; an error if it cannot be read.
pub fn of_component(stored: &[StoredGrant], digest: Digest) -> Option<Result<Grant, openclaw_policy::Error>> {
    of_account(stored, digest, None)
}

/// The one that is for a component and an account; an error if it cannot be read.
pub fn of_account(
    stored: &[StoredGrant],
    digest: Digest,
    account: Option<&str>,
) -> Option<Result<Grant, openclaw_policy::Error>> {
    let digest = digest.to_string();
    let mut of = stored
        .iter()
        .filter(|stored| stored.digest == digest && stored.account.as_deref() == account);
    of.next().map(|stored| Grant::parse(stored.json.as_bytes()))
}

/// Those of one extension.
pub async fn of_extension(state: &State, id: &PluginId) -> Result<Vec<StoredGrant>, Error> {
    let id = id.as_str().to_owned();
    state.read(move |view| view.grants_of(&id)).await
}

/// Keeps a grant. `actor` is who gave it.
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
    let account = grant.account().map(str::to_owned);
    let part = |name: &str| told.get(name).cloned().unwrap_or(Value::Null);
    let entry = AuditEntry::new(actor, action, &*id)
        .detail("digest", &*digest)
        .detail("account", account.as_deref())
        .detail("capabilities", part("capabilities"))
        .detail("limits", part("limits"))
        .detail("directories", part("directories"));
    let write = state.write(move |tx| {
        let is_new = tx.grants_of(&id)?.iter().all(|other| other.digest != digest);
        if account.is_none() || is_new {
            tx.delete_grants(&id)?;
        }
        tx.put_grant(&id, &digest, account.as_deref(), &json)?;
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
