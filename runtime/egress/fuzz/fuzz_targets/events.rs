//! See `bodies/events.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openclaw_egress_fuzz::events::run(data));
