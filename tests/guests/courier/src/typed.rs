//! Requests with `openclaw:http`.

use openclaw_sdk::Error;
use openclaw_sdk::wit::http::client;
use openclaw_sdk::wit::http::types::{
    self, Header, Method, Part, PartContent, Request, RequestLimits, Response,
};
use openclaw_sdk::wit::secrets::placeholders;
use openclaw_sdk::wit::secrets::types::{Keep, SecretPlace};

use crate::errand::{Answer, Body, Capture, Names, Send};

/// A failure in the words of the answer.
pub(crate) fn failed(error: &Error) -> Answer {
    let [code, sent] = [format!("{:?}", error.code), format!("{:?}", error.sent)];
    let last = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
    Answer::failed(&last(&code), &error.message, &last(&sent))
}

/// The words of the interface for what it says in cases.
pub(crate) fn headers(headers: Vec<(String, String)>) -> Vec<Header> {
    let header = |(name, value)| Header { name, value };
    headers.into_iter().map(header).collect()
}

/// Sends a request and reads the response.
pub(crate) fn send(send: &Send, names: &mut Names) -> Answer {
    let body = match &send.body {
        Body::Empty | Body::Pieces(..) => types::Body::Empty,
        Body::Text(text) => types::Body::Bytes(names.fill(text).into_bytes()),
        Body::Bytes(count) => types::Body::Bytes(vec![b'a'; *count]),
        Body::Form(fields) => {
            let part = |(name, value): &(String, String)| Part {
                name: names.fill(name),
                file_name: None,
                content_type: None,
                content: PartContent::Text(names.fill(value)),
            };
            types::Body::Multipart(fields.iter().map(part).collect())
        }
    };
    let request = Request {
        method: method(&send.method),
        url: names.fill(&send.url),
        headers: headers(names.headers(send)),
        body,
        limits: RequestLimits {
            total: send.limits.total,
            first_byte: send.limits.first_byte,
            idle: send.limits.idle,
            response_bytes: send.limits.response_bytes,
            redirects: send.limits.redirects,
        },
    };
    let answered = match &send.body {
        Body::Pieces(pieces, length) => stream(&request, pieces, *length, names),
        _ => client::send(&request),
    };
    match answered {
        Ok(response) => read(&response, send, names),
        Err(error) => failed(&error),
    }
}

fn stream(
    request: &Request,
    pieces: &[String],
    length: Option<u64>,
    names: &Names,
) -> Result<Response, Error> {
    let upload = client::begin(request, length)?;
    for piece in pieces {
        upload.write(names.fill(piece).as_bytes())?;
    }
    upload.finish()
}

fn read(response: &Response, send: &Send, names: &mut Names) -> Answer {
    let mut answer = Answer {
        status: response.status(),
        url: response.url(),
        ..Answer::default()
    };
    if let Some(capture) = &send.capture {
        match take(response, capture, &mut answer) {
            Ok(placeholder) => names.put(&capture.name, &placeholder),
            Err(error) => return failed(&error),
        }
    }
    let shown = response.headers().into_iter();
    answer.headers = shown.map(|header| (header.name, header.value)).collect();
    if send.unread {
        return answer;
    }
    loop {
        match response.read(1 << 16) {
            Ok(piece) if piece.is_empty() => break,
            Ok(piece) => answer.push(&piece),
            Err(error) => {
                answer.error = failed(&error).error;
                break;
            }
        }
    }
    answer
}

fn take(response: &Response, capture: &Capture, answer: &mut Answer) -> Result<String, Error> {
    if capture.late {
        answer.push(&response.read(1)?);
    }
    let at = capture.at.clone();
    let place = match capture.kind.as_str() {
        "json" => SecretPlace::Json(at),
        "header" => SecretPlace::Header(at),
        "cookie" => SecretPlace::Cookie(at),
        _ => SecretPlace::Other(at),
    };
    let keep = match capture.lasting {
        true => Keep::Lasting,
        false => Keep::UntilRestart,
    };
    placeholders::capture(response, &place, &capture.name, keep)
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
