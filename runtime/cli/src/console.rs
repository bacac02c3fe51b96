//! The log on the console, for commands that run something: one line on standard error for each event.
//!
//! Lines of extensions are shown from `info` on, those of the program from `warn` on, or as `--log-level` says.

use std::fmt::{self, Write as _};

use openclaw_gateway::log::Log;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::args::{Global, LogLevel};
use crate::output;

struct Console {
    level: Option<LogLevel>,
}

/// Shows what is logged from here on.
pub(crate) fn start(global: &Global) {
    // It is set once in the life of the program.
    let _ =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Console::new(global)));
}

/// Shows what is logged from here on, and keeps it in the log file.
pub(crate) fn start_with(global: &Global, log: Log) {
    let both = tracing_subscriber::registry()
        .with(Console::new(global))
        .with(log);
    // It is set once in the life of the program.
    let _ = tracing::subscriber::set_global_default(both);
}

impl Console {
    fn new(global: &Global) -> Self {
        Self {
            level: global.log_level(),
        }
    }

    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        let usual = match metadata.target() {
            "extension" => Level::INFO,
            _ => Level::WARN,
        };
        let most = self.level.map_or(Some(usual), LogLevel::most);
        let is_ours = metadata.target() == "extension" || metadata.target().starts_with("openclaw");
        is_ours && most.is_some_and(|most| *metadata.level() <= most)
    }
}

impl<S: Subscriber> Layer<S> for Console {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.map_or(LevelFilter::INFO, |level| level.most().into()))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !self.shows(event.metadata()) {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let level = event.metadata().level().as_str().to_lowercase();
        // Who speaks stands first: what an extension says could go on like a line of the program's own.
        let who = line.extension.map(|id| format!("{id}: ")).unwrap_or_default();
        output::complain(&format!("{level}: {who}{}{}", line.message, line.fields));
    }
}

#[derive(Default)]
struct Line {
    extension: Option<String>,
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "extension" => self.extension = Some(value.to_owned()),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "extension" => write!(self.extension.get_or_insert_default(), "{value:?}"),
            // The person knows which call it is: there is one.
            "call" => Ok(()),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
