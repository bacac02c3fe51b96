//! `openclaw:progress`: what a caller sees while it waits.
//!
//! **Bound.** The call's budget of output, and the caller's channel: a report that finds no place there is
//! dropped, because a slow reader must not slow the tool.

use std::sync::Arc;

use openclaw_policy::display_safe;

use crate::bindings::openclaw::progress::report::{self, OutputKind, Step};
use crate::call::Progress;
use crate::conceal::conceal;
use crate::guest::Guest;

/// The longest message about a step, in characters.
const MAX_MESSAGE: usize = 300;

impl Guest {
    fn report(&mut self, bytes: usize, report: impl FnOnce() -> Progress) -> wasmtime::Result<()> {
        self.volume.bytes_out.spend(bytes as u64)?;
        if let Some(progress) = &self.progress
            && self.volume.output.try_spend(bytes as u64)
        {
            // Full or gone: it is seen or it is not, and nothing depends on it.
            let _ = progress.try_send(report());
        }
        Ok(())
    }
}

impl report::Host for Guest {
    fn update(&mut self, step: Step) -> wasmtime::Result<()> {
        let vault = Arc::clone(self.extension.vault());
        self.report(step.message.len(), || Progress::Step {
            message: display_safe(&conceal(&vault, step.message), MAX_MESSAGE),
            done: step.done,
            total: step.total,
        })
    }

    fn output(&mut self, kind: OutputKind, text: String) -> wasmtime::Result<()> {
        let vault = Arc::clone(self.extension.vault());
        self.report(text.len(), || Progress::Output {
            is_diagnostic: !matches!(kind, OutputKind::Standard),
            text: escape(&conceal(&vault, text)),
        })
    }
}

/// Streamed output has lines; everything else that a terminal would obey is written out.
fn escape(text: &str) -> String {
    let line = |line: &str| display_safe(line, usize::MAX);
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streamed_output_keeps_its_lines_and_nothing_else_that_a_terminal_obeys() {
        assert_eq!(escape("a\nb\u{1b}c\n"), "a\nb\\u{1b}c\n");
    }
}
