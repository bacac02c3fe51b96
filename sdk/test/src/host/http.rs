//! `openclaw:http` by a script: each request is held against the exchanges that the test named, and nothing leaves
//! the machine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::media::Media;
use super::{refuse, text};
use crate::exchange::{Asked, Exchange, Reply};
use crate::value::{read_bytes, tell_bytes};

const MAX_READ: u64 = 1 << 20;

/// The exchanges, with what the running call has open.
#[derive(Debug, Default)]
pub(crate) struct Http {
    exchanges: Vec<Exchange>,
    open: BTreeMap<u64, End>,
}

/// What a handle stands for.
#[derive(Debug)]
enum End {
    Response(Response),
    Upload {
        request: Value,
        length: Option<u64>,
        bytes: Vec<u8>,
    },
    /// An upload that was finished.
    Finished,
}

/// A response that is being read.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) reply: Reply,
    url: String,
    pub(crate) offset: usize,
    max_bytes: Option<u64>,
}

/// What a function answers, or why the run ends.
type Answer = Result<Value, String>;

impl Http {
    /// Adds an exchange and gives it for its details.
    pub(crate) fn expect(&mut self, method: &str, url: &str) -> &mut Exchange {
        self.exchanges.push_mut(Exchange::new(method, url))
    }

    /// A new call has nothing open.
    pub(crate) fn begin(&mut self) {
        self.open.clear();
    }

    pub(crate) fn drop_handle(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// A response that is open.
    pub(crate) fn response(&mut self, number: u64) -> Option<&mut Response> {
        match self.open.get_mut(&number)? {
            End::Response(response) => Some(response),
            _ => None,
        }
    }

    /// Answers a function of the interface `client`; none if there is no such function. The number is free for a
    /// handle.
    pub(crate) fn answer(
        &mut self,
        function: &str,
        arguments: &Value,
        number: u64,
        media: &mut Media,
    ) -> Option<Answer> {
        match function {
            "send" => {
                let request = arguments.get("request")?;
                Some(self.send(request, request.get("body")?, number))
            }
            "begin" => {
                let end = End::Upload {
                    request: arguments.get("request")?.clone(),
                    length: arguments.get("content-length").and_then(Value::as_u64),
                    bytes: Vec::new(),
                };
                self.open.insert(number, end);
                Some(Ok(json!({"ok": number})))
            }
            "to-media" => {
                let response = self.response(arguments.get("response")?.as_u64()?)?;
                let mut info = arguments.get("info")?.clone();
                if let Some(place) = info.get_mut("content-type").filter(|place| place.is_null()) {
                    *place = json!(response.header("content-type"));
                }
                let rest = response.rest().to_vec();
                if response.is_too_long(rest.len()) {
                    return Some(Ok(too_large()));
                }
                response.offset += rest.len();
                Some(Ok(json!({"ok": media.keep(info, rest)})))
            }
            _ => None,
        }
    }

    /// Answers a function of a response or an upload; none if there is no such function, or no such handle.
    pub(crate) fn answer_end(&mut self, function: &str, arguments: &Value, number: u64) -> Option<Answer> {
        let own = arguments.get("self").and_then(Value::as_u64)?;
        if function == "upload.finish" {
            return self.finish_upload(own, number);
        }
        match (function, self.open.get_mut(&own)?) {
            ("response.status", End::Response(response)) => Some(Ok(json!(response.reply.status))),
            ("response.url", End::Response(response)) => Some(Ok(json!(response.url))),
            ("response.headers", End::Response(response)) => {
                let headers = response.reply.headers.iter();
                let headers = headers.map(|(name, value)| json!({"name": name, "value": value}));
                Some(Ok(headers.collect()))
            }
            ("response.header", End::Response(response)) => {
                Some(Ok(json!(response.header(text(arguments, "name")))))
            }
            ("response.read", End::Response(response)) => {
                let max = arguments.get("max").and_then(Value::as_u64)?.min(MAX_READ);
                let rest = response.rest();
                let read = rest.get(..usize::try_from(max).ok()?).unwrap_or(rest).to_vec();
                if response.is_too_long(read.len()) {
                    return Some(Ok(too_large()));
                }
                response.offset += read.len();
                Some(Ok(json!({"ok": tell_bytes(&read)})))
            }
            ("upload.write", End::Upload { bytes, .. }) => {
                bytes.extend(arguments.get("bytes").and_then(read_bytes).unwrap_or_default());
                Some(Ok(json!({"ok": null})))
            }
            ("upload.write", End::Finished) => Some(Ok(refuse("closed", "this upload was finished"))),
            _ => None,
        }
    }

    fn finish_upload(&mut self, own: u64, number: u64) -> Option<Answer> {
        let (request, length, bytes) = match self.open.insert(own, End::Finished)? {
            End::Upload {
                request,
                length,
                bytes,
            } => (request, length, bytes),
            End::Finished => return Some(Ok(refuse("closed", "this upload was finished"))),
            End::Response(_) => return None,
        };
        let count = bytes.len() as u64;
        if length.is_some_and(|length| length != count) {
            let message = format!(
                "{} bytes were announced, and {count} written",
                length.unwrap_or_default()
            );
            return Some(Ok(refuse("invalid", &message)));
        }
        Some(self.send(&request, &json!({"bytes": tell_bytes(&bytes)}), number))
    }

    fn send(&mut self, request: &Value, body: &Value, number: u64) -> Answer {
        let method = request.get("method").unwrap_or(&Value::Null);
        let other = method.get("other").and_then(Value::as_str);
        let method = other.map_or_else(
            || method.as_str().unwrap_or_default().to_ascii_uppercase(),
            str::to_owned,
        );
        let asked = Asked {
            method,
            url: text(request, "url"),
            headers: request.get("headers").unwrap_or(&Value::Null),
            body,
        };
        let found = self
            .exchanges
            .iter_mut()
            .find(|exchange| exchange.differs(&asked).is_none());
        let Some(exchange) = found else {
            return Err(self.tell_unexpected(&asked));
        };
        exchange.met += 1;
        let reply = match &exchange.reply {
            Ok(reply) => reply.clone(),
            Err(refusal) => return Ok(json!({"err": refusal})),
        };
        let url = reply.url.clone().unwrap_or_else(|| asked.url.to_owned());
        let max_bytes = request.pointer("/limits/response-bytes").and_then(Value::as_u64);
        let response = Response {
            reply,
            url,
            offset: 0,
            max_bytes,
        };
        self.open.insert(number, End::Response(response));
        Ok(json!({"ok": number}))
    }

    /// What is said of a request that no exchange is for.
    fn tell_unexpected(&self, asked: &Asked<'_>) -> String {
        let (method, url) = (&asked.method, asked.url);
        let mut told = format!("the component made a request that was not expected:\n  {method} {url}");
        let called = format!("{method} {url}");
        let distance = |exchange: &&Exchange| {
            let is_open = exchange.met < exchange.times;
            strsim::jaro_winkler(&called, &exchange.write()) + if is_open { 0.001 } else { 0.0 }
        };
        let nearer = |a: &&Exchange, b: &&Exchange| distance(a).total_cmp(&distance(b));
        match self.exchanges.iter().max_by(nearer) {
            Some(nearest) => {
                let why = nearest.differs(asked).unwrap_or_default();
                told.push_str(&format!(
                    "\nthe nearest expectation is\n  {}\nbut {why}",
                    nearest.write()
                ));
            }
            None => told.push_str(&format!(
                "\nno request is expected; add host.http({method:?}, {url:?})"
            )),
        }
        told
    }

    /// Takes all exchanges, and gives those that were not made.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let all = std::mem::take(&mut self.exchanges);
        let open = all.iter().filter(|exchange| exchange.met < exchange.times);
        open.map(|exchange| {
            format!(
                "{} (made {} of {} times)",
                exchange.write(),
                exchange.met,
                exchange.times
            )
        })
        .collect()
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.reply.headers.iter();
        let found = headers.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn rest(&self) -> &[u8] {
        self.reply.body.get(self.offset..).unwrap_or_default()
    }

    fn is_too_long(&self, more: usize) -> bool {
        self.max_bytes
            .is_some_and(|max| (self.offset + more) as u64 > max)
    }
}

fn too_large() -> Value {
    refuse(
        "too-large",
        "the response has more bytes than the request's `response-bytes`",
    )
}
