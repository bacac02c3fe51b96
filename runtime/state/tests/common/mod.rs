//! What the tests of the state share.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::Path;

use openclaw_state::{KvQuota, Namespace, Options, State};

/// A quota that no test meets by accident.
pub(crate) const ROOMY: KvQuota = KvQuota {
    entries: 1000,
    bytes: 1 << 20,
    value_bytes: 1 << 20,
};

/// Opens the state with a redactor that knows one secret.
pub(crate) fn open(folder: &Path) -> State {
    State::open(Options::new(folder, |text: &str| {
        text.replace("hunter2", "[secret]")
    }))
    .unwrap()
}

pub(crate) fn store() -> Namespace {
    Namespace::of("demo").unwrap()
}

/// Sets a key of [`store`].
pub(crate) async fn put(state: &State, key: &'static str, value: &'static str) {
    state
        .write(move |tx| tx.kv_put(&store(), key, value.as_bytes(), &ROOMY))
        .await
        .unwrap();
}

/// Reads a key of [`store`].
pub(crate) async fn get(state: &State, key: &'static str) -> Option<String> {
    let value = state.read(move |view| view.kv_get(&store(), key)).await.unwrap();
    value.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Overwrites a page in the middle of a database file.
pub(crate) fn damage(database: &Path) {
    const PAGE: usize = 4096;
    let mut bytes = std::fs::read(database).unwrap();
    let begin = bytes.len() / PAGE / 2 * PAGE;
    bytes.get_mut(begin..begin + PAGE).unwrap().fill(0xAA);
    std::fs::write(database, bytes).unwrap();
}
