//! The standard client for HTTP, through the gate.
//!
//! **Promise.** What a component sends with `wasi:http` passes the same gate with the same grant as what it sends
//! with `openclaw:http`: there is no other way out. Placeholders in headers, the path and the query are swapped;
//! a body is a stream, so one in it ends it. A redirect is an ordinary response, because the standard's clients
//! follow it themselves. **Bound.** The gate's and the call's volume. What is kept here of requests that were not sent
//! counts as volume and as memory of all guests: [`FIELDS`] and [`NAME`] of each, and [`BODIES`] bodies. **Cost.** One task
//! for each request, and a look at all handles for each body.

mod bounds;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::CONTENT_LENGTH;
use http_body::Frame;
use http_body_util::{BodyDataStream, BodyExt as _, StreamBody};
use openclaw_egress::{Body, Cause, Client, Limits, Measure, Phase, Request, Sent};
use wasmtime_wasi_http::p2::body::{HostFutureTrailers, HostIncomingBody, HostOutgoingBody};
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse,
};
use wasmtime_wasi_http::{
    Error, FieldMap, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::extension::Extension;
use crate::guest::Guest;
use crate::host::http::shorter;
use crate::limits::Volume;

/// What is kept of each piece of a body until a request is sent.
const KEPT: usize = 64 << 10;
/// How many bodies may be written at the same time, counted once while their request was not sent and once while they
/// were not finished. Up to two pieces of each are kept.
const BODIES: usize = 64;
/// How many bytes the fields of one message may have: more than the gate lets through, so that it is the gate that says
/// no, with its reason.
const FIELDS: usize = 128 << 10;
/// What is kept of its address and of the name of its method. The longest host has 255 bytes.
const NAME: usize = 4 << 10;
/// What a field takes beside its name and value.
const FIELD: usize = 64;

pub(crate) use bounds::add_bounds;

/// What a call has of the standard client.
pub(crate) struct StandardHttp {
    context: WasiHttpCtx,
    hooks: Hooks,
    /// The most bodies that there were at the same time.
    bodies: usize,
}

struct Hooks {
    /// None for a component that is only described.
    client: Option<Arc<Client>>,
    volume: Arc<Volume>,
    extension: Arc<Extension>,
}

impl StandardHttp {
    pub(crate) fn new(client: Option<Arc<Client>>, volume: Arc<Volume>, extension: &Arc<Extension>) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(FIELDS);
        Self {
            context,
            hooks: Hooks {
                client,
                volume,
                extension: Arc::clone(extension),
            },
            bodies: 0,
        }
    }

    /// Nothing is kept for the instance any more.
    pub(crate) fn rest(&mut self) {
        self.bodies = 0;
    }
}

/// Whether a handle is of the standard client, and stands for something that is under way or kept here.
pub(crate) fn is_held(handle: &dyn Any) -> bool {
    handle.is::<FieldMap>()
        || handle.is::<HostOutgoingRequest>()
        || handle.is::<HostOutgoingBody>()
        || handle.is::<HostOutgoingResponse>()
        || handle.is::<HostFutureIncomingResponse>()
        || handle.is::<HostIncomingResponse>()
        || handle.is::<HostIncomingBody>()
        || handle.is::<HostFutureTrailers>()
}

impl WasiHttpView for Guest {
    /// Called once for each call of an interface of the client's.
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.volume.count_call();
        WasiHttpCtxView {
            ctx: &mut self.standard_http.context,
            table: &mut self.table,
            hooks: &mut self.standard_http.hooks,
        }
    }
}

type Ended = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(http::Response<WasiBody>, Ended), Error>;

impl WasiHttpHooks for Hooks {
    /// The gate writes it.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        KEPT
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Ended,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let (client, volume) = (self.client.clone(), Arc::clone(&self.volume));
        let extension = Arc::clone(&self.extension);
        Box::new(async move {
            let client = client.ok_or(Error::HttpRequestDenied)?;
            let mut request = translate(request, options, &volume)?;
            request.limits.total = shorter(request.limits.total, volume.longest_wait());
            let before = volume.leave();
            let sent = client.send(request).await;
            let response = sent.map_err(|error| {
                if error.sent == Sent::No {
                    volume.stay(before);
                }
                // The standard's errors have no room for words, and an author needs them.
                let words = error.to_string();
                if extension.flow.take(words.len() as u64) {
                    tracing::warn!(target: "extension", extension = extension.id.as_str(), "wasi:http: {words}");
                }
                code_of(&error)
            })?;
            answer(response, volume)
        })
    }
}

fn translate(
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
    volume: &Arc<Volume>,
) -> Result<Request, Error> {
    let (head, body) = request.into_parts();
    let mut length = None;
    let mut headers = Vec::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        if name == CONTENT_LENGTH {
            let text = value.to_str().ok();
            length = Some(
                text.and_then(|text| text.parse().ok())
                    .ok_or(Error::HttpProtocolError)?,
            );
            continue;
        }
        headers.push((name.as_str().to_owned(), value.as_bytes().to_vec()));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let url = head.uri.to_string();
    spend_out(volume, bytes + url.len())?;
    let is_empty = http_body::Body::is_end_stream(&body) || length == Some(0);
    let body = match is_empty {
        true => Body::Empty,
        false => {
            let volume = Arc::clone(volume);
            let pieces = BodyDataStream::new(body).map(move |piece| {
                let piece = piece.map_err(std::io::Error::other)?;
                spend_out(&volume, piece.len()).map_err(std::io::Error::other)?;
                Ok(piece)
            });
            Body::Stream(length, Box::pin(pieces))
        }
    };
    let options = options.unwrap_or_default();
    Ok(Request {
        method: head.method.as_str().to_owned(),
        url,
        headers,
        body,
        limits: Limits {
            first_byte: options.first_byte_timeout,
            idle: options.between_bytes_timeout,
            redirects: Some(0),
            ..Limits::default()
        },
    })
}

/// A budget that is used up here ends the call at the next tick.
fn spend_out(volume: &Volume, bytes: usize) -> Result<(), Error> {
    let spent = volume.bytes_out.spend(bytes as u64);
    spent.map_err(|stop| Error::InternalError(Some(stop.to_string())))
}

fn spend_in(volume: &Volume, bytes: usize) -> Result<(), Error> {
    let spent = volume.bytes_in.spend(bytes as u64);
    spent.map_err(|stop| Error::InternalError(Some(stop.to_string())))
}

fn answer(response: openclaw_egress::Response, volume: Arc<Volume>) -> Answer {
    let mut head = http::Response::new(());
    *head.status_mut() =
        http::StatusCode::from_u16(response.status()).map_err(|_| Error::HttpProtocolError)?;
    for (name, value) in response.headers() {
        spend_in(&volume, name.len() + value.len())?;
        let name = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::HttpProtocolError)?;
        let value = http::HeaderValue::from_bytes(value).map_err(|_| Error::HttpProtocolError)?;
        head.headers_mut().append(name, value);
    }
    let pieces = stream::unfold(Some(response), move |response| {
        let volume = Arc::clone(&volume);
        async move {
            let mut response = response?;
            match next(&mut response, &volume).await {
                Ok(Some(piece)) => Some((Ok(Frame::data(piece)), Some(response))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    let body = StreamBody::new(Box::pin(pieces)).boxed_unsync();
    Ok((head.map(|()| body), Box::new(std::future::ready(Ok(())))))
}

async fn next(response: &mut openclaw_egress::Response, volume: &Volume) -> Result<Option<Bytes>, Error> {
    let piece = response.chunk().await.map_err(|error| code_of(&error))?;
    if let Some(piece) = &piece {
        spend_in(volume, piece.len())?;
    }
    Ok(piece)
}

/// The standard's word for a failure of the gate.
fn code_of(error: &openclaw_egress::Error) -> Error {
    match &error.cause {
        Cause::Url { .. } => Error::HttpRequestUriInvalid,
        Cause::Method { .. } => Error::HttpRequestMethodInvalid,
        Cause::Header { .. } | Cause::NotGranted { .. } | Cause::Secret(_) => Error::HttpRequestDenied,
        Cause::NotPublic { .. } => Error::DestinationIpProhibited,
        Cause::Resolve { .. } => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        Cause::Connect { .. } => Error::ConnectionRefused,
        Cause::Proxy { .. } => Error::DestinationUnavailable,
        Cause::Tls { .. } => Error::TlsCertificateError,
        Cause::Closed { .. } => Error::ConnectionTerminated,
        Cause::Peer { .. } | Cause::Status { .. } => Error::HttpProtocolError,
        Cause::Timeout { phase, .. } => match phase {
            Phase::Resolve => Error::DnsTimeout,
            Phase::Connect => Error::ConnectionTimeout,
            Phase::FirstByte | Phase::Total => Error::HttpResponseTimeout,
            Phase::Idle => Error::ConnectionReadTimeout,
        },
        Cause::TooLarge { measure, most } => too_large(*measure, *most),
        Cause::Body { most } => match error.sent {
            Sent::No => Error::HttpRequestBodySize(Some(most.get())),
            Sent::Yes | Sent::Unknown => Error::HttpResponseBodySize(Some(most.get())),
        },
        Cause::Redirects { .. } => Error::LoopDetected,
        Cause::Rate { .. } | Cause::TooMany { .. } => Error::ConnectionLimitReached,
        Cause::Request { .. } | Cause::Late { .. } | Cause::Unsupported { .. } | Cause::Internal { .. } => {
            Error::InternalError(Some(error.to_string()))
        }
    }
}

fn too_large(measure: Measure, most: u64) -> Error {
    let section = u32::try_from(most).ok();
    match measure {
        Measure::Url => Error::HttpRequestUriTooLong,
        Measure::RequestHeaders | Measure::RequestHeaderBytes => Error::HttpRequestHeaderSectionSize(section),
        Measure::ResponseHeaders | Measure::ResponseHeaderBytes => {
            Error::HttpResponseHeaderSectionSize(section)
        }
        Measure::ResponseBody | Measure::Ratio | Measure::Frame => Error::HttpResponseBodySize(Some(most)),
    }
}
