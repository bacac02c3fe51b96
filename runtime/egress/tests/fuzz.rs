//! A short run of every fuzz target on a stable compiler: first what was ever found (`fuzz/found/TARGET/`), then the
//! seeds, then inputs that are made of them.
//!
//! **Bound.** For each target [`TIME`] or [`MOST`] inputs, whichever is over first, from one fixed seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

const TIME: Duration = Duration::from_millis(1500);
const MOST: usize = 200_000;
const MOST_BYTES: usize = 2048;

/// Runs a body, and says how to do it again if it does not hold.
fn try_one(target: &str, body: fn(&[u8]), input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| body(input))).is_err() {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{target} does not hold; `echo {hex} | xxd -r -p > fuzz/found/{target}/NAME` keeps the input");
    }
}

fn fuzz(target: &str, body: fn(&[u8]), seeds: &[&[u8]], tokens: &[&[u8]]) {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/found")
        .join(target);
    if found.exists() {
        for file in std::fs::read_dir(found).unwrap() {
            try_one(target, body, &std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    for seed in seeds {
        try_one(target, body, seed);
    }
    let mut random = Rng::with_seed(0x6f70_656e_636c_6177);
    let begun = Instant::now();
    let mut count = 0;
    while count < MOST && begun.elapsed() < TIME {
        try_one(target, body, &mutate(seeds, tokens, &mut random));
        count += 1;
    }
    println!("{target}: {count} inputs");
}

/// A seed with some changes.
fn mutate(seeds: &[&[u8]], tokens: &[&[u8]], random: &mut Rng) -> Vec<u8> {
    let mut bytes = random.choice(seeds).unwrap().to_vec();
    for _ in 0..random.usize(1..=6) {
        let at = random.usize(0..=bytes.len());
        let to = random.usize(at..=bytes.len().min(at + 16));
        match random.u8(..8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 => drop(bytes.drain(at..to)),
            3 => {
                let again = bytes[at..to].repeat(random.usize(1..8));
                bytes.splice(at..at, again);
            }
            4 => {
                let other = random.choice(seeds).unwrap();
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.usize(0..=other.len())..]);
            }
            5 => drop(bytes.splice(at..to, random.choice(tokens).unwrap().iter().copied())),
            _ => drop(bytes.splice(at..at, random.choice(tokens).unwrap().iter().copied())),
        }
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

macro_rules! promises {
    ($($promise:ident: $target:ident,)*) => {$(
        #[test]
        fn $promise() {
            use bodies::$target::{SEEDS, TOKENS, run};
            fuzz(stringify!($target), run, SEEDS, TOKENS);
        }
    )*};
}

promises! {
    a_host_is_one_address_however_it_is_spelled_and_what_hides_another_is_not_public: address,
    events_are_what_the_standard_makes_of_them_however_they_are_cut: events,
    headers_arrive_as_they_were_given_or_nothing_does: header,
    a_secret_stands_only_where_the_rule_says_for_every_reader: injection,
    lines_are_the_same_however_they_are_cut: lines,
    every_reader_of_a_form_finds_the_parts_that_were_given: multipart,
    no_value_is_left_in_a_stream_however_it_is_cut: scanner,
    a_url_means_the_same_to_another_reader_and_prints_as_itself: url,
}
