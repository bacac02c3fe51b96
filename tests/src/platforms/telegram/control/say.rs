//! What people do, and which bots learn of it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::TOKEN;
use super::super::world::World;

/// Something that somebody writes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Say {
    /// Who writes.
    pub person: i64,
    /// Where: the id of a group, or absent for the private chat with the bot.
    pub chat: Option<i64>,
    /// In which topic of a forum.
    pub topic: Option<i64>,
    /// What.
    pub text: Option<String>,
    /// In answer to which message of the chat.
    pub reply_to: Option<i64>,
    /// Further members of the message, such as a photo.
    pub members: Map<String, Value>,
    /// The bot of the private chat; absent means the usual one.
    pub token: Option<String>,
}

impl Say {
    /// A text in the private chat.
    #[must_use]
    pub fn new(person: i64, text: &str) -> Self {
        Self {
            person,
            text: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// A text in a group.
    #[must_use]
    pub fn in_group(person: i64, chat: i64, text: &str) -> Self {
        Self {
            chat: Some(chat),
            ..Self::new(person, text)
        }
    }

    /// With a further member of the message.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Writes it and tells the bots; gives the message, or null if there is no such chat.
    pub(crate) fn perform(self, world: &mut World) -> Value {
        let now = world.now();
        let from = world.person(self.person);
        let token = self.token.unwrap_or_else(|| TOKEN.to_owned());
        let id = self.chat.unwrap_or(self.person);
        if id > 0 {
            world.private_chat(id, &token);
        }
        let Some(chat) = world.chats.get_mut(&World::key(id, &token)) else {
            return Value::Null;
        };
        let mut members = self.members;
        members.insert("from".to_owned(), from);
        if let Some(text) = self.text {
            let entities = entities(&text);
            if !entities.is_empty() && !members.contains_key("entities") {
                members.insert("entities".to_owned(), Value::Array(entities));
            }
            members.insert("text".to_owned(), Value::String(text));
        }
        if let Some(topic) = self.topic.filter(|topic| *topic != 1) {
            members.insert("message_thread_id".to_owned(), json!(topic));
            members.insert("is_topic_message".to_owned(), json!(true));
        }
        if let Some(answered) = self.reply_to.and_then(|id| chat.messages.get(&id)) {
            members.insert("reply_to_message".to_owned(), answered.clone());
        }
        let kind = match chat.about.get("type").and_then(Value::as_str) {
            Some("channel") => "channel_post",
            _ => "message",
        };
        let message = chat.write(now, members);
        tell(world, id, &token, kind, &message);
        message
    }
}

/// Tells the bots in a chat that may learn of a message.
fn tell(world: &mut World, chat_id: i64, token: &str, kind: &str, message: &Value) {
    let now = world.now();
    let Some(chat) = world.chats.get(&World::key(chat_id, token)) else {
        return;
    };
    let is_group = matches!(
        chat.about.get("type").and_then(Value::as_str),
        Some("group" | "supergroup")
    );
    for (token, administers) in &chat.bots {
        let wrote_last = chat.last_bot.as_ref() == Some(token);
        if let Some(bot) = world.bots.get_mut(token)
            && (!is_group
                || *administers
                || !bot.is_private
                || is_meant(message, bot.id, &bot.username, wrote_last))
        {
            bot.queue.add(now, kind, message);
        }
    }
}

/// Whether a message in a group reaches a bot in privacy mode: commands for it, or for nobody where it wrote last, what
/// mentions it, answers to it, and what the platform itself tells.
fn is_meant(message: &Value, id: i64, username: &str, wrote_last: bool) -> bool {
    let is_service = message.get("text").is_none() && message.get("caption").is_none();
    let is_service = is_service
        && ["photo", "document", "voice", "location"]
            .iter()
            .all(|it| message.get(it).is_none());
    if is_service || message["reply_to_message"]["from"]["id"] == id {
        return true;
    }
    let text: Vec<u16> = message["text"]
        .as_str()
        .unwrap_or_default()
        .encode_utf16()
        .collect();
    let entities = message["entities"].as_array().cloned().unwrap_or_default();
    entities.iter().any(|entity| {
        let number = |name: &str| usize::try_from(entity[name].as_u64().unwrap_or(0)).unwrap_or(0);
        let (offset, length) = (number("offset"), number("length"));
        let words = text
            .get(offset..offset.saturating_add(length))
            .unwrap_or_default();
        let words = String::from_utf16_lossy(words);
        let handle = words.split_once('@').map(|(_, handle)| handle);
        let is_named = handle.is_some_and(|handle| handle.eq_ignore_ascii_case(username));
        match entity["type"].as_str() {
            Some("bot_command") => is_named || (handle.is_none() && wrote_last),
            Some("mention") => is_named,
            _ => false,
        }
    })
}

/// The commands and mentions that the platform finds in what people write.
fn entities(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut units = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let name_end = |text: &str| {
            text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(text.len())
        };
        let (kind, length) = match word.split_at_checked(1) {
            Some(("/", rest)) => {
                let command = name_end(rest);
                let handle = rest
                    .get(command..)
                    .and_then(|rest| rest.strip_prefix('@'))
                    .map(name_end);
                let length = 1 + command + handle.map_or(0, |handle| handle + 1);
                ("bot_command", if command == 0 { 0 } else { length })
            }
            Some(("@", rest)) => ("mention", if name_end(rest) < 4 { 0 } else { 1 + name_end(rest) }),
            _ => ("", 0),
        };
        if length > 0 {
            found.push(json!({"type": kind, "offset": units, "length": length}));
        }
        units += piece.encode_utf16().count();
    }
    found
}

/// Presses a button.
pub(crate) fn press(
    world: &mut World,
    person: i64,
    chat_id: i64,
    message_id: i64,
    data: &str,
) -> Option<String> {
    let now = world.now();
    let from = world.person(person);
    let number = world.number();
    let chat = world.chats.get(&World::key(chat_id, TOKEN))?;
    let message = chat.messages.get(&message_id)?.clone();
    let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    buttons.find(|button| button["callback_data"] == data)?;
    let id = format!("43826{number}");
    let query = json!({
        "id": id, "from": from, "message": message, "chat_instance": "-3", "data": data,
    });
    let bot = world.bots.get_mut(TOKEN)?;
    bot.presses.insert(id.clone());
    bot.queue.add(now, "callback_query", &query);
    Some(id)
}

/// Changes what a message says.
pub(crate) fn rewrite(world: &mut World, chat_id: i64, message_id: i64, text: &str) {
    let now = world.now();
    let chat = world.chats.get_mut(&World::key(chat_id, TOKEN));
    let Some(message) = chat.and_then(|chat| chat.messages.get_mut(&message_id)) else {
        return;
    };
    message["text"] = json!(text);
    message["entities"] = json!(entities(text));
    message["edit_date"] = json!(now);
    let message = message.clone();
    tell(world, chat_id, TOKEN, "edited_message", &message);
}

/// Makes a group a supergroup, and tells so in both.
pub(crate) fn migrate(world: &mut World, from: i64, to: i64) {
    let now = world.now();
    let Some(old) = world.chats.get_mut(&World::key(from, "")) else {
        return;
    };
    old.moved_to = Some(to);
    let notice = old.write(
        now,
        Map::from_iter([("migrate_to_chat_id".to_owned(), json!(to))]),
    );
    let mut about = old.about.clone();
    about.insert("id".to_owned(), json!(to));
    about.insert("type".to_owned(), json!("supergroup"));
    let mut new = super::Chat::new(about);
    new.bots = old.bots.clone();
    let echo = new.write(
        now,
        Map::from_iter([("migrate_from_chat_id".to_owned(), json!(from))]),
    );
    world.chats.insert(World::key(to, ""), new);
    tell(world, from, "", "message", &notice);
    tell(world, to, "", "message", &echo);
}
