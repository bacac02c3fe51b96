//! What has arrived on a connection and was not told yet.
//!
//! **Bound.** [`HELD`] frames or [`HELD_BYTES`], and the one that exceeds them; beyond that nothing is read.

use std::collections::VecDeque;

use openclaw_egress::socket::Frame;

use super::{ConnectionId, Happening};
use crate::channel::event::{SocketFrames, SocketOpened};
use crate::host::sockets::arriving;

/// Frames, and bytes of them, that wait for the adapter.
const HELD: usize = 1000;
const HELD_BYTES: u64 = 4 << 20;
/// Frames of one event.
const TOGETHER: usize = 100;

/// What has arrived and was not told yet.
#[derive(Default)]
pub(super) struct Held {
    opened: Option<SocketOpened>,
    frames: VecDeque<Frame>,
    bytes: u64,
}

impl Held {
    /// Nothing but that the connection is open.
    pub(super) fn new(opened: SocketOpened) -> Self {
        Self {
            opened: Some(opened),
            ..Self::default()
        }
    }

    /// One more frame.
    pub(super) fn push(&mut self, frame: Frame) {
        self.bytes += frame.weight();
        self.frames.push_back(frame);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.opened.is_none() && self.frames.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.frames.len() < HELD && self.bytes < HELD_BYTES
    }

    /// What is told next.
    pub(super) fn next(&mut self, id: &ConnectionId) -> Option<Happening> {
        if let Some(opened) = self.opened.take() {
            return Some(Happening::SocketOpened(opened));
        }
        let count = self.frames.len().min(TOGETHER);
        if count == 0 {
            return None;
        }
        let frames: Vec<_> = self.frames.drain(..count).collect();
        self.bytes -= frames.iter().map(Frame::weight).sum::<u64>();
        Some(Happening::SocketFrames(SocketFrames {
            connection: id.clone(),
            frames: frames.into_iter().map(arriving).collect(),
        }))
    }
}
