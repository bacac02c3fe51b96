//! Commands that outlive the call, and what `process` does with them.

use openclaw_sandbox::jobs::Ended;

use super::*;

#[tokio::test]
async fn what_takes_longer_than_the_call_goes_on_and_is_looked_after() {
    let place = Place::new();
    let command = "echo begun; read line; echo got $line; sleep 72.0471 & setsid sleep 72.0471 & wait";
    let output = place.exec(json!({"command": command, "yieldMs": 3000})).await;
    let told = details(&output).clone();
    let id = told["sessionId"].as_str().unwrap();
    assert!(
        output.text.starts_with(&format!(
            "Command still running (session {id}, pid {}).",
            told["pid"]
        )),
        "{}",
        output.text
    );
    assert!(output.text.ends_with("\nbegun"));
    assert_eq!(
        (&told["status"], &told["tail"]),
        (&json!("running"), &json!("begun\n"))
    );

    let nothing = place.process(json!({"action": "poll", "sessionId": id})).await;
    let told = details(&nothing);
    assert!(nothing.text.starts_with("(no new output)"));
    assert_eq!(
        (&told["status"], &told["stdinWritable"], &told["waitingForInput"]),
        (&json!("running"), &json!(true), &json!(false))
    );
    assert_eq!(
        (&told["retryInMs"], &told["aggregated"]),
        (&json!(5000), &json!("begun\n"))
    );

    place
        .process(json!({"action": "write", "sessionId": id, "data": "hello\n"}))
        .await;
    let news = place
        .process(json!({"action": "poll", "sessionId": id, "timeout": 30_000}))
        .await;
    assert!(news.text.starts_with("got hello\n"), "{}", news.text);
    assert_eq!(details(&news).get("retryInMs"), None);
    until(|| lives("72.0471")).await;

    let list = place.process(json!({"action": "list"})).await;
    let listed = &details(&list)["sessions"][0];
    assert_eq!(
        (&listed["sessionId"], &listed["status"], &listed["command"]),
        (&json!(id), &json!("running"), &json!(command))
    );
    assert!(listed["name"].as_str().unwrap().starts_with("echo begun;") && listed.get("exitCode").is_none());

    let early = place.process(json!({"action": "clear", "sessionId": id})).await;
    assert!(early.is_error);
    let killed = place.process(json!({"action": "kill", "sessionId": id})).await;
    assert_eq!(details(&killed)["status"], "completed");
    assert!(!lives("72.0471"));
    let log = place.process(json!({"action": "log", "sessionId": id})).await;
    assert_eq!(log.text, "begun\ngot hello");
    assert_eq!(
        (&details(&log)["status"], &details(&log)["totalLines"]),
        (&json!("failed"), &json!(2))
    );
    let ended = place.process(json!({"action": "poll", "sessionId": id})).await;
    assert_eq!(details(&ended)["exitReason"], "killed");
    place.process(json!({"action": "remove", "sessionId": id})).await;
    let gone = place.process(json!({"action": "log", "sessionId": id})).await;
    assert!(gone.is_error && details(&gone)["status"] == "failed");
}

#[tokio::test]
async fn a_log_is_read_by_lines() {
    let place = Place::new();
    let id = place.start("seq 1 500").await;
    place.end(&id).await;
    let log = async |more: Value| {
        let mut asked = json!({"action": "log", "sessionId": id});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        place.process(asked).await
    };
    let usual = log(json!({})).await;
    assert!(
        usual.text.starts_with("301\n302")
            && usual
                .text
                .ends_with("500\n\n[Lines 300 to 499 of 500; offset and limit show others.]")
    );
    let some = log(json!({"offset": 9, "limit": 2})).await;
    assert_eq!(
        (&details(&some)["output"], &details(&some)["total"]),
        (&json!("10\n11"), &json!(500))
    );
    assert_eq!(details(&log(json!({"offset": 498})).await)["output"], "499\n500");
    assert_eq!(details(&log(json!({"limit": 1})).await)["output"], "500");
}

#[tokio::test]
async fn whoever_drops_the_call_ends_the_command_and_not_one_in_the_background() {
    let place = Place::new();
    place.start("sleep 73.0471").await;
    until(|| lives("73.0471")).await;
    {
        let call = place.exec(json!({"command": "sleep 73.0472 & setsid sleep 73.0472 & wait"}));
        tokio::pin!(call);
        let begun = until(|| lives("73.0472"));
        tokio::select! {
            _ = &mut call => panic!("it does not end"),
            () = begun => {}
        }
    }
    until(|| !lives("73.0472")).await;
    assert!(lives("73.0471"));
    place.bench.jobs.close().await;
    assert!(!lives("73.0471"));
}

#[tokio::test]
async fn what_a_command_leaves_behind_and_still_prints_is_a_job_of_its_own() {
    let place = Place::new();
    let output = place
        .exec(json!({"command": "(while [ ! -e go ]; do sleep 0.01; done; echo late; sleep 74.0471) & echo early"}))
        .await;
    let told = details(&output);
    assert!(
        output.text.starts_with("early\n\n(What it started still runs"),
        "{}",
        output.text
    );
    assert_eq!(
        (&told["status"], &told["exitCode"]),
        (&json!("completed"), &json!(0))
    );
    let id = told["sessionId"].as_str().unwrap();
    fs::write(place.folder.path().join("go"), "").unwrap();
    let news = place
        .process(json!({"action": "poll", "sessionId": id, "timeout": 30_000}))
        .await;
    assert!(news.text.starts_with("late\n"), "{}", news.text);
    place.process(json!({"action": "remove", "sessionId": id})).await;
    assert!(!lives("74.0471"));
}

#[tokio::test]
async fn a_terminal_hears_keys() {
    let place = Place::new();
    let asked = json!({"command": "stty -echo; echo ready; read -r a; echo \"<$a>\"; read -r b; echo \"<$b>\"; sleep 75.0471", "pty": true, "yieldMs": 10});
    let id = details(&place.exec(asked).await)["sessionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let send = async |more: Value| {
        let mut asked = json!({"action": "send-keys", "sessionId": id});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        place.process(asked).await
    };
    let log = async || {
        place
            .process(json!({"action": "log", "sessionId": id}))
            .await
            .text
    };
    let shows = async |text: &str| {
        let begun = Instant::now();
        while !log().await.contains(text) {
            assert!(begun.elapsed() < PATIENCE, "{}", log().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    shows("ready").await;
    assert!(
        !send(json!({"literal": "one", "hex": ["20 74"], "keys": ["w", "x", "BSpace", "o", "Enter"]}))
            .await
            .is_error
    );
    shows("<one two>").await;
    assert!(
        send(json!({"keys": ["Entr"]}))
            .await
            .text
            .contains("There is no key Entr")
    );
    place
        .process(json!({"action": "paste", "sessionId": id, "text": "three", "bracketed": false}))
        .await;
    place.process(json!({"action": "submit", "sessionId": id})).await;
    shows("<three>").await;
    send(json!({"keys": ["C-c"]})).await;
    let ended = place.end(&id).await;
    assert_eq!(
        (&details(&ended)["exitSignal"], &details(&ended)["status"]),
        (&json!("SIGINT"), &json!("failed"))
    );
}

#[tokio::test]
async fn agents_do_not_reach_each_others_jobs() {
    let place = Place::new();
    let id = place.start("sleep 76.0471").await;
    let mut other = Place::new();
    other.bench.jobs = place.bench.jobs.clone();
    other.bench.agent = "other".to_owned();
    assert_eq!(
        details(&other.process(json!({"action": "list"})).await)["sessions"],
        json!([])
    );
    for action in ["poll", "log", "write", "kill", "remove"] {
        let output = other
            .process(json!({"action": action, "sessionId": id, "data": "x"}))
            .await;
        assert!(
            output.is_error && details(&output)["status"] == "failed",
            "{action}"
        );
    }
    until(|| lives("76.0471")).await;
    place.bench.jobs.close().await;
}

#[tokio::test]
async fn the_end_of_a_background_job_is_told_with_its_tail() {
    let place = Place::new();
    let mut ends = place.bench.jobs.ends();
    let id = place.start("sleep 0.1; echo one; echo two; exit 7").await;
    let Ended { agent, glance } = tokio::time::timeout(PATIENCE, ends.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(agent, "main");
    assert_eq!(
        summary(&glance, NOTE_CHARS),
        format!("Exec finished ({id}, exit code 7): one\ntwo")
    );
}
