//! Tables where a platform has none: aligned in a block of code, or as a list.

use openclaw_config::tree::channels::TableStyle;

use crate::adapter::Style;

/// The widest column of an aligned table; a longer cell sticks out of it.
const WIDEST: usize = 40;

/// The texts of a table's cells, the head first.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn begin_cell(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.push(String::new());
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            cell.push_str(&text.replace('\n', " "));
        }
    }

    /// What stands in its place.
    pub(super) fn written(&self, style: TableStyle) -> Vec<(String, Vec<Style>)> {
        match style {
            TableStyle::Bullets => self.listed(),
            TableStyle::Off | TableStyle::Code | TableStyle::Block => {
                vec![(self.aligned(), vec![Style::CodeBlock(String::new())])]
            }
        }
    }

    fn aligned(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max();
            widest.unwrap_or_default().min(WIDEST)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths);
            let cells: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
            cells.join(" | ").trim_end().to_owned()
        };
        let rule: Vec<_> = widths.iter().map(|width| "-".repeat((*width).max(1))).collect();
        let mut lines: Vec<_> = self.rows.iter().map(line).collect();
        if !lines.is_empty() {
            lines.insert(1, rule.join("-|-"));
        }
        lines.join("\n")
    }

    fn listed(&self) -> Vec<(String, Vec<Style>)> {
        let Some((head, rows)) = self.rows.split_first() else {
            return Vec::new();
        };
        let mut written = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                written.push(("\n".to_owned(), Vec::new()));
            }
            for (column, cell) in row.iter().enumerate() {
                match column {
                    0 => {
                        written.push(("• ".to_owned(), Vec::new()));
                        written.push((cell.clone(), vec![Style::Bold]));
                    }
                    _ => {
                        let name = head.get(column).map_or("", String::as_str);
                        written.push((format!("\n  {name}: {cell}"), Vec::new()));
                    }
                }
            }
        }
        written
    }
}
