//! `openclaw:channel/health`: how an account is, as its adapter says.
//!
//! **Promise.** A report takes effect at once, whatever becomes of the call; the last one stays.
//! **Bound.** [`MAX_TEXT`] characters; whoever watches sees the latest of many.

use openclaw_policy::display_safe;

use crate::bindings::openclaw::channel::health::{self, AccountStatus};
use crate::conceal::conceal;
use crate::guest::Guest;

const MAX_TEXT: usize = 1000;

impl health::Host for Guest {
    fn report(&mut self, status: AccountStatus) -> wasmtime::Result<()> {
        let safe = |text: String| display_safe(&conceal(self.extension.vault(), text), MAX_TEXT);
        let said = match &status {
            AccountStatus::Connecting | AccountStatus::Connected => 0,
            AccountStatus::Degraded(text)
            | AccountStatus::SignedOut(text)
            | AccountStatus::Failed(text)
            | AccountStatus::Other(text) => text.len(),
        };
        self.volume.bytes_out.spend(said as u64)?;
        let status = match status {
            AccountStatus::Connecting => AccountStatus::Connecting,
            AccountStatus::Connected => AccountStatus::Connected,
            AccountStatus::Degraded(text) => AccountStatus::Degraded(safe(text)),
            AccountStatus::SignedOut(text) => AccountStatus::SignedOut(safe(text)),
            AccountStatus::Failed(text) => AccountStatus::Failed(safe(text)),
            AccountStatus::Other(text) => AccountStatus::Other(safe(text)),
        };
        if let Ok(seat) = self.seat() {
            seat.shared.status.send_if_modified(|before| {
                let is_news = before.as_ref() != Some(&status);
                *before = Some(status);
                is_news
            });
        }
        Ok(())
    }
}
