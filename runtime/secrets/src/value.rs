//! A secret value. Its bytes are wiped when the last copy of the handle is dropped, and nothing prints them.
//!
//! Cloning costs one counter; the text exists once.

use std::fmt;
use std::sync::Arc;

use openclaw_config::secret_ref::REDACTED;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A secret value that can be shared, compared and used, but not printed.
#[derive(Clone)]
pub struct SecretValue(Arc<Zeroizing<Box<str>>>);

impl SecretValue {
    /// Copies the text into memory of its own. What happens to the caller's copy is the caller's matter.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The text, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the candidate is this value, in a time that depends on the lengths only.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(candidate).into()
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Bytes read from a provider. Growing moves them by hand, so that no outgrown buffer keeps a copy.
pub(crate) struct WipedBytes(Zeroizing<Vec<u8>>);

impl WipedBytes {
    pub(crate) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(16 * 1024)))
    }

    pub(crate) fn extend(&mut self, more: &[u8]) {
        let needed = self.0.len().saturating_add(more.len());
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.saturating_mul(2)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(more);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_printed() {
        let value = SecretValue::new("hunter2hunter2");
        assert!(!format!("{value:?} {:?}", Some(&value)).contains("hunter2"));
    }

    #[test]
    fn only_the_same_bytes_match() {
        let value = SecretValue::new("hunter2");
        assert!(value.matches(b"hunter2"));
        assert!(!value.matches(b"hunter3") && !value.matches(b"hunter22") && !value.matches(b""));
    }

    #[test]
    fn bytes_survive_growing() {
        let mut bytes = WipedBytes::new();
        for round in 0..200u8 {
            bytes.extend(&[round; 1000]);
        }
        assert_eq!(bytes.len(), 200_000);
        assert!(
            bytes
                .as_slice()
                .chunks(1000)
                .zip(0..)
                .all(|(chunk, round)| chunk == [round; 1000])
        );
    }
}
