//! What was accepted survives `kill -9` at any moment, by the program, with clients and a platform at once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use openclaw_protocol::frame::Incoming;
use openclaw_tests::gateway::{House, Line, PATIENCE, Running, text_of};
use openclaw_tests::platforms::openai::OpenAi;
use openclaw_tests::platforms::telegram::{TOKEN, Telegram};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

const ROUNDS: usize = 20;
/// How much of a round's burst goes to each of two sessions of clients, and to one of the platform.
const PART: usize = 20;
/// The latest moment of a kill, from the begin of the burst.
const LATEST_MS: u64 = 400;
/// Whoever writes on the platform: one person for each round, so that their sessions stay short.
const PEOPLE: i64 = 70_000;

/// A message of a client.
struct Sent {
    session: String,
    /// What it says, and nobody else does.
    word: String,
    key: String,
    /// Whether the client was told that it is accepted.
    is_accepted: bool,
}

impl Sent {
    fn params(&self) -> Value {
        json!({"sessionKey": self.session, "message": self.word, "idempotencyKey": self.key})
    }
}

fn set_up(telegram: &Telegram, model: &OpenAi) -> House {
    let base_url = model.base_url();
    let house = House::onboarded_with(&["--custom-base-url", &base_url, "--custom-model-id", "echo-1"]);
    let root = telegram.root();
    house.must(&[
        "channels",
        "add",
        "telegram",
        "--token",
        TOKEN,
        "--api-root",
        &root,
        "--grant",
        "all",
    ]);
    house.configure(|config| {
        let people: Vec<_> = (0..ROUNDS).map(|round| person(round).to_string()).collect();
        config["channels"]["telegram"]["dmPolicy"] = json!("allowlist");
        config["channels"]["telegram"]["allowFrom"] = json!(people);
        config["session"]["dmScope"] = json!("per-channel-peer");
    });
    house
}

fn person(round: usize) -> i64 {
    PEOPLE + i64::try_from(round).unwrap()
}

/// Sends these, and notes what is accepted until nothing comes any more or all are.
async fn send(line: &mut Line, sent: &mut [Sent], which: &[usize], gaps: &mut Rng) {
    let mut asked = BTreeMap::new();
    for &at in which {
        // In clusters, as people and programs do.
        if gaps.u8(..4) == 0 {
            tokio::time::sleep(Duration::from_millis(gaps.u64(0..20))).await;
        }
        match line.try_send("chat.send", sent[at].params()).await {
            Some(id) => asked.insert(id, at),
            None => break,
        };
    }
    while !asked.is_empty() {
        match line.try_next(PATIENCE).await {
            Some(Incoming::Res { id, ok, error, .. }) => {
                if let Some(at) = asked.remove(&id) {
                    assert!(ok, "{}: {error:?}", sent[at].word);
                    sent[at].is_accepted = true;
                }
            }
            Some(_) => {}
            None => return,
        }
    }
}

/// How often a word stands in the messages of each role of a session.
async fn count(line: &mut Line, session: &str) -> (Vec<String>, Vec<String>) {
    let history = line
        .must("chat.history", json!({"sessionKey": session, "limit": 1000}))
        .await;
    let messages = history["messages"].as_array().cloned().unwrap_or_default();
    let of = |role: &str| {
        let fitting = messages.iter().filter(|message| message["role"] == role);
        fitting.map(text_of).collect()
    };
    (of("user"), of("assistant"))
}

/// How many of these texts hold the word.
fn holding(texts: &[String], word: &str) -> usize {
    texts
        .iter()
        .filter(|text| {
            text.split(|c: char| !c.is_ascii_alphanumeric())
                .any(|found| found == word)
        })
        .count()
}

/// Sends a burst and kills the gateway somewhere in it.
async fn round(house: &House, telegram: &Arc<Telegram>, rng: &mut Rng, round: usize, sent: &mut Vec<Sent>) {
    let running = house.start().await;
    let mut line = running.connect().await;
    // What was not told to be accepted is sent again, and some of what was.
    let mut which: Vec<usize> = (0..sent.len()).filter(|&at| !sent[at].is_accepted).collect();
    which.extend((0..5.min(sent.len())).map(|_| rng.usize(..sent.len())));
    for number in 0..PART * 2 {
        let word = format!("r{round}w{number}");
        which.push(sent.len());
        sent.push(Sent {
            session: format!("agent:main:r{round}s{}", number % 2),
            key: format!("key-{word}"),
            word,
            is_accepted: false,
        });
    }
    rng.shuffle(&mut which);
    let delay = Duration::from_millis(rng.u64(0..LATEST_MS));
    let killer = tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        running.kill();
    });
    let gaps: Vec<_> = (0..PART).map(|_| rng.u64(0..20)).collect();
    let platform = Arc::clone(telegram);
    let people = tokio::spawn(async move {
        for (number, gap) in gaps.into_iter().enumerate() {
            platform.write(person(round), &format!("r{round}t{number}"));
            tokio::time::sleep(Duration::from_millis(gap)).await;
        }
    });
    send(&mut line, sent, &which, rng).await;
    killer.await.unwrap();
    people.await.unwrap();
}

/// What is wrong with the answers to what clients sent.
async fn wrong_with_clients(line: &mut Line, sent: &[Sent]) -> Vec<String> {
    let mut wrong = Vec::new();
    for round in 0..ROUNDS {
        for part in 0..2 {
            let session = format!("agent:main:r{round}s{part}");
            let (asked, answered) = count(line, &session).await;
            for sent in sent.iter().filter(|sent| sent.session == session) {
                let found = (holding(&asked, &sent.word), holding(&answered, &sent.word));
                if found != (1, 1) {
                    wrong.push(format!("{} stands {found:?} times in {session}", sent.word));
                }
            }
        }
    }
    wrong
}

/// The words of the platform that were not answered, and those that were answered more than once.
fn answers(telegram: &Telegram) -> (Vec<String>, Vec<String>) {
    let (mut none, mut several) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let texts = telegram.texts(person(round));
        for number in 0..PART {
            let word = format!("r{round}t{number}");
            match holding(&texts, &word) {
                0 => none.push(word),
                1 => {}
                _ => several.push(word),
            }
        }
    }
    (none, several)
}

/// What went to the dead letters: the text and why.
fn dead_letters(house: &House) -> Vec<(String, String)> {
    let path = house.state().join("gateway.sqlite");
    let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut dead = database
        .prepare("SELECT body ->> 'text', coalesce(error, '') FROM outbox WHERE state = 'dead'")
        .unwrap();
    let rows = dead.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_nothing_is_answered_twice() {
    let seed =
        std::env::var("OPENCLAW_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("OPENCLAW_TEST_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let telegram = Arc::new(Telegram::start().await.unwrap());
    let model = OpenAi::start().await;
    let house = set_up(&telegram, &model);
    let mut sent = Vec::new();
    let begun = Instant::now();
    for number in 0..ROUNDS {
        round(&house, &telegram, &mut rng, number, &mut sent).await;
    }
    println!(
        "{ROUNDS} kills in {:?}; {} of {} accepted meanwhile",
        begun.elapsed(),
        sent.iter().filter(|sent| sent.is_accepted).count(),
        sent.len()
    );

    let running = house.start().await;
    let mut line = running.connect().await;
    let which: Vec<usize> = (0..sent.len()).filter(|&at| !sent[at].is_accepted).collect();
    send(&mut line, &mut sent, &which, &mut rng).await;
    assert!(sent.iter().all(|sent| sent.is_accepted));
    settle(&house, &running, &telegram, &sent).await;
    // Whoever sends again what was answered long ago is told so, and nothing comes of it.
    let asked = model.asked().len();
    let which: Vec<usize> = (0..200).map(|_| rng.usize(..sent.len())).collect();
    send(&mut line, &mut sent, &which, &mut rng).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(model.asked().len(), asked, "a resend runs again");
    let wrong = wrong_with_clients(&mut line, &sent).await;
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
    assert!(running.stop().success());

    let (none, several) = answers(&telegram);
    assert!(several.is_empty(), "answered more than once: {several:?}");
    // A kill may fall between a request to the platform and its answer. Nobody knows then whether the message is
    // there, so it is not sent again but shown to a person. One message at a time is on its way for an account, and
    // so each kill leaves one at most.
    let dead = dead_letters(&house);
    assert!(dead.len() <= ROUNDS, "{dead:#?}");
    for word in &none {
        assert!(
            is_told(&dead, word),
            "{word} was never answered, and nobody is told: {dead:#?}"
        );
    }
    println!(
        "{} dead letters for {} of {} messages of the platform, in {:?}",
        dead.len(),
        none.len(),
        ROUNDS * PART,
        begun.elapsed()
    );
}

/// Whether a person is told that this may not have arrived.
fn is_told(dead: &[(String, String)], word: &str) -> bool {
    dead.iter()
        .any(|(body, _)| holding(std::slice::from_ref(body), word) == 1)
}

/// Waits until all is answered, or shown to a person. What never is, is told by whoever called.
async fn settle(house: &House, running: &Running, telegram: &Telegram, sent: &[Sent]) {
    let mut line = running.connect().await;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let (none, dead) = (answers(telegram).0, dead_letters(house));
        if none.iter().all(|word| is_told(&dead, word))
            && wrong_with_clients(&mut line, sent).await.is_empty()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
