//! The updates of a bot: kept in order until they are confirmed, for a day at most.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::arguments::Arguments;
use super::refusal::{Outcome, Refusal};

/// For how long an update is kept, in seconds.
pub(crate) const KEPT: i64 = 24 * 60 * 60;
/// The longest time for which a question waits for an answer.
const MAX_TIMEOUT: i64 = 50;
/// Kinds that come only to who names them.
const ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// The updates of a bot.
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
    next_id: i64,
    /// The kinds that the bot asked for; none means all but those on request.
    pub(crate) allowed: Option<Vec<String>>,
    /// Counts the questions, so that a newer one ends an older.
    asked: u64,
}

struct Waiting {
    id: i64,
    since: i64,
    /// The document as it leaves, which need not be JSON.
    text: String,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            next_id: 524_000_001,
            allowed: None,
            asked: 0,
        }
    }

    /// Adds an update of this kind if the bot wants such, and gives its id.
    pub(crate) fn add(&mut self, now: i64, kind: &str, content: &Value) -> Option<i64> {
        let is_wanted = match &self.allowed {
            Some(kinds) => kinds.iter().any(|wanted| wanted == kind),
            None => !ON_REQUEST.contains(&kind),
        };
        if !is_wanted {
            return None;
        }
        let id = self.number();
        self.put(now, id, json!({"update_id": id, kind: content}).to_string());
        Some(id)
    }

    /// The id of the next update.
    pub(crate) fn number(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Adds a document as it is.
    pub(crate) fn put(&mut self, now: i64, id: i64, text: String) {
        self.waiting.push_back(Waiting { id, since: now, text });
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Turns the order around.
    pub(crate) fn reverse(&mut self) {
        self.waiting.make_contiguous().reverse();
    }

    /// Forgets what is older than a day.
    pub(crate) fn expire(&mut self, now: i64) {
        self.waiting.retain(|waiting| now - waiting.since <= KEPT);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Forgets what lies before an offset. A negative one counts from the end.
    fn confirm(&mut self, offset: i64) {
        if offset > 0 {
            self.waiting.retain(|waiting| waiting.id >= offset);
        } else if offset < 0 {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let surplus = self.waiting.len().saturating_sub(kept);
            self.waiting.drain(..surplus);
        }
    }

    /// The first update, for a webhook.
    pub(crate) fn first(&self) -> Option<(i64, String)> {
        self.waiting
            .front()
            .map(|waiting| (waiting.id, waiting.text.clone()))
    }

    /// Forgets an update that a webhook took.
    pub(crate) fn remove(&mut self, id: i64) {
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.id == id) {
            self.waiting.remove(at);
        }
    }

    fn page(&self, limit: usize) -> String {
        let texts: Vec<&str> = self.waiting.iter().take(limit).map(|w| w.text.as_str()).collect();
        format!("[{}]", texts.join(","))
    }
}

/// Reads the kinds that a bot asks for; none if it leaves them as they are.
pub(crate) fn allowed(arguments: &Arguments) -> Outcome<Option<Option<Vec<String>>>> {
    let Some(kinds) = arguments.json("allowed_updates")? else {
        return Ok(None);
    };
    let Value::Array(kinds) = kinds else {
        return Err(Refusal::bad("can't parse allowed updates JSON object"));
    };
    let kinds: Vec<String> = kinds
        .iter()
        .filter_map(|kind| kind.as_str().map(str::to_owned))
        .collect();
    Ok(Some((!kinds.is_empty()).then_some(kinds)))
}

/// Answers `getUpdates`. The result is text, because an update need not be JSON.
pub(crate) async fn get(shared: &Arc<Shared>, token: &str, arguments: &Arguments) -> Outcome<String> {
    let offset = arguments.int("offset").unwrap_or(0);
    let limit = match arguments.int("limit").unwrap_or(100) {
        limit @ 1..=100 => usize::try_from(limit).unwrap_or(100),
        _ => 100,
    };
    let timeout = arguments.int("timeout").unwrap_or(0).clamp(0, MAX_TIMEOUT);
    let timeout = Duration::from_secs(u64::try_from(timeout).unwrap_or(0));
    let allowed = allowed(arguments)?;
    let mine = {
        let mut world = shared.world.lock();
        let now = world.now();
        let Some(bot) = world.bots.get_mut(token) else {
            return Err(Refusal::new(401, "Unauthorized"));
        };
        if bot.webhook.is_some() {
            return Err(Refusal::conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        if let Some(allowed) = allowed {
            bot.queue.allowed = allowed;
        }
        bot.queue.expire(now);
        bot.queue.confirm(offset);
        bot.queue.asked += 1;
        bot.queue.asked
    };
    shared.changed.notify_waiters();
    let end = tokio::time::Instant::now() + timeout;
    loop {
        let changed = shared.changed.notified();
        {
            let world = shared.world.lock();
            let queue = world.bots.get(token).map(|bot| &bot.queue);
            let Some(queue) = queue else {
                return Err(Refusal::new(401, "Unauthorized"));
            };
            if queue.asked != mine {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            let is_hooked = world.bots.get(token).is_some_and(|bot| bot.webhook.is_some());
            if is_hooked {
                return Err(Refusal::conflict("terminated by setWebhook request"));
            }
            if queue.len() > 0 || world.is_closed || tokio::time::Instant::now() >= end {
                return Ok(queue.page(limit));
            }
        }
        let _ = tokio::time::timeout_at(end, changed).await;
    }
}
