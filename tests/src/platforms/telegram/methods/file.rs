//! Files: sent by bots, and fetched by them.

use serde_json::{Map, Value, json};

use super::super::arguments::Arguments;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::{StoredFile, World};
use super::{chat, message};

/// The largest file that a bot may fetch.
const MAX_DOWNLOAD: usize = 20 * 1024 * 1024;
/// The longest caption, in UTF-16 units after its formatting is taken off.
const MAX_CAPTION: usize = 1024;
/// The largest picture.
const MAX_PHOTO: usize = 10 * 1024 * 1024;

/// Sends a message with a file in the field of its kind: as bytes, or by the id of one that is there.
pub(super) fn send(world: &mut World, token: &str, arguments: &Arguments, kind: &str) -> Outcome {
    let key = chat::find(world, token, arguments)?;
    let caption = message::text(arguments, "caption", "caption_entities")?;
    if caption.text.encode_utf16().count() > MAX_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    let id = match (arguments.file(kind), arguments.text(kind)) {
        (Some(file), _) if file.bytes.is_empty() => return Err(Refusal::bad("file must be non-empty")),
        (Some(file), _) if kind == "photo" && file.bytes.len() > MAX_PHOTO => {
            return Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"));
        }
        (Some(file), _) => store(world, kind, file.bytes.clone()),
        (None, Some(id)) if world.files.contains_key(&id) => id,
        (None, Some(_)) => {
            return Err(Refusal::bad(
                "wrong remote file identifier specified: Wrong string length",
            ));
        }
        (None, None) => return Err(Refusal::bad(format!("there is no {kind} in the request"))),
    };
    let size = world.files.get(&id).map_or(0, |file| file.bytes.len());
    let mut about = json!({"file_id": id, "file_unique_id": format!("u{id}"), "file_size": size});
    if let Some(file) = arguments.file(kind) {
        about["file_name"] = json!(file.name);
        about["mime_type"] = json!(file.content_type);
    }
    for (wanted, value) in [("width", 10), ("height", 10), ("duration", 1)] {
        about[wanted] = json!(value);
    }
    let mut members = Map::new();
    let value = match kind {
        "photo" => Value::Array(vec![about]),
        _ => about,
    };
    members.insert(kind.to_owned(), value);
    if !caption.text.trim().is_empty() {
        members.insert("caption".to_owned(), json!(caption.text.trim_end()));
        if !caption.entities.is_empty() {
            members.insert("caption_entities".to_owned(), Value::Array(caption.entities));
        }
    }
    message::write(world, token, &key, arguments, members)
}

/// Keeps a file and gives its id.
pub(crate) fn store(world: &mut World, kind: &str, bytes: bytes::Bytes) -> String {
    let number = world.number();
    let id = format!("AgACAgIAAxkBAAI{number}");
    let path = format!("{kind}s/file_{number}");
    world.files.insert(id.clone(), StoredFile { bytes, path });
    id
}

pub(super) fn get(world: &World, arguments: &Arguments) -> Outcome {
    let id = arguments.text("file_id").unwrap_or_default();
    let file = world
        .files
        .get(&id)
        .ok_or_else(|| Refusal::bad("invalid file_id"))?;
    if file.bytes.len() > MAX_DOWNLOAD {
        return Err(Refusal::bad("file is too big"));
    }
    Ok(json!({
        "file_id": id, "file_unique_id": format!("u{id}"), "file_size": file.bytes.len(), "file_path": file.path,
    }))
}
