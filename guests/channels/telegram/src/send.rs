//! What goes out.
//!
//! **Promise.** One action is one call of the Bot API for each message that comes of it, and a second one only where
//! the first was refused: without formatting if the platform does not take it, in the new chat if the group has moved.

mod media;

use openclaw_sdk::channel::{
    Address, Button, ButtonAction, Delete, DraftUpdate, Edit, OutboundAction, OutgoingMessage, React,
    Receipt, SendHint, Text, Typing, unsupported,
};
use openclaw_sdk::{Error, ErrorCode};
use serde_json::{Map, Value, json};

use crate::api::{self, migrated_to, says};
use crate::inbound::GENERAL;
use crate::look::Look;
use crate::render::render;
use crate::settings::Settings;

/// The arguments of a method.
type Arguments = Map<String, Value>;

/// Does what is asked for.
pub(crate) fn perform(settings: &Settings, action: OutboundAction) -> Result<Receipt, Error> {
    match action {
        OutboundAction::Message(message) => post(settings, &message),
        OutboundAction::Edit(edit) => rewrite(settings, &edit),
        OutboundAction::Delete(delete) => erase(settings, &delete),
        OutboundAction::React(react) => respond(settings, &react),
        OutboundAction::Typing(typing) => show_typing(settings, &typing),
        OutboundAction::DraftUpdate(draft) => show_draft(settings, &draft),
        _ => Err(unsupported("such an action")),
    }
}

fn post(settings: &Settings, message: &OutgoingMessage) -> Result<Receipt, Error> {
    if message
        .hints
        .iter()
        .any(|hint| matches!(hint, SendHint::Ephemeral))
    {
        return Err(unsupported("messages that only one person sees"));
    }
    let mut arguments = destination(&message.address)?;
    reply(&mut arguments, message.reply_to.as_deref());
    if message.hints.iter().any(|hint| matches!(hint, SendHint::Silent)) {
        arguments.insert("disable_notification".to_owned(), json!(true));
    }
    let keyboard = keyboard(&message.buttons);
    if !message.media.is_empty() {
        return media::post(settings, message, &arguments, keyboard);
    }
    if let Some(keyboard) = keyboard {
        arguments.insert("reply_markup".to_owned(), keyboard);
    }
    let no_preview = message
        .hints
        .iter()
        .any(|hint| matches!(hint, SendHint::NoPreview));
    if no_preview || !settings.previews_links() {
        arguments.insert("link_preview_options".to_owned(), json!({"is_disabled": true}));
    }
    let sent = write(settings, "sendMessage", arguments, &message.text)?;
    Ok(receipt(&sent, &message.address))
}

fn rewrite(settings: &Settings, edit: &Edit) -> Result<Receipt, Error> {
    let mut arguments = place(&edit.address, &edit.message_id)?;
    if let Some(keyboard) = keyboard(&edit.buttons) {
        arguments.insert("reply_markup".to_owned(), keyboard);
    }
    if !settings.previews_links() {
        arguments.insert("link_preview_options".to_owned(), json!({"is_disabled": true}));
    }
    replace(settings, arguments, &edit.text, &edit.message_id)
}

/// Shows a reply as it grows: a message that is changed.
fn show_draft(settings: &Settings, draft: &DraftUpdate) -> Result<Receipt, Error> {
    if render(&draft.text).plain.trim().is_empty() {
        return Ok(Receipt::new(draft.message_id.iter().cloned().collect()));
    }
    let mut arguments = match &draft.message_id {
        Some(id) => place(&draft.address, id)?,
        None => destination(&draft.address)?,
    };
    if !settings.previews_links() {
        arguments.insert("link_preview_options".to_owned(), json!({"is_disabled": true}));
    }
    if let Some(id) = &draft.message_id {
        return replace(settings, arguments, &draft.text, id);
    }
    reply(&mut arguments, draft.reply_to.as_deref());
    let sent = write(settings, "sendMessage", arguments, &draft.text)?;
    Ok(receipt(&sent, &draft.address))
}

/// Changes a message. One that reads so already is as it should be.
fn replace(settings: &Settings, arguments: Arguments, text: &Text, id: &str) -> Result<Receipt, Error> {
    match write(settings, "editMessageText", arguments, text) {
        Err(error) if !says(&error, "message is not modified") => Err(error),
        _ => Ok(Receipt::new(vec![id.to_owned()])),
    }
}

fn erase(settings: &Settings, delete: &Delete) -> Result<Receipt, Error> {
    for id in &delete.message_ids {
        let arguments = place(&delete.address, id)?;
        match call(settings, "deleteMessage", arguments) {
            Err(error) if !says(&error, "message to delete not found") => return Err(error),
            _ => {}
        }
    }
    Ok(Receipt::new(Vec::new()))
}

/// A bot has one reaction to a message, so taking back any of its own leaves none.
fn respond(settings: &Settings, react: &React) -> Result<Receipt, Error> {
    let mut arguments = place(&react.address, &react.message_id)?;
    let reaction = match (react.remove, react.emoji.parse::<u64>()) {
        (true, _) => json!([]),
        (false, Ok(_)) => json!([{"type": "custom_emoji", "custom_emoji_id": react.emoji}]),
        (false, Err(_)) => json!([{"type": "emoji", "emoji": react.emoji}]),
    };
    arguments.insert("reaction".to_owned(), reaction);
    call(settings, "setMessageReaction", arguments)?;
    Ok(Receipt::new(Vec::new()))
}

/// Telegram ends the look by itself after five seconds, or when a message arrives.
fn show_typing(settings: &Settings, typing: &Typing) -> Result<Receipt, Error> {
    if typing.active {
        let mut arguments = chat(&typing.address.to);
        // Unlike messages, this wants to know of the general topic too.
        if let Some(thread) = &typing.address.thread {
            arguments.insert("message_thread_id".to_owned(), json!(number(thread, "topic")?));
        }
        arguments.insert("action".to_owned(), json!("typing"));
        call(settings, "sendChatAction", arguments)?;
    }
    Ok(Receipt::new(Vec::new()))
}

/// Sends a method with a text, formatted, or plain if the platform does not take the formatting.
fn write(settings: &Settings, method: &str, mut arguments: Arguments, text: &Text) -> Result<Value, Error> {
    let rendered = render(text);
    if rendered.plain.trim().is_empty() {
        let message = "Telegram takes no message without text";
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    arguments.insert("text".to_owned(), json!(rendered.html));
    arguments.insert("parse_mode".to_owned(), json!("HTML"));
    match call(settings, method, arguments.clone()) {
        Err(error) if is_about_formatting(&error) => {
            arguments.remove("parse_mode");
            arguments.insert("text".to_owned(), json!(rendered.plain));
            call(settings, method, arguments)
        }
        other => other,
    }
}

fn is_about_formatting(error: &Error) -> bool {
    error.code == ErrorCode::Refused && says(error, "can't parse entities")
}

/// Calls a method, and once more where a group has moved to.
fn call(settings: &Settings, method: &str, mut arguments: Arguments) -> Result<Value, Error> {
    let outcome = api::call(settings, method, &Value::Object(arguments.clone()));
    let moved = outcome.as_ref().err().and_then(migrated_to);
    match moved {
        Some(new) => {
            arguments.extend(chat(&new));
            api::call(settings, method, &Value::Object(arguments))
        }
        None => outcome,
    }
}

/// Where a message goes to. What goes to the general topic of a forum must name no topic.
fn destination(address: &Address) -> Result<Arguments, Error> {
    let mut arguments = chat(&address.to);
    if let Some(thread) = address.thread.as_deref().filter(|thread| *thread != GENERAL) {
        arguments.insert("message_thread_id".to_owned(), json!(number(thread, "topic")?));
    }
    Ok(arguments)
}

/// Which message is meant.
fn place(address: &Address, message_id: &str) -> Result<Arguments, Error> {
    let mut arguments = chat(&address.to);
    arguments.insert("message_id".to_owned(), json!(number(message_id, "message")?));
    Ok(arguments)
}

/// A chat by its number, or by its name.
fn chat(to: &str) -> Arguments {
    let chat = to.parse::<i64>().map_or_else(|_| json!(to), |id| json!(id));
    Arguments::from_iter([("chat_id".to_owned(), chat)])
}

fn number(id: &str, what: &str) -> Result<i64, Error> {
    let wrong = |_| {
        let message = format!("{id:?} is no id of a {what} on Telegram: that is a number");
        Error::new(ErrorCode::Invalid, message)
    };
    id.parse().map_err(wrong)
}

/// What is answered. If it is gone meanwhile, the answer is sent all the same.
fn reply(arguments: &mut Arguments, reply_to: Option<&str>) {
    if let Some(id) = reply_to.and_then(|id| id.parse::<i64>().ok()) {
        let parameters = json!({"message_id": id, "allow_sending_without_reply": true});
        arguments.insert("reply_parameters".to_owned(), parameters);
    }
}

fn keyboard(rows: &[Vec<Button>]) -> Option<Value> {
    let button = |button: &Button| match &button.action {
        ButtonAction::Callback(data) => Some(json!({"text": button.label, "callback_data": data})),
        ButtonAction::Open(url) => Some(json!({"text": button.label, "url": url})),
        ButtonAction::Other(_) => None,
    };
    let rows = rows
        .iter()
        .map(|row| row.iter().filter_map(button).collect::<Vec<_>>());
    let rows: Vec<_> = rows.filter(|row| !row.is_empty()).collect();
    (!rows.is_empty()).then(|| json!({"inline_keyboard": rows}))
}

/// The receipt for a message that was sent.
fn receipt(sent: &Value, asked: &Address) -> Receipt {
    let chat = sent.at("chat").id("id");
    let moved = chat.filter(|id| asked.to.parse::<i64>().is_ok() && *id != asked.to);
    Receipt {
        address: moved.map(|to| Address {
            to,
            thread: asked.thread.clone(),
        }),
        time: sent
            .int("date")
            .and_then(|date| u64::try_from(date).ok())
            .map(|seconds| seconds.saturating_mul(1000)),
        ..Receipt::new(sent.id("message_id").into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use openclaw_sdk::channel::ButtonStyle;

    use super::*;

    #[test]
    fn the_general_topic_is_not_named_and_others_are() {
        let to = |thread: &str| {
            let address = Address {
                to: "-1001".to_owned(),
                thread: Some(thread.to_owned()),
            };
            Value::Object(destination(&address).unwrap())
        };
        assert_eq!(to("1"), json!({"chat_id": -1001}));
        assert_eq!(to("7"), json!({"chat_id": -1001, "message_thread_id": 7}));
        let named = destination(&Address::new("@some_name")).unwrap();
        assert_eq!(Value::Object(named), json!({"chat_id": "@some_name"}));
    }

    #[test]
    fn buttons_that_do_nothing_here_are_left_out() {
        let button = |action| Button {
            label: "x".to_owned(),
            action,
            style: ButtonStyle::Normal,
        };
        let rows = vec![
            vec![button(ButtonAction::Other("?".to_owned()))],
            vec![
                button(ButtonAction::Callback("yes".to_owned())),
                button(ButtonAction::Open("https://e.org".to_owned())),
            ],
        ];
        let expected = json!({"inline_keyboard": [[
            {"text": "x", "callback_data": "yes"}, {"text": "x", "url": "https://e.org"},
        ]]});
        assert_eq!(keyboard(&rows), Some(expected));
        assert_eq!(keyboard(&rows[..1]), None);
    }

    #[test]
    fn a_receipt_tells_where_a_moved_group_is() {
        let sent = json!({"message_id": 9, "date": 2, "chat": {"id": -1002}});
        let receipt = receipt(&sent, &Address::new("-5"));
        assert_eq!((receipt.ids, receipt.time), (vec!["9".to_owned()], Some(2000)));
        assert_eq!(
            receipt.address.map(|address| address.to),
            Some("-1002".to_owned())
        );
    }
}
