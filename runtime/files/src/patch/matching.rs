//! Where the hunks of a patch are in a file.
//!
//! **Promise.** Hunks are found one below the other: as they are, then with the white space at the ends of lines left
//! out of account, then also that at their beginnings, then with typographic signs taken for plain ones. A line that
//! is kept stays as it is in the file, however the patch wrote it. **Bound.** [`COMPARED`] comparisons of lines.

use std::borrow::Cow;
use std::ops::Range;

use crate::answer::Refusal;
use crate::text::Piece;

use super::grammar::{Hunk, Line};

/// The most comparisons of lines for one patch.
const COMPARED: usize = 20_000_000;

/// How strictly two lines are compared, the strictest first.
#[derive(Clone, Copy)]
enum Measure {
    Exact,
    End,
    Trimmed,
    Plain,
    /// The line begins so. It is for anchors only.
    Beginning,
}

impl Measure {
    const OF_HUNKS: [Self; 4] = [Self::Exact, Self::End, Self::Trimmed, Self::Plain];
    const OF_ANCHORS: [Self; 5] = [
        Self::Exact,
        Self::End,
        Self::Trimmed,
        Self::Plain,
        Self::Beginning,
    ];

    fn fits(self, line: &str, wanted: &str) -> bool {
        match self {
            Self::Exact => line == wanted,
            Self::End => line.trim_end() == wanted.trim_end(),
            Self::Trimmed => line.trim() == wanted.trim(),
            Self::Plain => plain(line.trim()) == plain(wanted.trim()),
            Self::Beginning => line.trim().starts_with(wanted.trim()),
        }
    }
}

/// With the signs that word processors put in the place of those on a keyboard taken back.
fn plain(line: &str) -> Cow<'_, str> {
    if line.is_ascii() {
        return Cow::Borrowed(line);
    }
    let letters = line.chars().map(|c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    });
    Cow::Owned(letters.collect())
}

/// Looks for hunks, as long as it may.
#[derive(Default)]
pub(super) struct Search {
    compared: usize,
}

/// A file's body with its lines.
struct Body<'a> {
    text: &'a str,
    lines: Vec<Range<usize>>,
}

impl<'a> Body<'a> {
    fn new(text: &'a str) -> Self {
        let mut at = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            let begin = at;
            at += line.len();
            begin..at
        });
        Self {
            text,
            lines: lines.collect(),
        }
    }

    /// A line without its end.
    fn line(&self, index: usize) -> Option<&'a str> {
        let line = self.text.get(self.lines.get(index)?.clone())?;
        Some(line.strip_suffix('\n').unwrap_or(line))
    }

    /// Where a line begins; the end of the text if there is none.
    fn begin(&self, index: usize) -> usize {
        self.lines.get(index).map_or(self.text.len(), |line| line.start)
    }
}

impl Search {
    /// The pieces that the hunks put into a text, in order.
    pub(super) fn find(&mut self, shown: &str, text: &str, hunks: &[Hunk]) -> Result<Vec<Piece>, Refusal> {
        let body = Body::new(text);
        let mut pieces = Vec::new();
        let mut from = 0;
        for (index, hunk) in hunks.iter().enumerate() {
            let number = index + 1;
            for anchor in &hunk.anchors {
                let Some(at) = self.seek(&body, &[anchor], from, false, &Measure::OF_ANCHORS)? else {
                    return Err(Refusal(format!(
                        "{shown} has no line, from line {} on, that hunk {number} says it is under: {anchor}",
                        from + 1
                    )));
                };
                from = at + 1;
            }
            let mut lines = hunk.lines.as_slice();
            if old(lines).is_empty() {
                // Nothing says where but the anchor.
                let at = match hunk.anchors.is_empty() || hunk.is_at_end {
                    true => body.lines.len(),
                    false => from,
                };
                put(&body, lines, at, &mut pieces);
                continue;
            }
            let mut found = self.seek(&body, &old(lines), from, hunk.is_at_end, &Measure::OF_HUNKS)?;
            while let (None, [rest @ .., Line::Kept(last)]) = (found, lines) {
                // The blank lines before the next section are no lines of the file.
                if !last.is_empty() || old(rest).is_empty() {
                    break;
                }
                lines = rest;
                found = self.seek(&body, &old(lines), from, hunk.is_at_end, &Measure::OF_HUNKS)?;
            }
            let Some(at) = found else {
                return Err(Refusal(lost(shown, number, from, hunk)));
            };
            put(&body, lines, at, &mut pieces);
            from = at + old(lines).len();
        }
        pieces.sort_by_key(|piece| piece.range.start);
        end_last_line(text, &mut pieces);
        Ok(pieces)
    }

    /// The first place, from a line on, at which lines are; at the end of the text only, if so.
    fn seek(
        &mut self,
        body: &Body<'_>,
        wanted: &[&str],
        from: usize,
        is_at_end: bool,
        measures: &[Measure],
    ) -> Result<Option<usize>, Refusal> {
        let Some(last) = body.lines.len().checked_sub(wanted.len()) else {
            return Ok(None);
        };
        let first = if is_at_end { last.max(from) } else { from };
        for measure in measures {
            for at in first..=last {
                let mut is_here = true;
                for (offset, wanted) in wanted.iter().enumerate() {
                    self.compared += 1;
                    if !body
                        .line(at + offset)
                        .is_some_and(|line| measure.fits(line, wanted))
                    {
                        is_here = false;
                        break;
                    }
                }
                if is_here {
                    return Ok(Some(at));
                }
                if self.compared > COMPARED {
                    return Err(Refusal::new(
                        "Finding the hunks of this patch takes too long; make several smaller ones.",
                    ));
                }
            }
        }
        Ok(None)
    }
}

/// The lines that must be in the file.
fn old(lines: &[Line]) -> Vec<&str> {
    let old = lines.iter().filter_map(|line| match line {
        Line::Kept(text) | Line::Removed(text) => Some(text.as_str()),
        Line::Added(_) => None,
    });
    old.collect()
}

/// The pieces of a hunk that is at a line.
fn put(body: &Body<'_>, lines: &[Line], mut at: usize, pieces: &mut Vec<Piece>) {
    let mut open: Option<Piece> = None;
    for line in lines {
        if let Line::Kept(_) = line {
            pieces.extend(open.take());
            at += 1;
            continue;
        }
        let begin = body.begin(at);
        let piece = open.get_or_insert(Piece {
            range: begin..begin,
            text: String::new(),
        });
        if let Line::Added(text) = line {
            piece.text.push_str(text);
            piece.text.push('\n');
        } else {
            at += 1;
            piece.range.end = body.begin(at);
        }
    }
    pieces.extend(open);
}

/// Ends the last line of a text if something is put behind it.
fn end_last_line(text: &str, pieces: &mut [Piece]) {
    if text.is_empty() || text.ends_with('\n') {
        return;
    }
    let is_touched = |piece: &Piece| piece.range.end == text.len() && !piece.range.is_empty();
    if pieces.iter().any(is_touched) {
        return;
    }
    let behind = |piece: &&mut Piece| piece.range.start == text.len() && !piece.text.is_empty();
    if let Some(piece) = pieces.iter_mut().find(behind) {
        piece.text.insert(0, '\n');
    }
}

/// What is said of a hunk that is not found.
fn lost(shown: &str, number: usize, from: usize, hunk: &Hunk) -> String {
    let place = match (hunk.is_at_end, from) {
        (true, _) => "at the end of it".to_owned(),
        (false, 0) => "in it".to_owned(),
        (false, from) => format!("from line {} on", from + 1),
    };
    let mut lines: String = old(&hunk.lines)
        .iter()
        .take(20)
        .map(|line| format!("\n{line}"))
        .collect();
    lines.truncate(lines.floor_char_boundary(2000));
    format!(
        "Hunk {number} of {shown} is not found {place}. Read the file again; these lines were looked for:{lines}"
    )
}
