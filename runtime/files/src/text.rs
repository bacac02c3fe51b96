//! A text as models see it, and as it is in its file.
//!
//! **Promise.** Models write line feeds, whatever a file has. What of a file is not changed keeps its bytes: the mark
//! at its beginning, and every line its own end. What is put in gets the line ends that the file begins with.

use std::ops::Range;

use crate::answer::Refusal;
use crate::file::not_text;
use crate::place::Place;

const MARK: &str = "\u{feff}";

/// A text file, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    mark: &'static str,
    /// The text with line feeds only.
    pub(crate) body: String,
    /// Which of the line feeds, by their offsets, had a carriage return before them.
    returns: Vec<usize>,
    has_returns: bool,
}

/// A piece to be put in the place of a range of the body.
pub(crate) struct Piece {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn of_file(place: &Place, bytes: Vec<u8>) -> Result<Self, Refusal> {
        String::from_utf8(bytes)
            .map(|whole| Self::new(&whole))
            .map_err(|_| not_text(place))
    }

    pub(crate) fn new(whole: &str) -> Self {
        let (mark, rest) = match whole.strip_prefix(MARK) {
            Some(rest) => (MARK, rest),
            None => ("", whole),
        };
        let mut body = String::with_capacity(rest.len());
        let mut returns = Vec::new();
        let mut pieces = rest.split("\r\n");
        body.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            returns.push(body.len());
            body.push('\n');
            body.push_str(piece);
        }
        let has_returns = returns
            .first()
            .is_some_and(|first| body.find('\n') == Some(*first));
        Self {
            mark,
            body,
            returns,
            has_returns,
        }
    }

    /// The file with pieces put in. They are in order and do not overlap.
    pub(crate) fn splice(&self, pieces: &[Piece]) -> String {
        let mut whole = String::with_capacity(self.body.len() + self.returns.len());
        whole.push_str(self.mark);
        let mut end = 0;
        for piece in pieces {
            self.keep(end..piece.range.start, &mut whole);
            match self.has_returns {
                true => whole.push_str(&piece.text.replace('\n', "\r\n")),
                false => whole.push_str(&piece.text),
            }
            end = piece.range.end;
        }
        self.keep(end..self.body.len(), &mut whole);
        whole
    }

    /// The bytes of the file for a range of the body.
    fn keep(&self, range: Range<usize>, whole: &mut String) {
        let first = self.returns.partition_point(|at| *at < range.start);
        let mut begin = range.start;
        for &at in self.returns.get(first..).unwrap_or_default() {
            if at >= range.end {
                break;
            }
            whole.push_str(self.body.get(begin..at).unwrap_or_default());
            whole.push('\r');
            begin = at;
        }
        whole.push_str(self.body.get(begin..range.end).unwrap_or_default());
    }
}

/// The body with pieces put in.
pub(crate) fn spliced(body: &str, pieces: &[Piece]) -> String {
    let mut after = String::with_capacity(body.len());
    let mut end = 0;
    for piece in pieces {
        after.push_str(body.get(end..piece.range.start).unwrap_or_default());
        after.push_str(&piece.text);
        end = piece.range.end;
    }
    after.push_str(body.get(end..).unwrap_or_default());
    after
}

/// What a model writes, with line feeds only and without the mark of a file.
pub(crate) fn plain(text: &str) -> String {
    text.strip_prefix(MARK).unwrap_or(text).replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_that_is_not_changed_keeps_its_bytes(whole in "\u{feff}?(a|\r|\n|\r\n|\u{e4}){0,20}") {
            prop_assert_eq!(Text::new(&whole).splice(&[]), whole);
        }

        #[test]
        fn what_is_around_a_change_keeps_its_bytes(
            before in "(a|\r|\n|\r\n|\u{e4}){0,9}", after in "(b|\n|\r\n){0,9}", new in "[x\n]{0,4}",
        ) {
            let whole = format!("{before}|OLD|{after}");
            let text = Text::new(&whole);
            let start = text.body.find("OLD").unwrap();
            let piece = Piece { range: start..start + 3, text: new.clone() };
            let has_returns = whole.find("\r\n").is_some_and(|at| whole.find('\n') == Some(at + 1));
            let new = if has_returns { new.replace('\n', "\r\n") } else { new };
            prop_assert_eq!(text.splice(&[piece]), format!("{before}|{new}|{after}"));
        }
    }
}
