//! Masks bytes for values that are taken from them. However the stream is cut the outcome is the same, and no value is
//! left in it as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
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

/// To begin with: three values, behind the third the size of the pieces, and the stream.
pub const SEEDS: &[&[u8]] = &[
    b"hunter2hunter2\0s3cret/t+xt\0xoxb-1234567890\0\x03a hunter2hunter2 b s3cret%2Ft%2Bxt c",
    b"abababab\0babababa\0aaaaaaaa\0\x01abababababab aaaaaaaaaaaa",
    b"[secret:a]\0secret:b\0]]]]]]]]\0\x05[secret:a] secret:b ]]]]]]]]]",
    b"\xc3\xa4bcdefghij\0\"quoted\" \\\0tok en+x/yz\0\x0768756e74657232 \\\"quoted\\\" tok+en%2bx%2Fyz",
];

/// Parts of marks, of spellings and of values.
pub const TOKENS: &[&[u8]] = &[
    b"\0",
    b"[secret:a]",
    b"[",
    b"]",
    b"secret",
    b"%2F",
    b"%2f",
    b"%",
    b"+",
    b"=",
    b"\\u00e4",
    b"\\\"",
    b"\\/",
    b"ab",
    b"abababab",
    b"hunter2hunter2",
    b"aHVudGVyMmh1bnRlcjI",
    b"68756e746572326875",
    b"\xff",
    b"\xc3\xa4",
    b"\n",
];

/// Keeps the promises of the net for values that come back.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(4, |byte| *byte == 0).map(String::from_utf8_lossy);
    let mut next = || parts.next().unwrap_or_default();
    let (a, b, c) = (&*next(), &*next(), &*next());
    // The stream is what the values left, and need be no text.
    let text = data.splitn(4, |byte| *byte == 0).nth(3);
    let Some([size, text @ ..]) = text else { return };
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
    assert_eq!(mask(&scanner, text, usize::from(*size).max(1)), whole);
    if let Ok(text) = std::str::from_utf8(text) {
        assert_eq!(scanner.mask_text(text).as_bytes(), whole);
    }
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
}
