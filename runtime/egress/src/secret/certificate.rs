//! A secret with a certificate and its key, to be shown to a server. The key signs and never leaves.

use openclaw_policy::Host;

use super::failure::SecretFailure;
use super::vault::{Flag, Vault};
use crate::tls::ClientCertificate;

impl Vault {
    /// The certificate of a placeholder, for a server in the audience of the secret. Its grant must allow signing.
    pub fn client_certificate(
        &self,
        placeholder: &str,
        host: &Host,
    ) -> Result<ClientCertificate, SecretFailure> {
        let entry = self.entry(placeholder)?;
        self.check(&entry.names, Flag::Sign)?;
        self.check_audience(&entry, host)?;
        Ok(ClientCertificate(self.value_of(&entry)?))
    }
}
