//! The way to the network: one request at a time, through the client that the host gives every program.
//!
//! **Promise.** What is open is the host's to say: it looks at each request, at each redirect anew, and nothing here can
//! open more. No secret is put in. **Bound.** A response is read whole; the host bounds its size. **Cost.** The shell stands
//! still while it waits, background jobs of the script with it.

#[cfg(target_os = "wasi")]
mod wasi;

use std::time::Instant;

use url::Url;

/// A request as it goes out.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "what sends it is not built here")
)]
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    /// When it must have been answered in full.
    pub(crate) end: Option<Instant>,
}

/// A response, whole.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first header of a name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut found = self
            .headers
            .iter()
            .filter(|(given, _)| given.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned())
    }
}

/// Why there is no response.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "what fails so is not built here")
)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// The host does not open this.
    Closed,
    /// What is open by its name has an address that is not public.
    NotPublic,
    /// A header, a method or an address that is none.
    Malformed(String),
    /// There is no such name.
    Name,
    /// Nobody answers there.
    Connect,
    /// The other end could not prove who it is.
    Tls,
    /// It took too long.
    Late,
    /// The body is larger than the host lets through.
    TooLarge,
    /// Too many requests at once, or too fast.
    TooMany,
    /// The connection ended, or what came is no HTTP.
    Broken(String),
}

/// Sends a request and reads the response.
#[cfg(target_os = "wasi")]
pub(crate) fn send(request: &Request) -> Result<Response, Failure> {
    wasi::send(request)
}

/// Outside of the host there is no network.
#[cfg(not(target_os = "wasi"))]
pub(crate) fn send(_: &Request) -> Result<Response, Failure> {
    Err(Failure::Closed)
}
