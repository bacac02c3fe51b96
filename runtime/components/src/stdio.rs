//! What a guest prints, kept until its call is over.
//!
//! **Bound.** Both streams and the result share the call's limit of output; what exceeds it ends the call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::limits::Volume;

/// How much is taken in one write, which is what the host may have to allocate for it.
const WRITE: usize = 64 << 10;

#[derive(Clone)]
pub(crate) struct Printed {
    kept: Arc<Mutex<Kept>>,
    volume: Arc<Volume>,
}

#[derive(Default)]
struct Kept {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Printed {
    pub(crate) fn new(volume: Arc<Volume>) -> Self {
        Self {
            kept: Arc::default(),
            volume,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream for results.
    pub(crate) fn out(&self) -> Stream {
        self.stream(false)
    }

    /// The stream for everything else.
    pub(crate) fn err(&self) -> Stream {
        self.stream(true)
    }

    fn stream(&self, is_err: bool) -> Stream {
        Stream {
            printed: self.clone(),
            is_err,
        }
    }

    /// Takes what was printed, as text.
    pub(crate) fn take(&self) -> (String, String) {
        let mut kept = self.lock();
        let text = |bytes: &mut Vec<u8>| String::from_utf8_lossy(&std::mem::take(bytes)).into_owned();
        let Kept { out, err } = &mut *kept;
        (text(out), text(err))
    }
}

#[derive(Clone)]
pub(crate) struct Stream {
    printed: Printed,
    is_err: bool,
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Only a later version of the standard asks for this; it is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

#[async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let spent = self.printed.volume.output.spend(bytes.len() as u64);
        spent.map_err(|stop| StreamError::Trap(stop.into()))?;
        let mut kept = self.printed.lock();
        let to = if self.is_err { &mut kept.err } else { &mut kept.out };
        to.extend_from_slice(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}
