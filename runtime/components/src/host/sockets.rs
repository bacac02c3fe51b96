//! `openclaw:sockets/dial`: connections for as long as a call lasts, through the gate.
//!
//! **Promise.** A connection passes the gate with the grant of its extension. A certificate that is trusted by its
//! fingerprint alone is one that the operator wrote into the extension's settings. **Bound.** The gate's, and the
//! call's volume.

mod convert;

pub(crate) use convert::{arriving, leaving, limits, pattern, weight_of_endpoint};

use std::time::Duration;

use openclaw_egress::{Dialog, Endpoint};
use wasmtime::component::Resource;

use crate::bindings::openclaw::sockets::dial;
use crate::bindings::openclaw::sockets::types::{self, ConnectionLimits, Frame};
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::guest::{Guest, fail};
use crate::host::http::wit_error;
use crate::host::media::Answer;

/// An open connection of a guest's.
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub struct Line(Dialog);

pub(crate) fn unknown(what: &str) -> WitError {
    let message = format!("this gateway does not know this {what}");
    fail(ErrorCode::Unsupported, &message)
}

impl Guest {
    pub(crate) fn endpoint(&self, endpoint: types::Endpoint) -> Result<Endpoint, WitError> {
        let headers = |headers: Vec<_>| headers.into_iter().map(crate::host::http::header).collect();
        Ok(match endpoint {
            types::Endpoint::Websocket(endpoint) => Endpoint::WebSocket {
                url: endpoint.url,
                headers: headers(endpoint.headers),
                subprotocols: endpoint.subprotocols,
            },
            types::Endpoint::Events(endpoint) => Endpoint::Events {
                url: endpoint.url,
                headers: headers(endpoint.headers),
            },
            types::Endpoint::Tcp(endpoint) => Endpoint::Tcp {
                tls: self.tls(endpoint.tls, &endpoint.host)?,
                host: endpoint.host,
                port: endpoint.port,
                framing: convert::framing(endpoint.framing)?,
            },
            types::Endpoint::Other(_) => return Err(unknown("kind of endpoint")),
        })
    }
}

impl dial::Host for Guest {
    async fn connect(&mut self, endpoint: types::Endpoint, most: ConnectionLimits) -> Answer<Resource<Line>> {
        self.volume.bytes_out.spend(weight_of_endpoint(&endpoint))?;
        let ready = self
            .client()
            .and_then(|client| Ok((client, self.endpoint(endpoint)?)));
        let (client, endpoint) = match ready {
            Ok(ready) => ready,
            Err(refused) => return Ok(Err(refused)),
        };
        match client.connect(endpoint, limits(&most)).await {
            Ok(dialog) => Ok(Ok(self.table.push(Line(dialog))?)),
            Err(error) => Ok(Err(wit_error(&error))),
        }
    }
}

impl dial::HostConnection for Guest {
    async fn subprotocol(&mut self, line: Resource<Line>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&line)?.0.subprotocol().map(str::to_owned))
    }

    async fn send(&mut self, line: Resource<Line>, frames: Vec<Frame>) -> Answer<()> {
        let frames: Result<Vec<_>, _> = frames.into_iter().map(leaving).collect();
        let frames = match frames {
            Ok(frames) => frames,
            Err(refused) => return Ok(Err(refused)),
        };
        let bytes = frames.iter().map(openclaw_egress::socket::Frame::weight).sum();
        self.volume.bytes_out.spend(bytes)?;
        let sent = self.table.get_mut(&line)?.0.send(frames).await;
        Ok(sent.map_err(|error| wit_error(&error)))
    }

    async fn receive(&mut self, line: Resource<Line>, wait: u64) -> Answer<Option<Frame>> {
        let wait = Duration::from_millis(wait);
        let received = self.table.get_mut(&line)?.0.receive(wait).await;
        if let Ok(Some(frame)) = &received {
            self.volume.bytes_in.spend(frame.weight())?;
        }
        let shown = received.map(|frame| frame.map(arriving));
        Ok(shown.map_err(|error| wit_error(&error)))
    }

    async fn close(&mut self, line: Resource<Line>, code: u16, reason: String) -> Answer<()> {
        self.volume.bytes_out.spend(reason.len() as u64)?;
        let closed = self.table.get_mut(&line)?.0.close(code, &reason).await;
        Ok(closed.map_err(|error| wit_error(&error)))
    }

    async fn drop(&mut self, line: Resource<Line>) -> wasmtime::Result<()> {
        self.table.delete(line)?;
        Ok(())
    }
}
