//! Positions in a platform's stream of events. They are apart from the state so that people see them, and so that
//! they are still good when another version cannot read the state.

use crate::bindings::channel::openclaw::channel::state;
use crate::wit::types::errors::Error;

/// Reads a cursor; none if it was never moved.
///
/// # Errors
/// As the host says.
pub fn read(name: &str) -> Result<Option<String>, Error> {
    state::read_cursor(name)
}

/// Moves a cursor, in the handler that delivers what lies before the new position.
///
/// # Errors
/// With [`NotHere`](crate::ErrorCode::NotHere) outside of `handle` and `webhook`.
pub fn advance(name: &str, position: impl ToString) -> Result<(), Error> {
    state::move_cursor(name, &position.to_string())
}
