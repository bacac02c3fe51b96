//! Where words go: results to standard output, everything else to standard error.
//!
//! What is not a fixed text of this program passes the redactor, which knows the config's secrets once it is loaded,
//! and cannot paint the terminal. A reader that went away, as in `openclaw … | head`, ends the program quietly; words
//! that cannot be written end it with 1.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use openclaw_config::tree::Config;
use openclaw_config::{Snapshot, secret_paths};
use openclaw_policy::is_obeyed;
use openclaw_secrets::collect::{Held, collect};
use openclaw_secrets::{Redactor, SecretValue};
use serde::Serialize;
use serde_json::Value;

static REDACTOR: LazyLock<Arc<Redactor>> = LazyLock::new(Arc::default);

/// Tells the redactor the secrets that stand in the config as plain text.
pub(crate) fn know_secrets(snapshot: &Snapshot<Config>) {
    let patterns: Vec<&str> = secret_paths().collect();
    for place in collect(&snapshot.source, &patterns).into_iter().flatten() {
        if let Held::Plain(text) = place.held {
            REDACTOR.register([text.expose()]);
        }
    }
}

/// What keeps secrets out of everything that is shown or kept.
pub(crate) fn redactor() -> Arc<Redactor> {
    Arc::clone(&REDACTOR)
}

/// Tells the redactor the values that the config's references led to.
pub(crate) fn know_values<'v>(values: impl IntoIterator<Item = &'v SecretValue>) {
    REDACTOR.register(values.into_iter().map(SecretValue::expose));
}

/// Whether `--json` was typed, known before anything else is: a command line that cannot be understood is
/// answered in JSON too.
pub(crate) fn wants_json(words: &[OsString]) -> bool {
    words
        .iter()
        .skip(1)
        .take_while(|word| *word != "--")
        .any(|word| word == "--json")
}

/// Prints a result.
pub(crate) fn print(text: &str) {
    write(io::stdout().lock(), text);
}

/// Prints a result as one JSON document.
pub(crate) fn print_json(value: &impl Serialize) {
    let text = serde_json::to_value(value).and_then(|mut value| {
        redact_value(&mut value);
        serde_json::to_string_pretty(&value)
    });
    match text {
        Ok(text) => print(&escape_obeyed(&text)),
        Err(error) => complain(&format!("cannot print the result as JSON: {error}")),
    }
}

/// Prints a JSON document in one line, for commands that print many.
pub(crate) fn print_line_of_json(value: &Value) {
    let mut value = value.clone();
    redact_value(&mut value);
    print(&escape_obeyed(&value.to_string()));
}

fn redact_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = REDACTOR.redact(text) {
                *text = redacted;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact_value),
        Value::Object(entries) => entries.values_mut().for_each(redact_value),
        _ => {}
    }
}

/// The same JSON with nothing in it that a terminal obeys. Outside of texts there are only line breaks.
fn escape_obeyed(json: &str) -> Cow<'_, str> {
    let is_obeyed = |c: char| is_obeyed(c) && c != '\n';
    if !json.contains(is_obeyed) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match is_obeyed(c) {
            true => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escaped += &format!("\\u{unit:04x}");
                }
            }
            false => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// A text as the state may keep it.
pub(crate) fn redact(text: &str) -> String {
    REDACTOR.redact(text).into_owned()
}

/// Whether a line stands on the terminal that the next one takes the place of.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// Draws a line on the terminal that is not there to stay.
pub(crate) fn draw(text: &str) {
    let line: String = harmless(&REDACTOR.redact(text))
        .replace('\n', " ")
        .chars()
        .take(76)
        .collect();
    DRAWN.store(true, Ordering::Relaxed);
    // Nothing depends on it being seen.
    let _ = write!(io::stderr().lock(), "\r\u{1b}[K{line}");
}

/// Takes away the line that was drawn.
pub(crate) fn erase() {
    if DRAWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
    }
}

/// Asks for a line on the terminal.
pub(crate) fn ask(question: &str) {
    erase();
    let mut to = io::stderr().lock();
    // A question that nobody sees is not answered.
    let _ = write!(to, "{} ", harmless(&REDACTOR.redact(question))).and_then(|()| to.flush());
}

/// Says what is not a result.
pub(crate) fn complain(text: &str) {
    erase();
    write(io::stderr().lock(), &harmless(&REDACTOR.redact(text)));
}

/// Prints a result that holds words of others.
pub(crate) fn print_shown(text: &str) {
    print(&harmless(&REDACTOR.redact(text)));
}

/// The text with its control characters spelled out, but for line breaks and tabs.
fn harmless(text: &str) -> Cow<'_, str> {
    let paints = |c: char| is_obeyed(c) && c != '\n' && c != '\t';
    if !text.contains(paints) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .flat_map(|c| {
                if paints(c) {
                    c.escape_unicode().collect()
                } else {
                    vec![c]
                }
            })
            .collect(),
    )
}

fn write(mut to: impl Write, text: &str) {
    let text = text.trim_end_matches('\n');
    if let Err(error) = writeln!(to, "{text}").and_then(|()| to.flush()) {
        std::process::exit(if error.kind() == ErrorKind::BrokenPipe {
            0
        } else {
            1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_holds_nothing_that_a_terminal_obeys_and_means_the_same() {
        let told = serde_json::json!({"text": "a\u{9b}31mb\u{202e}c\u{e0041}\u{7f}\nd"});
        let text = serde_json::to_string_pretty(&told).unwrap();
        let escaped = escape_obeyed(&text);
        assert!(
            !escaped.contains(|c: char| is_obeyed(c) && c != '\n'),
            "{escaped:?}"
        );
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), told);
    }
}
