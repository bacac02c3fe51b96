//! The guest with the file tools gives the answers that the gateway gives itself.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;
#[path = "../../files/tests/files/script.rs"]
mod script;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_components::files::Quota;
use openclaw_components::{Cell, Input, Place, Run};
use openclaw_files::{Answer, Machine, Roots, Tool};
use openclaw_policy::LimitSet;
use openclaw_policy::capability::Http;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use common::{Fixture, start};
use script::{calls, fill, tree};

/// The guest, which the suite's first step has built.
fn guest() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("target/programs/files.wasm");
    assert!(
        path.is_file(),
        "{} is missing; `cargo xtask test` builds it",
        path.display()
    );
    path
}

/// A cell with a folder as its workspace, and one beside that is to be read.
async fn cell(fixture: &Fixture, folder: &Path) -> Cell {
    let place = |name: &str, guest: &str, is_writable| {
        let path = folder.join(name);
        fs::create_dir_all(&path).unwrap();
        Place {
            path,
            guest: guest.parse().unwrap(),
            is_writable,
            may_link: false,
            quota: Quota {
                bytes: 1 << 30,
                entries: 10_000,
            },
        }
    };
    let places = vec![place("work", "/workspace", true), place("agent", "/agent", false)];
    let utility = fixture.host.utility("files", &guest()).await.unwrap();
    utility
        .cell("test", places, LimitSet::default(), Http::default())
        .await
        .unwrap()
}

/// What the guest printed, and whether it ended well.
async fn run(cell: &Cell, arguments: &[&str], input: &str) -> (bool, String, String) {
    let (writer, input_end) = mpsc::channel(4);
    let (output, mut reader) = mpsc::channel(4);
    let own = std::iter::once("files").chain(arguments.iter().copied());
    let run = Run {
        arguments: own.map(str::to_owned).collect(),
        environment: BTreeMap::new(),
        places: Vec::new(),
        input: input_end,
        output,
    };
    let input = input.to_owned();
    let feed = async move { writer.send(Input::Bytes(input.into())).await };
    let listen = async {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(printed) = reader.recv().await {
            if printed.is_err { &mut err } else { &mut out }.extend_from_slice(&printed.bytes);
        }
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    let whole = async { tokio::join!(cell.run(run), feed, listen) };
    let (ended, _, (out, err)) = timeout(Duration::from_secs(60), whole).await.unwrap();
    (ended.unwrap(), out, err)
}

async fn call(cell: &Cell, tool: Tool, arguments: &Value) -> Answer {
    let (is_well, out, err) = run(cell, &[tool.name()], &arguments.to_string()).await;
    assert!(is_well, "{err}");
    serde_json::from_str(&out).unwrap()
}

#[tokio::test]
async fn the_guest_gives_the_same_answers_and_leaves_the_same_files() {
    let fixture = start().await;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let cell = cell(&fixture, one.path()).await;
    fs::create_dir(other.path().join("work")).unwrap();
    let works = [one.path().join("work"), other.path().join("work")];
    works.iter().for_each(|work| fill(work));
    let machine = Machine::open_as(&works[1], Roots::new("/workspace").beside("/agent")).unwrap();
    for (tool, arguments) in calls() {
        let guest = call(&cell, tool, &arguments).await;
        let own = tool.call(&machine, &arguments);
        assert_eq!(guest, own, "{} {arguments}", tool.name());
        assert_eq!(tree(&works[0]), tree(&works[1]), "{} {arguments}", tool.name());
    }
}

#[tokio::test]
async fn the_guest_reads_beside_its_workspace_and_writes_in_it_only() {
    let fixture = start().await;
    let folder = tempfile::tempdir().unwrap();
    let cell = cell(&fixture, folder.path()).await;
    fs::write(folder.path().join("agent/notes"), "known\n").unwrap();
    let ask = async |tool, arguments: Value| call(&cell, tool, &arguments).await;
    let read = ask(Tool::Read, json!({"path": "/agent/notes"})).await;
    assert_eq!((read.text.as_str(), read.is_error), ("known", false));
    let found = ask(Tool::Grep, json!({"path": "/agent", "pattern": "kn"})).await;
    assert_eq!(found.text, "/agent/notes:1: known");
    for path in ["/agent/notes", "/agent/new", "/tmp/x", "/agent/../x"] {
        let written = ask(Tool::Write, json!({"path": path, "content": "x"})).await;
        assert!(written.is_error, "{path}: {}", written.text);
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("agent/notes")).unwrap(),
        "known\n"
    );
    let input = json!({"path": "/home/ann/project/a", "content": "x"}).to_string();
    let (is_well, out, err) = run(&cell, &["write", "--known-as", "/home/ann/project"], &input).await;
    assert!(is_well && out.contains("Wrote 1 bytes to a."), "{out} {err}");
    assert_eq!(fs::read_to_string(folder.path().join("work/a")).unwrap(), "x");
}

#[tokio::test]
async fn a_guest_that_is_called_wrongly_says_so_and_ends_badly() {
    let fixture = start().await;
    let folder = tempfile::tempdir().unwrap();
    let cell = cell(&fixture, folder.path()).await;
    for (arguments, input, said) in [
        (&[][..], "{}", "the name of a tool is missing"),
        (&["rm"], "{}", "there is no tool rm"),
        (&["ls", "--known-as"], "{}", "--known-as is not understood"),
        (&["ls"], "{", "the arguments are not JSON"),
    ] {
        let (is_well, out, err) = run(&cell, arguments, input).await;
        assert!(!is_well && out.is_empty() && err.contains(said), "{out} {err}");
    }
}

#[tokio::test]
async fn names_that_are_no_text_hide_no_others() {
    let fixture = start().await;
    let folder = tempfile::tempdir().unwrap();
    let cell = cell(&fixture, folder.path()).await;
    let work = folder.path().join("work");
    for name in [&b"a"[..], b"\xff", b"b", b"\xfe", b"c"] {
        fs::write(work.join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let machine = Machine::open_as(&work, Roots::new("/workspace")).unwrap();
    for (tool, arguments) in [
        (Tool::Ls, json!({})),
        (Tool::Grep, json!({"pattern": "x"})),
        (Tool::Find, json!({"pattern": "*"})),
    ] {
        let guest = call(&cell, tool, &arguments).await;
        assert_eq!(guest, tool.call(&machine, &arguments));
        assert!(
            ["a", "b", "c"].iter().all(|name| guest.text.contains(name)),
            "{}",
            guest.text
        );
    }
}
