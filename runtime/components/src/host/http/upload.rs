//! A request whose body a guest writes piece by piece.
//!
//! **Promise.** The request runs beside the guest, which waits only while the network does. Dropping an upload before
//! its end breaks the request off. **Bound.** [`WAITING`] pieces wait to be sent.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use openclaw_egress::{Body, Client, Request, Response};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::wit_error;
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode, Sent};
use crate::guest::fail;

/// Pieces that wait to be sent.
const WAITING: usize = 1;

/// A request that is being sent.
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub struct Sending {
    /// None once the body is over.
    pieces: Option<mpsc::Sender<std::io::Result<Bytes>>>,
    /// None once it is over.
    request: Option<Running>,
    /// The answer, where it came before the body was over.
    early: Option<Response>,
}

/// A request that ends when nobody waits for it any more.
struct Running(JoinHandle<openclaw_egress::Result<Response>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sending {
    /// Begins a request. With a length the body has exactly that.
    pub(super) fn begin(client: Arc<Client>, mut request: Request, length: Option<u64>) -> Self {
        let (pieces, arriving) = mpsc::channel(WAITING);
        let source = stream::unfold(arriving, |mut arriving| async move {
            let piece = arriving.recv().await?;
            Some((piece, arriving))
        });
        request.body = Body::Stream(length, Box::pin(source));
        let running = tokio::spawn(async move { client.send(request).await });
        Self {
            pieces: Some(pieces),
            request: Some(Running(running)),
            early: None,
        }
    }

    /// Sends the next bytes.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), WitError> {
        let Some(pieces) = &self.pieces else {
            return Err(is_over());
        };
        if bytes.is_empty() || pieces.send(Ok(bytes)).await.is_ok() {
            return Ok(());
        }
        // Nobody takes them any more: the request has failed, or was answered before its end.
        self.pieces = None;
        match self.end().await {
            Err(failed) => Err(failed),
            Ok(response) => {
                self.early = Some(response);
                let message = "the other side answered before the body was over; finish the upload to read what it said";
                Err(sent(Sent::Yes, ErrorCode::Closed, message))
            }
        }
    }

    /// Ends the body and waits for the headers of the response.
    pub(super) async fn finish(&mut self) -> Result<Response, WitError> {
        if let Some(response) = self.early.take() {
            return Ok(response);
        }
        if self.pieces.take().is_none() {
            return Err(is_over());
        }
        self.end().await
    }

    async fn end(&mut self) -> Result<Response, WitError> {
        let Some(mut running) = self.request.take() else {
            return Err(is_over());
        };
        match (&mut running.0).await {
            Ok(ended) => ended.map_err(|error| wit_error(&error)),
            Err(_) => Err(sent(
                Sent::Unknown,
                ErrorCode::Internal,
                "the request was broken off in the gateway",
            )),
        }
    }
}

/// A failure after something left, or may have.
fn sent(sent: Sent, code: ErrorCode, message: &str) -> WitError {
    WitError {
        sent,
        ..fail(code, message)
    }
}

fn is_over() -> WitError {
    fail(ErrorCode::Closed, "this upload is over")
}
