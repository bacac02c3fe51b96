//! Programs that hang, flood, fork and never read: each ends at a limit, with everything it started.

use std::time::{Duration, Instant};

use openclaw_config::{SecretRef, SecretSource};
use serde_json::json;

use crate::{Bench, alive, gone, pids};

/// Starts a grandchild that would live for minutes, and notes both process ids.
const FORK: &str = "sleep 300 & echo $! >> pids; echo $$ >> pids";

async fn all_gone(bench: &Bench) -> bool {
    let pids = pids(&bench.path("pids"));
    assert!(pids.len() >= 2, "the script noted its processes");
    for pid in pids {
        if !gone(pid).await {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn a_program_that_hangs_is_stopped_with_all_it_started() {
    // On a busy machine it may not come to note its processes at first.
    for millis in [700, 10_000] {
        let mut bench = Bench::new();
        bench.shell("p", &format!("{FORK}; sleep 300"), json!({"timeoutMs": millis}));
        let expected = format!("Exec provider \"p\" timed out after {millis}ms.");
        assert_eq!(bench.ask_exec("p", "a").await, Err(expected));
        if pids(&bench.path("pids")).len() >= 2 {
            assert!(all_gone(&bench).await);
            return;
        }
    }
    panic!("the script never noted its processes");
}

#[tokio::test]
async fn silence_has_a_limit_of_its_own_and_output_breaks_it() {
    let settings = |millis: u32| json!({"timeoutMs": 60_000, "noOutputTimeoutMs": millis});
    let mut noted = false;
    for millis in [600, 6000] {
        let mut bench = Bench::new();
        bench.shell("silent", &format!("{FORK}; sleep 300"), settings(millis));
        let expected = format!("Exec provider \"silent\" produced no output for {millis}ms.");
        assert_eq!(bench.ask_exec("silent", "a").await, Err(expected));
        noted = pids(&bench.path("pids")).len() >= 2;
        if noted {
            assert!(all_gone(&bench).await);
            break;
        }
    }
    assert!(noted, "the script noted its processes");

    // It talks for twice as long as it may be silent; on a busy machine it may fall silent once.
    let mut answer = Err(String::new());
    for (millis, pause) in [(600, "0.2"), (6000, "2")] {
        let mut bench = Bench::new();
        let talk = format!(
            "for i in 1 2 3 4 5 6; do sleep {pause}; echo working >&2; done\n\
             echo '{{\"protocolVersion\":1,\"values\":{{\"a\":\"the-value\"}}}}'"
        );
        bench.shell("talking", &talk, settings(millis));
        answer = bench.ask_exec("talking", "a").await;
        if answer.is_ok() {
            break;
        }
    }
    assert_eq!(answer, Ok("the-value".into()));
}

#[tokio::test]
async fn a_flood_is_stopped_with_all_that_pours_it() {
    for stream in ["", ">&2"] {
        let mut bench = Bench::new();
        bench.shell(
            "p",
            &format!("{FORK}; yes {stream}"),
            json!({"maxOutputBytes": 5000, "timeoutMs": 20000}),
        );
        let expected = "Exec provider output exceeded maxOutputBytes (5000).";
        assert_eq!(bench.ask_exec("p", "a").await, Err(expected.into()));
        assert!(all_gone(&bench).await);
    }
}

#[tokio::test]
async fn output_up_to_the_limit_is_kept_whole() {
    let mut bench = Bench::new();
    bench.shell(
        "p",
        "head -c 200000 /dev/zero | tr '\\0' x",
        json!({"maxOutputBytes": 200000, "jsonOnly": false}),
    );
    assert_eq!(
        bench.ask_exec("p", "value").await.map(|value| value.len()),
        Ok(200_000)
    );
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipe_neither_delays_the_answer_nor_survives() {
    let mut bench = Bench::new();
    let script = format!("{FORK}; echo '{{\"protocolVersion\":1,\"values\":{{\"a\":\"the-value\"}}}}'");
    bench.shell("p", &script, json!({"timeoutMs": 20000}));
    let start = Instant::now();
    assert_eq!(bench.ask_exec("p", "a").await, Ok("the-value".into()));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(all_gone(&bench).await);
}

#[tokio::test]
async fn a_grandchild_that_left_the_group_cannot_delay_the_answer() {
    let mut bench = Bench::new();
    let script = "setsid sh -c 'echo $$ > pids; exec sleep 60' &\n\
                  while [ ! -s pids ]; do sleep 0.05; done\n\
                  echo '{\"protocolVersion\":1,\"values\":{\"a\":\"the-value\"}}'";
    bench.shell("p", script, json!({"timeoutMs": 20000}));
    let start = Instant::now();
    let answer = bench.ask_exec("p", "a").await;
    let took = start.elapsed();
    let escaped = pids(&bench.path("pids"))[0];
    assert!(alive(escaped), "the pipe was still held when the answer came");
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(escaped).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    assert_eq!(answer, Ok("the-value".into()));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_program_that_never_reads_cannot_block_the_request() {
    let mut bench = Bench::new();
    bench.resolution = json!({"maxRefsPerProvider": 4096, "maxBatchBytes": 20_000_000});
    let script = "head -c 300000 /dev/zero | tr '\\0' ' '\n\
                  echo '{\"protocolVersion\":1,\"values\":{\"id-0\":\"the-value\"}}'";
    bench.shell("p", script, json!({"timeoutMs": 20000}));
    // Far more than a pipe holds, while the program floods instead of reading.
    let reference = |n: usize| {
        let id = if n == 0 {
            "id-0".to_owned()
        } else {
            format!("id-{n}-{}", "x".repeat(200))
        };
        SecretRef::new(SecretSource::Exec, Some("p".into()), id).unwrap()
    };
    let references: Vec<SecretRef> = (0..2000).map(reference).collect();
    let resolver = bench.resolver();
    let resolved = resolver.resolve(&references).await;
    assert_eq!(
        resolved[&resolver.key(&references[0])].as_ref().unwrap().expose(),
        "the-value"
    );
}

#[tokio::test]
async fn giving_up_on_a_resolution_stops_its_programs() {
    let mut bench = Bench::new();
    bench.shell("p", &format!("{FORK}; sleep 300"), json!({"timeoutMs": 60000}));
    let file = bench.path("pids");
    let resolution = tokio::time::timeout(Duration::from_secs(20), bench.ask_exec("p", "a"));
    tokio::select! {
        _ = resolution => panic!("the program cannot have ended"),
        () = async { while pids(&file).len() < 2 { tokio::time::sleep(Duration::from_millis(20)).await } } => {}
    }
    assert!(all_gone(&bench).await);
}

#[tokio::test]
async fn providers_run_side_by_side_but_only_so_many() {
    for (concurrency, at_once) in [(4, 4), (1, 1)] {
        let mut bench = Bench::new();
        bench.resolution = json!({"maxProviderConcurrency": concurrency});
        // Each notes how many run while it does; the folder `running` has one entry per running program.
        std::fs::create_dir(bench.path("running")).unwrap();
        for n in 0..6 {
            let script = "mkdir running/$$; sleep 0.4; ls running | wc -l >> seen; rmdir running/$$; echo '{\"protocolVersion\":1,\"values\":{\"a\":\"v\"}}'";
            bench.shell(&format!("p{n}"), script, json!({"timeoutMs": 30000}));
        }
        let reference =
            |n: usize| SecretRef::new(SecretSource::Exec, Some(format!("p{n}")), "a".into()).unwrap();
        let references: Vec<SecretRef> = (0..6).map(reference).collect();
        let resolved = bench.resolver().resolve(&references).await;
        assert!(resolved.values().all(Result::is_ok));
        let most = pids(&bench.path("seen")).into_iter().max().unwrap();
        assert!(most <= at_once, "{most} at once");
        assert!(concurrency == 1 || most > 1, "nothing ran side by side");
    }
}
