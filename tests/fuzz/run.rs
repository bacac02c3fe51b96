//! Running a target.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use fastrand::Rng;

/// Where a run begins that nobody asked to begin elsewhere, so that the suite does the same every time.
const SEED: u64 = 0x6f70_656e_636c_6177;
/// The most bytes of which an input is made.
const BYTES: usize = 16 << 10;

/// How much longer a target goes on that has not met yet what it must meet.
const LONGER: Duration = Duration::from_secs(120);

/// How long a target goes on.
pub(crate) fn time() -> Duration {
    let seconds = std::env::var("OPENCLAW_FUZZ_SECONDS").ok();
    let seconds = seconds.map(|text| {
        text.parse()
            .expect("OPENCLAW_FUZZ_SECONDS is a number of seconds")
    });
    Duration::from_secs(seconds.unwrap_or(5))
}

fn seed() -> u64 {
    let seed = std::env::var("OPENCLAW_FUZZ_SEED").ok();
    let seed = seed.map(|text| text.parse().expect("OPENCLAW_FUZZ_SEED is a number"));
    seed.unwrap_or(SEED)
}

/// Hands one input after the other to a body until the time is over, and says how many there were. What a body returns
/// early for want of bytes is no failure.
pub(crate) fn fuzz(target: &str, body: impl FnMut(&mut Unstructured<'_>) -> arbitrary::Result<()>) -> u64 {
    fuzz_until(target, body, || true)
}

/// The same, and on a slow machine for longer: until everything was met that must be.
pub(crate) fn fuzz_until(
    target: &str,
    mut body: impl FnMut(&mut Unstructured<'_>) -> arbitrary::Result<()>,
    is_met: impl Fn() -> bool,
) -> u64 {
    let (begun, time, first) = (Instant::now(), time(), seed());
    let mut count = 0;
    while count == 0 || begun.elapsed() < time || (!is_met() && begun.elapsed() < time + LONGER) {
        let number = first.wrapping_add(count);
        let mut random = Rng::with_seed(number);
        let mut bytes = vec![0; random.usize(1..=BYTES)];
        random.fill(&mut bytes);
        let tried = catch_unwind(AssertUnwindSafe(|| body(&mut Unstructured::new(&bytes))));
        if let Err(why) = tried {
            let why = said(&*why);
            panic!("{target} does not hold; OPENCLAW_FUZZ_SEED={number} shows it again: {why}");
        }
        count += 1;
    }
    println!("{target}: {count} inputs from {first} on");
    count
}

fn said(why: &(dyn Any + Send)) -> &str {
    let text = why.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| why.downcast_ref::<&str>().copied())
        .unwrap_or("it broke off without words")
}
