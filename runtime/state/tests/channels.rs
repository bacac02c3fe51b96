//! What is kept for channels: seen keys, parked events, pairing, and the steps of what leaves.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::open;
use openclaw_state::{
    Applicant, ChannelAccount, ChannelCursor, ChannelRecord, ChannelTimer, Error, INTERRUPTED, NewOutbound,
    NewParked, NextOutbound, Outbound, Pairing, PairingRules, RECORDS_MOST, RoomMessage, State, Tx,
};

fn account() -> ChannelAccount {
    ChannelAccount::new("telegram", "default").unwrap()
}

async fn write<T: Send + 'static>(
    state: &State,
    work: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    state.write(work).await.unwrap()
}

fn outbound(key: &str, to: &str) -> NewOutbound {
    NewOutbound {
        channel: "telegram".to_owned(),
        account: "default".to_owned(),
        to: to.to_owned(),
        thread: None,
        reply_to: None,
        in_answer_to: None,
        kind: "reply".to_owned(),
        body: r#"{"text":"hello"}"#.to_owned(),
        key: key.to_owned(),
        session_key: None,
        run_id: None,
    }
}

async fn next(state: &State, now_ms: i64) -> NextOutbound {
    state
        .read(move |view| view.outbox_next(&account(), now_ms))
        .await
        .unwrap()
}

async fn due(state: &State) -> Outbound {
    match next(state, i64::MAX).await {
        NextOutbound::Due(outbound) => *outbound,
        other => panic!("nothing is due: {other:?}"),
    }
}

#[tokio::test]
async fn what_an_adapter_leaves_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        tx.put_channel_state(&account(), b"one")?;
        tx.put_channel_state(&account(), b"two")?;
        let cursor = |position: &str| ChannelCursor {
            name: "updates".to_owned(),
            position: position.to_owned(),
        };
        tx.put_channel_cursor(&account(), &cursor("7"))?;
        tx.put_channel_cursor(&account(), &cursor("8"))?;
        for (name, due_ms) in [("late", 20), ("early", 10), ("gone", 5)] {
            let name = name.to_owned();
            tx.put_channel_timer(&account(), &ChannelTimer { name, due_ms })?;
        }
        assert!(tx.delete_channel_timer(&account(), "gone")?);
        assert!(!tx.delete_channel_timer(&account(), "gone")?);
        Ok(())
    })
    .await;
    state.close().await;
    let state = open(folder.path());
    let other = ChannelAccount::new("telegram", "work").unwrap();
    let (left, cursors, timers, others) = state
        .read(move |view| {
            Ok::<_, Error>((
                view.channel_state(&account())?,
                view.channel_cursors(&account())?,
                view.channel_timers(&account())?,
                view.channel_state(&other)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(left.as_deref(), Some(&b"two"[..]));
    assert_eq!(cursors.first().map(|cursor| cursor.position.as_str()), Some("8"));
    let names: Vec<_> = timers.iter().map(|timer| timer.name.as_str()).collect();
    assert_eq!(names, ["early", "late"]);
    assert_eq!(others, None);
}

#[tokio::test]
async fn a_key_is_fresh_once_for_each_account() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        let other = ChannelAccount::new("telegram", "work")?;
        assert!(tx.see(&account(), "e:1")?);
        assert!(!tx.see(&account(), "e:1")?);
        assert!(tx.see(&other, "e:1")?);
        assert!(tx.is_seen(&account(), "e:1")? && !tx.is_seen(&account(), "e:2")?);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn records_are_bounded_and_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let kept = write(&state, |tx| {
        for at_ms in 0..RECORDS_MOST + 5 {
            let record = ChannelRecord {
                conversation: "1".to_owned(),
                kind: "reaction".to_owned(),
                detail: "{}".to_owned(),
                at_ms,
            };
            tx.record_inbound(&account(), &record)?;
        }
        tx.channel_records(&account(), u32::MAX)
    })
    .await;
    assert_eq!(kept.len(), usize::try_from(RECORDS_MOST).unwrap());
    assert_eq!(kept.last().map(|record| record.at_ms), Some(5));
}

#[tokio::test]
async fn a_parked_event_is_seen_until_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let parked = NewParked {
        event: "7".to_owned(),
        attempts: 5,
        error: "it cannot be read".to_owned(),
        payload: b"{}".to_vec(),
    };
    let put = parked.clone();
    let id = write(&state, move |tx| tx.park_event(&account(), &put)).await;
    state.close().await;
    let state = open(folder.path());
    let seen = state.read(|view| view.parked_events()).await.unwrap();
    assert_eq!(seen.iter().map(|event| event.id).collect::<Vec<_>>(), [id]);
    let taken = write(&state, move |tx| tx.take_parked(id)).await.unwrap();
    assert_eq!((taken.event, taken.payload), (parked.event, parked.payload));
    assert_eq!(write(&state, move |tx| tx.take_parked(id)).await, None);
}

#[tokio::test]
async fn a_sender_has_one_code_and_an_account_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        let rules = PairingRules {
            most: 3,
            lasts_ms: 1000,
            tries: 4,
        };
        let ask = |sender: &str, codes: &[&str]| {
            let mut codes = codes.iter().cycle();
            let applicant = Applicant {
                sender: sender.to_owned(),
                name: None,
                reply_to: sender.to_owned(),
            };
            tx.request_pairing(&account(), &applicant, rules, || {
                (*codes.next().unwrap()).to_owned()
            })
        };
        assert_eq!(ask("1", &["A"])?, Pairing::Fresh("A".to_owned()));
        assert_eq!(ask("1", &["B"])?, Pairing::Known);
        assert_eq!(ask("2", &["A", "A", "B"])?, Pairing::Fresh("B".to_owned()));
        assert_eq!(ask("3", &["A"])?, Pairing::Full);
        assert_eq!(ask("3", &["C"])?, Pairing::Fresh("C".to_owned()));
        assert_eq!(ask("4", &["D"])?, Pairing::Full);
        let since = tx.now_ms() - rules.lasts_ms;
        assert_eq!(tx.take_pairing("telegram", None, "A", tx.now_ms())?, None);
        assert_eq!(tx.take_pairing("telegram", Some("work"), "A", since)?, None);
        assert_eq!(tx.take_pairing("irc", None, "A", since)?, None);
        let taken = tx.take_pairing("telegram", None, "A", since)?.unwrap();
        assert_eq!(taken.applicant.sender, "1");
        assert_eq!(tx.take_pairing("telegram", None, "A", since)?, None);
        assert_eq!(tx.pairing_requests("telegram", since)?.len(), 2);
        assert!(tx.pair_sender(&account(), "1", Some("Ann"))? && !tx.pair_sender(&account(), "1", None)?);
        assert!(tx.is_paired(&account(), "1")? && !tx.is_paired(&account(), "2")?);
        assert!(tx.unpair_sender(&account(), "1")? && !tx.is_paired(&account(), "1")?);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_room_keeps_the_newest_until_they_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        for at_ms in 0..5 {
            tx.put_room_message(&account(), "-1", &passing(at_ms), 2)?;
        }
        assert_eq!(tx.take_room_messages(&account(), "-2")?, []);
        let taken = tx.take_room_messages(&account(), "-1")?;
        assert_eq!(
            taken.iter().map(|message| message.at_ms).collect::<Vec<_>>(),
            [3, 4]
        );
        assert_eq!(tx.take_room_messages(&account(), "-1")?, []);
        tx.move_conversation(&account(), "-1", "-100")?;
        tx.move_conversation(&account(), "-100", "-200")?;
        assert_eq!(tx.kept_address(&account(), "-200")?.as_deref(), Some("-1"));
        Ok(())
    })
    .await;
}

fn passing(at_ms: i64) -> RoomMessage {
    RoomMessage {
        sender: "Ann".to_owned(),
        body: "hello".to_owned(),
        at_ms,
    }
}

#[tokio::test]
async fn what_passed_the_agent_by_goes_after_a_week_also_in_rooms_that_fell_silent() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        for n in 0..12 {
            tx.put_room_message(&account(), &format!("-{n}"), &passing(1), 9)?;
        }
        assert_eq!(tx.take_room_messages(&account(), "-11")?.len(), 1);
        Ok(())
    })
    .await;
    let raw = rusqlite::Connection::open(folder.path().join(openclaw_state::DATABASE_FILE)).unwrap();
    let aged =
        "UPDATE room_messages SET put_ms = put_ms - 8 * 24 * 60 * 60 * 1000 WHERE conversation != '-10'";
    assert_eq!(raw.execute(aged, []).unwrap(), 10);
    write(&state, |tx| {
        for _ in 0..2 {
            tx.put_room_message(&account(), "-99", &passing(1), 9)?;
        }
        Ok(())
    })
    .await;
    let kept: u32 = raw
        .query_row("SELECT count(*) FROM room_messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 3);
}

#[tokio::test]
async fn of_all_rooms_together_only_the_newest_messages_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let raw = rusqlite::Connection::open(folder.path().join(openclaw_state::DATABASE_FILE)).unwrap();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO room_messages (channel, account, conversation, sender, body, at_ms, put_ms)
        SELECT 'telegram', 'default', i, 'Ann', 'hello', 1, 9000000000000 FROM n";
    raw.execute(many, []).unwrap();
    write(&state, |tx| {
        for n in 0..5 {
            tx.put_room_message(&account(), &format!("new{n}"), &passing(1), 9)?;
        }
        Ok(())
    })
    .await;
    let (kept, oldest): (u32, i64) = raw
        .query_row("SELECT count(*), min(seq) FROM room_messages", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((kept, oldest), (20_000, 6));
}

#[tokio::test]
async fn the_oldest_dead_letters_of_an_account_make_room_for_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let raw = rusqlite::Connection::open(folder.path().join(openclaw_state::DATABASE_FILE)).unwrap();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO outbox (key, channel, account, recipient, kind, body, state, created_ms, updated_ms)
        SELECT ?1 || i, 'telegram', ?1, '1', 'reply', '{}', 'dead', 1, 1 FROM n";
    for of in ["default", "other"] {
        raw.execute(many, [of]).unwrap();
    }
    write(&state, |tx| {
        tx.outbox_put(&outbound("a", "1"))?;
        tx.outbox_put(&outbound("b", "1"))?;
        tx.outbox_bury(2001, "[]", "gone")?;
        assert!(tx.outbox_begin_part(2002, "[]")?);
        tx.outbox_bury_interrupted(&account())
    })
    .await;
    let dead = state.read(|view| view.dead_letters(u32::MAX)).await.unwrap();
    let of = |name: &str| {
        let letters = dead
            .iter()
            .filter(|letter| letter.outbound.message.account == name);
        letters.map(|letter| letter.outbound.seq).collect::<Vec<_>>()
    };
    assert_eq!((of("default").len(), of("other").len()), (1000, 1000));
    assert_eq!(
        (of("default").first(), of("default").last()),
        (Some(&2002), Some(&3))
    );
}

#[tokio::test]
async fn messages_to_one_recipient_leave_in_order_and_do_not_hold_up_others() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        for (key, to) in [("a", "1"), ("b", "1"), ("c", "2")] {
            assert!(tx.outbox_put(&outbound(key, to))?);
        }
        Ok(())
    })
    .await;
    let first = due(&state).await;
    assert_eq!(first.message.key, "a");
    let later = first.created_ms + 60_000;
    write(&state, move |tx| {
        assert!(tx.outbox_begin_part(first.seq, "[\"hello\"]")?);
        tx.outbox_retry(first.seq, later, "slow down")
    })
    .await;
    let NextOutbound::Due(second) = next(&state, later - 1).await else {
        panic!("the other recipient waits");
    };
    assert_eq!(second.message.key, "c");
    write(&state, move |tx| {
        assert!(tx.outbox_begin_part(second.seq, "[]")?);
        tx.outbox_done(second.seq, "[\"9\"]")
    })
    .await;
    assert_eq!(next(&state, later - 1).await, NextOutbound::At(later));
    let again = due(&state).await;
    assert_eq!(
        (again.message.key.as_str(), again.part, again.attempts),
        ("a", 0, 1)
    );
    assert_eq!(again.plan.as_deref(), Some("[\"hello\"]"));
}

#[tokio::test]
async fn a_part_that_was_under_way_is_a_dead_letter_and_leaves_again_only_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        tx.outbox_put(&outbound("a", "1"))?;
        assert!(tx.outbox_begin_part(1, "[\"one\",\"two\"]")?);
        assert!(!tx.outbox_begin_part(1, "[]")?, "it is under way already");
        assert!(tx.outbox_go_on(1, "[\"7\"]")?);
        Ok(())
    })
    .await;
    state.close().await;
    let state = open(folder.path());
    assert_eq!(
        write(&state, |tx| tx.outbox_bury_interrupted(&account())).await,
        1
    );
    assert_eq!(next(&state, i64::MAX).await, NextOutbound::Nothing);
    let dead = state.read(|view| view.dead_letters(9)).await.unwrap();
    let letter = dead.first().unwrap();
    assert_eq!((letter.error.as_str(), letter.outbound.part), (INTERRUPTED, 2));
    let seq = letter.outbound.seq;
    assert_eq!(
        write(&state, move |tx| tx.outbox_replay(seq)).await,
        Some(account())
    );
    let again = due(&state).await;
    assert_eq!((again.part, again.sent.as_str()), (1, "[\"7\"]"));
    write(&state, move |tx| tx.outbox_bury(seq, "[\"7\"]", "gone")).await;
    assert!(write(&state, move |tx| tx.outbox_drop(seq)).await);
    assert_eq!(write(&state, move |tx| tx.outbox_replay(seq)).await, None);
}

#[tokio::test]
async fn a_letter_that_died_between_two_parts_goes_on_behind_the_last_that_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    write(&state, |tx| {
        tx.outbox_put(&outbound("a", "1"))?;
        tx.outbox_begin_part(1, "[\"one\",\"two\"]")?;
        tx.outbox_go_on(1, "[\"7\"]")?;
        tx.outbox_retry(1, 0, "slow down")?;
        tx.outbox_bury(1, "[\"7\"]", "stopped")?;
        tx.outbox_replay(1)
    })
    .await;
    assert_eq!(due(&state).await.part, 1);
}
