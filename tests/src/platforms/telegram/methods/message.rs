//! Writing messages, changing them and taking them away.

use serde_json::{Map, Value, json};

use super::super::arguments::Arguments;
use super::super::html::{self, Formatted};
use super::super::refusal::{Outcome, Refusal};
use super::super::world::{ChatKey, World};
use super::{chat, done, keyboard};

/// The longest text of a message, in UTF-16 units after its formatting is taken off.
const MAX_TEXT: usize = 4096;
/// For how long a message can be deleted, in seconds.
const DELETABLE: i64 = 48 * 60 * 60;

pub(super) fn send(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    let key = chat::find(world, token, arguments)?;
    let formatted = text(arguments, "text", "entities")?;
    let mut members = body(formatted)?;
    if let Some(preview) = preview(arguments)? {
        members.insert("link_preview_options".to_owned(), preview);
    }
    write(world, token, &key, arguments, members)
}

/// Writes a message with these members, where and as the call says.
pub(super) fn write(
    world: &mut World,
    token: &str,
    key: &ChatKey,
    arguments: &Arguments,
    mut members: Map<String, Value>,
) -> Outcome {
    let now = world.now();
    let limit = world.flood_limit;
    let Some(bot) = world.bots.get(token).map(super::super::world::Bot::user) else {
        return Err(Refusal::new(401, "Unauthorized"));
    };
    let Some(chat) = world.chats.get_mut(key) else {
        return Err(Refusal::bad("chat not found"));
    };
    if let Some(thread) = chat::topic(chat, arguments)? {
        members.insert("message_thread_id".to_owned(), json!(thread));
        members.insert("is_topic_message".to_owned(), json!(true));
    }
    if let Some(answered) = answered(&chat.messages, arguments)? {
        members.insert("reply_to_message".to_owned(), answered);
    }
    if let Some(keyboard) = keyboard::inline(arguments)? {
        members.insert("reply_markup".to_owned(), keyboard);
    }
    if let Some(limit) = limit {
        chat.written.retain(|at| now - at < 60);
        if chat.written.len() >= limit {
            let oldest = chat.written.front().copied().unwrap_or(now);
            return Err(Refusal::too_many(
                u64::try_from(60 - (now - oldest)).unwrap_or(1).max(1),
            ));
        }
        chat.written.push_back(now);
    }
    members.insert("from".to_owned(), bot);
    chat.last_bot = Some(token.to_owned());
    Ok(chat.write(now, members))
}

pub(super) fn edit_text(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    let formatted = text(arguments, "text", "entities")?;
    let members = body(formatted)?;
    edit(world, token, arguments, Some(members))
}

pub(super) fn edit_markup(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    edit(world, token, arguments, None)
}

fn edit(world: &mut World, token: &str, arguments: &Arguments, new: Option<Map<String, Value>>) -> Outcome {
    let key = chat::find(world, token, arguments)?;
    let id = chat::message_id(arguments)?;
    let keyboard = keyboard::inline(arguments)?;
    let now = world.now();
    let own = world.bots.get(token).map(|bot| bot.id);
    let message = world
        .chats
        .get_mut(&key)
        .and_then(|chat| chat.messages.get_mut(&id));
    let Some(message) = message else {
        return Err(Refusal::bad("message to edit not found"));
    };
    if message["from"]["id"].as_i64() != own {
        return Err(Refusal::bad("message can't be edited"));
    }
    let before = message.clone();
    if let Some(members) = message.as_object_mut() {
        if let Some(new) = new {
            if !members.contains_key("text") {
                return Err(Refusal::bad("there is no text in the message to edit"));
            }
            members.remove("entities");
            members.extend(new);
        }
        members.remove("reply_markup");
        members.extend(keyboard.map(|keyboard| ("reply_markup".to_owned(), keyboard)));
    }
    if *message == before {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    message["edit_date"] = json!(now);
    Ok(message.clone())
}

pub(super) fn delete(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    let key = chat::find(world, token, arguments)?;
    let id = chat::message_id(arguments)?;
    let now = world.now();
    let own = world.bots.get(token).map(|bot| bot.id);
    let missing = || Refusal::bad("message to delete not found");
    let chat = world.chats.get_mut(&key).ok_or_else(missing)?;
    let message = chat.messages.get(&id).ok_or_else(missing)?;
    let is_own = message["from"]["id"].as_i64() == own;
    let administers = chat.bots.get(token) == Some(&true);
    let is_old = now - message["date"].as_i64().unwrap_or(0) > DELETABLE;
    if is_old || !(is_own || administers) {
        return Err(Refusal::bad("message can't be deleted"));
    }
    chat.messages.remove(&id);
    done()
}

/// The text of a call with its formatting.
pub(super) fn text(arguments: &Arguments, name: &str, entities: &str) -> Outcome<Formatted> {
    let text = arguments.text(name).unwrap_or_default();
    let mode = arguments
        .text("parse_mode")
        .unwrap_or_default()
        .to_ascii_lowercase();
    match mode.as_str() {
        "" => Ok(Formatted {
            text,
            entities: match arguments.json(entities)? {
                Some(Value::Array(entities)) => entities,
                Some(_) => return Err(Refusal::bad("can't parse message entities JSON object")),
                None => Vec::new(),
            },
        }),
        "html" => html::read(&text).map_err(|why| Refusal::bad(format!("can't parse entities: {why}"))),
        _ => Err(Refusal::bad("unsupported parse_mode")),
    }
}

/// The members of a message with this text. Blank space around it is taken off, as far as no formatting lies there.
fn body(formatted: Formatted) -> Outcome<Map<String, Value>> {
    if formatted.text.trim().is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if formatted.text.encode_utf16().count() > MAX_TEXT {
        return Err(Refusal::bad("message is too long"));
    }
    let text = match formatted.entities.is_empty() {
        true => formatted.text.trim(),
        false => formatted.text.trim_end(),
    };
    let mut members = Map::new();
    members.insert("text".to_owned(), json!(text));
    if !formatted.entities.is_empty() {
        members.insert("entities".to_owned(), Value::Array(formatted.entities));
    }
    Ok(members)
}

fn preview(arguments: &Arguments) -> Outcome<Option<Value>> {
    match arguments.json("link_preview_options")? {
        Some(options) if options.is_object() => Ok(Some(options)),
        Some(_) => Err(Refusal::bad("object expected as link preview options")),
        None if arguments.flag("disable_web_page_preview") => Ok(Some(json!({"is_disabled": true}))),
        None => Ok(None),
    }
}

/// The message that a call answers.
fn answered(
    messages: &std::collections::BTreeMap<i64, Value>,
    arguments: &Arguments,
) -> Outcome<Option<Value>> {
    let parameters = arguments.json("reply_parameters")?;
    let (id, may_miss) = match &parameters {
        Some(parameters) if parameters.is_object() => (
            parameters["message_id"].as_i64(),
            parameters["allow_sending_without_reply"].as_bool() == Some(true),
        ),
        Some(_) => return Err(Refusal::bad("object expected as reply parameters")),
        None => (
            arguments.int("reply_to_message_id"),
            arguments.flag("allow_sending_without_reply"),
        ),
    };
    let Some(id) = id.filter(|id| *id != 0) else {
        return match parameters {
            Some(_) => Err(Refusal::bad("message to be replied not found")),
            None => Ok(None),
        };
    };
    match messages.get(&id) {
        Some(message) => {
            let mut shown = message.clone();
            // A message that is shown as answered does not show what it answers itself.
            if let Some(members) = shown.as_object_mut() {
                members.remove("reply_to_message");
            }
            Ok(Some(shown))
        }
        None if may_miss => Ok(None),
        None => Err(Refusal::bad("message to be replied not found")),
    }
}
