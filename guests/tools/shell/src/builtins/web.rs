//! What `curl` and `wget` share: addresses, redirects, and the words for what does not work.
//!
//! **Promise.** A redirect is a new request, which the host looks at like any other. What a script gave for one host —
//! `Authorization`, `Cookie` — does not go to another.

use std::time::{Duration, Instant};

use url::Url;

use crate::network::{Failure, Request, Response, send};

/// How a program ends, by the numbers that scripts know, and why.
pub(super) struct Stop(pub(super) i32, pub(super) String);

/// A request that was answered in the end.
pub(super) struct Exchange {
    /// The responses, the last of them the answer.
    pub(super) responses: Vec<Response>,
    /// Where the answer came from.
    pub(super) url: Url,
}

/// Why a request was not answered.
pub(super) enum Trouble {
    /// At this address.
    At(Url, Failure),
    /// It was sent on too often.
    Redirects,
}

/// What goes to one host only.
const PRIVATE: [&str; 2] = ["authorization", "cookie"];

/// Why a text is no address to go to.
pub(super) enum Unread {
    /// It is none at all.
    Malformed(String),
    /// It is for another protocol.
    Foreign(String),
}

impl Unread {
    /// In words.
    pub(super) fn why(self) -> String {
        match self {
            Self::Malformed(why) | Self::Foreign(why) => why,
        }
    }
}

/// Reads an address as people write it.
pub(super) fn address(text: &str) -> Result<Url, Unread> {
    let url = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("http://{text}")),
    };
    match url {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => Ok(url),
        Ok(url) => Err(Unread::Foreign(format!(
            "only http and https are spoken here, not {}",
            url.scheme()
        ))),
        Err(error) => Err(Unread::Malformed(format!("{text} is no address: {error}"))),
    }
}

/// When a request's time is up, by an option's seconds.
pub(super) fn deadline(option: &str, seconds: Option<&str>) -> Result<Option<Instant>, Stop> {
    let Some(text) = seconds else { return Ok(None) };
    let most = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let most = most.ok_or_else(|| Stop(2, format!("--{option} {text}: this is no time")))?;
    Ok(Instant::now().checked_add(most))
}

/// How many redirects to follow, by an option's number.
pub(super) fn redirects(given: Option<&str>, default: usize) -> Result<usize, Stop> {
    let Some(text) = given else { return Ok(default) };
    text.parse()
        .map_err(|_| Stop(2, format!("{text} is no number of redirects")))
}

/// Sends a request, and follows up to so many redirects. `keeps`: whether the method stays what it is.
pub(super) fn exchange(mut request: Request, most: usize, keeps: bool) -> Result<Exchange, Trouble> {
    let mut responses: Vec<Response> = Vec::new();
    loop {
        let response = send(&request).map_err(|failure| Trouble::At(request.url.clone(), failure))?;
        let next = next(&request, &response);
        responses.push(response);
        let Some(next) = next.filter(|_| most > 0) else {
            let url = request.url;
            return Ok(Exchange { responses, url });
        };
        if responses.len() > most {
            return Err(Trouble::Redirects);
        }
        let status = responses.last().map_or(0, |response| response.status);
        let becomes_get = match status {
            303 => request.method != "HEAD",
            301 | 302 => request.method == "POST",
            _ => false,
        };
        if becomes_get {
            request.body = None;
            request
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            if !keeps {
                "GET".clone_into(&mut request.method);
            }
        }
        if next.origin() != request.url.origin() {
            let is_private = |name: &str| PRIVATE.iter().any(|known| name.eq_ignore_ascii_case(known));
            request.headers.retain(|(name, _)| !is_private(name));
        }
        request.url = next;
    }
}

/// Where a response sends its request on to.
pub(super) fn next(request: &Request, response: &Response) -> Option<Url> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let place = response.header("location")?;
    let url = request.url.join(&place).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// An address as a person names it who opens it.
fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// What went wrong, in a line. `open`: what the operator opened.
pub(super) fn words(trouble: &Trouble, open: &[String]) -> String {
    let Trouble::At(url, failure) = trouble else {
        return "it is sent on and on; nothing answers".to_owned();
    };
    let at = origin(url);
    let host = url.host_str().unwrap_or_default();
    match failure {
        Failure::Closed if open.is_empty() => CLOSED.to_owned(),
        Failure::Closed => format!(
            "{at} is not open here, only {}; the operator opens it by naming it in sandbox.wasm.hosts",
            open.join(", ")
        ),
        Failure::NotPublic => format!(
            "{host} has an address that is not public; the operator opens it by writing \"private {at}\" in \
             sandbox.wasm.hosts"
        ),
        Failure::Malformed(why) => format!("{why} for {at}"),
        Failure::Name => format!("Could not resolve host: {host}"),
        Failure::Connect => format!("Failed to connect to {at}"),
        Failure::Tls => format!("{host} does not prove who it is: its certificate is not trusted"),
        Failure::Late => "Operation timed out".to_owned(),
        Failure::TooLarge => {
            "the body is larger than this sandbox lets through; a quarter of sandbox.wasm.memory is"
                .to_owned()
        }
        Failure::TooMany => "there are too many requests at once; try again".to_owned(),
        Failure::Broken(why) => format!("the exchange with {at} broke off: {why}"),
    }
}

/// What is said where nothing is open.
pub(super) const CLOSED: &str =
    "the network is closed here; the operator opens a host by naming it in sandbox.wasm.hosts";

/// The name of what an address leads to.
pub(super) fn file_name(url: &Url) -> Option<&str> {
    let last = url.path_segments()?.next_back()?;
    (!last.is_empty() && last != "." && last != "..").then_some(last)
}

/// What a status is called.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// The head of a response as it came, but for the version of HTTP, which is not told here.
pub(super) fn head(response: &Response) -> Vec<u8> {
    let line = format!("HTTP/1.1 {} {}", response.status, reason(response.status));
    let mut head = line.trim_end().as_bytes().to_vec();
    head.extend_from_slice(b"\r\n");
    for (name, value) in &response.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
