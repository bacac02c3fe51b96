//! Secrets, and the store that must not keep what stands for them.

use openclaw_sdk::Error;
use openclaw_sdk::wit::kv::store;
use openclaw_sdk::wit::secrets::signatures::{
    self, DigestAlgorithm, HmacAlgorithm, SignatureAlgorithm, VerifyingKey,
};
use openclaw_sdk::wit::secrets::types::{Encoding, SecretPart};
use openclaw_sdk::wit::secrets::{placeholders, reveal};

use crate::errand::{Answer, Names, Step, hex, unhex};
use crate::typed::failed;

/// Does a step that sends nothing.
pub(crate) fn take(step: &Step, names: &mut Names) -> Answer {
    match said(step, names) {
        Ok(text) => Answer::said(text),
        Err(error) => failed(&error),
    }
}

fn said(step: &Step, names: &mut Names) -> Result<String, Error> {
    match step {
        Step::Lookup(name) => named(names, name, placeholders::lookup(name)?),
        Step::Field {
            secret,
            pointer,
            name,
        } => named(names, name, placeholders::lookup_field(secret, pointer)?),
        Step::Compose {
            parts,
            encoding,
            name,
        } => {
            let parts: Vec<_> = parts.iter().map(|text| part(names, names.fill(text))).collect();
            named(names, name, placeholders::compose(&parts, encoding_of(encoding))?)
        }
        Step::Code { how, key, message } => {
            let (key, message) = (names.fill(key), names.fill(message));
            let code = match how.as_str() {
                "hmac" => signatures::hmac(HmacAlgorithm::HmacSha256, &key, message.as_bytes())?,
                "sign" => signatures::sign(SignatureAlgorithm::Ed25519, &key, message.as_bytes())?,
                _ => {
                    let parts = [part(names, key), part(names, message)];
                    signatures::digest(DigestAlgorithm::Sha256, &parts)?
                }
            };
            Ok(hex(&code))
        }
        Step::Check {
            how,
            key,
            message,
            code,
        } => {
            let (key, message, code) = (names.fill(key), names.fill(message), unhex(code));
            let holds = match how.as_str() {
                "hmac" => {
                    signatures::verify_hmac(HmacAlgorithm::HmacSha256, &key, message.as_bytes(), &code)?
                }
                _ => {
                    let key = VerifyingKey::Secret(key);
                    signatures::verify(SignatureAlgorithm::Ed25519, &key, message.as_bytes(), &code)?
                }
            };
            Ok(holds.to_string())
        }
        Step::Matches { secret, candidate } => {
            Ok(signatures::matches(&names.fill(secret), &names.fill(candidate))?.to_string())
        }
        Step::Reveal(secret) => {
            let value = reveal::reveal(&names.fill(secret))?;
            Ok(String::from_utf8_lossy(&value).into_owned())
        }
        Step::Keep { key, value } => {
            store::set(&names.fill(key), names.fill(value).as_bytes())?;
            Ok("kept".to_owned())
        }
        Step::Forget(name) => Ok(placeholders::forget(name)?.to_string()),
        Step::Send(_) | Step::Dial(_) => Ok(String::new()),
    }
}

fn named(names: &mut Names, name: &str, placeholder: String) -> Result<String, Error> {
    names.put(name, &placeholder);
    Ok(placeholder)
}

fn part(names: &Names, text: String) -> SecretPart {
    match names.is_placeholder(&text) {
        true => SecretPart::Secret(text),
        false => SecretPart::Text(text),
    }
}

fn encoding_of(name: &str) -> Encoding {
    match name {
        "plain" => Encoding::Plain,
        "base64" => Encoding::Base64,
        "base64-url" => Encoding::Base64Url,
        "hex" => Encoding::Hex,
        "percent" => Encoding::Percent,
        _ => Encoding::Other,
    }
}
