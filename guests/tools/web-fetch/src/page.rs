//! Content as the model reads it. Of a page the main part is kept where one can be told, else all that is not there for
//! browsers or for finding one's way; links, headings, lists, tables and code stay what they are.
//!
//! **Bound.** A page with more than 50,000 elements or more than 400 of them inside each other is given as its bare text.

use dom_query::{Document, NodeRef};
use dom_smoothie::{Config, Readability, TextMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;

const MAX_ELEMENTS: usize = 50_000;
const MAX_DEPTH: usize = 400;
/// What no reader of a text misses.
const AROUND: &str = "script, style, noscript, template, iframe, object, svg, canvas, nav, footer, aside, form, button, dialog, [hidden], [aria-hidden=true], [role=navigation], [role=banner], [role=contentinfo]";

/// How a page is given.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    #[default]
    Markdown,
    Text,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    /// What made text of it.
    pub(crate) extractor: &'static str,
}

impl Page {
    /// Reads content that came from an address. `is_main_only` asks for the main part of a page.
    pub(crate) fn read(content: &str, kind: Kind, url: &str, mode: Mode, is_main_only: bool) -> Self {
        match kind {
            Kind::Html => read_html(content, url, mode, is_main_only),
            Kind::Json => read_json(content),
            Kind::Text | Kind::Unknown => Self::raw(content.trim()),
        }
    }

    fn raw(text: &str) -> Self {
        Self {
            title: None,
            text: text.to_owned(),
            extractor: "raw",
        }
    }
}

fn read_json(content: &str) -> Page {
    let value = serde_json::from_str::<serde_json::Value>(content);
    match value.and_then(|value| serde_json::to_string_pretty(&value)) {
        Ok(text) => Page {
            title: None,
            text,
            extractor: "json",
        },
        Err(_) => Page::raw(content.trim()),
    }
}

fn read_html(content: &str, url: &str, mode: Mode, is_main_only: bool) -> Page {
    let document = Document::from(content);
    let title = find_title(&document);
    if is_too_deep(&document.root()) {
        return Page {
            title,
            text: tidy(&write_bare(&document)),
            extractor: "raw-html",
        };
    }
    if is_main_only && let Some(page) = read_main(content, url, mode) {
        return page;
    }
    document.select(AROUND).remove();
    let body = document.body().unwrap_or_else(|| document.root());
    let text = match mode {
        Mode::Markdown => body.md(None),
        Mode::Text => body.formatted_text(),
    };
    Page {
        title,
        text: tidy(&text),
        extractor: "raw-html",
    }
}

/// The main part, if the page looks like something to read.
fn read_main(content: &str, url: &str, mode: Mode) -> Option<Page> {
    let config = Config {
        max_elements_to_parse: MAX_ELEMENTS,
        text_mode: match mode {
            Mode::Markdown => TextMode::Markdown,
            Mode::Text => TextMode::Formatted,
        },
        ..Config::default()
    };
    let mut page = Readability::new(content, Some(url), Some(config)).ok()?;
    if !page.is_probably_readable() {
        return None;
    }
    let article = page.parse().ok()?;
    let text = tidy(&article.text_content);
    (!text.is_empty()).then(|| Page {
        title: Some(article.title).filter(|title| !title.is_empty()),
        text,
        extractor: "readability",
    })
}

fn find_title(document: &Document) -> Option<String> {
    let title = document.select_single("title").text();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// Whether there is more of it than may be walked through by recursion.
fn is_too_deep(root: &NodeRef<'_>) -> bool {
    let mut open = vec![(*root, 0)];
    let mut count = 0;
    while let Some((node, depth)) = open.pop() {
        count += usize::from(node.is_element());
        if depth > MAX_DEPTH || count > MAX_ELEMENTS {
            return true;
        }
        open.extend(node.children_it(false).map(|child| (child, depth + 1)));
    }
    false
}

/// The texts of a page, without any structure.
fn write_bare(document: &Document) -> String {
    let mut text = String::new();
    let mut open = vec![document.root()];
    while let Some(node) = open.pop() {
        let name = node.node_name().unwrap_or_default();
        if ["script", "style", "noscript", "template", "head"].contains(&name.as_ref()) {
            continue;
        }
        if node.is_text() {
            text.push_str(&node.text());
            text.push(' ');
        }
        open.extend(node.children_it(true));
    }
    text
}

/// Text without white space at the ends of its lines and without rows of empty ones.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty > 1 {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

#[cfg(test)]
mod tests;
