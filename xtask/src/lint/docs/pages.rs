//! What a Markdown page says that can be checked: links, inline code, and the commands in its shell blocks,
//! each with its line. Blocks in other languages are not read.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// One thing that a page says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention {
    /// From 1.
    pub(super) line: usize,
    pub(super) said: Said,
}

/// Which kind of thing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Where a link or an image points to.
    Link(String),
    /// Inline code.
    Code(String),
    /// One command line of a shell block, continued lines joined.
    Script(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Every line is typed.
    Script,
    /// Only lines after a `$` are typed, the others are printed.
    Session,
    Other,
}

impl Block {
    fn of(kind: &CodeBlockKind<'_>) -> Self {
        let CodeBlockKind::Fenced(info) = kind else {
            return Self::Other;
        };
        match info.split([',', ' ']).next().unwrap_or_default() {
            "sh" | "bash" | "shell" => Self::Script,
            "console" => Self::Session,
            _ => Self::Other,
        }
    }
}

/// Reads a page.
pub(super) fn read(text: &str) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut block = Block::Other;
    let mut typed: Vec<(usize, String)> = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                mentions.push(Mention {
                    line: find_line(text, &range),
                    said: Said::Link(dest_url.into_string()),
                });
            }
            Event::Code(code) => {
                mentions.push(Mention {
                    line: find_line(text, &range),
                    said: Said::Code(code.into_string()),
                });
            }
            Event::Start(Tag::CodeBlock(kind)) => block = Block::of(&kind),
            Event::Text(part) if block != Block::Other => {
                let first = find_line(text, &range);
                typed.extend(
                    part.lines()
                        .enumerate()
                        .map(|(index, line)| (first + index, line.to_owned())),
                );
            }
            Event::End(TagEnd::CodeBlock) => {
                let scripts = join_lines(std::mem::take(&mut typed), block);
                mentions.extend(scripts.map(|(line, script)| Mention {
                    line,
                    said: Said::Script(script),
                }));
                block = Block::Other;
            }
            _ => {}
        }
    }
    mentions
}

fn find_line(text: &str, range: &Range<usize>) -> usize {
    text.bytes()
        .take(range.start)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// Strips prompts and joins what ends in a backslash with the line after it.
fn join_lines(lines: Vec<(usize, String)>, block: Block) -> impl Iterator<Item = (usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in lines {
        let line = line.trim();
        let prompted = line.strip_prefix("$ ");
        if !goes_on && block == Block::Session && prompted.is_none() {
            continue;
        }
        let typed = prompted.unwrap_or(line);
        let (typed, continued) = typed
            .strip_suffix('\\')
            .map_or((typed, false), |typed| (typed, true));
        match joined.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(typed);
            }
            _ => joined.push((number, typed.to_owned())),
        }
        goes_on = continued;
    }
    joined.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_continued_line_is_one_command_at_its_first_line() {
        let page = "# T\n\n```sh\n$ a \\\n  b\nc\n```\n";
        let scripts = [(4, "a  b"), (6, "c")];
        let expected = scripts.map(|(line, script)| Mention {
            line,
            said: Said::Script(script.to_owned()),
        });
        assert_eq!(read(page), expected);
    }

    #[test]
    fn in_a_session_only_what_follows_a_prompt_is_typed() {
        let page = "> ```console\n> $ a\n> printed\n> $ b\n> ```\n\n```rust\nc\n```\n";
        let scripts = [(2, "a"), (4, "b")];
        let expected = scripts.map(|(line, script)| Mention {
            line,
            said: Said::Script(script.to_owned()),
        });
        assert_eq!(read(page), expected);
    }
}
