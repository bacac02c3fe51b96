//! See `bodies/url.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openclaw_egress_fuzz::url::run(data));
