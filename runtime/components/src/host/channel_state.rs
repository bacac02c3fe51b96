//! `openclaw:channel/state`: what an adapter remembers about an account.
//!
//! **Promise.** A handler reads what it has written; what it wrote is kept when it returns ok, or not at all.
//! **Bound.** [`crate::channel::bounds`].

use crate::bindings::openclaw::channel::state::{self, Cursor};
use crate::bindings::openclaw::types::errors::Error;
use crate::guest::Guest;

const SAVED: &str = "the state is saved";
const MOVED: &str = "cursors are moved";

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl state::Host for Guest {
    fn load(&mut self) -> Answer<Option<Vec<u8>>> {
        let state = match self.seat() {
            Ok(seat) => seat.state().map(|state| state.to_vec()),
            Err(refused) => return Ok(Err(refused)),
        };
        self.volume
            .bytes_in
            .spend(state.as_ref().map_or(0, Vec::len) as u64)?;
        Ok(Ok(state))
    }

    fn save(&mut self, state: Vec<u8>) -> Answer<()> {
        self.volume.bytes_out.spend(state.len() as u64)?;
        let checked = self.refuse_stored_placeholder(&state);
        let seat = self.handler(SAVED);
        Ok(seat.and_then(|seat| checked.and_then(|()| seat.save(state))))
    }

    fn read_cursor(&mut self, name: String) -> Answer<Option<String>> {
        self.volume.bytes_out.spend(name.len() as u64)?;
        let position = match self.seat() {
            Ok(seat) => seat.cursor(&name).cloned(),
            Err(refused) => return Ok(Err(refused)),
        };
        self.volume
            .bytes_in
            .spend(position.as_ref().map_or(0, String::len) as u64)?;
        Ok(Ok(position))
    }

    fn move_cursor(&mut self, name: String, position: String) -> Answer<()> {
        self.volume
            .bytes_out
            .spend((name.len() + position.len()) as u64)?;
        let checked = self
            .check_name("the name of a cursor", &name)
            .and_then(|()| self.refuse_stored_placeholder(position.as_bytes()));
        let seat = self.handler(MOVED);
        Ok(seat.and_then(|seat| checked.and_then(|()| seat.move_cursor(name, position))))
    }

    fn list_cursors(&mut self) -> Answer<Vec<Cursor>> {
        let cursor = |(name, position): (&String, &String)| Cursor {
            name: name.clone(),
            position: position.clone(),
        };
        let cursors: Vec<_> = match self.seat() {
            Ok(seat) => seat.cursors().into_iter().map(cursor).collect(),
            Err(refused) => return Ok(Err(refused)),
        };
        let bytes = cursors
            .iter()
            .map(|cursor| cursor.name.len() + cursor.position.len());
        self.volume.bytes_in.spend(bytes.sum::<usize>() as u64)?;
        Ok(Ok(cursors))
    }
}
