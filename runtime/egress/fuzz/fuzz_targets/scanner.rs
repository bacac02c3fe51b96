//! Masks bytes for values that are taken from them. However the stream is cut the outcome is the same, and no value is
//! left in it as it is.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use openclaw_egress::secret::{Captured, Mask, PlaceholderKey, Scanner, Vault};
use openclaw_policy::AccountValues;
use openclaw_policy::capability::secrets::{SecretRule, Secrets};
use openclaw_secrets::SecretValue;

const RULES: &str =
    r#"[{"name": "a", "hmac": true}, {"name": "b", "hmac": true}, {"name": "c", "hmac": true}]"#;

fn mask(scanner: &Arc<Scanner>, text: &[u8], size: usize) -> Vec<u8> {
    let mut mask = Mask::new(scanner.clone());
    let mut out = Vec::new();
    for chunk in text.chunks(size) {
        out.extend_from_slice(&mask.push(Bytes::copy_from_slice(chunk)));
    }
    out.extend_from_slice(&mask.finish());
    out
}

fuzz_target!(|input: (&str, &str, &str, &[u8], u8)| {
    let (a, b, c, text, size) = input;
    let rules: Vec<SecretRule> = serde_json::from_str(RULES).expect("rules");
    let matcher = Secrets::new(rules)
        .expect("rules")
        .resolve(&AccountValues::default());
    let named =
        [("a", a), ("b", b), ("c", c)].map(|(name, value)| (name.to_owned(), SecretValue::new(value)));
    let key = PlaceholderKey::random().expect("a key");
    let vault = Vault::new(
        &key,
        "fuzz",
        None,
        matcher,
        BTreeMap::from(named),
        Captured::default(),
    );
    let Some(scanner) = vault.scanner() else { return };
    let whole = mask(&scanner, text, usize::MAX);
    assert_eq!(mask(&scanner, text, usize::from(size).max(1)), whole);
    for value in [a, b, c] {
        // A mark may itself be what somebody called a secret.
        let holds = |text: &[u8]| {
            text.windows(value.len().max(1))
                .any(|part| part == value.as_bytes())
        };
        if value.chars().count() >= 8
            && !"[secret:a][secret:b][secret:c]".contains(value)
            && !value.contains(']')
        {
            assert!(!holds(&whole) || value.contains('['));
        }
    }
});
