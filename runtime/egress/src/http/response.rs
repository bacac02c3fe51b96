//! What came back: headers, and a body that is read piece by piece.
//!
//! **Promise.** What is read has passed the net for values of the tenant's secrets, decompressed and across pieces.
//! A body ends at its limits, whatever its headers said. **Bound.** One piece, and what a piece may hold back, is in
//! memory; [`Response::capture`] holds [`MAX_CAPTURE`] bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http_body::Body as _;
use http_body_util::{BodyDataStream, BodyExt as _};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::io::StreamReader;

use super::kept::Kept;
use super::pool::Lease;
use crate::caps::Caps;
use crate::dial::within;
use crate::error::{Cause, Error, Measure, Phase, Result, Sent};
use crate::header::Header;
use crate::ledger::Entry;
use crate::secret::{Keep, Mask, SecretFailure, Vault};
use crate::target::Target;
use crate::traffic::{hide_in, mask_whole};

/// The largest body out of which a token is taken.
pub const MAX_CAPTURE: usize = 1 << 20;
/// The largest piece of a decompressed body.
const PIECE: usize = 64 << 10;
/// Where the ratio of a decompressed body begins to count.
const RATIO_FROM: u64 = 1 << 20;

/// Where in a response a token stands.
#[derive(Clone, Debug)]
pub enum Place {
    /// A string in the JSON body, by its pointer.
    Json(String),
    /// The whole value of the first header of this name.
    Header(String),
    /// The value of the cookie of this name that the response sets.
    Cookie(String),
}

/// What a response may take.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// When all must be over.
    pub(super) until: Instant,
    pub(super) total: Duration,
    pub(super) idle: Duration,
    /// Bytes that the request itself allows.
    pub(super) asked: Option<u64>,
    /// Bytes that were granted; none for what was read already.
    pub(super) granted: Option<openclaw_policy::Bytes>,
    pub(super) ratio: u64,
    /// Whether it lasts: then only whoever reads it ends it.
    pub(super) is_lasting: bool,
}

impl Bounds {
    /// Waits for the next piece, as long as there is time.
    async fn wait<F: Future>(&self, piece: F) -> Result<F::Output, Cause> {
        if self.is_lasting {
            return Ok(piece.await);
        }
        let (end, phase, limit) = match Instant::now() + self.idle {
            end if end < self.until => (end, Phase::Idle, self.idle),
            _ => (self.until, Phase::Total, self.total),
        };
        within(end, phase, limit, piece).await
    }

    fn check(&self, bytes: u64) -> Result<(), Cause> {
        if self.is_lasting {
            return Ok(());
        }
        if let Some(most) = self.asked.filter(|most| bytes > *most) {
            let measure = Measure::ResponseBody;
            return Err(Cause::TooLarge { measure, most });
        }
        match self.granted.filter(|granted| bytes > granted.get()) {
            Some(most) => Err(Cause::Body { most }),
            None => Ok(()),
        }
    }
}

enum Reader {
    Plain(Incoming),
    /// What is decompressed, and the bytes that arrived for it.
    Decoded(Pin<Box<dyn AsyncRead + Send>>, Arc<AtomicU64>),
    /// What was read for a token to be taken out of it.
    Held(Bytes),
    Over,
}

/// What came back.
pub struct Response {
    status: u16,
    url: String,
    headers: Vec<Header>,
    host: String,
    reader: Reader,
    mask: Option<Mask>,
    /// Whether any of the body was handed out.
    is_begun: bool,
    bytes: u64,
    bounds: Bounds,
    vault: Arc<Vault>,
    lease: Option<Lease>,
    entry: Option<Entry>,
    _place: Option<OwnedSemaphorePermit>,
}

/// What a response is made of.
pub(super) struct Arrived {
    pub(super) head: Parts,
    pub(super) body: Incoming,
    pub(super) lease: Lease,
    pub(super) bounds: Bounds,
    /// Whether a body is only announced.
    pub(super) is_head: bool,
}

impl Response {
    pub(super) fn new(
        arrived: Arrived,
        target: &Target,
        url: &str,
        vault: &Arc<Vault>,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Cause> {
        let (head, bounds) = (arrived.head, arrived.bounds);
        let announced = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let announced = announced.and_then(|length| length.parse().ok());
        if let Err(cause) = announced.map_or(Ok(()), |bytes| bounds.check(bytes))
            && !arrived.is_head
            && !arrived.body.is_end_stream()
        {
            return Err(cause);
        }
        let (reader, is_decoded) = match open(arrived.body, &head, arrived.is_head) {
            Ok(reader) => reader,
            Err(coding) => {
                let why = format!("answered with the content encoding \"{coding}\", which was not asked for");
                return Err(Cause::peer(target.host(), &why));
            }
        };
        let scanner = vault.scanner();
        let shown = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let value = match &scanner {
                Some(scanner) => {
                    mask_whole(Arc::clone(scanner), Bytes::copy_from_slice(value.as_bytes())).to_vec()
                }
                None => value.as_bytes().to_vec(),
            };
            (name.as_str().to_owned(), value)
        };
        let is_shown = |(name, _): &(&http::HeaderName, &http::HeaderValue)| {
            !is_decoded || (*name != CONTENT_ENCODING && *name != CONTENT_LENGTH)
        };
        Ok(Self {
            status: head.status.as_u16(),
            url: match &scanner {
                Some(scanner) => scanner.mask_text(url).into_owned(),
                None => url.to_owned(),
            },
            headers: head.headers.iter().filter(is_shown).map(shown).collect(),
            host: target.host().to_string(),
            reader,
            mask: scanner.map(Mask::new),
            is_begun: false,
            bytes: 0,
            bounds,
            vault: Arc::clone(vault),
            lease: Some(arrived.lease),
            entry: None,
            _place: Some(place),
        })
    }

    /// Reads the whole body, so that it can be read again. What of it must not be seen is hidden when it is.
    pub async fn keep(mut self) -> Result<Kept> {
        if self.is_begun {
            let what = "a response that was already being read cannot be kept".to_owned();
            return Err(Cause::Late { what }.when(Sent::Yes));
        }
        self.is_begun = true;
        let mut body = BytesMut::new();
        loop {
            match self.next().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break,
                Err(cause) => return Err(self.break_off(cause)),
            }
        }
        self.finish();
        Ok(Kept {
            status: self.status,
            url: std::mem::take(&mut self.url),
            headers: std::mem::take(&mut self.headers),
            body: body.freeze(),
            host: std::mem::take(&mut self.host),
            vault: Arc::clone(&self.vault),
        })
    }

    /// A response that was kept, at its beginning.
    pub(super) fn again(kept: &Kept) -> Self {
        Self {
            status: kept.status,
            url: kept.url.clone(),
            headers: kept.headers.clone(),
            host: kept.host.clone(),
            reader: Reader::Held(kept.body.clone()),
            mask: kept.vault.scanner().map(Mask::new),
            is_begun: false,
            bytes: 0,
            bounds: Bounds {
                until: Instant::now(),
                total: Duration::ZERO,
                idle: Duration::ZERO,
                asked: None,
                granted: None,
                ratio: 0,
                is_lasting: true,
            },
            vault: Arc::clone(&kept.vault),
            lease: None,
            entry: None,
            _place: None,
        }
    }

    /// From here on it lasts: neither its length nor its time is bounded, and it is no request in flight.
    pub(crate) fn last(&mut self) {
        self.bounds.is_lasting = true;
        self._place = None;
    }

    /// From here on its line in the ledger is written when it ends.
    pub(super) fn enter(mut self, entry: Entry) -> Self {
        self.entry = Some(entry);
        self
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

    /// The next piece of the body; none at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.is_begun = true;
        loop {
            let piece = match self.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(self.end()),
                Err(cause) => return Err(self.break_off(cause)),
            };
            let shown = match &mut self.mask {
                Some(mask) => mask.push(piece),
                None => piece,
            };
            if !shown.is_empty() {
                return Ok(Some(shown));
            }
        }
    }

    /// All that is left of the body.
    pub async fn bytes(&mut self) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// The next piece as it arrived, counted.
    async fn next(&mut self) -> Result<Option<Bytes>, Cause> {
        loop {
            let piece = match &mut self.reader {
                Reader::Plain(body) => match self.bounds.wait(body.frame()).await? {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => data,
                        Err(_) => continue,
                    },
                    Some(Err(error)) => return Err(broken(&self.host, &error)),
                    None => return Ok(None),
                },
                Reader::Decoded(body, arrived) => {
                    let mut piece = BytesMut::with_capacity(PIECE);
                    let read = self.bounds.wait(body.read_buf(&mut piece)).await?;
                    read.map_err(|error| undecoded(&self.host, &error))?;
                    let (bytes, arrived) = (self.bytes + piece.len() as u64, arrived.load(Ordering::Relaxed));
                    if bytes > RATIO_FROM && bytes > arrived.saturating_mul(self.bounds.ratio) {
                        let (measure, most) = (Measure::Ratio, self.bounds.ratio);
                        return Err(Cause::TooLarge { measure, most });
                    }
                    piece.freeze()
                }
                Reader::Held(bytes) => {
                    let held = std::mem::take(bytes);
                    self.reader = Reader::Over;
                    return Ok(Some(held).filter(|held| !held.is_empty()));
                }
                Reader::Over => return Ok(None),
            };
            if piece.is_empty() {
                // A piece of a plain body may be empty, and is not its end.
                match &self.reader {
                    Reader::Plain(_) => continue,
                    Reader::Decoded(..) | Reader::Held(_) | Reader::Over => return Ok(None),
                }
            }
            self.count(&piece)?;
            return Ok(Some(piece));
        }
    }

    fn count(&mut self, piece: &Bytes) -> Result<(), Cause> {
        self.bytes += piece.len() as u64;
        if let Some(entry) = &mut self.entry {
            entry.received(piece.len() as u64);
        }
        self.bounds.check(self.bytes)
    }

    /// The body was read to its end, so the connection is free.
    fn finish(&mut self) {
        self.reader = Reader::Over;
        // An answer may come before the body that it answers was refused.
        let fault = self.lease.as_ref().and_then(|lease| lease.progress.fault());
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
        if let Some(mut entry) = self.entry.take() {
            match fault {
                Some(fault) => entry.failed(&hide_in(&self.vault, fault.when(Sent::Yes))),
                None => entry.passed(),
            }
        }
    }

    fn end(&mut self) -> Option<Bytes> {
        self.finish();
        let rest = self.mask.take().map(Mask::finish);
        rest.filter(|rest| !rest.is_empty())
    }

    fn break_off(&mut self, cause: Cause) -> Error {
        let fault = self.lease.as_ref().and_then(|lease| lease.progress.fault());
        let cause = fault.unwrap_or(cause);
        let error = hide_in(&self.vault, cause.when(Sent::Yes));
        (self.reader, self.lease, self.mask) = (Reader::Over, None, None);
        if let Some(mut entry) = self.entry.take() {
            entry.failed(&error);
        }
        error
    }

    /// Takes a token that was just issued out of the response, before any of the body was handed out, and keeps it
    /// under a name. Says its placeholder, which then stands in the body.
    pub async fn capture(&mut self, place: &Place, name: &str, keep: Keep) -> Result<String> {
        if self.is_begun {
            let what =
                "the body of this response was already being read; take the token out first".to_owned();
            return Err(Cause::Late { what }.when(Sent::Yes));
        }
        self.is_begun = true;
        let mut held = match self.hold().await {
            Ok(held) => held,
            Err(cause) => return Err(self.break_off(cause)),
        };
        let taken = self.take(place, &mut held, name, keep);
        self.reader = Reader::Held(held.into());
        // The token is a secret from here on, so the net must know it.
        self.mask = self.vault.scanner().map(Mask::new);
        taken.map_err(|why| Cause::from(why).when(Sent::Yes))
    }

    fn take(
        &mut self,
        place: &Place,
        held: &mut Vec<u8>,
        name: &str,
        keep: Keep,
    ) -> Result<String, SecretFailure> {
        let vault = &self.vault;
        let place = match place {
            Place::Json(pointer) => return vault.capture_json(held, pointer, name, keep),
            Place::Header(_) | Place::Cookie(_) => place,
        };
        let text = |(name, value): &Header| (name.clone(), String::from_utf8_lossy(value).into_owned());
        let mut headers: Vec<_> = self.headers.iter().map(text).collect();
        let taken = match place {
            Place::Cookie(cookie) => vault.capture_cookie(&mut headers, cookie, name, keep),
            Place::Header(header) | Place::Json(header) => {
                vault.capture_header(&mut headers, header, name, keep)
            }
        };
        if taken.is_ok() {
            self.headers = headers
                .into_iter()
                .map(|(name, value)| (name, value.into_bytes()))
                .collect();
        }
        taken
    }

    /// Reads the whole body into memory.
    async fn hold(&mut self) -> Result<Vec<u8>, Cause> {
        let mut held = Vec::new();
        while let Some(piece) = self.next().await? {
            if held.len() + piece.len() > MAX_CAPTURE {
                let (measure, most) = (Measure::ResponseBody, MAX_CAPTURE as u64);
                return Err(Cause::TooLarge { measure, most });
            }
            held.extend_from_slice(&piece);
        }
        self.finish();
        Ok(held)
    }
}

impl Drop for Response {
    /// Whoever stops reading has what it wanted.
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.passed();
        }
    }
}

/// The reader of a body and whether it decompresses, or the encoding that is not known.
fn open(body: Incoming, head: &Parts, is_head: bool) -> Result<(Reader, bool), String> {
    if is_head || body.is_end_stream() {
        return Ok((Reader::Plain(body), false));
    }
    let codings: Vec<_> = head.headers.get_all(CONTENT_ENCODING).iter().collect();
    let coding = match codings.as_slice() {
        [] => "identity".to_owned(),
        [one] => String::from_utf8_lossy(one.as_bytes())
            .trim()
            .to_ascii_lowercase(),
        [..] => "several".to_owned(),
    };
    if coding == "identity" || coding.is_empty() {
        return Ok((Reader::Plain(body), false));
    }
    let arrived = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&arrived);
    let pieces = BodyDataStream::new(body)
        .map_err(io::Error::other)
        .inspect_ok(move |piece: &Bytes| {
            counter.fetch_add(piece.len() as u64, Ordering::Relaxed);
        });
    let raw = StreamReader::new(pieces);
    let decoder: Pin<Box<dyn AsyncRead + Send>> = match coding.as_str() {
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(raw);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        "deflate" => Box::pin(ZlibDecoder::new(raw)),
        _ => return Err(coding),
    };
    Ok((Reader::Decoded(decoder, arrived), true))
}

fn broken(host: &str, error: &hyper::Error) -> Cause {
    let why = match error.is_incomplete_message() || error.is_closed() {
        true => "broke the response off before its end".to_owned(),
        false => format!("broke the response off: {error}"),
    };
    Cause::peer(&host, &why)
}

fn undecoded(host: &str, error: &io::Error) -> Cause {
    Cause::peer(
        &host,
        &format!("sent a body that cannot be decompressed: {error}"),
    )
}

/// Refuses a response whose headers are too many or too long.
pub(super) fn check_head(head: &Parts, caps: &Caps) -> Result<(), Cause> {
    crate::header::check_received(&head.headers, caps)
}
