//! A body that is written while it is sent.

use std::io::{self, Write};

use super::{PIECE, Response};
use crate::wit::http::types as wit;
use crate::wit::types::errors::Error;

/// A request whose body is being written, as the standard library's `Write`:
///
/// ```no_run
/// use std::io;
///
/// use openclaw_sdk::{Result, http, media};
///
/// # fn main() {}
/// fn publish(recording: &str) -> Result<String> {
///     let mut upload = http::put("https://files.example.com/recording")
///         .header("content-type", "audio/ogg")
///         .upload(None)?;
///     io::copy(&mut media::open(recording)?, &mut upload)?;
///     Ok(upload.finish()?.error_for_status()?.text()?)
/// }
/// ```
///
/// Dropping it before [`finish`](Self::finish) breaks the request off.
#[derive(Debug)]
pub struct Upload(wit::Upload);

impl Upload {
    pub(super) fn new(upload: wit::Upload) -> Self {
        Self(upload)
    }

    /// Ends the body and waits for the headers of the response.
    ///
    /// # Errors
    /// As the host says.
    pub fn finish(self) -> Result<Response, Error> {
        self.0.finish().map(Response::new)
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        self.0.write(piece).map_err(io::Error::other)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
