//! What a component imports, compared by name with what is served and with what its manifest asks for.
//!
//! **Promise.** Every import that passes is served, and none gives more than the manifest says. Names decide and
//! not definitions, because an import of something empty would link with no definition at all.
//! **Cost.** A table scan for each import.

use openclaw_policy::Capabilities;

use crate::error::ImportRefusal;

/// What an interface needs in the manifest.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    /// Nothing: it gives no ability that anyone could want to withhold.
    Nothing,
    Kv,
    Tools,
    Http,
    /// Connections; a stream of events is granted as a request.
    Sockets,
    Secrets,
    /// A secret with the flag of its own.
    Reveal,
    /// It exists, and this gateway does not serve it.
    Absent,
}

/// The version of our packages that is served, without its last number.
const OURS: &str = "0.1";
/// The version of the standard ones.
const STANDARD: &str = "0.2";

/// How many slips of the pen make a misspelling. What is farther off is something else.
const SLIPS: usize = 2;

const INTERFACES: &[(&str, Need)] = &[
    ("openclaw:types/errors", Need::Nothing),
    ("openclaw:types/values", Need::Nothing),
    ("openclaw:context/call", Need::Nothing),
    ("openclaw:log/lines", Need::Nothing),
    ("openclaw:progress/report", Need::Nothing),
    ("openclaw:config/settings", Need::Nothing),
    ("openclaw:media/types", Need::Nothing),
    ("openclaw:media/store", Need::Nothing),
    ("openclaw:tools/types", Need::Nothing),
    ("openclaw:tools/calls", Need::Tools),
    ("openclaw:kv/store", Need::Kv),
    // Events mention its shapes.
    ("openclaw:bridge/types", Need::Nothing),
    ("openclaw:bridge/processes", Need::Absent),
    ("openclaw:http/types", Need::Nothing),
    ("openclaw:http/client", Need::Http),
    ("openclaw:http/background", Need::Http),
    ("openclaw:messaging/types", Need::Nothing),
    ("openclaw:messaging/inbound", Need::Nothing),
    ("openclaw:messaging/outbound", Need::Nothing),
    ("openclaw:messaging/delivery", Need::Nothing),
    ("openclaw:messaging/outbox", Need::Absent),
    ("openclaw:model", Need::Absent),
    ("openclaw:secrets/types", Need::Nothing),
    ("openclaw:secrets/placeholders", Need::Secrets),
    ("openclaw:secrets/signatures", Need::Secrets),
    ("openclaw:secrets/reveal", Need::Reveal),
    ("openclaw:sockets/types", Need::Nothing),
    ("openclaw:sockets/dial", Need::Sockets),
    ("openclaw:sockets/connections", Need::Sockets),
    ("openclaw:timers/schedule", Need::Nothing),
    ("openclaw:channel/state", Need::Nothing),
    ("openclaw:channel/health", Need::Nothing),
    ("openclaw:channel/accounts", Need::Nothing),
    ("openclaw:channel/description", Need::Nothing),
    ("openclaw:channel/events", Need::Nothing),
    // What toolchains import unasked. It is there, and everything in it is empty or says no.
    ("wasi:cli/environment", Need::Nothing),
    ("wasi:cli/exit", Need::Nothing),
    ("wasi:cli/stdin", Need::Nothing),
    ("wasi:cli/stdout", Need::Nothing),
    ("wasi:cli/stderr", Need::Nothing),
    ("wasi:cli/terminal-input", Need::Nothing),
    ("wasi:cli/terminal-output", Need::Nothing),
    ("wasi:cli/terminal-stdin", Need::Nothing),
    ("wasi:cli/terminal-stdout", Need::Nothing),
    ("wasi:cli/terminal-stderr", Need::Nothing),
    ("wasi:clocks/monotonic-clock", Need::Nothing),
    ("wasi:clocks/wall-clock", Need::Nothing),
    ("wasi:filesystem/preopens", Need::Nothing),
    ("wasi:filesystem/types", Need::Nothing),
    ("wasi:http/outgoing-handler", Need::Nothing),
    ("wasi:http/types", Need::Nothing),
    ("wasi:io/error", Need::Nothing),
    ("wasi:io/poll", Need::Nothing),
    ("wasi:io/streams", Need::Nothing),
    ("wasi:random/insecure", Need::Nothing),
    ("wasi:random/insecure-seed", Need::Nothing),
    ("wasi:random/random", Need::Nothing),
    ("wasi:sockets/instance-network", Need::Nothing),
    ("wasi:sockets/ip-name-lookup", Need::Nothing),
    ("wasi:sockets/network", Need::Nothing),
    ("wasi:sockets/tcp", Need::Nothing),
    ("wasi:sockets/tcp-create-socket", Need::Nothing),
    ("wasi:sockets/udp", Need::Nothing),
    ("wasi:sockets/udp-create-socket", Need::Nothing),
];

/// What works only for an account of a channel, and what only for tools.
const OF_CHANNELS: &[&str] = &[
    "openclaw:http/background",
    "openclaw:sockets/connections",
    "openclaw:timers/schedule",
    "openclaw:messaging/delivery",
    "openclaw:channel/state",
    "openclaw:channel/health",
];
const OF_TOOLS: &[&str] = &[
    "openclaw:progress/report",
    "openclaw:sockets/dial",
    "openclaw:tools/calls",
];

/// What becomes of an import.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is there for everybody; what it could reach is closed unless it was granted.
    Always,
    /// It is there because the manifest asks for it, under this key of `capabilities`.
    Asked(&'static str),
    /// The component cannot be installed with it.
    Refused(ImportRefusal),
}

/// What becomes of an import of a component that asks for this, and is an adapter to a channel or not.
pub(crate) fn judge(import: &str, asked: &Capabilities, is_channel: bool) -> Standing {
    match refuse(import, asked).or_else(|| refuse_foreign(import, is_channel)) {
        Some(refusal) => Standing::Refused(refusal),
        None => match find(import).and_then(|(_, need)| need.key()) {
            Some(key) => Standing::Asked(key),
            None => Standing::Always,
        },
    }
}

impl Need {
    /// The key of `capabilities` that asks for it.
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Nothing | Self::Absent => None,
            Self::Kv => Some("kv"),
            Self::Tools => Some("tools"),
            Self::Http => Some("http"),
            Self::Sockets => Some("sockets"),
            Self::Secrets | Self::Reveal => Some("secrets"),
        }
    }

    fn is_asked(self, asked: &Capabilities) -> bool {
        match self {
            Self::Nothing => true,
            Self::Absent => false,
            Self::Kv => asked.kv.is_some(),
            Self::Tools => !asked.tools.is_empty(),
            Self::Http => !asked.http.is_empty(),
            Self::Sockets => !asked.sockets.is_empty() || !asked.http.is_empty(),
            Self::Secrets => !asked.secrets.is_empty(),
            Self::Reveal => asked.secrets.rules().iter().any(|rule| rule.reveal),
        }
    }
}

fn find(import: &str) -> Option<(&'static str, Need)> {
    let name = import.split_once('@').map_or(import, |(name, _)| name);
    let package = name.split('/').next().unwrap_or(name);
    let is = |(known, _): &&(&str, Need)| *known == name || *known == package;
    INTERFACES.iter().find(is).copied()
}

fn refuse(import: &str, asked: &Capabilities) -> Option<ImportRefusal> {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    let found = find(import);
    let import = import.to_owned();
    let Some((_, need)) = found else {
        return Some(unknown(import, name));
    };
    let served = if name.starts_with("wasi:") { STANDARD } else { OURS };
    let tail = version
        .strip_prefix(served)
        .and_then(|rest| rest.strip_prefix('.'));
    if tail.is_none_or(|patch| patch.is_empty() || !patch.bytes().all(|c| c.is_ascii_digit())) {
        let served = served.to_owned();
        return Some(ImportRefusal::Version { import, served });
    }
    if need.is_asked(asked) {
        return None;
    }
    Some(match need.key() {
        Some(key) => ImportRefusal::NotAsked { import, key },
        None => ImportRefusal::NotServed { import },
    })
}

fn refuse_foreign(import: &str, is_channel: bool) -> Option<ImportRefusal> {
    let (foreign, whom) = match is_channel {
        true => (OF_TOOLS, "tools"),
        false => (OF_CHANNELS, "adapters to channels"),
    };
    let name = import.split_once('@').map_or(import, |(name, _)| name);
    foreign.contains(&name).then(|| ImportRefusal::OtherWorld {
        import: import.to_owned(),
        whom,
    })
}

fn unknown(import: String, name: &str) -> ImportRefusal {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    // Names that differ more in length are no misspellings, and the cost of comparing grows with both.
    let length = name.chars().count();
    let is_close = |known: &str| known.len().abs_diff(length) <= SLIPS;
    let nearest = INTERFACES
        .iter()
        .filter(|(known, _)| is_close(known))
        .map(|(known, _)| (distance(known), *known))
        .min();
    match nearest {
        Some((1..=SLIPS, nearest)) => ImportRefusal::LookAlike {
            import,
            nearest: nearest.to_owned(),
        },
        _ => ImportRefusal::Unknown { import },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(import: &str) -> Option<ImportRefusal> {
        refuse(import, &Capabilities::default())
    }

    #[test]
    fn the_baseline_and_what_gives_nothing_need_no_request() {
        for import in [
            "wasi:cli/environment@0.2.0",
            "wasi:io/poll@0.2.11",
            "openclaw:log/lines@0.1.0",
            "openclaw:types/errors@0.1.7",
        ] {
            assert_eq!(refusal(import), None, "{import}");
        }
    }

    #[test]
    fn what_was_not_asked_for_is_named_with_the_key_that_asks() {
        let asked: Capabilities = serde_json::from_str(r#"{"kv": {"quota": "1 MiB"}}"#).unwrap();
        assert_eq!(refuse("openclaw:kv/store@0.1.0", &asked), None);
        let import = "openclaw:kv/store@0.1.0".to_owned();
        assert_eq!(
            refusal("openclaw:kv/store@0.1.0"),
            Some(ImportRefusal::NotAsked { import, key: "kv" })
        );
    }

    #[test]
    fn misspellings_wrong_versions_and_strangers_have_texts_of_their_own() {
        let is = |import: &str, wanted: fn(&ImportRefusal) -> bool| {
            let found = refusal(import);
            assert!(found.as_ref().is_some_and(wanted), "{import}: {found:?}");
        };
        for import in [
            "opencIaw:kv/store@0.1.0",
            "openclaw:vk/store@0.1.0",
            "wasi:cli/stdln@0.2.0",
            "openclaw:kv/\u{200b}store@0.1.0",
        ] {
            is(import, |found| matches!(found, ImportRefusal::LookAlike { .. }));
        }
        for import in [
            "openclaw:kv/store@0.2.0",
            "openclaw:kv/store",
            "openclaw:kv/store@0.1",
            "openclaw:kv/store@0.1.0-rc.1",
            "openclaw:kv/store@0.10.0",
            "wasi:cli/stdin@0.3.0",
        ] {
            is(import, |found| matches!(found, ImportRefusal::Version { .. }));
        }
        for import in [
            "acme:weather/api@1.0.0",
            "run",
            "wasi:keyvalue/store@0.2.0",
            "wasi:nn/graph@0.2.0",
        ] {
            is(import, |found| matches!(found, ImportRefusal::Unknown { .. }));
        }
        for import in ["openclaw:bridge/processes@0.1.0", "openclaw:model/chat@0.1.0"] {
            is(import, |found| matches!(found, ImportRefusal::NotServed { .. }));
        }
    }

    #[test]
    fn what_is_for_channels_is_not_for_tools_and_the_other_way_round() {
        let asked = Capabilities::default();
        let is_refused = |import: &str, is_channel| {
            let standing = judge(import, &asked, is_channel);
            matches!(standing, Standing::Refused(ImportRefusal::OtherWorld { .. }))
        };
        let (timers, progress) = ("openclaw:timers/schedule@0.1.0", "openclaw:progress/report@0.1.0");
        assert!(is_refused(timers, false) && !is_refused(timers, true));
        assert!(is_refused(progress, true) && !is_refused(progress, false));
        let served = OF_CHANNELS.iter().chain(OF_TOOLS);
        assert!(
            served
                .clone()
                .all(|name| INTERFACES.iter().any(|(known, _)| known == name))
        );
    }
}
