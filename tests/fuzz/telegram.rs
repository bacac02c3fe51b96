//! Updates of Telegram, to the adapter as it is shipped.
//!
//! **Promise.** No update ends a call of the adapter: what cannot be read is passed over. What is delivered is of this
//! account, and has an id that follows from the update alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use openclaw_components::channel::accounts::WebhookRequest;
use openclaw_components::channel::{
    AccountOptions, Adapter, Effects, Event, Facts, Happening, Header, HttpDone, origin_of,
};
use openclaw_components::{Host, MANIFEST_FILE, Settings};
use openclaw_policy::{Choice, Consent, Grant};
use openclaw_secrets::SecretValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::start;
use crate::material::{changed, torn, words};
use crate::run::fuzz;

const WORD: &str = "w0rd-of-mouth-31415926";
const TOKEN: &str = "123456:parr0t-t0ken-27182818";
const WORDS: &str = "update_id|message|edited_message|channel_post|edited_channel_post|callback_query|my_chat_member|\
    message_reaction|message_id|chat|from|date|text|caption|entities|caption_entities|offset|length|\
    type|mention|text_mention|bold|pre|custom_emoji|photo|document|voice|sticker|file_id|file_unique_id|\
    file_size|media_group_id|reply_to_message|quote|forward_origin|location|latitude|longitude|\
    message_thread_id|is_topic_message|private|group|supergroup|channel|id|username|first_name|is_bot|\
    title|data|new_reaction|old_reaction|emoji|old_chat_member|new_chat_member|status|\
    migrate_to_chat_id|sender_chat|@parrot_bot|/start@parrot_bot|result|ok";

fn updates() -> Vec<Value> {
    let (ann, bot) = (
        json!({"id": 7001, "is_bot": false, "first_name": "Ann", "username": "ann"}),
        json!({"id": 77, "is_bot": true, "first_name": "Parrot", "username": "parrot_bot"}),
    );
    let chat = json!({"id": 7001, "type": "private", "first_name": "Ann"});
    let group = json!({"id": -100_123, "type": "supergroup", "title": "All of us", "is_forum": true});
    vec![
        json!({"update_id": 5, "message": {"message_id": 1, "from": ann, "chat": chat, "date": 1, "text": "hello @parrot_bot",
            "entities": [{"type": "mention", "offset": 6, "length": 11}, {"type": "bold", "offset": 0, "length": 5}]}}),
        json!({"update_id": 6, "message": {"message_id": 2, "from": ann, "chat": group, "date": 1, "message_thread_id": 4,
            "is_topic_message": true, "caption": "two", "media_group_id": "g1", "photo": [
                {"file_id": "f", "file_unique_id": "u", "width": 10, "height": 10, "file_size": 100}],
            "reply_to_message": {"message_id": 1, "from": bot, "chat": group, "date": 1, "text": "one"}}}),
        json!({"update_id": 7, "edited_message": {"message_id": 1, "from": ann, "chat": chat, "date": 1, "edit_date": 2,
            "text": "hello", "forward_origin": {"type": "user", "sender_user": bot, "date": 1}}}),
        json!({"update_id": 8, "callback_query": {"id": "q", "from": ann, "data": "yes", "chat_instance": "i",
            "message": {"message_id": 3, "chat": chat, "date": 1, "from": bot, "text": "sure?"}}}),
        json!({"update_id": 9, "my_chat_member": {"chat": group, "from": ann, "date": 1,
            "old_chat_member": {"user": bot, "status": "left"}, "new_chat_member": {"user": bot, "status": "member"}}}),
        json!({"update_id": 10, "message_reaction": {"chat": chat, "message_id": 3, "user": ann, "date": 1,
            "old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": "👍"}]}}),
        json!({"update_id": 11, "message": {"message_id": 4, "from": ann, "chat": group, "date": 1,
            "migrate_to_chat_id": -100_124, "location": {"latitude": 47.07, "longitude": 15.44}}}),
    ]
}

/// The adapter with an account that knows who it is.
struct Account {
    adapter: Adapter,
    facts: Facts,
}

fn event(what: Happening) -> Vec<Event> {
    vec![Event {
        id: "e1".to_owned(),
        attempt: 1,
        time: 1_700_000_000_000,
        what,
    }]
}

fn done(token: &str, body: &[u8]) -> Vec<Event> {
    let response = json!({"status": 200, "url": "", "headers": [], "body": String::from_utf8_lossy(body)});
    event(Happening::HttpDone(HttpDone {
        token: token.to_owned(),
        outcome: Ok(serde_json::from_value(response).unwrap()),
    }))
}

impl Account {
    async fn open(host: &Host, folder: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let guest = root.join("guests/channels/telegram");
        let component = guest.join("target/wasm32-wasip2/release/telegram.wasm");
        assert!(
            component.is_file(),
            "{} is missing; `cargo xtask test` builds it",
            component.display()
        );
        let package = folder.join("telegram");
        fs::create_dir_all(&package).unwrap();
        fs::copy(component, package.join("telegram.wasm")).unwrap();
        fs::copy(guest.join(MANIFEST_FILE), package.join(MANIFEST_FILE)).unwrap();
        let installed = host.install(&package).await.unwrap();
        let consent = Consent {
            extension: installed.manifest.id.clone(),
            digest: installed.digest,
            account: None,
            at: 1,
            by: "test".to_owned(),
        };
        let limits = installed.manifest.requested_limits();
        let asked = (&installed.manifest.capabilities, &limits);
        let secret = |name: &str, value: &str| (name.to_owned(), SecretValue::new(value));
        // Nothing is ever begun of what it asks for, so nobody has to listen there.
        let api = "http://127.0.0.1:9".to_owned();
        let options = AccountOptions {
            account: "default".to_owned(),
            grant: Grant::new(consent, asked, Choice::All).unwrap(),
            settings: Settings {
                values: json!({"botToken": TOKEN, "webhookSecret": WORD, "apiRoot": api}),
                secrets: BTreeMap::from([secret("botToken", TOKEN), secret("webhookSecret", WORD)]),
            },
            values: [("apiRoot".to_owned(), api)].into(),
            happenings: mpsc::channel(1).0,
        };
        let adapter = host.open_account(&installed, options).await.unwrap();
        let mut account = Self {
            adapter,
            facts: Facts::default(),
        };
        let me = json!({"ok": true, "result": {"id": 77, "is_bot": true, "first_name": "Parrot", "username": "parrot_bot"}});
        let effects = account.handle(done("me", me.to_string().as_bytes())).await;
        account.facts.state = effects.state.map(Bytes::from);
        account
    }

    async fn handle(&self, events: Vec<Event>) -> Effects {
        self.adapter.handle(events, self.facts.clone()).await.unwrap()
    }

    /// Hands updates over as a poll gave them, twice.
    async fn poll(&self, body: &[u8]) -> usize {
        let effects = self.handle(done("poll", body)).await;
        let ids = ids(&effects);
        let again = self.handle(done("poll", body)).await;
        assert_eq!(ids, self::ids(&again), "ids follow from the updates alone");
        // Parts of albums were kept.
        let mut facts = self.facts.clone();
        facts.state = effects.state.map(Bytes::from).or(facts.state);
        let albums = event(Happening::Timer("albums".to_owned()));
        let later = self.adapter.handle(albums, facts).await.unwrap();
        ids.len() + self::ids(&later).len()
    }

    async fn call(&self, body: Vec<u8>) -> usize {
        let request = WebhookRequest {
            method: "POST".to_owned(),
            url: "https://gateway.example/hook".to_owned(),
            path: String::new(),
            query: String::new(),
            headers: vec![Header {
                name: "X-Telegram-Bot-Api-Secret-Token".to_owned(),
                value: WORD.to_owned(),
            }],
            body,
            peer: None,
        };
        let (response, effects) = self.adapter.webhook(request, self.facts.clone()).await.unwrap();
        assert_eq!(response.status, 200);
        ids(&effects).len()
    }
}

fn ids(effects: &Effects) -> Vec<String> {
    let ids = effects
        .delivered
        .iter()
        .map(|event| origin_of(event).event_id.clone());
    ids.collect()
}

#[test]
fn no_update_ends_a_call_of_the_adapter() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (fixture, account) = runtime.block_on(async {
        let fixture = start().await;
        let account = Account::open(&fixture.host, fixture.folder.path()).await;
        (fixture, account)
    });
    let (seeds, words) = (updates(), words(WORDS));
    let mut delivered = 0;
    fuzz("telegram", |u| {
        let mut some = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            let seed = u.choose(&seeds)?;
            some.push(changed(u, seed, &words)?);
        }
        let one = torn(u, some[0].to_string())?;
        let all = torn(u, json!({"ok": true, "result": some}).to_string())?;
        runtime.block_on(async {
            delivered += account.poll(&all).await;
            delivered += account.call(one).await;
        });
        Ok(())
    });
    drop(fixture);
    assert!(delivered > 0, "no update said anything");
}
