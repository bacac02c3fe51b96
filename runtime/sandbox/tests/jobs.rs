//! Jobs go on in the background, within bounds, and belong to one agent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use openclaw_sandbox::jobs::{
    Ended, FINISHED, FINISHED_CHARS, Foreground, Job, Jobs, OUTPUT_CHARS, PENDING_CHARS, RUNNING, TAIL_CHARS,
    Terms, Unheard, Viewer,
};
use openclaw_sandbox::machine::{Machine, Settings};
use openclaw_sandbox::{Command, End, Error, Output, Process, Runner as _};
use tokio::time::timeout;

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

fn machine() -> Machine {
    Machine::new(Settings {
        environment: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        login_patience: Duration::ZERO,
        grace: Duration::from_millis(300),
    })
}

/// Somebody who has this machine.
fn of(agent: &str) -> Viewer {
    Viewer {
        agent: agent.to_owned(),
        ..Viewer::default()
    }
}

fn terms(agent: &str) -> Terms {
    Terms {
        agent: agent.to_owned(),
        sandbox: None,
        session: format!("agent:{agent}:main"),
        command: "a command".to_owned(),
        kept_for: PATIENCE,
        tells_end: true,
        ..Terms::default()
    }
}

async fn start(jobs: &Jobs, terms: Terms, text: &str) -> Foreground {
    let command = Command {
        text: text.to_owned(),
        ..Command::default()
    };
    jobs.start(terms, machine().start(command).await.unwrap())
        .unwrap()
}

async fn background(jobs: &Jobs, agent: &str, text: &str) -> Job {
    start(jobs, terms(agent), text).await.release(false)
}

async fn end(job: &Job) {
    timeout(PATIENCE, job.ended()).await.expect("it ends");
}

/// A job that prints this and ends, without a real process.
async fn printed(jobs: &Jobs, text: &str) -> Job {
    let (process, pipes) = Process::open(None, false);
    let job = jobs.start(terms("main"), process).unwrap().release(false);
    for piece in text.as_bytes().chunks(50_000) {
        let output = Output {
            is_err: false,
            bytes: Bytes::copy_from_slice(piece),
        };
        pipes.output.send(output).await.unwrap();
    }
    pipes.end.send(End::Code(0)).unwrap();
    drop(pipes.output);
    end(&job).await;
    job
}

#[tokio::test]
async fn a_job_is_polled_written_to_and_told_when_it_ends() {
    let jobs = Jobs::default();
    let mut ends = jobs.ends();
    let job = background(&jobs, "main", "echo ready; read line; echo got $line; exit 2").await;
    job.news(PATIENCE).await;
    assert_eq!(job.drain(), ("ready\n".to_owned(), 0));
    assert_eq!(
        (job.glance().status(), job.takes_input(), job.waits_for_input()),
        ("running", true, false)
    );
    // Nothing more comes until something is written.
    job.news(Duration::from_millis(50)).await;
    assert!(!job.has_news());
    assert_eq!(job.note_poll(false), Some(Duration::from_secs(5)));
    assert_eq!(job.note_poll(false), Some(Duration::from_secs(10)));
    assert_eq!(job.note_poll(true), None);
    job.write("hello\n").await.unwrap();
    let Ended { agent, glance } = timeout(PATIENCE, ends.recv()).await.unwrap().unwrap();
    assert_eq!(
        (agent.as_str(), glance.session.as_str()),
        ("main", "agent:main:main")
    );
    assert_eq!(
        (glance.status(), glance.code(), glance.tail.as_str()),
        ("completed", Some(2), "ready\ngot hello\n")
    );
    assert_eq!(job.drain().0, "got hello\n");
    assert_eq!(job.output(), "ready\ngot hello\n");
    assert_eq!(job.write("x").await, Err(Unheard::Closed));
    assert!(jobs.forget(&job));
    assert!(jobs.list(&of("main")).is_empty());
}

#[tokio::test]
async fn an_agent_sees_its_own_jobs_in_the_background_and_no_others() {
    let jobs = Jobs::default();
    let job = background(&jobs, "ann", "sleep 81.0471").await;
    let foreground = start(&jobs, terms("ann"), "sleep 81.0471").await;
    assert_eq!(jobs.list(&of("ann")).len(), 1);
    assert!(jobs.find(&of("ann"), job.id()).is_some());
    assert!(jobs.find(&of("ann"), foreground.job().id()).is_none());
    assert!(jobs.find(&of("bob"), job.id()).is_none() && jobs.list(&of("bob")).is_empty());
    assert!(!jobs.forget(&job));
    jobs.close().await;
    assert!(!job.glance().is_running());
    let (process, _pipes) = Process::open(None, false);
    assert!(matches!(
        jobs.start(terms("ann"), process),
        Err(Error::Crowded { .. })
    ));
}

#[tokio::test]
async fn its_time_is_up_in_the_background_too() {
    let jobs = Jobs::default();
    let mut ends = jobs.ends();
    let short = Terms {
        lifetime: Some(Duration::from_millis(200)),
        ..terms("main")
    };
    let job = start(&jobs, short, "echo begun; sleep 82.0471 & wait")
        .await
        .release(false);
    let told = timeout(PATIENCE, ends.recv()).await.unwrap().unwrap();
    assert_eq!((told.glance.status(), told.glance.timed_out), ("failed", true));
    assert_eq!(job.glance().end, Some(End::Stopped));
}

#[tokio::test]
async fn whoever_goes_away_ends_a_job_that_is_not_in_the_background() {
    let jobs = Jobs::default();
    let foreground = start(&jobs, terms("main"), "sleep 83.0471").await;
    let job = foreground.job().clone();
    drop(foreground);
    end(&job).await;
    assert!(jobs.list(&of("main")).is_empty());
}

#[tokio::test]
async fn a_killed_job_ends_with_its_tree_and_its_end_is_not_told() {
    let jobs = Jobs::default();
    let mut ends = jobs.ends();
    let job = background(
        &jobs,
        "main",
        "sleep 84.0471 & setsid sleep 84.0471 & echo ready; wait",
    )
    .await;
    job.news(PATIENCE).await;
    job.kill();
    end(&job).await;
    let glance = job.glance();
    assert_eq!(
        (glance.status(), glance.was_killed, glance.end),
        ("failed", true, Some(End::Stopped))
    );
    ends.try_recv().unwrap_err();
}

#[tokio::test]
async fn silent_success_and_what_somebody_waits_for_are_not_told() {
    let jobs = Jobs::default();
    let mut ends = jobs.ends();
    end(&background(&jobs, "main", "exit 0").await).await;
    end(&background(&jobs, "main", "echo waited for; exit 1").await).await;
    let loud = Terms {
        tells_silent_success: true,
        ..terms("main")
    };
    let job = start(&jobs, loud, "sleep 0.1").await.release(false);
    let told = timeout(PATIENCE, ends.recv()).await.unwrap().unwrap();
    assert_eq!(told.glance.id, job.id());
}

#[tokio::test]
async fn a_flood_is_kept_within_bounds_from_its_end() {
    let jobs = Jobs::default();
    let job = background(
        &jobs,
        "main",
        "for i in 1 2 3 4 5 6 7 8 9 10; do head -c 1000000 /dev/zero | tr '\\0' $i; done; echo end",
    )
    .await;
    end(&job).await;
    let output = job.output();
    assert_eq!(output.chars().count(), OUTPUT_CHARS);
    assert!(output.ends_with("1end\n"));
    let glance = job.glance();
    assert!(glance.is_cut && glance.total_chars >= 10_000_004);
    assert_eq!(glance.tail.chars().count(), TAIL_CHARS);
    let (pending, lost) = job.drain();
    assert_eq!(pending.chars().count(), PENDING_CHARS);
    assert_eq!(lost, glance.total_chars - PENDING_CHARS as u64);
}

#[tokio::test]
async fn the_jobs_of_a_session_that_is_removed_end_and_nobody_is_told() {
    let jobs = Jobs::default();
    let mut ends = jobs.ends();
    let viewer = |agent: &str| Viewer {
        agent: agent.to_owned(),
        ..Viewer::default()
    };
    let (gone, stays) = (
        background(&jobs, "main", "sleep 86.0471").await,
        background(&jobs, "work", "sleep 87.0471").await,
    );
    jobs.end_session("main", "agent:main:main");
    end(&gone).await;
    assert!(jobs.find(&viewer("main"), gone.id()).is_none());
    assert!(jobs.find(&viewer("work"), stays.id()).is_some());
    ends.try_recv().unwrap_err();
    stays.kill();
    end(&stays).await;
}

#[tokio::test]
async fn a_character_that_comes_in_halves_is_whole_and_streams_do_not_mix() {
    let jobs = Jobs::default();
    let text = r"printf '\342\202'; read x; printf '\360\237' >&2; read x; printf '\254'; read x; printf '\230\200\n' >&2; read x; printf '\303'";
    let job = background(&jobs, "main", text).await;
    let mut changes = job.changes();
    // Each piece comes after the one before was heard.
    for _ in 0..4 {
        timeout(PATIENCE, changes.changed()).await.unwrap().unwrap();
        job.write("\n").await.unwrap();
    }
    end(&job).await;
    assert_eq!(job.output(), "€😀\n\u{fffd}");
}

#[tokio::test]
async fn what_goes_on_after_the_commands_own_end_is_still_a_job() {
    let jobs = Jobs::default();
    let mut ends = jobs.ends();
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let text = format!(
        "(read x < /dev/null; while [ ! -e {} ]; do sleep 0.01; done; echo late; sleep 85.0471) & echo early",
        go.display()
    );
    let foreground = start(&jobs, terms("main"), &text).await;
    let mut changes = foreground.job().changes();
    let begun = Instant::now();
    while foreground.job().glance().end.is_none() {
        timeout(PATIENCE, changes.changed()).await.unwrap().unwrap();
    }
    assert!(begun.elapsed() < PATIENCE);
    let glance = foreground.job().glance();
    assert_eq!(
        (glance.status(), glance.code(), glance.tail.as_str()),
        ("running", Some(0), "early\n")
    );
    let job = foreground.release(true);
    job.drain();
    std::fs::write(&go, "").unwrap();
    job.news(PATIENCE).await;
    assert_eq!(job.drain().0, "late\n");
    job.kill();
    end(&job).await;
    ends.try_recv().unwrap_err();
}

#[tokio::test]
async fn those_that_have_ended_are_kept_up_to_a_number_a_size_and_an_age() {
    let jobs = Jobs::default();
    let mut first = None;
    for number in 0..FINISHED + 5 {
        let job = printed(&jobs, &format!("{number}")).await;
        first.get_or_insert(job);
    }
    assert_eq!(jobs.list(&of("main")).len(), FINISHED);
    assert!(jobs.find(&of("main"), first.unwrap().id()).is_none());
    let large = "x".repeat(OUTPUT_CHARS);
    for _ in 0..12 {
        printed(&jobs, &large).await;
    }
    assert_eq!(jobs.list(&of("main")).len(), FINISHED_CHARS / OUTPUT_CHARS);

    let short = Terms {
        kept_for: Duration::from_millis(50),
        ..terms("other")
    };
    let job = start(&jobs, short, "echo x").await.release(false);
    end(&job).await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert!(jobs.find(&of("other"), job.id()).is_none());
}

#[tokio::test]
async fn an_agent_runs_no_more_at_once_than_it_may_and_others_are_not_hindered() {
    let jobs = Jobs::default();
    let mut ends = Vec::new();
    for _ in 0..RUNNING {
        let (process, pipes) = Process::open(None, false);
        jobs.start(terms("main"), process).unwrap().release(false);
        ends.push(pipes);
    }
    let (process, _pipes) = Process::open(None, false);
    let error = jobs.start(terms("main"), process).unwrap_err();
    assert!(matches!(error, Error::Crowded { running: RUNNING }), "{error}");
    let (process, _others) = Process::open(None, false);
    drop(jobs.start(terms("other"), process).unwrap());
}

#[tokio::test]
async fn keys_follow_the_mode_of_the_terminal() {
    let jobs = Jobs::default();
    let command = Command {
        text: r"printf '\033[?1h'; stty raw -echo; echo ready; head -c 3 | od -An -c".to_owned(),
        wants_terminal: true,
        ..Command::default()
    };
    let process = machine().start(command).await.unwrap();
    let job = jobs.start(terms("main"), process).unwrap().release(false);
    while !job.output().contains("ready") {
        job.drain();
        job.news(PATIENCE).await;
    }
    job.write(job.key("Up").unwrap()).await.unwrap();
    end(&job).await;
    assert!(job.output().contains("033   O   A"), "{}", job.output());
}

#[tokio::test]
async fn whoever_is_in_a_sandbox_sees_what_runs_in_it_and_nothing_outside() {
    let jobs = Jobs::default();
    let within = |sandbox: &str| Terms {
        sandbox: Some(sandbox.to_owned()),
        ..terms("main")
    };
    let outside = background(&jobs, "main", "sleep 30").await;
    let inside = start(&jobs, within("agent:main:irc:direct:ann"), "sleep 30")
        .await
        .release(false);
    let viewer = |sandbox: Option<&str>, may_leave| Viewer {
        agent: "main".to_owned(),
        session: outside.glance().session,
        sandbox: sandbox.map(str::to_owned),
        may_leave,
    };
    let seen = |viewer: Viewer| {
        [&outside, &inside].map(|job| {
            let is_found = jobs.find(&viewer, job.id()).is_some();
            let is_listed = jobs.list(&viewer).iter().any(|glance| glance.id == job.id());
            assert_eq!(is_found, is_listed);
            is_found
        })
    };
    let (ann, bob) = ("agent:main:irc:direct:ann", "agent:main:irc:direct:bob");
    assert_eq!(seen(viewer(None, false)), [true, true]);
    assert_eq!(seen(viewer(Some(ann), false)), [false, true]);
    assert_eq!(seen(viewer(Some(bob), false)), [false, false]);
    // Whose commands may leave sees what its own session runs outside.
    assert_eq!(seen(viewer(Some(ann), true)), [true, true]);
    let other = Viewer {
        session: "agent:main:other".to_owned(),
        ..viewer(Some(bob), true)
    };
    assert_eq!(seen(other), [false, false]);
    assert_eq!((jobs.in_background(ann), jobs.in_background(bob)), (1, 0));
}
