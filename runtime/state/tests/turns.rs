//! Turns are accepted once, begin in order, and end with what belongs to them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::open;
use openclaw_state::{Error, NewOutbound, NewTurn, Put, Session, State, TurnState, Tx};

fn turn(run: &str, session: &str) -> NewTurn {
    NewTurn {
        run_id: run.to_owned(),
        session_key: session.to_owned(),
        agent_id: "main".to_owned(),
        request: format!(r#"{{"message":"{run}"}}"#),
        received_ms: 7,
    }
}

async fn put(state: &State, run: &'static str, session: &'static str) -> Put {
    state
        .write(move |tx| tx.turn_put(&turn(run, session)))
        .await
        .unwrap()
}

async fn begin(state: &State, session: &'static str) -> Option<String> {
    let work = move |tx: &Tx<'_>| {
        let Some(next) = tx.turn_next(session)? else {
            return Ok::<_, Error>(None);
        };
        assert!(tx.turn_begin(&next.run_id, "s1")?);
        Ok(Some(next.run_id))
    };
    state.write(work).await.unwrap()
}

async fn end(state: &State, run: &'static str, as_: TurnState) -> bool {
    state.write(move |tx| tx.turn_end(run, as_, "{}")).await.unwrap()
}

#[tokio::test]
async fn a_runs_id_is_taken_once_and_a_repeat_hears_what_became_of_it_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    assert_eq!(put(&state, "r1", "main").await, Put::Fresh);
    assert_eq!(put(&state, "r1", "other").await, Put::Known(TurnState::Queued));
    assert_eq!(begin(&state, "main").await.as_deref(), Some("r1"));
    assert_eq!(put(&state, "r1", "main").await, Put::Known(TurnState::Running));
    assert!(end(&state, "r1", TurnState::Failed).await);
    state.close().await;
    let state = open(folder.path());
    assert_eq!(put(&state, "r1", "main").await, Put::Known(TurnState::Failed));
    let kept = state.read(|view| view.turn("r1")).await.unwrap().unwrap();
    assert_eq!((kept.received_ms, kept.session_key.as_str()), (7, "main"));
    assert!(kept.ended_ms >= kept.started_ms);
}

#[tokio::test]
async fn one_turn_of_a_session_runs_at_a_time_in_the_order_of_their_acceptance() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    for (run, session) in [("a1", "a"), ("b1", "b"), ("a2", "a")] {
        put(&state, run, session).await;
    }
    assert_eq!(begin(&state, "a").await.as_deref(), Some("a1"));
    assert_eq!(begin(&state, "a").await, None);
    assert_eq!(begin(&state, "b").await.as_deref(), Some("b1"));
    assert!(end(&state, "a1", TurnState::Done).await);
    assert!(!end(&state, "a1", TurnState::Aborted).await);
    assert_eq!(begin(&state, "a").await.as_deref(), Some("a2"));
    let open_turns = state.read(|view| view.turns_open(0, 10)).await.unwrap();
    let runs: Vec<_> = open_turns.iter().map(|turn| turn.run_id.as_str()).collect();
    assert_eq!(runs, ["b1", "a2"]);
}

#[tokio::test]
async fn a_second_running_turn_of_a_session_is_refused_by_the_database_itself() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "a1", "a").await;
    put(&state, "a2", "a").await;
    let both = state.write(|tx| {
        tx.turn_begin("a1", "s1")?;
        tx.turn_begin("a2", "s1")
    });
    both.await.unwrap_err();
}

#[tokio::test]
async fn turns_that_ended_long_ago_are_forgotten_a_few_with_each_that_ends_and_open_ones_never() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    for run in ["open", "late", "new"] {
        put(&state, run, run).await;
    }
    end(&state, "late", TurnState::Done).await;
    let raw = rusqlite::Connection::open(folder.path().join(openclaw_state::DATABASE_FILE)).unwrap();
    let old = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
        INSERT INTO turns (run_id, session_key, agent_id, request, state, received_ms, ended_ms)
        SELECT 'old' || i, 'main', 'main', '{}', 'done', 1, i FROM n";
    raw.execute(old, []).unwrap();
    let kept = || -> u32 {
        raw.query_row("SELECT count(*) FROM turns", [], |row| row.get(0))
            .unwrap()
    };
    end(&state, "new", TurnState::Done).await;
    assert_eq!(kept(), 23 - 8);
    assert_eq!(put(&state, "old20", "main").await, Put::Known(TurnState::Done));
    for _ in 0..2 {
        end(&state, "new", TurnState::Done).await;
    }
    assert_eq!(kept(), 3);
    assert_eq!(put(&state, "old1", "main").await, Put::Fresh);
    assert_eq!(put(&state, "late", "main").await, Put::Known(TurnState::Done));
    assert_eq!(put(&state, "open", "main").await, Put::Known(TurnState::Queued));
}

#[tokio::test]
async fn that_a_running_turn_is_to_be_stopped_is_kept_and_of_one_that_waits_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    put(&state, "r1", "main").await;
    assert!(!state.write(|tx| tx.turn_ask_stop("r1")).await.unwrap());
    begin(&state, "main").await;
    let is_asked = async |state: &State| {
        let turn = state.read(|view| view.turn("r1")).await.unwrap();
        turn.unwrap().is_stop_asked
    };
    assert!(!is_asked(&state).await);
    assert!(state.write(|tx| tx.turn_ask_stop("r1")).await.unwrap());
    state.close().await;
    assert!(is_asked(&open(folder.path())).await);
}

#[tokio::test]
async fn a_transcript_is_read_back_along_its_parents_within_the_bounds_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let work = |tx: &Tx<'_>| {
        tx.transcript_begin("s1", "main", "main")?;
        tx.transcript_begin("s2", "main", "main")?;
        for n in 0..5 {
            tx.transcript_append("s1", Some("r1"), "message", &format!(r#"{{"n":{n}}}"#))?;
            tx.transcript_append("s2", None, "custom", "{}")?;
        }
        Ok::<_, Error>(())
    };
    state.write(work).await.unwrap();
    let tail = |entries, bytes| state.read(move |view| view.transcript_tail("s1", entries, bytes));
    let all = tail(100, 1000).await.unwrap();
    let bodies: Vec<_> = all.iter().map(|entry| entry.body.as_str()).collect();
    assert_eq!(
        bodies,
        [
            r#"{"n":0}"#,
            r#"{"n":1}"#,
            r#"{"n":2}"#,
            r#"{"n":3}"#,
            r#"{"n":4}"#
        ]
    );
    assert_eq!(all[0].parent, None);
    for pair in all.windows(2) {
        assert_eq!(pair[1].parent_id(), Some(pair[0].id()));
    }
    assert_eq!(tail(2, 1000).await.unwrap(), all[3..]);
    assert_eq!(tail(100, 15).await.unwrap(), all[3..]);
    let since = |known| state.read(move |view| view.transcript_since("s1", known, 100, 1000));
    assert_eq!(since(Some(all[2].seq)).await.unwrap(), (all[3..].to_vec(), true));
    assert_eq!(since(Some(all[4].seq)).await.unwrap(), (Vec::new(), true));
    // What is not on its branch is not met.
    assert_eq!(since(Some(all[4].seq + 1)).await.unwrap(), (all.clone(), false));
    let missing = state.write(|tx| tx.transcript_append("s9", None, "message", "{}"));
    assert!(matches!(missing.await, Err(Error::NoTranscript { .. })));
}

#[tokio::test]
async fn a_session_leads_to_its_newest_conversation_and_is_deleted_with_all_that_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let session = |key: &str, id: &str| Session {
        key: key.to_owned(),
        agent_id: "main".to_owned(),
        session_id: id.to_owned(),
        started_ms: 1,
        last_interaction_ms: 2,
        updated_ms: 0,
        entry: "{}".to_owned(),
    };
    let work = move |tx: &Tx<'_>| {
        for id in ["s1", "s2"] {
            tx.transcript_begin(id, "a", "main")?;
            tx.transcript_append(id, None, "message", "{}")?;
            tx.session_put(&session("a", id))?;
        }
        tx.transcript_begin("s3", "b", "main")?;
        tx.session_put(&session("b", "s3"))
    };
    state.write(work).await.unwrap();
    let found = state.read(|view| view.session("a")).await.unwrap().unwrap();
    assert_eq!(found.session_id, "s2");
    assert!(found.updated_ms > 0);
    assert!(state.write(|tx| tx.session_delete("a", true)).await.unwrap());
    assert!(!state.write(|tx| tx.session_delete("a", true)).await.unwrap());
    assert_eq!(state.read(|view| view.transcript("s1")).await.unwrap(), None);
    let left = state.read(|view| view.sessions(10)).await.unwrap();
    assert_eq!((left.len(), left[0].key.as_str()), (1, "b"));
}

#[tokio::test]
async fn what_is_to_leave_is_put_once_for_each_key() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let reply = |key: &str| NewOutbound {
        channel: "telegram".to_owned(),
        account: "default".to_owned(),
        to: "42".to_owned(),
        thread: None,
        reply_to: None,
        in_answer_to: None,
        kind: "reply".to_owned(),
        body: r#"{"text":"hi"}"#.to_owned(),
        key: key.to_owned(),
        session_key: Some("main".to_owned()),
        run_id: None,
    };
    for (key, fresh) in [("r1:final", true), ("r1:final", false), ("r2:final", true)] {
        let outbound = reply(key);
        let put = state.write(move |tx| tx.outbox_put(&outbound)).await.unwrap();
        assert_eq!(put, fresh, "{key}");
    }
}

#[tokio::test]
async fn open_turns_are_counted_by_session_and_by_the_beginning_of_their_runs_ids() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    for (run, session) in [
        ("a:1", "main"),
        ("a:2", "main"),
        ("a:3", "other"),
        ("b:a:1", "main"),
    ] {
        put(&state, run, session).await;
    }
    assert_eq!(begin(&state, "main").await.as_deref(), Some("a:1"));
    let counts = async || {
        let count = |view: &openclaw_state::View<'_>| {
            Ok::<_, Error>((
                view.count_open_of_session("main")?,
                view.count_open_of_runs("a:")?,
            ))
        };
        state.read(count).await.unwrap()
    };
    assert_eq!(counts().await, (3, 3), "what runs counts");
    assert!(end(&state, "a:1", TurnState::Done).await);
    assert_eq!(counts().await, (2, 2), "what ended does not");
}
