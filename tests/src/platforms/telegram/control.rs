//! The side for tests: people write, groups are made, time passes and things go wrong.

mod say;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use say::Say;

use super::fault::Fault;
use super::server::respond;
use super::updates::KEPT;
use super::world::{Chat, World};
use super::{Call, Shared, TOKEN, Telegram};

/// A group to make.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// Its id, which is negative.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// The name by which anybody finds it.
    pub username: Option<String>,
    /// `group`, `supergroup` or `channel`.
    pub kind: String,
    /// Topics by id, for a forum.
    pub topics: Vec<(i64, String)>,
    /// Whether the bot administers it.
    pub is_admin: bool,
    /// The bot that is in it.
    pub token: String,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            id: -1_001_000_000_001,
            title: "Friends".to_owned(),
            username: None,
            kind: "supergroup".to_owned(),
            topics: Vec::new(),
            is_admin: false,
            token: TOKEN.to_owned(),
        }
    }
}

impl Telegram {
    /// Somebody writes; gives the message as it stands in the chat.
    pub fn say(&self, say: Say) -> Value {
        let message = say.perform(&mut self.shared.world.lock());
        self.shared.changed.notify_waiters();
        message
    }

    /// Somebody writes to the bot, in private.
    pub fn write(&self, person: i64, text: &str) -> Value {
        self.say(Say::new(person, text))
    }

    /// Makes a group with the bot in it, without telling the bot.
    pub fn group(&self, group: Group) {
        make_group(&mut self.shared.world.lock(), group);
    }

    /// Whether the bot sees all that is written in groups.
    pub fn see_all(&self, sees: bool) {
        if let Some(bot) = self.shared.world.lock().bots.get_mut(TOKEN) {
            bot.is_private = !sees;
        }
    }

    /// Adds a bot.
    pub fn add_bot(&self, token: &str, username: &str) {
        self.shared.world.lock().add_bot(token, username);
    }

    /// A group becomes a supergroup with this id.
    pub fn migrate(&self, from: i64, to: i64) {
        say::migrate(&mut self.shared.world.lock(), from, to);
        self.shared.changed.notify_waiters();
    }

    /// Somebody presses the button with this data below a message. Gives the id of the press, or nothing if there is
    /// no such button.
    pub fn press(&self, person: i64, chat: i64, message: i64, data: &str) -> Option<String> {
        let id = say::press(&mut self.shared.world.lock(), person, chat, message, data);
        self.shared.changed.notify_waiters();
        id
    }

    /// Somebody changes a message of theirs.
    pub fn rewrite(&self, chat: i64, message: i64, text: &str) {
        say::rewrite(&mut self.shared.world.lock(), chat, message, text);
        self.shared.changed.notify_waiters();
    }

    /// A person shuts the bot out, with the words that the platform has for it.
    pub fn block(&self, person: i64) {
        let mut world = self.shared.world.lock();
        let chat = world.private_chat(person, TOKEN);
        chat.closed_to
            .insert(TOKEN.to_owned(), "bot was blocked by the user");
    }

    /// Puts an update of any shape into the queue, as a text that need not be JSON. In it `UPDATE_ID` stands for the
    /// next id, which is given back.
    pub fn put(&self, text: &str) -> i64 {
        let id = put(&mut self.shared.world.lock(), text);
        self.shared.changed.notify_waiters();
        id
    }

    /// Puts the first update that waits into the queue once more, under the same id, and says whether there was one.
    pub fn repeat_first(&self) -> bool {
        repeat_first(&mut self.shared.world.lock())
    }

    /// Turns the order of what waits around.
    pub fn reverse(&self) {
        if let Some(bot) = self.shared.world.lock().bots.get_mut(TOKEN) {
            bot.queue.reverse();
        }
    }

    /// How many updates wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared
            .world
            .lock()
            .bots
            .get(TOKEN)
            .map_or(0, |bot| bot.queue.len())
    }

    /// Lets time pass at once. What waits for longer than a day is gone.
    pub fn pass_hours(&self, hours: i64) {
        pass_hours(&mut self.shared.world.lock(), hours);
    }

    /// Makes something go wrong.
    pub fn fail(&self, fault: Fault) {
        self.shared.world.lock().faults.push(fault);
    }

    /// Lets bots send so many messages a minute to a chat.
    pub fn limit(&self, messages: usize) {
        self.shared.world.lock().flood_limit = Some(messages);
    }

    /// Keeps a file as if somebody had sent it, and gives its id.
    pub fn store(&self, bytes: impl Into<Bytes>) -> String {
        super::methods::file::store(&mut self.shared.world.lock(), "document", bytes.into())
    }

    /// All calls so far, but for the questions for updates that were answered.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.world.lock().calls.clone()
    }

    /// The texts that the bot has sent to a chat and that are there now, in their order.
    #[must_use]
    pub fn texts(&self, chat: i64) -> Vec<String> {
        let messages = messages(&self.shared.world.lock(), chat);
        let by_bot = messages
            .iter()
            .filter(|message| message["from"]["is_bot"] == true);
        by_bot
            .filter_map(|message| message["text"].as_str().map(str::to_owned))
            .collect()
    }

    /// The messages in a chat.
    #[must_use]
    pub fn messages(&self, chat: i64) -> Vec<Value> {
        messages(&self.shared.world.lock(), chat)
    }
}

fn make_group(world: &mut World, group: Group) {
    let mut about = Map::new();
    about.insert("id".to_owned(), json!(group.id));
    about.insert("title".to_owned(), json!(group.title));
    about.insert("type".to_owned(), json!(group.kind));
    if let Some(username) = group.username {
        about.insert("username".to_owned(), json!(username));
    }
    if !group.topics.is_empty() {
        about.insert("is_forum".to_owned(), json!(true));
    }
    let mut chat = Chat::new(about);
    chat.topics.extend(group.topics);
    chat.bots.insert(group.token, group.is_admin);
    world.chats.insert((group.id, String::new()), chat);
}

fn messages(world: &World, chat: i64) -> Vec<Value> {
    let chat = world.chats.get(&World::key(chat, TOKEN));
    chat.map(|chat| chat.messages.values().cloned().collect())
        .unwrap_or_default()
}

fn put(world: &mut World, text: &str) -> i64 {
    let now = world.now();
    let Some(bot) = world.bots.get_mut(TOKEN) else {
        return 0;
    };
    let id = bot.queue.number();
    bot.queue.put(now, id, text.replace("UPDATE_ID", &id.to_string()));
    id
}

fn repeat_first(world: &mut World) -> bool {
    let now = world.now();
    let Some(bot) = world.bots.get_mut(TOKEN) else {
        return false;
    };
    let first = bot.queue.first();
    let is_there = first.is_some();
    if let Some((id, text)) = first {
        bot.queue.put(now, id, text);
    }
    is_there
}

fn pass_hours(world: &mut World, hours: i64) {
    world.ahead += hours * KEPT / 24;
    let now = world.now();
    for bot in world.bots.values_mut() {
        bot.queue.expire(now);
    }
}

#[derive(Deserialize)]
struct Press {
    person: i64,
    chat: i64,
    message: i64,
    data: String,
}

#[derive(Deserialize)]
struct Bot {
    token: String,
    username: String,
}

/// Answers a request of another process: the verbs are the methods above, the arguments a JSON document.
pub(crate) fn answer(shared: &Shared, verb: &str, query: &str, body: &[u8]) -> Response<Full<Bytes>> {
    let outcome = perform(&mut shared.world.lock(), verb, query, body);
    shared.changed.notify_waiters();
    let (status, answer) = match outcome {
        Ok(answer) => (200, answer),
        Err(why) => (400, json!({"error": why})),
    };
    respond(status, "application/json", answer.to_string().into())
}

fn perform(world: &mut World, verb: &str, query: &str, body: &[u8]) -> Result<Value, String> {
    let number = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name);
        found
            .and_then(|(_, value)| value.parse::<i64>().ok())
            .ok_or_else(|| format!("the query lacks {name}=<number>"))
    };
    match verb {
        "say" => Ok(read::<Say>(body)?.perform(world)),
        "group" => {
            make_group(world, read(body)?);
            Ok(json!(true))
        }
        "bot" => {
            let bot: Bot = read(body)?;
            world.add_bot(&bot.token, &bot.username);
            Ok(json!(true))
        }
        "press" => {
            let press: Press = read(body)?;
            let id = say::press(world, press.person, press.chat, press.message, &press.data);
            Ok(json!(id))
        }
        "put" => Ok(json!(put(world, &String::from_utf8_lossy(body)))),
        "repeat-first" => Ok(json!(repeat_first(world))),
        "pass-hours" => {
            pass_hours(world, number("hours")?);
            Ok(json!(true))
        }
        "fail" => {
            world.faults.push(read(body)?);
            Ok(json!(true))
        }
        "messages" => Ok(Value::Array(messages(world, number("chat")?))),
        "waiting" => Ok(json!(world.bots.get(TOKEN).map_or(0, |bot| bot.queue.len()))),
        "calls" => {
            let calls = world.calls.iter().map(
                |call| json!({"method": call.method, "arguments": call.arguments, "answer": call.answer}),
            );
            Ok(Value::Array(calls.collect()))
        }
        _ => Err(format!("there is no control {verb:?}")),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|why| why.to_string())
}
