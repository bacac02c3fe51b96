//! How the bytes of a TCP connection become frames, and frames become bytes.
//!
//! **Promise.** The same bytes become the same frames however they are cut on the way. One frame that leaves is one
//! line for the other side: a break within it is refused. **Bound.** One line of the given length and one reading
//! more. **Cost.** Each byte is looked at once.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::{memchr, memchr2};

use super::Frame;
use crate::error::{Cause, Measure, Result};

/// How bytes become frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// Each line is a frame. CR LF and LF end one that arrives; CR LF is put behind each that leaves.
    Lines,
    /// As the bytes come.
    Bytes,
}

/// A frame that is larger than allowed.
pub(super) fn too_large(most: usize) -> Cause {
    Cause::TooLarge {
        measure: Measure::Frame,
        most: u64::try_from(most).unwrap_or(u64::MAX),
    }
}

/// Bytes that arrived and are not a whole line yet.
#[derive(Debug)]
pub(super) struct Lines {
    arrived: BytesMut,
    /// Up to where there is no end of a line.
    searched: usize,
    most: usize,
}

impl Lines {
    /// For lines of at most this many bytes, their ends not counted.
    pub(super) fn new(most: usize) -> Self {
        Self {
            arrived: BytesMut::new(),
            searched: 0,
            most,
        }
    }

    /// Where what arrives is put, behind what is there.
    pub(super) fn arrived(&mut self) -> &mut BytesMut {
        &mut self.arrived
    }

    /// Whether every byte was part of a line that was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }

    /// Takes the next line, without its end.
    pub(super) fn take(&mut self) -> Result<Option<Bytes>> {
        let fresh = self.arrived.get(self.searched..).unwrap_or_default();
        let Some(found) = memchr(b'\n', fresh) else {
            self.searched = self.arrived.len();
            // The last byte may be half of the line's end.
            let text = self.arrived.strip_suffix(b"\r").unwrap_or(&self.arrived);
            return if text.len() > self.most {
                Err(too_large(self.most).unsent())
            } else {
                Ok(None)
            };
        };
        let mut line = self.arrived.split_to(self.searched + found);
        self.arrived.advance(1);
        self.searched = 0;
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        if line.len() > self.most {
            return Err(too_large(self.most).unsent());
        }
        Ok(Some(line.freeze()))
    }
}

/// A line as a frame: text if it can be.
pub(super) fn frame_of(line: Bytes) -> Frame {
    match std::str::from_utf8(&line) {
        Ok(text) => Frame::Text(text.to_owned()),
        Err(_) => Frame::Binary(line),
    }
}

/// What can leave.
#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Binary(Bytes),
}

/// What leaves as the bytes that are written for it.
pub(super) fn bytes_of(content: Content, framing: Framing) -> Result<Bytes> {
    match (framing, content) {
        (Framing::Bytes, Content::Binary(bytes)) => Ok(bytes),
        (Framing::Bytes, Content::Text(_)) => {
            let why = "sends text on a connection of bytes; send a binary frame";
            Err(Cause::Request { why }.unsent())
        }
        (Framing::Lines, Content::Text(line)) => line_of(line.as_bytes()).map(Bytes::from),
        (Framing::Lines, Content::Binary(line)) => line_of(&line).map(Bytes::from),
    }
}

/// A line with its end.
pub(super) fn line_of(content: &[u8]) -> Result<Vec<u8>> {
    if memchr2(b'\r', b'\n', content).is_some() {
        let why = "sends a line with a line break in it; send each line as a frame of its own";
        return Err(Cause::Request { why }.unsent());
    }
    Ok([content, b"\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Kind;

    fn text(line: &str) -> Frame {
        Frame::Text(line.to_owned())
    }

    fn read(lines: &mut Lines, chunk: &[u8]) -> Result<Vec<Frame>> {
        lines.arrived().extend_from_slice(chunk);
        let mut frames = Vec::new();
        while let Some(line) = lines.take()? {
            frames.push(frame_of(line));
        }
        Ok(frames)
    }

    #[test]
    fn both_ends_end_a_line_and_a_lone_cr_does_not() {
        let mut lines = Lines::new(100);
        let frames = read(&mut lines, b"one\r\ntwo\n\r\nfo\rur\r\r\nrest").unwrap();
        assert_eq!(frames, [text("one"), text("two"), text(""), text("fo\rur\r")]);
        assert!(!lines.is_empty());
    }

    #[test]
    fn a_line_that_is_not_utf8_is_a_binary_frame() {
        let frames = read(&mut Lines::new(100), b"gr\xc3\xbc\xc3\x9fe\r\ngr\xfc\xdfe\r\n").unwrap();
        assert_eq!(
            frames,
            [text("grüße"), Frame::Binary(Bytes::from_static(b"gr\xfc\xdfe"))]
        );
    }

    #[test]
    fn a_line_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
        for end in ["\n", "\r\n"] {
            let mut lines = Lines::new(5);
            assert_eq!(
                read(&mut lines, format!("12345{end}").as_bytes()).unwrap(),
                [text("12345")]
            );
            let error = read(&mut lines, format!("123456{end}").as_bytes()).unwrap_err();
            assert_eq!(error.cause.kind(), Kind::TooLarge);
        }
        let mut lines = Lines::new(5);
        assert!(read(&mut lines, b"12345\r").unwrap().is_empty());
        assert!(read(&mut lines, b"x").is_err());
    }

    #[test]
    fn a_line_without_end_is_given_up_at_the_limit() {
        let mut lines = Lines::new(1000);
        let at = (0..100).find(|_| read(&mut lines, &[b'x'; 100]).is_err());
        assert_eq!(at, Some(10));
    }

    #[test]
    fn one_frame_leaves_as_one_line() {
        let sent = |frame| bytes_of(frame, Framing::Lines);
        assert_eq!(sent(Content::Text("NICK a".to_owned())).unwrap(), "NICK a\r\n");
        assert_eq!(
            sent(Content::Binary(Bytes::from_static(b"\xff"))).unwrap(),
            &b"\xff\r\n"[..]
        );
        for line in ["a\r\nQUIT", "a\nQUIT", "a\rQUIT", "\n", "a\r"] {
            assert_eq!(
                sent(Content::Text(line.to_owned())).unwrap_err().cause.kind(),
                Kind::Invalid,
                "{line:?}"
            );
            let binary = Content::Binary(Bytes::from(line));
            assert_eq!(sent(binary).unwrap_err().cause.kind(), Kind::Invalid, "{line:?}");
        }
    }

    #[test]
    fn bytes_leave_as_they_are_and_text_is_not_taken_for_them() {
        let bytes = Bytes::from_static(b"a\r\n\0");
        assert_eq!(
            bytes_of(Content::Binary(bytes.clone()), Framing::Bytes).unwrap(),
            bytes
        );
        assert!(bytes_of(Content::Text("a".to_owned()), Framing::Bytes).is_err());
    }

    proptest! {
        #[test]
        fn the_same_bytes_become_the_same_lines_however_they_are_cut(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(1..20_usize, 1..50),
        ) {
            let expected: Vec<Frame> = {
                let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
                lines.pop();
                let bare = lines.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
                bare.map(|line| frame_of(Bytes::copy_from_slice(line))).collect()
            };
            let mut lines = Lines::new(1000);
            let mut found = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, more) = rest.split_at(rest.len().min(*cut));
                found.extend(read(&mut lines, chunk).unwrap());
                rest = more;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
