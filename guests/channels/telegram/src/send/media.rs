//! Messages with media: one message for each piece, the text with the first.

use openclaw_sdk::channel::{OutgoingMedia, OutgoingMessage, Receipt, SendHint};
use openclaw_sdk::http::Multipart;
use openclaw_sdk::media::{self, MediaFacts, MediaKind};
use openclaw_sdk::{Error, Sent};
use serde_json::{Value, json};

use super::{Arguments, is_about_formatting, receipt};
use crate::api;
use crate::render::render;
use crate::settings::Settings;

/// The largest picture that is taken as one. What is larger goes as a file.
const MAX_PHOTO: u64 = 10 * 1024 * 1024;

/// Sends the pieces in their order. The buttons are below the last one.
pub(super) fn post(
    settings: &Settings,
    message: &OutgoingMessage,
    shared: &Arguments,
    keyboard: Option<Value>,
) -> Result<Receipt, Error> {
    let caption = render(&message.text);
    let mut whole: Option<Receipt> = None;
    for (at, piece) in message.media.iter().enumerate() {
        let mut arguments = shared.clone();
        if at == 0 && !caption.plain.trim().is_empty() {
            arguments.insert("caption".to_owned(), json!(caption.html));
            arguments.insert("parse_mode".to_owned(), json!("HTML"));
        }
        if let (true, Some(keyboard)) = (at + 1 == message.media.len(), &keyboard) {
            arguments.insert("reply_markup".to_owned(), keyboard.clone());
        }
        let sent = match send_piece(settings, message, piece, &arguments) {
            Err(error) if is_about_formatting(&error) => {
                arguments.remove("parse_mode");
                arguments.insert("caption".to_owned(), json!(caption.plain));
                send_piece(settings, message, piece, &arguments)
            }
            other => other,
        };
        match (sent, &mut whole) {
            (Ok(sent), None) => whole = Some(receipt(&sent, &message.address)),
            (Ok(sent), Some(whole)) => whole.ids.extend(receipt(&sent, &message.address).ids),
            (Err(error), None) => return Err(error),
            (Err(error), Some(whole)) => {
                return Err(Error {
                    sent: Sent::Yes,
                    detail: Some(json!({"ids": whole.ids}).to_string()),
                    ..error
                });
            }
        }
    }
    Ok(whole.unwrap_or_else(|| Receipt::new(Vec::new())))
}

fn send_piece(
    settings: &Settings,
    message: &OutgoingMessage,
    piece: &OutgoingMedia,
    arguments: &Arguments,
) -> Result<Value, Error> {
    let facts = media::open(&piece.media)?.facts();
    let (method, field) = method(&facts, &message.hints);
    let name = piece.file_name.clone().or_else(|| facts.file_name.clone());
    let form = arguments
        .iter()
        .fold(Multipart::new(), |form, (name, value)| match value {
            Value::String(text) => form.text(name, text),
            other => form.text(name, other),
        });
    let form = form.media(field, name.unwrap_or_else(|| field.to_owned()), &piece.media);
    api::upload(settings, method, form)
}

/// The method for a piece, and the field that it goes into.
fn method(facts: &MediaFacts, hints: &[SendHint]) -> (&'static str, &'static str) {
    let has = |wanted: fn(&SendHint) -> bool| hints.iter().any(wanted);
    let kind = facts.kind;
    let is_sound = matches!(kind, MediaKind::Audio | MediaKind::Voice);
    if has(|hint| matches!(hint, SendHint::AsDocument)) {
        return ("sendDocument", "document");
    }
    if is_sound && has(|hint| matches!(hint, SendHint::AsVoice)) {
        return ("sendVoice", "voice");
    }
    if matches!(kind, MediaKind::Video) && has(|hint| matches!(hint, SendHint::AsAnimation)) {
        return ("sendAnimation", "animation");
    }
    match kind {
        MediaKind::Image if facts.size <= MAX_PHOTO => ("sendPhoto", "photo"),
        MediaKind::Video => ("sendVideo", "video"),
        MediaKind::Audio => ("sendAudio", "audio"),
        MediaKind::Voice => ("sendVoice", "voice"),
        MediaKind::Animation => ("sendAnimation", "animation"),
        MediaKind::Sticker => ("sendSticker", "sticker"),
        _ => ("sendDocument", "document"),
    }
}
