//! Taking updates in: delivering what they say, collecting albums, moving the cursor.
//!
//! **Promise.** However many updates come together and whatever they say, the cursor moves: what one call cannot
//! deliver comes again with the next answer. **Bound.** The host's on what one call delivers, [`PRESSES`] confirmations
//! under way, and [`State::has_room`] for albums.

use std::time::Duration;

use openclaw_sdk::channel::{InboundEvent, cursors, deliver_each, timers};
use openclaw_sdk::{Error, ErrorCode, http, log};
use serde_json::{Value, json};

use super::{ALBUMS, CURSOR};
use crate::api;
use crate::batch::Update;
use crate::inbound::{Me, album_of, chat_of, join, translate};
use crate::look::Look;
use crate::settings::Settings;
use crate::state::State;

/// How long the parts of an album are waited for, after the last one that came.
const ALBUM_PAUSE: Duration = Duration::from_millis(500);
/// The most confirmations of buttons that are under way. An account may have 32 requests in flight, and the next poll
/// is one of them.
const PRESSES: usize = 16;
/// How the tokens of confirmations begin.
const PRESSED: &str = "pressed:";

/// Takes what a poll gave, and says whether the cursor could be moved.
pub(super) fn take_batch(state: &mut State, now: u64, mut updates: Vec<Update>) -> Result<bool, Error> {
    updates.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
    let Some(last) = take_while_room(updates, |update| take(state, update))? else {
        return Ok(false);
    };
    advance(state, last)?;
    state.last_update = Some(now);
    Ok(true)
}

/// Takes updates until the host says that one call delivers no more; gives the highest id among those that were taken.
/// The rest stays behind the cursor, and what was delivered of the update that did not fit is known by its id when it
/// comes again.
fn take_while_room(
    updates: Vec<Update>,
    mut take: impl FnMut(Update) -> Result<(), Error>,
) -> Result<Option<i64>, Error> {
    let mut last = None;
    for update in updates {
        let id = update.id;
        match take(update) {
            Err(error) if error.code == ErrorCode::Quota && last.is_some() => break,
            taken => taken?,
        }
        last = last.max(id);
    }
    Ok(last)
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
    if album_of(&content).is_some() && state.has_room(&content) {
        timers::set_after(ALBUMS, ALBUM_PAUSE)?;
        state.albums.push(content);
        return Ok(());
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
    for event in &events {
        if let InboundEvent::Callback(pressed) = event
            && let Err(error) = confirm(&pressed.id)
        {
            log::debug!(update = id, why = error.message; "a press of a button is not confirmed");
        }
    }
    Ok(())
}

/// Delivers all albums that wait.
pub(super) fn finish_albums(state: &mut State) -> Result<(), Error> {
    finish(state, |_| true)
}

fn finish(state: &mut State, which: impl Fn(&Value) -> bool) -> Result<(), Error> {
    let me = state.me.clone().unwrap_or_default();
    let (chosen, kept): (Vec<_>, Vec<_>) = state.albums.iter().cloned().partition(which);
    // Those that could not be delivered go on waiting.
    deliver_each(&albums(chosen, &me))?;
    state.albums = kept;
    Ok(())
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
fn confirm(press: &str) -> Result<(), Error> {
    let mut under_way = http::in_flight();
    under_way.retain(|token| token.starts_with(PRESSED));
    if under_way.len() >= PRESSES {
        return Err(Error::new(ErrorCode::Quota, "enough confirmations are under way"));
    }
    let settings = Settings::load()?;
    api::prepare(
        &settings,
        "answerCallbackQuery",
        &json!({"callback_query_id": press}),
    )?
    .timeout(Duration::from_secs(10))
    .start(&format!("{PRESSED}{press}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(ids: impl IntoIterator<Item = i64>) -> Vec<Update> {
        let update = |id| Update {
            id: Some(id),
            content: Ok(Value::Null),
        };
        ids.into_iter().map(update).collect()
    }

    #[test]
    fn what_one_call_has_no_room_for_comes_with_the_next() {
        let mut room = 3;
        let mut take = |_| {
            room -= 1;
            match room {
                0.. => Ok(()),
                _ => Err(Error::new(ErrorCode::Quota, "no room")),
            }
        };
        let last = take_while_room(numbered(5..15), &mut take).unwrap();
        assert_eq!(
            last,
            Some(7),
            "the cursor stands before the first that was not taken"
        );
        let failed = take_while_room(numbered(8..15), &mut take);
        assert_eq!(failed.unwrap_err().code, ErrorCode::Quota, "nothing was taken");
    }

    #[test]
    fn only_a_lack_of_room_ends_a_batch_early() {
        let failed = take_while_room(numbered(1..4), |update| match update.id {
            Some(2) => Err(Error::new(ErrorCode::Internal, "no")),
            _ => Ok(()),
        });
        assert_eq!(failed.unwrap_err().code, ErrorCode::Internal);
    }

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
