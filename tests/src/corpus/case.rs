//! A case: a promise, what is done, what must come of it, and what the servers may have seen of it.

use super::errand::{Answer, Body, Capture, Dial, Limits, Send, Step};
use super::grants::Grant;
use super::hear::Heard;
use super::script::Script;

/// A way out of a component.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// The gate's own API.
    Native,
    /// A guest with `openclaw:http`.
    Typed,
    /// A guest with `wasi:http`.
    Standard,
    /// A guest with `openclaw:sockets`, which opens a WebSocket where a request is asked for.
    Dial,
}

/// All that send requests.
const SENDING: &[Way] = &[Way::Native, Way::Typed, Way::Standard];
/// Those that send requests and read texts for people.
pub(crate) const TYPED: &[Way] = &[Way::Native, Way::Typed];
/// Those that open lasting connections.
pub(crate) const LASTING: &[Way] = &[Way::Native, Way::Dial];
/// Every one.
const ALL: &[Way] = &[Way::Native, Way::Typed, Way::Standard, Way::Dial];

/// A failure, in the spellings of all ways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The gate's kind, which is the code of the typed interfaces.
    pub(crate) kind: &'static str,
    /// What its message says.
    pub(crate) words: &'static str,
    /// The codes of the standard interface.
    pub(crate) standard: &'static [&'static str],
    /// Whether something had left, where it is told.
    pub(crate) sent: &'static str,
}

impl Fault {
    const fn new(kind: &'static str, words: &'static str, standard: &'static [&'static str]) -> Self {
        Self {
            kind,
            words,
            standard,
            sent: "No",
        }
    }

    /// The same with other words.
    pub(crate) const fn saying(self, words: &'static str) -> Self {
        Self { words, ..self }
    }

    /// The same when something had left: `Yes` or `Unknown`.
    pub(crate) const fn after(self, sent: &'static str) -> Self {
        Self { sent, ..self }
    }

    fn check(&self, way: Way, answer: &Answer) -> Result<(), String> {
        let Some(error) = &answer.error else {
            return Err(format!("no failure, but {answer:?}"));
        };
        let holds = match way {
            // Of a failure in the middle of a body this interface tells no code.
            Way::Standard if answer.status > 0 => error.code == "Unnamed" && !error.message.is_empty(),
            Way::Standard => self.standard.contains(&error.code.as_str()),
            _ => error.code == self.kind && error.message.contains(self.words) && error.sent == self.sent,
        };
        match holds {
            true => Ok(()),
            false => Err(format!("another failure: {error:?} instead of {self:?}")),
        }
    }
}

pub(crate) const URL: Fault = Fault::new("Invalid", "the URL", &["HttpRequestUriInvalid", "NotTaken"]);
pub(crate) const METHOD: Fault =
    Fault::new("Invalid", "the method", &["HttpRequestMethodInvalid", "NotTaken"]);
pub(crate) const HEADER: Fault = Fault::new("Invalid", "the header", &["HttpRequestDenied", "NotTaken"]);
pub(crate) const REQUEST: Fault = Fault::new("Invalid", "the request", &["InternalError"]);
pub(crate) const NOT_GRANTED: Fault = Fault::new("Denied", "is not granted", &["HttpRequestDenied"]);
pub(crate) const NOT_PUBLIC: Fault = Fault::new("Denied", "not public", &["DestinationIpProhibited"]);
pub(crate) const SECRET: Fault = Fault::new("Denied", "", &["HttpRequestDenied"]);
pub(crate) const UNFIT: Fault = Fault::new("Invalid", "cannot stand in", &["HttpRequestDenied"]);
pub(crate) const RESOLVE: Fault = Fault::new("Unavailable", "was not resolved", &["DnsError"]);
pub(crate) const CONNECT: Fault = Fault::new("Unavailable", "no connection", &["ConnectionRefused"]);
pub(crate) const TLS: Fault = Fault::new("Protocol", "no secure connection", &["TlsCertificateError"]);
pub(crate) const PEER: Fault = Fault::new("Protocol", "", &["HttpProtocolError"]).after("Yes");
pub(crate) const REDIRECTS: Fault =
    Fault::new("Protocol", "redirected more than", &["LoopDetected"]).after("Yes");
pub(crate) const BODY: Fault = Fault::new("TooLarge", "was not granted", &["HttpRequestBodySize"]);
pub(crate) const TOO_LARGE: Fault = Fault::new(
    "TooLarge",
    "there is more",
    &[
        "HttpRequestHeaderSectionSize",
        "HttpResponseHeaderSectionSize",
        "HttpRequestUriTooLong",
        "HttpResponseBodySize",
    ],
);
pub(crate) const RATE: Fault = Fault::new(
    "RateLimited",
    "the next may be sent in",
    &["ConnectionLimitReached"],
);
pub(crate) const FIRST_BYTE: Fault =
    Fault::new("Timeout", "no answer began", &["HttpResponseTimeout"]).after("Unknown");
pub(crate) const IDLE: Fault =
    Fault::new("Timeout", "nothing more came", &["ConnectionReadTimeout"]).after("Yes");
pub(crate) const TOTAL: Fault = Fault::new("Timeout", "not finished", &["HttpResponseTimeout"]).after("Yes");
pub(crate) const NO_NAME: Fault = Fault::new("Timeout", "the name was not resolved", &["DnsTimeout"]);
pub(crate) const LATE: Fault = Fault::new("Conflict", "already being read", &[]).after("Yes");
pub(crate) const NOT_FOUND: Fault = Fault::new("NotFound", "", &["NotFound"]);

pub(crate) const CLOSED: Fault = Fault::new("Closed", "is closed", &["ConnectionTerminated"]).after("Yes");

/// What must come of a step.
#[derive(Clone, Debug)]
pub(crate) enum Want {
    /// A response with this status; for a lasting connection that it opened.
    Status(u16),
    /// That, with this in its body.
    Body(u16, &'static str),
    /// That, and a body that breaks off.
    Broken(u16, Fault),
    /// A failure.
    Fails(Fault),
    /// Something that was said.
    Says(&'static str),
    /// Something that did not fail.
    Done,
}

/// What is left of a text in what a guest says: a placeholder and a value that was revealed are names there.
fn shown(way: Way, text: &str) -> String {
    match way {
        Way::Native => text.to_owned(),
        _ => text
            .replace("ocsecret_", "[secret:")
            .replace(REVEALED, "[secret:shown]"),
    }
}

/// The value of the one secret that may be revealed.
const REVEALED: &str = "a-value-that-may-be-seen-1414";

impl Want {
    fn check(&self, way: Way, answer: &Answer) -> Result<(), String> {
        let status = |wanted: u16| match way {
            Way::Dial => answer.status == 101,
            _ => answer.status == wanted || (way == Way::Native && answer.status == 101),
        };
        let holds = match self {
            Self::Fails(fault) => return fault.check(way, answer),
            Self::Broken(wanted, fault) if status(*wanted) => return fault.check(way, answer),
            Self::Broken(..) => false,
            Self::Status(wanted) => answer.error.is_none() && status(*wanted),
            Self::Body(wanted, text) => {
                answer.error.is_none()
                    && status(*wanted)
                    && (way == Way::Dial || answer.body.contains(&shown(way, text)))
            }
            Self::Says(text) => answer.error.is_none() && answer.body.contains(&shown(way, text)),
            Self::Done => answer.error.is_none(),
        };
        match holds {
            true => Ok(()),
            false => Err(format!("{answer:?} instead of {self:?}")),
        }
    }
}

/// What is known when a case is over.
pub(crate) struct Outcome {
    /// What came of the steps.
    pub(crate) answers: Vec<Answer>,
    /// What servers heard.
    pub(crate) heard: Vec<Heard>,
    /// Lines of the ledger.
    pub(crate) lines: Vec<String>,
}

/// A look at the outcome that finds what is wrong.
type Look = fn(&Outcome) -> Result<(), String>;

/// A case.
pub(crate) struct Case {
    pub(crate) promise: &'static str,
    pub(crate) ways: &'static [Way],
    pub(crate) grant: Grant,
    pub(crate) scripts: Vec<(&'static str, Vec<Script>)>,
    pub(crate) names: Vec<(&'static str, Vec<&'static str>)>,
    pub(crate) steps: Vec<(Step, Want)>,
    seen: Vec<String>,
    unseen: Vec<String>,
    told: Vec<&'static str>,
    connections: Option<usize>,
    passages: Option<usize>,
    lines: Vec<&'static str>,
    look: Option<Look>,
}

/// A case for all ways that send requests.
pub(crate) fn case(promise: &'static str) -> Case {
    Case {
        promise,
        ways: SENDING,
        grant: Grant::Usual,
        scripts: Vec::new(),
        names: Vec::new(),
        steps: Vec::new(),
        seen: Vec::new(),
        unseen: Vec::new(),
        told: Vec::new(),
        connections: None,
        passages: None,
        lines: Vec::new(),
        look: None,
    }
}

/// A GET.
pub(crate) fn get(url: &str) -> Send {
    ask("GET", url)
}

/// A request.
pub(crate) fn ask(method: &str, url: &str) -> Send {
    Send {
        method: method.to_owned(),
        url: url.to_owned(),
        ..Send::default()
    }
}

/// A lasting connection.
pub(crate) fn line(url: &str, frames: &[&str], receive: usize) -> Dial {
    Dial {
        url: url.to_owned(),
        frames: frames.iter().map(|frame| (*frame).to_owned()).collect(),
        receive,
        ..Dial::default()
    }
}

impl Send {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.text("application/json", body)
    }

    pub(crate) fn text(mut self, kind: &str, body: &str) -> Self {
        self.body = Body::Text(body.to_owned());
        self.header("content-type", kind)
    }

    pub(crate) fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub(crate) fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn capture(mut self, kind: &str, at: &str, late: bool) -> Self {
        self.capture = Some(Capture {
            kind: kind.to_owned(),
            at: at.to_owned(),
            name: "fresh".to_owned(),
            late,
            lasting: false,
        });
        self
    }
}

impl Case {
    pub(crate) fn ways(mut self, ways: &'static [Way]) -> Self {
        self.ways = ways;
        self
    }

    /// A WebSocket is treated the same.
    pub(crate) fn also_dials(self) -> Self {
        self.ways(ALL)
    }

    pub(crate) fn wide(mut self) -> Self {
        self.grant = Grant::Wide;
        self
    }

    /// What the servers do for a path; the last of several stays.
    pub(crate) fn serves(mut self, path: &'static str, script: Script) -> Self {
        match self.scripts.iter_mut().find(|(known, _)| *known == path) {
            Some((_, scripts)) => scripts.push(script),
            None => self.scripts.push((path, vec![script])),
        }
        self
    }

    /// What a name means, look-up after look-up.
    pub(crate) fn name(mut self, name: &'static str, answers: &[&'static str]) -> Self {
        self.names.push((name, answers.to_vec()));
        self
    }

    pub(crate) fn step(mut self, step: Step, want: Want) -> Self {
        self.steps.push((step, want));
        self
    }

    pub(crate) fn send(self, send: Send, want: Want) -> Self {
        self.step(Step::Send(Box::new(send)), want)
    }

    pub(crate) fn get(self, url: &str, want: Want) -> Self {
        self.send(get(url), want)
    }

    pub(crate) fn fails(self, url: &str, fault: Fault) -> Self {
        self.send(get(url), Want::Fails(fault))
    }

    pub(crate) fn dial(self, dial: Dial, want: Want) -> Self {
        self.step(Step::Dial(Box::new(dial)), want)
    }

    /// Looks up a secret that is there.
    pub(crate) fn knows(self, name: &str) -> Self {
        self.step(Step::Lookup(name.to_owned()), Want::Says("ocsecret_"))
    }

    /// A server heard this.
    pub(crate) fn seen(mut self, text: impl Into<String>) -> Self {
        self.seen.push(text.into());
        self
    }

    /// No server heard this.
    pub(crate) fn unseen(mut self, text: impl Into<String>) -> Self {
        self.unseen.push(text.into());
        self
    }

    /// The extension was told this.
    pub(crate) fn told(mut self, text: &'static str) -> Self {
        self.told.push(text);
        self
    }

    /// No connection arrived anywhere.
    pub(crate) fn untouched(self) -> Self {
        self.connections(0)
    }

    pub(crate) fn connections(mut self, count: usize) -> Self {
        self.connections = Some(count);
        self
    }

    /// How many lines the ledger has, where it is not one for each step that sends.
    pub(crate) fn passages(mut self, count: usize) -> Self {
        self.passages = Some(count);
        self
    }

    /// A line of the ledger begins so.
    pub(crate) fn line(mut self, line: &'static str) -> Self {
        self.lines.push(line);
        self
    }

    pub(crate) fn look(mut self, look: Look) -> Self {
        self.look = Some(look);
        self
    }

    /// Finds what is wrong.
    pub(crate) fn check(&self, way: Way, outcome: &Outcome, arrived: &[std::net::SocketAddr]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (number, ((_, want), answer)) in self.steps.iter().zip(&outcome.answers).enumerate() {
            if let Err(why) = want.check(way, answer) {
                wrong.push(format!("step {}: {why}", number + 1));
            }
        }
        // Names of headers are written in either case.
        let all: Vec<_> = outcome
            .heard
            .iter()
            .map(|heard| heard.text.to_lowercase())
            .collect();
        let heard = |text: &String| all.iter().any(|heard| heard.contains(&text.to_lowercase()));
        wrong.extend(
            self.seen
                .iter()
                .filter(|text| !heard(text))
                .map(|text| format!("no server heard {text:?}")),
        );
        wrong.extend(
            self.unseen
                .iter()
                .filter(|text| heard(text))
                .map(|text| format!("a server heard {text:?}")),
        );
        for told in &self.told {
            let answers = format!("{:?}", outcome.answers);
            if !answers.contains(&shown(way, told)) {
                wrong.push(format!("the extension was not told {told:?}: {answers}"));
            }
        }
        if self.connections.is_some_and(|count| count != arrived.len()) {
            wrong.push(format!("connections arrived at {arrived:?}"));
        }
        let reached = |(step, answer): &(&(Step, Want), &Answer)| {
            let is_sent = matches!(step.0, Step::Send(_) | Step::Dial(_));
            is_sent && answer.error.as_ref().is_none_or(|error| error.code != "NotTaken")
        };
        let passages = self.steps.iter().zip(&outcome.answers).filter(reached).count();
        if self.passages.unwrap_or(passages) != outcome.lines.len() {
            wrong.push(format!("the ledger has {:?}", outcome.lines));
        }
        for wanted in &self.lines {
            if !outcome.lines.iter().any(|line| line.starts_with(wanted)) {
                wrong.push(format!(
                    "no line of the ledger begins with {wanted:?}: {:?}",
                    outcome.lines
                ));
            }
        }
        wrong.extend(
            outcome
                .lines
                .iter()
                .filter(|line| place_of(line).contains('?'))
                .map(|line| format!("a line of the ledger has a query: {line}")),
        );
        wrong.extend(self.look.and_then(|look| look(outcome).err()));
        wrong
    }
}

fn place_of(line: &str) -> &str {
    line.split(' ').nth(1).unwrap_or_default()
}
