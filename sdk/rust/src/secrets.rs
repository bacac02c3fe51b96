//! Credentials that are used without being seen:
//!
//! ```no_run
//! use openclaw_sdk::{Result, http, secrets};
//!
//! # fn main() {}
//! fn sign_in() -> Result<()> {
//!     let password = secrets::get("password")?;
//!     let answer = http::post("https://api.example.com/token")
//!         .form(&[("user", "openclaw"), ("password", password.as_str())])
//!         .send()?
//!         .error_for_status()?;
//!     let place = secrets::SecretPlace::json("/access_token");
//!     let token = answer.capture(&place, "session", secrets::Keep::UntilRestart)?;
//!     http::get("https://api.example.com/me").bearer(&token).send()?;
//!     Ok(())
//! }
//! ```
//!
//! A [`Secret`] is a placeholder. The gate swaps the value in when a request leaves, if its destination and the place
//! in it are ones that the manifest names and the operator granted, and refuses the request otherwise. A placeholder
//! is good until the gateway ends, so look it up in every call; the key-value store refuses to keep one.
//!
//! [`reveal`] alone gives a value itself. Whoever reaches for it asks for a grant of its own, which every listing
//! shows in red.

mod signatures;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::wit::secrets::types::{Encoding, Keep, SecretPart, SecretPlace};
use crate::wit::secrets::{placeholders, reveal as revealed};
use crate::wit::types::errors::Error;
pub use signatures::{
    DigestAlgorithm, HmacAlgorithm, SignatureAlgorithm, VerifyingKey, digest, hmac, matches, sign, verify,
    verify_hmac,
};

/// What stands for a secret. As text, in a format string and in JSON it is its placeholder, which is worth nothing
/// anywhere else. It is read from JSON as well, because a secret in the extension's own configuration is one.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// From a placeholder that came another way, such as in the request of a webhook.
    pub fn from_placeholder(placeholder: impl Into<String>) -> Self {
        Self(placeholder.into())
    }

    /// The placeholder.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Without the placeholder, so that no log of a struct has one.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl AsRef<str> for Secret {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretPart {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&Secret> for SecretPart {
    fn from(secret: &Secret) -> Self {
        Self::Secret(secret.0.clone())
    }
}

impl SecretPlace {
    /// A string in a JSON body, such as `/access_token`.
    pub fn json(pointer: impl Into<String>) -> Self {
        Self::Json(pointer.into())
    }

    /// The whole value of a header.
    pub fn header(name: impl Into<String>) -> Self {
        Self::Header(name.into())
    }

    /// The value of a cookie.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self::Cookie(name.into())
    }
}

/// The secret of a name that the manifest asks for, or that one was captured under.
///
/// # Errors
/// With [`NotFound`](crate::ErrorCode::NotFound) if it was not granted, not configured or not captured.
pub fn get(name: &str) -> Result<Secret, Error> {
    placeholders::lookup(name).map(Secret)
}

/// One value in a secret that is a JSON document, at a place given as a JSON pointer: such as the private key in the
/// file of a service account, `/private_key`.
///
/// # Errors
/// As [`get`]; also if there is nothing at this place.
pub fn field(name: &str, pointer: &str) -> Result<Secret, Error> {
    placeholders::lookup_field(name, pointer).map(Secret)
}

/// Joins secrets and what is none into a new secret, inside the host. It may go where all of its parts may.
///
/// ```no_run
/// use openclaw_sdk::{Error, secrets};
/// use openclaw_sdk::secrets::{Encoding, Secret};
///
/// # fn main() {}
/// fn sasl_plain(user: &str, password: &Secret) -> Result<Secret, Error> {
///     let name = format!("\0{user}\0");
///     secrets::compose(&[name.as_str().into(), password.into()], Encoding::Base64)
/// }
/// ```
///
/// # Errors
/// As the host says.
pub fn compose(parts: &[SecretPart], encoding: Encoding) -> Result<Secret, Error> {
    placeholders::compose(parts, encoding).map(Secret)
}

/// The credentials of HTTP Basic, for a header that [`Request::basic`](crate::http::Request::basic) does not write.
///
/// # Errors
/// As [`compose`].
pub fn basic(user: &str, password: &Secret) -> Result<Secret, Error> {
    compose(
        &[format!("{user}:").as_str().into(), password.into()],
        Encoding::Base64,
    )
}

/// Forgets a captured secret, and says whether there was one.
///
/// # Errors
/// As the host says.
pub fn forget(name: &str) -> Result<bool, Error> {
    placeholders::forget(name)
}

/// Gives the value of a secret, for the rare protocol that cannot do without. Never log it, keep it or send it anywhere
/// that its audience does not name. Its entry in the manifest says `"reveal": true`.
///
/// # Errors
/// With [`Denied`](crate::ErrorCode::Denied) without that.
pub fn reveal(secret: &Secret) -> Result<Vec<u8>, Error> {
    revealed::reveal(secret.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_placeholder_in_text_and_json_and_nothing_in_a_debug_line() {
        let secret = Secret::from_placeholder("OCS_1");
        assert_eq!(format!("token {secret}"), "token OCS_1");
        assert_eq!(serde_json::to_string(&[&secret]).unwrap(), r#"["OCS_1"]"#);
        let read: Secret = serde_json::from_str(r#""OCS_1""#).unwrap();
        assert_eq!(read.as_str(), "OCS_1");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(Secret(…))");
    }

    #[test]
    fn what_is_joined_keeps_apart_what_is_secret() {
        let secret = Secret::from_placeholder("OCS_1");
        let parts: [SecretPart; 2] = ["ann:".into(), (&secret).into()];
        assert!(matches!(&parts, [SecretPart::Text(user), SecretPart::Secret(key)]
            if user == "ann:" && key == "OCS_1"));
    }
}
