//! Watches a stream for placeholders. It holds nothing back: a placeholder's last byte never passes, so what left
//! before it is no placeholder any more. Keeps 48 bytes.

use std::sync::Arc;

use super::failure::SecretFailure;
use super::placeholder::LENGTH;
use super::vault::Vault;

/// Watches one stream. A placeholder that is split over chunks counts.
#[derive(Debug)]
pub struct StreamGuard {
    vault: Arc<Vault>,
    /// The end of what has passed.
    tail: Vec<u8>,
}

impl StreamGuard {
    /// A guard at the beginning of a stream.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self {
            vault,
            tail: Vec::with_capacity(2 * LENGTH),
        }
    }

    /// Judges a chunk before it is sent. After a failure nothing of this chunk may leave, and the stream must end.
    pub fn check(&mut self, chunk: &[u8]) -> Result<(), SecretFailure> {
        let most = LENGTH - 1;
        let begin = chunk.get(..most).unwrap_or(chunk);
        self.tail.extend_from_slice(begin);
        if self.vault.holds_placeholder(&self.tail) || self.vault.holds_placeholder(chunk) {
            return Err(SecretFailure::Stream);
        }
        if let Some(end) = chunk.len().checked_sub(most).and_then(|from| chunk.get(from..)) {
            self.tail.clear();
            self.tail.extend_from_slice(end);
        } else {
            let surplus = self.tail.len().saturating_sub(most);
            self.tail.drain(..surplus);
        }
        Ok(())
    }
}
