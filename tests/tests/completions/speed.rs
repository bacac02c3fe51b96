//! How quick a completion is beside the model itself: 16 programs at once, each over a connection that it keeps.

use std::time::{Duration, Instant};

use openclaw_tests::platforms::openai::Reply;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{World, say};

const PROGRAMS: usize = 16;
const EACH: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_programs_at_once_are_answered_quickly() {
    let world = World::new().await;
    for _ in 0..PROGRAMS * EACH {
        world.provider.push(Reply::text("Hello from the mock model."));
    }
    let body = say("Say hello.").to_string();
    let request = world.head(&body) + "\r\n" + &body;
    let begun = Instant::now();
    let programs = (0..PROGRAMS).map(|_| {
        let (request, address) = (request.clone(), world.address);
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut times = Vec::new();
            for _ in 0..EACH {
                let begun = Instant::now();
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                while !answer.ends_with(b"}}") {
                    let mut some = [0; 4096];
                    let read = stream.read(&mut some).await.unwrap();
                    assert!(read > 0);
                    answer.extend_from_slice(&some[..read]);
                }
                assert!(String::from_utf8_lossy(&answer).contains("Hello from the mock model."));
                times.push(begun.elapsed());
            }
            times
        })
    });
    let mut times = Vec::new();
    for program in programs.collect::<Vec<_>>() {
        times.extend(program.await.unwrap());
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort();
    let median = times[times.len() / 2];
    println!("{rate:.0}/s, median {median:?} at {PROGRAMS} connections");
    // Without optimisation, and beside other tests, only what grows out of all proportion is told apart.
    assert!(median < Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 50 }));
}
