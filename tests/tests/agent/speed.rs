//! Accepting waits for no model, and a turn costs little beside its model. The bounds are for a debug build on a busy
//! machine; they are far from what a release build does.

use std::time::{Duration, Instant};

use openclaw_agent::{Acceptance, Request};
use openclaw_tests::platforms::openai::Reply;

use crate::world::{World, message};

/// What else the machine does makes a turn slower and never faster.
fn least(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_accepted_while_the_model_is_silent() {
    const SESSIONS: usize = 40;
    const EACH: usize = 25;
    let world = World::answering(|_| Reply::Silence).await;
    let begun = Instant::now();
    let accepts = (0..SESSIONS).map(|session| {
        let world = &world;
        async move {
            for n in 0..EACH {
                let run = format!("r{session}-{n}");
                let accepted = world.accept(&run, &format!("s{session}"), message("hi")).await;
                assert_eq!(accepted, Acceptance::Started);
            }
        }
    });
    futures_util::future::join_all(accepts).await;
    let rate = (SESSIONS * EACH) as f64 / begun.elapsed().as_secs_f64();
    println!("{rate:.0} accepted a second");
    assert!(rate > 30.0, "{rate}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_of_an_instant_model_takes_milliseconds() {
    let world = World::new().await;
    let mut times = Vec::new();
    for n in 0..100 {
        let request = Request {
            model: Some("offline/offline-1".to_owned()),
            ..message("hello")
        };
        let (run, session) = (format!("r{n}"), format!("s{}", n % 10));
        let begun = Instant::now();
        world.accept(&run, &session, request).await;
        world.wait(&run).await;
        times.push(begun.elapsed().as_secs_f64());
    }
    let least = Duration::from_secs_f64(least(&times));
    println!("a turn takes {least:?}");
    assert!(least < Duration::from_millis(60), "{least:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_long_ago_is_not_read_again_for_each_turn() {
    let world = World::new().await;
    let mut times = Vec::new();
    for n in 0..300 {
        let request = Request {
            model: Some("offline/offline-1".to_owned()),
            ..message("hello")
        };
        let run = format!("r{n}");
        let begun = Instant::now();
        world.accept(&run, "main", request).await;
        world.wait(&run).await;
        times.push(begun.elapsed().as_secs_f64());
    }
    let late = times.split_off(200);
    let (early, late) = (least(&times[..100]), least(&late));
    println!(
        "a turn takes {:.2} ms at first and {:.2} ms later",
        early * 1e3,
        late * 1e3
    );
    assert!(late < early * 4.0 + 0.02, "{early} {late}");
}
