//! `openclaw:log`: lines in the gateway's log.
//!
//! **Bound.** The call's budget, and that of all the extension's calls; what exceeds one of them is dropped and counted.
//! A line is shown in one line, whatever it holds.

use openclaw_policy::display_safe;

use crate::bindings::openclaw::log::lines::{self, Field, Level};
use crate::conceal::conceal;
use crate::guest::Guest;

/// The longest line, fields included, in characters.
const MAX_LINE: usize = 4000;

impl lines::Host for Guest {
    fn write(&mut self, level: Level, message: String, fields: Vec<Field>) -> wasmtime::Result<()> {
        let bytes = fields.iter().map(|field| field.name.len() + field.value.len());
        let bytes = message.len() + bytes.sum::<usize>();
        self.volume.bytes_out.spend(bytes as u64)?;
        // An empty line costs something too, or there would be no end of them.
        if !self.volume.log.try_spend(bytes as u64 + 1) || !self.extension.flow.take(bytes as u64) {
            self.lost_lines += 1;
            return Ok(());
        }
        let line = display_safe(
            &conceal(self.extension.vault(), render(&message, &fields)),
            MAX_LINE,
        );
        let (extension, call) = (self.extension.id.as_str(), self.call_id.as_str());
        match level {
            Level::Trace => tracing::trace!(target: "extension", extension, call, "{line}"),
            Level::Debug => tracing::debug!(target: "extension", extension, call, "{line}"),
            Level::Info | Level::Other => tracing::info!(target: "extension", extension, call, "{line}"),
            Level::Warn => tracing::warn!(target: "extension", extension, call, "{line}"),
            Level::Error => tracing::error!(target: "extension", extension, call, "{line}"),
        }
        Ok(())
    }
}

fn render(message: &str, fields: &[Field]) -> String {
    let mut line = message.to_owned();
    for Field { name, value } in fields {
        line.push(' ');
        line.push_str(name);
        line.push('=');
        line.push_str(value);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_pretend_to_be_two() {
        let field = Field {
            name: "user".to_owned(),
            value: "a\u{1b}[2J".to_owned(),
        };
        assert_eq!(
            display_safe(&render("hello\nworld", &[field]), MAX_LINE),
            r"hello\u{a}world user=a\u{1b}[2J"
        );
    }
}
