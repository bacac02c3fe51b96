//! What the server answers, and how it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::sleep;

/// A body that may break off.
pub(super) type Sent = UnsyncBoxBody<Bytes, Broken>;

/// The connection is cut.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(super) struct Broken;

/// What is answered to one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A whole answer, streamed or not, as it was asked for.
    Answer(Answer),
    /// A stream, step by step.
    Steps(Vec<Step>),
    /// An error of the service's shape.
    Failure(Failure),
    /// Something else, with its content type.
    Other(StatusCode, String, String),
    /// The connection is cut before anything is said.
    Cut,
    /// Nothing is ever said.
    Silence,
}

/// One step of a stream.
#[derive(Clone, Debug)]
pub enum Step {
    /// Bytes as they are.
    Raw(Bytes),
    /// A pause.
    Pause(Duration),
    /// The connection is cut.
    Cut,
    /// Nothing more is said, and the connection stays.
    Hang,
}

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What the model thought.
    pub thinking: String,
    /// What it said.
    pub text: String,
    /// Which tools it called.
    pub calls: Vec<Called>,
    /// Why it stopped. Unset: as it usually would.
    pub finish: Option<&'static str>,
    /// A pause before each piece.
    pub pause: Duration,
}

/// A call of a tool.
#[derive(Clone, Debug)]
pub struct Called {
    /// Its id.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// Its arguments, as text.
    pub arguments: String,
}

/// An error of the service's shape.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The status.
    pub status: u16,
    kind: &'static str,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
}

impl Failure {
    /// An error with a status, a type and words.
    pub fn new(status: u16, kind: &'static str, message: &str) -> Self {
        Self {
            status,
            kind,
            message: message.to_owned(),
            param: None,
            code: None,
            headers: Vec::new(),
        }
    }

    /// With the place in the request that is wrong.
    #[must_use]
    pub fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// With a code for programs.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Reply {
    /// An answer that is text.
    pub fn text(text: &str) -> Self {
        Self::Answer(Answer {
            text: text.to_owned(),
            ..Answer::default()
        })
    }

    /// An answer that calls a tool.
    pub fn call(id: &str, name: &str, arguments: &Value) -> Self {
        Self::calls(&[(id, name, arguments)])
    }

    /// An answer that calls tools.
    pub fn calls(calls: &[(&str, &str, &Value)]) -> Self {
        let called = |(id, name, arguments): &(&str, &str, &Value)| Called {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            arguments: arguments.to_string(),
        };
        Self::Answer(Answer {
            calls: calls.iter().map(called).collect(),
            ..Answer::default()
        })
    }

    /// An error with this status.
    pub fn status(status: u16) -> Self {
        Self::Failure(Failure::new(status, "server_error", "Something went wrong."))
    }
}

/// An event as it stands on the wire.
pub fn sse(event: &Value) -> Step {
    Step::Raw(format!("data: {event}\n\n").into())
}

impl Answer {
    /// The steps in which it is streamed.
    pub fn steps(&self, model: &str, wants_usage: bool) -> Vec<Step> {
        let mut deltas = vec![json!({"role": "assistant", "content": ""})];
        deltas.extend(words(&self.thinking).map(|text| json!({"reasoning_content": text})));
        deltas.extend(words(&self.text).map(|text| json!({"content": text})));
        for (index, call) in self.calls.iter().enumerate() {
            let head = json!({"index": index, "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": ""}});
            deltas.push(json!({"tool_calls": [head]}));
            let pieces = call.arguments.as_bytes().chunks(7);
            let pieces = pieces.map(|piece| String::from_utf8_lossy(piece).into_owned());
            deltas
                .extend(pieces.map(
                    |piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}),
                ));
        }
        let chunk = |choices: Value, usage: Value| {
            let mut chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                "model": model, "choices": choices});
            if wants_usage {
                chunk["usage"] = usage;
            }
            sse(&chunk)
        };
        let mut steps = Vec::new();
        for delta in deltas {
            if !self.pause.is_zero() {
                steps.push(Step::Pause(self.pause));
            }
            let choice = json!([{"index": 0, "delta": delta, "finish_reason": null}]);
            steps.push(chunk(choice, Value::Null));
        }
        let finish = json!([{"index": 0, "delta": {}, "finish_reason": self.finish()}]);
        steps.push(chunk(finish, Value::Null));
        if wants_usage {
            steps.push(chunk(json!([]), self.usage()));
        }
        steps.push(Step::Raw("data: [DONE]\n\n".into()));
        steps
    }

    fn finish(&self) -> &str {
        let usual = if self.calls.is_empty() {
            "stop"
        } else {
            "tool_calls"
        };
        self.finish.unwrap_or(usual)
    }

    fn usage(&self) -> Value {
        json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 3}})
    }

    fn whole(&self, model: &str) -> Value {
        let call = |call: &Called| {
            json!({"id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": call.arguments}})
        };
        let mut message = json!({"role": "assistant", "content": self.text});
        if !self.calls.is_empty() {
            message["tool_calls"] = self.calls.iter().map(call).collect();
        }
        json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish()}],
            "usage": self.usage()})
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ').filter(|word| !word.is_empty())
}

/// A response of one piece.
pub(super) fn whole(status: StatusCode, kind: &str, body: String) -> Response<Sent> {
    let body = Full::from(body).map_err(|_| Broken).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = kind.parse().unwrap();
    response.headers_mut().insert("content-type", kind);
    response
}

/// Answers a request.
pub(super) async fn send(
    reply: Reply,
    asked: &Value,
    given_up: &Arc<AtomicUsize>,
) -> Result<Response<Sent>, Broken> {
    let model = asked["model"].as_str().unwrap_or_default();
    let steps = match reply {
        Reply::Cut => return Err(Broken),
        Reply::Silence => {
            let _watch = Watch::new(given_up);
            return std::future::pending().await;
        }
        Reply::Other(status, kind, body) => return Ok(whole(status, &kind, body)),
        Reply::Failure(failure) => {
            let body = json!({"error": {"message": failure.message, "type": failure.kind,
                "param": failure.param, "code": failure.code}});
            let status = StatusCode::from_u16(failure.status).unwrap();
            let mut response = whole(status, "application/json", body.to_string());
            for (name, value) in failure.headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            return Ok(response);
        }
        Reply::Answer(answer) if asked["stream"] != json!(true) => {
            let body = answer.whole(model).to_string();
            return Ok(whole(StatusCode::OK, "application/json", body));
        }
        Reply::Answer(answer) => answer.steps(model, asked["stream_options"]["include_usage"] == json!(true)),
        Reply::Steps(steps) => steps,
    };
    let state = (steps.into_iter(), Watch::new(given_up));
    let pieces = stream::unfold(state, |(mut steps, mut watch)| async move {
        loop {
            let sent = match steps.next() {
                None => {
                    watch.end();
                    return None;
                }
                Some(Step::Raw(bytes)) => Ok(Frame::data(bytes)),
                Some(Step::Cut) => {
                    // What was said before leaves first.
                    sleep(Duration::from_millis(20)).await;
                    watch.end();
                    Err(Broken)
                }
                Some(Step::Pause(pause)) => {
                    sleep(pause).await;
                    continue;
                }
                Some(Step::Hang) => std::future::pending().await,
            };
            return Some((sent, (steps, watch)));
        }
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    let kind = "text/event-stream; charset=utf-8".parse().unwrap();
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

/// Counts an answer that is dropped before its end.
struct Watch {
    given_up: Arc<AtomicUsize>,
    is_over: bool,
}

impl Watch {
    fn new(given_up: &Arc<AtomicUsize>) -> Self {
        Self {
            given_up: Arc::clone(given_up),
            is_over: false,
        }
    }

    fn end(&mut self) {
        self.is_over = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_over {
            self.given_up.fetch_add(1, Ordering::SeqCst);
        }
    }
}
