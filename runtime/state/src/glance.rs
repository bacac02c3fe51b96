//! Looking into a state that another process owns.
//!
//! **Promise.** Nothing is changed, and the owner does not wait: the log of changes lets one read beside its writer.
//! **Bound.** One picture; the owner keeps its log for as long as it is looked at. A database of another schema is
//! left to its owner.

use std::path::Path;

use rusqlite::TransactionBehavior;

use crate::connection::open_reader;
use crate::error::{Error, Result};
use crate::migrations::{self, SCHEMA_VERSION};
use crate::state::DATABASE_FILE;
use crate::view::View;

/// Does `work` on one consistent picture of the state in a folder, whoever owns it. Blocks for as long as that takes.
pub fn look<T, E, F>(folder: &Path, work: F) -> Result<T, E>
where
    F: FnOnce(&View<'_>) -> Result<T, E>,
    E: From<Error>,
{
    let path = folder.join(DATABASE_FILE);
    let mut connection = open_reader(&path)?;
    if migrations::check(&connection, &path)? < SCHEMA_VERSION {
        return Err(Error::Locked {
            folder: folder.to_owned(),
            owner: None,
        }
        .into());
    }
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Deferred)
        .map_err(Error::from)?;
    work(&View::new(&tx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::{KvQuota, Namespace};
    use crate::state::{Options, State};

    #[tokio::test]
    async fn what_was_kept_is_seen_while_another_owns_the_state() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(Options::new(folder.path(), |text: &str| text.to_owned())).unwrap();
        let store = Namespace::of("notes").unwrap();
        let put = store.clone();
        let quota = KvQuota {
            entries: 8,
            bytes: 64,
            value_bytes: 8,
        };
        let write = state.write(move |tx| tx.kv_put(&put, "a", b"1", &quota));
        write.await.unwrap();
        let seen = look(folder.path(), |view| view.kv_get(&store, "a"));
        assert_eq!(seen.unwrap().as_deref(), Some(b"1".as_slice()));
        state.close().await;
    }

    #[test]
    fn a_folder_without_a_state_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(look(folder.path(), |_| Ok::<_, Error>(())).is_err());
        assert!(folder.path().read_dir().unwrap().next().is_none());
    }
}
