//! The operator's HTTP proxy, as a way to one address.
//!
//! **Promise.** The proxy is asked for an address that was resolved and judged here, never for a name, so it cannot
//! lead elsewhere than where the gate decided. Its user and password go to it and to nobody behind it. What it says
//! about the connection is not mixed with what comes through it. **Bound.** The given time, and [`MOST_HEAD`] bytes of an answer.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openclaw_policy::{Host, display_safe};
use openclaw_secrets::SecretValue;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Cause, Phase, Result, SHOWN};

/// The bytes of an answer's head.
const MOST_HEAD: usize = 8 * 1024;

/// The headers of an answer.
const MOST_HEADERS: usize = 64;

/// An HTTP proxy.
#[derive(Clone)]
pub struct Proxy {
    is_encrypted: bool,
    host: Host,
    port: u16,
    /// What stands behind `Basic`.
    credentials: Option<SecretValue>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        write!(f, "Proxy({scheme}://{}:{})", self.host, self.port)
    }
}

impl Proxy {
    /// Reads `http://…` or `https://…`, with or without a user and password. No error quotes it.
    pub fn parse(url: &str) -> Result<Self> {
        let refuse = |why: &str| Cause::url(format!("of the proxy {why}"));
        let url = Url::parse(url).map_err(|_| refuse("is none; write http://HOST:PORT"))?;
        let is_encrypted = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => {
                return Err(
                    refuse("must begin with http:// or https://; no other kind of proxy is used").unsent(),
                );
            }
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("must have nothing behind its port").unsent());
        }
        let host = url.host_str().and_then(|host| Host::from_str(host).ok());
        let host = host.ok_or_else(|| refuse("has no host"))?;
        let port = url.port_or_known_default().ok_or_else(|| refuse("has no port"))?;
        Ok(Self {
            is_encrypted,
            host,
            port,
            credentials: credentials(&url)?,
        })
    }

    /// Where it is.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// On which port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is spoken to over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Asks the proxy at the other end of the stream to lead on to an address. The stream that is returned leads
    /// there.
    pub(crate) async fn tunnel<S>(&self, mut stream: S, to: SocketAddr, until: Instant) -> Result<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let within = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout_at(until, self.ask(&mut stream, to)).await {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(why)) => {
                let host = to.to_string();
                Err(Cause::Proxy { host, why }.unsent())
            }
            Err(_) => Err(Cause::Timeout {
                phase: Phase::Connect,
                within,
            }
            .unsent()),
        }
    }

    async fn ask<S>(&self, stream: &mut S, to: SocketAddr) -> Result<(), String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let broke = |error: std::io::Error| format!("the connection to it broke: {error}");
        stream
            .write_all(self.question(to).as_bytes())
            .await
            .map_err(broke)?;
        stream.flush().await.map_err(broke)?;
        // Byte by byte, because what stands behind the head is not the proxy's: a server that speaks first may have
        // spoken already.
        let mut head = Vec::new();
        while head.len() < MOST_HEAD {
            let mut byte = [0];
            if stream.read(&mut byte).await.map_err(broke)? == 0 {
                return Err("it closed the connection before it had answered".to_owned());
            }
            head.extend_from_slice(&byte);
            if byte == *b"\n" && self.judge(&head)? {
                return Ok(());
            }
        }
        Err(format!("its answer has more than {MOST_HEAD} bytes"))
    }

    fn question(&self, to: SocketAddr) -> Zeroizing<String> {
        let authorization = match &self.credentials {
            Some(credentials) => {
                Zeroizing::new(format!("Proxy-Authorization: Basic {}\r\n", credentials.expose()))
            }
            None => Zeroizing::default(),
        };
        // A zone of this machine's means nothing to the proxy.
        let to = SocketAddr::new(to.ip(), to.port());
        Zeroizing::new(format!(
            "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{}\r\n",
            authorization.as_str()
        ))
    }

    /// Whether an answer's head is whole; an error if it does not say yes.
    fn judge(&self, head: &[u8]) -> Result<bool, String> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        match answer.parse(head) {
            Ok(httparse::Status::Partial) => return Ok(false),
            Ok(httparse::Status::Complete(_)) => {}
            Err(error) => return Err(format!("its answer is no HTTP ({error})")),
        }
        match answer.code {
            Some(200..=299) => Ok(true),
            Some(407) if self.credentials.is_some() => {
                Err("it did not accept its user and password (status 407)".to_owned())
            }
            Some(407) => {
                Err("it wants a user and a password (status 407); write them into its URL".to_owned())
            }
            status => {
                let reason = display_safe(answer.reason.unwrap_or_default(), SHOWN);
                let status = status.unwrap_or_default();
                Err(format!("it answered with status {status} {reason}")
                    .trim_end()
                    .to_owned())
            }
        }
    }
}

fn credentials(url: &Url) -> Result<Option<SecretValue>> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decode = |text| -> Zeroizing<Vec<u8>> { Zeroizing::new(percent_decode_str(text).collect()) };
    let (user, password) = (decode(url.username()), decode(url.password().unwrap_or_default()));
    if user.contains(&b':') {
        return Err(Cause::url("of the proxy has a colon in its user, which cannot be sent").unsent());
    }
    let both = Zeroizing::new([user.as_slice(), b":", password.as_slice()].concat());
    let encoded = Zeroizing::new(STANDARD.encode(both.as_slice()));
    Ok(Some(SecretValue::new(&encoded)))
}

#[cfg(test)]
mod tests;
