//! Keeps secrets out of what an adapter says, whatever its shape.
//!
//! **Promise.** In every text of a value a placeholder becomes the name of its secret, and so does a value as far as
//! the net for values finds it. **Cost.** One pass over the value as JSON; where there is something to hide or a net,
//! another one.

use std::io::{self, Write};

use openclaw_egress::secret::Vault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::conceal::conceal;

/// How many bytes a value has, about.
pub(crate) fn weight<T: Serialize>(value: &T) -> u64 {
    let mut count = Count(0);
    // A counter takes everything.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The value without secrets. None if it cannot be written as JSON, which only a number that is none does.
pub(crate) fn conceal_all<T: Serialize + DeserializeOwned>(vault: &Vault, value: T) -> Option<T> {
    let text = serde_json::to_vec(&value).ok()?;
    if vault.scanner().is_none() && !vault.holds_placeholder(&text) {
        return Some(value);
    }
    let mut tree: Value = serde_json::from_slice(&text).ok()?;
    hide(vault, &mut tree);
    serde_json::from_value(tree).ok()
}

fn hide(vault: &Vault, value: &mut Value) {
    match value {
        Value::String(text) => *text = conceal(vault, std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(vault, item)),
        Value::Object(members) => members.values_mut().for_each(|member| hide(vault, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
