//! Pictures, recordings, documents: bytes that stay in the host's store and are read and written in pieces.
//! [`Writer`] and [`Reader`] are the standard library's `Write` and `Read`. Whatever fails inside them is the
//! host's error again once it passes `?` in a tool.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::wit::media::store;
pub use crate::wit::media::types::{MediaFacts, MediaInfo, MediaKind};
use crate::wit::media::types::{MediaReader, MediaWriter};
use crate::wit::types::errors::Error;

/// A reference to committed media, to be passed on as it is.
pub type MediaRef = String;

/// The most bytes that one call of the host carries. Larger buffers are written in several.
const PIECE: usize = 64 * 1024;

impl MediaInfo {
    /// A kind of media of which nothing else is known. What is known is set over it:
    /// `MediaInfo { width: Some(640), height: Some(480), ..MediaInfo::new(MediaKind::Image) }`.
    #[must_use]
    pub fn new(kind: MediaKind) -> Self {
        Self {
            kind,
            content_type: None,
            file_name: None,
            duration: None,
            width: None,
            height: None,
            extra: None,
        }
    }
}

/// Media that is being written. Dropping it before [`commit`](Self::commit) throws it away.
#[derive(Debug)]
pub struct Writer(MediaWriter);

/// Begins a new piece of media.
///
/// # Errors
/// As the host says: [`Quota`](crate::ErrorCode::Quota) if there is no room.
pub fn create(info: &MediaInfo) -> Result<Writer, Error> {
    store::create(info).map(Writer)
}

/// Stores bytes as one piece of media.
///
/// # Errors
/// As [`create`].
pub fn store(info: &MediaInfo, bytes: &[u8]) -> Result<MediaRef, Error> {
    let writer = create(info)?;
    for piece in bytes.chunks(PIECE) {
        writer.0.write(piece)?;
    }
    writer.commit()
}

impl Writer {
    /// Ends the writing and gives the reference.
    ///
    /// # Errors
    /// As [`create`].
    pub fn commit(self) -> Result<MediaRef, Error> {
        self.0.commit()
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        self.0.write(piece).map_err(io::Error::other)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Media that is being read.
#[derive(Debug)]
pub struct Reader {
    media: MediaReader,
    offset: u64,
}

/// Opens what the extension made itself or what the call handed to it.
///
/// # Errors
/// As the host says: [`NotFound`](crate::ErrorCode::NotFound) for anything else.
pub fn open(media: &str) -> Result<Reader, Error> {
    let media = store::open(media)?;
    Ok(Reader { media, offset: 0 })
}

impl Reader {
    /// What is known about it.
    #[must_use]
    pub fn facts(&self) -> MediaFacts {
        self.media.facts()
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let max = buffer.len().min(PIECE);
        if max == 0 {
            return Ok(0);
        }
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        let bytes = self.media.read(max).map_err(io::Error::other)?;
        let Some(place) = buffer.get_mut(..bytes.len()) else {
            return Err(io::Error::other("the host gave more bytes than were asked for"));
        };
        place.copy_from_slice(&bytes);
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(offset) => (offset, 0),
            SeekFrom::Current(by) => (self.offset, by),
            SeekFrom::End(by) => (self.media.facts().size, by),
        };
        let offset = from.checked_add_signed(by).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is nothing before the first byte",
            )
        })?;
        self.media.seek(offset).map_err(io::Error::other)?;
        self.offset = offset;
        Ok(offset)
    }
}
