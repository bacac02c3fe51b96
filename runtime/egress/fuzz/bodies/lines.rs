//! Reads bytes as lines. However they are cut they become what a reader makes of them who has them all at once, and
//! a line that leaves arrives as it was.

use openclaw_egress::Kind;
use openclaw_egress::socket::Frame;
use openclaw_egress::socket::fuzzing::{read_lines, write_line};

/// To begin with: the most bytes of a line, where to cut, and the lines.
pub const SEEDS: &[&[u8]] = &[
    b"\x40\x03:irc.example NOTICE * :hello\r\nPING :a\r\n\r\nrest",
    b"\x04\x01aaaa\r\naaaaa\r\n",
    b"\x04\x02aaaa\r\r\n\n\n\r\n\r",
    b"\xff\x00\xff\xfe\n\0\n\xc3\xa9\n",
];

/// Ends of lines, halves of them, and what is no text.
pub const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b"aaaa",
    b" ",
];

/// Keeps the promises of lines.
pub fn run(data: &[u8]) {
    let [most, cut, bytes @ ..] = data else { return };
    let (most, cut) = (usize::from(*most), usize::from(*cut).max(1));
    let mut expected = Vec::new();
    let mut rest = bytes;
    let is_over = loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            let line = rest.strip_suffix(b"\r").unwrap_or(rest);
            break line.len() > most;
        };
        let line = &rest[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > most {
            break true;
        }
        expected.push(match String::from_utf8(line.to_vec()) {
            Ok(text) => Frame::Text(text),
            Err(bytes) => Frame::Binary(bytes.into_bytes().into()),
        });
        rest = &rest[end + 1..];
    };
    let uneven: Vec<&[u8]> = bytes
        .split_inclusive(|byte| usize::from(*byte) % 7 == cut % 7)
        .collect();
    for pieces in [
        vec![bytes],
        bytes.chunks(cut).collect(),
        bytes.chunks(1).collect(),
        uneven,
    ] {
        let (found, error) = read_lines(&pieces, most);
        assert_eq!(found, expected);
        assert_eq!(
            error.map(|error| error.cause.kind()),
            is_over.then_some(Kind::TooLarge)
        );
    }
    let has_break = bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    match write_line(bytes) {
        Ok(line) => {
            assert!(!has_break && line.ends_with(b"\r\n"));
            let (found, error) = read_lines(&[&line], bytes.len());
            let [Frame::Text(_) | Frame::Binary(_)] = found.as_slice() else {
                panic!("{found:?}")
            };
            assert!(error.is_none() && found.iter().all(|frame| content(frame) == bytes));
        }
        Err(_) => assert!(has_break),
    }
}

fn content(frame: &Frame) -> &[u8] {
    match frame {
        Frame::Text(text) => text.as_bytes(),
        Frame::Binary(bytes) => bytes,
        Frame::Event(_) => b"",
    }
}
