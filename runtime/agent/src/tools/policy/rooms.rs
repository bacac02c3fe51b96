//! What a channel's settings say of the tools in one of its groups or chats.
//!
//! **Promise.** The room's own lists come before those of `*`, and lists for the sender before those for everybody.
//! One list decides. **Bound.** It looks at the settings of one channel.

use openclaw_config::Path;
use openclaw_config::tree::tools::ToolLists;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::senders;
use super::subject::{Person, Room};

/// Where groups stand, in the words of different channels.
const GROUPS: &[&str] = &["groups", "channels", "rooms"];
/// Where direct chats stand.
const DIRECT: &[&str] = &["direct", "dms"];
/// Where places stand that have channels of their own.
const PLACES: &[&str] = &["guilds", "teams"];

/// The lists that decide in a room, and where they stand. `channels` is that part of the config.
pub(super) fn find(channels: &Value, room: &Room, person: Option<&Person>) -> Option<(Path, ToolLists)> {
    let mut candidates = Vec::new();
    let names = if room.is_direct { DIRECT } else { GROUPS };
    for name in names {
        let Some((path, rooms)) = section(channels, room, name) else {
            continue;
        };
        candidates.extend(named(&path, rooms, room));
    }
    for name in PLACES.iter().filter(|_| !room.is_direct) {
        let Some((path, places)) = section(channels, room, name) else {
            continue;
        };
        for (id, place) in places {
            let Some(Value::Object(rooms)) = place.get("channels") else {
                continue;
            };
            let here = path.key(id);
            let found: Vec<_> = named(&here.key("channels"), rooms, room).collect();
            if !found.is_empty() {
                candidates.extend(found);
                candidates.push((here, place));
            }
        }
    }
    // `*` stands for a room that is not named.
    for name in names {
        if let Some((path, rooms)) = section(channels, room, name)
            && let Some(all) = rooms.get("*")
        {
            candidates.push((path.key("*"), all));
        }
    }
    candidates
        .into_iter()
        .find_map(|(path, settings)| lists(&path, settings, person))
}

/// A part of the channel's settings: the account's own in place of the channel's.
fn section<'v>(channels: &'v Value, room: &Room, name: &str) -> Option<(Path, &'v Map<String, Value>)> {
    let (channel, root) = channels
        .as_object()?
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(&room.channel))?;
    let path = Path::of(["channels", channel]);
    let account = room.account.as_deref().unwrap_or("default");
    let own = root.get("accounts").and_then(|accounts| accounts.get(account));
    if let Some(Value::Object(found)) = own.and_then(|own| own.get(name)) {
        let path = path.key("accounts").key(account).key(name);
        return Some((path, found));
    }
    match root.get(name) {
        Some(Value::Object(found)) => Some((path.key(name), found)),
        _ => None,
    }
}

fn named<'v>(
    path: &Path,
    rooms: &'v Map<String, Value>,
    room: &Room,
) -> impl Iterator<Item = (Path, &'v Value)> {
    let found = room.ids.iter().find_map(|id| {
        let is_it = |known: &&String| known.as_str() != "*" && known.eq_ignore_ascii_case(id);
        let key = rooms.keys().find(is_it)?;
        Some((path.key(key), rooms.get(key)?))
    });
    found.into_iter()
}

fn lists(path: &Path, settings: &Value, person: Option<&Person>) -> Option<(Path, ToolLists)> {
    if let Some(Value::Object(by_sender)) = settings.get("toolsBySender")
        && let Some(key) = senders::find(by_sender.keys().map(String::as_str), person)
    {
        return Some((path.key("toolsBySender").key(key), read(by_sender.get(key)?)));
    }
    Some((path.key("tools"), read(settings.get("tools")?)))
}

/// The lists. Settings of a channel that a plugin brings are checked by nobody before; what cannot be read refuses
/// everything.
fn read(lists: &Value) -> ToolLists {
    ToolLists::deserialize(lists).unwrap_or_else(|_| ToolLists {
        deny: Some(vec!["*".to_owned()]),
        ..ToolLists::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(channels: &Value, id: &str, account: &str, sender: &str) -> Option<String> {
        let room = Room {
            channel: "telegram".to_owned(),
            account: Some(account.to_owned()),
            is_direct: false,
            ids: vec![id.to_owned()],
        };
        let person = Person {
            ids: vec![sender.to_owned()],
            ..Person::default()
        };
        find(channels, &room, Some(&person)).map(|(path, _)| path.to_string())
    }

    #[test]
    fn the_room_comes_before_the_others_and_the_sender_before_everybody() {
        let channels = json!({"telegram": {"groups": {
            "-7": {"tools": {"deny": ["a"]}, "toolsBySender": {"id:1": {"deny": []}}},
            "-8": {"requireMention": false},
            "*": {"tools": {"deny": ["b"]}, "toolsBySender": {"2": {}}},
        }}});
        let at = |id, sender| at(&channels, id, "default", sender).unwrap();
        assert_eq!(
            at("-7", "1"),
            r#"channels.telegram.groups."-7".toolsBySender.id:1"#
        );
        assert_eq!(at("-7", "2"), r#"channels.telegram.groups."-7".tools"#);
        assert_eq!(at("-8", "2"), "channels.telegram.groups.*.toolsBySender.2");
        assert_eq!(at("-9", "3"), "channels.telegram.groups.*.tools");
    }

    #[test]
    fn an_accounts_own_groups_stand_in_place_of_the_channels() {
        let channels = json!({"telegram": {
            "groups": {"-7": {"tools": {}}},
            "accounts": {"work": {"groups": {"*": {"tools": {}}}}},
        }});
        assert_eq!(
            at(&channels, "-7", "work", "1").unwrap(),
            "channels.telegram.accounts.work.groups.*.tools"
        );
        assert_eq!(
            at(&channels, "-7", "default", "1").unwrap(),
            r#"channels.telegram.groups."-7".tools"#
        );
        assert_eq!(at(&json!({}), "-7", "default", "1"), None);
    }

    #[test]
    fn lists_that_cannot_be_read_refuse_everything() {
        let deny = |value: Value| read(&value).deny;
        assert_eq!(deny(json!({"deny": "exec"})), Some(vec!["*".to_owned()]));
        assert_eq!(deny(json!({"allow": ["exec"]})), None);
    }

    #[test]
    fn a_channel_of_a_server_comes_before_its_server() {
        let channels = json!({"telegram": {"guilds": {
            "g1": {"tools": {}, "channels": {"c1": {"tools": {}}, "c2": {}}},
        }}});
        let at = |id| at(&channels, id, "default", "1");
        assert_eq!(at("c1").unwrap(), "channels.telegram.guilds.g1.channels.c1.tools");
        assert_eq!(at("c2").unwrap(), "channels.telegram.guilds.g1.tools");
        assert_eq!(at("c3"), None);
    }
}
