//! What a tool shows while it works. It is seen and not remembered: what a call returns is its output alone.
//! Nothing here fails, and what exceeds the call's budget is dropped.

use crate::wit::progress::report::{self, OutputKind, Step};

/// Says what is being done, in a few words for a person, in the place of what was said before.
pub fn say(message: &str) {
    show(message, None, None);
}

/// Says what is being done and how far it is: so many units of so many, if that is known.
pub fn count(message: &str, done: u64, total: Option<u64>) {
    show(message, Some(done), total);
}

/// Streams a piece of the result as it comes into being.
pub fn print(text: &str) {
    report::output(OutputKind::Standard, text);
}

/// Streams a warning or a diagnostic.
pub fn warn(text: &str) {
    report::output(OutputKind::Diagnostic, text);
}

fn show(message: &str, done: Option<u64>, total: Option<u64>) {
    report::update(&Step {
        message: message.to_owned(),
        done,
        total,
    });
}
