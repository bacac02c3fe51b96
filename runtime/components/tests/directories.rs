//! What was granted of this machine's directories is there, and nothing else of it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{Fixture, grant, limit, program, start, text};
use openclaw_components::{Error, Installed};
use openclaw_policy::{Choice, Limit};
use serde_json::json;

const LOOK: &str = r#"
    fn main() {
        let note = std::fs::read_to_string("/in/note.txt");
        let written = std::fs::write("/in/new.txt", "new").map_err(|error| error.kind());
        let kept = std::fs::write("/out/kept.txt", note.as_deref().unwrap_or("nothing"));
        let above = std::fs::read_to_string("/in/../secret.txt").is_err();
        let root = std::fs::read_dir("/").is_err();
        println!("{note:?} {written:?} {} {above} {root}", kept.is_ok());
    }"#;

const ASKS: &str = r#"{"capabilities": {"files": [
    {"path": "/in", "access": "ro"}, {"path": "/out", "access": "rw"}
]}}"#;

async fn install(fixture: &Fixture, source: &str, asks: serde_json::Value) -> Installed {
    let package = fixture.package("files", &program(source), &asks);
    fixture.host.install(&package).await.unwrap()
}

async fn enable(fixture: &Fixture, installed: &Installed, places: &[(&str, &str)]) -> Result<(), Error> {
    let mut directories = BTreeMap::new();
    for (guest, name) in places {
        let place = fixture.folder.path().join(name);
        fs::create_dir_all(&place).unwrap();
        directories.insert(guest.parse().unwrap(), place);
    }
    let grant = grant(installed, Choice::All).place(directories).unwrap();
    fixture.host.enable(installed, grant, json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_reads_and_writes_where_it_was_granted_and_nowhere_else() {
    let fixture = start().await;
    let installed = install(&fixture, LOOK, serde_json::from_str(ASKS).unwrap()).await;
    enable(&fixture, &installed, &[("/in", "texts"), ("/out", "results")])
        .await
        .unwrap();
    fs::write(fixture.folder.path().join("texts/note.txt"), "hello").unwrap();
    fs::write(fixture.folder.path().join("secret.txt"), "secret").unwrap();
    let output = fixture.call("files").await.unwrap();
    assert_eq!(
        text(&output).trim(),
        r#"Ok("hello") Err(ReadOnlyFilesystem) true true true"#
    );
    let kept = fixture.folder.path().join("results/kept.txt");
    assert_eq!(fs::read_to_string(kept).unwrap(), "hello");
    assert!(!fixture.folder.path().join("texts/new.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_granted_is_no_directory_at_all() {
    let fixture = start().await;
    let installed = install(&fixture, LOOK, serde_json::from_str(ASKS).unwrap()).await;
    let nothing = grant(&installed, Choice::None);
    fixture.host.enable(&installed, nothing, json!({})).await.unwrap();
    let output = fixture.call("files").await.unwrap();
    assert!(text(&output).starts_with("Err("), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_nobody_placed_or_that_overlaps_is_refused_by_name() {
    let fixture = start().await;
    let installed = install(&fixture, LOOK, serde_json::from_str(ASKS).unwrap()).await;
    let unplaced = enable(&fixture, &installed, &[("/in", "texts")])
        .await
        .unwrap_err();
    assert!(unplaced.to_string().contains("--dir /out=PATH"), "{unplaced}");
    let inside = [("/in", "texts"), ("/out", "texts/inner")];
    let overlap = enable(&fixture, &installed, &inside).await.unwrap_err();
    assert!(matches!(overlap, Error::Directory(_)), "{overlap}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_files_move_is_counted_as_the_calls_own() {
    let fixture = start().await;
    let copy = r#"
        fn main() {
            for _ in 0..100 {
                std::fs::read("/in/large").unwrap();
            }
        }"#;
    let asks = json!({
        "capabilities": {"files": [{"path": "/in", "access": "ro"}]},
        "limits": {"bytesIn": "1 MiB"},
    });
    let installed = install(&fixture, copy, asks).await;
    enable(&fixture, &installed, &[("/in", "texts")]).await.unwrap();
    fs::write(fixture.folder.path().join("texts/large"), vec![0; 64 << 10]).unwrap();
    assert_eq!(limit(fixture.call("files").await), Limit::BytesIn);
}
