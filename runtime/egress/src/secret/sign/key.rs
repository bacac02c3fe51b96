//! Keys in the forms in which services hand them out. A private key is PEM (PKCS#8, PKCS#1, SEC1), or for Ed25519 and
//! secp256k1 the 32 bytes themselves or in hex. What is wrong with one is told without any of it.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k256::schnorr;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::pkcs8::der::Decode as _;
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use p256::pkcs8::{DecodePrivateKey as _, ObjectIdentifier};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use super::SignatureAlgorithm;
use crate::secret::failure::SecretFailure;

type Why = &'static str;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const OTHER_ALGORITHM: Why = "it is a key for another algorithm";
const MESSAGE: SecretFailure = SecretFailure::Message {
    why: "Schnorr over secp256k1 signs exactly 32 bytes, usually a digest",
};
const FAILED: SecretFailure = SecretFailure::Internal {
    what: "the signature was not made; try again",
};

/// A key that signs.
pub(super) enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
    Ps256(Box<RsaKeyPair>),
    Es256(p256::ecdsa::SigningKey),
    Schnorr(schnorr::SigningKey),
}

/// A parsed PEM section, wiped when it is dropped.
struct Section(PrivateKeyDer<'static>);

impl Section {
    fn read(pem: &str) -> Result<Self, Why> {
        let read = PrivateKeyDer::from_pem_slice(pem.as_bytes());
        read.map(Self).map_err(|_| "it is no private key in PEM")
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PrivateKey {
    pub(super) fn read(algorithm: SignatureAlgorithm, text: &str) -> Result<Self, Why> {
        match algorithm {
            SignatureAlgorithm::Ed25519 => match raw(text) {
                Some(seed) => Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| "it is no seed"),
                None => match &Section::read(text)?.0 {
                    PrivateKeyDer::Pkcs8(der) => {
                        let read = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
                        read.map_err(|_| OTHER_ALGORITHM)
                    }
                    _ => Err(OTHER_ALGORITHM),
                },
            }
            .map(Self::Ed25519),
            SignatureAlgorithm::Rs256 => read_rsa(text).map(Self::Rs256),
            SignatureAlgorithm::Ps256 => read_rsa(text).map(Self::Ps256),
            SignatureAlgorithm::Es256 => {
                let secret = match &Section::read(text)?.0 {
                    PrivateKeyDer::Pkcs8(der) => {
                        p256::SecretKey::from_pkcs8_der(der.secret_pkcs8_der()).map_err(|_| OTHER_ALGORITHM)
                    }
                    PrivateKeyDer::Sec1(der) => {
                        p256::SecretKey::from_sec1_der(der.secret_sec1_der()).map_err(|_| OTHER_ALGORITHM)
                    }
                    _ => Err(OTHER_ALGORITHM),
                };
                secret.map(|secret| Self::Es256(secret.into()))
            }
            SignatureAlgorithm::Secp256k1Schnorr => {
                let bytes = raw(text).ok_or("it is neither 32 bytes nor 64 hex digits")?;
                let key = schnorr::SigningKey::from_slice(bytes.as_ref());
                key.map(Self::Schnorr)
                    .map_err(|_| "it is no number of the curve's group")
            }
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SecretFailure> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Self::Rs256(key) => sign_rsa(key, &RSA_PKCS1_SHA256, message),
            Self::Ps256(key) => sign_rsa(key, &RSA_PSS_SHA256, message),
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(|_| FAILED)?;
                Ok(signature.to_bytes().to_vec())
            }
            Self::Schnorr(key) => {
                let mut random = Zeroizing::new([0; 32]);
                SystemRandom::new().fill(random.as_mut()).map_err(|_| FAILED)?;
                sign_schnorr(key, message, &random)
            }
        }
    }

    pub(super) fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.public_key().as_ref().to_vec()),
            Self::Rs256(key) | Self::Ps256(key) => PublicKey::Rsa(key.public_key().as_ref().to_vec()),
            Self::Es256(key) => PublicKey::P256(*key.verifying_key()),
            Self::Schnorr(key) => PublicKey::Schnorr(*key.verifying_key()),
        }
    }
}

/// The 32 bytes of a raw key, as they are or in hex.
fn raw(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    let mut key = Zeroizing::new([0; 32]);
    if text.len() == 32 {
        key.copy_from_slice(text.as_bytes());
        return Some(key);
    }
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        let digit = |c: &u8| char::from(*c).to_digit(16);
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(key)
}

fn read_rsa(text: &str) -> Result<Box<RsaKeyPair>, Why> {
    let why = |_| "it is a key for another algorithm, or has fewer than 2048 bits";
    let pair = match &Section::read(text)?.0 {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(why),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(why),
        _ => Err(OTHER_ALGORITHM),
    };
    pair.map(Box::new)
}

fn sign_rsa(
    key: &RsaKeyPair,
    padding: &'static dyn ring::signature::RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, SecretFailure> {
    let mut signature = vec![0; key.public().modulus_len()];
    let signed = key.sign(padding, &SystemRandom::new(), message, &mut signature);
    signed.map(|()| signature).map_err(|_| FAILED)
}

fn sign_schnorr(
    key: &schnorr::SigningKey,
    message: &[u8],
    random: &[u8; 32],
) -> Result<Vec<u8>, SecretFailure> {
    if message.len() != 32 {
        return Err(MESSAGE);
    }
    let signature = key.sign_raw(message, random).map_err(|_| FAILED)?;
    // A fault while signing would give the key away.
    key.verifying_key()
        .verify_raw(message, &signature)
        .map_err(|_| FAILED)?;
    Ok(signature.to_bytes().to_vec())
}

/// A key that checks.
pub(super) enum PublicKey {
    Ed25519(Vec<u8>),
    /// PKCS#1.
    Rsa(Vec<u8>),
    RsaParts {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    P256(p256::ecdsa::VerifyingKey),
    Schnorr(schnorr::VerifyingKey),
}

impl PublicKey {
    pub(super) fn from_raw(algorithm: SignatureAlgorithm, bytes: &[u8]) -> Result<Self, Why> {
        match algorithm {
            SignatureAlgorithm::Ed25519 if bytes.len() == 32 => Ok(Self::Ed25519(bytes.to_vec())),
            SignatureAlgorithm::Ed25519 => Err("it has not 32 bytes"),
            SignatureAlgorithm::Es256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes);
                key.map(Self::P256).map_err(|_| "it is no point of P-256")
            }
            SignatureAlgorithm::Secp256k1Schnorr => {
                let key = schnorr::VerifyingKey::from_slice(bytes);
                key.map(Self::Schnorr)
                    .map_err(|_| "it is not the 32 bytes of a point of secp256k1")
            }
            SignatureAlgorithm::Rs256 | SignatureAlgorithm::Ps256 => {
                Err("RSA has no raw keys; give it in PEM or as a JSON web key")
            }
        }
    }

    pub(super) fn from_pem(algorithm: SignatureAlgorithm, text: &str) -> Result<Self, Why> {
        let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
        for section in sections {
            let (kind, der) = section.map_err(|_| "it is no PEM")?;
            match kind {
                SectionKind::PublicKey => return Self::from_info(algorithm, &der),
                SectionKind::Certificate => {
                    let der = CertificateDer::from(der);
                    let certificate =
                        webpki::EndEntityCert::try_from(&der).map_err(|_| "it is no certificate")?;
                    return Self::from_info(algorithm, &certificate.subject_public_key_info());
                }
                _ => {}
            }
        }
        Err("it has neither a PUBLIC KEY nor a CERTIFICATE section")
    }

    /// Reads a SubjectPublicKeyInfo.
    fn from_info(algorithm: SignatureAlgorithm, der: &[u8]) -> Result<Self, Why> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| "it is no public key")?;
        let bytes = info.subject_public_key.as_bytes().ok_or("it is no public key")?;
        let is_p256 = || info.algorithm.parameters_oid().is_ok_and(|curve| curve == P256);
        match (algorithm, info.algorithm.oid) {
            (SignatureAlgorithm::Ed25519, ED) => Self::from_raw(algorithm, bytes),
            (SignatureAlgorithm::Es256, EC) if is_p256() => Self::from_raw(algorithm, bytes),
            (SignatureAlgorithm::Rs256 | SignatureAlgorithm::Ps256, RSA) => Ok(Self::Rsa(bytes.to_vec())),
            _ => Err(OTHER_ALGORITHM),
        }
    }

    pub(super) fn from_jwk(algorithm: SignatureAlgorithm, text: &str) -> Result<Self, Why> {
        let key = Value::from_str(text).map_err(|_| "it is no JSON")?;
        let text = |name| key.get(name).and_then(Value::as_str);
        let bytes = |name| {
            let bytes = text(name).and_then(|value| URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).ok());
            bytes.ok_or("a part of it is missing or not base64url")
        };
        match (algorithm, text("kty"), text("crv")) {
            (SignatureAlgorithm::Ed25519, Some("OKP"), Some("Ed25519")) => {
                Self::from_raw(algorithm, &bytes("x")?)
            }
            (SignatureAlgorithm::Es256, Some("EC"), Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return Err("it is no point of P-256");
                }
                Self::from_raw(algorithm, &[vec![4], x, y].concat())
            }
            (SignatureAlgorithm::Rs256 | SignatureAlgorithm::Ps256, Some("RSA"), _) => Ok(Self::RsaParts {
                modulus: bytes("n")?,
                exponent: bytes("e")?,
            }),
            _ => Err(OTHER_ALGORITHM),
        }
    }

    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, SecretFailure> {
        let rsa = if algorithm == SignatureAlgorithm::Ps256 {
            &RSA_PSS_2048_8192_SHA256
        } else {
            &RSA_PKCS1_2048_8192_SHA256
        };
        Ok(match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key)
                .verify(message, signature)
                .is_ok(),
            Self::Rsa(key) => UnparsedPublicKey::new(rsa, key)
                .verify(message, signature)
                .is_ok(),
            Self::RsaParts { modulus, exponent } => {
                // ring takes the numbers without leading zeros.
                let parts = RsaPublicKeyComponents {
                    n: trim(modulus),
                    e: trim(exponent),
                };
                parts.verify(rsa, message, signature).is_ok()
            }
            Self::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature);
                signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Self::Schnorr(key) => {
                if message.len() != 32 {
                    return Err(MESSAGE);
                }
                let signature = schnorr::Signature::from_slice(signature);
                signature.is_ok_and(|signature| key.verify_raw(message, &signature).is_ok())
            }
        })
    }
}

fn trim(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second vector of BIP 340, with its own random bytes.
    #[test]
    fn schnorr_signs_as_the_standard_does() {
        let text = "b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef";
        let message = raw("243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89").unwrap();
        let Ok(PrivateKey::Schnorr(key)) = PrivateKey::read(SignatureAlgorithm::Secp256k1Schnorr, text)
        else {
            panic!("a key was not read");
        };
        let mut random = [0; 32];
        random[31] = 1;
        let signature = sign_schnorr(&key, message.as_ref(), &random).unwrap();
        let (first, second) = signature.split_at(32);
        assert_eq!(
            first,
            raw("6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341")
                .unwrap()
                .as_ref()
        );
        assert_eq!(
            second,
            raw("8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a")
                .unwrap()
                .as_ref()
        );
    }

    #[test]
    fn a_raw_key_is_32_bytes_as_they_are_or_in_hex() {
        assert_eq!(raw(&"k".repeat(32)).unwrap().as_ref(), [b'k'; 32]);
        assert_eq!(raw(&"0A".repeat(32)).unwrap().as_ref(), [10; 32]);
        for text in [
            "",
            &"0".repeat(63),
            &"0".repeat(65),
            &"0g".repeat(32),
            &"k".repeat(33),
        ] {
            assert!(raw(text).is_none(), "{text}");
        }
    }
}
