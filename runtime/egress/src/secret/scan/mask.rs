//! Masking a stream.
//!
//! A stretch in which patterns overlap becomes one mark with the name of the leftmost, and of those the longest. What
//! comes out does not depend on how the stream is cut. Held back is only what may be the beginning of a pattern, so
//! a stream of events does not stall; memory is that and one chunk. A chunk without a hit, with nothing held before
//! it, is passed on without a copy.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{Hit, Resume, Scanner, Stretches};
use crate::secret::hide::mark;

/// How far the last mark reaches.
#[derive(Default)]
pub(super) struct Cover {
    until: usize,
}

impl Cover {
    /// Writes the text up to `end` with marks for the hits that begin before it.
    pub(super) fn write(&mut self, text: &[u8], hits: &[Hit], end: usize, out: &mut Vec<u8>) {
        let mut from = self.until;
        for hit in hits.iter().filter(|hit| hit.at.start < end) {
            if hit.at.start >= self.until {
                out.extend_from_slice(text.get(from..hit.at.start).unwrap_or_default());
                out.extend_from_slice(mark(&hit.label).as_bytes());
            }
            self.until = self.until.max(hit.at.end);
            from = self.until;
        }
        out.extend_from_slice(text.get(from..end).unwrap_or_default());
    }
}

/// Masks one stream.
pub struct Mask {
    scanner: Arc<Scanner>,
    /// What may be the beginning of a pattern.
    held: Bytes,
    resume: Resume,
    /// Hits within what is held.
    hits: Stretches,
    cover: Cover,
}

impl Mask {
    /// A mask at the beginning of a stream.
    pub fn new(scanner: Arc<Scanner>) -> Self {
        let resume = scanner.begin();
        Self {
            scanner,
            held: Bytes::new(),
            resume,
            hits: Stretches::default(),
            cover: Cover::default(),
        }
    }

    /// What may be passed on, now that this arrived.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if chunk.is_empty() {
            return chunk;
        }
        let text = if self.held.is_empty() {
            chunk
        } else {
            let mut joined = BytesMut::with_capacity(self.held.len().saturating_add(chunk.len()));
            joined.extend_from_slice(&self.held);
            joined.extend_from_slice(&chunk);
            joined.freeze()
        };
        let hits = &mut self.hits;
        let state = self
            .scanner
            .run(&text, self.resume, &mut |at, label| hits.add(at, label));
        let end = text.len().saturating_sub(self.scanner.depth(state));
        let out = self.pass(&text, end);
        self.held = text.slice(end..);
        self.resume = Resume {
            state,
            at: self.held.len(),
        };
        out
    }

    /// What was held back, at the end of the stream.
    pub fn finish(mut self) -> Bytes {
        let text = std::mem::take(&mut self.held);
        self.pass(&text, text.len())
    }

    /// The text up to `end`, masked. What is left counts from there on.
    fn pass(&mut self, text: &Bytes, end: usize) -> Bytes {
        let out = if self.hits.0.is_empty() && self.cover.until == 0 {
            text.slice(..end)
        } else {
            let mut out = Vec::with_capacity(end);
            self.cover.write(text, &self.hits.0, end, &mut out);
            self.hits.0.retain_mut(|hit| {
                let is_held = hit.at.start >= end;
                hit.at = hit.at.start.saturating_sub(end)..hit.at.end.saturating_sub(end);
                is_held
            });
            out.into()
        };
        self.cover.until = self.cover.until.saturating_sub(end);
        out
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mask").finish_non_exhaustive()
    }
}
