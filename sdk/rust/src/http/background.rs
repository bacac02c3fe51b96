//! Requests of adapters that are not waited for.

use crate::bindings::channel::openclaw::http::background;
use crate::wit::types::errors::Error;

use super::Request;

impl Request {
    /// Sends it without waiting, under a token; the result comes as
    /// [`HttpDone`](crate::channel::Happening::HttpDone). It leaves when the handler returned ok, at most once. One
    /// that is in flight under the same token is given up.
    ///
    /// # Errors
    /// As [`send`](Self::send); with [`NotHere`](crate::ErrorCode::NotHere) outside of `handle` and `webhook` of an
    /// adapter.
    pub fn start(self, token: &str) -> Result<(), Error> {
        background::start(token, &self.finish()?)
    }
}

/// Gives up the request that was started under this token. Its result never arrives.
///
/// # Errors
/// As [`Request::start`].
pub fn cancel(token: &str) -> Result<(), Error> {
    background::cancel(token)
}

/// The tokens of all requests in flight.
#[must_use]
pub fn in_flight() -> Vec<String> {
    background::in_flight()
}
