//! Everything that is written down while cases run, to be searched for values of secrets.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use openclaw_egress::{Ending, Ledger, Passage};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::errand::hex;

/// The texts of one kind.
#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<Vec<String>>>);

impl Pages {
    pub(crate) fn push(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What was traced in this process.
pub(crate) fn traced() -> Pages {
    static PAGES: OnceLock<Pages> = OnceLock::new();
    let pages = PAGES.get_or_init(|| {
        let pages = Pages::default();
        tracing::subscriber::set_global_default(Listener(pages.clone())).unwrap();
        pages
    });
    pages.clone()
}

/// Takes down everything that is traced, however unimportant.
struct Listener(Pages);

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Compilers trace megabytes about code, and have no secrets.
        !["wasmtime", "cranelift", "regalloc2"]
            .iter()
            .any(|name| metadata.target().starts_with(name))
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut words = Words(span.metadata().name().to_owned());
        span.record(&mut words);
        self.0.push(words.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        self.0.push(words.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(format!("{} ", event.metadata().target()));
        event.record(&mut words);
        self.0.push(words.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A ledger that keeps its lines.
#[derive(Clone, Default)]
pub(crate) struct Lines(pub(crate) Pages);

impl Ledger for Lines {
    fn record(&self, passage: Passage) {
        let ending = match passage.ending {
            Ending::Passed => "ok",
            Ending::Denied => "denied",
            Ending::Failed => "failed",
        };
        self.0.push(line(
            &format!("{} {}{}", passage.method, passage.origin, passage.path),
            passage.status,
            (passage.sent_bytes, passage.received_bytes),
            ending,
            passage.why.as_deref(),
        ));
    }
}

/// A line of a ledger as cases know it.
pub(crate) fn line(
    subject: &str,
    status: Option<u16>,
    (sent, received): (u64, u64),
    ending: &str,
    why: Option<&str>,
) -> String {
    let status = status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    format!(
        "{subject} {status} {sent}>{received} {ending} {}",
        why.unwrap_or_default()
    )
}

/// Every spelling of a value that somebody could read back.
fn spellings(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let mut all = vec![value.to_owned(), hex(bytes), hex(bytes).to_uppercase()];
    all.push(value.bytes().map(|byte| format!("%{byte:02X}")).collect());
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for skip in 0..3 {
            // What stands before it moves the alignment; the characters at both ends are not its own.
            let padded = [&vec![b'-'; skip][..], bytes].concat();
            let text = engine.encode(padded);
            let from = (skip * 8).div_ceil(6);
            all.push(text[from..text.len() - 1].to_owned());
        }
    }
    all.push(STANDARD.encode(bytes));
    all
}

/// The texts in which a value can be read.
pub(crate) fn leaks<'t>(texts: &'t [String], values: &[&str]) -> Vec<&'t String> {
    let long = values.iter().filter(|value| value.len() >= 8);
    let spelt: Vec<_> = long.flat_map(|value| spellings(value)).collect();
    texts
        .iter()
        .filter(|text| spelt.iter().any(|spelling| text.contains(spelling)))
        .collect()
}
