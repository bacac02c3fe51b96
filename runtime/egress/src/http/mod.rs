//! Requests over HTTP: what is asked, and what comes back.

mod body;
mod exchange;
mod kept;
mod multipart;
mod pool;
mod redirect;
mod response;

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use crate::header::Header;

pub use kept::Kept;
pub(crate) use pool::Pool;
pub use response::{MAX_CAPTURE, Place, Response};

/// Bytes that are read while they are sent. A failure of the reader breaks the request off.
pub type Source = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// What one part of a form holds.
pub enum Content {
    /// Text. A secret may stand in it where the grant names the field.
    Text(String),
    /// Bytes.
    Bytes(Bytes),
    /// What is read while it is sent, with its length.
    Stream(u64, Source),
}

/// One part of a `multipart/form-data` body.
pub struct Part {
    /// The name of the form's field.
    pub name: String,
    /// The file name, for a part that is a file.
    pub file_name: Option<String>,
    /// The media type.
    pub content_type: Option<String>,
    /// What it holds.
    pub content: Content,
}

/// What a request carries.
#[derive(Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes. Secrets are put into text of at most 1 MiB.
    Bytes(Bytes),
    /// A `multipart/form-data` body; the gate writes its boundary and the content type.
    Multipart(Vec<Part>),
    /// What is read while it is sent, with its length where that is known. No secret is put into it, and it cannot
    /// be sent again to where a redirect leads.
    Stream(Option<u64>, Source),
}

/// What a request may take at most. Each can only lower what the operator allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// From the beginning to the last byte of the response.
    pub total: Option<Duration>,
    /// Until the response's headers are there.
    pub first_byte: Option<Duration>,
    /// Between two pieces of a body.
    pub idle: Option<Duration>,
    /// Bytes of the response's body, decompressed.
    pub response_bytes: Option<u64>,
    /// Redirects to follow. With 0 a redirect is an ordinary response.
    pub redirects: Option<u32>,
}

/// A request.
#[derive(Default)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Headers, without those that frame the request.
    pub headers: Vec<Header>,
    /// What it carries.
    pub body: Body,
    /// What it may take.
    pub limits: Limits,
}
