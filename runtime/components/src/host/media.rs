//! `openclaw:media`: writing and reading media through its store.
//!
//! **Promise.** An extension opens what it made and what the call handed to it, and nothing else.
//! **Bound.** The quota, and the call's volume; a read gives at most [`MAX_READ`] bytes, and what an author says
//! beside the usual facts has at most [`MAX_EXTRA`].

use std::io::ErrorKind;

use wasmtime::component::Resource;

use crate::bindings::openclaw::media::store;
use crate::bindings::openclaw::media::types::{self, MediaFacts, MediaInfo, MediaKind};
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::descriptors::Descriptor;
use crate::error::Error;
use crate::flow::Flow;
use crate::guest::{Guest, fail};
use crate::media::{Full, MAX_ITEM, Reading, Said, Writing};

const MAX_READ: u32 = 1 << 20;
const MAX_EXTRA: usize = 4 << 10;

/// Media that a guest writes; none once it was committed.
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub struct Writer(Option<(Writing, Descriptor)>);

/// Media that a guest reads.
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub struct Reader {
    reading: Reading,
    _place: Descriptor,
}

pub(crate) type Answer<T> = wasmtime::Result<Result<T, WitError>>;

const KINDS: [(MediaKind, &str); 8] = [
    (MediaKind::Image, "image"),
    (MediaKind::Video, "video"),
    (MediaKind::Audio, "audio"),
    (MediaKind::Voice, "voice"),
    (MediaKind::Animation, "animation"),
    (MediaKind::Sticker, "sticker"),
    (MediaKind::Document, "document"),
    (MediaKind::Other, "document"),
];

/// Whoever meets a failure over and over does not push what others said out of the log.
pub(crate) fn failed(flow: &Flow, error: &Error) -> WitError {
    let words = error.to_string();
    if flow.take(words.len() as u64) {
        tracing::error!(error = words, "the media store failed");
    }
    match error {
        Error::File { source, .. } if source.kind() == ErrorKind::StorageFull => {
            fail(ErrorCode::Quota, "there is no room left on the disk for media")
        }
        _ => fail(
            ErrorCode::Internal,
            "the media store failed; the gateway's log says why",
        ),
    }
}

pub(crate) fn full(full: Full) -> WitError {
    match full {
        Full::Quota(quota) => fail(
            ErrorCode::Quota,
            &format!("all media of this extension may have {quota} bytes"),
        ),
        Full::Item => fail(
            ErrorCode::TooLarge,
            &format!("a piece of media may have {MAX_ITEM} bytes"),
        ),
    }
}

fn is_closed() -> WitError {
    fail(ErrorCode::Closed, "this media was committed")
}

/// What is said of a new piece, as the store takes it.
pub(crate) fn said(info: MediaInfo) -> Said {
    let kind = KINDS.iter().find(|(kind, _)| *kind == info.kind);
    Said {
        kind: kind.map_or("document", |(_, name)| name).to_owned(),
        content_type: info.content_type.filter(|name| is_media_type(name)),
        file_name: info.file_name,
        duration: info.duration,
        width: info.width,
        height: info.height,
        extra: info.extra,
    }
}

impl Guest {
    /// A place for one more open piece.
    pub(crate) fn place(&self) -> Result<Descriptor, WitError> {
        if self.is_described {
            let message = "a component that is only described reads and writes no media";
            return Err(fail(ErrorCode::Denied, message));
        }
        self.media.take().ok_or_else(|| {
            let message = "too much media is open at once; commit or drop some of it";
            fail(ErrorCode::Quota, message)
        })
    }

    /// Whether the call may open a piece: it made it, or was handed it.
    pub(crate) async fn may_open(&mut self, media: &str) -> bool {
        if self.handed.contains(media) {
            return true;
        }
        let facts = self.host.media.facts(media).await;
        facts.is_some_and(|facts| facts.owner == self.extension.id.as_str())
    }
}

impl Guest {
    /// Begins a new piece.
    pub(crate) async fn create_media(&mut self, info: MediaInfo) -> Answer<Resource<Writer>> {
        if let Some(extra) = &info.extra {
            self.volume.bytes_out.spend(extra.len() as u64)?;
            if let Err(refused) = check_extra(extra) {
                return Ok(Err(refused));
            }
        }
        let place = match self.place() {
            Ok(place) => place,
            Err(error) => return Ok(Err(error)),
        };
        let said = said(info);
        match self.host.media.create(self.extension.id.as_str(), said).await {
            Ok(Ok(writing)) => Ok(Ok(self.table.push(Writer(Some((writing, place))))?)),
            Ok(Err(reason)) => Ok(Err(full(reason))),
            Err(error) => Ok(Err(failed(&self.extension.flow, &error))),
        }
    }

    /// Adds bytes at the end of a piece.
    pub(crate) async fn write_media(&mut self, writer: &Resource<Writer>, bytes: &[u8]) -> Answer<()> {
        let Some((writing, _)) = &mut self.table.get_mut(writer)?.0 else {
            return Ok(Err(is_closed()));
        };
        if let Err(reason) = writing.reserve(bytes.len() as u64) {
            return Ok(Err(full(reason)));
        }
        Ok(writing
            .write(bytes)
            .await
            .map_err(|error| failed(&self.extension.flow, &error)))
    }

    /// Ends the writing of a piece.
    pub(crate) async fn commit_media(&mut self, writer: &Resource<Writer>) -> Answer<String> {
        let Some((writing, _)) = self.table.get_mut(writer)?.0.take() else {
            return Ok(Err(is_closed()));
        };
        Ok(writing
            .commit()
            .await
            .map_err(|error| failed(&self.extension.flow, &error)))
    }
}

impl store::Host for Guest {
    async fn create(&mut self, info: MediaInfo) -> Answer<Resource<Writer>> {
        self.create_media(info).await
    }

    async fn open(&mut self, media: String) -> Answer<Resource<Reader>> {
        let place = match self.place() {
            Ok(place) => place,
            Err(error) => return Ok(Err(error)),
        };
        let facts = self.host.media.facts(&media).await;
        let own = |owner: &str| owner == self.extension.id.as_str() || self.handed.contains(&media);
        // Whether it exists is nobody's business who may not open it.
        let Some(facts) = facts.filter(|facts| own(&facts.owner)) else {
            return Ok(Err(fail(
                ErrorCode::NotFound,
                "there is no such media for this extension",
            )));
        };
        match self.host.media.open_file(&media).await {
            Ok(file) => Ok(Ok(self.table.push(Reader {
                reading: Reading { facts, file },
                _place: place,
            })?)),
            Err(error) => Ok(Err(failed(&self.extension.flow, &error))),
        }
    }
}

/// What is sent on as a header must look like one.
fn is_media_type(name: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"/+-.;= _".contains(&c);
    name.len() <= 100 && name.contains('/') && name.bytes().all(is_plain)
}

/// It is kept beside the bytes and outside of their quota, so it is short.
fn check_extra(extra: &str) -> Result<(), WitError> {
    if extra.len() > MAX_EXTRA {
        let message = format!("the extra facts of media may have {MAX_EXTRA} bytes");
        return Err(fail(ErrorCode::TooLarge, &message));
    }
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(extra) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("the extra facts of media are no JSON object: {error}");
            Err(fail(ErrorCode::Invalid, &message))
        }
    }
}

impl types::Host for Guest {}

impl types::HostMediaWriter for Guest {
    async fn write(&mut self, writer: Resource<Writer>, bytes: Vec<u8>) -> Answer<()> {
        self.volume.bytes_out.spend(bytes.len() as u64)?;
        self.write_media(&writer, &bytes).await
    }

    async fn commit(&mut self, writer: Resource<Writer>) -> Answer<String> {
        self.commit_media(&writer).await
    }

    async fn drop(&mut self, writer: Resource<Writer>) -> wasmtime::Result<()> {
        self.table.delete(writer)?;
        Ok(())
    }
}

impl types::HostMediaReader for Guest {
    async fn facts(&mut self, reader: Resource<Reader>) -> wasmtime::Result<MediaFacts> {
        let facts = &self.table.get(&reader)?.reading.facts;
        let extra = facts.extra.as_ref().map_or(0, String::len);
        self.volume.bytes_in.spend(extra as u64)?;
        let kind = KINDS.iter().find(|(_, name)| *name == facts.kind);
        Ok(MediaFacts {
            kind: kind.map_or(MediaKind::Other, |(kind, _)| *kind),
            content_type: facts.content_type.clone(),
            file_name: facts.file_name.clone(),
            duration: facts.duration,
            width: facts.width,
            height: facts.height,
            extra: facts.extra.clone(),
            size: facts.size,
            sha256: facts.sha256.clone(),
        })
    }

    async fn read(&mut self, reader: Resource<Reader>, max: u32) -> Answer<Vec<u8>> {
        let most = usize::try_from(max.min(MAX_READ)).unwrap_or_default();
        let read = self.table.get_mut(&reader)?.reading.read(most).await;
        if let Ok(bytes) = &read {
            self.volume.bytes_in.spend(bytes.len() as u64)?;
        }
        Ok(read.map_err(|error| failed(&self.extension.flow, &Error::file("read", "media")(error))))
    }

    async fn seek(&mut self, reader: Resource<Reader>, offset: u64) -> Answer<()> {
        let sought = self.table.get_mut(&reader)?.reading.seek(offset).await;
        Ok(sought.map_err(|_| fail(ErrorCode::Invalid, "no media is as long as that")))
    }

    async fn drop(&mut self, reader: Resource<Reader>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_facts_are_a_short_object() {
        assert!(check_extra(r#"{"waveform":[0,255]}"#).is_ok());
        for (wrong, code) in [
            ("[1]".to_owned(), ErrorCode::Invalid),
            ("{".to_owned(), ErrorCode::Invalid),
            (
                format!("{{\"a\":\"{}\"}}", "a".repeat(MAX_EXTRA)),
                ErrorCode::TooLarge,
            ),
        ] {
            assert_eq!(check_extra(&wrong).unwrap_err().code, code);
        }
    }
}
