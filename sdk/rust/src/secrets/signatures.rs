//! Computing with secrets inside the host. Each use needs a flag in the secret's entry in the manifest: `sign` for
//! [`sign`] and for the public half of a key, `hmac` for the rest.

use super::{Secret, SecretPart};
use crate::wit::secrets::signatures as host;
pub use crate::wit::secrets::signatures::{DigestAlgorithm, HmacAlgorithm, SignatureAlgorithm, VerifyingKey};
use crate::wit::types::errors::Error;

/// The digest of parts that are joined as they are.
///
/// # Errors
/// As the host says.
pub fn digest(algorithm: DigestAlgorithm, parts: &[SecretPart]) -> Result<Vec<u8>, Error> {
    host::digest(algorithm, parts)
}

/// The authentication code of a message, with a secret as key.
///
/// # Errors
/// As the host says.
pub fn hmac(algorithm: HmacAlgorithm, key: &Secret, message: &[u8]) -> Result<Vec<u8>, Error> {
    host::hmac(algorithm, key.as_str(), message)
}

/// Whether an authentication code is the right one, found out in a time that tells nothing.
///
/// # Errors
/// As the host says.
pub fn verify_hmac(
    algorithm: HmacAlgorithm,
    key: &Secret,
    message: &[u8],
    code: &[u8],
) -> Result<bool, Error> {
    host::verify_hmac(algorithm, key.as_str(), message, code)
}

/// Signs a message with a secret key.
///
/// # Errors
/// As the host says.
pub fn sign(algorithm: SignatureAlgorithm, key: &Secret, message: &[u8]) -> Result<Vec<u8>, Error> {
    host::sign(algorithm, key.as_str(), message)
}

/// Whether a signature is right.
///
/// # Errors
/// As the host says.
pub fn verify(
    algorithm: SignatureAlgorithm,
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Error> {
    host::verify(algorithm, key, message, signature)
}

/// Whether text that somebody sent is a secret, found out in a time that tells nothing. For services that prove
/// themselves by a shared token.
///
/// # Errors
/// As the host says.
pub fn matches(secret: &Secret, candidate: &str) -> Result<bool, Error> {
    host::matches(secret.as_str(), candidate)
}
