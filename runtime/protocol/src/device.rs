//! The proof that a client holds a device's key: a signature over who it is, what it asks for and our challenge.
//!
//! **Promise.** A proof that passes was made by the key whose hash is the device's id, for this connection, within
//! [`SKEW_MS`], and covers the client, the role, the scopes and the token. **Cost.** One or two signature checks.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::connect::{Connect, Device};

/// How far the clocks may be apart, in milliseconds.
pub const SKEW_MS: i64 = 120_000;
/// What comes before the 32 bytes of an Ed25519 key in its SPKI form.
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const KEY_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// Why a proof does not pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The id is not the hash of the key.
    IdMismatch,
    /// It was signed too long ago, or in the future.
    Expired,
    /// It answers no challenge.
    NonceMissing,
    /// It answers another challenge.
    NonceMismatch,
    /// The signature is not of this key and text.
    Signature,
    /// The key is none.
    Key,
}

impl Fault {
    /// What a person is told.
    pub fn message(self) -> &'static str {
        match self {
            Self::IdMismatch => "device identity mismatch",
            Self::Expired => "device signature expired",
            Self::NonceMissing => "device nonce required",
            Self::NonceMismatch => "device nonce mismatch",
            Self::Signature => "device signature invalid",
            Self::Key => "device public key invalid",
        }
    }

    /// What a program is told: the code and the reason.
    pub fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::IdMismatch => ("DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch"),
            Self::Expired => ("DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale"),
            Self::NonceMissing => ("DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing"),
            Self::NonceMismatch => ("DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch"),
            Self::Signature => ("DEVICE_AUTH_SIGNATURE_INVALID", "device-signature"),
            Self::Key => ("DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key"),
        }
    }
}

/// Which form the signed text has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// The pages' form.
    V2,
    /// With platform and family of the device.
    V3,
}

/// A key as it travels and as it is stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey([u8; KEY_BYTES]);

impl PublicKey {
    /// Reads the forms that clients send: base64 of the bytes in either alphabet, or PEM.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = if text.starts_with("-----BEGIN") {
            let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
            let spki = STANDARD.decode(body.trim()).ok()?;
            spki.strip_prefix(&SPKI_PREFIX)?.to_vec()
        } else {
            decode(text)?
        };
        Some(Self(bytes.try_into().ok()?))
    }

    /// A key from its bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// As it is written.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The id of the device that holds it.
    pub fn device_id(&self) -> String {
        let mut id = String::with_capacity(64);
        for byte in digest(&SHA256, &self.0).as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        id
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let plain = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(plain).ok()
}

/// The text that is signed.
pub fn signed_text(form: Form, connect: &Connect, device: &Device) -> String {
    let client = &connect.client;
    let version = match form {
        Form::V2 => "v2",
        Form::V3 => "v3",
    };
    let mut text = format!(
        "{version}|{}|{}|{}|{}|{}|{}|{}|{}",
        device.id,
        client.id,
        client.mode.name(),
        connect.role(),
        connect.scopes.join(","),
        device.signed_at,
        connect.auth.signed_token(),
        device.nonce.trim(),
    );
    if form == Form::V3 {
        let family = client.device_family.as_deref().unwrap_or_default();
        for part in [client.platform.as_str(), family] {
            text.push('|');
            text.push_str(&part.trim().to_ascii_lowercase());
        }
    }
    text
}

/// Checks the proof of a device against the challenge of this connection; gives the key back.
pub fn check(connect: &Connect, device: &Device, nonce: &str, now_ms: i64) -> Result<PublicKey, Fault> {
    let key = PublicKey::read(&device.public_key);
    if let Some(key) = &key
        && key.device_id() != device.id
    {
        return Err(Fault::IdMismatch);
    }
    if now_ms.abs_diff(device.signed_at) > SKEW_MS.unsigned_abs() {
        return Err(Fault::Expired);
    }
    match device.nonce.trim() {
        "" => return Err(Fault::NonceMissing),
        sent if sent != nonce => return Err(Fault::NonceMismatch),
        _ => {}
    }
    let key = key.ok_or(Fault::Key)?;
    let signature = decode(&device.signature)
        .filter(|signature| signature.len() == SIGNATURE_BYTES)
        .ok_or(Fault::Signature)?;
    let verifier = UnparsedPublicKey::new(&ED25519, key.0);
    let signs = |form| {
        let text = signed_text(form, connect, device);
        verifier.verify(text.as_bytes(), &signature).is_ok()
    };
    if signs(Form::V3) || signs(Form::V2) {
        Ok(key)
    } else {
        Err(Fault::Signature)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::Identity;

    fn connect() -> Connect {
        Connect::read(Some(
            json!({"minProtocol": 4, "maxProtocol": 4, "scopes": ["operator.read", "operator.write"],
            "client": {"id": "openclaw-tui", "version": "1", "platform": " Linux ", "mode": "ui"},
            "auth": {"token": "secret-token", "deviceToken": "other"}}),
        ))
        .unwrap()
    }

    fn proof(identity: &Identity, connect: &Connect, form: Form) -> Device {
        identity.prove_as(form, connect, "the-nonce", 1_000_000)
    }

    #[test]
    fn both_forms_pass_and_the_text_is_the_known_one() {
        let (identity, connect) = (Identity::generate().unwrap(), connect());
        let id = identity.device_id();
        let device = proof(&identity, &connect, Form::V3);
        assert_eq!(
            signed_text(Form::V3, &connect, &device),
            format!(
                "v3|{id}|openclaw-tui|ui|operator|operator.read,operator.write|1000000|secret-token|the-nonce|linux|"
            )
        );
        for form in [Form::V2, Form::V3] {
            let device = proof(&identity, &connect, form);
            assert_eq!(
                check(&connect, &device, "the-nonce", 1_000_000)
                    .unwrap()
                    .device_id(),
                id
            );
        }
    }

    #[test]
    fn a_proof_holds_for_one_challenge_one_time_and_one_request() {
        let (identity, connect) = (Identity::generate().unwrap(), connect());
        let device = proof(&identity, &connect, Form::V3);
        let told = |device: &Device, connect: &Connect, nonce: &str, now| {
            check(connect, device, nonce, now).unwrap_err()
        };
        assert_eq!(
            told(&device, &connect, "another", 1_000_000),
            Fault::NonceMismatch
        );
        assert_eq!(
            told(&device, &connect, "the-nonce", 1_000_000 + SKEW_MS + 1),
            Fault::Expired
        );
        assert_eq!(
            told(&device, &connect, "the-nonce", 1_000_000 - SKEW_MS - 1),
            Fault::Expired
        );
        let mut more = connect.clone();
        more.scopes.push("operator.admin".into());
        assert_eq!(told(&device, &more, "the-nonce", 1_000_000), Fault::Signature);
        let mut other = connect.clone();
        other.auth.token = Some("another".into());
        assert_eq!(told(&device, &other, "the-nonce", 1_000_000), Fault::Signature);
        let mut empty = device.clone();
        empty.nonce = " ".into();
        assert_eq!(
            told(&empty, &connect, "the-nonce", 1_000_000),
            Fault::NonceMissing
        );
    }

    #[test]
    fn a_key_must_be_the_devices_own() {
        let connect = connect();
        let (one, two) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let mut device = proof(&one, &connect, Form::V3);
        device.id = two.device_id();
        assert_eq!(
            check(&connect, &device, "the-nonce", 1_000_000),
            Err(Fault::IdMismatch)
        );
        let mut device = proof(&one, &connect, Form::V3);
        device.public_key = "not a key".into();
        assert_eq!(check(&connect, &device, "the-nonce", 1_000_000), Err(Fault::Key));
    }

    #[test]
    fn a_key_is_read_in_all_its_spellings() {
        let key = Identity::generate().unwrap().public_key();
        let pem = [SPKI_PREFIX.as_slice(), &key.0].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(pem)
        );
        for text in [key.text(), STANDARD.encode(key.0), pem] {
            assert_eq!(PublicKey::read(&text), Some(key), "{text}");
        }
        assert_eq!(PublicKey::read("c2hvcnQ"), None);
    }
}
