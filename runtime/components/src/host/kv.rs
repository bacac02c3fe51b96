//! `openclaw:kv`: the extension's own store, kept in the gateway's state.
//!
//! **Promise.** A write is durable when it returns, and the store never holds more than was granted.
//! **Bound.** A list gives at most [`MAX_ENTRIES`] entries and [`MAX_LIST`] bytes of values at once.

use openclaw_policy::Limit;
use openclaw_state::{Error as StateError, KvQuota, Namespace, QuotaKind, Tx, View};

use crate::bindings::openclaw::kv::store::{self, Entry};
use crate::bindings::openclaw::types::errors::{Error, ErrorCode};
use crate::guest::{Guest, fail};

const MAX_ENTRIES: u32 = 1000;
const MAX_LIST: u64 = 1 << 20;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        let code = match &error {
            StateError::Quota {
                kind: QuotaKind::ValueBytes,
                ..
            } => ErrorCode::TooLarge,
            StateError::Quota { .. } => ErrorCode::Quota,
            StateError::Name { .. } => ErrorCode::Invalid,
            StateError::Closed => ErrorCode::Unavailable,
            _ => ErrorCode::Internal,
        };
        match code {
            // What is wrong with the state is the operator's to know, not a guest's.
            ErrorCode::Internal => {
                tracing::error!(%error, "an extension's store failed");
                fail(code, "the store failed; the gateway's log says why")
            }
            _ => fail(code, &error.to_string()),
        }
    }
}

impl Guest {
    /// The store and its quota, if there is a grant for one.
    fn granted_store(&self) -> Result<(Namespace, KvQuota), Error> {
        let Some(granted) = self.extension.grant.capabilities().kv else {
            let message = "a store was not granted; ask the operator to grant capabilities.kv";
            return Err(fail(ErrorCode::Denied, message));
        };
        let bytes = granted
            .quota
            .get()
            .min(self.extension.limits.get(Limit::Kv).amount.get());
        let quota = KvQuota {
            entries: u64::from(granted.entries.get()),
            bytes,
            value_bytes: bytes,
        };
        let id = self.extension.id.as_str();
        let namespace = match self.extension.grant.account() {
            Some(account) => Namespace::of_account(id, account),
            None => Namespace::of(id),
        };
        Ok((namespace?, quota))
    }

    /// A placeholder is of no use after the gateway ends, and what is stored is shown to people.
    fn refuse_placeholder(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        let vault = self.extension.vault();
        match vault.holds_placeholder(key.as_bytes()) || vault.holds_placeholder(value) {
            true => Err(fail(
                ErrorCode::Denied,
                "a secret's placeholder is not stored; look the secret up in each call",
            )),
            false => Ok(()),
        }
    }

    async fn change<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Tx<'_>, &Namespace, &KvQuota) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, Error> {
        let (namespace, quota) = self.granted_store()?;
        let work = move |tx: &Tx<'_>| work(tx, &namespace, &quota);
        Ok(self.host.state.write(work).await?)
    }

    async fn look<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&View<'_>, &Namespace) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, Error> {
        let (namespace, _) = self.granted_store()?;
        Ok(self
            .host
            .state
            .read(move |view: &View<'_>| work(view, &namespace))
            .await?)
    }
}

impl store::Host for Guest {
    async fn get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        self.volume.bytes_out.spend(key.len() as u64)?;
        let found = self.look(move |view, store| view.kv_get(store, &key)).await;
        if let Ok(Some(value)) = &found {
            self.volume.bytes_in.spend(value.len() as u64)?;
        }
        Ok(found)
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Answer<()> {
        self.volume.bytes_out.spend((key.len() + value.len()) as u64)?;
        if let Err(refused) = self.refuse_placeholder(&key, &value) {
            return Ok(Err(refused));
        }
        let work =
            move |tx: &Tx<'_>, store: &Namespace, quota: &KvQuota| tx.kv_put(store, &key, &value, quota);
        Ok(self.change(work).await)
    }

    async fn swap(&mut self, key: String, expected: Option<Vec<u8>>, value: Option<Vec<u8>>) -> Answer<bool> {
        let bytes = [&expected, &value].map(|value| value.as_ref().map_or(0, Vec::len));
        self.volume
            .bytes_out
            .spend((key.len() + bytes.iter().sum::<usize>()) as u64)?;
        if let Err(refused) = self.refuse_placeholder(&key, value.as_deref().unwrap_or_default()) {
            return Ok(Err(refused));
        }
        let work = move |tx: &Tx<'_>, store: &Namespace, quota: &KvQuota| {
            if tx.kv_get(store, &key)? != expected {
                return Ok(false);
            }
            match &value {
                Some(value) => tx.kv_put(store, &key, value, quota)?,
                None => drop(tx.kv_delete(store, &key)?),
            }
            Ok(true)
        };
        Ok(self.change(work).await)
    }

    async fn delete(&mut self, key: String) -> Answer<bool> {
        self.volume.bytes_out.spend(key.len() as u64)?;
        Ok(self.change(move |tx, store, _| tx.kv_delete(store, &key)).await)
    }

    async fn list_entries(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Answer<Vec<Entry>> {
        self.volume
            .bytes_out
            .spend((prefix.len() + after.as_ref().map_or(0, String::len)) as u64)?;
        let work = move |view: &View<'_>, store: &Namespace| {
            let mut entries: Vec<Entry> = Vec::new();
            let mut bytes = 0;
            for found in view.kv_list(store, &prefix, after.as_deref(), limit.min(MAX_ENTRIES))? {
                bytes += found.bytes + found.key.len() as u64;
                if bytes > MAX_LIST && !entries.is_empty() {
                    break;
                }
                let value = view.kv_get(store, &found.key)?.unwrap_or_default();
                entries.push(Entry {
                    key: found.key,
                    value,
                });
            }
            Ok(entries)
        };
        let found = self.look(work).await;
        if let Ok(entries) = &found {
            let bytes = entries.iter().map(|entry| entry.key.len() + entry.value.len());
            self.volume.bytes_in.spend(bytes.sum::<usize>() as u64)?;
        }
        Ok(found)
    }
}
