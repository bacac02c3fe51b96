//! Loading from real folders: what a person gets for what they wrote.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::fs;
use std::path::Path as FilePath;

use openclaw_config::{
    ChangeKind, Current, Disk, Error, Origin, Place, Request, Schema, Selection, Snapshot, Surroundings,
    load, redact,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

fn schema() -> Value {
    let secret = json!({"anyOf": [{"type": "string"}, {"type": "object"}], "x-secret": true});
    let model = json!({"type": "string"});
    let speech = json!({"type": "object", "additionalProperties": false, "properties": {
        "apiKey": secret, "voiceId": {"type": "string"}}});
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "$schema": {"type": "string"},
            "gateway": {"type": "object", "additionalProperties": false, "properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                "bind": {"type": "string", "enum": ["loopback", "lan", "auto", "custom", "tailnet"]},
                "auth": {"type": "object", "additionalProperties": false, "properties": {
                    "mode": {"type": "string"}, "token": secret, "password": secret}},
            }},
            "agents": {"type": "object", "additionalProperties": false, "properties": {
                "defaults": {"type": "object", "additionalProperties": false, "properties": {
                    "model": model, "workspace": {"type": "string"}}},
                "entries": {"type": "object", "additionalProperties": {"type": "object",
                    "additionalProperties": false, "properties": {
                        "model": model, "default": {"type": "boolean"}, "name": {"type": "string"}}}},
            }},
            "talk": {"type": "object", "additionalProperties": false, "properties": {
                "provider": {"type": "string"},
                "providers": {"type": "object", "additionalProperties": speech}}},
            "models": {"type": "object", "additionalProperties": false, "properties": {
                "providers": {"type": "object", "additionalProperties": {"type": "object",
                    "additionalProperties": false, "properties": {
                        "api": {"enum": ["ollama", "openai-completions"]}, "apiKey": secret}}}}},
            "env": {"type": "object", "additionalProperties": false, "properties": {
                "vars": {"type": "object", "additionalProperties": {"type": "string"}}}},
            "plugins": {"type": "object", "x-open": true},
        },
    })
}

struct Home {
    folder: TempDir,
    env: Vec<(&'static str, String)>,
}

impl Home {
    fn new(config: &str) -> Self {
        let home = Self::empty();
        home.write("openclaw.json", config);
        home
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".openclaw")).unwrap();
        Self {
            folder,
            env: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(".openclaw").join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    fn load_as<T: DeserializeOwned>(&self) -> Result<Snapshot<T>, Error> {
        let around = Surroundings {
            env: self
                .env
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect(),
            cwd: self.folder.path().join("elsewhere"),
            os_home: Some(self.folder.path().to_owned()),
        };
        let place = Place::find(&Selection::default(), &around, &Disk).unwrap();
        load(Request {
            place: &place,
            around: &around,
            files: &Disk,
            schema: &Schema::parse(&schema()),
        })
    }

    fn load(&self) -> Snapshot<Value> {
        self.load_as().unwrap()
    }

    fn refusal(&self) -> String {
        self.load_as::<Value>()
            .unwrap_err()
            .to_string()
            .replace(&self.path("").display().to_string(), "~/")
    }
}

#[test]
fn a_missing_file_is_an_empty_config() {
    let snapshot = Home::empty().load();
    assert_eq!((snapshot.exists, &snapshot.source), (false, &json!({})));
    assert!(snapshot.sources.root_hash().is_none() && snapshot.warnings.is_empty());
}

#[test]
fn an_invalid_config_is_told_with_every_place_and_line() {
    let home = Home::new(
        "{\n  gateway: {\n    port: 0,\n    prot: 1,\n  },\n  agents: { $include: 'agents.json5' },\n}",
    );
    home.write("agents.json5", "{\n  defaults: {\n    model: 5 } }");
    assert_eq!(
        home.refusal(),
        "Invalid config at ~/openclaw.json\n\
         - agents.defaults.model: expected string, got 5 (~/agents.json5:3)\n\
         - gateway.port: must be at least 1, not 0 (~/openclaw.json:3)\n\
         - gateway.prot: unknown key; did you mean \"port\"? (~/openclaw.json:4)"
    );
}

#[test]
fn a_syntax_error_names_its_line() {
    let text = Home::new("{\n  gateway: {\n    port: 1\n    bind: 'lan' } }").refusal();
    assert!(
        text.starts_with("Invalid config at ~/openclaw.json\n- <root>: cannot be parsed: expected"),
        "{text}"
    );
    assert!(text.ends_with("(~/openclaw.json:4)"), "{text}");
}

#[test]
fn an_issue_in_an_old_spelling_points_to_where_it_is_written() {
    let home = Home::new(
        "{\n agent: {\n  model: 7 },\n agents: { list: [\n  { id: 'a' },\n  { id: 'b',\n    model: 8 }] } }",
    );
    let text = home.refusal();
    assert!(
        text.contains("- agents.defaults.model: expected string, got 7 (~/openclaw.json:3)"),
        "{text}"
    );
    assert!(
        text.contains("- agents.entries.b.model: expected string, got 8 (~/openclaw.json:7)"),
        "{text}"
    );
}

#[test]
fn old_spellings_load_with_a_notice_at_their_line() {
    let snapshot =
        Home::new("{\n agent: {\n  model: 'a/b' },\n gateway: { bind: '0.0.0.0', token: 'hunter2' } }")
            .load();
    assert_eq!(
        snapshot.config,
        json!({"agents": {"defaults": {"model": "a/b"}}, "gateway": {"bind": "lan"}})
    );
    let notices: Vec<_> = snapshot
        .notices
        .iter()
        .map(|n| (n.path.to_string(), n.position.as_ref().unwrap().line))
        .collect();
    assert_eq!(
        notices,
        [
            ("agent.model".to_owned(), 3),
            ("gateway.token".to_owned(), 4),
            ("gateway.bind".to_owned(), 4)
        ]
    );
    assert_eq!(snapshot.authored()["agent"]["model"], "a/b");
    assert!(!format!("{:?}{:?}", snapshot.notices, snapshot).contains("hunter2"));
}

#[test]
fn variables_come_from_the_nearest_layer_and_secret_fields_stay_references() {
    let home = Home::new(
        "{ env: { INLINE: 'i', vars: { LISTED: 'l', PROCESS: 'x', FROM: '${PROCESS}!' } },
           gateway: { auth: { token: '${TOKEN}' } },
           talk: { apiKey: '${TOKEN}', voiceId: '${PROCESS}' },
           agents: { defaults: { model: '${PROCESS}/${FILE}/${INLINE}/${LISTED}/${FROM}', workspace: '$${HOME} ${NONE}' } } }",
    )
    .with("PROCESS", "p")
    .with("TOKEN", "hunter2");
    home.write(".env", "FILE=f\nPROCESS=x\n");
    let snapshot = home.load();
    let defaults = &snapshot.config["agents"]["defaults"];
    assert_eq!(defaults["model"], "p/f/i/l/p!");
    assert_eq!(defaults["workspace"], "${HOME} ${NONE}");
    assert_eq!(snapshot.config["gateway"]["auth"]["token"], "${TOKEN}");
    let speech = &snapshot.config["talk"]["providers"]["elevenlabs"];
    assert_eq!(
        (&speech["apiKey"], &speech["voiceId"]),
        (&json!("${TOKEN}"), &json!("p"))
    );
    assert_eq!(snapshot.environment.get("TOKEN"), Some("hunter2"));
    assert_eq!(snapshot.environment.origin("INLINE"), Some(&Origin::Config));
    let warnings: Vec<_> = snapshot.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("agents.defaults.workspace: the environment variable NONE"),
        "{warnings:?}"
    );
}

#[test]
fn keys_of_openclaw_that_are_not_used_are_told_and_left_out() {
    let snapshot =
        Home::new("{ browser: { enabled: true }, gateway: { port: 1, mode: 'local' }, cron: { retry: {} } }")
            .load();
    assert_eq!(snapshot.config, json!({"gateway": {"port": 1}}));
    let unused: Vec<_> = snapshot
        .unused
        .iter()
        .map(|unused| unused.path.to_string())
        .collect();
    assert_eq!(unused, ["browser", "cron", "gateway.mode"]);
}

#[test]
fn a_provider_with_an_interface_that_is_not_known_is_left_out_alone() {
    let snapshot = Home::new(
        "{ models: { providers: { a: { api: 'ollama' }, b: { api: 'alien' }, c: { api: 'openai' } } } }",
    )
    .load();
    let providers = snapshot.config["models"]["providers"].as_object().unwrap();
    assert_eq!(providers.keys().collect::<Vec<_>>(), ["a", "c"]);
    assert!(
        snapshot
            .warnings
            .iter()
            .any(|warning| warning.path.to_string() == "models.providers.b.api")
    );
}

#[cfg(unix)]
#[test]
fn an_include_cannot_leave_the_folder_through_a_link() {
    let home = Home::new("{ gateway: { $include: 'inside.json5' } }");
    let secret = home.folder.path().join("outside.json5");
    fs::write(&secret, "{ port: 1 }").unwrap();
    std::os::unix::fs::symlink(&secret, home.path("inside.json5")).unwrap();
    assert!(
        home.refusal()
            .contains("gateway.$include: Include path escapes the config directory")
    );
    let allowed = home.folder.path().display().to_string();
    let home = home.with("OPENCLAW_INCLUDE_ROOTS", &allowed);
    assert_eq!(home.load().config["gateway"]["port"], 1);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_config_is_read_with_a_warning_and_a_folder_is_refused() {
    let home = Home::empty();
    home.write("real.json", "{ gateway: { port: 5 } }");
    std::os::unix::fs::symlink(home.path("real.json"), home.path("openclaw.json")).unwrap();
    let snapshot = home.load();
    assert_eq!(snapshot.config["gateway"]["port"], 5);
    assert!(snapshot.warnings[0].message.contains("symbolic link"));

    let home = Home::empty();
    fs::create_dir(home.path("openclaw.json")).unwrap();
    assert!(home.refusal().contains("is not a regular file"));
}

#[test]
fn hashes_change_with_any_file_and_only_then() {
    let home = Home::new("{ gateway: { $include: 'g.json5' } }");
    home.write("g.json5", "{ port: 1 }");
    let (first, same) = (home.load(), home.load());
    assert_eq!(first.sources.whole_hash(), same.sources.whole_hash());
    assert_eq!(first.sources.files().len(), 2);
    home.write("g.json5", "{ port: 2 }");
    let second = home.load();
    assert_eq!(first.sources.root_hash(), second.sources.root_hash());
    assert_ne!(first.sources.whole_hash(), second.sources.whole_hash());
    let changes = first.diff(&second);
    assert_eq!(
        (changes.len(), changes[0].path.to_string(), changes[0].kind),
        (1, "gateway.port".into(), ChangeKind::Changed)
    );
}

#[test]
fn whoever_holds_a_snapshot_keeps_it_when_another_becomes_current() {
    let home = Home::new("{ gateway: { port: 1 } }");
    let current = Current::new(home.load());
    let held = current.get();
    home.write("openclaw.json", "{ gateway: { port: 2 } }");
    let before = current.replace(home.load());
    assert_eq!(
        (&held.config["gateway"]["port"], &before.config["gateway"]["port"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(current.get().config["gateway"]["port"], 2);
}

#[test]
fn a_mismatch_between_schema_and_types_is_told_without_values() {
    #[derive(Debug, serde::Deserialize)]
    struct Odd {
        #[serde(rename = "gateway")]
        _gateway: u8,
    }
    let home = Home::new("{ gateway: { auth: { token: 'hunter2' } } }");
    let error = home.load_as::<Odd>().unwrap_err().to_string();
    assert!(
        error.starts_with("Invalid config at") && error.contains("please report it"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn what_is_shown_of_a_loaded_config_holds_no_secret() {
    let home = Home::new(
        "{ gateway: { auth: { token: 'hunter2' } }, plugins: { entries: { x: { config: { apiKey: 'hunter2' } } } },
           env: { vars: { GH_TOKEN: 'hunter2', LANG: 'C' } } }",
    );
    let shown = redact(&Schema::parse(&schema()), &home.load().source).to_string();
    assert!(
        !shown.contains("hunter2") && shown.contains("\"LANG\":\"C\""),
        "{shown}"
    );
}

#[test]
fn a_file_that_is_not_utf8_or_too_large_is_refused() {
    let home = Home::empty();
    fs::write(home.path("openclaw.json"), b"{ a: '\xff' }").unwrap();
    assert!(home.refusal().contains("not UTF-8"));
    fs::write(home.path("openclaw.json"), vec![b' '; 3 * 1024 * 1024]).unwrap();
    assert!(home.refusal().contains("larger than 2097152 bytes"));
    assert!(FilePath::new(&home.path("openclaw.json")).exists());
}

/// The time that a load takes, whatever it ends with.
fn seconds(home: &Home) -> f64 {
    let begin = std::time::Instant::now();
    drop(home.load_as::<Value>());
    begin.elapsed().as_secs_f64()
}

#[test]
fn a_file_made_to_be_slow_is_answered_in_time() {
    let unknown: String = (0..100_000).map(|n| format!("k{n}:1,")).collect();
    let repeated: String = (0..100_000)
        .map(|n| format!("k{n}:1,"))
        .chain(["k7:1".to_owned()])
        .collect();
    for (what, config) in [
        (
            "beginnings of references",
            format!("{{ env: {{ vars: {{ A: '{}' }} }} }}", "${".repeat(500_000)),
        ),
        (
            "references",
            format!("{{ env: {{ vars: {{ A: '{}' }} }} }}", "${NONE}".repeat(200_000)),
        ),
        ("unknown keys", format!("{{ {unknown} }}")),
        ("a repeated key", format!("{{ plugins: {{ {repeated} }} }}")),
        (
            "wrong elements",
            format!("{{ gateway: {{ port: [{}] }} }}", "[],".repeat(500_000)),
        ),
    ] {
        let took = seconds(&Home::new(&config));
        assert!(took < 20.0, "{what}: {took} s");
    }
}

#[test]
fn files_that_include_each_other_many_times_over_are_refused_in_time() {
    let home = Home::new(r#"{ $include: "a.json" }"#);
    for (name, next) in [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")] {
        home.write(
            &format!("{name}.json"),
            &format!("{{ $include: [{}] }}", format!("\"{next}.json\",").repeat(200)),
        );
    }
    home.write("e.json", "{ gateway: { port: 1 } }");
    let took = seconds(&home);
    assert!(took < 20.0, "{took} s");
    assert!(home.refusal().contains("include"), "{}", home.refusal());
}

#[test]
fn a_hundred_mistakes_are_told_and_the_rest_counted() {
    let unknown: String = (0..250).map(|n| format!("k{n}:1,")).collect();
    let text = Home::new(&format!("{{ {unknown} }}")).refusal();
    assert_eq!(text.lines().count(), 102, "{text}");
    assert!(text.ends_with("more like these"), "{text}");
}
