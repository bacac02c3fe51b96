//! What the operator allows at most, whoever asks.

use std::time::Duration;

/// What the operator allows at most. A request can only lower these.
#[derive(Clone, Debug)]
pub struct Caps {
    /// Headers of a request, and of a response.
    pub headers: usize,
    /// Bytes of all headers of a request, and of a response.
    pub header_bytes: usize,
    /// How many times larger than what arrived a body may become when it is decompressed. Counts from 1 MiB on.
    pub ratio: u64,
    /// Until a name is resolved.
    pub resolve: Duration,
    /// Until a connection is open, TLS included.
    pub connect: Duration,
    /// Until the headers of a response are there.
    pub first_byte: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// From the beginning of a request to the last byte of its response.
    pub total: Duration,
    /// Redirects that are followed.
    pub redirects: u32,
    /// Requests in flight, of one tenant.
    pub requests: usize,
    /// Lasting connections, of one tenant.
    pub connections: usize,
    /// Bytes of one frame of a lasting connection.
    pub frame_bytes: usize,
    /// Requests that one tenant may send to one host at once after a pause.
    pub burst: u32,
    /// How long it takes until one more may be sent.
    pub pace: Duration,
    /// Connections that are kept open for later requests, of one tenant.
    pub kept: usize,
    /// How long one is kept.
    pub keep: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            headers: 100,
            header_bytes: 64 << 10,
            ratio: 200,
            resolve: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(600),
            redirects: 10,
            requests: 32,
            connections: 16,
            frame_bytes: 16 << 20,
            burst: 60,
            pace: Duration::from_millis(50),
            kept: 16,
            keep: Duration::from_secs(60),
        }
    }
}
