//! Steps that a test writes, and what came of each.

use std::cell::{Cell, RefCell};

use serde::Deserialize;
use serde_json::{Value, json};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, FutureIncomingResponse, OutgoingRequest, Scheme};

use crate::bindings::exports::openclaw::channel::adapter::Error;
use crate::bindings::openclaw::channel::health::{AccountStatus, report};
use crate::bindings::openclaw::channel::state;
use crate::bindings::openclaw::context::call;
use crate::bindings::openclaw::http::types::{Body, Method, Request, RequestLimits, Response};
use crate::bindings::openclaw::http::{background, client};
use crate::bindings::openclaw::kv::store;
use crate::bindings::openclaw::messaging::delivery::deliver;
use crate::bindings::openclaw::secrets::placeholders;
use crate::bindings::openclaw::secrets::types::{Encoding, SecretPart};
use crate::bindings::openclaw::sockets::connections;
use crate::bindings::openclaw::sockets::types::{
    ConnectionId, ConnectionLimits, Endpoint, EventEndpoint, Frame, Framing, TcpEndpoint, TlsMode,
    WebsocketEndpoint,
};
use crate::bindings::openclaw::timers::schedule;
use crate::bindings::openclaw::types::errors::ErrorCode;
use crate::bindings::openclaw::types::values::Pattern;
use crate::{deliver, failure};

thread_local! {
    /// What a parrot should not have: something that it remembers by itself.
    static CALLS: Cell<u32> = const { Cell::new(0) };
    static HELD: RefCell<Vec<Response>> = const { RefCell::new(Vec::new()) };
    static LINGERING: RefCell<Vec<FutureIncomingResponse>> = const { RefCell::new(Vec::new()) };
    static EATEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// From whom and where a message is said to come.
#[derive(Deserialize)]
pub(crate) struct Claim {
    pub(crate) from: String,
    pub(crate) also: Vec<String>,
    pub(crate) to: String,
    pub(crate) thread: Option<String>,
    pub(crate) group: bool,
}

/// Something to do.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Step {
    Save {
        text: String,
    },
    Load,
    MoveCursor {
        name: String,
        to: String,
    },
    Cursors,
    SetTimer {
        name: String,
        after: u64,
    },
    CancelTimer {
        name: String,
    },
    Timers,
    Deliver {
        id: String,
        text: String,
        handle: Option<String>,
        remote: Option<String>,
        deferred: Option<String>,
        media: Option<String>,
        claim: Option<Claim>,
    },
    Start {
        token: String,
        url: String,
    },
    Cancel {
        token: String,
    },
    InFlight,
    Get {
        url: String,
    },
    Hold {
        url: String,
    },
    /// Begins a request of the standard's and does not wait for it.
    Linger {
        authority: String,
        path: String,
    },
    Put {
        key: String,
        value: String,
    },
    Read {
        key: String,
    },
    Swap {
        key: String,
        expected: Option<String>,
        value: Option<String>,
    },
    Delete {
        key: String,
    },
    List {
        prefix: String,
        after: Option<String>,
        limit: u32,
    },
    Open {
        name: String,
        url: Option<String>,
        port: Option<u16>,
        options: Option<Options>,
    },
    KeepAlive {
        name: String,
        every: u64,
        patience: u64,
    },
    Send {
        name: String,
        frames: Vec<String>,
        serial: Option<u64>,
    },
    Ask {
        name: String,
        question: String,
        answer: String,
        wait: u64,
    },
    Close {
        name: String,
    },
    Find {
        name: String,
    },
    Health {
        word: String,
    },
    Many(Many),
    Context,
    Count,
    Eat {
        bytes: usize,
    },
    Wait {
        millis: u64,
    },
    Fail {
        code: String,
    },
    Trap,
    Spin,
}

/// Something to do many times.
#[derive(Deserialize)]
struct Many {
    what: String,
    count: u32,
    /// The number in the name of the first.
    #[serde(default)]
    from: u32,
    /// Where connections go to.
    url: Option<String>,
    /// Whether it goes on behind what is refused.
    #[serde(default)]
    stubborn: bool,
}

/// How a connection is treated.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    every: Option<u64>,
    patience: u64,
    beat: Option<String>,
    ping: bool,
    alive: Option<String>,
    quiet: bool,
    replies: Vec<(String, String)>,
    burst: Option<u32>,
    pause: u64,
}

/// Does steps and gives what came of them, as JSON. A step that is refused is told, and the next one is done; only
/// the ones that say so end all.
pub(crate) fn run(steps: &str) -> Result<String, Error> {
    let mut steps = steps.to_owned();
    for (mark, joined) in [("${token}", false), ("${joined}", true)] {
        if steps.contains(mark) {
            steps = steps.replace(mark, &placeholder(joined)?);
        }
    }
    let steps: Vec<Step> =
        serde_json::from_str(&steps).map_err(|error| failure(ErrorCode::Invalid, &error.to_string()))?;
    let mut said = Vec::with_capacity(steps.len());
    for step in steps {
        if let Step::Fail { code } = &step {
            let code = match code.as_str() {
                "unavailable" => ErrorCode::Unavailable,
                _ => ErrorCode::Internal,
            };
            return Err(failure(code, "told to fail"));
        }
        said.push(match take(step) {
            Ok(value) => value,
            Err(error) => json!({"refused": format!("{:?}", error.code), "message": error.message}),
        });
    }
    Ok(Value::from(said).to_string())
}

/// What stands for the secret, alone or joined with something. A test never sees it, because the host does not let it
/// out.
fn placeholder(joined: bool) -> Result<String, Error> {
    let token = placeholders::lookup("token")?;
    match joined {
        false => Ok(token),
        true => {
            let parts = [SecretPart::Text("bot".to_owned()), SecretPart::Secret(token)];
            placeholders::compose(&parts, Encoding::Plain)
        }
    }
}

fn request(url: String) -> Request {
    Request {
        method: Method::Get,
        url,
        headers: Vec::new(),
        body: Body::Empty,
        limits: RequestLimits {
            total: None,
            first_byte: None,
            idle: None,
            response_bytes: None,
            redirects: None,
        },
    }
}

fn text(bytes: &[u8]) -> Value {
    json!(String::from_utf8_lossy(bytes))
}

fn bytes(text: Option<String>) -> Option<Vec<u8>> {
    text.map(String::into_bytes)
}

fn found(name: &str, serial: Option<u64>) -> Result<ConnectionId, Error> {
    let named = |serial| ConnectionId {
        name: name.to_owned(),
        serial,
    };
    let found = serial.map(named).or_else(|| connections::find(name));
    found.ok_or_else(|| failure(ErrorCode::NotFound, "there is no such connection"))
}

fn options(options: Option<Options>) -> connections::ConnectionOptions {
    let options = options.unwrap_or_default();
    let alive = |alive: Option<String>| alive.map_or(Pattern::Anything, Pattern::StartsWith);
    let heartbeat = match (options.beat, options.ping) {
        (Some(beat), _) => connections::Heartbeat::Fixed(Frame::Text(beat)),
        (None, true) => connections::Heartbeat::Ping,
        (None, false) => connections::Heartbeat::Silent,
    };
    connections::ConnectionOptions {
        keep_alive: options.every.map(|every| connections::KeepAlive {
            heartbeat,
            every,
            first_after: None,
            alive_on: alive(options.alive),
            patience: options.patience,
            quiet: options.quiet,
        }),
        auto_replies: options
            .replies
            .into_iter()
            .map(|(prefix, answer)| connections::AutoReply { prefix, answer })
            .collect(),
        pace: options.burst.map(|burst| connections::Pace {
            burst,
            every: options.pause,
        }),
        limits: ConnectionLimits {
            open: None,
            frame_bytes: None,
        },
    }
}

fn endpoint(url: Option<String>, port: Option<u16>) -> Endpoint {
    let headers = Vec::new();
    match (url, port) {
        (Some(url), _) if url.starts_with("http") => Endpoint::Events(EventEndpoint { url, headers }),
        (Some(url), _) => Endpoint::Websocket(WebsocketEndpoint {
            url,
            headers,
            subprotocols: Vec::new(),
        }),
        (None, port) => Endpoint::Tcp(TcpEndpoint {
            host: "127.0.0.1".to_owned(),
            port: port.unwrap_or_default(),
            tls: TlsMode::Never,
            framing: Framing::Lines,
        }),
    }
}

fn take(step: Step) -> Result<Value, Error> {
    Ok(match step {
        Step::Save { text } => json!(state::save(text.as_bytes()).map(|()| "saved")?),
        Step::Load => state::load()?.map_or(Value::Null, |state| text(&state)),
        Step::MoveCursor { name, to } => json!(state::move_cursor(&name, &to).map(|()| "moved")?),
        Step::Cursors => {
            let cursors = state::list_cursors()?.into_iter();
            cursors
                .map(|cursor| (cursor.name, json!(cursor.position)))
                .collect()
        }
        Step::SetTimer { name, after } => json!(schedule::set_after(&name, after).map(|()| "set")?),
        Step::CancelTimer { name } => json!(schedule::cancel(&name)?),
        Step::Timers => schedule::pending()
            .into_iter()
            .map(|timer| json!(timer.name))
            .collect(),
        Step::Deliver {
            id,
            text,
            handle,
            remote,
            deferred,
            media,
            claim,
        } => {
            let mut message = deliver::message(&id, &text, (handle, remote, deferred), media);
            if let Some(claim) = claim {
                deliver::pretend(&mut message, claim);
            }
            json!(deliver(&[message]).map(|()| "delivered")?)
        }
        Step::Start { token, url } => json!(background::start(&token, &request(url)).map(|()| "started")?),
        Step::Cancel { token } => json!(background::cancel(&token).map(|()| "cancelled")?),
        Step::InFlight => json!(background::in_flight()),
        Step::Get { url } => json!(client::send(&request(url))?.status()),
        Step::Hold { url } => {
            let response = client::send(&request(url))?;
            HELD.with_borrow_mut(|held| held.push(response));
            json!("held")
        }
        Step::Linger { authority, path } => {
            let request = OutgoingRequest::new(Fields::new());
            let told = [
                request.set_scheme(Some(&Scheme::Http)),
                request.set_authority(Some(&authority)),
                request.set_path_with_query(Some(&path)),
            ];
            match handle(request, None) {
                Ok(pending) if told.iter().all(Result::is_ok) => {
                    LINGERING.with_borrow_mut(|lingering| lingering.push(pending));
                    json!("lingers")
                }
                other => json!(format!("{told:?} {:?}", other.err())),
            }
        }
        Step::Put { key, value } => json!(store::set(&key, value.as_bytes()).map(|()| "put")?),
        Step::Read { key } => store::get(&key)?.map_or(Value::Null, |value| text(&value)),
        Step::Swap { key, expected, value } => {
            json!(store::swap(
                &key,
                bytes(expected).as_deref(),
                bytes(value).as_deref()
            )?)
        }
        Step::Delete { key } => json!(store::delete(&key)?),
        Step::List { prefix, after, limit } => {
            let entries = store::list_entries(&prefix, after.as_deref(), limit)?;
            json!(entries.iter().map(|entry| &entry.key).collect::<Vec<_>>())
        }
        Step::Open {
            name,
            url,
            port,
            options: how,
        } => {
            json!(connections::open(&name, &endpoint(url, port), &options(how)).map(|()| "opening")?)
        }
        Step::KeepAlive {
            name,
            every,
            patience,
        } => {
            let kept = options(Some(Options {
                every: Some(every),
                patience,
                ..Options::default()
            }));
            let id = found(&name, None)?;
            json!(connections::set_keep_alive(&id, kept.keep_alive.as_ref()).map(|()| "kept")?)
        }
        Step::Send { name, frames, serial } => {
            let frames: Vec<_> = frames.into_iter().map(Frame::Text).collect();
            json!(connections::send(&found(&name, serial)?, &frames).map(|()| "sent")?)
        }
        Step::Ask {
            name,
            question,
            answer,
            wait,
        } => {
            let asked = connections::ask(
                &found(&name, None)?,
                &Frame::Text(question),
                &Pattern::StartsWith(answer),
                wait,
            );
            match asked? {
                Frame::Text(text) => json!(text),
                _ => json!("no text"),
            }
        }
        Step::Close { name } => {
            json!(connections::close(&found(&name, None)?, 1000, "done").map(|()| "closing")?)
        }
        Step::Find { name } => connections::find(&name).map_or(Value::Null, |id| json!(id.serial)),
        Step::Health { word } => {
            report(&match word.as_str() {
                "connected" => AccountStatus::Connected,
                other => AccountStatus::Degraded(other.to_owned()),
            });
            json!("reported")
        }
        Step::Many(many) => many.run()?,
        Step::Context => {
            let context = call::current();
            json!({
                "channel": context.channel(),
                "account": context.account(),
                "key": context.idempotency_key(),
                "attempt": context.attempt(),
            })
        }
        Step::Count => {
            CALLS.set(CALLS.get() + 1);
            json!(CALLS.get())
        }
        Step::Eat { bytes } => {
            EATEN.with_borrow_mut(|eaten| eaten.resize(bytes, 1));
            json!("eaten")
        }
        Step::Wait { millis } => {
            std::thread::sleep(std::time::Duration::from_millis(millis));
            json!("waited")
        }
        Step::Fail { .. } => Value::Null,
        #[expect(clippy::panic, reason = "it is told to")]
        Step::Trap => panic!("told to break off"),
        Step::Spin => loop {
            std::hint::black_box(());
        },
    })
}

impl Many {
    /// How many were taken and how the first was refused that was. That one is the last, unless it is stubborn.
    fn run(&self) -> Result<Value, Error> {
        let (mut taken, mut refused) = (0, None);
        for n in self.from..self.from + self.count {
            match self.once(n) {
                Ok(()) => taken += 1,
                Err(error) => {
                    refused.get_or_insert_with(|| format!("{:?}", error.code));
                    if !self.stubborn {
                        break;
                    }
                }
            }
        }
        Ok(match refused {
            Some(refused) => json!({"taken": taken, "refused": refused}),
            None => json!({"taken": taken}),
        })
    }

    fn once(&self, n: u32) -> Result<(), Error> {
        match self.what.as_str() {
            "deliver" => deliver(&[deliver::message(&format!("m{n}"), "hi", (None, None, None), None)]),
            // Long enough to be counted before they fire, also by a test that waits for a disk.
            "timer" => schedule::set_after(&format!("t{n}"), 4000),
            "cursor" => state::move_cursor(&format!("c{n}"), "1"),
            "request" => background::start(&format!("r{n}"), &request("http://127.0.0.1:9/".to_owned())),
            "socket" => {
                let url = self.url.clone().unwrap_or_else(|| "ws://127.0.0.1:9/".to_owned());
                connections::open(&format!("s{n}"), &endpoint(Some(url), None), &options(None))
            }
            "key" => store::set(&format!("k{n}"), b"v"),
            _ => Err(failure(ErrorCode::Invalid, "nobody knows that")),
        }
    }
}
