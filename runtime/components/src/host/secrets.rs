//! `openclaw:secrets`: credentials that are used without being seen.
//!
//! **Promise.** A guest gets placeholders, codes and answers; a value leaves the vault only through the gate, or by
//! `reveal` where that was granted. **Bound.** The vault's counts, and the call's volume for what goes in and out.

use openclaw_egress::Place;
use openclaw_egress::secret::{
    DigestAlgorithm, Encoding, HmacAlgorithm, Keep, Part, SecretFailure, SignatureAlgorithm, VerifyingKey,
};
use wasmtime::component::Resource;

use crate::bindings::openclaw::secrets::signatures::{
    self, DigestAlgorithm as WitDigest, HmacAlgorithm as WitHmac, SignatureAlgorithm as WitSignature,
    VerifyingKey as WitKey,
};
use crate::bindings::openclaw::secrets::types::{
    Encoding as WitEncoding, Keep as WitKeep, SecretPart, SecretPlace,
};
use crate::bindings::openclaw::secrets::{placeholders, reveal};
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::guest::{Guest, fail};
use crate::host::http::{Answered, wit_error};
use crate::host::media::Answer;

/// A failure of the vault, as a guest sees it. Nothing left this machine.
fn failed(failure: SecretFailure) -> WitError {
    wit_error(&failure.into())
}

fn unknown(what: &str) -> WitError {
    let message = format!("this gateway does not know this {what}");
    fail(ErrorCode::Unsupported, &message)
}

impl Guest {
    /// Counts what a guest hands over.
    fn hand_over(&self, bytes: usize) -> wasmtime::Result<()> {
        Ok(self.volume.bytes_out.spend(bytes as u64)?)
    }

    /// Counts what a guest is handed.
    fn hand<T, F: Fn(&T) -> usize>(&self, answer: Result<T, SecretFailure>, size: F) -> Answer<T> {
        if let Ok(given) = &answer {
            self.volume.bytes_in.spend(size(given) as u64)?;
        }
        Ok(answer.map_err(failed))
    }

    fn hand_text(&self, answer: Result<String, SecretFailure>) -> Answer<String> {
        self.hand(answer, String::len)
    }

    fn hand_bytes(&self, answer: Result<Vec<u8>, SecretFailure>) -> Answer<Vec<u8>> {
        self.hand(answer, Vec::len)
    }
}

fn parts_of(parts: &[SecretPart]) -> Result<Vec<Part<'_>>, WitError> {
    fn part(part: &SecretPart) -> Result<Part<'_>, WitError> {
        match part {
            SecretPart::Text(text) => Ok(Part::Text(text)),
            SecretPart::Bytes(bytes) => Ok(Part::Bytes(bytes)),
            SecretPart::Secret(placeholder) => Ok(Part::Secret(placeholder)),
            SecretPart::Other(_) => Err(unknown("part of a secret")),
        }
    }
    parts.iter().map(part).collect()
}

fn weight(parts: &[SecretPart]) -> usize {
    let part = |part: &SecretPart| match part {
        SecretPart::Text(text) | SecretPart::Secret(text) | SecretPart::Other(text) => text.len(),
        SecretPart::Bytes(bytes) => bytes.len(),
    };
    parts.iter().map(part).sum()
}

fn keep_of(keep: WitKeep) -> Result<Keep, WitError> {
    match keep {
        WitKeep::UntilRestart => Ok(Keep::UntilRestart),
        WitKeep::Lasting => Ok(Keep::Lasting),
        WitKeep::Other => Err(unknown("time to keep a secret")),
    }
}

impl placeholders::Host for Guest {
    async fn lookup(&mut self, name: String) -> Answer<String> {
        self.hand_over(name.len())?;
        self.hand_text(self.extension.vault().lookup(&name))
    }

    async fn lookup_field(&mut self, name: String, pointer: String) -> Answer<String> {
        self.hand_over(name.len() + pointer.len())?;
        self.hand_text(self.extension.vault().lookup_field(&name, &pointer))
    }

    async fn compose(&mut self, parts: Vec<SecretPart>, encoding: WitEncoding) -> Answer<String> {
        self.hand_over(weight(&parts))?;
        let encoding = match encoding {
            WitEncoding::Plain => Encoding::Plain,
            WitEncoding::Base64 => Encoding::Base64,
            WitEncoding::Base64Url => Encoding::Base64Url,
            WitEncoding::Hex => Encoding::Hex,
            WitEncoding::Percent => Encoding::Percent,
            WitEncoding::Other => return Ok(Err(unknown("encoding"))),
        };
        match parts_of(&parts) {
            Ok(parts) => self.hand_text(self.extension.vault().compose(&parts, encoding)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    async fn capture(
        &mut self,
        response: Resource<Answered>,
        place: SecretPlace,
        name: String,
        keep: WitKeep,
    ) -> Answer<String> {
        let place = match place {
            SecretPlace::Json(pointer) => Place::Json(pointer),
            SecretPlace::Header(name) => Place::Header(name),
            SecretPlace::Cookie(name) => Place::Cookie(name),
            SecretPlace::Other(_) => return Ok(Err(unknown("place of a secret"))),
        };
        let keep = match keep_of(keep) {
            Ok(keep) => keep,
            Err(refused) => return Ok(Err(refused)),
        };
        let answered = self.table.get_mut(&response)?;
        let captured = answered.response.capture(&place, &name, keep).await;
        Ok(captured.map_err(|error| wit_error(&error)))
    }

    async fn forget(&mut self, name: String) -> Answer<bool> {
        self.hand_over(name.len())?;
        Ok(self.extension.vault().forget(&name).map_err(failed))
    }
}

impl signatures::Host for Guest {
    fn digest(&mut self, algorithm: WitDigest, parts: Vec<SecretPart>) -> Answer<Vec<u8>> {
        self.hand_over(weight(&parts))?;
        let algorithm = match algorithm {
            WitDigest::Sha1 => DigestAlgorithm::Sha1,
            WitDigest::Sha256 => DigestAlgorithm::Sha256,
            WitDigest::Sha512 => DigestAlgorithm::Sha512,
            WitDigest::Other => return Ok(Err(unknown("algorithm"))),
        };
        match parts_of(&parts) {
            Ok(parts) => self.hand_bytes(self.extension.vault().digest(algorithm, &parts)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn hmac(&mut self, algorithm: WitHmac, key: String, message: Vec<u8>) -> Answer<Vec<u8>> {
        self.hand_over(key.len() + message.len())?;
        match hmac_of(algorithm) {
            Ok(algorithm) => self.hand_bytes(self.extension.vault().hmac(algorithm, &key, &message)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn verify_hmac(
        &mut self,
        algorithm: WitHmac,
        key: String,
        message: Vec<u8>,
        code: Vec<u8>,
    ) -> Answer<bool> {
        self.hand_over(key.len() + message.len() + code.len())?;
        let algorithm = match hmac_of(algorithm) {
            Ok(algorithm) => algorithm,
            Err(refused) => return Ok(Err(refused)),
        };
        let vault = self.extension.vault();
        Ok(vault
            .verify_hmac(algorithm, &key, &message, &code)
            .map_err(failed))
    }

    fn sign(&mut self, algorithm: WitSignature, key: String, message: Vec<u8>) -> Answer<Vec<u8>> {
        self.hand_over(key.len() + message.len())?;
        match signature_of(algorithm) {
            Ok(algorithm) => self.hand_bytes(self.extension.vault().sign(algorithm, &key, &message)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn verify(
        &mut self,
        algorithm: WitSignature,
        key: WitKey,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> Answer<bool> {
        let key_bytes = match &key {
            WitKey::Raw(bytes) => bytes.len(),
            WitKey::Pem(text) | WitKey::Jwk(text) | WitKey::Secret(text) | WitKey::Other(text) => text.len(),
        };
        self.hand_over(key_bytes + message.len() + signature.len())?;
        let algorithm = match signature_of(algorithm) {
            Ok(algorithm) => algorithm,
            Err(refused) => return Ok(Err(refused)),
        };
        let key = match &key {
            WitKey::Raw(bytes) => VerifyingKey::Raw(bytes),
            WitKey::Pem(text) => VerifyingKey::Pem(text),
            WitKey::Jwk(text) => VerifyingKey::Jwk(text),
            WitKey::Secret(placeholder) => VerifyingKey::Secret(placeholder),
            WitKey::Other(_) => return Ok(Err(unknown("kind of key"))),
        };
        let vault = self.extension.vault();
        Ok(vault.verify(algorithm, key, &message, &signature).map_err(failed))
    }

    fn matches(&mut self, secret: String, candidate: String) -> Answer<bool> {
        self.hand_over(secret.len() + candidate.len())?;
        Ok(self
            .extension
            .vault()
            .matches(&secret, &candidate)
            .map_err(failed))
    }
}

fn hmac_of(algorithm: WitHmac) -> Result<HmacAlgorithm, WitError> {
    match algorithm {
        WitHmac::HmacSha1 => Ok(HmacAlgorithm::Sha1),
        WitHmac::HmacSha256 => Ok(HmacAlgorithm::Sha256),
        WitHmac::HmacSha512 => Ok(HmacAlgorithm::Sha512),
        WitHmac::Other => Err(unknown("algorithm")),
    }
}

fn signature_of(algorithm: WitSignature) -> Result<SignatureAlgorithm, WitError> {
    match algorithm {
        WitSignature::Ed25519 => Ok(SignatureAlgorithm::Ed25519),
        WitSignature::Rs256 => Ok(SignatureAlgorithm::Rs256),
        WitSignature::Ps256 => Ok(SignatureAlgorithm::Ps256),
        WitSignature::Es256 => Ok(SignatureAlgorithm::Es256),
        WitSignature::Secp256k1Schnorr => Ok(SignatureAlgorithm::Secp256k1Schnorr),
        WitSignature::Other => Err(unknown("algorithm")),
    }
}

impl reveal::Host for Guest {
    fn reveal(&mut self, secret: String) -> Answer<Vec<u8>> {
        self.hand_over(secret.len())?;
        let value = self.extension.vault().reveal(&secret);
        self.hand_bytes(value.map(|value| value.expose().as_bytes().to_vec()))
    }
}
