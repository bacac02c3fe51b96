//! Where words go: results to standard output, everything else to standard error.
//!
//! A reader that went away, as in `openclaw … | head`, ends the program quietly.

use std::ffi::OsString;
use std::io::{self, Write};

use serde::Serialize;

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
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&text),
        Err(error) => complain(&format!("cannot print the result as JSON: {error}")),
    }
}

/// Says what is not a result.
pub(crate) fn complain(text: &str) {
    write(io::stderr().lock(), text);
}

fn write(mut to: impl Write, text: &str) {
    let text = text.trim_end_matches('\n');
    if writeln!(to, "{text}").and_then(|()| to.flush()).is_err() {
        std::process::exit(0);
    }
}
