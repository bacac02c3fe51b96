//! Whatever a provider prints, reading it ends, answers each id once, and never takes an empty value for a secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_secrets::{Answer, parse_reply};

fuzz_target!(|input: (bool, bool, &[u8])| {
    let (json_only, two, stdout) = input;
    let ids: Vec<String> = ["a", "b"]
        .iter()
        .take(1 + usize::from(two))
        .map(|id| (*id).to_owned())
        .collect();
    if let Ok(answers) = parse_reply(stdout, &ids, json_only) {
        assert!(answers.keys().eq(&ids));
        for answer in answers.values() {
            assert!(!matches!(answer, Answer::Value(value) if value.expose().is_empty()));
        }
    }
});
