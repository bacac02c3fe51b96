//! Hosts, connections and secrets in words.

use super::{Line, ROOM, Severity, Words, join, pieces, quote};
use crate::account::Port;
use crate::capability::http::{HttpRule, Scheme};
use crate::capability::secrets::{Place, SecretRule};
use crate::capability::sockets::{SocketRule, Transport};
use crate::capability::{Http, Secrets, Sockets};
use crate::host::HostPattern;
use crate::request_path::PathPattern;
use crate::units::Bytes;

/// Bodies above this deserve care: they are more than all that a call may usually move.
const LARGE_BODY: Bytes = Bytes::mebi(256);

/// A host with the port, if it is another than the usual one.
fn name_endpoint(host: &HostPattern, port: &Port, usual: Option<u16>) -> String {
    let name = match host {
        HostPattern::Exact(host) => host.to_string(),
        HostPattern::Below(parent) => format!("every host below {}", parent.as_str()),
        HostPattern::Any => "every host".to_owned(),
        HostPattern::Account(field) => format!("the server you configure ({})", field.key()),
    };
    match port {
        Port::Number(number) if Some(number.get()) != usual => format!("{name}, port {number},"),
        Port::Account(field) => format!("{name}, at the port you configure ({}),", field.key()),
        _ => name,
    }
}

fn judge_host(host: &HostPattern, private: bool) -> Severity {
    let by_name = matches!(host, HostPattern::Exact(host) if host.is_private_by_name());
    match host {
        _ if private || by_name || host.is_shared() => Severity::Danger,
        HostPattern::Any | HostPattern::Below(_) => Severity::Caution,
        HostPattern::Exact(_) | HostPattern::Account(_) => Severity::Plain,
    }
}

/// What a private rule adds.
fn tell_private(private: bool) -> &'static str {
    match private {
        true => ", even on this machine or its own network",
        false => "",
    }
}

/// A path as it stands, or in quotes if it has marks that a sentence has too.
fn tell_path(path: &PathPattern) -> String {
    let text = path.to_string();
    let marks = |c: char| !c.is_ascii_alphanumeric() && !"/-_.~*:@%$&=+!".contains(c);
    match text.contains(marks) {
        true => quote(&text, ROOM),
        false => text,
    }
}

fn tell_paths<'p>(paths: impl IntoIterator<Item = &'p PathPattern>) -> Vec<String> {
    let paths: Vec<_> = paths.into_iter().collect();
    // Everything is told by saying nothing, whatever stands beside it.
    if paths.iter().any(|path| path.is_everything()) {
        return vec![String::new()];
    }
    let shown = paths.into_iter().map(tell_path);
    pieces(shown, ROOM)
        .iter()
        .map(|piece| format!(" under {}", join(piece)))
        .collect()
}

impl Words for HttpRule {
    fn lines(&self) -> Vec<Line> {
        let endpoint = name_endpoint(&self.host, &self.port, Some(self.scheme.port()));
        let open = match self.scheme {
            Scheme::Https => Severity::Plain,
            Scheme::Http => Severity::Caution,
        };
        let large = match self.max_body > LARGE_BODY {
            true => Severity::Caution,
            false => Severity::Plain,
        };
        let severity = judge_host(&self.host, self.private).max(open).max(large);
        let body = match self.max_body == Bytes::mebi(10) {
            true => String::new(),
            false => format!(", bodies up to {}", self.max_body),
        };
        let mut lines = Vec::new();
        for methods in pieces(&self.methods, ROOM) {
            for paths in tell_paths(&self.paths) {
                let private = tell_private(self.private);
                let text = format!(
                    "talk to {endpoint} over {} ({}{paths}){body}{private}",
                    self.scheme,
                    methods.join(", ")
                );
                lines.push(Line::new(severity, &text));
            }
        }
        lines
    }
}

impl Words for Http {
    fn lines(&self) -> Vec<Line> {
        self.rules().iter().flat_map(Words::lines).collect()
    }
}

impl Words for SocketRule {
    fn lines(&self) -> Vec<Line> {
        let endpoint = name_endpoint(&self.host, &self.port, self.transport.port());
        let how = match self.transport {
            Transport::Wss => "over an encrypted WebSocket",
            Transport::Ws => "over a WebSocket that is not encrypted",
            Transport::Tls => "over an encrypted connection",
            Transport::Tcp => "over a connection that is not encrypted",
        };
        let open = match self.transport.is_encrypted() {
            true => Severity::Plain,
            false => Severity::Caution,
        };
        let severity = judge_host(&self.host, self.private).max(open);
        let private = tell_private(self.private);
        let line = |paths| {
            Line::new(
                severity,
                &format!("stay connected to {endpoint} {how}{paths}{private}"),
            )
        };
        tell_paths(&self.paths).into_iter().map(line).collect()
    }
}

impl Words for Sockets {
    fn lines(&self) -> Vec<Line> {
        self.rules().iter().flat_map(Words::lines).collect()
    }
}

fn tell_place(place: &Place) -> String {
    match place {
        Place::Header(name) => format!("the header {name}"),
        Place::Query(name) => format!("the query parameter {}", quote(name, ROOM)),
        Place::PathSegment => "the path".to_owned(),
        Place::Json(pointer) => format!("the JSON field {}", quote(pointer, ROOM)),
        Place::Form(name) => format!("the form field {}", quote(name, ROOM)),
        Place::Line(prefix) => format!("a line that begins with {}", quote(prefix, ROOM)),
    }
}

/// The owner's credential to a private host is as it should be; to many hosts it is not, nor is it in the open.
fn judge_audience(host: &HostPattern, plaintext: bool) -> Severity {
    match host {
        _ if plaintext || host.is_shared() => Severity::Danger,
        host if host.is_one_host() => Severity::Plain,
        _ => Severity::Caution,
    }
}

impl Words for SecretRule {
    fn lines(&self) -> Vec<Line> {
        let name = &self.name;
        let open = match self.plaintext {
            true => ", even where everybody on the way can read it",
            false => "",
        };
        let mut lines = Vec::new();
        for host in &self.audience {
            let who = name_endpoint(host, &Port::Usual, None);
            let severity = judge_audience(host, self.plaintext);
            for places in pieces(self.places.iter().map(tell_place), ROOM) {
                let text = format!(
                    "send the secret \"{name}\" to {who}, in {}, without seeing it{open}",
                    join(&places)
                );
                lines.push(Line::new(severity, &text));
            }
        }
        let flags = [
            (
                self.capture,
                Severity::Plain,
                "remember a token that a server gives it, as the secret",
            ),
            (
                self.hmac,
                Severity::Plain,
                "make and check keyed hashes with the secret",
            ),
            (self.sign, Severity::Caution, "sign with the secret"),
            (self.reveal, Severity::Danger, "see the value of the secret"),
        ];
        for (_, severity, what) in flags.into_iter().filter(|(set, ..)| *set) {
            lines.push(Line::new(severity, &format!("{what} \"{name}\"")));
        }
        lines
    }
}

impl Words for Secrets {
    fn lines(&self) -> Vec<Line> {
        self.rules().iter().flat_map(Words::lines).collect()
    }
}
