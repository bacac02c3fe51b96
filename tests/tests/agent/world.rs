//! An assistant with a model server, in a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::session::Key;
use openclaw_agent::{Acceptance, Body, Event, Incoming, Origin, Outcome, Request, Route, Sender};
use openclaw_components::Host;
use openclaw_state::{NewTurn, State};
use openclaw_tests::assistant::Assistant;
use openclaw_tests::platforms::openai::{Asked, OpenAi, Reply};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// Nothing here takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) server: OpenAi,
    pub(crate) folder: TempDir,
    pub(crate) config: Value,
    assistant: Option<Assistant>,
}

impl World {
    /// With a model that repeats what it is told, until it is scripted.
    pub(crate) async fn new() -> Self {
        Self::with(OpenAi::start().await, json!({})).await
    }

    pub(crate) async fn answering(otherwise: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(OpenAi::answering(otherwise).await, json!({})).await
    }

    /// `more` goes into the config.
    pub(crate) async fn with(server: OpenAi, more: Value) -> Self {
        let mut world = Self {
            config: config(&server, &more),
            folder: tempfile::tempdir().unwrap(),
            server,
            assistant: None,
        };
        world.start().await;
        world
    }

    pub(crate) async fn start(&mut self) {
        let started = Assistant::start(self.folder.path(), &self.config).await;
        self.assistant = Some(started.unwrap());
    }

    /// Stops, and starts again with components.
    pub(crate) async fn start_with(&mut self, state: State, host: Host) {
        let started = Assistant::start_with(self.folder.path(), &self.config, state, Some(host)).await;
        self.assistant = Some(started.unwrap());
    }

    pub(crate) async fn stop(&mut self) {
        self.assistant.take().unwrap().stop().await;
    }

    pub(crate) fn it(&self) -> &Assistant {
        self.assistant.as_ref().unwrap()
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join(".openclaw/workspace")
    }

    pub(crate) async fn accept(&self, run: &str, session: &str, request: Request) -> Acceptance {
        let incoming = Incoming {
            run_id: run.to_owned(),
            session_key: key(session),
            agent_id: None,
            request,
        };
        self.it().agent.accept(incoming).await.unwrap().status
    }

    pub(crate) async fn wait(&self, run: &str) -> Outcome {
        let ended = self.it().agent.wait(run, PATIENCE).await.unwrap();
        ended.unwrap_or_else(|| panic!("{run} did not end"))
    }

    /// Sends a message as the owner does on a client, and waits for what comes of it.
    pub(crate) async fn say(&self, run: &str, session: &str, text: &str) -> Outcome {
        assert_eq!(
            self.accept(run, session, message(text)).await,
            Acceptance::Started
        );
        self.wait(run).await
    }

    /// The roles and texts of a session.
    pub(crate) async fn talk(&self, session: &str) -> Vec<(String, String)> {
        let history = self.it().agent.history(&key(session), 1000).await.unwrap();
        let texts = history.messages.iter().map(|message| {
            let role = message["role"].as_str().unwrap().to_owned();
            let text = match &message["content"] {
                Value::String(text) => text.clone(),
                content => content[0]["text"].as_str().unwrap_or_default().to_owned(),
            };
            (role, text)
        });
        texts.collect()
    }

    /// What is to leave: recipients and texts.
    pub(crate) fn outbox(&self) -> Vec<(String, String)> {
        outbox(&self.database())
    }

    fn database(&self) -> PathBuf {
        let folder = self.folder.path().join(".openclaw");
        folder.join(openclaw_state::DATABASE_FILE)
    }

    /// Does something to the database that no gateway does.
    pub(crate) fn tamper(&self, sql: &str) {
        let database = self.database();
        let raw = rusqlite::Connection::open(database).unwrap();
        raw.execute_batch(sql).unwrap();
    }

    /// Waits until the server was asked so often.
    pub(crate) async fn asked(&self, times: usize) -> Vec<Asked> {
        let enough = async {
            while self.server.asked().len() < times {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, enough).await.expect("the model is asked");
        self.server.asked()
    }
}

pub(crate) fn outbox(database: &std::path::Path) -> Vec<(String, String)> {
    let raw = rusqlite::Connection::open(database).unwrap();
    let mut statement = raw
        .prepare("SELECT recipient, body FROM outbox ORDER BY seq")
        .unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let rows = statement.query_map([], read).unwrap();
    let texts = rows.map(|row| {
        let (recipient, body) = row.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        (recipient, body["text"].as_str().unwrap().to_owned())
    });
    texts.collect()
}

/// The kind of error that a turn ended with.
pub(crate) fn kind(outcome: &Outcome) -> &str {
    outcome.error.as_ref().map_or("", |error| error.kind.as_str())
}

/// Queues a turn of the main session as another's transaction does.
pub(crate) async fn put(state: &State, run: &str, request: String) {
    let turn = NewTurn {
        run_id: run.to_owned(),
        session_key: "agent:main:main".to_owned(),
        agent_id: "main".to_owned(),
        request,
        received_ms: 0,
    };
    state.write(move |tx| tx.turn_put(&turn)).await.unwrap();
}

pub(crate) fn config(server: &OpenAi, more: &Value) -> Value {
    let mut config = json!({"models": {"providers": {"fake": {
        "baseUrl": server.base_url(),
        "models": [{"id": "small", "name": "Small", "contextWindow": 32000, "maxTokens": 1000}],
    }}}});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

pub(crate) fn key(session: &str) -> Key {
    Key::parse(session, "main").unwrap()
}

pub(crate) fn message(text: &str) -> Request {
    Request {
        message: text.to_owned(),
        ..Request::default()
    }
}

/// A direct message on a channel.
pub(crate) fn from_channel(text: &str) -> Request {
    Request {
        sender: Some(Sender {
            channel: "telegram".to_owned(),
            account: "default".to_owned(),
            id: "42".to_owned(),
            name: Some("Ann".to_owned()),
            is_owner: true,
            may_command: true,
            ..Sender::default()
        }),
        route: Some(Route {
            channel: "telegram".to_owned(),
            account: "default".to_owned(),
            to: "42".to_owned(),
            ..Route::default()
        }),
        origin: Origin::Channel,
        ..message(text)
    }
}

/// Everything that is told until a run has ended.
pub(crate) async fn told(events: &mut broadcast::Receiver<Arc<Event>>, run: &str) -> Vec<Arc<Event>> {
    let mut told = Vec::new();
    loop {
        let event = timeout(PATIENCE, events.recv())
            .await
            .expect("a run ends")
            .unwrap();
        if &*event.run_id != run {
            continue;
        }
        let is_end = matches!(event.body, Body::End(_));
        told.push(event);
        if is_end {
            return told;
        }
    }
}
