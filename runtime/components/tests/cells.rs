//! Programs of the gateway's own, in cells.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use openclaw_components::files::Quota;
use openclaw_components::{Cell, Error, Host, Input, Options, Place, Printed, Run, Stop};
use openclaw_policy::capability::Http;
use openclaw_policy::{Limit, LimitSet};
use openclaw_state::State;
use tokio::sync::mpsc;
use tokio::time::timeout;

use common::{Fixture, compiler, program, start};

/// What a test program does is told by its first argument.
const SOURCE: &str = r#"
    use std::io::{Read, Write};
    fn main() {
        let mut arguments = std::env::args().skip(1);
        match arguments.next().as_deref() {
            Some("echo") => {
                let mut said = String::new();
                std::io::stdin().read_to_string(&mut said).unwrap();
                print!("{said}{}", std::env::var("NAME").unwrap());
                eprint!("{}", arguments.next().unwrap());
            }
            Some("say") => {
                let mut line = String::new();
                while std::io::stdin().read_line(&mut line).unwrap() > 0 {
                    print!("<{}>", line.trim());
                    std::io::stdout().flush().unwrap();
                    line.clear();
                }
            }
            Some("pour") => loop { println!("{}", "x".repeat(10_000)) },
            Some("spin") => loop { std::hint::spin_loop() },
            Some("write") => {
                let place = arguments.next().unwrap();
                match std::fs::write(&place, "new") {
                    Ok(()) => print!("{}", std::fs::read_to_string(&place).unwrap()),
                    Err(error) => print!("{error}"),
                }
            }
            Some("list") => {
                let mut names: Vec<_> = std::fs::read_dir(arguments.next().unwrap()).unwrap()
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
                names.sort();
                print!("{names:?} {:?}", std::env::vars().collect::<Vec<_>>());
            }
            _ => std::process::exit(3),
        }
    }"#;

async fn cell(fixture: &Fixture, folder: &Path, limits: &[(Limit, u64)]) -> Cell {
    let file = folder.join("utility.wasm");
    fs::write(&file, program(SOURCE)).unwrap();
    let utility = fixture.host.utility("utility", &file).await.unwrap();
    let (work, agent) = (folder.join("work"), folder.join("agent"));
    fs::create_dir_all(&work).unwrap();
    fs::create_dir_all(&agent).unwrap();
    fs::write(agent.join("known"), "old").unwrap();
    let mut set = LimitSet::default();
    for (limit, amount) in limits {
        set.set(*limit, *amount).unwrap();
    }
    let places = vec![place(&work, "/workspace", true), place(&agent, "/agent", false)];
    utility.cell("test", places, set, Http::default()).await.unwrap()
}

fn place(path: &Path, guest: &str, is_writable: bool) -> Place {
    Place {
        path: path.to_owned(),
        guest: guest.parse().unwrap(),
        is_writable,
        may_link: true,
        quota: Quota {
            bytes: 1 << 20,
            entries: 100,
        },
    }
}

fn run(arguments: &[&str]) -> (Run, mpsc::Sender<Input>, mpsc::Receiver<Printed>) {
    let (writer, input) = mpsc::channel(4);
    let (output, reader) = mpsc::channel(4);
    let own = std::iter::once("utility").chain(arguments.iter().copied());
    let run = Run {
        arguments: own.map(str::to_owned).collect(),
        environment: BTreeMap::from([("NAME".to_owned(), "cell".to_owned())]),
        places: Vec::new(),
        input,
        output,
    };
    (run, writer, reader)
}

/// Runs to the end and returns both streams.
async fn all(cell: &Cell, arguments: &[&str]) -> (Result<bool, Error>, String, String) {
    let (run, writer, mut reader) = run(arguments);
    drop(writer);
    let listen = async {
        let (mut out, mut err) = (String::new(), String::new());
        while let Some(Printed { is_err, bytes }) = reader.recv().await {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            if is_err { &mut err } else { &mut out }.push_str(&text);
        }
        (out, err)
    };
    let (ended, (out, err)) = tokio::join!(cell.run(run), listen);
    (ended, out, err)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_has_its_arguments_variables_and_streams() {
    let (fixture, folder) = (start().await, tempfile::tempdir().unwrap());
    let cell = cell(&fixture, folder.path(), &[]).await;
    let (run, writer, mut reader) = run(&["echo", "warned"]);
    let task = tokio::spawn({
        let cell = cell.clone();
        async move { cell.run(run).await }
    });
    writer.send(Input::Bytes(Bytes::from("hello "))).await.unwrap();
    writer.send(Input::Bytes(Bytes::from("you "))).await.unwrap();
    drop(writer);
    let mut said = (Vec::new(), Vec::new());
    while let Some(Printed { is_err, bytes }) = reader.recv().await {
        if is_err { &mut said.1 } else { &mut said.0 }.extend(bytes);
    }
    assert!(task.await.unwrap().unwrap());
    assert_eq!(String::from_utf8(said.0).unwrap(), "hello you cell");
    assert_eq!(String::from_utf8(said.1).unwrap(), "warned");
    assert!(!all(&cell, &["fail"]).await.0.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed_comes_as_it_is_printed() {
    let (fixture, folder) = (start().await, tempfile::tempdir().unwrap());
    let cell = cell(&fixture, folder.path(), &[]).await;
    let (run, writer, mut reader) = run(&["say"]);
    let task = tokio::spawn(async move { cell.run(run).await });
    for word in ["one", "two"] {
        writer
            .send(Input::Bytes(Bytes::from(format!("{word}\n"))))
            .await
            .unwrap();
        let mut said = String::new();
        while !said.ends_with('>') {
            let piece = timeout(Duration::from_secs(20), reader.recv()).await.unwrap();
            said += std::str::from_utf8(&piece.unwrap().bytes).unwrap();
        }
        assert_eq!(said, format!("<{word}>"));
    }
    drop(writer);
    assert!(task.await.unwrap().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_nobody_reads_waits_and_one_that_pours_ends_at_its_limit() {
    let (fixture, folder) = (start().await, tempfile::tempdir().unwrap());
    let cell = cell(&fixture, folder.path(), &[(Limit::Output, 1 << 20)]).await;
    let (run, _writer, mut reader) = run(&["pour"]);
    let mut task = tokio::spawn({
        let cell = cell.clone();
        async move { cell.run(run).await }
    });
    // Nobody reads, so it stands still; its time would not end it soon.
    assert!(timeout(Duration::from_millis(500), &mut task).await.is_err());
    while reader.recv().await.is_some() {}
    match task.await.unwrap() {
        Err(Error::Stopped {
            stop: Stop::Limit(setting),
            ..
        }) => assert_eq!(setting.limit, Limit::Output),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_ends_at_its_cpu_and_when_it_is_dropped() {
    let (fixture, folder) = (start().await, tempfile::tempdir().unwrap());
    let cell = cell(
        &fixture,
        folder.path(),
        &[(Limit::Cpu, 100), (Limit::Concurrency, 1)],
    )
    .await;
    match all(&cell, &["spin"]).await.0 {
        Err(Error::Stopped {
            stop: Stop::Limit(setting),
            ..
        }) => assert_eq!(setting.limit, Limit::Cpu),
        other => panic!("{other:?}"),
    }
    let (run, writer, _reader) = run(&["say"]);
    assert!(timeout(Duration::from_millis(100), cell.run(run)).await.is_err());
    drop(writer);
    // Its place is free again, of which there is one.
    assert!(all(&cell, &["echo", ""]).await.0.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_reaches_its_directories_and_nothing_else() {
    let (fixture, folder) = (start().await, tempfile::tempdir().unwrap());
    let cell = cell(&fixture, folder.path(), &[]).await;
    assert_eq!(all(&cell, &["write", "/workspace/file"]).await.1, "new");
    assert_eq!(
        fs::read_to_string(folder.path().join("work/file")).unwrap(),
        "new"
    );
    for place in [
        "/agent/known",
        "/workspace/../agent/known",
        "/etc/passwd",
        "/tmp/x",
    ] {
        let said = all(&cell, &["write", place]).await.1;
        assert_ne!(said, "new", "{place}");
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("agent/known")).unwrap(),
        "old"
    );
    // Nothing of this process's environment is there.
    let said = all(&cell, &["list", "/agent"]).await.1;
    assert_eq!(said, r#"["known"] [("NAME", "cell")]"#);
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("mine"), "").unwrap();
    let (mut with, writer, mut reader) = run(&["list", "/own"]);
    drop(writer);
    with.places.push(place(&own, "/own", true));
    assert!(cell.run(with).await.unwrap());
    assert!(reader.recv().await.unwrap().bytes.starts_with(br#"["mine"]"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_compiled_is_kept_over_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("utility.wasm");
    fs::write(&file, program(SOURCE)).unwrap();
    let state = openclaw_state::Options::new(folder.path().join("state"), str::to_owned);
    let state = State::open(state).unwrap();
    let code = || {
        let compiled = fs::read_dir(folder.path().join("host/compiled")).unwrap();
        let mut found: Vec<_> = compiled
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        found.sort();
        found
    };
    let mut found = Vec::new();
    for _ in 0..2 {
        let options = Options::new(folder.path().join("host"), compiler(), state.clone());
        let host = Host::start(options).await.unwrap();
        host.utility("utility", &file).await.unwrap();
        found.push(code());
    }
    // The key, the code and its hash.
    assert_eq!(found[0].len(), 3);
    assert_eq!(found[0], found[1]);
}
