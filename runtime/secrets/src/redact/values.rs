//! Registered values and the ways in which JSON and URLs spell them.
//!
//! Bound: at most [`MAX_SPELLINGS`] spellings of a value enter the automaton; values over [`MAX_INDEXED`] bytes stay
//! out of it and are searched one by one, in their own spelling and as JSON. The automaton's copies of the values
//! cannot be wiped; they live as long as the redactor. Spellings in base64, hex or with `\u` for plain letters are not
//! known here.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use openclaw_config::secret_ref::REDACTED;

use super::MIN_LENGTH;
use crate::value::SecretValue;

/// Raw, JSON, JSON within JSON, and three habits of percent encoding.
const MAX_SPELLINGS: usize = 7;
/// Longer values would make the automaton large, and almost no text is long enough to hold them.
const MAX_INDEXED: usize = 4096;

/// The values that are known now.
#[derive(Default)]
pub(super) struct Values {
    known: Vec<SecretValue>,
    automaton: Option<AhoCorasick>,
    long: Vec<SecretValue>,
}

impl Values {
    /// These values and more.
    pub(super) fn with(&self, more: &[&str]) -> Self {
        let mut known = self.known.clone();
        known.extend(
            more.iter()
                .filter(|value| is_registrable(value))
                .map(|value| SecretValue::new(value)),
        );
        known.sort_by(|a, b| a.expose().cmp(b.expose()));
        known.dedup_by(|a, b| a.expose() == b.expose());
        let spelt: Vec<SecretValue> = known.iter().flat_map(spellings).collect();
        let (short, long): (Vec<_>, Vec<_>) = spelt
            .into_iter()
            .partition(|spelling| spelling.expose().len() <= MAX_INDEXED);
        // Building fails only beyond four billion states; then every value is searched one by one.
        let built = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .build(short.iter().map(SecretValue::expose));
        match built {
            Ok(automaton) => Self {
                known,
                automaton: (!short.is_empty()).then_some(automaton),
                long,
            },
            Err(_) => Self {
                known,
                automaton: None,
                long: short.into_iter().chain(long).collect(),
            },
        }
    }

    pub(super) fn occur_in(&self, text: &str) -> bool {
        self.automaton
            .as_ref()
            .is_some_and(|automaton| automaton.is_match(text))
            || self.long.iter().any(|value| text.contains(value.expose()))
    }

    /// The text with every stretch of values replaced by one mark. `None`: there is none.
    pub(super) fn replace(&self, text: &str) -> Option<String> {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        if let Some(automaton) = &self.automaton {
            spans.extend(
                automaton
                    .find_overlapping_iter(text)
                    .map(|found| (found.start(), found.end())),
            );
        }
        for value in &self.long {
            spans.extend(
                text.match_indices(value.expose())
                    .map(|(at, found)| (at, at.saturating_add(found.len()))),
            );
        }
        if spans.is_empty() {
            return None;
        }
        spans.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut shown_to = 0;
        for (start, end) in spans {
            if start >= shown_to {
                out.push_str(text.get(shown_to..start).unwrap_or_default());
                out.push_str(REDACTED);
            }
            shown_to = shown_to.max(end);
        }
        out.push_str(text.get(shown_to..).unwrap_or_default());
        Some(out)
    }
}

/// A value that is part of the mark would be found in every mark.
fn is_registrable(value: &str) -> bool {
    value.chars().count() >= MIN_LENGTH && !REDACTED.contains(value)
}

fn spellings(value: &SecretValue) -> Vec<SecretValue> {
    let raw = value.expose();
    let json = json_spelling(raw);
    let mut all = Vec::with_capacity(MAX_SPELLINGS);
    all.push(value.clone());
    all.push(SecretValue::new(&json_spelling(&json)));
    all.push(SecretValue::new(&json));
    if raw.len() <= MAX_INDEXED {
        let strict = percent_spelling(raw, "-_.~", "0123456789ABCDEF");
        all.push(SecretValue::new(&percent_spelling(
            raw,
            "-_.~",
            "0123456789abcdef",
        )));
        all.push(SecretValue::new(&percent_spelling(
            raw,
            "-_.~!'()*",
            "0123456789ABCDEF",
        )));
        all.push(SecretValue::new(&strict.replace("%20", "+")));
        all.push(SecretValue::new(&strict));
    }
    all.sort_by(|a, b| a.expose().cmp(b.expose()));
    all.dedup_by(|a, b| a.expose() == b.expose());
    all
}

fn json_spelling(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(&quoted)
        .to_owned()
}

fn percent_spelling(text: &str, kept: &str, digits: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |nibble: u8| digits.chars().nth(usize::from(nibble)).unwrap_or('0');
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}
