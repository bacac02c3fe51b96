//! Runs written as Markdown or without any formatting.

use super::markdown::push;
use crate::adapter::{Run, Style};

/// The runs as Markdown.
pub(super) fn markdown(runs: &[Run]) -> String {
    let mut written = String::new();
    let mut rest = runs;
    while let Some((first, others)) = rest.split_first() {
        if let Some(language) = fence_of(first) {
            if !written.is_empty() && !written.ends_with('\n') {
                written.push('\n');
            }
            let ticks = fence(&first.text);
            written.push_str(&format!("{ticks}{language}\n{}\n{ticks}", first.text));
            if others.first().is_some_and(|next| !next.text.starts_with('\n')) {
                written.push('\n');
            }
        } else {
            inline(&mut written, first);
        }
        rest = others;
    }
    written
}

fn fence_of(run: &Run) -> Option<&str> {
    run.styles.iter().find_map(|style| match style {
        Style::CodeBlock(language) => Some(language.as_str()),
        _ => None,
    })
}

/// A fence that the text does not contain.
fn fence(text: &str) -> String {
    let (mut longest, mut here) = (0, 0);
    for c in text.chars() {
        here = if c == '`' { here + 1 } else { 0 };
        longest = longest.max(here);
    }
    "`".repeat(3.max(longest + 1))
}

fn inline(written: &mut String, run: &Run) {
    let quoted = run.styles.contains(&Style::Quote);
    let at_line_start = written.is_empty() || written.ends_with('\n');
    // Marks do not take effect beside blanks, so these stay outside of them.
    let body = run.text.trim();
    if body.is_empty() {
        return written.push_str(&quote(&run.text, quoted, at_line_start));
    }
    let lead = run.text.len() - run.text.trim_start().len();
    let (before, _) = run.text.split_at(lead);
    let (_, after) = run.text.split_at(lead + body.len());
    let is_code = run.styles.contains(&Style::Code);
    let mut text = match is_code {
        true => body.to_owned(),
        false => escape(body),
    };
    for style in run.styles.iter().rev() {
        text = match style {
            Style::Bold => format!("**{text}**"),
            Style::Italic => format!("_{text}_"),
            Style::Strikethrough => format!("~~{text}~~"),
            Style::Spoiler => format!("||{text}||"),
            Style::Code => match text.contains('`') {
                true => format!("`` {text} ``"),
                false => format!("`{text}`"),
            },
            Style::Heading(level) if at_line_start => {
                format!("{} {text}", "#".repeat(usize::from((*level).clamp(1, 6))))
            }
            Style::Link(url) => format!("[{text}](<{}>)", url.replace(['<', '>', '\n'], "")),
            Style::Underline
            | Style::Heading(_)
            | Style::Quote
            | Style::CodeBlock(_)
            | Style::Mention(_)
            | Style::Emoji(_)
            | Style::Other(_) => text,
        };
    }
    written.push_str(&quote(&format!("{before}{text}{after}"), quoted, at_line_start));
}

fn quote(text: &str, quoted: bool, at_line_start: bool) -> String {
    if !quoted {
        return text.to_owned();
    }
    let text = text.replace('\n', "\n> ");
    match at_line_start {
        true => format!("> {text}"),
        false => text,
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The runs without styles; the address of a link that its words do not tell stands behind them.
pub(super) fn bare(runs: Vec<Run>) -> Vec<Run> {
    let mut written = Vec::new();
    let mut runs = runs.into_iter().peekable();
    while let Some(run) = runs.next() {
        push(&mut written, &run.text, &[]);
        let link = link_of(&run);
        let goes_on = link.is_some() && runs.peek().and_then(link_of) == link;
        if let Some(url) = link
            && !goes_on
            && !run.text.contains(url)
        {
            push(&mut written, &format!(" ({url})"), &[]);
        }
    }
    written
}

fn link_of(run: &Run) -> Option<&str> {
    run.styles.iter().find_map(|style| match style {
        Style::Link(url) => Some(url.as_str()),
        _ => None,
    })
}

/// The text of runs that have no styles.
pub(super) fn joined(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}
