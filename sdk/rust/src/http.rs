//! Requests through the gateway's gate:
//!
//! ```no_run
//! use openclaw_sdk::{Result, http, secrets};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Issue {
//!     title: String,
//! }
//!
//! # fn main() {}
//! fn newest(project: &str) -> Result<Option<String>> {
//!     let token = secrets::get("token")?;
//!     let issues = http::get("https://api.example.com/projects")
//!         .segment(project)
//!         .query("limit", 1)
//!         .bearer(&token)
//!         .send()?
//!         .error_for_status()?
//!         .json::<Vec<Issue>>()?;
//!     Ok(issues.into_iter().next().map(|issue| issue.title))
//! }
//! ```
//!
//! Every destination is asked for in the manifest's `http`, and the gate checks each request and each redirect
//! against what was granted. A [`Secret`](crate::secrets::Secret) is put where its value belongs; only the gate
//! ever sees the value.
//!
//! Nothing is sent before [`send`](Request::send) or [`upload`](Request::upload), and nothing is sent twice: whether
//! to try again is told by `sent` in the error. What cannot be written, such as a value without a form in JSON, is
//! told there too, so a request is one expression. A response is read as it arrives, and bounded by what its rule in
//! the manifest allows, by [`max_bytes`](Request::max_bytes), and by the call's own limits.

mod background;
mod encode;
mod multipart;
mod request;
mod response;
mod upload;

pub use background::{cancel, in_flight};
pub use multipart::Multipart;
pub use request::Request;
pub(crate) use request::milliseconds;
pub use response::Response;
pub use upload::Upload;

pub use crate::wit::http::types::{Header, Method};

/// How many bytes cross the boundary at once.
const PIECE: usize = 64 * 1024;

/// Asks for what is at an address.
pub fn get(url: impl Into<String>) -> Request {
    request(Method::Get, url)
}

/// Asks for the headers alone.
pub fn head(url: impl Into<String>) -> Request {
    request(Method::Head, url)
}

/// Hands something over.
pub fn post(url: impl Into<String>) -> Request {
    request(Method::Post, url)
}

/// Puts something in the place of what is there.
pub fn put(url: impl Into<String>) -> Request {
    request(Method::Put, url)
}

/// Changes what is there.
pub fn patch(url: impl Into<String>) -> Request {
    request(Method::Patch, url)
}

/// Deletes what is there.
pub fn delete(url: impl Into<String>) -> Request {
    request(Method::Delete, url)
}

/// Any method: `request(Method::Other("PROPFIND".into()), url)`.
///
/// The address has a scheme and a host, and no user and password. What stands in its path or query already must be
/// encoded; [`segment`](Request::segment) and [`query`](Request::query) do that themselves.
pub fn request(method: Method, url: impl Into<String>) -> Request {
    Request::new(method, url.into())
}
