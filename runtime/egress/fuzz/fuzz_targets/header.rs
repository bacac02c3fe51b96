//! See `bodies/header.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openclaw_egress_fuzz::header::run(data));
