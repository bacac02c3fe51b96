use serde_json::json;

use super::*;
use crate::adapter::{ErrorCode, Happening, Sent};
use crate::scripted::{delivering, failure};

fn starts(script: &Script) -> Vec<StartReason> {
    let calls = script.calls.lock().unwrap();
    let reason = |event: &crate::adapter::Event| match event.what {
        Happening::Started(reason) => Some(reason),
        _ => None,
    };
    calls.iter().flatten().filter_map(reason).collect()
}

#[tokio::test]
async fn an_account_that_cannot_begin_is_tried_ten_times_more_and_then_given_up() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = Arc::new(Script::new(&[], |_, _| {
        Err(failure(ErrorCode::Unavailable, Sent::No))
    }));
    let account = home.begin(&script);
    wait_until(|| account.status.snapshot().reconnect_attempts == crate::account::TRIES + 1).await;
    let starts = starts(&script);
    assert_eq!(starts.len(), 11 * 5, "each beginning tries five times");
    assert_eq!(starts[0], StartReason::Boot);
    assert!(starts[5..].iter().all(|reason| *reason == StartReason::Recovery));
    let snapshot = account.status.snapshot();
    assert!(!snapshot.running && snapshot.last_error.is_some());
    assert!(account.running().is_err());
    account.end().await;
}

#[tokio::test]
async fn an_account_that_breaks_off_ends_alone_and_begins_again() {
    let home = Home::new(json!({ "botToken": "x" }));
    let mut first = true;
    let script = Arc::new(Script::new(&[], move |_, _| {
        assert!(!std::mem::take(&mut first), "the first call breaks off");
        Ok(delivering(Vec::new()))
    }));
    let other = Arc::new(Script::new(&[], |_, _| Ok(delivering(Vec::new()))));
    let (beside, _) = home.run(&other).await;
    let account = home.begin(&script);
    wait_until(|| {
        let snapshot = account.status.snapshot();
        snapshot.running && snapshot.reconnect_attempts == 1
    })
    .await;
    assert!(beside.status.snapshot().running);
    account.end().await;
    beside.end().await;
}

#[tokio::test]
async fn an_account_that_ends_says_goodbye() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = Arc::new(Script::new(&[], |_, _| Ok(delivering(Vec::new()))));
    let (account, _) = home.run(&script).await;
    account.end().await;
    let calls = script.calls.lock().unwrap();
    assert!(matches!(calls.last().unwrap()[0].what, Happening::Stopping));
}

#[tokio::test]
async fn an_account_that_ended_sends_nothing_more_even_if_it_hangs() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = Script::new(&[], |_, _| Ok(delivering(Vec::new())));
    let script = Arc::new(script.stalling());
    let (account, running) = home.run(&script).await;
    home.put(&running.shared, "a", "hello").await;
    wait_until(|| script.sent.lock().unwrap().len() == 1).await;
    account.end().await;
    assert_eq!(
        Arc::strong_count(&running.shared),
        1,
        "nobody else has a hand in it"
    );
}

#[tokio::test]
async fn a_lane_that_breaks_off_takes_its_delivery_with_it() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = Arc::new(Script::new(&[], |events, _| {
        assert!(!matches!(events[0].what, Happening::Timer(_)), "it breaks off");
        Ok(delivering(Vec::new()))
    }));
    let (account, running) = home.run(&script).await;
    script.happen(Happening::Timer("bad".to_owned())).await;
    wait_until(|| account.status.snapshot().reconnect_attempts == 1).await;
    wait_until(|| Arc::strong_count(&running.shared) == 1).await;
    account.end().await;
}

#[tokio::test]
async fn a_config_that_changes_while_an_account_begins_counts() {
    let home = Home::new(json!({ "botToken": "x" }));
    let script = Arc::new(Script::new(&[], |_, _| Ok(delivering(Vec::new()))));
    let current = Arc::new(Current::new(home.config.clone()));
    let (lets_go, goes) = std::sync::mpsc::channel::<()>();
    // What begins an account waits for the state meanwhile.
    let state = home.state.clone();
    let blocked = tokio::spawn(async move {
        let work = move |_: &openclaw_state::Tx<'_>| {
            goes.recv().unwrap();
            Ok::<_, openclaw_state::Error>(())
        };
        state.write(work).await.unwrap();
    });
    let mut account = home.begin_with(&script, Arc::clone(&current));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let changed = config(&json!({ "messages": { "responsePrefix": "[new]" },
        "channels": { "telegram": { "botToken": "x" } } }));
    current.replace(changed.clone());
    account.renew(&changed);
    lets_go.send(()).unwrap();
    blocked.await.unwrap();
    wait_until(|| account.status.snapshot().running).await;
    let desk = account.running().unwrap().shared.desk();
    assert_eq!(desk.prefix().as_deref(), Some("[new]"));
    account.end().await;
}

#[test]
fn an_account_takes_from_its_channel_what_it_leaves_out_and_no_credentials() {
    let home = config(&json!({ "channels": { "telegram": {
        "botToken": "root", "tokenFile": "/t", "dmPolicy": "open", "allowFrom": ["*"], "textChunkLimit": 100,
        "accounts": { "work": { "name": "Work", "textChunkLimit": 200 }, "off": { "enabled": false } },
    } } }));
    let all = settings::accounts(&home, "telegram", &["botToken".to_owned()]);
    let ids: Vec<_> = all.iter().map(|settings| settings.of.account()).collect();
    assert_eq!(ids, ["default", "off", "work"]);
    let (main, off, work) = (&all[0], &all[1], &all[2]);
    assert_eq!(main.values["botToken"], json!("root"));
    assert!(work.values.get("botToken").is_none() && work.values.get("tokenFile").is_none());
    assert_eq!(
        (work.common.text_chunk_limit, main.common.text_chunk_limit),
        (Some(200), Some(100))
    );
    assert_eq!(work.common.dm_policy, main.common.dm_policy);
    assert!(main.is_enabled && work.is_enabled && !off.is_enabled);
}

#[test]
fn a_channel_that_is_off_switches_all_of_its_accounts_off() {
    let home = config(
        &json!({ "channels": { "telegram": { "enabled": false, "accounts": { "a": { "enabled": true } } } } }),
    );
    let all = settings::accounts(&home, "telegram", &[]);
    assert!(!all.is_empty() && all.iter().all(|settings| !settings.is_enabled));
}

#[test]
fn a_variable_stands_in_for_the_default_accounts_token() {
    assert_eq!(settings::variable("telegram", "botToken"), "TELEGRAM_BOT_TOKEN");
    assert_eq!(settings::variable("discord", "token"), "DISCORD_BOT_TOKEN");
    assert_eq!(
        settings::variable("nextcloud-talk", "botSecret"),
        "NEXTCLOUD_TALK_BOT_SECRET"
    );
}
