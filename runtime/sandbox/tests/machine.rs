//! Commands run on this machine: they see what they are to see, and end with all that they started.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use openclaw_sandbox::machine::{Machine, Settings};
use openclaw_sandbox::{Command, End, Error, Input, Process, Runner as _};
use tempfile::TempDir;
use tokio::time::timeout;

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(environment: &[(&str, &str)]) -> Settings {
    let own = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("SHELL", "/bin/bash")];
    let all = own.iter().chain(environment);
    Settings {
        environment: all
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect(),
        login_patience: Duration::ZERO,
        grace: Duration::from_millis(500),
    }
}

fn machine() -> Machine {
    Machine::new(settings(&[]))
}

fn command(text: &str) -> Command {
    Command {
        text: text.to_owned(),
        ..Command::default()
    }
}

async fn start(machine: &Machine, command: Command) -> Process {
    machine.start(command).await.unwrap()
}

/// All that a process prints, to both streams, and how it ended.
async fn hear(process: &mut Process) -> (String, String, End) {
    let listen = async {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(piece) = process.output.recv().await {
            if piece.is_err { &mut err } else { &mut out }.extend_from_slice(&piece.bytes);
        }
        (out, err)
    };
    let (out, err) = timeout(PATIENCE, listen).await.expect("the output ends");
    let end = timeout(PATIENCE, &mut process.end)
        .await
        .expect("it ends")
        .unwrap();
    (
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
        end,
    )
}

async fn run(text: &str) -> (String, String, End) {
    hear(&mut start(&machine(), command(text)).await).await
}

/// Seconds to sleep for which nothing else on this machine sleeps: runs of this test at the same time are told apart.
fn seconds(whole: u32) -> String {
    format!("{whole}.{:07}", std::process::id())
}

/// How many processes have this among their arguments.
fn living(argument: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            line.split(|byte| *byte == 0)
                .any(|part| part == argument.as_bytes())
        })
        .count()
}

/// Waits for as many processes with this argument.
async fn come_to(argument: &str, count: usize) {
    let begun = Instant::now();
    while living(argument) != count {
        assert!(
            begun.elapsed() < PATIENCE,
            "{} with {argument}, not {count}",
            living(argument)
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_command_says_what_it_prints_where_and_how_it_ended() {
    let (out, err, end) = run("echo out; echo err >&2; exit 3").await;
    assert_eq!(
        (out.as_str(), err.as_str(), end),
        ("out\n", "err\n", End::Code(3))
    );
    let (_, _, end) = run("kill -9 $$").await;
    assert_eq!(end, End::Signal("SIGKILL".to_owned()));
    let (_, err, end) = run("no-such-program-anywhere").await;
    assert_eq!(end, End::Code(127));
    assert!(err.contains("no-such-program-anywhere"));
}

#[tokio::test]
async fn what_is_written_to_it_reaches_it_and_its_input_can_be_closed() {
    let mut process = start(
        &machine(),
        command("read first; echo \"<$first>\"; cat; echo end"),
    )
    .await;
    for input in [
        Input::Bytes("one\ntwo".into()),
        Input::Bytes("\n".into()),
        Input::End,
    ] {
        process.input.send(input).await.unwrap();
    }
    let (out, _, end) = hear(&mut process).await;
    assert_eq!((out.as_str(), end), ("<one>\ntwo\nend\n", End::Code(0)));
    process.input.send(Input::End).await.unwrap_err();
}

#[tokio::test]
async fn it_begins_in_its_folder_and_one_that_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let inside = folder.path().canonicalize().unwrap();
    fs::create_dir(inside.join("sub")).unwrap();
    let machine = machine().with(inside.clone(), Vec::new());
    for (named, real) in [
        ("", inside.clone()),
        ("sub", inside.join("sub")),
        ("/", "/".into()),
    ] {
        let command = Command {
            folder: named.to_owned(),
            ..command("pwd")
        };
        let (out, _, _) = hear(&mut start(&machine, command).await).await;
        assert_eq!(Path::new(out.trim_end()), real);
    }
    let missing = Command {
        folder: "missing".to_owned(),
        ..command("pwd")
    };
    let error = machine.start(missing).await.unwrap_err().to_string();
    assert!(error.contains("missing: there is no such folder"), "{error}");
    assert_eq!(machine.about().folder, inside.display().to_string());
}

#[tokio::test]
async fn the_gateways_secrets_are_not_in_its_environment_and_what_it_is_given_is() {
    let machine = Machine::new(settings(&[
        ("HOME", "/home/ann"),
        ("OPENAI_API_KEY", "sk-secret"),
        ("OPENCLAW_GATEWAY_TOKEN", "secret"),
        ("LD_LIBRARY_PATH", "/secret"),
    ]));
    let machine = machine.with("/".into(), vec!["/opt/first".to_owned()]);
    let given = Command {
        env: BTreeMap::from([
            ("GREETING".to_owned(), "hi \"there\"".to_owned()),
            ("PYTHONPATH".to_owned(), "/evil".to_owned()),
            ("OPENCLAW_SHELL".to_owned(), "other".to_owned()),
        ]),
        ..command("env")
    };
    let (out, _, _) = hear(&mut start(&machine, given).await).await;
    for line in [
        "HOME=/home/ann",
        "GREETING=hi \"there\"",
        "OPENCLAW_SHELL=exec",
        "PATH=/opt/first:/usr/local/bin:/usr/bin:/bin",
    ] {
        assert!(out.lines().any(|printed| printed == line), "{line} in {out}");
    }
    for gone in ["secret", "evil"] {
        assert!(!out.contains(gone), "{gone} in {out}");
    }
    for name in ["PATH", "LD_PRELOAD"] {
        let refused = Command {
            env: BTreeMap::from([(name.to_owned(), "/evil".to_owned())]),
            ..command("env")
        };
        let error = machine.start(refused).await.unwrap_err();
        assert!(matches!(error, Error::Variable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_login_shell_is_asked_once_where_programs_are() {
    let home = TempDir::new().unwrap();
    let profile = "echo noise; echo x >> \"$HOME/asked\"; PATH=\"$HOME/bin:$PATH\"\n";
    fs::write(home.path().join(".profile"), profile).unwrap();
    let home_path = home.path().to_str().unwrap();
    let machine = Machine::new(Settings {
        login_patience: PATIENCE,
        ..settings(&[("HOME", home_path)])
    });
    for _ in 0..2 {
        let (out, _, _) = hear(&mut start(&machine, command("echo $PATH")).await).await;
        assert!(out.starts_with(&format!("{home_path}/bin:")), "{out}");
    }
    assert_eq!(fs::read_to_string(home.path().join("asked")).unwrap(), "x\n");
    // One that takes too long is not waited for.
    let nap = seconds(91);
    fs::write(home.path().join(".profile"), format!("sleep {nap}\n")).unwrap();
    let machine = Machine::new(Settings {
        login_patience: Duration::from_millis(100),
        ..settings(&[("HOME", home_path)])
    });
    let (out, _, _) = hear(&mut start(&machine, command("echo $PATH")).await).await;
    assert_eq!(out, "/usr/local/bin:/usr/bin:/bin\n");
    come_to(&nap, 0).await;
}

#[tokio::test]
async fn ten_megabytes_come_through_whole_and_the_command_waits_for_its_listener() {
    let mut process = start(
        &machine(),
        command("head -c 10000000 /dev/zero | tr '\\0' x; echo done >&2"),
    )
    .await;
    let mut count = 0;
    while let Some(piece) = timeout(PATIENCE, process.output.recv()).await.unwrap() {
        assert!(piece.bytes.len() <= 64 << 10);
        count += if piece.is_err { 0 } else { piece.bytes.len() };
    }
    assert_eq!(count, 10_000_000);
    // Nobody listens: it does not run ahead.
    let folder = TempDir::new().unwrap();
    let flag = folder.path().join("done");
    let text = format!("head -c 10000000 /dev/zero; touch {}", flag.display());
    let process = start(&machine(), command(&text)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!flag.exists());
    drop(process);
}

#[tokio::test]
async fn whoever_drops_a_command_ends_all_that_it_started() {
    let nap = seconds(92);
    let text = format!(
        "sleep {nap} & (sleep {nap} &) ; setsid sleep {nap} & \
        (setsid setsid sh -c 'trap \"\" TERM; sleep {nap}; sleep {nap}' >/dev/null 2>&1 </dev/null &) ; \
        set -m; sleep {nap} & wait"
    );
    let process = start(&machine(), command(&text)).await;
    come_to(&nap, 5).await;
    drop(process);
    come_to(&nap, 0).await;
    // The one that does not hear goes on to its second sleep only if it is not killed.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(living(&nap), 0);
}

#[tokio::test]
async fn what_hears_is_asked_to_end_before_it_is_killed() {
    let text = "trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    // It is asked, and not killed however slow the machine is.
    let machine = Machine::new(Settings {
        grace: PATIENCE,
        ..settings(&[])
    });
    let mut process = start(&machine, command(text)).await;
    let ready = process.output.recv().await.unwrap();
    assert_eq!(&ready.bytes[..], b"ready\n");
    process.stop().cancel();
    let (out, _, end) = hear(&mut process).await;
    assert_eq!((out.as_str(), end), ("asked\n", End::Stopped));
}

#[tokio::test]
async fn its_end_is_told_while_what_it_left_behind_still_prints() {
    let nap = seconds(93);
    let folder = TempDir::new().unwrap();
    let go = folder.path().join("go");
    let text = format!(
        "(while [ ! -e {} ]; do sleep 0.01; done; echo late; sleep {nap}) & echo early; exit 4",
        go.display()
    );
    let mut process = start(&machine(), command(&text)).await;
    let end = timeout(PATIENCE, &mut process.end).await.unwrap().unwrap();
    assert_eq!(end, End::Code(4));
    assert_eq!(&process.output.try_recv().unwrap().bytes[..], b"early\n");
    fs::write(&go, "").unwrap();
    let late = timeout(PATIENCE, process.output.recv()).await.unwrap().unwrap();
    assert_eq!(&late.bytes[..], b"late\n");
    come_to(&nap, 1).await;
    drop(process);
    come_to(&nap, 0).await;
}

#[tokio::test]
async fn a_daemon_without_our_pipes_outlives_the_command_that_left_it() {
    let nap = seconds(94);
    let (out, _, end) = run(&format!("sleep {nap} >/dev/null 2>&1 </dev/null & echo $!")).await;
    assert_eq!(end, End::Code(0));
    come_to(&nap, 1).await;
    let pid = rustix::process::Pid::from_raw(out.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    come_to(&nap, 0).await;
}

#[tokio::test]
async fn nothing_but_its_own_is_ended() {
    let (others, its) = (seconds(95), seconds(96));
    let bystander = start(&machine(), command(&format!("exec sleep {others}"))).await;
    let mut process = start(&machine(), command(&format!("exec sleep {its}"))).await;
    come_to(&its, 1).await;
    come_to(&others, 1).await;
    process.stop().cancel();
    assert_eq!(hear(&mut process).await.2, End::Stopped);
    assert_eq!((living(&others), living(&its)), (1, 0));
    drop(bystander);
    come_to(&others, 0).await;
}

#[tokio::test]
async fn a_bomb_is_ended_within_bounds() {
    let folder = TempDir::new().unwrap();
    let nap = seconds(97);
    let bomb = folder.path().join("bomb");
    // It ends by itself at a depth, and each of its processes waits before it has two more.
    let text = "#!/bin/sh\n[ \"$2\" -ge 7 ] && exec sleep \"$1\"\nsleep 0.02\n\
        setsid \"$0\" \"$1\" $(($2 + 1)) & \"$0\" \"$1\" $(($2 + 1)) &\nwait\n";
    fs::write(&bomb, text).unwrap();
    let start_it = format!("sh {} {nap} 0", bomb.display());
    fs::set_permissions(&bomb, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut process = start(&machine(), command(&start_it)).await;
    let begun = Instant::now();
    while living(&nap) < 60 {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    process.stop().cancel();
    let stopped = Instant::now();
    assert_eq!(hear(&mut process).await.2, End::Stopped);
    come_to(&nap, 0).await;
    assert!(
        stopped.elapsed() < Duration::from_secs(20),
        "{:?}",
        stopped.elapsed()
    );
}

#[tokio::test]
async fn a_terminal_is_one_with_a_size_keys_and_an_end_of_input() {
    let wanted = |text: &str| Command {
        wants_terminal: true,
        ..command(text)
    };
    let mut process = start(
        &machine(),
        wanted("tty; stty size; echo $TERM; test -t 2 && echo yes"),
    )
    .await;
    assert!(process.has_terminal);
    let (out, _, end) = hear(&mut process).await;
    let lines: Vec<_> = out.split("\r\n").collect();
    assert!(lines[0].starts_with("/dev/"), "{out}");
    assert_eq!(
        (&lines[1..4], end),
        (&["30 120", "xterm-256color", "yes"][..], End::Code(0))
    );

    let nap = seconds(98);
    let text = format!("echo ready; sleep {nap}; echo not here");
    let mut process = start(&machine(), wanted(&text)).await;
    process.output.recv().await.unwrap();
    process.input.send(Input::Bytes("\x03".into())).await.unwrap();
    let (out, _, end) = hear(&mut process).await;
    assert!(!out.contains("not here"), "{out}");
    assert_eq!(end, End::Signal("SIGINT".to_owned()));
    come_to(&nap, 0).await;

    let mut process = start(&machine(), wanted("stty -echo; echo ready; cat; echo end")).await;
    // A terminal may hand on a line and its end one after the other.
    let mut ready = Vec::new();
    while !ready.ends_with(b"\r\n") {
        ready.extend_from_slice(&process.output.recv().await.unwrap().bytes);
    }
    for input in [Input::Bytes("line\r".into()), Input::End] {
        process.input.send(input).await.unwrap();
    }
    let (out, _, end) = hear(&mut process).await;
    assert_eq!((out.as_str(), end), ("line\r\nend\r\n", End::Code(0)));
}

#[test]
fn all_are_killed_when_the_runtime_goes_away() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let nap = seconds(99);
    let process = runtime.block_on(async {
        // Only what sleeps already has that for an argument of its own.
        let text = format!("sleep {nap} & setsid sh -c 'sleep {nap}; :' & wait");
        let process = start(&machine(), command(&text)).await;
        come_to(&nap, 2).await;
        process
    });
    drop(runtime);
    drop(process);
    let begun = Instant::now();
    while living(&nap) > 0 {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
}
