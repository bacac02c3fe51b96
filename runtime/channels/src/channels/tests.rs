use std::time::Duration;

use openclaw_components::{CompileLimits, Compiler};
use openclaw_secrets::SnapshotCell;
use serde_json::json;

use super::*;
use crate::adapter::Happening;
use crate::recipe::Recipe;
use crate::scripted::{Script, delivering};
use crate::tests::Home;

/// How long the adapters here take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(300);

async fn channels(home: &Home) -> Channels {
    // Nothing is installed, so nothing is compiled.
    let compiler = Compiler {
        program: "/nonexistent".into(),
        args: Vec::new(),
        limits: CompileLimits::default(),
    };
    let folder = home.folder.path().join("extensions");
    let host = openclaw_components::Options::new(folder, compiler, home.state.clone());
    Channels(Arc::new(Inner {
        state: home.state.clone(),
        config: Arc::new(Current::new(home.config.clone())),
        secrets: Arc::new(SnapshotCell::default()),
        host: Host::start(host).await.unwrap(),
        wake: Arc::new(|| ()),
        known: Mutex::default(),
        changing: tokio::sync::Mutex::default(),
        listener: Mutex::default(),
    }))
}

fn slow_to_end() -> Arc<Script> {
    Arc::new(Script::new(&[], |events, _| {
        if matches!(events[0].what, Happening::Stopping) {
            std::thread::sleep(GOODBYE);
        }
        Ok(delivering(Vec::new()))
    }))
}

/// An adapter whose goodbye ends when the test lets it.
fn ends_when_let() -> (Arc<Script>, std::sync::mpsc::Sender<()>) {
    let (lets, is_let) = std::sync::mpsc::channel::<()>();
    let script = Script::new(&[], move |events, _| {
        if matches!(events[0].what, Happening::Stopping) {
            let _ = is_let.recv();
        }
        Ok(delivering(Vec::new()))
    });
    (Arc::new(script), lets)
}

/// Whether its goodbye began.
fn has_ended(script: &Script) -> bool {
    let calls = script.calls.lock().unwrap();
    let last = calls.last().map(|events| &events[0].what);
    matches!(last, Some(Happening::Stopping))
}

fn listed(home: &Home, script: Option<&Arc<Script>>) -> Listed {
    Listed {
        settings: home.settings(),
        label: "Telegram".to_owned(),
        token_source: "none",
        recipe: script.map(|script| Ok(Recipe::Scripted(Arc::clone(script)))),
        is_configured: true,
    }
}

impl Channels {
    async fn bring(&self, home: &Home, script: Option<&Arc<Script>>) {
        let _one_at_a_time = self.0.changing.lock().await;
        let listed = listed(home, script);
        let of = listed.settings.of.clone();
        self.settle(&of, listed, StartReason::Config).await.unwrap();
    }

    async fn runs(&self, of: &ChannelAccount) {
        while self.running(of).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_stopped_while_it_changes_stays_stopped() {
    let home = Home::new(json!({ "botToken": "x" }));
    let channels = channels(&home).await;
    let ((before, lets_go), after) = (ends_when_let(), slow_to_end());
    let of = home.settings().of;
    channels.bring(&home, Some(&before)).await;
    channels.runs(&of).await;
    let stop = async {
        while !has_ended(&before) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let let_go = async {
            while !channels.is_stopped(&of) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            lets_go.send(()).unwrap();
        };
        let (stopped, ()) = tokio::join!(channels.stop_account("telegram", "default"), let_go);
        stopped.unwrap();
        assert!(has_ended(&before), "it has ended when that is told");
    };
    tokio::join!(channels.bring(&home, Some(&after)), stop);
    assert!(channels.running(&of).is_err());
    assert!(after.calls.lock().unwrap().is_empty(), "it never began");
    assert!(channels.known().entries[&of].account.is_none());
    channels.bring(&home, Some(&after)).await;
    assert!(
        channels.known().entries[&of].account.is_none(),
        "a change of the config starts nothing that was stopped"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_switched_off_ends() {
    let home = Home::new(json!({ "botToken": "x" }));
    let channels = channels(&home).await;
    let script = slow_to_end();
    let of = home.settings().of;
    channels.bring(&home, Some(&script)).await;
    channels.runs(&of).await;
    channels.bring(&home, None).await;
    assert!(has_ended(&script));
}
