//! Cuts JSON5 text into tokens.
//!
//! Agrees with the parser on where strings and comments end, and so on nesting; whether a word is a number or a
//! name is the parser's business. Linear, no recursion. Stops at the first thing that no JSON5 text holds.

use json5::char::{is_json5_line_terminator, is_json5_whitespace};

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The text it stands for.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    OpenObject,
    CloseObject,
    OpenArray,
    CloseArray,
    Colon,
    Comma,
    /// A string with its quotes.
    Text,
    /// A number, a name, a literal.
    Word,
}

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes white space and comments. False: a comment is not closed, or a `/` starts none.
    fn skip_blank(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let blank = rest.find(|c| !is_json5_whitespace(c)).unwrap_or(rest.len());
            self.at += blank;
            let rest = self.rest();
            let length = if rest.starts_with("//") {
                rest.find(is_json5_line_terminator).unwrap_or(rest.len())
            } else if let Some(comment) = rest.strip_prefix("/*") {
                match comment.find("*/") {
                    Some(length) => length + 4,
                    None => return false,
                }
            } else {
                return !rest.starts_with('/');
            };
            self.at += length;
        }
    }

    /// The length of the string that starts here; `None`: it is not closed.
    fn text_length(&self, quote: char) -> Option<usize> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next()?;
                }
                '\n' | '\r' => return None,
                c if c == quote => return Some(offset + 1),
                _ => {}
            }
        }
        None
    }

    fn word_length(&self) -> usize {
        let rest = self.rest();
        rest.find(|c: char| "{}[]:,\"'/".contains(c) || is_json5_whitespace(c))
            .unwrap_or(rest.len())
    }
}

impl Iterator for Lexer<'_> {
    type Item = (Kind, Span);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.skip_blank() {
            self.at = self.text.len();
        }
        let start = self.at;
        let (kind, length) = match self.rest().chars().next()? {
            '{' => (Kind::OpenObject, 1),
            '}' => (Kind::CloseObject, 1),
            '[' => (Kind::OpenArray, 1),
            ']' => (Kind::CloseArray, 1),
            ':' => (Kind::Colon, 1),
            ',' => (Kind::Comma, 1),
            quote @ ('"' | '\'') => match self.text_length(quote) {
                Some(length) => (Kind::Text, length),
                None => {
                    self.at = self.text.len();
                    return None;
                }
            },
            _ => (Kind::Word, self.word_length()),
        };
        self.at += length;
        Some((kind, Span { start, end: self.at }))
    }
}
