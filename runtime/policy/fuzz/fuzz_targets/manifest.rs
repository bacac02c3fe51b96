//! Parses bytes as a manifest. Whatever they are, it ends without a panic, and what is shown of them holds no
//! control character; what was read is covered by itself and survives storage.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_policy::words::Words;
use openclaw_policy::{Choice, Consent, Digest, Grant, Manifest};

fuzz_target!(|data: &[u8]| {
    match Manifest::parse(data) {
        Ok(manifest) => {
            let (asked, limits) = (&manifest.capabilities, manifest.requested_limits());
            assert!(asked.covers(asked) && asked.difference(asked).is_empty());
            for line in manifest.lines() {
                assert!(!line.text().contains(char::is_control));
            }
            let consent = Consent {
                extension: manifest.id.clone(),
                digest: Digest::of(data),
                account: None,
                at: 0,
                by: String::new(),
            };
            let grant = Grant::new(consent, (asked, &limits), Choice::All).expect("a request is within itself");
            let stored = serde_json::to_vec(&grant).expect("a grant is JSON");
            let stored = Grant::parse(&stored).expect("what was granted is read again");
            assert_eq!(stored, grant);
            stored.check(&manifest.id, stored.digest(), (asked, &limits)).expect("it was asked for");
            let (more, higher) = grant.difference((asked, &limits));
            assert!(more.is_empty() && higher.is_empty());
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
});
