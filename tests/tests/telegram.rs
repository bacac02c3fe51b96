//! The adapter of Telegram in a real host, against the fake Telegram: every message arrives once whatever the network
//! does, what is sent reads as it was meant, and nothing counts in a webhook before its secret word does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use openclaw_components::channel::accounts::WebhookRequest;
use openclaw_components::channel::inbound::{AttachmentSource, InboundEvent, Mention, Message};
use openclaw_components::channel::outbound::{
    DraftUpdate, Edit, OutboundAction, OutgoingMessage, React, Typing,
};
use openclaw_components::channel::shapes::{Address, Run, Style, Text};
use openclaw_components::channel::{
    AccountOptions, AccountStatus, Adapter, AdapterError, ErrorCode, Event, Facts, Happening, HttpDone,
    Outbound, Receipt, Sent, StartReason, TimerChange,
};
use openclaw_components::{
    CompileLimits, Compiler, Host, Installed, MANIFEST_FILE, NetworkOptions, Options, Settings,
};
use openclaw_policy::{Choice, Consent, Grant};
use openclaw_secrets::SecretValue;
use openclaw_state::State;
use openclaw_tests::platforms::telegram::{Fault, Group, Say, TOKEN, Telegram, Trouble, USERNAME};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);
const ANN: i64 = 7001;
const WORD: &str = "w0rd-of-mouth-31415926";

/// A host with the adapter installed.
struct House {
    host: Host,
    installed: Installed,
    _folder: TempDir,
}

impl House {
    async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = openclaw_state::Options::new(folder.path().join("state"), str::to_owned);
        let state = State::open(state).unwrap();
        let compiler = Compiler {
            program: PathBuf::from(env!("CARGO_BIN_EXE_openclaw-compile-child")),
            args: Vec::new(),
            limits: CompileLimits::default(),
        };
        let mut options = Options::new(folder.path().join("host"), compiler, state);
        options.network = NetworkOptions::default();
        let host = Host::start(options).await.unwrap();
        let guest = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .join("guests/channels/telegram");
        let component = guest.join("target/wasm32-wasip2/release/telegram.wasm");
        assert!(
            component.is_file(),
            "{} is missing; `cargo xtask test` builds it",
            component.display()
        );
        let package = folder.path().join("telegram");
        fs::create_dir_all(&package).unwrap();
        fs::copy(component, package.join("telegram.wasm")).unwrap();
        fs::copy(guest.join(MANIFEST_FILE), package.join(MANIFEST_FILE)).unwrap();
        let installed = host.install(&package).await.unwrap();
        Self {
            host,
            installed,
            _folder: folder,
        }
    }

    async fn account(&self, root: &str, token: &str, webhook: Option<&str>) -> Lane {
        let consent = Consent {
            extension: self.installed.manifest.id.clone(),
            digest: self.installed.digest,
            account: None,
            at: 1,
            by: "test".to_owned(),
        };
        let limits = self.installed.manifest.requested_limits();
        let asked = (&self.installed.manifest.capabilities, &limits);
        let mut values = json!({"botToken": token, "webhookSecret": WORD, "apiRoot": root});
        if let Some(url) = webhook {
            values["webhookUrl"] = json!(url);
        }
        let (sender, _) = mpsc::channel(1);
        let secret = |name: &str, value: &str| (name.to_owned(), SecretValue::new(value));
        let options = AccountOptions {
            account: "default".to_owned(),
            grant: Grant::new(consent, asked, Choice::All).unwrap(),
            settings: Settings {
                values,
                secrets: BTreeMap::from([secret("botToken", token), secret("webhookSecret", WORD)]),
            },
            values: [("apiRoot".to_owned(), root.to_owned())].into(),
            happenings: sender,
        };
        let adapter = self.host.open_account(&self.installed, options).await.unwrap();
        Lane::new(adapter)
    }
}

/// What the gateway does with an account, in memory: events in order, effects committed, then requests begun.
struct Lane {
    adapter: Adapter,
    facts: Facts,
    told: Vec<InboundEvent>,
    seen: BTreeSet<String>,
    requests: BTreeMap<String, tokio::task::JoinHandle<()>>,
    done: (mpsc::UnboundedSender<HttpDone>, mpsc::UnboundedReceiver<HttpDone>),
    count: u64,
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Lane {
    fn new(adapter: Adapter) -> Self {
        Self {
            adapter,
            facts: Facts::default(),
            told: Vec::new(),
            seen: BTreeSet::new(),
            requests: BTreeMap::new(),
            done: mpsc::unbounded_channel(),
            count: 0,
        }
    }

    async fn begin(&mut self) {
        for (_, request) in std::mem::take(&mut self.requests) {
            request.abort();
        }
        self.facts.in_flight.clear();
        self.done = mpsc::unbounded_channel();
        self.happen(Happening::Started(StartReason::Boot)).await;
    }

    async fn happen(&mut self, what: Happening) {
        self.count += 1;
        let event = Event {
            id: format!("e{}", self.count),
            attempt: 1,
            time: now(),
            what,
        };
        let effects = self
            .adapter
            .handle(vec![event], self.facts.clone())
            .await
            .unwrap();
        self.commit(effects);
    }

    fn commit(&mut self, effects: openclaw_components::channel::Effects) {
        for event in effects.delivered {
            if self.seen.insert(origin(&event)) {
                self.told.push(event);
            }
        }
        if let Some(state) = effects.state {
            self.facts.state = Some(Bytes::from(state));
        }
        let cursors = effects
            .cursors
            .into_iter()
            .map(|cursor| (cursor.name, cursor.position));
        self.facts.cursors.extend(cursors);
        for change in effects.timers {
            match change {
                TimerChange::Set { name, due } => self.facts.timers.insert(name, due),
                TimerChange::Cancel { name } => self.facts.timers.remove(&name),
            };
        }
        for request in effects.requests {
            let token = request.token.clone();
            let (adapter, done) = (self.adapter.clone(), self.done.0.clone());
            self.facts.in_flight.insert(token.clone());
            let task = tokio::spawn(async move {
                let _ = done.send(adapter.perform(request).await);
            });
            if let Some(old) = self.requests.insert(token, task) {
                old.abort();
            }
        }
    }

    /// Lets the account work until something is so.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                tokio::time::Instant::now() < end,
                "waited for {what}: {:?}",
                self.texts()
            );
            let due = self
                .facts
                .timers
                .iter()
                .find(|(_, due)| **due <= now())
                .map(|(name, _)| name.clone());
            if let Some(name) = due {
                self.facts.timers.remove(&name);
                self.happen(Happening::Timer(name)).await;
                continue;
            }
            let next = tokio::time::timeout(Duration::from_millis(20), self.done.1.recv()).await;
            if let Ok(Some(done)) = next {
                self.facts.in_flight.remove(&done.token);
                self.happen(Happening::HttpDone(done)).await;
            }
        }
    }

    async fn until_text(&mut self, text: &str) {
        self.until(text, |lane| lane.texts().iter().any(|there| there == text))
            .await;
    }

    fn status(&self) -> Option<AccountStatus> {
        self.adapter.status().borrow().clone()
    }

    fn messages(&self) -> Vec<&Message> {
        let messages = self.told.iter().filter_map(|event| match event {
            InboundEvent::Message(message) | InboundEvent::Edited(message) => Some(message),
            _ => None,
        });
        messages.collect()
    }

    fn texts(&self) -> Vec<String> {
        let text = |message: &&Message| match &message.text {
            Text::Plain(text) => text.clone(),
            other => format!("{other:?}"),
        };
        self.messages().iter().map(text).collect()
    }

    async fn send(&self, action: OutboundAction) -> Result<Receipt, AdapterError> {
        let outbound = Outbound {
            action,
            key: "k".to_owned(),
            attempt: NonZeroU32::MIN,
        };
        self.adapter.send(outbound, self.facts.clone()).await
    }
}

fn origin(event: &InboundEvent) -> String {
    let origin = match event {
        InboundEvent::Message(event) | InboundEvent::Edited(event) => &event.origin,
        InboundEvent::Callback(event) => &event.origin,
        InboundEvent::Membership(event) => &event.origin,
        InboundEvent::Moved(event) => &event.origin,
        other => panic!("{other:?}"),
    };
    origin.event_id.clone()
}

fn to(chat: i64) -> Address {
    Address {
        to: chat.to_string(),
        thread: None,
    }
}

fn message(chat: i64, text: Text) -> OutgoingMessage {
    OutgoingMessage {
        address: to(chat),
        text,
        media: Vec::new(),
        reply_to: None,
        in_answer_to: None,
        buttons: Vec::new(),
        hints: Vec::new(),
        extra: None,
    }
}

fn plain(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

async fn started(server: &Telegram, house: &House) -> Lane {
    let mut lane = house.account(&server.root(), TOKEN, None).await;
    lane.begin().await;
    lane.until("the account", |lane| {
        lane.status() == Some(AccountStatus::Connected)
    })
    .await;
    lane
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_arrives_once_whatever_the_network_does() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    let mut lane = house.account(&server.root(), TOKEN, None).await;
    server.write(ANN, "before");
    server.fail(Fault::once("getMe", Trouble::Disconnect));
    server.fail(Fault::once("getUpdates", Trouble::Status(502)));
    server.fail(Fault::once("getUpdates", Trouble::DisconnectAfter));
    server.fail(Fault::once("getUpdates", Trouble::TooMany(1)));
    server.fail(Fault::once(
        "getUpdates",
        Trouble::Garbage("{\"ok\":true,\"result\":[{\"upd".to_owned()),
    ));
    lane.begin().await;
    lane.until_text("before").await;
    for odd in [
        "{\"update_id\":UPDATE_ID,\"message\":{\"text\":\"\\ud800\"}}",
        "{\"update_id\":UPDATE_ID,\"message\":{\"message_id\":\"x\",\"chat\":[],\"date\":{},\"text\":7}}",
        "{\"update_id\":UPDATE_ID}",
        "{\"message\":null}",
    ] {
        server.put(odd);
    }
    server.write(ANN, "one");
    server.repeat_first();
    server.write(ANN, "two");
    lane.until_text("two").await;
    // The gateway dies, and hours pass.
    lane.begin().await;
    server.write(ANN, "three");
    server.pass_hours(20);
    server.write(ANN, "four");
    lane.until_text("four").await;
    assert_eq!(lane.texts(), ["before", "one", "two", "three", "four"]);
    lane.until("the confirmation", |_| server.waiting() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_makes_the_whole_answer_unreadable_is_passed_over() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    let mut lane = started(&server, &house).await;
    server.put("{\"update_id\":UPDATE_ID,\"message\":{\"text\":\"torn");
    server.write(ANN, "after");
    lane.until_text("after").await;
    assert_eq!(lane.texts(), ["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_taken_away_and_another_program_is_told_of() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    let mut hooked = house
        .account(&server.root(), TOKEN, Some("http://127.0.0.1:9/hook"))
        .await;
    hooked.begin().await;
    hooked
        .until("the webhook", |lane| {
            lane.status() == Some(AccountStatus::Connected)
        })
        .await;
    let mut lane = house.account(&server.root(), TOKEN, None).await;
    server.write(ANN, "hi");
    lane.begin().await;
    lane.until_text("hi").await;
    let because =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    server.fail(Fault::once(
        "getUpdates",
        Trouble::Refuse(409, because.to_owned()),
    ));
    server.write(ANN, "still");
    lane.until(
        "word of it",
        |lane| matches!(lane.status(), Some(AccountStatus::Degraded(why)) if why.contains("another program")),
    )
    .await;
    lane.until_text("still").await;
    let unknown = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALxxxx";
    let mut lane = house.account(&server.root(), unknown, None).await;
    lane.begin().await;
    lane.until("word of the token", |lane| {
        matches!(lane.status(), Some(AccountStatus::SignedOut(_)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_the_webhook_counts_only_with_the_secret_word() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    let mut lane = house
        .account(&server.root(), TOKEN, Some("http://127.0.0.1:9/hook"))
        .await;
    lane.begin().await;
    lane.until("the webhook", |lane| {
        lane.status() == Some(AccountStatus::Connected)
    })
    .await;
    let set = server
        .calls()
        .into_iter()
        .find(|call| call.method == "setWebhook")
        .unwrap();
    assert_eq!(set.arguments["secret_token"], WORD);
    let said = server.write(ANN, "hi");
    let update = json!({"update_id": 77, "message": said}).to_string();
    for (word, status) in [
        (None, 401),
        (Some("wrong"), 401),
        (Some(WORD), 200),
        (Some(WORD), 200),
    ] {
        let headers = word.map(|word| openclaw_components::channel::Header {
            name: "X-Telegram-Bot-Api-Secret-Token".to_owned(),
            value: word.to_owned(),
        });
        let request = WebhookRequest {
            method: "POST".to_owned(),
            url: "http://127.0.0.1:9/hook".to_owned(),
            path: String::new(),
            query: String::new(),
            headers: headers.into_iter().collect(),
            body: update.clone().into_bytes(),
            peer: None,
        };
        let (response, effects) = lane.adapter.webhook(request, lane.facts.clone()).await.unwrap();
        assert_eq!(response.status, status, "{word:?}");
        assert_eq!(effects.delivered.is_empty(), status != 200);
        lane.commit(effects);
    }
    assert_eq!(lane.texts(), ["hi"]);
    assert_eq!(lane.facts.cursors["updates"], "78");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_heard_and_what_moves_is_followed() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    let group = Group {
        id: -500,
        kind: "group".to_owned(),
        ..Group::default()
    };
    server.group(group);
    server.see_all(true);
    let mut lane = started(&server, &house).await;
    server.say(Say::in_group(ANN, -500, "among us"));
    server.say(Say::in_group(ANN, -500, &format!("/status@{USERNAME} please")));
    lane.until_text("/status please").await;
    let mentions: Vec<bool> = lane
        .messages()
        .iter()
        .map(|message| matches!(message.mention, Mention::Named))
        .collect();
    assert_eq!(mentions, [false, true]);
    server.migrate(-500, -1_001_000_000_500);
    lane.until("the move", |lane| {
        lane.told
            .iter()
            .any(|event| matches!(event, InboundEvent::Moved(_)))
    })
    .await;
    let receipt = lane
        .send(OutboundAction::Message(message(-500, plain("found you"))))
        .await
        .unwrap();
    assert_eq!(receipt.address.unwrap().to, "-1001000000500");
    assert_eq!(server.texts(-1_001_000_000_500), ["found you"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_reads_as_it_was_meant() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    server.write(ANN, "hi");
    let mut lane = started(&server, &house).await;
    lane.until_text("hi").await;
    let run = |text: &str, styles: Vec<Style>| Run {
        text: text.to_owned(),
        styles,
    };
    let runs = Text::Runs(vec![
        run("a < b & ", Vec::new()),
        run("bold", vec![Style::Bold]),
        run("\nlet x = 1;", vec![Style::CodeBlock("rust".to_owned())]),
    ]);
    let answer = OutgoingMessage {
        reply_to: Some("1".to_owned()),
        ..message(ANN, runs)
    };
    let receipt = lane.send(OutboundAction::Message(answer)).await.unwrap();
    let sent = server.messages(ANN).pop().unwrap();
    assert_eq!(receipt.ids, [sent["message_id"].to_string()]);
    assert_eq!(sent["text"], "a < b & bold\nlet x = 1;");
    assert_eq!(sent["reply_to_message"]["text"], "hi");
    let kinds: Vec<_> = sent["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| entity["type"].clone())
        .collect();
    assert_eq!(kinds, ["bold", "pre"]);

    let id = receipt.ids[0].clone();
    let edit = |text: &str| {
        let text = plain(text);
        OutboundAction::Edit(Edit {
            address: to(ANN),
            message_id: id.clone(),
            text,
            buttons: Vec::new(),
            in_answer_to: None,
        })
    };
    lane.send(edit("better")).await.unwrap();
    lane.send(edit("better"))
        .await
        .expect("a message that reads so already is as it should be");
    let draft = |message_id: Option<&String>, text: &str, is_final| {
        OutboundAction::DraftUpdate(DraftUpdate {
            address: to(ANN),
            draft_id: "d".to_owned(),
            message_id: message_id.cloned(),
            text: plain(text),
            reply_to: None,
            in_answer_to: None,
            is_final,
        })
    };
    let first = lane.send(draft(None, "gro", false)).await.unwrap();
    lane.send(draft(first.ids.first(), "growing", true))
        .await
        .unwrap();
    assert_eq!(server.texts(ANN), ["better", "growing"]);
    let typing = Typing {
        address: to(ANN),
        active: true,
        in_answer_to: None,
    };
    lane.send(OutboundAction::Typing(typing)).await.unwrap();
    let react = React {
        address: to(ANN),
        message_id: "1".to_owned(),
        emoji: "👍".to_owned(),
        remove: false,
    };
    lane.send(OutboundAction::React(react)).await.unwrap();
    assert_eq!(server.messages(ANN)[0]["reactions_of_bot"][0]["emoji"], "👍");

    let broken = "Bad Request: can't parse entities: Unsupported start tag";
    server.fail(Fault::once(
        "sendMessage",
        Trouble::Refuse(400, broken.to_owned()),
    ));
    lane.send(OutboundAction::Message(message(ANN, plain("1 < 2"))))
        .await
        .unwrap();
    assert_eq!(server.texts(ANN).last().unwrap(), "1 < 2");
    assert_eq!(server.calls().last().unwrap().arguments.get("parse_mode"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_whether_it_may_be_sent_again() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    server.write(ANN, "hi");
    let lane = house.account(&server.root(), TOKEN, None).await;
    let send = || lane.send(OutboundAction::Message(message(ANN, plain("x"))));
    server.fail(Fault::once("sendMessage", Trouble::TooMany(7)));
    let error = send().await.unwrap_err();
    assert_eq!((error.code, error.sent), (ErrorCode::RateLimited, Sent::No));
    assert_eq!(error.retry_after.map(|time| time.as_secs()), Some(7));
    server.fail(Fault::once("sendMessage", Trouble::DisconnectAfter));
    assert_ne!(send().await.unwrap_err().sent, Sent::No);
    server.fail(Fault::once("sendMessage", Trouble::Status(502)));
    assert_eq!(send().await.unwrap_err().sent, Sent::Unknown);
    server.block(ANN);
    let error = send().await.unwrap_err();
    assert_eq!((error.code, error.sent), (ErrorCode::Refused, Sent::No));
    assert_eq!(server.texts(ANN), ["x"], "only the one whose answer was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_fetched_when_they_are_wanted_and_the_token_is_nowhere_to_be_seen() {
    let (server, house) = (Telegram::start().await.unwrap(), House::build().await);
    let mut lane = started(&server, &house).await;
    let file = server.store("0123456789");
    let document = json!({"file_id": file, "file_unique_id": "u", "file_name": "a.txt", "file_size": 10});
    server.say(
        Say {
            person: ANN,
            ..Say::default()
        }
        .with("document", document),
    );
    lane.until("the file", |lane| {
        lane.messages()
            .iter()
            .any(|message| !message.attachments.is_empty())
    })
    .await;
    let AttachmentSource::Deferred(handle) = &lane.messages()[0].attachments[0].source else {
        panic!()
    };
    let media = lane
        .adapter
        .fetch(handle.clone(), lane.facts.clone())
        .await
        .unwrap();
    assert!(!media.is_empty());
    let report = lane.adapter.probe(lane.facts.clone()).await.unwrap();
    assert_eq!(report.identity.unwrap().username.as_deref(), Some(USERNAME));
    assert!(
        report.warnings.iter().any(|warning| warning.contains("privacy")),
        "{:?}",
        report.warnings
    );
    let target = lane
        .adapter
        .normalize_target("tg:@Some_Name".to_owned(), lane.facts.clone())
        .await
        .unwrap();
    assert_eq!(target.address.to, "@some_name");
    let state = String::from_utf8(lane.facts.state.clone().unwrap().to_vec()).unwrap();
    let shown: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(shown["me"]["username"], USERNAME);
    assert!(!state.contains(TOKEN) && !format!("{:?}", lane.told).contains(TOKEN));
}
