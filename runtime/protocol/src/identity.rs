//! A device's own key: of the gateway, and of a client that proves itself with it.
//!
//! **Promise.** The secret half is in memory and in what [`Identity::document`] hands out to be stored, nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::connect::{Connect, Device};
use crate::device::{Form, PublicKey, signed_text};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gave no random bytes.
    #[error("the system has no random bytes for a device key")]
    Random,
    /// What was stored is no key.
    #[error("the stored device key is damaged; remove it to have a new one made, and pair this device again")]
    Damaged,
}

/// A device's key.
pub struct Identity {
    pair: Ed25519KeyPair,
    document: Vec<u8>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Identity").field(&self.device_id()).finish()
    }
}

impl Identity {
    /// A new one.
    pub fn generate() -> Result<Self, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Random)?;
        Self::of_document(document.as_ref())
    }

    /// One that was stored.
    pub fn of_document(document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| KeyError::Damaged)?;
        Ok(Self {
            pair,
            document: document.to_vec(),
        })
    }

    /// What is to be stored where only its owner can read it (PKCS#8).
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        // An Ed25519 key has 32 bytes.
        for (to, from) in bytes.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        PublicKey::new(bytes)
    }

    /// The device's id.
    pub fn device_id(&self) -> String {
        self.public_key().device_id()
    }

    /// The proof for a connection whose challenge is `nonce`.
    pub fn prove(&self, connect: &Connect, nonce: &str, now_ms: i64) -> Device {
        self.prove_as(Form::V3, connect, nonce, now_ms)
    }

    pub(crate) fn prove_as(&self, form: Form, connect: &Connect, nonce: &str, now_ms: i64) -> Device {
        let mut device = Device {
            id: self.device_id(),
            public_key: self.public_key().text(),
            signature: String::new(),
            signed_at: now_ms,
            nonce: nonce.to_owned(),
        };
        let text = signed_text(form, connect, &device);
        device.signature = URL_SAFE_NO_PAD.encode(self.pair.sign(text.as_bytes()));
        device
    }
}
