//! Lines of a file, one by one.
//!
//! **Bound.** Of each line as much is kept as is asked for, however long it is.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use memchr::memchr;

/// How much of a file is looked at to tell whether it is text.
const LOOKED_AT: u64 = 8192;
/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// The lines of a text file.
pub(crate) struct Lines {
    source: BufReader<Box<dyn Read>>,
}

/// What is known of a line that was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    /// How long it is without its end.
    pub(crate) bytes: u64,
}

impl Lines {
    /// Begins to read. None if it is not a text.
    pub(crate) fn open(mut file: Box<dyn Read>, max: u64) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        file.by_ref().take(LOOKED_AT).read_to_end(&mut head)?;
        if memchr(0, &head).is_some() {
            return Ok(None);
        }
        let whole: Box<dyn Read> = Box::new(Cursor::new(head).chain(file).take(max));
        Ok(Some(Self {
            source: BufReader::with_capacity(CHUNK, whole),
        }))
    }

    /// Reads a line, of which up to `max` bytes are put into `kept`; none at the end.
    pub(crate) fn next(&mut self, kept: &mut Vec<u8>, max: usize) -> io::Result<Option<Line>> {
        kept.clear();
        let (mut bytes, mut last, mut is_ended) = (0_u64, 0_u8, false);
        while !is_ended {
            let chunk = self.source.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            let (part, taken) = match memchr(b'\n', chunk) {
                Some(at) => {
                    is_ended = true;
                    (chunk.get(..at).unwrap_or_default(), at + 1)
                }
                None => (chunk, chunk.len()),
            };
            bytes += part.len() as u64;
            last = part.last().copied().unwrap_or(last);
            let room = max.saturating_sub(kept.len()).min(part.len());
            kept.extend_from_slice(part.get(..room).unwrap_or_default());
            self.source.consume(taken);
        }
        if bytes == 0 && !is_ended {
            return Ok(None);
        }
        if is_ended && last == b'\r' {
            bytes -= 1;
            kept.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        Ok(Some(Line { bytes }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, max: usize) -> Vec<(String, u64)> {
        let file = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut lines = Lines::open(file, u64::MAX).unwrap().unwrap();
        let (mut all, mut kept) = (Vec::new(), Vec::new());
        while let Some(line) = lines.next(&mut kept, max).unwrap() {
            all.push((String::from_utf8(kept.clone()).unwrap(), line.bytes));
        }
        all
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_text(text in "(a|b|\r|\n|\r\n){0,30}") {
            let expected: Vec<_> = text.lines().map(|line| (line.to_owned(), line.len() as u64)).collect();
            prop_assert_eq!(lines(&text, 1000), expected);
        }
    }

    #[test]
    fn of_a_long_line_the_beginning_is_kept_and_the_length_told() {
        let text = format!("{}\r\nb", "x".repeat(200_000));
        assert_eq!(
            lines(&text, 4),
            [("xxxx".to_owned(), 200_000), ("b".to_owned(), 1)]
        );
    }

    #[test]
    fn what_has_a_zero_early_on_is_no_text() {
        let file = Box::new(Cursor::new(vec![b'a', 0, b'b']));
        assert!(Lines::open(file, u64::MAX).unwrap().is_none());
    }
}
