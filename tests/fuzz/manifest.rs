//! Manifests.
//!
//! **Promise.** Whatever stands there, reading it ends without a panic and costs little; what is shown of it holds no
//! control character; what was read covers itself and survives being stored.

use std::fs;
use std::path::Path;
use std::time::Duration;

use openclaw_policy::words::Words;
use openclaw_policy::{Choice, Consent, Digest, Grant, Manifest};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::material::{changed, torn, words};
use crate::run::fuzz;

const WORDS: &str = "id|configSchema|name|channels|component|file|world|tool|channel|skill|sha256|capabilities|http|\
    sockets|secrets|files|kv|messaging|tools|model|bridge|env|limits|cpu|memory|deadline|hostCalls|host|\
    port|scheme|https|http|methods|paths|maxBody|private|audience|places|capture|reveal|plaintext|path|\
    access|ro|rw|why|quota|entries|send|calls|tokens|models|${account.server}|*|*.example.com|\
    example.com|/|/api*|/a/../b|64 KiB|1 s|18446744073709551615 GiB|0|header authorization|json /a|\
    line PASS|path segment|GET|POST|contracts|uiHints|commands|kind|version|enabledByDefault";

/// Those of the components that come with the gateway.
fn seeds() -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut seeds = vec![openclaw_tests::parrot::manifest()];
    for kind in ["tools", "channels", "skills"] {
        for guest in fs::read_dir(root.join("guests").join(kind)).into_iter().flatten() {
            let manifest = guest.unwrap().path().join("openclaw.plugin.json");
            if let Ok(text) = fs::read_to_string(manifest) {
                seeds.push(json5::from_str(&text).unwrap());
            }
        }
    }
    seeds
}

#[test]
fn any_text_is_a_manifest_or_a_refusal_that_can_be_shown() {
    let (seeds, words) = (seeds(), words(WORDS));
    let mut read = 0_u64;
    fuzz("manifest", |u| {
        let seed = u.choose(&seeds)?;
        let text = changed(u, seed, &words)?.to_string();
        let bytes = torn(u, text)?;
        let begun = computed();
        match Manifest::parse(&bytes) {
            Ok(manifest) => {
                read += 1;
                holds(&manifest, &bytes);
            }
            Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
        }
        let took = computed().saturating_sub(begun);
        assert!(took < Duration::from_secs(2), "{took:?}");
        Ok(())
    });
    assert!(read > 0, "no input was a manifest");
}

/// How long this thread has computed: what else the machine does is no matter of the text.
fn computed() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn holds(manifest: &Manifest, bytes: &[u8]) {
    let (asked, limits) = (&manifest.capabilities, manifest.requested_limits());
    assert!(asked.covers(asked) && asked.difference(asked).is_empty());
    for line in manifest.lines() {
        assert!(!line.text().contains(char::is_control), "{}", line.text());
    }
    let consent = Consent {
        extension: manifest.id.clone(),
        digest: Digest::of(bytes),
        account: None,
        at: 0,
        by: String::new(),
    };
    let grant = Grant::new(consent, (asked, &limits), Choice::All).unwrap();
    let stored = Grant::parse(&serde_json::to_vec(&grant).unwrap()).unwrap();
    assert_eq!(stored, grant);
    stored
        .check(&manifest.id, stored.digest(), (asked, &limits))
        .unwrap();
    let (more, higher) = grant.difference((asked, &limits));
    assert!(more.is_empty() && higher.is_empty());
}
