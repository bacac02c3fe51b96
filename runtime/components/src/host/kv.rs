//! `openclaw:kv`: the extension's own store, kept in the gateway's state.
//!
//! **Promise.** A write is durable when it returns, and the store never holds more than was granted.
//! **Bound.** A list gives at most [`MAX_ENTRIES`] entries and [`MAX_LIST`] bytes of values at once.

use std::collections::BTreeMap;

use openclaw_policy::Limit;
use openclaw_state::{Error as StateError, KvQuota, Namespace, QuotaKind, Tx, View};

use crate::bindings::openclaw::kv::store::{self, Entry};
use crate::bindings::openclaw::types::errors::{Error, ErrorCode};
use crate::channel::seat::full;
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
        Ok((self.extension.namespace()?, quota))
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
        let found = match self.written(&key) {
            Some(value) => Ok(value),
            None => self.look(move |view, store| view.kv_get(store, &key)).await,
        };
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
        if self.is_handler() {
            return Ok(self.collect(key, Some(value)).await);
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
        if self.is_handler() {
            return Ok(self.collect_swap(key, expected, value).await);
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
        if self.is_handler() {
            return Ok(self.collect_delete(key).await);
        }
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
        let written = self.written_behind(&prefix, after.as_deref());
        let work = move |view: &View<'_>, store: &Namespace| {
            list(view, store, (&prefix, after), limit.min(MAX_ENTRIES), written)
        };
        let found = self.look(work).await;
        if let Ok(entries) = &found {
            let bytes = entries.iter().map(|entry| entry.key.len() + entry.value.len());
            self.volume.bytes_in.spend(bytes.sum::<usize>() as u64)?;
        }
        Ok(found)
    }
}

/// A value that is to be there, or that none is.
type Written = BTreeMap<String, Option<Vec<u8>>>;

/// Lists what is kept, as what was written in this call changes it.
fn list(
    view: &View<'_>,
    store: &Namespace,
    (prefix, mut after): (&str, Option<String>),
    limit: u32,
    mut written: Written,
) -> Result<Vec<Entry>, StateError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut take = |key: String, value: Vec<u8>, entries: &mut Vec<Entry>| {
        bytes += (value.len() + key.len()) as u64;
        let fits = entries.is_empty() || bytes <= MAX_LIST;
        if fits {
            entries.push(Entry { key, value });
        }
        fits && entries.len() < most
    };
    if most == 0 {
        return Ok(entries);
    }
    loop {
        let page = view.kv_list(store, prefix, after.as_deref(), limit)?;
        let is_last = page.len() < most;
        for found in page {
            while let Some(first) = written.first_entry().filter(|first| *first.key() < found.key) {
                let (key, value) = first.remove_entry();
                if let Some(value) = value
                    && !take(key, value, &mut entries)
                {
                    return Ok(entries);
                }
            }
            let value = match written.remove(&found.key) {
                Some(changed) => changed,
                None => view.kv_get(store, &found.key)?,
            };
            after = Some(found.key.clone());
            if let Some(value) = value
                && !take(found.key, value, &mut entries)
            {
                return Ok(entries);
            }
        }
        if is_last {
            break;
        }
    }
    for (key, value) in written {
        if let Some(value) = value
            && !take(key, value, &mut entries)
        {
            break;
        }
    }
    Ok(entries)
}

impl Guest {
    /// What a handler wrote under a key in this call.
    fn written(&self, key: &str) -> Option<Option<Vec<u8>>> {
        let seat = self.seat.as_ref()?;
        seat.kv.written(key).cloned()
    }

    fn written_behind(&self, prefix: &str, after: Option<&str>) -> Written {
        let Some(seat) = &self.seat else {
            return Written::new();
        };
        let is_listed = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        let written = seat.kv.all().filter(|(key, _)| is_listed(key));
        written.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// What is under a key, as this call sees it.
    async fn present(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.written(key) {
            Some(value) => Ok(value),
            None => {
                let key = key.to_owned();
                self.look(move |view, store| view.kv_get(store, &key)).await
            }
        }
    }

    /// Collects a write of a handler, within the quota as it is now.
    async fn collect(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), Error> {
        let (namespace, quota) = self.granted_store()?;
        check_key(&key)?;
        let present = self.present(&key).await?;
        let usage = self.look(|view, store| view.kv_usage(store)).await?;
        let seat = self.handler("the store is written")?;
        let size = |value: &Option<Vec<u8>>| value.as_ref().map(|value| signed(key.len() + value.len()));
        let (before, now) = (size(&present), size(&value));
        let growth = (
            seat.kv_growth.0 + i64::from(now.is_some()) - i64::from(before.is_some()),
            seat.kv_growth.1 + now.unwrap_or_default() - before.unwrap_or_default(),
        );
        let total = |used: u64, growth: i64| used.saturating_add_signed(growth);
        let is_over = |used, (old, new): (i64, i64), most| new > old && total(used, new) > most;
        if value
            .as_ref()
            .is_some_and(|value| value.len() as u64 > quota.value_bytes)
        {
            let message = format!("a value of the store has {} bytes at most", quota.value_bytes);
            return Err(fail(ErrorCode::TooLarge, &message));
        }
        if is_over(usage.entries, (seat.kv_growth.0, growth.0), quota.entries) {
            return Err(full(
                "keys in the store",
                usize::try_from(quota.entries).unwrap_or(usize::MAX),
            ));
        }
        if is_over(usage.bytes, (seat.kv_growth.1, growth.1), quota.bytes) {
            return Err(full(
                "bytes in the store",
                usize::try_from(quota.bytes).unwrap_or(usize::MAX),
            ));
        }
        seat.kv.put((namespace, quota), key, value)?;
        seat.kv_growth = growth;
        Ok(())
    }

    async fn collect_delete(&mut self, key: String) -> Result<bool, Error> {
        let was_there = self.present(&key).await?.is_some();
        if was_there {
            self.collect(key, None).await?;
        }
        Ok(was_there)
    }

    async fn collect_swap(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> Result<bool, Error> {
        let is_own = self.written(&key).is_some();
        if self.present(&key).await? != expected {
            return Ok(false);
        }
        match value.is_none() && expected.is_none() {
            true => Ok(true),
            false => {
                self.collect(key.clone(), value).await?;
                if !is_own {
                    self.handler("the store is written")?.kv.see(&key, expected);
                }
                Ok(true)
            }
        }
    }
}

/// The most bytes of a key.
const KEY_BYTES: usize = 1024;

fn check_key(key: &str) -> Result<(), Error> {
    match key.is_empty() || key.len() > KEY_BYTES || key.chars().any(char::is_control) {
        true => Err(fail(
            ErrorCode::Invalid,
            "a key has 1 to 1024 bytes and no control characters",
        )),
        false => Ok(()),
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
