//! Who waits for a code to be approved, and the approval.

use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_state::{PairedSender, PairingRequest};

use crate::channels::Channels;
use crate::error::{Error, Result};
use crate::pairing::{self, LASTS_MS};

/// How a request is named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// By its code.
    Code(String),
    /// By the sender's id.
    Sender(String),
}

impl Channels {
    /// The requests of a channel that wait, the oldest first.
    pub async fn pairing_list(&self, channel: &str) -> Result<Vec<PairingRequest>> {
        let channel = channel.to_owned();
        let since = since();
        let read = move |view: &openclaw_state::View<'_>| view.pairing_requests(&channel, since);
        Ok(self.state().read(read).await?)
    }

    /// Lets somebody in and takes their request away. With `notify` they are told so.
    pub async fn pairing_approve(
        &self,
        channel: &str,
        account: Option<&str>,
        named: Named,
        notify: bool,
    ) -> Result<PairingRequest> {
        let request = self.take(channel, account, &named, Some(notify)).await?;
        self.wake();
        Ok(request)
    }

    /// Takes a request away without letting anybody in.
    pub async fn pairing_dismiss(
        &self,
        channel: &str,
        account: Option<&str>,
        named: Named,
    ) -> Result<PairingRequest> {
        self.take(channel, account, &named, None).await
    }

    async fn take(
        &self,
        channel: &str,
        account: Option<&str>,
        named: &Named,
        lets_in: Option<bool>,
    ) -> Result<PairingRequest> {
        let (of_channel, of_account) = (channel.to_owned(), account.map(str::to_owned));
        let wanted = named.clone();
        let since = since();
        let take = move |tx: &openclaw_state::Tx<'_>| {
            let code = match wanted {
                Named::Code(code) => Some(pairing::normalise(&code)),
                Named::Sender(sender) => {
                    let waiting = tx.pairing_requests(&of_channel, since)?;
                    let found = waiting.into_iter().find(|request| {
                        let right = of_account
                            .as_deref()
                            .is_none_or(|account| account == request.of.account());
                        right && request.applicant.sender == sender
                    });
                    found.map(|request| request.code)
                }
            };
            let Some(code) = code else {
                return Ok(None);
            };
            let taken = tx.take_pairing(&of_channel, of_account.as_deref(), &code, since)?;
            if let (Some(request), Some(notify)) = (&taken, lets_in) {
                let applicant = &request.applicant;
                tx.pair_sender(&request.of, &applicant.sender, applicant.name.as_deref())?;
                if notify {
                    tx.outbox_put(&pairing::approved(request))?;
                }
            }
            Ok::<_, openclaw_state::Error>(taken)
        };
        let taken = self.state().write(take).await?;
        taken.ok_or_else(|| Error::NoPairing {
            channel: channel.to_owned(),
            code: match named {
                Named::Code(given) | Named::Sender(given) => given.clone(),
            },
        })
    }

    /// Who was let in on an account.
    pub async fn paired(&self, channel: &str, account: &str) -> Result<Vec<PairedSender>> {
        let of = openclaw_state::ChannelAccount::new(channel, account)?;
        Ok(self.state().read(move |view| view.paired_senders(&of)).await?)
    }

    /// Shuts somebody out again; false if they were not let in.
    pub async fn unpair(&self, channel: &str, account: &str, sender: &str) -> Result<bool> {
        let of = openclaw_state::ChannelAccount::new(channel, account)?;
        let sender = sender.to_owned();
        Ok(self
            .state()
            .write(move |tx| tx.unpair_sender(&of, &sender))
            .await?)
    }
}

/// Codes that were made before this are good no more.
fn since() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(LASTS_MS)
}
