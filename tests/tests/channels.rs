//! The path of a message through real parts: a guest that hears it, the rules of its account, a turn, the answer on
//! its way out. The guest is the parrot, which refuses to speak: its refusal shows what would have left.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::sync::Arc;
use std::time::Duration;

use openclaw_channels::{Channels, Named, Options};
use openclaw_secrets::SnapshotCell;
use openclaw_state::{ChannelAccount, DeadLetter};
use openclaw_tests::assistant::Assistant;
use openclaw_tests::parrot::{Nest, TOKEN, call};
use serde_json::{Value, json};

struct Aviary {
    nest: Nest,
    assistant: Assistant,
    channels: Channels,
    _folder: tempfile::TempDir,
}

async fn aviary(parrot: Value) -> Aviary {
    let nest = Nest::build(env!("CARGO_BIN_EXE_openclaw-compile-child")).await;
    let folder = tempfile::tempdir().unwrap();
    let grant = serde_json::to_string(&nest.grant(None)).unwrap();
    let digest = nest.installed.digest.to_string();
    let keep = nest
        .state
        .write(move |tx| tx.put_grant("parrot", &digest, None, &grant));
    keep.await.unwrap();
    let config = json!({ "channels": { "parrot": parrot } });
    let state = nest.state.clone();
    let assistant = Assistant::start_with(folder.path(), &config, state, Some(nest.host.clone()))
        .await
        .unwrap();
    let channels = Channels::start(Options {
        state: nest.state.clone(),
        config: Arc::clone(&assistant.config),
        secrets: Arc::new(SnapshotCell::default()),
        host: nest.host.clone(),
        agent: assistant.agent.clone(),
    });
    let channels = channels.await.unwrap();
    let aviary = Aviary {
        nest,
        assistant,
        channels,
        _folder: folder,
    };
    aviary
        .wait(async |aviary| aviary.account().await["running"] == true)
        .await;
    aviary
}

impl Aviary {
    /// The only account, as status tells it.
    async fn account(&self) -> Value {
        let report = self.channels.status(None).await;
        serde_json::to_value(&report.accounts["parrot"][0]).unwrap()
    }

    /// Has the parrot do steps in a handler.
    async fn steps(&self, steps: Value) -> Value {
        let answer = self
            .channels
            .webhook("parrot", "default", call(&steps.to_string()));
        serde_json::from_slice(&answer.await.unwrap().body).unwrap()
    }

    async fn wait(&self, is_so: impl AsyncFn(&Self) -> bool) {
        for _ in 0..600 {
            if is_so(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never came to be: {}", self.account().await);
    }

    async fn letter(&self, at: usize) -> DeadLetter {
        self.wait(async |aviary| aviary.channels.dead_letters().await.unwrap().len() > at)
            .await;
        self.channels.dead_letters().await.unwrap().remove(0)
    }

    async fn end(self) {
        self.channels.stop().await;
        self.assistant.stop().await;
    }
}

fn open_to_all() -> Value {
    json!({ "token": TOKEN, "dmPolicy": "open", "allowFrom": ["*"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_a_turn_and_its_answer_leaves_once() {
    let aviary = aviary(open_to_all()).await;
    let message = json!([
        { "do": "deliver", "id": "7", "text": "run: tell me who you are" },
        { "do": "save", "text": "seen 7" },
        { "do": "move-cursor", "name": "updates", "to": "8" },
    ]);
    aviary.steps(message.clone()).await;
    let letter = aviary.letter(0).await;
    assert_eq!(letter.outbound.message.key, "parrot:default:7:final");
    let body: Value = serde_json::from_str(&letter.outbound.message.body).unwrap();
    assert!(!body["text"].as_str().unwrap().is_empty());
    assert!(
        letter.error.contains("only takes its own actions"),
        "{}",
        letter.error
    );
    let of = ChannelAccount::new("parrot", "default").unwrap();
    let left = aviary.nest.state.read(move |view| {
        Ok::<_, openclaw_state::Error>((view.channel_state(&of)?, view.channel_cursors(&of)?))
    });
    let (state, cursors) = left.await.unwrap();
    assert_eq!(state.as_deref(), Some(&b"seen 7"[..]));
    assert_eq!(cursors[0].position, "8");
    aviary.steps(message).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        aviary.channels.dead_letters().await.unwrap().len(),
        1,
        "once is enough"
    );
    aviary.channels.replay(letter.outbound.seq).await.unwrap();
    aviary
        .wait(async |aviary| {
            let letters = aviary.channels.dead_letters().await.unwrap();
            letters
                .first()
                .is_some_and(|again| again.since_ms > letter.since_ms)
        })
        .await;
    aviary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_let_in_by_a_code_and_then_answered() {
    let aviary = aviary(json!({ "token": TOKEN })).await;
    aviary
        .steps(json!([{ "do": "deliver", "id": "1", "text": "hello" }]))
        .await;
    let letter = aviary.letter(0).await;
    assert_eq!(letter.outbound.message.kind, "pairing");
    let waiting = aviary.channels.pairing_list("parrot").await.unwrap();
    let code = waiting[0].code.clone();
    assert!(letter.outbound.message.body.contains(&code));
    let wrong = aviary
        .channels
        .pairing_approve("parrot", None, Named::Code("AAAAAAAA".to_owned()), true);
    assert!(wrong.await.unwrap_err().to_string().contains("AAAAAAAA"));
    let code = Named::Code(code.to_lowercase());
    let approved = aviary
        .channels
        .pairing_approve("parrot", None, code, true)
        .await
        .unwrap();
    let paired = aviary.channels.paired("parrot", "default").await.unwrap();
    assert_eq!(paired[0].sender, approved.applicant.sender);
    assert_eq!(aviary.letter(1).await.outbound.message.kind, "notice");
    aviary
        .steps(json!([{ "do": "deliver", "id": "2", "text": "hello again" }]))
        .await;
    assert_eq!(aviary.letter(2).await.outbound.message.kind, "reply");
    aviary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_told_probed_stopped_and_started() {
    let aviary = aviary(open_to_all()).await;
    aviary
        .steps(json!([{ "do": "health", "word": "connected" }]))
        .await;
    aviary
        .wait(async |aviary| aviary.account().await["connected"] == true)
        .await;
    let account = aviary.account().await;
    assert_eq!(account["accountId"], "default");
    assert_eq!(
        (&account["tokenSource"], &account["dmPolicy"]),
        (&json!("config"), &json!("open"))
    );
    assert!(!account.to_string().contains(TOKEN));
    let report = aviary.channels.status(Some(Duration::from_secs(20))).await;
    assert_eq!(report.channels, [("parrot".to_owned(), "Parrot".to_owned())]);
    assert_eq!(report.accounts["parrot"][0].probe.as_ref().unwrap()["ok"], true);
    assert!(aviary.channels.stop_account("parrot", "default").await.unwrap());
    assert_eq!(aviary.account().await["running"], false);
    aviary.channels.reconcile().await.unwrap();
    assert_eq!(
        aviary.account().await["running"],
        false,
        "who was stopped stays so"
    );
    let refused = aviary.channels.webhook("parrot", "default", call("[]")).await;
    assert!(refused.is_err());
    assert!(aviary.channels.start_account("parrot", "default").await.unwrap());
    aviary
        .wait(async |aviary| aviary.account().await["running"] == true)
        .await;
    assert!(aviary.channels.start_account("parrot", "work").await.is_err());
    aviary.end().await;
}
