//! An extension on the network by the command line: granted, with a secret from the config, seen, and taken back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use openclaw_tests::corpus::errand::{Send, Step};
use serde_json::json;

const TOKEN: &str = "s3cret-of-the-service";

/// The program of this build, which stands beside the test programs' folder.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("openclaw")
}

fn openclaw(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(program());
    command
        .args(words)
        .env_clear()
        .env("HOME", home)
        .env("SERVICE_TOKEN", TOKEN);
    command.current_dir(home).output().unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn must(home: &Path, words: &[&str]) -> String {
    let output = openclaw(home, words);
    let said = said(&output);
    assert!(output.status.success(), "{words:?}: {said}");
    said
}

/// Answers one request with what its header `authorization` was, and hands that header on.
fn serve(listener: TcpListener) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut heard = String::new();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if line.to_ascii_lowercase().starts_with("authorization:") {
                heard = line.trim().to_owned();
            }
        }
        let body = format!("you said {heard}");
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        heard
    })
}

fn prepare(home: &Path, port: u16) {
    let package = home.join("courier");
    fs::create_dir_all(&package).unwrap();
    let built = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("guests/courier/target/wasm32-wasip2/release/courier.wasm");
    fs::copy(&built, package.join("courier.wasm"))
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` builds it", built.display()));
    let manifest = json!({
        "id": "courier",
        "configSchema": { "type": "object", "properties": { "token": { "type": "string" } } },
        "component": { "file": "courier.wasm", "world": "tool" },
        "capabilities": {
            "kv": { "quota": "64 KiB" },
            "http": [{ "scheme": "http", "host": "127.0.0.1", "port": port, "private": true }],
            "sockets": [{ "transport": "tcp", "host": "127.0.0.1", "port": port, "private": true }],
            "secrets": [
                { "name": "token", "audience": ["127.0.0.1"], "plaintext": true },
                { "name": "shown", "reveal": true },
            ],
        },
    });
    fs::write(package.join("openclaw.plugin.json"), manifest.to_string()).unwrap();
    fs::create_dir_all(home.join(".openclaw")).unwrap();
    let config = r#"{ plugins: { entries: { courier: { config: { token: "${SERVICE_TOKEN}" } } } } }"#;
    fs::write(home.join(".openclaw/openclaw.json"), config).unwrap();
}

fn arguments(url: &str) -> String {
    let steps = [
        Step::Lookup("token".to_owned()),
        Step::Send(Box::new(Send {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: vec![("authorization".to_owned(), "Bearer {{token}}".to_owned())],
            ..Send::default()
        })),
    ];
    json!({ "errand": serde_json::to_string(&steps).unwrap() }).to_string()
}

#[test]
fn what_an_extension_sends_has_its_secret_is_seen_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    prepare(home, port);
    let installed = must(home, &["plugins", "install", "courier", "--grant", "all"]);
    assert!(
        installed.contains(&format!("127.0.0.1:{port}")) || installed.contains("127.0.0.1"),
        "{installed}"
    );

    let server = serve(listener);
    let url = format!("http://127.0.0.1:{port}/v1?q=private");
    let answer = must(
        home,
        &["plugins", "run", "courier", "typed", "--args", &arguments(&url)],
    );
    assert_eq!(server.join().unwrap(), format!("authorization: Bearer {TOKEN}"));
    assert!(
        answer.contains("[secret:token]") && !answer.contains(TOKEN),
        "{answer}"
    );

    let elsewhere = must(
        home,
        &[
            "plugins",
            "run",
            "courier",
            "typed",
            "--args",
            &arguments("https://a.example/"),
        ],
    );
    assert!(elsewhere.contains("is not granted"), "{elsewhere}");

    let activity = must(home, &["plugins", "activity", "courier"]);
    let lines: Vec<_> = activity.lines().collect();
    assert!(
        lines[0].contains("ok") && lines[0].contains(" 200 "),
        "{activity}"
    );
    assert!(
        lines[0].ends_with(&format!("GET http://127.0.0.1:{port}/v1")),
        "{activity}"
    );
    assert!(
        lines[1].contains("denied") && lines[1].ends_with("GET https://a.example/"),
        "{activity}"
    );
    assert!(
        lines[2].contains("no rule for http names this host"),
        "{activity}"
    );
    assert!(
        !activity.contains("private") && !activity.contains(TOKEN),
        "{activity}"
    );
    let as_json = must(
        home,
        &["plugins", "activity", "courier", "--json", "--limit", "1"],
    );
    let as_json: serde_json::Value = serde_json::from_str(&as_json).unwrap();
    assert_eq!(as_json["passages"][0]["outcome"], json!("denied"));
    assert_eq!(as_json["passages"].as_array().unwrap().len(), 1);

    must(home, &["plugins", "revoke", "courier"]);
    let revoked = openclaw(
        home,
        &["plugins", "run", "courier", "typed", "--args", &arguments(&url)],
    );
    assert!(
        !revoked.status.success() && said(&revoked).contains("has no grant"),
        "{}",
        said(&revoked)
    );
}

#[test]
fn a_secret_that_cannot_be_found_is_told_by_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    prepare(home, 9);
    must(home, &["plugins", "install", "courier", "--grant", "all"]);
    let config = r#"{ plugins: { entries: { courier: { config: { token: "${NOT_SET_ANYWHERE}" } } } } }"#;
    fs::write(home.join(".openclaw/openclaw.json"), config).unwrap();
    let ended = openclaw(
        home,
        &[
            "plugins",
            "run",
            "courier",
            "typed",
            "--args",
            &arguments("http://127.0.0.1:9/"),
        ],
    );
    let said = said(&ended);
    assert!(!ended.status.success(), "{said}");
    assert!(
        said.contains("plugins.entries.courier.config.token") && said.contains("NOT_SET_ANYWHERE"),
        "{said}"
    );
}
