//! A file as a stream of `wasi:io`, to read or to write.
//!
//! **Bound.** A stream holds at most [`MAX_CHUNK`] bytes, read ahead or on their way to the disk. **Cost.** One
//! operation of the tree for each chunk. What a guest reads and writes is charged to its budget.

use std::sync::Arc;

use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::descriptors::Descriptor as Place;

use super::budget::{Budget, Volume};
use super::error::{ErrorCode, Op};
use super::job::Job;
use super::open_file::{MAX_CHUNK, OpenFile};

type Bytes = bytes::Bytes;

/// Where bytes are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Position {
    At(u64),
    End,
}

/// A file being read from some offset on.
pub(super) struct Reader {
    file: Option<Arc<OpenFile>>,
    budget: Arc<dyn Budget>,
    offset: u64,
    state: Reading,
    _slot: Place,
}

enum Reading {
    Idle,
    Busy(Job<Op<Vec<u8>>>),
    Ready(Bytes),
    Failed(ErrorCode),
    Ended,
}

impl Reader {
    pub(super) fn new(file: Arc<OpenFile>, budget: Arc<dyn Budget>, offset: u64, slot: Place) -> Self {
        Self {
            file: Some(file),
            budget,
            offset,
            state: Reading::Idle,
            _slot: slot,
        }
    }

    fn begin(&mut self, size: usize) {
        if let (Reading::Idle, Some(file)) = (&self.state, &self.file) {
            let (open, offset) = (Arc::clone(file), self.offset);
            self.state = Reading::Busy(file.tree().start(move || open.read(size, offset)));
        }
    }

    async fn finish(&mut self) {
        if let Reading::Busy(job) = &mut self.state {
            self.state = match job.await {
                Some(Ok(bytes)) if bytes.is_empty() => Reading::Ended,
                Some(Ok(bytes)) => Reading::Ready(bytes.into()),
                Some(Err(code)) => Reading::Failed(code),
                None => Reading::Failed(ErrorCode::Io),
            };
        }
    }

    /// Hands over what is there.
    fn deliver(&mut self, size: usize) -> StreamResult<Bytes> {
        let delivered = match &mut self.state {
            Reading::Idle | Reading::Busy(_) => Bytes::new(),
            Reading::Ready(bytes) => {
                let delivered = bytes.split_to(bytes.len().min(size));
                if bytes.is_empty() {
                    self.state = Reading::Idle;
                }
                delivered
            }
            Reading::Failed(code) => {
                let error = StreamError::LastOperationFailed((*code).into());
                self.state = Reading::Ended;
                return Err(error);
            }
            Reading::Ended => return Err(StreamError::Closed),
        };
        let length = u64::try_from(delivered.len()).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(length);
        self.budget
            .charge(Volume {
                calls: 1,
                bytes_in: length,
                ..Volume::default()
            })
            .map_err(StreamError::Trap)?;
        Ok(delivered)
    }
}

#[async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 {
            self.begin(size);
        }
        self.deliver(size)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 {
            self.begin(size);
        }
        self.finish().await;
        self.deliver(size)
    }

    async fn cancel(&mut self) {
        self.finish().await;
        if let Some(file) = self.file.take() {
            OpenFile::close(file).await;
        }
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        self.begin(MAX_CHUNK);
        self.finish().await;
    }
}

/// A file being written.
pub(super) struct Writer {
    file: Option<Arc<OpenFile>>,
    budget: Arc<dyn Budget>,
    position: Position,
    state: Writing,
    _slot: Place,
}

enum Writing {
    Idle,
    Busy(Job<(u64, Op<()>)>),
    Failed(ErrorCode),
    Ended,
}

impl Writer {
    pub(super) fn new(file: Arc<OpenFile>, budget: Arc<dyn Budget>, position: Position, slot: Place) -> Self {
        Self {
            file: Some(file),
            budget,
            position,
            state: Writing::Idle,
            _slot: slot,
        }
    }

    fn charge(&self, length: usize) -> StreamResult<()> {
        let bytes_out = u64::try_from(length).unwrap_or(u64::MAX);
        let volume = Volume {
            calls: 1,
            bytes_out,
            ..Volume::default()
        };
        self.budget.charge(volume).map_err(StreamError::Trap)
    }

    fn check(&mut self) -> StreamResult<usize> {
        match &self.state {
            Writing::Idle => Ok(MAX_CHUNK),
            Writing::Busy(_) => Ok(0),
            Writing::Failed(code) => {
                let error = StreamError::LastOperationFailed((*code).into());
                self.state = Writing::Ended;
                Err(error)
            }
            Writing::Ended => Err(StreamError::Closed),
        }
    }
}

#[async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > self.check()? {
            return Err(StreamError::trap(
                "more bytes were written than the stream allowed",
            ));
        }
        self.charge(bytes.len())?;
        if let Some(file) = &self.file {
            let (open, position) = (Arc::clone(file), self.position);
            self.state = Writing::Busy(file.tree().start(move || write_all(&open, &bytes, position)));
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.charge(0)?;
        self.check().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()
    }

    async fn cancel(&mut self) {
        self.ready().await;
        if let Some(file) = self.file.take() {
            OpenFile::close(file).await;
        }
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        if let Writing::Busy(job) = &mut self.state {
            let (written, outcome) = job.await.unwrap_or((0, Err(ErrorCode::Io)));
            if let Position::At(offset) = &mut self.position {
                *offset = offset.saturating_add(written);
            }
            self.state = match outcome {
                Ok(()) => Writing::Idle,
                Err(code) => Writing::Failed(code),
            };
        }
    }
}

/// Writes all bytes, or says how many were written before it failed.
fn write_all(file: &OpenFile, mut bytes: &[u8], mut position: Position) -> (u64, Op<()>) {
    let mut total = 0;
    while !bytes.is_empty() {
        let written = match position {
            Position::At(offset) => file.write(bytes, offset),
            Position::End => file.append(bytes),
        };
        match written {
            Ok(written) => {
                let length = u64::try_from(written).unwrap_or(u64::MAX);
                total += length;
                bytes = bytes.get(written..).unwrap_or_default();
                if let Position::At(offset) = &mut position {
                    *offset = offset.saturating_add(length);
                }
                if written == 0 {
                    return (total, Err(ErrorCode::InsufficientSpace));
                }
            }
            Err(code) => return (total, Err(code)),
        }
    }
    (total, Ok(()))
}
