//! A response that was read whole, to be read again from its beginning, as often as it takes.
//!
//! **Promise.** Each reading is like the first: a token can be captured before anything is read, and what is read has
//! passed the net for values as it is then. **Bound.** The bounds of the response that it was; the body is in memory
//! once, as it arrived. **Cost.** A copy of the headers for each reading.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::response::Response;
use crate::header::Header;
use crate::secret::Vault;
use crate::traffic::mask_whole;

/// A response that was read whole.
#[derive(Clone)]
pub struct Kept {
    pub(super) status: u16,
    pub(super) url: String,
    pub(super) headers: Vec<Header>,
    /// As it arrived.
    pub(super) body: Bytes,
    pub(super) host: String,
    pub(super) vault: Arc<Vault>,
}

impl Kept {
    /// A response of an earlier time, as [`Kept::status`] and the others told it.
    pub fn restore(status: u16, url: String, headers: Vec<Header>, body: Bytes, vault: &Arc<Vault>) -> Self {
        Self {
            status,
            url,
            headers,
            body,
            host: String::new(),
            vault: Arc::clone(vault),
        }
    }

    /// The response at its beginning.
    pub fn open(&self) -> Response {
        Response::again(self)
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The address that answered, after all redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All headers, in lower case.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// The body without the values of secrets, so that it may be written down.
    pub fn body(&self) -> Bytes {
        match self.vault.scanner() {
            Some(scanner) => mask_whole(scanner, self.body.clone()),
            None => self.body.clone(),
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
