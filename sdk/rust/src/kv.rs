//! A small store of the extension's own, with values as JSON. It outlives the call and the gateway, nobody else
//! reads it, and it has a quota of keys and of bytes. A write is durable when the function returns.
//!
//! Two calls may run at the same time: [`update`] is the way to change a value that is there.
//! For bytes as they are, use [`wit::kv`](crate::wit::kv).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{decode, encode};
use crate::wit::kv::store;
use crate::wit::types::errors::{Error, ErrorCode};

/// How often [`update`] begins again before it gives up. Every time it does, another call got its work done.
const MAX_ATTEMPTS: usize = 64;
/// How many entries are fetched at once.
const PAGE: u32 = 100;

/// Reads a value; none if there is none.
///
/// # Errors
/// With [`Invalid`](ErrorCode::Invalid) if the value does not fit the type, and as the host says.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    store::get(key)?.map(|bytes| read(key, &bytes)).transpose()
}

/// Writes a value in the place of whatever was there.
///
/// # Errors
/// As the host says: [`Quota`](ErrorCode::Quota) if the store is full.
pub fn set(key: &str, value: &impl Serialize) -> Result<(), Error> {
    store::set(key, &write(key, value)?)
}

/// Writes a value only if there is none, and says whether it did.
///
/// # Errors
/// As [`set`].
pub fn insert(key: &str, value: &impl Serialize) -> Result<bool, Error> {
    store::swap(key, None, Some(&write(key, value)?))
}

/// Changes a value without losing what another call changes meanwhile: `change` is given the present one and
/// gives the new one, or none to delete it. It may be asked several times.
///
/// # Errors
/// As [`get`] and [`set`]; with [`Conflict`](ErrorCode::Conflict) if others changed the value 64 times meanwhile.
pub fn update<T: DeserializeOwned + Serialize>(
    key: &str,
    mut change: impl FnMut(Option<T>) -> Option<T>,
) -> Result<(), Error> {
    for _ in 0..MAX_ATTEMPTS {
        let before = store::get(key)?;
        let present = before.as_deref().map(|bytes| read(key, bytes)).transpose()?;
        let after = change(present).map(|value| write(key, &value)).transpose()?;
        if store::swap(key, before.as_deref(), after.as_deref())? {
            return Ok(());
        }
    }
    let message = format!("others changed {key:?} {MAX_ATTEMPTS} times meanwhile; try again later");
    Err(Error::new(ErrorCode::Conflict, message))
}

/// Deletes a value and says whether there was one.
///
/// # Errors
/// As the host says.
pub fn delete(key: &str) -> Result<bool, Error> {
    store::delete(key)
}

/// All entries whose key begins with the prefix, in the order of the keys' bytes. They are fetched in pages
/// while the iterator goes on; it ends after an error.
pub fn list<T: DeserializeOwned>(prefix: &str) -> impl Iterator<Item = Result<(String, T), Error>> {
    Entries::new(prefix).map(|entry| {
        let entry = entry?;
        let value = read(&entry.key, &entry.value)?;
        Ok((entry.key, value))
    })
}

/// The pages of a listing, one entry at a time.
struct Entries {
    prefix: String,
    after: Option<String>,
    page: std::vec::IntoIter<store::Entry>,
    is_over: bool,
}

impl Entries {
    fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            after: None,
            page: Vec::new().into_iter(),
            is_over: false,
        }
    }
}

impl Iterator for Entries {
    type Item = Result<store::Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.page.next() {
            return Some(Ok(entry));
        }
        if self.is_over {
            return None;
        }
        match store::list_entries(&self.prefix, self.after.as_deref(), PAGE) {
            Ok(page) => {
                self.after = page.last().map(|entry| entry.key.clone());
                self.is_over = page.is_empty();
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.is_over = true;
                Some(Err(error))
            }
        }
    }
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, Error> {
    decode(bytes, &format!("the value of {key:?}"))
}

fn write(key: &str, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    encode(value, &format!("the value of {key:?}")).map(String::into_bytes)
}
