//! Markdown read into runs: CommonMark with tables and strikethrough.
//!
//! Lists become lines with a mark, tables what [`super::table`] makes of them, pictures links. HTML stays as it
//! stands: it is text to everyone here.

use openclaw_config::tree::channels::TableStyle;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::table::Table;
use crate::adapter::{Run, Style};

/// Reads a text.
pub(super) fn read(markdown: &str, tables: TableStyle) -> Vec<Run> {
    let options = match tables {
        TableStyle::Off => Options::ENABLE_STRIKETHROUGH,
        TableStyle::Bullets | TableStyle::Code | TableStyle::Block => {
            Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES
        }
    };
    let mut reader = Reader {
        tables,
        runs: Vec::new(),
        styles: Vec::new(),
        lists: Vec::new(),
        table: None,
        pause: Pause::None,
    };
    for event in Parser::new_ext(markdown, options) {
        reader.take(event);
    }
    reader.runs
}

/// What stands between what was written and what comes next.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Pause {
    None,
    Line,
    Paragraph,
}

struct Reader {
    tables: TableStyle,
    runs: Vec<Run>,
    styles: Vec<Style>,
    /// The open lists: the number that comes next, if it has numbers.
    lists: Vec<Option<u64>>,
    table: Option<Table>,
    pause: Pause,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::Code(text) => {
                self.styles.push(Style::Code);
                self.text(&text);
                self.styles.pop();
            }
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            Event::Rule => {
                self.breathe(Pause::Paragraph);
                self.text("———");
                self.breathe(Pause::Paragraph);
            }
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.begin_block(),
            Tag::Heading { level, .. } => {
                self.begin_block();
                self.styles.push(Style::Heading(number_of(level)));
            }
            Tag::BlockQuote(_) => {
                self.breathe(Pause::Paragraph);
                self.flush_pause();
                self.styles.push(Style::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.breathe(Pause::Paragraph);
                self.flush_pause();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split_whitespace().next().unwrap_or_default().to_owned()
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.styles.push(Style::CodeBlock(language));
            }
            Tag::List(first) => {
                self.breathe(match self.lists.is_empty() {
                    true => Pause::Paragraph,
                    false => Pause::Line,
                });
                self.lists.push(first);
            }
            Tag::Item => self.begin_item(),
            Tag::Table(_) => self.table = Some(Table::default()),
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.begin_row();
                }
            }
            Tag::TableCell => {
                if let Some(table) = &mut self.table {
                    table.begin_cell();
                }
            }
            Tag::Emphasis => self.styles.push(Style::Italic),
            Tag::Strong => self.styles.push(Style::Bold),
            Tag::Strikethrough => self.styles.push(Style::Strikethrough),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.styles.push(Style::Link(dest_url.into_string()));
            }
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_block(),
            TagEnd::Heading(_) => {
                self.styles.pop();
                self.breathe(Pause::Paragraph);
            }
            TagEnd::BlockQuote(_) => {
                self.styles.pop();
                self.pause = Pause::None;
                self.breathe(Pause::Paragraph);
            }
            TagEnd::CodeBlock => {
                self.trim_line_end();
                self.styles.pop();
                self.breathe(Pause::Paragraph);
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.pause = Pause::None;
                self.breathe(match self.lists.is_empty() {
                    true => Pause::Paragraph,
                    false => Pause::Line,
                });
            }
            TagEnd::Item => self.breathe(Pause::Line),
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.styles.pop();
            }
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn begin_block(&mut self) {
        if self.lists.is_empty() {
            self.breathe(Pause::Paragraph);
        }
    }

    fn end_block(&mut self) {
        self.breathe(match self.lists.is_empty() {
            true => Pause::Paragraph,
            false => Pause::Line,
        });
    }

    fn begin_item(&mut self) {
        self.breathe(Pause::Line);
        let depth = self.lists.len().saturating_sub(1);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            _ => "• ".to_owned(),
        };
        self.text(&format!("{}{mark}", "  ".repeat(depth)));
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else {
            return;
        };
        self.breathe(Pause::Paragraph);
        for (text, styles) in table.written(self.tables) {
            self.styles.extend(styles.iter().cloned());
            self.text(&text);
            self.styles
                .truncate(self.styles.len().saturating_sub(styles.len()));
        }
        self.breathe(Pause::Paragraph);
    }

    fn breathe(&mut self, pause: Pause) {
        self.pause = self.pause.max(pause);
    }

    /// Writes the pause before it goes under a style that must not hold it.
    fn flush_pause(&mut self) {
        let breaks = match self.pause {
            Pause::None => "",
            Pause::Line => "\n",
            Pause::Paragraph => "\n\n",
        };
        self.pause = Pause::None;
        if self.runs.is_empty() || breaks.is_empty() {
            return;
        }
        let outer: Vec<_> = self
            .styles
            .iter()
            .filter(|style| matches!(style, Style::Quote))
            .cloned()
            .collect();
        push(&mut self.runs, breaks, &outer);
    }

    fn text(&mut self, text: &str) {
        if let Some(table) = &mut self.table {
            table.text(text);
            return;
        }
        self.flush_pause();
        push(&mut self.runs, text, &self.styles);
    }

    fn trim_line_end(&mut self) {
        if let Some(last) = self.runs.last_mut()
            && last.text.ends_with('\n')
        {
            last.text.pop();
            if last.text.is_empty() {
                self.runs.pop();
            }
        }
    }
}

/// Adds text; what looks like its neighbour becomes one run with it.
pub(super) fn push(runs: &mut Vec<Run>, text: &str, styles: &[Style]) {
    if text.is_empty() {
        return;
    }
    if let Some(last) = runs.last_mut()
        && last.styles == styles
    {
        last.text.push_str(text);
        return;
    }
    runs.push(Run {
        text: text.to_owned(),
        styles: styles.to_vec(),
    });
}

fn number_of(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
