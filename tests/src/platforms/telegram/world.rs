//! What there is: bots, people, chats and what was written in them. A clock of its own lets hours pass at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::updates::Queue;
use super::webhook::Webhook;
use super::{Call, TOKEN, USERNAME};

/// Calls that are remembered; older ones are forgotten.
const MAX_CALLS: usize = 100_000;

/// Everything.
pub(crate) struct World {
    pub(crate) bots: BTreeMap<String, Bot>,
    pub(crate) people: BTreeMap<i64, Value>,
    pub(crate) chats: BTreeMap<ChatKey, Chat>,
    pub(crate) files: BTreeMap<String, StoredFile>,
    pub(crate) calls: Vec<Call>,
    pub(crate) faults: Vec<Fault>,
    /// How many messages a bot may send to a chat within a minute; none is no limit.
    pub(crate) flood_limit: Option<usize>,
    /// How far this world's clock is ahead, in seconds.
    pub(crate) ahead: i64,
    pub(crate) is_closed: bool,
    next: i64,
}

/// A private chat is one between a person and a bot, so two bots have two of them.
pub(crate) type ChatKey = (i64, String);

pub(crate) struct Bot {
    pub(crate) id: i64,
    pub(crate) username: String,
    /// Whether it sees only what is meant for it in groups.
    pub(crate) is_private: bool,
    pub(crate) queue: Queue,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) commands: Vec<Value>,
    /// Presses of buttons that wait for an answer.
    pub(crate) presses: BTreeSet<String>,
}

pub(crate) struct Chat {
    /// What messages show of it.
    pub(crate) about: Map<String, Value>,
    /// The bots in it, by their tokens; for each whether it administers it.
    pub(crate) bots: BTreeMap<String, bool>,
    /// Why a bot may not write there.
    pub(crate) closed_to: BTreeMap<String, &'static str>,
    pub(crate) topics: BTreeMap<i64, String>,
    pub(crate) messages: BTreeMap<i64, Value>,
    /// What it has become, if it moved.
    pub(crate) moved_to: Option<i64>,
    /// The bot that wrote there last.
    pub(crate) last_bot: Option<String>,
    /// When bots wrote there, by the second.
    pub(crate) written: VecDeque<i64>,
    next_message: i64,
}

pub(crate) struct StoredFile {
    pub(crate) bytes: Bytes,
    pub(crate) path: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            bots: BTreeMap::new(),
            people: BTreeMap::new(),
            chats: BTreeMap::new(),
            files: BTreeMap::new(),
            calls: Vec::new(),
            faults: Vec::new(),
            flood_limit: None,
            ahead: 0,
            is_closed: false,
            next: 1000,
        };
        world.add_bot(TOKEN, USERNAME);
        world
    }

    /// Adds a bot whose id is in its token, as it is on the platform.
    pub(crate) fn add_bot(&mut self, token: &str, username: &str) {
        let id = token
            .split(':')
            .next()
            .and_then(|id| id.parse().ok())
            .unwrap_or(1);
        let bot = Bot {
            id,
            username: username.to_owned(),
            is_private: true,
            queue: Queue::new(),
            webhook: None,
            commands: Vec::new(),
            presses: BTreeSet::new(),
        };
        self.bots.insert(token.to_owned(), bot);
    }

    /// The time of this world, in seconds.
    pub(crate) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX) + self.ahead
    }

    /// A number that was not given out before.
    pub(crate) fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Somebody, made up at the first look.
    pub(crate) fn person(&mut self, id: i64) -> Value {
        let person = || {
            json!({
                "id": id, "is_bot": false, "first_name": format!("Person {id}"), "username": format!("person_{id}"),
                "language_code": "en",
            })
        };
        self.people.entry(id).or_insert_with(person).clone()
    }

    /// The key of a chat, as a bot sees it.
    pub(crate) fn key(id: i64, token: &str) -> ChatKey {
        let of = if id > 0 { token } else { "" };
        (id, of.to_owned())
    }

    /// The chat of a person with a bot. Only the person can begin it.
    pub(crate) fn private_chat(&mut self, person: i64, token: &str) -> &mut Chat {
        let about = self.person(person);
        let key = Self::key(person, token);
        self.chats.entry(key).or_insert_with(|| {
            let mut chat = Map::new();
            chat.insert("id".to_owned(), json!(person));
            for name in ["first_name", "last_name", "username"] {
                if let Some(value) = about.get(name) {
                    chat.insert(name.to_owned(), value.clone());
                }
            }
            chat.insert("type".to_owned(), json!("private"));
            let mut made = Chat::new(chat);
            made.bots.insert(token.to_owned(), true);
            made
        })
    }

    /// Remembers a call.
    pub(crate) fn record(&mut self, call: Call) {
        if self.calls.len() == MAX_CALLS {
            self.calls.remove(0);
        }
        self.calls.push(call);
    }

    /// Ends everything that waits.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }
}

impl Bot {
    /// What others see of it.
    pub(crate) fn user(&self) -> Value {
        json!({"id": self.id, "is_bot": true, "first_name": "Claw", "username": self.username})
    }
}

impl Chat {
    pub(crate) fn new(about: Map<String, Value>) -> Self {
        Self {
            about,
            bots: BTreeMap::new(),
            closed_to: BTreeMap::new(),
            topics: BTreeMap::new(),
            messages: BTreeMap::new(),
            moved_to: None,
            last_bot: None,
            written: VecDeque::new(),
            next_message: 0,
        }
    }

    pub(crate) fn is_private(&self) -> bool {
        self.about.get("type").and_then(Value::as_str) == Some("private")
    }

    pub(crate) fn is_forum(&self) -> bool {
        self.about.get("is_forum").and_then(Value::as_bool) == Some(true)
    }

    /// Writes a message into it: these members, and those that every message has.
    pub(crate) fn write(&mut self, now: i64, mut members: Map<String, Value>) -> Value {
        self.next_message += 1;
        members.insert("message_id".to_owned(), json!(self.next_message));
        members.insert("date".to_owned(), json!(now));
        members.insert("chat".to_owned(), Value::Object(self.about.clone()));
        let message = Value::Object(members);
        self.messages.insert(self.next_message, message.clone());
        message
    }
}
