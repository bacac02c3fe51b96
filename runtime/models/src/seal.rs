//! What a provider's requests carry for a proof of who sends them: keys and headers, with secrets apart from plain
//! text.
//!
//! **Promise.** A value of a secret goes from the snapshot into the vault of the provider's tenant and nowhere else.
//! Plain header values that are no credentials by their name stay plain, so that the net for secrets does not hide
//! ordinary words of an answer.

use std::collections::BTreeMap;

use openclaw_config::tree::models::{Provider as Configured, ProviderAuth};
use openclaw_config::tree::request::RequestAuth;
use openclaw_config::{Environment, Path, SecretInput};
use openclaw_egress::Gate;
use openclaw_egress::secret::PlaceholderKey;
use openclaw_secrets::{SecretValue, Snapshot as Secrets};

use crate::known::Known;

/// Where secrets come from and where they go.
pub(crate) struct Keys<'k> {
    /// The resolved secrets of the config.
    pub(crate) secrets: &'k Secrets,
    /// The environment that the config sees.
    pub(crate) environment: &'k Environment,
    /// The gate with the limits of models.
    pub(crate) gate: &'k Gate,
    /// What makes placeholders.
    pub(crate) placeholders: &'k PlaceholderKey,
}

/// The value of a header.
pub(crate) enum Value {
    /// Text that anybody may read.
    Plain(String),
    /// A secret, behind what precedes it.
    Secret {
        /// Such as `Bearer `.
        prefix: String,
        /// The secret.
        value: SecretValue,
    },
}

/// The headers of a provider, by name in lower case.
#[derive(Default)]
pub(crate) struct Sealed(pub(crate) BTreeMap<String, Value>);

impl Sealed {
    /// Reads the headers and the credential of a provider, whose id the config spells in this way.
    pub(crate) fn read(
        spelling: &str,
        configured: &Configured,
        known: Option<&Known>,
        keys: &Keys<'_>,
    ) -> Result<Self, String> {
        let root = Path::of(["models", "providers", spelling]);
        let mut sealed = Self::default();
        match configured.auth {
            None | Some(ProviderAuth::ApiKey | ProviderAuth::Token) => {}
            Some(ProviderAuth::AwsSdk | ProviderAuth::Oauth) => {
                return Err("only \"auth\": \"api-key\" and \"token\" are in this build".to_owned());
            }
        }
        sealed.add_all(&root.key("headers"), &configured.headers, keys)?;
        if let Some(request) = &configured.request {
            let path = root.key("request");
            sealed.add_all(&path.key("headers"), &request.headers, keys)?;
            sealed.add_auth(&path.key("auth"), request.auth.as_ref(), keys)?;
        }
        if sealed.0.contains_key("authorization") || has_own_auth(configured) {
            return Ok(sealed);
        }
        let path = root.key("apiKey");
        let key = match &configured.api_key {
            Some(input) => value_at(&path, input, keys)?,
            None => None,
        };
        let variable = known.and_then(|known| known.variable);
        let found = variable.and_then(|name| keys.environment.get(name));
        match (key.or_else(|| found.map(SecretValue::new)), variable) {
            (Some(value), _) => sealed.bear(value),
            (None, Some(variable)) => return Err(format!("it has no key; set {path} or {variable}")),
            (None, None) => {}
        }
        Ok(sealed)
    }

    fn bear(&mut self, value: SecretValue) {
        let prefix = "Bearer ".to_owned();
        self.0
            .insert("authorization".to_owned(), Value::Secret { prefix, value });
    }

    fn add_all(
        &mut self,
        path: &Path,
        headers: &BTreeMap<String, SecretInput>,
        keys: &Keys<'_>,
    ) -> Result<(), String> {
        for (name, input) in headers {
            let value = match input {
                SecretInput::Plain(text) if !is_credential(name) => Value::Plain(text.expose().to_owned()),
                SecretInput::Plain(_) | SecretInput::Ref(_) => {
                    let Some(value) = value_at(&path.key(name), input, keys)? else {
                        continue;
                    };
                    let prefix = String::new();
                    Value::Secret { prefix, value }
                }
            };
            self.0.insert(name.to_lowercase(), value);
        }
        Ok(())
    }

    fn add_auth(&mut self, path: &Path, auth: Option<&RequestAuth>, keys: &Keys<'_>) -> Result<(), String> {
        match auth {
            None | Some(RequestAuth::ProviderDefault {}) => {}
            Some(RequestAuth::AuthorizationBearer { token }) => {
                if let Some(value) = value_at(&path.key("token"), token, keys)? {
                    self.bear(value);
                }
            }
            Some(RequestAuth::Header {
                header_name,
                value,
                prefix,
            }) => {
                if let Some(value) = value_at(&path.key("value"), value, keys)? {
                    let prefix = prefix.clone().unwrap_or_default();
                    let secret = Value::Secret { prefix, value };
                    self.0.insert(header_name.to_lowercase(), secret);
                }
            }
        }
        Ok(())
    }
}

/// Whether the config says by itself how requests prove who sends them.
fn has_own_auth(configured: &Configured) -> bool {
    let auth = configured
        .request
        .as_ref()
        .and_then(|request| request.auth.as_ref());
    !matches!(auth, None | Some(RequestAuth::ProviderDefault {}))
}

/// Whether the value of a header is a credential, by the header's name.
fn is_credential(name: &str) -> bool {
    let name = name.to_lowercase();
    let telling = [
        "auth",
        "key",
        "token",
        "secret",
        "password",
        "cookie",
        "credential",
    ];
    telling.iter().any(|word| name.contains(word))
}

/// The value of a secret field. What the snapshot says counts; an empty field is unset.
fn value_at(path: &Path, input: &SecretInput, keys: &Keys<'_>) -> Result<Option<SecretValue>, String> {
    match keys.secrets.secret(&path.to_string()) {
        Ok(Some(value)) => Ok(Some(value.clone())),
        Err(error) => Err(error.to_string()),
        Ok(None) => match input {
            SecretInput::Plain(text) if text.expose().is_empty() => Ok(None),
            SecretInput::Plain(text) => Ok(Some(SecretValue::new(text.expose()))),
            SecretInput::Ref(_) => Err(format!(
                "the secret at {path} was not resolved; run \"openclaw secrets reload\""
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_credential_by_its_name() {
        for name in [
            "Authorization",
            "X-API-Key",
            "x-goog-api-key",
            "Cookie",
            "X-Auth-Token",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in ["X-Title", "HTTP-Referer", "User-Agent", "anthropic-version"] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
