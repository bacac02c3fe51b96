//! `openclaw:http`: requests that a call waits for, through the gate.
//!
//! **Promise.** A request passes the gate with the grant of its extension and nothing else. A body of media goes
//! from and to the store without passing through the guest. **Bound.** The gate's, and the call's volume for all
//! that the guest hands over or is handed; [`MAX_READ`] bytes at once.

mod convert;
mod upload;

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use openclaw_egress::{Body, Client, Content, Part, Request};
use tokio_util::io::ReaderStream;
use wasmtime::component::Resource;

use crate::bindings::openclaw::http::client;
use crate::bindings::openclaw::http::types::{self, Header};
use crate::bindings::openclaw::media::types::MediaInfo;
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::guest::{Guest, fail};
use crate::host::media::Answer;

pub(crate) use convert::{complete, header, shown_header, weight, wit_error};
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub use upload::Sending;

/// What one read gives at most.
const MAX_READ: u32 = 1 << 20;

/// A response that a guest reads.
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub struct Answered {
    pub(crate) response: openclaw_egress::Response,
    /// What of the last piece was not read yet.
    rest: Bytes,
}

impl Answered {
    pub(crate) fn new(response: openclaw_egress::Response) -> Self {
        let rest = Bytes::new();
        Self { response, rest }
    }

    /// The next bytes, at most so many; none at the end.
    async fn read(&mut self, most: usize) -> openclaw_egress::Result<Bytes> {
        if self.rest.is_empty() {
            self.rest = self.response.chunk().await?.unwrap_or_default();
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }
}

impl Guest {
    /// The extension's way through the gate.
    pub(crate) fn client(&self) -> Result<std::sync::Arc<Client>, WitError> {
        match self.is_described {
            false => Ok(std::sync::Arc::clone(&self.extension.client)),
            true => Err(fail(
                ErrorCode::Denied,
                "a component that is only described reaches nothing",
            )),
        }
    }

    /// A piece of media as what is read while it is sent: its type, its length and its bytes.
    async fn media_body(&mut self, media: &str) -> Result<(String, Content), WitError> {
        let gone = || fail(ErrorCode::NotFound, "there is no such media for this extension");
        if !self.may_open(media).await {
            return Err(gone());
        }
        let facts = self.host.media.facts(media).await.ok_or_else(gone)?;
        let place = self.place()?;
        let file = self.host.media.open_file(media).await.map_err(|_| gone())?;
        // The place is given back with the file.
        let source = ReaderStream::with_capacity(file, 64 << 10).inspect(move |_| {
            let _ = &place;
        });
        Ok((facts.content_type, Content::Stream(facts.size, Box::pin(source))))
    }

    async fn part(&mut self, part: types::Part) -> Result<Part, WitError> {
        let mut content_type = part.content_type;
        let content = match part.content {
            types::PartContent::Text(text) => Content::Text(text),
            types::PartContent::Bytes(bytes) => Content::Bytes(bytes.into()),
            types::PartContent::Media(media) => {
                let (kind, content) = self.media_body(&media).await?;
                content_type = content_type.or(Some(kind));
                content
            }
            types::PartContent::Other(_) => return Err(unknown("part of a form")),
        };
        Ok(Part {
            name: part.name,
            file_name: part.file_name,
            content_type,
            content,
        })
    }

    /// A guest's request as the gate takes it.
    pub(crate) async fn request(
        &mut self,
        request: types::Request,
    ) -> wasmtime::Result<Result<Request, WitError>> {
        self.volume.bytes_out.spend(weight(&request))?;
        let mut headers: Vec<_> = request.headers.into_iter().map(header).collect();
        let body = match request.body {
            types::Body::Empty => Body::Empty,
            types::Body::Bytes(bytes) => Body::Bytes(bytes.into()),
            types::Body::Media(media) => match self.media_body(&media).await {
                Ok((kind, Content::Stream(length, source))) => {
                    if !headers
                        .iter()
                        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                    {
                        headers.push(("content-type".to_owned(), kind.into_bytes()));
                    }
                    Body::Stream(Some(length), source)
                }
                Ok(_) => Body::Empty,
                Err(refused) => return Ok(Err(refused)),
            },
            types::Body::Multipart(parts) => {
                let mut ready = Vec::with_capacity(parts.len());
                for part in parts {
                    match self.part(part).await {
                        Ok(part) => ready.push(part),
                        Err(refused) => return Ok(Err(refused)),
                    }
                }
                Body::Multipart(ready)
            }
            types::Body::Other(_) => return Ok(Err(unknown("body"))),
        };
        Ok(Ok(Request {
            method: convert::method(request.method),
            url: request.url,
            headers,
            body,
            limits: convert::limits(&request.limits),
        }))
    }
}

/// The shorter of two limits.
pub(crate) fn shorter(asked: Option<Duration>, most: Option<Duration>) -> Option<Duration> {
    asked.into_iter().chain(most).min()
}

impl Guest {
    /// A request that the guest waits for, and with it perhaps a whole lane.
    async fn awaited(&mut self, request: types::Request) -> wasmtime::Result<Result<Request, WitError>> {
        let most = self.volume.longest_wait();
        let request = self.request(request).await?;
        Ok(request.map(|mut request| {
            request.limits.total = shorter(request.limits.total, most);
            request
        }))
    }
}

fn unknown(what: &str) -> WitError {
    fail(
        ErrorCode::Unsupported,
        &format!("this gateway does not know this {what}"),
    )
}

impl client::Host for Guest {
    async fn send(&mut self, request: types::Request) -> Answer<Resource<Answered>> {
        let client = match self.client() {
            Ok(client) => client,
            Err(refused) => return Ok(Err(refused)),
        };
        let request = match self.awaited(request).await? {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        let before = self.volume.leave();
        match client.send(request).await {
            Ok(response) => Ok(Ok(self.table.push(Answered::new(response))?)),
            Err(error) => {
                if error.sent == openclaw_egress::Sent::No {
                    self.volume.stay(before);
                }
                Ok(Err(wit_error(&error)))
            }
        }
    }

    async fn begin(
        &mut self,
        request: types::Request,
        content_length: Option<u64>,
    ) -> Answer<Resource<Sending>> {
        let client = match self.client() {
            Ok(client) => client,
            Err(refused) => return Ok(Err(refused)),
        };
        if !matches!(request.body, types::Body::Empty) {
            let message = "a request whose body is written has none when it begins";
            return Ok(Err(fail(ErrorCode::Invalid, message)));
        }
        let request = match self.awaited(request).await? {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        self.volume.leave();
        let sending = Sending::begin(client, request, content_length);
        Ok(Ok(self.table.push(sending)?))
    }

    async fn to_media(&mut self, response: Resource<Answered>, info: MediaInfo) -> Answer<String> {
        let info = complete(info, self.table.get(&response)?.response.headers());
        let writer = match self.create_media(info).await? {
            Ok(writer) => writer,
            Err(refused) => return Ok(Err(refused)),
        };
        loop {
            let piece = match self.table.get_mut(&response)?.read(MAX_READ as usize).await {
                Ok(piece) if piece.is_empty() => break,
                Ok(piece) => piece,
                Err(error) => {
                    self.table.delete(writer)?;
                    return Ok(Err(wit_error(&error)));
                }
            };
            if let Err(refused) = self.write_media(&writer, &piece).await? {
                self.table.delete(writer)?;
                return Ok(Err(refused));
            }
        }
        let committed = self.commit_media(&writer).await?;
        self.table.delete(writer)?;
        Ok(committed)
    }
}

impl types::Host for Guest {}

impl types::HostResponse for Guest {
    async fn status(&mut self, response: Resource<Answered>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&response)?.response.status())
    }

    async fn url(&mut self, response: Resource<Answered>) -> wasmtime::Result<String> {
        let url = self.table.get(&response)?.response.url().to_owned();
        self.volume.bytes_in.spend(url.len() as u64)?;
        Ok(url)
    }

    async fn headers(&mut self, response: Resource<Answered>) -> wasmtime::Result<Vec<Header>> {
        let headers = self.table.get(&response)?.response.headers();
        let headers: Vec<_> = headers.iter().map(shown_header).collect();
        let bytes: usize = headers
            .iter()
            .map(|header| header.name.len() + header.value.len())
            .sum();
        self.volume.bytes_in.spend(bytes as u64)?;
        Ok(headers)
    }

    async fn header(
        &mut self,
        response: Resource<Answered>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        self.volume.bytes_out.spend(name.len() as u64)?;
        let headers = self.table.get(&response)?.response.headers();
        let found = headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let found = found.map(|(_, value)| convert::latin(value));
        self.volume
            .bytes_in
            .spend(found.as_ref().map_or(0, String::len) as u64)?;
        Ok(found)
    }

    async fn read(&mut self, response: Resource<Answered>, max: u32) -> Answer<Vec<u8>> {
        let most = usize::try_from(max.clamp(1, MAX_READ)).unwrap_or(1);
        let read = self.table.get_mut(&response)?.read(most).await;
        if let Ok(bytes) = &read {
            self.volume.bytes_in.spend(bytes.len() as u64)?;
        }
        Ok(read.map(Vec::from).map_err(|error| wit_error(&error)))
    }

    async fn drop(&mut self, response: Resource<Answered>) -> wasmtime::Result<()> {
        self.table.delete(response)?;
        Ok(())
    }
}

impl types::HostUpload for Guest {
    async fn write(&mut self, upload: Resource<Sending>, bytes: Vec<u8>) -> Answer<()> {
        self.volume.bytes_out.spend(bytes.len() as u64)?;
        let sending = self.table.get_mut(&upload)?;
        Ok(sending.write(bytes.into()).await)
    }

    async fn finish(&mut self, upload: Resource<Sending>) -> Answer<Resource<Answered>> {
        match self.table.get_mut(&upload)?.finish().await {
            Ok(response) => Ok(Ok(self.table.push(Answered::new(response))?)),
            Err(failed) => Ok(Err(failed)),
        }
    }

    async fn drop(&mut self, upload: Resource<Sending>) -> wasmtime::Result<()> {
        self.table.delete(upload)?;
        Ok(())
    }
}
