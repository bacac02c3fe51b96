//! The body of a request on its way out.
//!
//! **Promise.** A body that is read while it is sent has exactly the length that was announced, never more than was
//! granted, and no placeholder in it, also not one that is split over its pieces. What breaks it off is told.
//! **Cost.** A scan of each piece; nothing is copied.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Source;
use crate::error::{Cause, Sent};
use crate::secret::StreamGuard;

/// What is known of a body while it leaves.
#[derive(Default)]
pub(super) struct Progress {
    sent: Arc<AtomicU64>,
    is_done: AtomicBool,
    fault: Mutex<Option<Cause>>,
}

impl Progress {
    /// Bytes that were handed to the network.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// What counts them.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// Whether all of the body was handed to the network.
    pub(super) fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Relaxed)
    }

    /// Why the body was broken off on this side.
    pub(super) fn fault(&self) -> Option<Cause> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the other side may have acted on what it got of a body that was broken off.
    pub(super) fn left(&self) -> Sent {
        match self.sent() {
            0 => Sent::Unknown,
            _ => Sent::Yes,
        }
    }
}

/// The body of a request on its way out.
pub(super) struct Outgoing {
    kind: Kind,
    progress: Arc<Progress>,
}

enum Kind {
    Whole(Option<Bytes>),
    Pieces(Box<Pieces>),
}

struct Pieces {
    source: Source,
    guard: StreamGuard,
    /// What must still come, where the length was announced.
    announced: Option<u64>,
    /// What may still come.
    allowed: u64,
    most: openclaw_policy::Bytes,
}

/// A body that was broken off; its progress says why.
#[derive(Debug, thiserror::Error)]
#[error("the body was broken off")]
pub(super) struct Broken;

impl Outgoing {
    pub(super) fn whole(bytes: Bytes, progress: Arc<Progress>) -> Self {
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        progress.is_done.store(bytes.is_none(), Ordering::Relaxed);
        let kind = Kind::Whole(bytes);
        Self { kind, progress }
    }

    pub(super) fn pieces(
        source: Source,
        announced: Option<u64>,
        guard: StreamGuard,
        most: openclaw_policy::Bytes,
        progress: Arc<Progress>,
    ) -> Self {
        let pieces = Pieces {
            source,
            guard,
            announced,
            allowed: most.get(),
            most,
        };
        Self {
            kind: Kind::Pieces(Box::new(pieces)),
            progress,
        }
    }
}

impl Pieces {
    /// Judges a piece before it leaves.
    fn pass(&mut self, piece: Bytes) -> Result<Bytes, Cause> {
        let length = piece.len() as u64;
        if let Some(announced) = &mut self.announced {
            *announced = announced.checked_sub(length).ok_or(Cause::Request {
                why: "has a longer body than it announced",
            })?;
        }
        let left = self.allowed.checked_sub(length);
        self.allowed = left.ok_or(Cause::Body { most: self.most })?;
        self.guard.check(&piece)?;
        Ok(piece)
    }

    fn end(&self) -> Result<(), Cause> {
        match self.announced {
            None | Some(0) => Ok(()),
            Some(_) => Err(Cause::Request {
                why: "has a shorter body than it announced",
            }),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Cause>> {
        Poll::Ready(match ready!(self.source.as_mut().poll_next(context)) {
            Some(Ok(piece)) => self.pass(piece).map(Some),
            Some(Err(error)) => Err(Cause::Internal {
                what: format!("the body could not be read: {error}"),
            }),
            None => self.end().map(|()| None),
        })
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let piece = match &mut this.kind {
            Kind::Whole(bytes) => Ok(bytes.take()),
            Kind::Pieces(pieces) => ready!(pieces.poll(context)),
        };
        let is_last = match &this.kind {
            Kind::Whole(_) => true,
            Kind::Pieces(pieces) => pieces.announced == Some(0),
        };
        Poll::Ready(match piece {
            Ok(piece) => {
                if is_last || piece.is_none() {
                    this.progress.is_done.store(true, Ordering::Relaxed);
                }
                piece.map(|piece| {
                    this.progress
                        .sent
                        .fetch_add(piece.len() as u64, Ordering::Relaxed);
                    Ok(Frame::data(piece))
                })
            }
            Err(cause) => {
                *this.progress.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
                Some(Err(Broken))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.kind, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Pieces(pieces) => pieces
                .announced
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
