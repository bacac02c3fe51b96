//! Requests with `wasi:http`.

use std::time::{Duration, Instant};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme, http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::StreamError;

use super::{Failure, Request, Response};

/// How much of a body is written at a time: what the standard lets one call take.
const PIECE: usize = 4096;
/// How much is read at a time.
const READ: u64 = 1 << 16;

pub(super) fn send(request: &Request) -> Result<Response, Failure> {
    let fields = Fields::new();
    let add = |name: &str, value: &str| {
        let added = fields.append(name, value.as_bytes());
        added.map_err(|_| Failure::Malformed(format!("the header {name} cannot be set")))
    };
    for (name, value) in &request.headers {
        add(name, value)?;
    }
    if let Some(body) = &request.body {
        add("content-length", &body.len().to_string())?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let url = &request.url;
    let scheme = match url.scheme() {
        "https" => Scheme::Https,
        _ => Scheme::Http,
    };
    let authority = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let wrong = |what: &'static str| move |()| Failure::Malformed(what.to_owned());
    outgoing
        .set_method(&method(&request.method))
        .map_err(wrong("the method is none"))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(wrong("the scheme is none"))?;
    outgoing
        .set_authority(Some(&authority))
        .map_err(wrong("the host is none"))?;
    outgoing
        .set_path_with_query(Some(&path))
        .map_err(wrong("the path is none"))?;
    let body = match &request.body {
        Some(bytes) => Some((outgoing.body().map_err(wrong("the body cannot be sent"))?, bytes)),
        None => None,
    };
    let pending = handle(outgoing, None).map_err(|code| failure(&code))?;
    if let Some((body, bytes)) = body {
        // What is not taken of it is told by the answer, which says why.
        if write(&body, bytes, request.end)? {
            let _ = OutgoingBody::finish(body, None);
        }
    }
    wait(&pending.subscribe(), request.end)?;
    match pending.get() {
        Some(Ok(Ok(response))) => read(&response, request.end),
        Some(Ok(Err(code))) => Err(failure(&code)),
        Some(Err(())) | None => Err(Failure::Broken("there was no answer".to_owned())),
    }
}

/// Writes a body; false if the other side takes no more of it.
fn write(body: &OutgoingBody, bytes: &[u8], end: Option<Instant>) -> Result<bool, Failure> {
    let Ok(stream) = body.write() else {
        return Ok(false);
    };
    let mut left = bytes;
    let ready = stream.subscribe();
    while !left.is_empty() {
        wait(&ready, end)?;
        let room = match stream.check_write() {
            Ok(room) => usize::try_from(room).unwrap_or(PIECE).min(PIECE),
            Err(_) => return Ok(false),
        };
        let (piece, rest) = left.split_at(room.min(left.len()));
        if stream.write(piece).is_err() {
            return Ok(false);
        }
        left = rest;
    }
    Ok(stream.flush().is_ok())
}

fn read(response: &IncomingResponse, end: Option<Instant>) -> Result<Response, Failure> {
    let mut found = Response {
        status: response.status(),
        headers: response.headers().entries(),
        body: Vec::new(),
    };
    let nothing = |()| Failure::Broken("the body cannot be read".to_owned());
    let body = response.consume().map_err(nothing)?;
    let stream = body.stream().map_err(nothing)?;
    let ready = stream.subscribe();
    loop {
        wait(&ready, end)?;
        match stream.read(READ) {
            Ok(piece) => found.body.extend_from_slice(&piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(match http_error_code(&error) {
                    Some(code) => failure(&code),
                    None => Failure::Broken(error.to_debug_string()),
                });
            }
        }
    }
    Ok(found)
}

/// Waits, but no longer than to the end.
fn wait(on: &Pollable, end: Option<Instant>) -> Result<(), Failure> {
    let Some(end) = end else {
        on.block();
        return Ok(());
    };
    let left = end.saturating_duration_since(Instant::now());
    if left == Duration::ZERO {
        return Err(Failure::Late);
    }
    let timer = subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
    match poll(&[on, &timer]).contains(&0) {
        true => Ok(()),
        false => Err(Failure::Late),
    }
}

fn failure(code: &ErrorCode) -> Failure {
    match code {
        ErrorCode::HttpRequestDenied => Failure::Closed,
        ErrorCode::DestinationIpProhibited => Failure::NotPublic,
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            Failure::Malformed("the address is none".to_owned())
        }
        ErrorCode::HttpRequestMethodInvalid => Failure::Malformed("the method is none".to_owned()),
        ErrorCode::HttpRequestHeaderSectionSize(_) => {
            Failure::Malformed("there are too many headers".to_owned())
        }
        ErrorCode::DnsError(_) | ErrorCode::DnsTimeout => Failure::Name,
        ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable => Failure::Connect,
        ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError => Failure::Tls,
        ErrorCode::ConnectionTimeout | ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            Failure::Late
        }
        ErrorCode::HttpRequestBodySize(_) | ErrorCode::HttpResponseBodySize(_) => Failure::TooLarge,
        ErrorCode::ConnectionLimitReached => Failure::TooMany,
        ErrorCode::ConnectionTerminated => Failure::Broken("the connection ended".to_owned()),
        ErrorCode::InternalError(Some(why)) => Failure::Broken(why.clone()),
        other => Failure::Broken(format!("{other:?}")),
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        other => Method::Other(other.to_owned()),
    }
}
