//! The log on the console, for commands that run something: one line on standard error for each event.
//!
//! Lines of extensions are shown from `info` on, those of the program from `warn` on, or as `--log-level` says.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::args::{Global, LogLevel};
use crate::output;

struct Console {
    level: Option<LogLevel>,
}

/// Shows what is logged from here on.
pub(crate) fn start(global: &Global) {
    let console = Console {
        level: global.log_level,
    };
    // It is set once in the life of the program.
    let _ = tracing::subscriber::set_global_default(console);
}

impl Subscriber for Console {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let usual = match metadata.target() {
            "extension" => Level::INFO,
            _ => Level::WARN,
        };
        let most = match self.level {
            None => usual,
            Some(LogLevel::Silent) => return false,
            Some(LogLevel::Fatal | LogLevel::Error) => Level::ERROR,
            Some(LogLevel::Warn) => Level::WARN,
            Some(LogLevel::Info) => Level::INFO,
            Some(LogLevel::Debug) => Level::DEBUG,
            Some(LogLevel::Trace) => Level::TRACE,
        };
        let is_ours = metadata.target() == "extension" || metadata.target().starts_with("openclaw");
        is_ours && *metadata.level() <= most
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let level = event.metadata().level().as_str().to_lowercase();
        output::complain(&format!("{level}: {}{}", line.message, line.fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            // The person knows which call it is: there is one.
            "call" => Ok(()),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
