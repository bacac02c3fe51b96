//! What a server does when it is asked, and how it is written down.

use std::sync::LazyLock;
use std::time::Duration;

/// What a server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// Writes these bytes, and goes on with the connection.
    Raw(Vec<u8>),
    /// Writes these bytes and closes.
    Last(Vec<u8>),
    /// Writes the first, then the second again and again with such a pause between, at most so many times.
    Drip(Vec<u8>, Vec<u8>, Duration, usize),
    /// Says nothing until the other side goes.
    Silent,
    /// Closes without a word.
    Close,
    /// Reads only the head and answers nothing, so that a body has nowhere to go.
    Deaf,
    /// Answers with the body of the request.
    Echo,
    /// Answers with the bytes of the request as they arrived.
    Mirror,
    /// Opens a WebSocket and closes it for this reason.
    Goodbye(String),
}

impl Script {
    /// A response with headers and a body, whose length is right.
    pub(crate) fn response(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        Self::Raw(response(status, headers, body.as_ref()))
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        let location = format!("location: {to}");
        Self::response(&format!("{status} Elsewhere"), &[&location], "elsewhere")
    }

    /// An answer with a body of one's own.
    pub(crate) fn ok(headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        Self::response("200 OK", headers, body)
    }

    /// A head that promises a body in chunks, and raw bytes behind it.
    pub(crate) fn chunked(rest: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{rest}").into_bytes())
    }
}

/// The bytes of a response with the right length.
pub(crate) fn response(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    [head.as_bytes(), body].concat()
}

/// A body that is compressed.
pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    use tokio::io::AsyncReadExt as _;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut packed = Vec::new();
    let mut encoder = async_compression::tokio::bufread::GzipEncoder::new(plain);
    runtime.block_on(encoder.read_to_end(&mut packed)).unwrap();
    packed
}

/// Four megabytes of zeroes, compressed to some thousand bytes.
pub(crate) static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![0; 4 << 20]));
