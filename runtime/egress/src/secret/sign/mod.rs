//! Codes and signatures with secrets. Each use of a secret needs its flag: `sign` for `sign` and for the public half
//! of a key, `hmac` for everything else. Comparisons take a time that tells nothing about the value.
//!
//! The extension's own placeholders in a message stand for their values. A code or signature tells something about
//! such a value, so making one needs the flag for it as well. A yes or no tells whether a guess is right, so it needs
//! `hmac` for such a value, unless that very value arrived and was hidden.

mod key;

use openclaw_secrets::SecretValue;
use ring::{digest, hmac};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::compose::Part;
use super::edit::{Edit, apply_to_bytes};
use super::failure::SecretFailure;
use super::placeholder::LENGTH;
use super::vault::{Flag, Vault};
use key::{PrivateKey, PublicKey};

/// How a digest is computed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DigestAlgorithm {
    /// SHA-1; only for services that know nothing better.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a message authentication code is computed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-1; only for services that know nothing better.
    Sha1,
    /// HMAC with SHA-256.
    Sha256,
    /// HMAC with SHA-512.
    Sha512,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureAlgorithm {
    /// Ed25519.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// ECDSA over P-256 with SHA-256, as both numbers, 64 bytes.
    Es256,
    /// Schnorr over secp256k1, as BIP 340 has it, of 32 bytes.
    Secp256k1Schnorr,
}

/// What a signature is checked against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VerifyingKey<'k> {
    /// The raw bytes of a public key.
    Raw(&'k [u8]),
    /// A public key or certificate in PEM.
    Pem(&'k str),
    /// A public key as a JSON web key.
    Jwk(&'k str),
    /// The public half of a secret key, by its placeholder.
    Secret(&'k str),
}

impl DigestAlgorithm {
    fn ring(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

impl HmacAlgorithm {
    fn ring(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

/// What a caller learns of a message.
#[derive(Clone, Copy)]
enum Answer {
    /// A code or signature, under this flag.
    Code(Flag),
    /// Whether a code or signature is right.
    YesOrNo,
}

/// A message with the values that it stood for.
enum Restored<'m> {
    Same(&'m [u8]),
    Filled(Zeroizing<Vec<u8>>),
}

impl AsRef<[u8]> for Restored<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Same(bytes) => bytes,
            Self::Filled(bytes) => bytes,
        }
    }
}

impl Vault {
    /// The digest of parts that are joined as they are.
    pub fn digest(&self, algorithm: DigestAlgorithm, parts: &[Part<'_>]) -> Result<Vec<u8>, SecretFailure> {
        let (joined, names) = self.join(parts)?;
        self.check(&names, Flag::Hmac)?;
        Ok(digest::digest(algorithm.ring(), &joined).as_ref().to_vec())
    }

    /// The authentication code of a message.
    pub fn hmac(
        &self,
        algorithm: HmacAlgorithm,
        key: &str,
        message: &[u8],
    ) -> Result<Vec<u8>, SecretFailure> {
        let (_, key) = self.key(key, Flag::Hmac)?;
        let message = self.restore(message, Answer::Code(Flag::Hmac))?;
        let key = hmac::Key::new(algorithm.ring(), key.expose().as_bytes());
        Ok(hmac::sign(&key, message.as_ref()).as_ref().to_vec())
    }

    /// Whether this is the authentication code of a message. Part of a code is not.
    pub fn verify_hmac(
        &self,
        algorithm: HmacAlgorithm,
        key: &str,
        message: &[u8],
        code: &[u8],
    ) -> Result<bool, SecretFailure> {
        let (_, key) = self.key(key, Flag::Hmac)?;
        let message = self.restore(message, Answer::YesOrNo)?;
        let key = hmac::Key::new(algorithm.ring(), key.expose().as_bytes());
        Ok(hmac::verify(&key, message.as_ref(), code).is_ok())
    }

    /// Signs a message.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        key: &str,
        message: &[u8],
    ) -> Result<Vec<u8>, SecretFailure> {
        let (name, key) = self.key(key, Flag::Sign)?;
        let message = self.restore(message, Answer::Code(Flag::Sign))?;
        let key =
            PrivateKey::read(algorithm, key.expose()).map_err(|why| SecretFailure::Key { name, why })?;
        key.sign(message.as_ref())
    }

    /// Whether this is the signature of a message.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        key: VerifyingKey<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, SecretFailure> {
        let wrong = |why| SecretFailure::PublicKey { why };
        let public = match key {
            VerifyingKey::Raw(bytes) => PublicKey::from_raw(algorithm, bytes).map_err(wrong)?,
            VerifyingKey::Pem(text) => PublicKey::from_pem(algorithm, text).map_err(wrong)?,
            VerifyingKey::Jwk(text) => PublicKey::from_jwk(algorithm, text).map_err(wrong)?,
            VerifyingKey::Secret(placeholder) => {
                let (name, key) = self.key(placeholder, Flag::Sign)?;
                let key = PrivateKey::read(algorithm, key.expose());
                key.map_err(|why| SecretFailure::Key { name, why })?.public()
            }
        };
        let message = self.restore(message, Answer::YesOrNo)?;
        public.verify(algorithm, message.as_ref(), signature)
    }

    /// Whether a text that somebody sent is the secret, or its placeholder.
    pub fn matches(&self, secret: &str, candidate: &str) -> Result<bool, SecretFailure> {
        let (_, value) = self.key(secret, Flag::Hmac)?;
        let is_value = value.matches(candidate.as_bytes());
        let is_placeholder: bool = secret.as_bytes().ct_eq(candidate.as_bytes()).into();
        Ok(is_value | is_placeholder)
    }

    fn key(&self, placeholder: &str, flag: Flag) -> Result<(String, SecretValue), SecretFailure> {
        let entry = self.entry(placeholder)?;
        self.check(&entry.names, flag)?;
        Ok((entry.label.clone(), self.value_of(&entry)?))
    }

    /// The message with values for the placeholders, whose grants must allow what the answer tells about them.
    fn restore<'m>(&self, message: &'m [u8], answer: Answer) -> Result<Restored<'m>, SecretFailure> {
        let mut edits = Vec::new();
        for (at, entry) in self.find(message) {
            let at = at..at.saturating_add(LENGTH);
            let value = self.value_of(&entry)?;
            match answer {
                Answer::Code(flag) => self.check(&entry.names, flag)?,
                Answer::YesOrNo if self.has_arrived(message.get(at.clone()), &value) => {}
                Answer::YesOrNo => self.check(&entry.names, Flag::Hmac)?,
            }
            let text = Zeroizing::new(value.expose().to_owned());
            edits.push(Edit { at, text });
        }
        if edits.is_empty() {
            return Ok(Restored::Same(message));
        }
        Ok(Restored::Filled(apply_to_bytes(message, &edits)))
    }

    /// Whether this value arrived and was hidden behind this placeholder.
    fn has_arrived(&self, placeholder: Option<&[u8]>, value: &SecretValue) -> bool {
        let placeholder = placeholder.and_then(|placeholder| std::str::from_utf8(placeholder).ok());
        let given = self.given.read();
        let arrived = placeholder.and_then(|placeholder| given.arrived.get(placeholder));
        arrived.is_some_and(|arrived| arrived.matches(value.expose().as_bytes()))
    }
}
