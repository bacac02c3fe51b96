//! Messages that an adapter delivers as if they came from elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openclaw_channels::{AccountSnapshot, Channels, Options};
use openclaw_components::{Installed, MANIFEST_FILE};
use openclaw_policy::Choice;
use openclaw_secrets::SnapshotCell;
use openclaw_state::DeadLetter;
use openclaw_tests::assistant::Assistant;
use openclaw_tests::parrot::{TOKEN, call, manifest};
use serde_json::{Value, json};

use crate::common::grant;
use crate::ordeal::House;

/// A gateway's channels, of which the parrot serves one.
struct Aviary {
    channels: Channels,
    assistant: Assistant,
    _folder: tempfile::TempDir,
}

/// Installs the parrot under an id.
async fn install(house: &House, id: &str) -> Installed {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let component = root.join("tests/guests/parrot/target/wasm32-wasip2/release/parrot.wasm");
    let package = house.fixture.folder.path().join(id);
    fs::create_dir_all(&package).unwrap();
    fs::copy(component, package.join("parrot.wasm")).unwrap();
    let mut manifest = manifest();
    manifest["id"] = json!(id);
    fs::write(package.join(MANIFEST_FILE), manifest.to_string()).unwrap();
    house.fixture.host.install(&package).await.unwrap()
}

/// Keeps a grant of all that it asks for.
async fn allow(house: &House, installed: &Installed) {
    let granted = serde_json::to_string(&grant(installed, Choice::All)).unwrap();
    let (id, digest) = (installed.manifest.id.to_string(), installed.digest.to_string());
    let keep = house
        .state
        .write(move |tx| tx.put_grant(&id, &digest, None, &granted));
    keep.await.unwrap();
}

impl Aviary {
    async fn open(house: &House, config: &Value) -> Self {
        let installed = install(house, "parrot").await;
        allow(house, &installed).await;
        let folder = tempfile::tempdir().unwrap();
        let (state, host) = (house.state.clone(), house.fixture.host.clone());
        let assistant = Assistant::start_with(folder.path(), config, state.clone(), Some(host.clone()));
        let assistant = assistant.await.unwrap();
        let channels = Channels::start(Options {
            state,
            config: Arc::clone(&assistant.config),
            secrets: Arc::new(SnapshotCell::default()),
            host,
            agent: assistant.agent.clone(),
        });
        let aviary = Self {
            channels: channels.await.unwrap(),
            assistant,
            _folder: folder,
        };
        aviary.wait(|account| account.running).await;
        aviary
    }

    /// Waits until the account is so.
    async fn wait(&self, is_so: impl Fn(&AccountSnapshot) -> bool) {
        for _ in 0..4500 {
            if is_so(&self.channels.status(None).await.accounts["parrot"][0]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", self.channels.status(None).await.accounts);
    }

    /// Has the parrot deliver a message and claim where it comes from; says what was wrong with it.
    async fn claim(&self, id: &str, claim: &Value) -> Result<(), String> {
        let steps =
            json!([{ "do": "deliver", "id": id, "text": "run: tell me who you are", "claim": claim }]);
        let answer = self
            .channels
            .webhook("parrot", "default", call(&steps.to_string()));
        answer.await.map(drop).map_err(|error| error.to_string())
    }

    /// The parrot refuses to speak, so that each answer is a dead letter: these, when there are so many.
    async fn answers(&self, count: usize) -> Vec<DeadLetter> {
        for _ in 0..4500 {
            let letters = self.channels.dead_letters().await.unwrap();
            if letters.len() >= count {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "not every message was answered: {:?}",
            self.channels.dead_letters().await
        );
    }

    async fn close(self) {
        self.channels.stop().await;
        self.assistant.agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_speaks_for_its_own_channel_and_account_whatever_it_claims() {
    let house = House::open().await;
    let config = json!({
        "session": { "dmScope": "per-account-channel-peer" },
        "channels": {
            "parrot": { "token": TOKEN, "dmPolicy": "open", "allowFrom": ["*"], "groupPolicy": "open" },
        },
    });
    let direct = |from: &str| json!({ "from": from, "also": ["telegram:42"], "to": from, "group": false });
    let room = |to: &str, thread: Option<&str>| json!({ "from": "ann", "also": [], "to": to, "thread": thread, "group": true });
    let claims = [
        direct("telegram:42"),
        direct("agent:main:main"),
        direct("main"),
        direct("global"),
        room("agent:main:main", None),
        room("telegram:group:-100", Some("7")),
        room("x", Some("agent:main:telegram:default:direct:42")),
    ];
    house
        .ordeal("parrot", 0, async {
            let aviary = Aviary::open(&house, &config).await;
            for (nth, claim) in claims.iter().enumerate() {
                aviary.claim(&nth.to_string(), claim).await.unwrap();
            }
            let answers = aviary.answers(claims.len()).await;
            for answer in &answers {
                let sent = &answer.outbound.message;
                assert_eq!(
                    (sent.channel.as_str(), sent.account.as_str()),
                    ("parrot", "default")
                );
                let key = sent.session_key.as_deref().unwrap();
                let own = ["agent:main:parrot:default:direct:", "agent:main:parrot:group:"];
                assert!(own.iter().any(|own| key.starts_with(own)), "{key}");
            }
            let keys: BTreeSet<_> = answers
                .iter()
                .map(|answer| &answer.outbound.message.session_key)
                .collect();
            assert_eq!(
                keys.len(),
                claims.len(),
                "each is a conversation of its own: {keys:?}"
            );
            aviary.close().await;
        })
        .await;
}

/// Conversations are kept by lines, and people read their ids in lines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_with_a_line_break_is_no_id() {
    let house = House::open().await;
    let config =
        json!({ "channels": { "parrot": { "token": TOKEN, "dmPolicy": "open", "allowFrom": ["*"] } } });
    house
        .ordeal("parrot", 0, async {
            let aviary = Aviary::open(&house, &config).await;
            let claim = |from: &str, to: &str, thread: &str| {
                json!({ "from": from, "also": [], "to": to, "thread": thread, "group": false })
            };
            aviary.claim("1", &claim("ann", "ann", "1")).await.unwrap();
            for claim in [
                claim("ann\nbob", "ann", "1"),
                claim("ann", "ann\nwarn: gateway: granted all", "1"),
                claim("ann", "ann", "1\u{1b}[2J"),
            ] {
                // The event is set aside, and the handler's others would go on.
                aviary.claim("2", &claim).await.unwrap();
            }
            assert_eq!(aviary.answers(1).await.len(), 1);
            aviary.close().await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_taken_from_nobody_by_who_only_says_that_it_serves_it() {
    let house = House::open().await;
    let config =
        json!({ "channels": { "parrot": { "token": TOKEN, "dmPolicy": "open", "allowFrom": ["*"] } } });
    // Its id comes first.
    let cuckoo = install(&house, "cuckoo").await;
    house
        .ordeal("cuckoo", 0, async {
            let aviary = Aviary::open(&house, &config).await;
            let claim = json!({ "from": "ann", "also": [], "to": "ann", "thread": null, "group": false });
            aviary.claim("1", &claim).await.unwrap();
            // A grant for it too, and nobody can say any more whose the channel is.
            allow(&house, &cuckoo).await;
            let _ = aviary.channels.reconcile().await;
            aviary.wait(|account| !account.running).await;
            let account = &aviary.channels.status(None).await.accounts["parrot"][0];
            let why = account.last_error.as_deref().unwrap_or_default();
            assert!(why.contains("cuckoo, parrot"), "{account:?}");
            aviary.close().await;
        })
        .await;
}
