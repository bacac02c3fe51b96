//! The store of `openclaw:media` in memory. Nothing is guessed from the bytes: what has no media type is
//! `application/octet-stream`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{refuse, text};
use crate::value::{read_bytes, tell_bytes};

const MAX_READ: u64 = 1 << 20;

/// The store, with what the running call has open.
#[derive(Debug, Default)]
pub(crate) struct Media {
    pieces: BTreeMap<String, Piece>,
    open: BTreeMap<u64, End>,
}

#[derive(Debug)]
struct Piece {
    info: Value,
    bytes: Vec<u8>,
}

/// What a handle stands for.
#[derive(Debug)]
enum End {
    Writer(Option<Piece>),
    Reader { media: String, offset: usize },
}

impl Media {
    /// Keeps a piece and gives its reference.
    pub(crate) fn keep(&mut self, info: Value, bytes: Vec<u8>) -> String {
        let name = format!("media-{}", self.pieces.len() + 1);
        self.pieces.insert(name.clone(), Piece { info, bytes });
        name
    }

    pub(crate) fn bytes(&self, media: &str) -> Option<&[u8]> {
        self.pieces.get(media).map(|piece| piece.bytes.as_slice())
    }

    /// A new call has nothing open.
    pub(crate) fn begin(&mut self) {
        self.open.clear();
    }

    pub(crate) fn drop_handle(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// Answers a function; none if there is no such function, or no such handle. The number is free for a handle.
    pub(crate) fn answer(&mut self, function: &str, arguments: &Value, number: u64) -> Option<Value> {
        match function {
            "create" => {
                let info = arguments.get("info").cloned().unwrap_or_default();
                self.open.insert(
                    number,
                    End::Writer(Some(Piece {
                        info,
                        bytes: Vec::new(),
                    })),
                );
                return Some(json!({"ok": number}));
            }
            "open" => {
                let media = text(arguments, "media");
                if !self.pieces.contains_key(media) {
                    return Some(refuse("not-found", "there is no such media for this extension"));
                }
                self.open.insert(
                    number,
                    End::Reader {
                        media: media.to_owned(),
                        offset: 0,
                    },
                );
                return Some(json!({"ok": number}));
            }
            _ => {}
        }
        let own = arguments.get("self").and_then(Value::as_u64)?;
        match (function, self.open.get_mut(&own)?) {
            ("media-writer.write", End::Writer(Some(piece))) => {
                piece
                    .bytes
                    .extend(arguments.get("bytes").and_then(read_bytes).unwrap_or_default());
                Some(json!({"ok": null}))
            }
            ("media-writer.commit", End::Writer(writer)) if writer.is_some() => {
                let piece = writer.take()?;
                Some(json!({"ok": self.keep(piece.info, piece.bytes)}))
            }
            ("media-writer.write" | "media-writer.commit", End::Writer(None)) => {
                Some(refuse("closed", "this media was committed"))
            }
            ("media-reader.facts", End::Reader { media, .. }) => {
                let piece = self.pieces.get(media)?;
                let said = |name: &str| piece.info.get(name).cloned().unwrap_or_default();
                let content_type = match said("content-type") {
                    Value::Null => json!("application/octet-stream"),
                    said => said,
                };
                let digest = Sha256::digest(&piece.bytes);
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                Some(json!({
                    "kind": said("kind"),
                    "content-type": content_type,
                    "file-name": said("file-name"),
                    "duration": said("duration"),
                    "width": said("width"),
                    "height": said("height"),
                    "extra": said("extra"),
                    "size": piece.bytes.len(),
                    "sha256": hex,
                }))
            }
            ("media-reader.read", End::Reader { media, offset }) => {
                let max = arguments
                    .get("max")
                    .and_then(Value::as_u64)
                    .unwrap_or_default()
                    .min(MAX_READ);
                let rest = self.pieces.get(media)?.bytes.get(*offset..).unwrap_or_default();
                let read = rest
                    .get(..usize::try_from(max).unwrap_or_default())
                    .unwrap_or(rest);
                *offset += read.len();
                Some(json!({"ok": tell_bytes(read)}))
            }
            ("media-reader.seek", End::Reader { offset, .. }) => {
                let to = arguments
                    .get("offset")
                    .and_then(Value::as_u64)
                    .unwrap_or_default();
                *offset = usize::try_from(to).unwrap_or(usize::MAX);
                Some(json!({"ok": null}))
            }
            _ => None,
        }
    }
}
