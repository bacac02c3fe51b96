//! File providers over real files of every awkward kind.

use std::os::unix::fs::{chown, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Bench, is_root};

fn with(path: &std::path::Path, settings: Value) -> Bench {
    let mut bench = Bench::new();
    add(&mut bench, path, settings);
    bench
}

fn add(bench: &mut Bench, path: &std::path::Path, settings: Value) {
    let mut provider = json!({"source": "file", "path": path});
    provider
        .as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    bench.providers.insert("f".into(), provider);
}

async fn refusal(path: &std::path::Path, settings: Value) -> String {
    with(path, settings).ask_file("f", "/a").await.unwrap_err()
}

#[tokio::test]
async fn values_are_found_by_pointer() {
    let mut bench = Bench::new();
    let path = bench.file("s.json", r#"{"a/b":{"~c":["x","deep"]},"n":7,"e":""}"#, 0o600);
    add(&mut bench, &path, json!({}));
    assert_eq!(bench.ask_file("f", "/a~1b/~0c/1").await, Ok("deep".into()));
    assert_eq!(
        bench.ask_file("f", "/gone").await,
        Err("File provider \"f\" has nothing at \"/gone\".".into())
    );
    for id in ["/n", "/e", "/a~1b"] {
        let expected = format!("Secret reference \"file:f:{id}\" resolved to a non-string or empty value.");
        assert_eq!(bench.ask_file("f", id).await, Err(expected));
    }
}

#[tokio::test]
async fn a_single_value_loses_one_newline() {
    let mut bench = Bench::new();
    let path = bench.file("token", "  hunter2\n\n", 0o600);
    add(&mut bench, &path, json!({"mode": "singleValue"}));
    assert_eq!(bench.ask_file("f", "value").await, Ok("  hunter2\n".into()));
    let expected = "singleValue file provider \"f\" expects ref id \"value\".";
    assert_eq!(bench.ask_file("f", "/a").await, Err(expected.into()));
}

#[tokio::test]
async fn a_home_relative_path_is_expanded() {
    let mut bench = Bench::new();
    bench.file("token", "hunter2", 0o600);
    add(&mut bench, "~/token".as_ref(), json!({"mode": "singleValue"}));
    assert_eq!(bench.ask_file("f", "value").await, Ok("hunter2".into()));
}

#[tokio::test]
async fn content_that_is_no_object_is_refused_without_being_quoted() {
    for content in ["[]", "\"secret\"", "{", ""] {
        let mut bench = Bench::new();
        let path = bench.file("s.json", content, 0o600);
        add(&mut bench, &path, json!({}));
        let expected = "File provider \"f\" payload is not a JSON object.";
        assert_eq!(bench.ask_file("f", "/a").await, Err(expected.into()), "{content}");
    }
}

#[tokio::test]
async fn each_rule_of_trust_refuses_with_its_words() {
    let bench = Bench::new();
    let label = "secrets.providers.f.path";
    let good = r#"{"a":"the-value"}"#;
    assert_eq!(
        refusal("relative.json".as_ref(), json!({})).await,
        format!("{label} must be an absolute path.")
    );
    let absent = bench.path("absent");
    assert_eq!(
        refusal(&absent, json!({})).await,
        format!("{label} is not readable: {}", absent.display())
    );
    assert_eq!(
        refusal(bench.dir.path(), json!({})).await,
        format!("{label} must be a file: {}", bench.dir.path().display())
    );
    let file = bench.file("s.json", good, 0o600);
    let link = bench.path("link");
    symlink(&file, &link).unwrap();
    assert_eq!(
        refusal(&link, json!({})).await,
        format!("{label} must not be a symlink: {}", link.display())
    );
    for mode in [0o640, 0o604, 0o620, 0o602, 0o644] {
        let open = bench.file("open.json", good, mode);
        let expected = format!("{label} permissions are too open: {}", open.display());
        assert_eq!(refusal(&open, json!({})).await, expected, "{mode:o}");
        let trusted = with(&open, json!({"allowInsecurePath": true}));
        assert_eq!(trusted.ask_file("f", "/a").await, Ok("the-value".into()));
    }
    let second = bench.path("second");
    std::fs::hard_link(&file, &second).unwrap();
    for settings in [json!({}), json!({"allowInsecurePath": true})] {
        let expected = format!("{label} must not be hardlinked: {}", second.display());
        assert_eq!(refusal(&second, settings).await, expected);
    }
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused() {
    if !is_root() {
        assert!(std::env::var_os("CI").is_none(), "needs root to give a file away");
        eprintln!("skipped: needs root to give a file away");
        return;
    }
    let bench = Bench::new();
    let path = bench.file("s.json", r#"{"a":"the-value"}"#, 0o600);
    chown(&path, Some(65534), None).unwrap();
    let expected = format!(
        "secrets.providers.f.path must be owned by the current user (uid=0): {}",
        path.display()
    );
    assert_eq!(refusal(&path, json!({})).await, expected);
}

#[tokio::test]
async fn pipes_and_devices_are_refused_at_once() {
    let bench = Bench::new();
    let fifo = bench.path("fifo");
    assert!(
        Command::new("mkfifo")
            .args(["-m", "600"])
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let start = Instant::now();
    for path in [fifo.as_path(), "/dev/zero".as_ref(), "/dev/null".as_ref()] {
        let expected = format!("secrets.providers.f.path must be a file: {}", path.display());
        assert_eq!(
            refusal(path, json!({"timeoutMs": 60000, "allowInsecurePath": true})).await,
            expected
        );
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let bench = Bench::new();
    let path = bench.file("s.json", r#"{"a":"the-value"}"#, 0o600);
    assert_eq!(
        refusal(&path, json!({"maxBytes": 16})).await,
        "File provider \"f\" exceeded maxBytes (16)."
    );
    assert_eq!(
        with(&path, json!({"maxBytes": 17})).ask_file("f", "/a").await,
        Ok("the-value".into())
    );
}
