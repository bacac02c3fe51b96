//! Capabilities in words.

use super::{Line, Severity, Words, join, pieces};
use crate::account::Port;
use crate::capability::files::Access;
use crate::capability::http::{HttpRule, Scheme};
use crate::capability::messaging::TargetPattern;
use crate::capability::names::EnvName;
use crate::capability::secrets::{Place, SecretRule};
use crate::capability::sockets::{SocketRule, Transport};
use crate::capability::{
    Bridges, Capabilities, EnvNames, Files, Http, Kv, Messaging, Model, Secrets, Sockets, Tools,
};
use crate::display::display_safe;
use crate::host::HostPattern;
use crate::request_path::PathPattern;
use crate::units::Bytes;

/// How much of a line a list may take, so that what stands around it is never cut off.
const ROOM: usize = 400;

impl Words for Capabilities {
    fn lines(&self) -> Vec<Line> {
        let kv = self.kv.iter().flat_map(Words::lines);
        let model = self.model.iter().flat_map(Words::lines);
        let network = [
            self.http.lines(),
            self.sockets.lines(),
            self.secrets.lines(),
            self.files.lines(),
        ];
        let others = [
            self.messaging.lines(),
            self.tools.lines(),
            self.bridge.lines(),
            self.env.lines(),
        ];
        let lines: Vec<_> = network
            .into_iter()
            .flatten()
            .chain(kv)
            .chain(model)
            .chain(others.into_iter().flatten())
            .collect();
        match lines.is_empty() {
            true => vec![Line::new(Severity::Plain, "reach nothing outside of itself")],
            false => lines,
        }
    }
}

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
        _ if private || by_name => Severity::Danger,
        HostPattern::Any => Severity::Danger,
        HostPattern::Below(_) => Severity::Caution,
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

fn tell_paths<'p>(paths: impl IntoIterator<Item = &'p PathPattern>) -> Vec<String> {
    let shown = paths.into_iter().filter(|path| !path.is_everything());
    let shown: Vec<_> = pieces(shown, ROOM)
        .iter()
        .map(|piece| format!(" under {}", join(piece)))
        .collect();
    // Everything is told by saying nothing, and the normal form has it alone.
    match shown.is_empty() {
        true => vec![String::new()],
        false => shown,
    }
}

impl Words for HttpRule {
    fn lines(&self) -> Vec<Line> {
        let endpoint = name_endpoint(&self.host, &self.port, Some(self.scheme.port()));
        let open = match self.scheme {
            Scheme::Https => Severity::Plain,
            Scheme::Http => Severity::Caution,
        };
        let severity = judge_host(&self.host, self.private).max(open);
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
        Place::Query(name) => format!("the query parameter {name}"),
        Place::PathSegment => "the path".to_owned(),
        Place::Json(pointer) => format!("the JSON field {pointer}"),
    }
}

impl Words for SecretRule {
    fn lines(&self) -> Vec<Line> {
        let name = &self.name;
        let mut lines = Vec::new();
        for host in &self.audience {
            let who = name_endpoint(host, &Port::Usual, None);
            // The owner's credential to a private host is as it should be; to many hosts it is not.
            let severity = match host.is_one_host() {
                true => Severity::Plain,
                false => Severity::Caution,
            };
            for places in pieces(self.places.iter().map(tell_place), ROOM) {
                let text = format!(
                    "send the secret \"{name}\" to {who}, in {}, without seeing it",
                    join(&places)
                );
                lines.push(Line::new(severity, &text));
            }
        }
        let flags = [
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

impl Words for Files {
    fn lines(&self) -> Vec<Line> {
        let line = |directory: crate::capability::files::Directory| {
            let (severity, verb) = match directory.access {
                Access::ReadOnly => (Severity::Plain, "read files in"),
                Access::ReadWrite => (Severity::Caution, "read, change and delete files in"),
            };
            let path = display_safe(directory.path.as_str(), ROOM);
            let why = match directory.why.is_empty() {
                true => String::new(),
                false => format!(" (why: {})", display_safe(&directory.why, 200)),
            };
            Line::new(severity, &format!("{verb} {path}{why}"))
        };
        self.directories().map(line).collect()
    }
}

impl Words for Kv {
    fn lines(&self) -> Vec<Line> {
        let text = format!("keep up to {} in {} entries of its own", self.quota, self.entries);
        vec![Line::new(Severity::Plain, &text)]
    }
}

impl Words for Model {
    fn lines(&self) -> Vec<Line> {
        let text = format!(
            "ask the model, in one call up to {} times and {} tokens",
            self.calls, self.tokens
        );
        vec![Line::new(Severity::Caution, &text)]
    }
}

impl Words for Messaging {
    fn lines(&self) -> Vec<Line> {
        let line = |target: &TargetPattern| match target {
            TargetPattern::Any => Line::new(Severity::Danger, "send messages to everybody on every channel"),
            TargetPattern::Prefix { channel, start } if start.is_empty() => Line::new(
                Severity::Danger,
                &format!("send messages to everybody on {channel}"),
            ),
            TargetPattern::Prefix { channel, start } => {
                let text = format!("send messages on {channel} to targets that begin with \"{start}\"");
                Line::new(Severity::Caution, &text)
            }
            TargetPattern::Exact { channel, target } => Line::new(
                Severity::Plain,
                &format!("send messages on {channel} to \"{target}\""),
            ),
        };
        self.targets().iter().map(line).collect()
    }
}

impl Words for Tools {
    fn lines(&self) -> Vec<Line> {
        let line =
            |(alias, tool)| Line::new(Severity::Caution, &format!("call the tool {tool} (as {alias})"));
        self.aliases().iter().map(line).collect()
    }
}

impl Words for Bridges {
    fn lines(&self) -> Vec<Line> {
        let text = |name| format!("talk to the process {name} that you configure; it runs with your rights");
        self.names()
            .map(|name| Line::new(Severity::Danger, &text(name)))
            .collect()
    }
}

impl Words for EnvNames {
    fn lines(&self) -> Vec<Line> {
        let line = |name: &EnvName| {
            let upper = name.as_str().to_ascii_uppercase();
            // The value would be seen, and secrets have a kind of their own that hides it.
            let secret = ["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH"]
                .iter()
                .any(|word| upper.contains(word));
            match secret {
                true => Line::new(
                    Severity::Danger,
                    &format!("see the environment variable {name}, which may hold a secret"),
                ),
                false => Line::new(Severity::Caution, &format!("see the environment variable {name}")),
            }
        };
        self.names().map(line).collect()
    }
}
