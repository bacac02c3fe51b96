//! What is asked of a way through the gate, and what came of it: the same words for all ways.
//!
//! The guest that carries errands out is built from this very file, so the two sides cannot differ. In a text
//! `{{name}}` stands for the placeholder that an earlier step gave the name to, `{{name<}}` for its first half and
//! `{{name>}}` for the other.

use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Step {
    /// Looks a secret up, so that `{{name}}` stands for it from here on.
    Lookup(String),
    /// Looks up a value inside of a secret, under a name of its own.
    Field {
        /// The secret.
        secret: String,
        /// Where in it.
        pointer: String,
        /// What it is called from here on.
        name: String,
    },
    /// Joins texts, in which placeholders count as secrets, and calls the result by a name.
    Compose {
        /// The parts.
        parts: Vec<String>,
        /// How they are written: `plain`, `base64`, `base64-url`, `hex` or `percent`.
        encoding: String,
        /// What it is called from here on.
        name: String,
    },
    /// Sends a request.
    Send(Box<Send>),
    /// Opens a lasting connection.
    Dial(Box<Dial>),
    /// Computes a code with a key: `hmac`, `sign` with ed25519, or `digest`.
    Code {
        /// Which of them.
        how: String,
        /// The key's placeholder.
        key: String,
        /// What it is about.
        message: String,
    },
    /// Checks a code in hex: `hmac`, or `verify` with the public half of an ed25519 key.
    Check {
        /// Which of them.
        how: String,
        /// The key's placeholder.
        key: String,
        /// What it is about.
        message: String,
        /// The code.
        code: String,
    },
    /// Asks whether a text is the secret.
    Matches {
        /// The secret's placeholder.
        secret: String,
        /// The text.
        candidate: String,
    },
    /// Asks for the value itself.
    Reveal(String),
    /// Writes into the store of the extension.
    Keep {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Forgets a captured secret.
    Forget(String),
}

/// A request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Send {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Headers beside them: how many, and how long the value of each is.
    pub many: (usize, usize),
    /// What it carries.
    pub body: Body,
    /// Its limits.
    pub limits: Limits,
    /// What is taken out of the response.
    pub capture: Option<Capture>,
    /// Whether the body is left unread.
    pub unread: bool,
}

/// What a request carries.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Text at once.
    Text(String),
    /// So many bytes at once.
    Bytes(usize),
    /// Pieces that are written one after the other, with the length that is announced.
    Pieces(Vec<String>, Option<u64>),
    /// The fields of a form with parts.
    Form(Vec<(String, String)>),
}

/// What a request may take. Times are milliseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Limits {
    /// All of it.
    pub total: Option<u64>,
    /// Until there is an answer.
    pub first_byte: Option<u64>,
    /// Between two pieces.
    pub idle: Option<u64>,
    /// Bytes of the response.
    pub response_bytes: Option<u64>,
    /// Redirects that are followed.
    pub redirects: Option<u32>,
}

/// What is taken out of a response.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Capture {
    /// `json`, `header` or `cookie`.
    pub kind: String,
    /// The pointer or the name.
    pub at: String,
    /// What it is called from here on.
    pub name: String,
    /// Whether a byte of the body is read first.
    pub late: bool,
    /// Whether it is to outlive the gateway.
    pub lasting: bool,
}

/// A lasting connection.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Dial {
    /// `ws://…`, `wss://…`, `http://…` for events, or `tcp://HOST:PORT`, `tls://HOST:PORT`, with `+bytes` behind the
    /// scheme where frames are bytes.
    pub url: String,
    /// Headers of the opening request.
    pub headers: Vec<(String, String)>,
    /// Subprotocols to offer.
    pub subprotocols: Vec<String>,
    /// The name that a certificate must have, where it is another.
    pub server_name: Option<String>,
    /// Texts to send. One that begins with `0x:` is sent as bytes without that.
    pub frames: Vec<String>,
    /// Frames to wait for.
    pub receive: usize,
    /// Bytes of an arriving frame.
    pub frame_bytes: Option<u64>,
    /// Until it is open, in milliseconds.
    pub open: Option<u64>,
}

/// What came of a step.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Answer {
    /// The status of a response; 101 for a connection.
    pub status: u16,
    /// The address that answered.
    pub url: String,
    /// The headers of a response.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, the frames with a line break between them, or whatever else was said.
    pub body: String,
    /// How long the body was.
    pub length: usize,
    /// Why it failed.
    pub error: Option<Failed>,
}

/// Why a step failed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Failed {
    /// The code, as this way spells it.
    pub code: String,
    /// The message, where this way has one.
    pub message: String,
    /// `yes`, `no` or `unknown`, where this way says it.
    pub sent: String,
}

/// What is shown of a body.
pub const SHOWN: usize = 4096;

impl Answer {
    /// Something that was said.
    pub fn said(text: impl Into<String>) -> Self {
        Self {
            body: text.into(),
            ..Self::default()
        }
    }

    /// A failure.
    pub fn failed(code: &str, message: &str, sent: &str) -> Self {
        Self {
            error: Some(Failed {
                code: code.to_owned(),
                message: message.to_owned(),
                sent: sent.to_owned(),
            }),
            ..Self::default()
        }
    }

    /// Adds bytes of a body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        let room = SHOWN.saturating_sub(self.body.len());
        let shown = bytes.get(..room).unwrap_or(bytes);
        self.body.push_str(&String::from_utf8_lossy(shown));
    }
}

/// What names stand for.
#[derive(Default)]
pub struct Names(Vec<(String, String)>);

impl Names {
    /// Gives a placeholder a name.
    pub fn put(&mut self, name: &str, placeholder: &str) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), placeholder.to_owned()));
    }

    /// A text with the placeholders in it.
    pub fn fill(&self, text: &str) -> String {
        let put = |text: String, (name, placeholder): &(String, String)| {
            let halves = placeholder
                .split_at_checked(placeholder.len() / 2)
                .unwrap_or_default();
            text.replace(&format!("{{{{{name}}}}}"), placeholder)
                .replace(&format!("{{{{{name}<}}}}"), halves.0)
                .replace(&format!("{{{{{name}>}}}}"), halves.1)
        };
        self.0.iter().fold(text.to_owned(), put)
    }

    /// Headers with the placeholders in them, and those that only count.
    pub fn headers(&self, send: &Send) -> Vec<(String, String)> {
        let own = send
            .headers
            .iter()
            .map(|(name, value)| (self.fill(name), self.fill(value)));
        let (count, length) = send.many;
        let many = (0..count).map(|number| (format!("x-{number}"), "a".repeat(length)));
        own.chain(many).collect()
    }

    /// Whether a part of something composed is a placeholder.
    pub fn is_placeholder(&self, text: &str) -> bool {
        self.0.iter().any(|(_, placeholder)| placeholder == text)
    }
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that a text in hex stands for; what is no hex is left out.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16)?.try_into().ok())
        .collect();
    let (pairs, _) = digits.as_chunks::<2>();
    pairs.iter().map(|[high, low]| high * 16 + low).collect()
}
