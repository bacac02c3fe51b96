//! Requests with `wasi:http`, which a component of any toolchain has.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
    http_error_code,
};
use wasip2::io::streams::StreamError;

use crate::errand::{Answer, Body, Names, Send};

/// What the interface itself does not take, before anything reaches the gate.
const NOT_TAKEN: &str = "NotTaken";

/// Why a request was not sent or not answered.
enum Trouble {
    NotTaken(&'static str),
    Failed(ErrorCode),
}

/// Sends a request and reads the response.
pub(crate) fn send(send: &Send, names: &Names) -> Answer {
    match answered(send, names) {
        Ok(answer) => answer,
        Err(Trouble::NotTaken(what)) => Answer::failed(NOT_TAKEN, what, "no"),
        Err(Trouble::Failed(code)) => failed(&code),
    }
}

/// The name of the code, and what it says beside.
fn failed(code: &ErrorCode) -> Answer {
    let whole = format!("{code:?}");
    let name = whole.trim_start_matches("ErrorCode::");
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(name.len());
    let (name, rest) = name.split_at_checked(end).unwrap_or((name, ""));
    Answer::failed(name, rest, "")
}

fn answered(send: &Send, names: &Names) -> Result<Answer, Trouble> {
    let refuse = |what| move |_| Trouble::NotTaken(what);
    let fields = Fields::new();
    for (name, value) in names.headers(send) {
        fields
            .append(&name, value.as_bytes())
            .map_err(|_| Trouble::NotTaken("header"))?;
    }
    let pieces: Vec<Vec<u8>> = match &send.body {
        Body::Empty => Vec::new(),
        Body::Text(text) => vec![names.fill(text).into_bytes()],
        Body::Bytes(count) => vec![vec![b'a'; *count]],
        Body::Pieces(pieces, _) => pieces
            .iter()
            .map(|piece| names.fill(piece).into_bytes())
            .collect(),
        Body::Form(_) => return Err(Trouble::NotTaken("form")),
    };
    let length = match &send.body {
        Body::Text(_) | Body::Bytes(_) => Some(pieces.iter().map(Vec::len).sum::<usize>() as u64),
        Body::Pieces(_, length) => *length,
        Body::Empty | Body::Form(_) => None,
    };
    if let Some(length) = length {
        let value = length.to_string();
        fields
            .append("content-length", value.as_bytes())
            .map_err(|_| Trouble::NotTaken("length"))?;
    }
    let request = OutgoingRequest::new(fields);
    let url = names.fill(&send.url);
    let (scheme, rest) = url.split_once("://").ok_or(Trouble::NotTaken("scheme"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request
        .set_method(&method(&send.method))
        .map_err(refuse("method"))?;
    request.set_scheme(Some(&scheme)).map_err(refuse("scheme"))?;
    request
        .set_authority(Some(authority))
        .map_err(refuse("authority"))?;
    request
        .set_path_with_query(Some(path).filter(|path| !path.is_empty()))
        .map_err(refuse("path"))?;
    // A request whose body was never taken has none.
    let body = match send.body {
        Body::Empty => None,
        _ => Some(request.body().map_err(refuse("body"))?),
    };
    let options = RequestOptions::new();
    let nanos = |millis: Option<u64>| millis.map(|millis| millis.saturating_mul(1_000_000));
    options
        .set_first_byte_timeout(nanos(send.limits.first_byte))
        .map_err(refuse("timeout"))?;
    options
        .set_between_bytes_timeout(nanos(send.limits.idle))
        .map_err(refuse("timeout"))?;
    let pending = handle(request, Some(options)).map_err(Trouble::Failed)?;
    // What is not taken of the body is told with the answer, which says why.
    let finished = match body {
        Some(body) if write(&body, &pieces).is_ok() => {
            OutgoingBody::finish(body, None).map_err(Trouble::Failed)
        }
        Some(_) | None => Ok(()),
    };
    pending.subscribe().block();
    let response = match pending.get() {
        Some(Ok(Ok(response))) => response,
        Some(Ok(Err(code))) => return Err(Trouble::Failed(code)),
        Some(Err(())) | None => return Err(Trouble::NotTaken("answer")),
    };
    finished?;
    Ok(read(response, send.unread))
}

fn write(body: &OutgoingBody, pieces: &[Vec<u8>]) -> Result<(), ()> {
    let stream = body.write()?;
    for piece in pieces {
        for part in piece.chunks(4096) {
            stream.blocking_write_and_flush(part).map_err(drop)?;
        }
    }
    Ok(())
}

fn read(response: IncomingResponse, unread: bool) -> Answer {
    let text = |(name, value): (String, Vec<u8>)| (name, String::from_utf8_lossy(&value).into_owned());
    let mut answer = Answer {
        status: response.status(),
        headers: response.headers().entries().into_iter().map(text).collect(),
        ..Answer::default()
    };
    let Ok(body) = response.consume() else {
        return answer;
    };
    let Ok(stream) = body.stream() else {
        return answer;
    };
    if unread {
        return answer;
    }
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(piece) => answer.push(&piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let code = http_error_code(&error);
                answer.error = code.map_or_else(
                    || Answer::failed("Unnamed", &error.to_debug_string(), "").error,
                    |code| failed(&code).error,
                );
                break;
            }
        }
    }
    answer
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
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    }
}
