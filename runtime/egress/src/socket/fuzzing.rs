//! The readers of what arrives, for fuzzing and for nothing else: only here can the bytes be cut at will.

use bytes::Bytes;

use super::events::Events;
use super::framing::{Lines, frame_of, line_of};
use super::{Frame, ServerEvent};
use crate::error::{Error, Result};

/// Reads pieces as a stream of events of at most `most` bytes: the events, and why it stopped before the end.
pub fn read_events(pieces: &[&[u8]], most: usize) -> (Vec<ServerEvent>, Option<Error>) {
    let mut reader = Events::new(most);
    let mut found = Vec::new();
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.take() {
                Ok(Some(event)) => found.push(event),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// Reads pieces as lines of at most `most` bytes: the frames, and why it stopped before the end.
pub fn read_lines(pieces: &[&[u8]], most: usize) -> (Vec<Frame>, Option<Error>) {
    let mut reader = Lines::new(most);
    let mut found = Vec::new();
    for piece in pieces {
        reader.arrived().extend_from_slice(piece);
        loop {
            match reader.take() {
                Ok(Some(line)) => found.push(frame_of(line)),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// A line as it leaves.
pub fn write_line(content: &[u8]) -> Result<Vec<u8>> {
    line_of(content)
}
