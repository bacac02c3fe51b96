//! Text on its way out: Markdown is read once, cut to the adapter's limits, and given in the form it asks for.
//!
//! **Promise.** No part is longer than the limit, counted as the adapter counts; what stands in the parts is what
//! stood in the whole, but for blanks at the cuts; every style that a cut goes through is closed before and opened
//! again behind it. **Bound.** A limit below [`LEAST`] counts as that. **Cost.** Linear in the text, times the
//! logarithm of the limit.

mod chunk;
mod markdown;
mod render;
mod table;

use openclaw_config::tree::channels::{ChunkMode, TableStyle};

use crate::adapter::{LengthUnit, Run, Text, TextForm};

/// The shortest limit: room for one character in any unit, with the markup of a block of code around it.
pub(crate) const LEAST: usize = 32;

/// How text is cut and given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Shape {
    pub(crate) form: TextForm,
    pub(crate) limit: usize,
    pub(crate) unit: LengthUnit,
    pub(crate) lines: Option<usize>,
    pub(crate) mode: ChunkMode,
    pub(crate) tables: TableStyle,
}

impl Shape {
    /// The parts of a Markdown text; none if it says nothing.
    pub(crate) fn cut(&self, markdown: &str) -> Vec<Text> {
        let runs = markdown::read(markdown, self.tables);
        match self.form {
            TextForm::Markdown => {
                // What fits is given as it was written.
                let whole = markdown.trim();
                if self.tables == TableStyle::Block && self.holds(whole) && !whole.is_empty() {
                    return vec![Text::Markdown(whole.to_owned())];
                }
                let fits = |part: &[Run]| self.holds(&render::markdown(part));
                let parts = chunk::chunk(runs, self.mode, fits);
                parts
                    .iter()
                    .map(|part| Text::Markdown(render::markdown(part)))
                    .collect()
            }
            TextForm::Runs => {
                let parts = chunk::chunk(runs, self.mode, |part| self.holds_runs(part));
                parts.into_iter().map(Text::Runs).collect()
            }
            TextForm::Plain | TextForm::Other => {
                let parts = chunk::chunk(render::bare(runs), self.mode, |part| self.holds_runs(part));
                parts
                    .iter()
                    .map(|part| Text::Plain(render::joined(part)))
                    .collect()
            }
        }
    }

    fn holds(&self, text: &str) -> bool {
        self.length(text) <= self.limit.max(LEAST) && self.has_few_lines(std::iter::once(text))
    }

    fn holds_runs(&self, runs: &[Run]) -> bool {
        let length: usize = runs.iter().map(|run| self.length(&run.text)).sum();
        length <= self.limit.max(LEAST) && self.has_few_lines(runs.iter().map(|run| run.text.as_str()))
    }

    fn has_few_lines<'t>(&self, texts: impl Iterator<Item = &'t str>) -> bool {
        let Some(most) = self.lines else {
            return true;
        };
        let breaks: usize = texts.map(|text| text.matches('\n').count()).sum();
        breaks < most.max(1)
    }

    fn length(&self, text: &str) -> usize {
        match self.unit {
            LengthUnit::Characters => text.chars().count(),
            LengthUnit::Utf16Units => text.encode_utf16().count(),
            LengthUnit::Bytes | LengthUnit::Other => text.len(),
        }
    }
}

/// What an incoming text says, without its formatting: for people, for commands and for the model.
pub(crate) fn plain(text: &Text) -> String {
    match text {
        Text::Plain(text) | Text::Markdown(text) | Text::Other(text) => text.clone(),
        Text::Runs(runs) => render::markdown(runs),
    }
}

#[cfg(test)]
mod tests;
