//! Capabilities in words.

use super::{Line, ROOM, Severity, Words, join, most_care_first, pieces, quote};
use crate::capability::files::{Access, Directory};
use crate::capability::messaging::TargetPattern;
use crate::capability::names::EnvName;
use crate::capability::{Bridges, Capabilities, EnvNames, Files, Kv, Messaging, Model, Tools};

impl Words for Capabilities {
    /// What deserves most care first; with equal care in the order of the kinds.
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
            false => most_care_first(lines),
        }
    }
}

impl Words for Files {
    fn lines(&self) -> Vec<Line> {
        let lines = |directory: Directory| {
            let (severity, verb) = match directory.access {
                Access::ReadOnly => (Severity::Plain, "read files in"),
                Access::ReadWrite => (Severity::Caution, "read, change and delete files in"),
            };
            let path = directory.path;
            let what = Line::new(severity, &format!("{verb} {path}"));
            // The author's words have a line of their own, next to what they are about.
            let why = (!directory.why.is_empty()).then(|| {
                let why = quote(&directory.why, 200);
                Line::new(severity, &format!("the author says of {path}: {why}"))
            });
            std::iter::once(what).chain(why)
        };
        self.directories().flat_map(lines).collect()
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
        let ask = format!(
            "ask the model, in one call up to {} times and {} tokens",
            self.calls, self.tokens
        );
        let mut lines = vec![Line::new(Severity::Caution, &ask)];
        for names in pieces(self.models.names(), ROOM) {
            let text = format!("choose the model that is asked: {}", join(&names));
            lines.push(Line::new(Severity::Caution, &text));
        }
        lines
    }
}

/// Room for the longest target, were all of it escaped: what is granted is never cut off.
const TARGET: usize = 1200;

impl Words for Messaging {
    fn lines(&self) -> Vec<Line> {
        let line = |target: &TargetPattern| match target {
            TargetPattern::Any => Line::new(Severity::Danger, "send messages to everybody on every channel"),
            TargetPattern::Prefix { channel, start } if start.is_empty() => Line::new(
                Severity::Danger,
                &format!("send messages to everybody on {channel}"),
            ),
            TargetPattern::Prefix { channel, start } => {
                let start = quote(start, TARGET);
                let text = format!("send messages on {channel} to targets that begin with {start}");
                Line::new(Severity::Caution, &text)
            }
            TargetPattern::Exact { channel, target } => {
                let text = format!("send messages on {channel} to {}", quote(target, TARGET));
                Line::new(Severity::Plain, &text)
            }
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

/// Parts of names that mean a secret wherever they stand.
const SECRET_PARTS: &[&str] = &[
    "AUTH",
    "COOKIE",
    "CREDENTIAL",
    "KEY",
    "PASS",
    "SECRET",
    "SESSION",
    "TOKEN",
];

/// Words between underscores that mean one; within other words they mean nothing, as in `PATH`.
const SECRET_WORDS: &[&str] = &["CERT", "DSN", "PAT", "PIN", "PWD", "URI", "URL"];

/// Whether the value may be a secret. It would be seen, and secrets have a kind of their own that hides them.
fn may_be_secret(name: &EnvName) -> bool {
    let upper = name.as_str().to_ascii_uppercase();
    let word = |word: &str| SECRET_WORDS.contains(&word);
    // The working folder, which shells keep under these names, is none.
    !matches!(upper.as_str(), "PWD" | "OLDPWD")
        && (SECRET_PARTS.iter().any(|part| upper.contains(part)) || upper.split('_').any(word))
}

impl Words for EnvNames {
    fn lines(&self) -> Vec<Line> {
        let line = |name: &EnvName| match may_be_secret(name) {
            true => Line::new(
                Severity::Danger,
                &format!("see the environment variable {name}, which may hold a secret"),
            ),
            false => Line::new(Severity::Caution, &format!("see the environment variable {name}")),
        };
        self.names().map(line).collect()
    }
}
