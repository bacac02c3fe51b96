//! Callers that go away while the host works for the guest that they called, in each of the ways in which it can wait.
//!
//! One tool has a function of the host for each letter. What it would wait for is held until it does wait; then its caller
//! goes, and afterwards the same call, with nothing held, must come to its end: its place is free, and nothing that it had
//! taken is missing.

mod adapter;
mod peer;
mod standard;
mod tools;

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use openclaw_components::{CallContext, Host, Output};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::common::{grant, program, text};
use crate::ordeal::House;
use openclaw_policy::Choice;
use peer::Peer;

/// How long a call is watched that must not go on.
const WATCH: Duration = Duration::from_millis(100);
/// The one place of the tool is free again by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is held up while it lives.
struct Hold(#[expect(dead_code, reason = "dropping it is what it is for")] Sender<()>);

/// Holds up every change of the state.
async fn hold_writer(house: &House) -> Hold {
    let (release, held) = channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let state = house.state.clone();
    tokio::spawn(async move {
        let wait = move |_: &openclaw_state::Tx<'_>| {
            let _ = begun.send(());
            // An error is how it is told to go on.
            let _ = held.recv();
            Ok::<_, openclaw_state::Error>(())
        };
        state.write(wait).await.unwrap();
    });
    has_begun.await.unwrap();
    Hold(release)
}

/// Holds up everything that waits for a disk: there is one thread for it here.
async fn hold_disk() -> Hold {
    let (release, held) = channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let _ = begun.send(());
        let _ = held.recv();
    });
    has_begun.await.unwrap();
    Hold(release)
}

/// Runs a case where one thread does all that waits for a disk.
fn run<F: Future<Output = ()>>(case: F) {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.enable_all().worker_threads(2).max_blocking_threads(1);
    runtime.build().unwrap().block_on(case);
}

async fn house() -> House {
    House::open_with(|options| options.patience = PATIENCE).await
}

type Ended = Result<Output, openclaw_components::Error>;

fn begin(host: &Host, tool: &'static str, letter: char) -> (JoinHandle<Ended>, mpsc::Receiver<()>) {
    let (sender, mut steps) = mpsc::channel(4);
    let (shout, heard) = mpsc::channel(1);
    let host = host.clone();
    let call = tokio::spawn(async move {
        let arguments = json!({"n": letter.to_string()}).to_string();
        host.call(tool, &arguments, CallContext::default(), Some(sender))
            .await
    });
    tokio::spawn(async move {
        while steps.recv().await.is_some() {
            if shout.send(()).await.is_err() {
                break;
            }
        }
    });
    (call, heard)
}

/// The caller of a call that waits goes away.
async fn leave(letter: char, call: JoinHandle<Ended>) {
    tokio::time::sleep(WATCH).await;
    assert!(!call.is_finished(), "{letter} did not wait: {:?}", call.await);
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
}

/// With nothing held up the same call ends well.
async fn goes_through(house: &House, tool: &'static str, letter: char) {
    let (call, _steps) = begin(&house.fixture.host, tool, letter);
    assert_eq!(text(&call.await.unwrap().unwrap()), "A tool", "{letter}");
}

#[test]
fn a_caller_that_leaves_while_a_change_of_the_store_waits_leaves_nothing_behind() {
    run(async {
        let house = house().await;
        tools::add(&house, 9).await;
        for letter in ['a', 'b', 'c'] {
            let attack = async {
                let hold = hold_writer(&house).await;
                let (call, mut heard) = begin(&house.fixture.host, "try", letter);
                heard.recv().await.unwrap();
                leave(letter, call).await;
                drop(hold);
                goes_through(&house, "try", letter).await;
            };
            house.ordeal("hasty", 0, attack).await;
        }
    });
}

#[test]
fn a_caller_that_leaves_while_a_disk_is_waited_for_leaves_nothing_behind() {
    run(async {
        // So many pieces of media fit that each of the cases here has room, and no more.
        let house = House::open_with(|options| {
            options.patience = PATIENCE;
            options.media_quota = 18 << 12;
        })
        .await;
        let peer = Peer::start().await;
        tools::add(&house, peer.port).await;
        for (letter, passages) in tools::WITH_DISK {
            let attack = async {
                for _ in 0..3 {
                    // What stands before the place in question needs the disk, so the tool says when it is there and
                    // waits for a change of the store.
                    let before = hold_writer(&house).await;
                    let (call, mut heard) = begin(&house.fixture.host, "try", letter);
                    heard.recv().await.unwrap();
                    let hold = hold_disk().await;
                    drop(before);
                    leave(letter, call).await;
                    drop(hold);
                }
                goes_through(&house, "try", letter).await;
            };
            house.ordeal("hasty", passages, attack).await;
        }
        // What was left half done would be more.
        let folder = house.fixture.folder.path().join("host/media");
        let kinds = |kind: &str| {
            let entries = std::fs::read_dir(&folder).unwrap();
            entries
                .filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == kind)
                .count()
        };
        assert_eq!((kinds("bin"), kinds("json"), kinds("new")), tools::kept(3));
    });
}

#[test]
fn a_caller_that_leaves_while_a_peer_is_waited_for_leaves_nothing_behind() {
    run(async {
        let house = house().await;
        let peer = Peer::start().await;
        tools::add(&house, peer.port).await;
        for (letter, passages) in tools::WITH_PEER {
            let attack = async {
                peer.hold(true);
                let mut arrivals = peer.arrivals();
                let (call, mut heard) = begin(&house.fixture.host, "try", letter);
                heard.recv().await.unwrap();
                // Some say that they are there before they begin what they wait for.
                arrivals.changed().await.unwrap();
                leave(letter, call).await;
                peer.hold(false);
                goes_through(&house, "try", letter).await;
            };
            house.ordeal("hasty", 2 * passages, attack).await;
        }
    });
}

#[test]
fn a_caller_that_leaves_while_another_tool_is_waited_for_leaves_nothing_behind() {
    run(async {
        let house = house().await;
        tools::add(&house, 9).await;
        let source = r#"fn main() {
            let asked = std::io::read_to_string(std::io::stdin()).unwrap();
            std::thread::sleep(std::time::Duration::from_secs(if asked.contains("v") { 3600 } else { 0 }));
            println!("woken");
        }"#;
        house
            .add("sleeper", &program(source), json!({"limits": {"concurrency": 1}}))
            .await;
        let attack = async {
            let (call, mut heard) = begin(&house.fixture.host, "try", 'v');
            heard.recv().await.unwrap();
            leave('v', call).await;
            goes_through(&house, "try", 'w').await;
            // The inner call stood on the outer one's place, and its own is free too.
            house.call("sleeper").await.unwrap();
        };
        house.ordeal("hasty", 0, attack).await;
        assert!(house.lines("sleeper").await.is_empty());
    });
}

/// Does one thing for ever, once it was named.
const STANDARD: &str = r#"
    use std::io::Write as _;
    fn main() {
        let asked = std::io::read_to_string(std::io::stdin()).unwrap();
        let word = asked.split('"').nth(3).unwrap_or("none").to_owned();
        let note = "/files/note";
        loop {
            match word.as_str() {
                "sleep" => std::thread::sleep(std::time::Duration::MAX),
                "stat" => drop(std::fs::metadata(note).unwrap()),
                "list" => drop(std::fs::read_dir("/files").unwrap().count()),
                "read" => drop(std::fs::read(note).unwrap()),
                "write" => std::fs::File::create("/files/new").unwrap().write_all(&[7; 9000]).unwrap(),
                "rename" => {
                    std::fs::write("/files/one", "").unwrap();
                    std::fs::rename("/files/one", "/files/other").unwrap();
                }
                "link" => drop(std::fs::read_link("/files/link").unwrap()),
                "sync" => std::fs::File::open(note).unwrap().sync_all().unwrap(),
                "cut" => std::fs::File::create("/files/cut").unwrap().set_len(100).unwrap(),
                "append" => {
                    let options = std::fs::OpenOptions::new().append(true).create(true).open("/files/tail");
                    options.unwrap().write_all(b"more").unwrap();
                    std::fs::remove_file("/files/tail").unwrap();
                }
                "make" => {
                    std::fs::create_dir("/files/folder").unwrap();
                    std::fs::remove_dir("/files/folder").unwrap();
                }
                _ => break,
            }
        }
    }"#;

#[test]
fn a_caller_that_leaves_a_program_of_the_standard_leaves_nothing_behind() {
    run(async {
        let house = house().await;
        let asks = json!({
            "capabilities": {"files": [{"path": "/files", "access": "rw"}]},
            "limits": {"concurrency": 1, "hostCalls": 1_000_000, "cpu": "20 s", "bytesIn": "256 MiB", "bytesOut": "256 MiB"},
        });
        let package = house.fixture.package("program", &program(STANDARD), &asks);
        let installed = house.fixture.host.install(&package).await.unwrap();
        let folder = house.fixture.folder.path().join("files");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("note"), [7; 9000]).unwrap();
        std::os::unix::fs::symlink("note", folder.join("link")).unwrap();
        let places = [("/files".parse().unwrap(), folder.clone())].into();
        let grant = grant(&installed, Choice::All).place(places).unwrap();
        house
            .fixture
            .host
            .enable(&installed, grant, json!({}))
            .await
            .unwrap();
        for word in [
            "sleep", "stat", "list", "read", "write", "rename", "link", "sync", "cut", "append", "make",
        ] {
            let attack = async {
                for _ in 0..3 {
                    let host = house.fixture.host.clone();
                    let call = tokio::spawn(async move {
                        let arguments = json!({"do": word}).to_string();
                        host.call("program", &arguments, CallContext::default(), None)
                            .await
                    });
                    tokio::time::sleep(WATCH).await;
                    // It is in the middle of one of them.
                    let hold = hold_disk().await;
                    leave('p', call).await;
                    drop(hold);
                    // It left what it had made, and may make it again.
                    tokio::task::spawn_blocking(|| ()).await.unwrap();
                    let _ = std::fs::remove_dir(folder.join("folder"));
                    let _ = std::fs::remove_file(folder.join("tail"));
                }
                house.call("program").await.unwrap();
            };
            house.ordeal("program", 0, attack).await;
        }
    });
}
