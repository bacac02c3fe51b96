//! Accounts that run, with adapters that do what a test says, and a real state.

mod accounts;
mod delivery;
mod lane;
mod live;
mod messages;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use openclaw_config::tree::Config;
use openclaw_config::{Current, Memory, Place, Request, Schema, Selection, Snapshot, Surroundings, load};
use openclaw_state::{ChannelAccount, NewOutbound, State, Turn};
use serde_json::{Value, json};

use crate::account::{Account, Beginning, Running, Shared};
use crate::adapter::StartReason;
use crate::backoff::{Backoff, Pace};
use crate::recipe::Recipe;
use crate::scripted::Script;
use crate::settings::{self, Settings};
use crate::status::{AccountSnapshot, Status};

/// A gateway's part that matters here, in a folder of its own.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) state: State,
    pub(crate) config: Snapshot<Config>,
    pub(crate) pace: Pace,
    woken: Arc<AtomicUsize>,
}

/// Nobody waits in a test.
const SHORT: Backoff = Backoff {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(20),
};
const QUICK: Pace = Pace {
    restart: SHORT,
    event: SHORT,
    send: SHORT,
    breaker: Backoff {
        first: Duration::from_millis(100),
        longest: Duration::from_millis(200),
    },
    step: Duration::from_millis(50),
    typing: Duration::from_millis(100),
    patience: Duration::from_millis(300),
    last_word: Duration::from_millis(500),
};

fn account() -> ChannelAccount {
    ChannelAccount::new("telegram", "default").unwrap()
}

fn open(folder: &Path) -> State {
    State::open(openclaw_state::Options::new(folder, |text: &str| text.to_owned())).unwrap()
}

fn config(value: &Value) -> Snapshot<Config> {
    let folder = "/home/ann";
    let around = Surroundings {
        env: [("HOME".to_owned(), folder.to_owned())].into(),
        cwd: folder.into(),
        os_home: Some(folder.into()),
    };
    let mut files = Memory::default();
    files.insert(format!("{folder}/.openclaw/openclaw.json"), value.to_string());
    let place = Place::find(&Selection::default(), &around, &files).unwrap();
    load(Request {
        place: &place,
        around: &around,
        files: &files,
        schema: &Schema::of_tree(),
    })
    .unwrap()
}

impl Home {
    /// One whose `channels.telegram` says this.
    pub(crate) fn new(channel: Value) -> Self {
        Self::with(json!({ "channels": { "telegram": channel } }))
    }

    fn with(whole: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            state: open(folder.path()),
            config: config(&whole),
            pace: QUICK,
            woken: Arc::default(),
            folder,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        let all = settings::accounts(&self.config, "telegram", &["botToken".to_owned()]);
        all.into_iter().find(|settings| settings.of == account()).unwrap()
    }

    fn begin(&self, script: &Arc<Script>) -> Account {
        self.begin_with(script, Arc::new(Current::new(self.config.clone())))
    }

    fn begin_with(&self, script: &Arc<Script>, config: Arc<Current<Config>>) -> Account {
        let woken = Arc::clone(&self.woken);
        Account::begin(Beginning {
            recipe: Recipe::Scripted(Arc::clone(script)),
            settings: self.settings(),
            config,
            state: self.state.clone(),
            status: Status::new(AccountSnapshot::default()),
            wake: Arc::new(move || {
                woken.fetch_add(1, Ordering::SeqCst);
            }),
            reason: StartReason::Boot,
            pace: self.pace,
        })
    }

    /// Begins an account and waits until it runs.
    async fn run(&self, script: &Arc<Script>) -> (Account, Running) {
        let account = self.begin(script);
        wait_until(|| account.status.snapshot().running).await;
        let running = account.running().unwrap();
        (account, running)
    }

    /// Ends this process and begins another: what is committed is there, and nothing else. Whatever of the old one
    /// still runs can keep nothing any more.
    async fn die(&mut self) {
        self.state.close().await;
        self.state = open(self.folder.path());
    }

    async fn turns(&self) -> Vec<Turn> {
        self.state.read(|view| view.turns_open(0, 1000)).await.unwrap()
    }

    async fn messages(&self) -> Vec<String> {
        let turns = self.turns().await;
        let message = |turn: &Turn| {
            let request: Value = serde_json::from_str(&turn.request).unwrap();
            request["message"].as_str().unwrap().to_owned()
        };
        turns.iter().map(message).collect()
    }

    async fn put(&self, shared: &Shared, key: &str, text: &str) {
        self.put_as(shared, key, text, None).await;
    }

    async fn put_as(&self, shared: &Shared, key: &str, text: &str, run_id: Option<&str>) {
        let outbound = reply(key, text, run_id);
        self.state
            .write(move |tx| tx.outbox_put(&outbound))
            .await
            .unwrap();
        shared.outbox.notify_one();
    }
}

fn reply(key: &str, text: &str, run_id: Option<&str>) -> NewOutbound {
    NewOutbound {
        channel: "telegram".to_owned(),
        account: "default".to_owned(),
        to: "42".to_owned(),
        thread: None,
        reply_to: Some("m7".to_owned()),
        in_answer_to: Some("handle".to_owned()),
        kind: "reply".to_owned(),
        body: json!({ "text": text }).to_string(),
        key: key.to_owned(),
        session_key: None,
        run_id: run_id.map(str::to_owned),
    }
}

/// How often it is looked whether something is so, 5 ms apart.
const LOOKS: usize = 2_000;

/// Waits until something is so; ends the test if it never is.
async fn wait_until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to be");
}

async fn wait_for<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    for _ in 0..LOOKS {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to be");
}
