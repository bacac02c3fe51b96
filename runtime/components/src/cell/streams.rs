//! What a program in a cell reads and prints.
//!
//! **Bound.** What is printed is charged to the run's limit of output, what is read to that of bytes in; what waits to be
//! read by others is bounded by their channel. **Cost.** One message for each write of the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::{Input, Printed};
use crate::files::Mounts;
use crate::limits::Volume;

/// How much is taken in one write, which is what the host may have to allocate for it.
const WRITE: usize = 64 << 10;

/// What a program in a cell begins with.
pub(crate) struct Streams {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) input: mpsc::Receiver<Input>,
    pub(crate) output: mpsc::Sender<Printed>,
    pub(crate) mounts: Arc<Mounts>,
}

/// What it prints to one of its two streams.
#[derive(Clone)]
pub(crate) struct Printing {
    pub(crate) is_err: bool,
    pub(crate) output: mpsc::Sender<Printed>,
    pub(crate) volume: Arc<Volume>,
}

impl IsTerminal for Printing {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printing {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Only a later version of the standard asks for this; it is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

#[async_trait]
impl Pollable for Printing {
    async fn ready(&mut self) {
        // That nobody listens any more is told by the next write.
        let _ = self.output.reserve().await;
    }
}

#[async_trait]
impl OutputStream for Printing {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let spent = self.volume.output.spend(bytes.len() as u64);
        spent.map_err(|stop| StreamError::Trap(stop.into()))?;
        match self.output.try_send(Printed {
            is_err: self.is_err,
            bytes,
        }) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(StreamError::Closed),
            // There was room when the program asked, and nobody else prints here.
            Err(mpsc::error::TrySendError::Full(_)) => Err(StreamError::trap("written without room")),
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match (self.output.is_closed(), self.output.capacity()) {
            (true, _) => Err(StreamError::Closed),
            (false, 0) => Ok(0),
            (false, _) => Ok(WRITE),
        }
    }
}

/// What it reads. There is one end; whoever takes it a second time reads nothing.
pub(crate) struct Listening {
    end: Mutex<Option<mpsc::Receiver<Input>>>,
    volume: Arc<Volume>,
}

impl Listening {
    pub(crate) fn new(input: mpsc::Receiver<Input>, volume: Arc<Volume>) -> Self {
        Self {
            end: Mutex::new(Some(input)),
            volume,
        }
    }
}

impl IsTerminal for Listening {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Listening {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(Reading {
            from: self.end.lock().unwrap_or_else(PoisonError::into_inner).take(),
            rest: Bytes::new(),
            volume: Arc::clone(&self.volume),
        })
    }

    /// Only a later version of the standard asks for this; it is not linked.
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty())
    }
}

/// The end that is read from.
struct Reading {
    /// None when it has ended.
    from: Option<mpsc::Receiver<Input>>,
    /// What came and was not read yet.
    rest: Bytes,
    volume: Arc<Volume>,
}

#[async_trait]
impl Pollable for Reading {
    async fn ready(&mut self) {
        while self.rest.is_empty()
            && let Some(from) = &mut self.from
        {
            match from.recv().await {
                Some(Input::Bytes(bytes)) => self.rest = bytes,
                Some(Input::End) | None => self.from = None,
            }
        }
    }
}

#[async_trait]
impl InputStream for Reading {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        while self.rest.is_empty()
            && let Some(from) = &mut self.from
        {
            match from.try_recv() {
                Ok(Input::Bytes(bytes)) => self.rest = bytes,
                Err(mpsc::error::TryRecvError::Empty) => return Ok(Bytes::new()),
                Ok(Input::End) | Err(mpsc::error::TryRecvError::Disconnected) => self.from = None,
            }
        }
        if self.rest.is_empty() {
            return Err(StreamError::Closed);
        }
        let bytes = self.rest.split_to(size.min(self.rest.len()));
        let spent = self.volume.bytes_in.spend(bytes.len() as u64);
        spent.map_err(|stop| StreamError::Trap(stop.into()))?;
        Ok(bytes)
    }
}
