//! Authorities that vouch for servers.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::error::{Cause, Result};
use crate::tls::Roots;

impl Roots {
    /// Those of the operating system. They are read when they are first needed.
    pub fn of_platform() -> Self {
        Self {
            platform: true,
            extra: Vec::new(),
        }
    }

    /// Adds the certificates of a PEM file, and says how many there were.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<usize> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let refuse = |why: String| Cause::Unsupported {
            what: format!("the file with certificates cannot be used: {why}"),
        };
        let found = read.map_err(|error| refuse(error.to_string()))?;
        if found.is_empty() {
            return Err(refuse("it has no certificate in PEM".to_owned()).unsent());
        }
        let count = found.len();
        self.extra.extend(found);
        Ok(count)
    }
}
