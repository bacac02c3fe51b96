//! What becomes of updates as Telegram sends them, and of what it would never send.

use openclaw_sdk::channel::{
    AttachmentSource, ConversationKind, InboundEvent, MembershipChange, Mention, Message, Text,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Deferred, Me, translate};

fn me() -> Me {
    Me {
        id: 99,
        name: "Claw".to_owned(),
        username: "claw_bot".to_owned(),
    }
}

fn ann() -> Value {
    json!({"id": 7, "is_bot": false, "first_name": "Ann", "last_name": "Lee", "username": "ann"})
}

fn group() -> Value {
    json!({"id": -100, "type": "supergroup", "title": "Friends"})
}

/// A message of Ann's in the group, with these members over the usual ones.
fn in_group(own: &Value) -> Value {
    let mut message = json!({"message_id": 3, "date": 5, "chat": group(), "from": ann(), "text": "hi"});
    let members = message.as_object_mut().unwrap();
    members.extend(own.as_object().unwrap().clone());
    message
}

fn only(update: &Value) -> InboundEvent {
    let mut events = translate(1, update, &me());
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

fn message(message: &Value) -> Message {
    match only(&json!({"update_id": 1, "message": message})) {
        InboundEvent::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

fn plain(text: &Text) -> &str {
    match text {
        Text::Plain(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_private_message_tells_who_where_and_what() {
    let chat = json!({"id": 7, "type": "private", "first_name": "Ann"});
    let told = message(&json!({"message_id": 3, "date": 5, "chat": chat, "from": ann(), "text": "hi"}));
    let origin = &told.origin;
    assert_eq!((origin.event_id.as_str(), origin.time), ("1", 5000));
    assert_eq!(origin.conversation.address.to, "7");
    assert!(matches!(origin.conversation.kind, ConversationKind::Direct));
    let sender = origin.sender.as_ref().unwrap();
    assert_eq!(
        (
            sender.id.as_str(),
            sender.name.as_deref(),
            sender.username.as_deref()
        ),
        ("7", Some("Ann Lee"), Some("ann"))
    );
    assert_eq!((told.ids, plain(&told.text)), (vec!["3".to_owned()], "hi"));
}

#[test]
fn a_group_message_speaks_to_the_bot_only_if_it_does() {
    let entity = |text: &str, kind: &str, length: usize| {
        in_group(&json!({"text": text, "entities": [{"type": kind, "offset": 0, "length": length}]}))
    };
    let mention = |value: &Value| message(value).mention;
    assert!(matches!(
        mention(&entity("@Claw_Bot hi", "mention", 9)),
        Mention::Named
    ));
    assert!(matches!(
        mention(&entity("@claw_bots hi", "mention", 10)),
        Mention::None
    ));
    assert!(matches!(
        mention(&entity("/new@claw_bot", "bot_command", 13)),
        Mention::Named
    ));
    assert!(matches!(
        mention(&entity("/new@other_bot", "bot_command", 14)),
        Mention::None
    ));
    assert!(matches!(
        mention(&in_group(&json!({"text": "@claw_bot"}))),
        Mention::None
    ));
    let named = json!({"text": "Claw", "entities": [
        {"type": "text_mention", "offset": 0, "length": 4, "user": {"id": 99, "is_bot": true, "first_name": "Claw"}},
    ]});
    assert!(matches!(mention(&in_group(&named)), Mention::Named));
    let caption = json!({"text": null, "caption": "@claw_bot look", "photo": [{"file_id": "f"}],
        "caption_entities": [{"type": "mention", "offset": 0, "length": 9}]});
    assert!(matches!(mention(&in_group(&caption)), Mention::Named));
    let replied = json!({"reply_to_message": {"message_id": 2, "from": {"id": 99}, "text": "yes?"}});
    let told = message(&in_group(&replied));
    assert!(matches!(told.mention, Mention::Replied));
    let quote = told.quote.unwrap();
    assert_eq!(
        (quote.message_id.as_str(), plain(&quote.text.unwrap())),
        ("2", "yes?")
    );
    assert!(quote.sender.unwrap().is_self && !quote.is_excerpt);
}

#[test]
fn topics_are_told_apart_and_threads_of_replies_are_none() {
    let forum = json!({"id": -100, "type": "supergroup", "is_forum": true});
    let thread = |own: &Value| message(&in_group(own)).origin.conversation.address.thread;
    assert_eq!(thread(&json!({"chat": forum})).as_deref(), Some("1"));
    let topic = json!({"chat": forum, "message_thread_id": 40, "is_topic_message": true,
        "reply_to_message": {"message_id": 40, "from": {"id": 99}, "forum_topic_created": {"name": "Plans"}}});
    assert_eq!(thread(&topic).as_deref(), Some("40"));
    let told = message(&in_group(&topic));
    assert!(
        matches!(told.mention, Mention::None),
        "opening a topic is no answer"
    );
    assert!(told.quote.is_none());
    assert_eq!(told.origin.conversation.thread_title.as_deref(), Some("Plans"));
    assert_eq!(thread(&json!({"message_thread_id": 2})), None);
}

#[test]
fn the_largest_picture_is_taken_and_left_where_it_is() {
    let photo = json!({"text": null, "caption": "look", "photo": [
        {"file_id": "small", "width": 90, "height": 60, "file_size": 100},
        {"file_id": "large", "width": 900, "height": 600, "file_size": 9000},
    ]});
    let told = message(&in_group(&photo));
    assert_eq!(plain(&told.text), "look");
    let [picture] = told.attachments.as_slice() else {
        panic!()
    };
    assert_eq!((picture.size, picture.info.width), (Some(9000), Some(900)));
    let AttachmentSource::Deferred(handle) = &picture.source else {
        panic!()
    };
    let deferred: Deferred = serde_json::from_str(handle).unwrap();
    assert_eq!(
        (deferred.file.as_str(), deferred.kind.as_str()),
        ("large", "photo")
    );
}

#[test]
fn forwards_places_and_polls_say_what_they_are() {
    let forwarded = json!({"forward_origin": {"type": "channel", "date": 2, "message_id": 9,
        "chat": {"id": -5, "type": "channel", "title": "News"}, "author_signature": "Bo"}});
    let forward = message(&in_group(&forwarded)).forward.unwrap();
    assert_eq!(
        (forward.source.as_deref(), forward.time),
        (Some("News (Bo)"), Some(2000))
    );
    let place = json!({"text": null, "venue": {"title": "Café", "address": "Main Street 1",
        "location": {"latitude": 47.0, "longitude": 15.4}}});
    let place = message(&in_group(&place)).location.unwrap();
    assert_eq!((place.latitude, place.name.as_deref()), (47.0, Some("Café")));
    let poll =
        json!({"text": null, "poll": {"question": "When?", "options": [{"text": "now"}, {"text": "later"}]}});
    assert_eq!(
        plain(&message(&in_group(&poll)).text),
        "Poll: When?\n- now\n- later"
    );
}

#[test]
fn what_happens_beside_messages_is_told_as_what_it_is() {
    let pressed = json!({"callback_query": {"id": "77", "from": ann(), "data": "yes", "message": in_group(&json!({}))}});
    let InboundEvent::Callback(pressed) = only(&pressed) else {
        panic!()
    };
    assert_eq!((pressed.id.as_str(), pressed.data.as_str()), ("77", "yes"));
    assert_eq!(pressed.message_id.as_deref(), Some("3"));

    let change = |old: &str, new: &str| {
        let update = json!({"my_chat_member": {"chat": group(), "from": ann(), "date": 1,
            "old_chat_member": {"status": old}, "new_chat_member": {"status": new}}});
        let InboundEvent::Membership(membership) = only(&update) else {
            panic!()
        };
        assert!(membership.member.is_self);
        membership.change
    };
    assert!(matches!(change("left", "member"), MembershipChange::Joined));
    assert!(matches!(change("member", "left"), MembershipChange::Left));
    assert!(matches!(change("member", "kicked"), MembershipChange::Removed));
    assert!(matches!(
        change("member", "administrator"),
        MembershipChange::RoleChanged
    ));

    let moved = json!({"message": {"message_id": 3, "date": 5, "from": ann(),
        "chat": {"id": -4, "type": "group"}, "migrate_to_chat_id": -1004}});
    let InboundEvent::Moved(moved) = only(&moved) else {
        panic!()
    };
    assert_eq!(
        (
            moved.former.to.as_str(),
            moved.origin.conversation.address.to.as_str()
        ),
        ("-4", "-1004")
    );

    let reacted = json!({"message_reaction": {"chat": group(), "message_id": 3, "user": ann(), "date": 1,
        "old_reaction": [{"type": "emoji", "emoji": "👎"}], "new_reaction": [{"type": "emoji", "emoji": "👍"}]}});
    let told: Vec<_> = translate(4, &reacted, &me())
        .into_iter()
        .map(|event| match event {
            InboundEvent::Reaction(reaction) => {
                (reaction.origin.event_id, reaction.emoji, reaction.is_removed)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [("4:0", "👎", true), ("4:1", "👍", false)];
    assert_eq!(
        told,
        expected.map(|(id, emoji, removed)| (id.to_owned(), emoji.to_owned(), removed))
    );
}

#[test]
fn one_update_never_tells_more_than_one_call_delivers() {
    let many: Vec<_> = (0..5000)
        .map(|id| json!({"id": id, "is_bot": false, "first_name": "A"}))
        .collect();
    let update = json!({"update_id": 1, "message": in_group(&json!({"new_chat_members": many}))});
    let told = translate(1, &update, &me()).len();
    assert!((1..=200).contains(&told), "{told}");
}

#[test]
fn an_edit_has_the_old_id_and_a_new_event() {
    let edited = in_group(&json!({"text": "better", "edit_date": 9}));
    let InboundEvent::Edited(edited) = only(&json!({"edited_message": edited})) else {
        panic!()
    };
    assert_eq!((edited.ids, edited.origin.time), (vec!["3".to_owned()], 9000));
}

#[test]
fn whoever_writes_in_the_name_of_a_chat_is_that_chat() {
    let own = json!({"sender_chat": {"id": -100, "title": "Friends", "type": "supergroup"},
        "from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot"}});
    assert_eq!(message(&in_group(&own)).origin.sender.unwrap().id, "-100");
}

/// Every member that the translation looks at, so that odd values reach it.
const MEMBERS: [&str; 24] = [
    "message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
    "edited_message",
    "chat",
    "from",
    "id",
    "type",
    "text",
    "entities",
    "offset",
    "length",
    "photo",
    "file_id",
    "reply_to_message",
    "message_id",
    "new_chat_members",
    "migrate_to_chat_id",
    "forward_origin",
    "date",
    "data",
    "location",
    "new_reaction",
];

fn odd_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!("private")),
        Just(json!("mention")),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(MEMBERS.to_vec()), inner), 0..8)
                .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// An update as it should be, with one place in it replaced by something odd.
fn spoiled() -> impl Strategy<Value = Value> {
    let whole = json!({"message": in_group(&json!({
        "entities": [{"type": "mention", "offset": 0, "length": 2}], "photo": [{"file_id": "f", "width": 3}],
        "reply_to_message": {"message_id": 2, "from": {"id": 99}, "text": "x"}, "quote": {"text": "x"},
        "forward_origin": {"type": "user", "sender_user": ann()}, "location": {"latitude": 1.0, "longitude": 2.0},
        "message_thread_id": 4, "new_chat_members": null,
    }))});
    (proptest::sample::select(MEMBERS.to_vec()), odd_json()).prop_map(move |(name, odd)| {
        let mut update = whole.clone();
        replace(&mut update, name, &odd);
        update
    })
}

fn replace(value: &mut Value, name: &str, odd: &Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                if key == name {
                    *member = odd.clone();
                } else {
                    replace(member, name, odd);
                }
            }
        }
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| replace(element, name, odd)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_update_ends_in_a_panic(update in prop_oneof![odd_json(), spoiled()]) {
        let events = translate(1, &update, &me());
        prop_assert!(events.len() < 100);
    }
}
