//! The state around a call: read before it, written after it if it changed.

use super::{Channel, Event, WebhookRequest, WebhookResponse};
use crate::bindings::channel::openclaw::channel::events;
use crate::bindings::channel::openclaw::channel::state;
use crate::error::encode;
use crate::log;
use crate::wit::types::errors::Error;

/// What a state is called in an error.
const PLACE: &str = "the state of the account";

/// Deals with a batch, in order.
///
/// # Errors
/// The first that an event ends with, and what the host says to the state.
pub fn handle<C: Channel>(events: Vec<events::Event>, account: &str) -> Result<(), Error> {
    changing::<C, _>(|state| {
        let mut events = events.into_iter().map(Event::from);
        events.try_for_each(|event| C::handle(state, event, account))
    })
}

/// Answers a request.
///
/// # Errors
/// As [`handle`].
pub fn webhook<C: Channel>(request: WebhookRequest, account: &str) -> Result<WebhookResponse, Error> {
    changing::<C, _>(|state| C::webhook(state, request, account))
}

/// Runs what only reads the state.
///
/// # Errors
/// Its own, and what the host says to the state.
pub fn in_state<C: Channel, T>(run: impl FnOnce(&C::State) -> Result<T, Error>) -> Result<T, Error> {
    run(&load::<C>()?.0)
}

fn changing<C: Channel, T>(run: impl FnOnce(&mut C::State) -> Result<T, Error>) -> Result<T, Error> {
    let (mut state, stored) = load::<C>()?;
    let done = run(&mut state)?;
    if let Some(changed) = difference(&state, stored.as_deref())? {
        state::save(&changed)?;
    }
    Ok(done)
}

fn load<C: Channel>() -> Result<(C::State, Option<Vec<u8>>), Error> {
    let stored = state::load()?;
    let (state, why) = read::<C::State>(stored.as_deref());
    if let Some(why) = why {
        log::warn!(why = why; "the state that was saved cannot be read; the account begins with an empty one");
    }
    Ok((state, stored))
}

/// The state, and why it is an empty one if something else was stored.
fn read<S: Default + serde::de::DeserializeOwned>(stored: Option<&[u8]>) -> (S, Option<String>) {
    match stored.map(serde_json::from_slice) {
        None => (S::default(), None),
        Some(Ok(state)) => (state, None),
        Some(Err(why)) => (S::default(), Some(why.to_string())),
    }
}

/// What is to be saved. A state that was never saved and still is an empty one is not worth a write.
fn difference<S: Default + serde::Serialize>(
    state: &S,
    stored: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, Error> {
    let now = encode(state, PLACE)?.into_bytes();
    let is_same = match stored {
        Some(stored) => now == stored,
        None => now == encode(&S::default(), PLACE)?.into_bytes(),
    };
    Ok((!is_same).then_some(now))
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
    struct Count {
        seen: u32,
    }

    #[test]
    fn a_state_is_written_only_when_it_changed() {
        assert_eq!(difference(&Count { seen: 0 }, None).unwrap(), None);
        let changed = difference(&Count { seen: 1 }, None).unwrap();
        assert_eq!(changed.as_deref(), Some(br#"{"seen":1}"#.as_slice()));
        assert_eq!(difference(&Count { seen: 1 }, changed.as_deref()).unwrap(), None);
        let back = difference(&Count { seen: 0 }, changed.as_deref()).unwrap();
        assert_eq!(back.as_deref(), Some(br#"{"seen":0}"#.as_slice()));
    }

    #[test]
    fn what_was_saved_is_read_again_and_what_cannot_be_read_is_an_empty_state() {
        assert_eq!(read::<Count>(Some(br#"{"seen":7}"#)), (Count { seen: 7 }, None));
        assert_eq!(read::<Count>(None), (Count::default(), None));
        for other in [b"7".as_slice(), b"\xff", b"", b"{\"seen\":-1}"] {
            let (state, why) = read::<Count>(Some(other));
            assert_eq!(state, Count::default());
            assert!(why.is_some_and(|why| !why.is_empty()));
        }
    }
}
