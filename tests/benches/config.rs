//! What it costs to load a config, and to run a command that does.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use openclaw_config::tree::Config;
use openclaw_config::{Disk, Place, Request, Schema, Selection, Surroundings, load};
use openclaw_tests::measure::{report, take_turns};

const INCLUDES: usize = 20;
const LINES: usize = 2000;

/// A config of that many lines in that many files beside the first.
fn write_config(folder: &Path) -> Vec<PathBuf> {
    let mut root = String::from("{\n  gateway: { mode: \"local\" },\n  $include: [\n");
    let mut files = vec![folder.join("openclaw.json")];
    for n in 0..INCLUDES {
        let _ = writeln!(root, "    \"part-{n}.json5\",");
        let path = folder.join(format!("part-{n}.json5"));
        fs::write(&path, part(n)).unwrap();
        files.push(path);
    }
    root.push_str("  ],\n}\n");
    fs::write(files.first().unwrap(), root).unwrap();
    files
}

/// A piece of a large household: agents, a provider with models, telegram groups.
fn part(n: usize) -> String {
    let mut text = String::from("{\n  // one part of many\n  agents: { entries: {\n");
    for agent in 0..5 {
        let _ = write!(
            text,
            "    \"agent-{n}-{agent}\": {{\n      name: \"Agent {n} {agent}\",\n      model: \"provider-{n}/model-1\",\n      \
             heartbeat: {{ every: \"30m\", target: \"last\" }},\n      tools: {{ deny: [\"browser\"] }},\n    }},\n"
        );
    }
    text.push_str("  } },\n  models: { providers: {\n");
    let _ = writeln!(
        text,
        "    \"provider-{n}\": {{\n      baseUrl: \"http://127.0.0.1:1/v1\",\n      apiKey: \"${{KEY_{n}}}\","
    );
    text.push_str("      models: [\n");
    for model in 0..10 {
        let _ = write!(
            text,
            "        {{\n          id: \"model-{model}\",\n          name: \"Model {model}\",\n          contextWindow: 128000,\n        }},\n"
        );
    }
    text.push_str("      ],\n    },\n  } },\n  channels: { telegram: { groups: {\n");
    for group in 0..9 {
        let _ = writeln!(text, "    \"-100{n}{group}\": {{ requireMention: true }},");
    }
    text.push_str("  } } },\n}\n");
    text
}

fn milliseconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e3
}

fn run(program: &Path, folder: &Path, words: &[&str]) {
    let mut command = Command::new(program);
    command
        .args(words)
        .env_clear()
        .env("HOME", folder)
        .env("OPENCLAW_STATE_DIR", folder);
    let ended = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // An audit that finds what does not resolve ends with 2.
    assert!(matches!(ended.code(), Some(0 | 2)), "{words:?}: {ended}");
}

/// Builds the program as a person runs it: in release, beside this bench's own folder.
fn build_program() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    assert!(
        build
            .args(["build", "--release", "--quiet", "--package", "openclaw"])
            .status()
            .unwrap()
            .success()
    );
    std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .join("openclaw")
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_config(folder.path());
    let lines: usize = files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap().lines().count())
        .sum();
    assert!(lines >= LINES, "{lines} lines");
    let around = Surroundings {
        env: [(
            "OPENCLAW_STATE_DIR".to_owned(),
            folder.path().display().to_string(),
        )]
        .into(),
        cwd: folder.path().to_owned(),
        os_home: Some(folder.path().to_owned()),
    };
    let place = Place::find(&Selection::default(), &around, &Disk).unwrap();

    // The schema is read anew each time, as a program that starts must; the baseline only parses the files.
    let load_all = || {
        let text = serde_json::from_str(openclaw_config::schema::text()).unwrap();
        let schema = Schema::parse(&text);
        let request = Request {
            place: &place,
            around: &around,
            files: &Disk,
            schema: &schema,
        };
        let loaded = load::<Config>(request).unwrap();
        assert_eq!(loaded.config.agents.entries.len(), INCLUDES * 5);
    };
    let parse_all = || {
        for file in &files {
            let text = fs::read_to_string(file).unwrap();
            json5::from_str::<serde_json::Value>(&text).unwrap();
        }
    };
    report(
        "config.load_2000_lines_20_includes",
        "ms",
        take_turns(|| milliseconds(load_all), || milliseconds(parse_all)),
    );

    let openclaw = build_program();
    for (name, words) in [
        ("cli.config_validate", &["config", "validate"][..]),
        ("cli.config_get", &["config", "get", "gateway.mode"]),
        ("cli.config_schema", &["config", "schema"]),
        ("cli.secrets_audit", &["secrets", "audit"]),
        ("cli.version", &["--version"]),
    ] {
        let figures = take_turns(
            || milliseconds(|| run(&openclaw, folder.path(), words)),
            || milliseconds(|| run(Path::new("/bin/true"), folder.path(), &[])),
        );
        report(name, "ms/run", figures);
    }
}
