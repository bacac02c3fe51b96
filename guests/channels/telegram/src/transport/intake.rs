//! Taking updates in: delivering what they say, collecting albums, moving the cursor.

use std::time::Duration;

use openclaw_sdk::channel::{InboundEvent, cursors, deliver_each, timers};
use openclaw_sdk::{Error, log};
use serde_json::{Value, json};

use super::{ALBUMS, CURSOR};
use crate::api;
use crate::batch::Update;
use crate::inbound::{Me, album_of, chat_of, join, translate};
use crate::look::Look;
use crate::settings::Settings;
use crate::state::{MAX_WAITING, State};

/// How long the parts of an album are waited for, after the last one that came.
const ALBUM_PAUSE: Duration = Duration::from_millis(500);

/// Takes what a poll gave, and says whether the cursor could be moved.
pub(super) fn take_batch(state: &mut State, now: u64, mut updates: Vec<Update>) -> Result<bool, Error> {
    updates.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
    let last = updates.iter().filter_map(|update| update.id).max();
    for update in updates {
        take(state, update)?;
    }
    let Some(last) = last else { return Ok(false) };
    advance(state, last)?;
    state.last_update = Some(now);
    Ok(true)
}

/// Moves the cursor behind an update. It moves back only where Telegram has begun to number anew.
pub(crate) fn advance(state: &mut State, last: i64) -> Result<(), Error> {
    let next = last.saturating_add(1);
    let before = cursors::read(CURSOR)?.and_then(|position| position.parse::<i64>().ok());
    if state.from_beginning || before.is_none_or(|before| before < next) {
        state.from_beginning = false;
        cursors::advance(CURSOR, next)?;
    }
    Ok(())
}

/// Takes one update: delivers what it says, or keeps it until the rest of its album is there.
pub(crate) fn take(state: &mut State, update: Update) -> Result<(), Error> {
    let (id, content) = match (update.id, update.content) {
        (Some(id), Ok(content)) => (id, content),
        (id, content) => {
            let why = content.err().unwrap_or_else(|| "it has no id".to_owned());
            let id = id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
            log::error!(update = id, why = why; "an update cannot be read and was passed over");
            return Ok(());
        }
    };
    if album_of(&content).is_some() && state.albums.len() < MAX_WAITING {
        state.albums.push(content);
        return timers::set_after(ALBUMS, ALBUM_PAUSE);
    }
    // What was written before comes before.
    let chat = chat_of(&content);
    if chat.is_some() {
        finish(state, |waiting| chat_of(waiting) == chat)?;
    }
    let me = state.me.clone().unwrap_or_default();
    let events = translate(id, &content, &me);
    if events.is_empty() {
        log::debug!(update = id; "an update says nothing that is passed on");
    }
    deliver_each(&events)?;
    confirm_presses(&events)
}

/// Delivers all albums that wait.
pub(super) fn finish_albums(state: &mut State) -> Result<(), Error> {
    finish(state, |_| true)
}

fn finish(state: &mut State, which: impl Fn(&Value) -> bool) -> Result<(), Error> {
    let me = state.me.clone().unwrap_or_default();
    let (chosen, kept) = std::mem::take(&mut state.albums).into_iter().partition(which);
    state.albums = kept;
    deliver_each(&albums(chosen, &me))
}

/// The albums among these updates, each as one message, in the order in which they began.
fn albums(mut updates: Vec<Value>, me: &Me) -> Vec<InboundEvent> {
    let mut events = Vec::new();
    while let Some(first) = updates.first() {
        let album = album_of(first).map(str::to_owned);
        let chat = chat_of(first);
        let (parts, rest): (Vec<_>, Vec<_>) = updates
            .into_iter()
            .partition(|update| album_of(update) == album.as_deref() && chat_of(update) == chat);
        updates = rest;
        let parts = parts
            .iter()
            .flat_map(|part| translate(part.int("update_id").unwrap_or(0), part, me));
        events.extend(join(parts.collect()));
    }
    events
}

/// Lets the platform end the waiting look of a button. It leaves with the commit and nothing depends on it.
fn confirm_presses(events: &[InboundEvent]) -> Result<(), Error> {
    for event in events {
        if let InboundEvent::Callback(pressed) = event {
            let settings = Settings::load()?;
            let arguments = json!({"callback_query_id": pressed.id});
            api::prepare(&settings, "answerCallbackQuery", &arguments)?
                .timeout(Duration::from_secs(10))
                .start(&format!("pressed:{}", pressed.id))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_album_is_one_message_with_all_its_pictures() {
        let part = |id: i64, album: &str, caption: Option<&str>| {
            json!({"update_id": id, "message": {
                "message_id": id, "date": 1, "media_group_id": album, "caption": caption,
                "chat": {"id": 5, "type": "private"}, "from": {"id": 5, "is_bot": false, "first_name": "A"},
                "photo": [{"file_id": format!("f{id}"), "width": 1, "height": 1}],
            }})
        };
        let updates = vec![part(1, "x", None), part(2, "y", None), part(3, "x", Some("both"))];
        let events = albums(updates, &Me::default());
        let told: Vec<_> = events
            .iter()
            .map(|event| match event {
                InboundEvent::Message(message) => (
                    message.origin.event_id.clone(),
                    message.ids.join(","),
                    message.attachments.len(),
                ),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [("1", "1,3", 2), ("2", "2", 1)];
        assert_eq!(
            told,
            expected.map(|(id, ids, count)| (id.to_owned(), ids.to_owned(), count))
        );
    }
}
