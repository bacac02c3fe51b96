//! What is attached. The bytes stay with Telegram until somebody wants them.

use openclaw_sdk::channel::{Attachment, AttachmentSource};
use openclaw_sdk::media::{MediaInfo, MediaKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::look::Look;

/// The largest file that the public server hands to a bot.
pub(crate) const MAX_DOWNLOAD: u64 = 20 * 1024 * 1024;

/// What has to be remembered of a file in order to get it later: the handle of an attachment.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Deferred {
    /// Telegram's id of the file, for this bot.
    pub(crate) file: String,
    /// The name of its kind.
    pub(crate) kind: String,
    /// The name that its author gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) name: Option<String>,
    /// Its media type as far as the author told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) content_type: Option<String>,
}

impl Deferred {
    /// What is known of the media.
    pub(crate) fn info(&self) -> MediaInfo {
        MediaInfo {
            content_type: self.content_type.clone(),
            file_name: self.name.clone(),
            ..MediaInfo::new(kind(&self.kind))
        }
    }
}

/// The members of a message that hold a file. An animation comes with a document that is the same file, so it stands
/// first and only one of them is taken.
const MEMBERS: [&str; 8] = [
    "animation",
    "photo",
    "video",
    "video_note",
    "voice",
    "audio",
    "document",
    "sticker",
];

fn kind(member: &str) -> MediaKind {
    match member {
        "photo" => MediaKind::Image,
        "video" | "video_note" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        "voice" => MediaKind::Voice,
        "animation" => MediaKind::Animation,
        "sticker" => MediaKind::Sticker,
        _ => MediaKind::Document,
    }
}

/// What is attached to a message: one file at most, as Telegram has it.
pub(super) fn attachments(message: &Value) -> Vec<Attachment> {
    let found = MEMBERS.iter().find_map(|member| {
        // A photo is a list of the same picture in several sizes.
        let file = match message.at(member) {
            Value::Array(sizes) => sizes
                .iter()
                .max_by_key(|size| (size.int("width").unwrap_or(0), size.int("file_size").unwrap_or(0)))?,
            other => other,
        };
        attachment(member, file, message)
    });
    found.into_iter().collect()
}

fn attachment(member: &str, file: &Value, message: &Value) -> Option<Attachment> {
    let deferred = Deferred {
        file: file.text("file_id")?.to_owned(),
        kind: member.to_owned(),
        name: file.text("file_name").map(str::to_owned),
        content_type: file.text("mime_type").map(str::to_owned),
    };
    let info = MediaInfo {
        duration: file
            .int("duration")
            .and_then(|s| u64::try_from(s).ok())
            .map(|s| s.saturating_mul(1000)),
        width: file.int("width").and_then(|pixels| u32::try_from(pixels).ok()),
        height: file.int("height").and_then(|pixels| u32::try_from(pixels).ok()),
        ..deferred.info()
    };
    Some(Attachment {
        source: AttachmentSource::Deferred(serde_json::to_string(&deferred).ok()?),
        info,
        size: file.int("file_size").and_then(|size| u64::try_from(size).ok()),
        message_id: message.id("message_id"),
        description: file.text("emoji").map(str::to_owned),
    })
}
