//! What a test says of one request: how it must look, and what is answered.

use serde_json::{Value, json};

use crate::output::Refusal;
use crate::value::{is_equal, read_bytes, shorten, tell_bytes};

/// A request that a test expects, once unless [`times`](Self::times) says otherwise, with its response, which is an
/// empty 200 unless something else is said.
#[derive(Clone, Debug)]
#[must_use]
pub struct Exchange {
    pub(crate) method: String,
    pub(crate) url: String,
    with: Vec<Wanted>,
    pub(crate) reply: Result<Reply, Value>,
    pub(crate) times: usize,
    pub(crate) met: usize,
}

/// What a request must have.
#[derive(Clone, Debug)]
enum Wanted {
    Header { name: String, value: String },
    NoHeader(String),
    Body(Vec<u8>),
    Json(Value),
    Parts(Value),
    Media(String),
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The address that answers; absent means the one that was asked.
    pub(crate) url: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A request as a component made it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: String,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a Value,
    pub(crate) body: &'a Value,
}

impl Exchange {
    pub(crate) fn new(method: &str, url: &str) -> Self {
        let reply = Reply {
            status: 200,
            url: None,
            headers: Vec::new(),
            body: Vec::new(),
        };
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            with: Vec::new(),
            reply: Ok(reply),
            times: 1,
            met: 0,
        }
    }

    /// The request has this header. Its name is compared without regard to letter case. Headers that no test names
    /// may be there.
    pub fn with_header(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.want(Wanted::Header {
            name: name.to_owned(),
            value: value.to_string(),
        })
    }

    /// The request has no header of this name.
    pub fn without_header(&mut self, name: &str) -> &mut Self {
        self.want(Wanted::NoHeader(name.to_owned()))
    }

    /// The request carries exactly these bytes, also if it is an upload.
    pub fn with_body(&mut self, body: impl Into<Vec<u8>>) -> &mut Self {
        self.want(Wanted::Body(body.into()))
    }

    /// The request carries this JSON, however it is written.
    pub fn with_json(&mut self, body: Value) -> &mut Self {
        self.want(Wanted::Json(body))
    }

    /// The request is a form of these parts: `json!([{"name": "chat", "content": {"text": "42"}}])`.
    pub fn with_parts(&mut self, parts: Value) -> &mut Self {
        self.want(Wanted::Parts(parts))
    }

    /// The request carries this media.
    pub fn with_media(&mut self, media: &str) -> &mut Self {
        self.want(Wanted::Media(media.to_owned()))
    }

    /// The status of the response.
    pub fn status(&mut self, status: u16) -> &mut Self {
        self.answer(|reply| reply.status = status)
    }

    /// Adds a header to the response.
    pub fn header(&mut self, name: &str, value: impl ToString) -> &mut Self {
        let header = (name.to_owned(), value.to_string());
        self.answer(|reply| reply.headers.push(header))
    }

    /// The body of the response.
    pub fn body(&mut self, body: impl Into<Vec<u8>>) -> &mut Self {
        let body = body.into();
        self.answer(|reply| reply.body = body)
    }

    /// The body of the response as JSON, with its content type.
    pub fn json(&mut self, body: Value) -> &mut Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    /// The address that answers, after redirects.
    pub fn redirected_to(&mut self, url: &str) -> &mut Self {
        let url = url.to_owned();
        self.answer(|reply| reply.url = Some(url))
    }

    /// Answers with an error of the host, such as `refuse("denied", "not granted")`, after which nothing left the
    /// machine.
    pub fn refuse(&mut self, code: &str, message: &str) -> &mut Self {
        self.reply = Err(json!(Refusal::new(code, message)));
        self
    }

    /// How often the request is expected.
    pub fn times(&mut self, times: usize) -> &mut Self {
        self.times = times;
        self
    }

    fn want(&mut self, wanted: Wanted) -> &mut Self {
        self.with.push(wanted);
        self
    }

    fn answer(&mut self, change: impl FnOnce(&mut Reply)) -> &mut Self {
        if let Ok(reply) = &mut self.reply {
            change(reply);
        }
        self
    }

    /// Why a request is not this one; none if it is.
    pub(crate) fn differs(&self, asked: &Asked<'_>) -> Option<String> {
        if self.met >= self.times {
            return Some("it was made as often as expected".to_owned());
        }
        if !self.method.eq_ignore_ascii_case(&asked.method) {
            return Some(format!("the method is {}", asked.method));
        }
        if self.url != asked.url {
            return Some("the address is another one".to_owned());
        }
        self.with.iter().find_map(|wanted| wanted.misses(asked))
    }

    /// The exchange as a person reads it.
    pub(crate) fn write(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

impl Wanted {
    fn misses(&self, asked: &Asked<'_>) -> Option<String> {
        match self {
            Self::Header { name, value } => {
                let found = headers(asked.headers, name);
                let misses = !found.contains(&value.as_str());
                misses.then(|| format!("the header {name} must be {value:?} and is {found:?}"))
            }
            Self::NoHeader(name) => {
                let found = headers(asked.headers, name);
                (!found.is_empty()).then(|| format!("there must be no header {name}, and it is {found:?}"))
            }
            Self::Body(body) => {
                let found = bytes(asked.body);
                let misses = found.as_ref() != Some(body);
                misses.then(|| {
                    let (wanted, found) = (shorten(&tell_bytes(body)), shorten(asked.body));
                    format!("the body must be {wanted} and is {found}")
                })
            }
            Self::Json(wanted) => {
                let found = bytes(asked.body).and_then(|body| serde_json::from_slice::<Value>(&body).ok());
                let fits = found.is_some_and(|found| is_equal(wanted, &found));
                let misfit = || {
                    format!(
                        "the body must be {} and is {}",
                        shorten(wanted),
                        shorten(asked.body)
                    )
                };
                (!fits).then(misfit)
            }
            Self::Parts(wanted) => {
                let found = asked.body.get("multipart").unwrap_or(&Value::Null);
                let misfit = || {
                    format!(
                        "the parts must be {} and are {}",
                        shorten(wanted),
                        shorten(asked.body)
                    )
                };
                (!is_equal(wanted, found)).then(misfit)
            }
            Self::Media(wanted) => {
                let fits = asked.body.get("media").and_then(Value::as_str) == Some(wanted);
                (!fits).then(|| format!("it must carry {wanted} and carries {}", shorten(asked.body)))
            }
        }
    }
}

/// The values of all headers of a name.
fn headers<'a>(headers: &'a Value, name: &str) -> Vec<&'a str> {
    let text = |header: &'a Value, field: &str| header.get(field).and_then(Value::as_str);
    let headers = headers.as_array().into_iter().flatten();
    let named =
        headers.filter(|header| text(header, "name").is_some_and(|found| found.eq_ignore_ascii_case(name)));
    named.filter_map(|header| text(header, "value")).collect()
}

/// The bytes that a body has, if it is one of bytes.
fn bytes(body: &Value) -> Option<Vec<u8>> {
    match body.get("bytes") {
        Some(bytes) => read_bytes(bytes),
        None => (body == "empty").then(Vec::new),
    }
}
