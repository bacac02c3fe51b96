//! What placeholders look like, how they are made, and where in a text something looks like one.
//!
//! A placeholder is [`PREFIX`] and 40 characters of base32: 200 bits of a keyed hash, so it cannot be guessed, and
//! the same secret has the same one while the gateway lives. It has only letters, digits and `_`, so it stands
//! unescaped in URLs, headers and JSON. The key is wiped when its last copy is dropped.

use std::fmt;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::failure::SecretFailure;

/// How every placeholder begins.
pub(super) const PREFIX: &str = "ocsecret_";
/// The characters behind the prefix.
const DIGITS: usize = 40;
/// The length of every placeholder.
pub(super) const LENGTH: usize = PREFIX.len() + DIGITS;

const ALPHABET: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u',
    'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
];

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));

/// The key of this process. Placeholders made with another are text.
#[derive(Clone)]
pub struct PlaceholderKey(Arc<Zeroizing<[u8; 32]>>);

impl PlaceholderKey {
    /// A new key, once for each start of the gateway.
    pub fn random() -> Result<Self, SecretFailure> {
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom::new()
            .fill(key.as_mut())
            .map_err(|_| SecretFailure::Internal {
                what: "the system gave no random bytes for placeholders",
            })?;
        Ok(Self(Arc::new(key)))
    }

    /// The key of one extension and account.
    pub(super) fn of_tenant(&self, extension: &str, account: Option<&str>) -> TenantKey {
        let known = if account.is_some() { "account" } else { "" };
        let parts = [
            extension.as_bytes(),
            known.as_bytes(),
            account.unwrap_or_default().as_bytes(),
        ];
        TenantKey(Zeroizing::new(*hash(&self.0, parts).as_bytes()))
    }
}

impl fmt::Debug for PlaceholderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaceholderKey")
    }
}

/// What the placeholders of one extension and account are made with.
pub(super) struct TenantKey(Zeroizing<[u8; 32]>);

impl TenantKey {
    /// The placeholder of what these parts name. Where one ends is part of the name.
    pub(super) fn placeholder<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> String {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        let hash = hash(&self.0, parts);
        for five in hash.as_bytes().chunks_exact(5).take(DIGITS / 8) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            let digits = (0..8)
                .rev()
                .map(|digit| usize::try_from(bits >> (5 * digit) & 31));
            text.extend(digits.filter_map(|digit| ALPHABET.get(digit.ok()?)));
        }
        text
    }
}

fn hash<'p>(key: &[u8; 32], parts: impl IntoIterator<Item = &'p [u8]>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

/// Where something stands that has the shape of a placeholder, and its text. Two never overlap, because the prefix
/// ends in a character that no digit is.
pub(super) fn candidates(text: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    FINDER.find_iter(text).filter_map(move |at| {
        let found = text.get(at..at.checked_add(LENGTH)?)?;
        let digits = found.get(PREFIX.len()..)?;
        let shaped = digits.iter().all(|c| matches!(c, b'a'..=b'z' | b'2'..=b'7'));
        shaped.then(|| std::str::from_utf8(found).ok().map(|found| (at, found)))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PlaceholderKey {
        PlaceholderKey::random().unwrap()
    }

    fn of(key: &PlaceholderKey, extension: &str, account: Option<&str>, name: &str) -> String {
        key.of_tenant(extension, account).placeholder([name.as_bytes()])
    }

    #[test]
    fn the_same_secret_has_the_same_placeholder_and_nothing_else_has_it() {
        let (one, other) = (key(), key());
        let first = of(&one, "a", None, "token");
        assert_eq!(first, of(&one, "a", None, "token"));
        for second in [
            of(&other, "a", None, "token"),
            of(&one, "b", None, "token"),
            of(&one, "a", Some(""), "token"),
            of(&one, "a", Some("x"), "token"),
            of(&one, "a", None, "toke"),
        ] {
            assert_ne!(first, second);
        }
        let tenant = one.of_tenant("a", None);
        assert_ne!(
            tenant.placeholder([&b"ab"[..], b"c"]),
            tenant.placeholder([&b"a"[..], b"bc"])
        );
    }

    #[test]
    fn a_placeholder_needs_no_escape_anywhere() {
        let text = of(&key(), "a", None, "token");
        assert_eq!(text.len(), LENGTH);
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_'));
        assert_eq!(
            candidates(text.as_bytes()).collect::<Vec<_>>(),
            [(0, text.as_str())]
        );
    }

    #[test]
    fn only_what_has_the_whole_shape_is_a_candidate() {
        let text = of(&key(), "a", None, "token");
        let doubled = format!("ocsecret_{text}{text} {}", text.to_uppercase());
        let found: Vec<_> = candidates(doubled.as_bytes()).map(|(at, _)| at).collect();
        assert_eq!(found, [9, 58]);
        assert_eq!(candidates(&text.as_bytes()[..LENGTH - 1]).count(), 0);
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", key()), "PlaceholderKey");
    }
}
