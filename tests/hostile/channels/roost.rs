//! A gateway's channels with two accounts of the parrot: `default`, which misbehaves, and `work`, which does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_channels::{Channels, Options};
use openclaw_secrets::SnapshotCell;
use openclaw_tests::assistant::Assistant;
use openclaw_tests::parrot::{Nest, PATIENCE, Server, TOKEN, call, manifest};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;

use crate::common::{Fixture, tool};
use crate::ordeal::{BAR, House, SAY, WARM};
use crate::watch::Watch;

/// Both accounts, beside an honest tool.
pub(super) struct Roost {
    pub(super) house: House,
    pub(super) channels: Channels,
    pub(super) assistant: Assistant,
    /// The address of a feed of the platform.
    pub(super) feed: String,
    server: Mutex<Server>,
    _nest: Nest,
    _folder: TempDir,
}

impl Roost {
    /// With these limits for each call of the parrot.
    pub(super) async fn build(limits: Value) -> Self {
        let mut asks = manifest();
        asks["limits"] = limits;
        let nest = Nest::build_as(env!("CARGO_BIN_EXE_openclaw-compile-child"), |_| (), asks).await;
        let server = Server::start().await;
        let (grant, digest) = (
            serde_json::to_string(&nest.grant(None)).unwrap(),
            nest.installed.digest.to_string(),
        );
        let keep = nest
            .state
            .write(move |tx| tx.put_grant("parrot", &digest, None, &grant));
        keep.await.unwrap();
        let config = json!({"channels": {"parrot": {
            "token": TOKEN,
            "dmPolicy": "open",
            "allowFrom": ["*"],
            "server": format!("127.0.0.1:{}", server.port),
            "port": server.port.to_string(),
            "accounts": {"work": {"token": TOKEN}},
        }}});
        let folder = tempfile::tempdir().unwrap();
        let assistant = Assistant::start_with(
            folder.path(),
            &config,
            nest.state.clone(),
            Some(nest.host.clone()),
        )
        .await
        .unwrap();
        let channels = Channels::start(Options {
            state: nest.state.clone(),
            config: Arc::clone(&assistant.config),
            secrets: Arc::new(SnapshotCell::default()),
            host: nest.host.clone(),
            agent: assistant.agent.clone(),
        });
        let fixture = Fixture {
            host: nest.host.clone(),
            folder: tempfile::tempdir().unwrap(),
        };
        let honest = tool("honest", "", "", SAY);
        fixture.add("neighbour", &honest, json!({})).await;
        fixture.call("honest").await.unwrap();
        let state = nest.state.clone();
        let roost = Self {
            channels: channels.await.unwrap(),
            house: House {
                fixture,
                state,
                warm: 2 * WARM,
            },
            assistant,
            feed: server.url("ws", "/feed"),
            server: Mutex::new(server),
            _nest: nest,
            _folder: folder,
        };
        for account in ["default", "work"] {
            roost.runs(account).await;
        }
        roost
    }

    /// How an account is, as `channels status` tells it.
    pub(super) async fn status(&self, account: &str) -> Value {
        let report = self.channels.status(None).await;
        let mut all = report.accounts["parrot"].iter();
        let found = all.find(|snapshot| snapshot.account_id == account);
        serde_json::to_value(found.unwrap()).unwrap()
    }

    /// Waits until an account runs.
    pub(super) async fn runs(&self, account: &str) {
        self.until(async || self.status(account).await["running"] == true)
            .await;
    }

    /// Waits until the last error of the account that misbehaves says something.
    pub(super) async fn until_told(&self, of: &str) {
        self.until(async || {
            let status = self.status("default").await;
            status["lastError"]
                .as_str()
                .is_some_and(|error| error.contains(of))
        })
        .await;
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, is_so: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        while !is_so().await {
            let waited = begun.elapsed();
            assert!(
                waited < PATIENCE,
                "it never came to be: {}",
                self.status("default").await
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The far end of the next connection that is opened to the feed; none if none is for so long.
    pub(super) async fn far(&self, patience: Duration) -> Option<WebSocketStream<TcpStream>> {
        let mut server = self.server.lock().await;
        timeout(patience, server.socket()).await.ok()
    }

    /// Whether the platform was asked for a path.
    pub(super) async fn was_asked(&self, path: &str) -> bool {
        let server = self.server.lock().await;
        let asked = server.asked.lock().unwrap();
        asked.iter().any(|known| known == path)
    }

    /// Has an account's handler do steps.
    pub(super) async fn try_steps(&self, account: &str, steps: Value) -> Result<Value, String> {
        let answer = self.channels.webhook("parrot", account, call(&steps.to_string()));
        match answer.await {
            Ok(answer) => Ok(serde_json::from_slice(&answer.body).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Has the account that misbehaves do what does not fail.
    pub(super) async fn steps(&self, steps: Value) -> Value {
        self.try_steps("default", steps).await.unwrap()
    }

    /// The other account is answered at once.
    pub(super) async fn other_is_answered(&self) {
        let watch = Watch::start();
        let said = self.try_steps("work", json!([{"do": "context"}])).await.unwrap();
        assert_eq!(said[0]["account"], "work");
        let waited = watch.took().await;
        assert!(waited < BAR, "the other account waited for {waited:?}");
    }

    /// Why calls of the account that misbehaves were broken off, as the audit has it, in order.
    pub(super) async fn broken(&self) -> Vec<(String, Value)> {
        let lines = self.house.lines("parrot").await.into_iter();
        let broken = lines.filter(|line| line.action == "call.break");
        broken
            .map(|line| {
                assert_eq!(
                    (line.actor.as_str(), line.outcome.as_str()),
                    ("extension:parrot/default", "failed")
                );
                let detail: Value = serde_json::from_str(&line.detail).unwrap();
                (line.subject, detail["why"].clone())
            })
            .collect()
    }
}
