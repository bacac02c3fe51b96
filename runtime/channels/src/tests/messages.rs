use serde_json::{Value, json};

use super::*;
use crate::adapter::Facts;
use crate::adapter::inbound::{Callback, InboundEvent, Mention, Message, Reaction, Relocation};
use crate::adapter::shapes::Address;
use crate::desk::Desk;
use crate::intake::{Taken, take};
use crate::samples::{self, in_group, message};
use crate::scripted::delivering;

/// What becomes of events, one after the other, in one account.
struct Office {
    home: Home,
    desk: Arc<Desk>,
}

impl Office {
    fn new(channel: Value) -> Self {
        Self::with(json!({ "channels": { "telegram": channel } }))
    }

    fn with(whole: Value) -> Self {
        let home = Home::with(whole);
        let script = Script::new(&[], |_, _: &Facts| Ok(delivering(Vec::new())));
        let desk = Desk::new(
            home.config.clone(),
            &home.settings(),
            script.spec().clone(),
            script.capabilities(),
        );
        Self {
            home,
            desk: Arc::new(desk),
        }
    }

    async fn take(&self, event: InboundEvent) -> Taken {
        let desk = Arc::clone(&self.desk);
        let take = move |tx: &openclaw_state::Tx<'_>| take(tx, &desk, &event, &|_, id| id == "echo");
        self.home.state.write(take).await.unwrap()
    }

    async fn say(&self, message: Message) -> Taken {
        self.take(InboundEvent::Message(message)).await
    }

    async fn request(&self, at: usize) -> Value {
        serde_json::from_str(&self.home.turns().await[at].request).unwrap()
    }

    async fn outbox(&self) -> Vec<NewOutbound> {
        let of = account();
        let mut all = Vec::new();
        loop {
            let (of, seen) = (of.clone(), all.len());
            let next = self.home.state.write(move |tx| {
                let next = tx.outbox_next(&of, i64::MAX)?;
                if let openclaw_state::NextOutbound::Due(row) = &next {
                    tx.outbox_done(row.seq, "[]")?;
                }
                Ok::<_, openclaw_state::Error>(next)
            });
            match next.await.unwrap() {
                openclaw_state::NextOutbound::Due(row) => all.push(row.message),
                _ => return all,
            }
            assert_eq!(all.len(), seen + 1);
        }
    }
}

fn is_turn(taken: &Taken) -> bool {
    matches!(taken, Taken::Turn(_))
}

#[tokio::test]
async fn a_stranger_gets_one_code_and_no_turn() {
    let office = Office::new(json!({ "botToken": "x" }));
    assert_eq!(office.say(message("1", "42", "hello")).await, Taken::Code);
    assert!(matches!(
        office.say(message("2", "42", "hello?")).await,
        Taken::Dropped(_)
    ));
    for sender in ["43", "44", "45"] {
        office.say(message(sender, sender, "hello")).await;
    }
    assert!(office.home.turns().await.is_empty());
    let outbox = office.outbox().await;
    let to: Vec<_> = outbox.iter().map(|outbound| outbound.to.as_str()).collect();
    assert_eq!(
        to,
        ["42", "43", "44"],
        "one reply each, and none to the fourth stranger"
    );
    let waiting = office
        .home
        .state
        .read(|view| view.pairing_requests("telegram", 0))
        .await
        .unwrap();
    let first = waiting
        .iter()
        .find(|request| request.applicant.sender == "42")
        .unwrap();
    assert!(outbox[0].body.contains(&first.code) && outbox[0].kind == "pairing");
}

#[tokio::test]
async fn who_was_let_in_is_answered() {
    let office = Office::new(json!({ "botToken": "x" }));
    office
        .home
        .state
        .write(|tx| tx.pair_sender(&account(), "42", None))
        .await
        .unwrap();
    assert!(is_turn(&office.say(message("1", "42", "hello")).await));
    let request = office.request(0).await;
    assert_eq!(request["message"], "hello");
    assert_eq!(request["sender"]["mayCommand"], true);
    assert_eq!(request["sender"]["isOwner"], false);
    assert_eq!(request["route"]["to"], "42");
    assert_eq!(request["origin"], "channel");
    assert!(request["prompt"].as_str().unwrap().ends_with("\n\nhello"));
    assert!(request.get("extraSystemPrompt").is_none());
    let turn = &office.home.turns().await[0];
    assert_eq!(
        (turn.run_id.as_str(), turn.session_key.as_str()),
        ("telegram:default:1", "agent:main:main")
    );
}

#[tokio::test]
async fn sessions_are_kept_apart_as_the_config_says() {
    let office = Office::with(json!({
        "session": { "dmScope": "per-account-channel-peer" },
        "channels": { "telegram": {
            "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"], "groupPolicy": "open",
        } },
    }));
    office.say(message("1", "42", "hello")).await;
    let mut room = in_group("2", "-100", "42", "hello");
    room.mention = Mention::Named;
    room.origin.conversation.address.thread = Some("7".to_owned());
    office.say(room).await;
    let keys: Vec<_> = office
        .home
        .turns()
        .await
        .into_iter()
        .map(|turn| turn.session_key)
        .collect();
    assert_eq!(
        keys,
        [
            "agent:main:telegram:default:direct:42",
            "agent:main:telegram:group:-100:topic:7"
        ]
    );
}

#[tokio::test]
async fn what_passed_the_agent_by_is_told_when_it_is_called() {
    let office = Office::new(json!({ "botToken": "x", "groupPolicy": "open", "historyLimit": 2 }));
    for (event, text) in [("1", "a"), ("2", "b"), ("3", "c")] {
        assert_eq!(office.say(in_group(event, "-1", "7", text)).await, Taken::Kept);
    }
    let mut called = in_group("4", "-1", "8", "@Claw what do they say?");
    called.mention = Mention::Named;
    assert!(is_turn(&office.say(called).await));
    let request = office.request(0).await;
    assert_eq!(request["message"], "what do they say?");
    let prompt = request["prompt"].as_str().unwrap();
    assert!(
        prompt.contains("Ann (7): b\nAnn (7): c\n") && !prompt.contains("Ann (7): a"),
        "{prompt}"
    );
    let mut again = in_group("5", "-1", "8", "and now?");
    again.mention = Mention::Named;
    office.say(again).await;
    assert!(
        !office.request(1).await["prompt"]
            .as_str()
            .unwrap()
            .contains("Ann (7): c")
    );
}

#[tokio::test]
async fn the_same_message_under_another_event_is_the_same_message() {
    let office = Office::new(json!({ "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] }));
    let first = message("1", "42", "hello");
    let mut second = message("2", "42", "hello");
    second.ids.clone_from(&first.ids);
    assert!(is_turn(&office.say(first.clone()).await));
    assert_eq!(office.say(first).await, Taken::Seen);
    assert_eq!(office.say(second).await, Taken::Seen);
    assert_eq!(office.home.turns().await.len(), 1);
}

#[tokio::test]
async fn what_the_account_sent_itself_and_other_programs_are_not_answered() {
    let office = Office::new(json!({ "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] }));
    let mut own = message("1", "42", "hello");
    own.origin.sender.as_mut().unwrap().is_self = true;
    let mut bot = message("2", "42", "hello");
    bot.origin.sender.as_mut().unwrap().is_bot = true;
    let mut echo = message("3", "42", "hello");
    echo.ids = vec!["echo".to_owned()];
    for message in [own, bot, echo] {
        assert!(matches!(office.say(message).await, Taken::Dropped(_)));
    }
}

#[tokio::test]
async fn a_button_speaks_and_a_reaction_is_only_recorded() {
    let office = Office::new(json!({ "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] }));
    let pressed = Callback {
        origin: samples::origin("1", "42"),
        id: "c".to_owned(),
        message_id: None,
        data: "yes".to_owned(),
        values: None,
    };
    assert!(is_turn(&office.take(InboundEvent::Callback(pressed)).await));
    assert_eq!(office.request(0).await["message"], "yes");
    let reaction = Reaction {
        origin: samples::origin("2", "42"),
        message_id: "m1".to_owned(),
        author: None,
        emoji: "👍".to_owned(),
        is_removed: false,
    };
    assert_eq!(
        office.take(InboundEvent::Reaction(reaction)).await,
        Taken::Recorded
    );
    let edited = message("3", "42", "changed");
    assert_eq!(office.take(InboundEvent::Edited(edited)).await, Taken::Recorded);
    assert_eq!(office.home.turns().await.len(), 1);
    let records = office
        .home
        .state
        .read(|view| view.channel_records(&account(), 9))
        .await
        .unwrap();
    let kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["edited", "reaction"]);
}

#[tokio::test]
async fn a_group_that_moved_keeps_its_session_and_its_settings() {
    let office = Office::new(json!({ "botToken": "x", "groups": { "-1": { "requireMention": false } } }));
    assert!(is_turn(&office.say(in_group("1", "-1", "42", "hello")).await));
    let mut origin = in_group("2", "-100", "42", "").origin;
    origin.sender = None;
    let moved = Relocation {
        origin,
        former: Address {
            to: "-1".to_owned(),
            thread: None,
        },
    };
    assert_eq!(office.take(InboundEvent::Moved(moved)).await, Taken::Recorded);
    assert!(is_turn(&office.say(in_group("3", "-100", "42", "hello")).await));
    let turns = office.home.turns().await;
    assert_eq!(turns[0].session_key, turns[1].session_key);
    assert_eq!(office.request(1).await["route"]["to"], "-100");
}

#[tokio::test]
async fn an_event_with_a_strange_id_is_a_run_of_this_account_all_the_same() {
    let office = Office::new(json!({ "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] }));
    for event in ["a\nb".to_owned(), "x".repeat(900)] {
        assert!(is_turn(&office.say(message(&event, "42", "hello")).await));
    }
    let turns = office.home.turns().await;
    assert!(
        turns
            .iter()
            .all(|turn| turn.run_id.starts_with("telegram:default:sha256:"))
    );
}

#[tokio::test]
async fn an_owner_is_who_the_operator_names() {
    let office = Office::with(json!({
        "commands": { "ownerAllowFrom": ["telegram:42"] },
        "channels": { "telegram": { "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] } },
    }));
    office.say(message("1", "42", "hello")).await;
    office.say(message("2", "43", "hello")).await;
    assert_eq!(office.request(0).await["sender"]["isOwner"], true);
    assert_eq!(office.request(1).await["sender"]["isOwner"], false);
}

/// An adapter says who wrote, and may say what it likes. What the operator wrote down for one channel is for that.
#[tokio::test]
async fn an_id_spelled_like_that_of_another_channel_names_nobody_there() {
    let office = Office::with(json!({
        "accessGroups": { "family": { "type": "message.senders", "members": { "*": ["discord:42"] } } },
        "commands": {
            "ownerAllowFrom": ["discord:42", "bird:42", "irc:42"],
            "allowFrom": { "*": ["discord:42", "accessGroup:family"] },
        },
        "session": { "dmScope": "per-channel-peer", "identityLinks": { "ann": ["discord:42"] } },
        "channels": {
            "bird": {},
            "telegram": { "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] },
        },
    }));
    for (event, sender) in [("1", "discord:42"), ("2", "bird:42"), ("3", "irc:42")] {
        let mut message = message(event, sender, "hello");
        message.origin.sender.as_mut().unwrap().other_ids = vec!["discord:42".to_owned()];
        assert!(is_turn(&office.say(message).await), "{sender}");
    }
    for (at, turn) in office.home.turns().await.iter().enumerate() {
        let sender = &office.request(at).await["sender"];
        assert_eq!(
            (&sender["isOwner"], &sender["mayCommand"]),
            (&json!(false), &json!(false))
        );
        let id = sender["id"].as_str().unwrap();
        assert_eq!(turn.session_key, format!("agent:main:telegram:direct:{id}"));
    }
}

#[tokio::test]
async fn only_so_many_turns_wait_and_what_is_more_is_recorded() {
    let office = Office::with(json!({
        "session": { "dmScope": "per-account-channel-peer" },
        "channels": { "telegram": { "botToken": "x", "dmPolicy": "open", "allowFrom": ["*"] } },
    }));
    let put = async |range: std::ops::Range<u64>, session: &'static str| {
        let put = move |tx: &openclaw_state::Tx<'_>| {
            for at in range {
                tx.turn_put(&openclaw_state::NewTurn {
                    run_id: format!("telegram:default:x{at}"),
                    session_key: session.to_owned(),
                    agent_id: "main".to_owned(),
                    request: "{}".to_owned(),
                    received_ms: 0,
                })?;
            }
            Ok::<_, openclaw_state::Error>(())
        };
        office.home.state.write(put).await.unwrap();
    };
    let is_crowded = |taken: Taken| matches!(taken, Taken::Dropped(why) if why.contains("too many messages"));
    put(
        0..crate::crowd::OF_SESSION - 1,
        "agent:main:telegram:default:direct:42",
    )
    .await;
    assert!(is_turn(
        &office.say(message("1", "42", "the last of its session")).await
    ));
    assert!(is_crowded(office.say(message("2", "42", "one too many")).await));
    assert!(
        is_turn(&office.say(message("3", "42", "/stop")).await),
        "that can be ended"
    );
    assert!(is_turn(
        &office.say(message("4", "43", "in another session")).await
    ));
    put(1000..1000 + crate::crowd::OF_ACCOUNT, "elsewhere").await;
    assert!(is_crowded(office.say(message("5", "44", "in a third")).await));
    let of = account();
    let records = office
        .home
        .state
        .read(move |view| view.channel_records(&of, 9))
        .await
        .unwrap();
    let kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["dropped", "dropped"]);
}
