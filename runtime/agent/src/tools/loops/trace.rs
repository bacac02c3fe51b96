//! What is left of a call when all goes that changes by itself.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::tools::ToolOutput;

/// A digest of a value.
pub(super) type Hash = [u8; 32];

/// Keys of details whose values change by themselves.
const VOLATILE: &[&str] = &[
    "durationms",
    "elapsedms",
    "endedat",
    "fetchedat",
    "idlems",
    "lastactivityms",
    "messageid",
    "messageids",
    "now",
    "nonce",
    "pid",
    "requestid",
    "retryinms",
    "runid",
    "runtimems",
    "startedat",
    "timestamp",
    "tookms",
    "ts",
    "updatedat",
];
/// Words behind a number that changes by itself.
const UNITS: &[&str] = &["ms", "s", "sec", "secs", "second", "seconds", "minute", "minutes"];
/// From how many characters on a hexadecimal word was drawn.
const DRAWN: usize = 16;
/// How many characters a UUID has.
const UUID: usize = 36;

/// The digest of a value, whatever the order of its keys.
pub(super) fn hash(value: &Value) -> Hash {
    let mut digest = Sha256::new();
    feed(&mut digest, value, &|_| false);
    digest.finalize().into()
}

/// The digest of what a call brought.
pub(super) fn outcome(output: &ToolOutput) -> Hash {
    let mut digest = Sha256::new();
    digest.update([u8::from(output.is_error)]);
    digest.update(steady(&output.text));
    if let Some(details) = &output.details {
        feed(&mut digest, details, &|key| {
            VOLATILE.contains(&key.to_lowercase().replace(['_', '-'], "").as_str())
        });
    }
    digest.finalize().into()
}

fn feed(digest: &mut Sha256, value: &Value, is_left_out: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().filter(|(key, _)| !is_left_out(key)).collect();
            members.sort_unstable_by_key(|(key, _)| key.as_str());
            digest.update(b"{");
            for (key, value) in members {
                feed(digest, &Value::String(key.clone()), is_left_out);
                feed(digest, value, is_left_out);
            }
            digest.update(b"}");
        }
        Value::Array(elements) => {
            digest.update(b"[");
            for element in elements {
                feed(digest, element, is_left_out);
            }
            digest.update(b"]");
        }
        // With its length, so that no two texts run into each other.
        Value::String(text) => {
            digest.update(b"\"");
            digest.update(text.len().to_le_bytes());
            digest.update(text);
        }
        other => {
            digest.update(other.to_string());
            digest.update(b",");
        }
    }
}

/// The text without durations, process ids, times of day, and ids that were drawn.
fn steady(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut walk = Walk {
        rest: text,
        word: "",
        gap: "",
        is_clock: false,
    };
    while let Some(first) = walk.rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let end = match is_word(first) {
            true if is_uuid(walk.rest) => UUID,
            true => walk.rest.find(|c| !is_word(c)).unwrap_or(walk.rest.len()),
            false => walk.rest.find(is_word).unwrap_or(walk.rest.len()),
        };
        let (piece, behind) = walk.rest.split_at(end);
        walk.rest = behind;
        if is_word(first) {
            out.push_str(if walk.takes(piece) { "#" } else { piece });
        } else {
            out.push_str(piece);
            walk.gap = piece;
        }
    }
    out
}

/// How far a text was read.
struct Walk<'t> {
    rest: &'t str,
    /// The word before.
    word: &'t str,
    /// What stood between it and this one.
    gap: &'t str,
    /// Whether that word was a part of a time of day.
    is_clock: bool,
}

impl<'t> Walk<'t> {
    /// Whether a word changes by itself.
    fn takes(&mut self, word: &'t str) -> bool {
        let before = std::mem::replace(&mut self.word, word);
        let was_clock = std::mem::take(&mut self.is_clock) && self.gap == ":";
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        if digits < word.len() {
            let unit = word.get(digits..).unwrap_or_default();
            return word.len() == UUID && word.contains('-')
                || (digits > 0 && UNITS.contains(&unit))
                || (word.len() >= DRAWN && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        // Lines and columns are written like a time of day, but behind a name and a colon.
        let leads_on = self
            .rest
            .strip_prefix(':')
            .is_some_and(|rest| rest.bytes().take_while(u8::is_ascii_digit).count() == 2);
        self.is_clock = digits <= 2 && (was_clock || (leads_on && !self.gap.ends_with(':')));
        let since_epoch = word.starts_with('1') && matches!(digits, 10 | 13);
        self.is_clock || since_epoch || before.eq_ignore_ascii_case("pid") || self.is_amount()
    }

    /// Whether a unit of time follows, maybe behind a fraction.
    fn is_amount(&self) -> bool {
        let next = |text: &'t str| {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric());
            text.get(..end.unwrap_or(text.len())).unwrap_or_default()
        };
        if let Some(fraction) = self.rest.strip_prefix('.') {
            let word = next(fraction);
            let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
            return UNITS.contains(&unit);
        }
        let behind = self.rest.strip_prefix(' ').unwrap_or(self.rest);
        UNITS.contains(&next(behind))
    }
}

fn is_uuid(text: &str) -> bool {
    let Some(head) = text.as_bytes().get(..UUID) else {
        return false;
    };
    head.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn output(text: &str, details: Value) -> Hash {
        outcome(&ToolOutput::ok(text).with(details))
    }

    #[test]
    fn the_order_of_keys_does_not_count_and_their_values_do() {
        let value = |text: &str| hash(&serde_json::from_str(text).unwrap());
        assert_eq!(value(r#"{"a":1,"b":[2,"x"]}"#), value(r#"{"b":[2,"x"],"a":1}"#));
        assert_ne!(value(r#"{"a":1,"b":2}"#), value(r#"{"a":2,"b":1}"#));
        assert_ne!(value(r#"["ab","c"]"#), value(r#"["a","bc"]"#));
        assert_ne!(value("[1,2]"), value("[12]"));
    }

    #[test]
    fn what_changes_by_itself_is_no_progress() {
        let first = output(
            "pid 4711, took 12 ms; 67e55044-10b1-426f-9247-bb680e5fe0c8 <a1b2c3d4e5f60718>; at 11:02:33; 1.25s",
            json!({"pid": 4711, "durationMs": 12, "status": "running"}),
        );
        let second = output(
            "pid 99, took 1300 ms; 9f0c1de2-0000-4000-8000-1234567890ab <00b2c3d4e5f60718>; at 12:59:01; 0.5s",
            json!({"pid": 99, "durationMs": 1300, "status": "running"}),
        );
        assert_eq!(first, second);
    }

    #[test]
    fn what_was_brought_counts() {
        let base = output("3 files", json!({"exitCode": 0}));
        assert_ne!(base, output("4 files", json!({"exitCode": 0})));
        assert_ne!(base, output("3 files", json!({"exitCode": 1})));
        assert_ne!(
            base,
            outcome(&ToolOutput::failed("3 files").with(json!({"exitCode": 0})))
        );
    }
}
