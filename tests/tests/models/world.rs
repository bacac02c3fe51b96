//! A config in a folder of its own, its secrets, a gate and the models behind it.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_config::tree::Config;
use openclaw_config::{Current, Disk, Place, Request, Schema, Selection, Snapshot, Surroundings, load};
use openclaw_egress::{Caps, Gate, Ledger, Passage, Roots, SystemResolver};
use openclaw_models::{
    Call, Content, Error, Message, Model, Models, Options, Patience, Piece, Stream, ToolDefinition,
};
use openclaw_secrets::collect::collect;
use openclaw_secrets::snapshot::Strictness;
use openclaw_secrets::{Resolver, SnapshotCell};
use openclaw_tests::platforms::openai::OpenAi;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<Passage>>);

impl Ledger for Lines {
    fn record(&self, passage: Passage) {
        self.0.lock().unwrap().push(passage);
    }
}

pub(crate) struct World {
    folder: TempDir,
    env: Vec<(String, String)>,
    config: Arc<Current<Config>>,
    secrets: Arc<SnapshotCell>,
    generation: u64,
    pub(crate) lines: Arc<Lines>,
    pub(crate) models: Models,
}

impl World {
    pub(crate) async fn new(config: Value) -> Self {
        Self::with_env(config, &[]).await
    }

    pub(crate) async fn with_env(config: Value, env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env: Vec<_> = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let snapshot = read(&folder, &env, &config);
        let config = Arc::new(Current::new(snapshot));
        let secrets = Arc::new(SnapshotCell::default());
        let lines = Arc::new(Lines::default());
        let gate = Gate::new(openclaw_egress::Options {
            resolver: Arc::new(SystemResolver),
            roots: Roots::default(),
            upstream: None,
            caps: Caps::default(),
            ledger: Arc::<Lines>::clone(&lines),
        });
        let models = Models::new(Options {
            config: Arc::clone(&config),
            secrets: Arc::clone(&secrets),
            gate: gate.unwrap(),
        });
        let mut world = Self {
            folder,
            env,
            config,
            secrets,
            generation: 0,
            lines,
            models: models.unwrap().with_patience(hasty()),
        };
        world.resolve_secrets().await;
        world
    }

    /// A world with one provider, `fake`, which has the model `small`.
    pub(crate) async fn of(server: &OpenAi) -> Self {
        Self::new(config(server, json!({}))).await
    }

    pub(crate) async fn change(&mut self, config: Value) {
        self.config.replace(read(&self.folder, &self.env, &config));
        self.resolve_secrets().await;
    }

    /// A change that touches no secret.
    pub(crate) fn change_only_config(&mut self, config: Value) {
        self.config.replace(read(&self.folder, &self.env, &config));
    }

    pub(crate) async fn resolve_secrets(&mut self) {
        let snapshot = self.config.get();
        let paths: Vec<&str> = openclaw_config::secret_paths().collect();
        let places = collect(&snapshot.source, &paths).unwrap();
        let surroundings = openclaw_secrets::Surroundings {
            env: self.env.iter().cloned().collect(),
            ..openclaw_secrets::Surroundings::default()
        };
        let resolver = Resolver::new(snapshot.config.secrets.clone(), surroundings);
        self.generation += 1;
        let resolved = openclaw_secrets::Snapshot::resolve(
            &resolver,
            &snapshot.source,
            places,
            Strictness::Isolated,
            self.generation,
        );
        self.secrets.publish(resolved.await.unwrap());
    }

    pub(crate) fn model(&self) -> Model {
        self.models.resolve(Some("fake/small")).unwrap()
    }

    pub(crate) fn ask(&self, call: Call) -> Stream {
        self.models.stream(&self.model(), call).unwrap()
    }

    pub(crate) async fn hear(&self, call: Call) -> Heard {
        hear(self.ask(call)).await
    }
}

fn read(folder: &TempDir, env: &[(String, String)], config: &Value) -> Snapshot<Config> {
    let place = folder.path().join(".openclaw");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("openclaw.json"), config.to_string()).unwrap();
    let around = Surroundings {
        env: env.iter().cloned().collect(),
        cwd: folder.path().join("elsewhere"),
        os_home: Some(folder.path().to_owned()),
    };
    let place = Place::find(&Selection::default(), &around, &Disk).unwrap();
    load(Request {
        place: &place,
        around: &around,
        files: &Disk,
        schema: &Schema::of_tree(),
    })
    .unwrap()
}

/// Does not make tests wait.
pub(crate) fn hasty() -> Patience {
    Patience {
        first_pause: Duration::from_millis(5),
        ..Patience::default()
    }
}

/// A config with the provider `fake`; `more` goes into it.
pub(crate) fn config(server: &OpenAi, more: Value) -> Value {
    let mut provider = json!({
        "baseUrl": server.base_url(),
        "models": [{"id": "small", "name": "Small"}, {"id": "vendor/large:free", "name": "Large",
            "contextWindow": 1000, "maxTokens": 500, "reasoning": true, "input": ["text", "image"]}],
    });
    for (name, value) in more.as_object().unwrap() {
        provider[name] = value.clone();
    }
    json!({"models": {"providers": {"fake": provider}}})
}

pub(crate) fn user(text: &str) -> Message {
    Message::User {
        content: vec![Content::Text(text.to_owned())],
    }
}

pub(crate) fn call(text: &str) -> Call {
    Call {
        messages: vec![user(text)],
        ..Call::default()
    }
}

pub(crate) fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        description: "Does something.".to_owned(),
        parameters: json!({"type": "object", "properties": {"x": {"type": "integer"}}}),
    }
}

/// Everything that came out of a stream.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) error: Option<Error>,
}

impl Heard {
    pub(crate) fn text(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            _ => String::new(),
        };
        self.pieces.iter().map(text).collect()
    }

    pub(crate) fn error(&self) -> &Error {
        self.error.as_ref().unwrap()
    }
}

/// Listens to the end, which comes.
pub(crate) async fn hear(mut stream: Stream) -> Heard {
    let mut heard = Heard::default();
    loop {
        match timeout(PATIENCE, stream.next()).await.expect("a stream ends") {
            Some(Ok(piece)) => heard.pieces.push(piece),
            Some(Err(error)) => heard.error = Some(error),
            None => return heard,
        }
    }
}
