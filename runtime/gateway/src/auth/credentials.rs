//! The shared secret of the gateway, and how clients prove that they know it.
//!
//! **Promise.** A secret is compared in a time that does not depend on what was sent, and is never printed. Without a
//! secret nobody is let in by one. **Cost.** A comparison.

use openclaw_config::Environment;
use openclaw_config::tree::gateway::Gateway as Config;
use openclaw_config::tree::gateway_auth::AuthMode;
use openclaw_protocol::connect::Auth;
use openclaw_protocol::refusal::Unauthorized;
use openclaw_secrets::{SecretError, SecretValue, Snapshot};

use crate::error::Error;

/// How clients prove themselves.
#[derive(Clone, Debug)]
pub struct Credentials {
    mode: Mode,
}

#[derive(Clone, Debug)]
enum Mode {
    Open,
    Token(Option<SecretValue>),
    Password(Option<SecretValue>),
}

/// What the command line says instead of the config.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--auth`.
    pub mode: Option<AuthMode>,
    /// `--token`.
    pub token: Option<SecretValue>,
    /// `--password`.
    pub password: Option<SecretValue>,
}

/// What a client showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// Nothing was asked for.
    NotAsked,
    /// The secret.
    Secret,
}

impl Credentials {
    /// Those of the config, the environment and the command line, the last one first.
    pub fn find(
        config: &Config,
        environment: &Environment,
        secrets: &Snapshot,
        over: &Overrides,
    ) -> Result<Self, Error> {
        let find = |over: &Option<SecretValue>, here: &str, variable: &str, there: &str| {
            if let Some(value) = over {
                return Ok::<_, SecretError>(Some(value.clone()));
            }
            if let Some(value) = secrets.secret(here)? {
                return Ok(Some(value.clone()));
            }
            if let Some(value) = environment.get(variable) {
                return Ok(Some(SecretValue::new(value)));
            }
            Ok(secrets.secret(there)?.cloned())
        };
        let token = find(
            &over.token,
            "gateway.auth.token",
            "OPENCLAW_GATEWAY_TOKEN",
            "gateway.remote.token",
        )
        .map_err(Error::Secret)?
        .filter(is_set);
        let password = find(
            &over.password,
            "gateway.auth.password",
            "OPENCLAW_GATEWAY_PASSWORD",
            "gateway.remote.password",
        )
        .map_err(Error::Secret)?
        .filter(is_set);
        let chosen = over.mode.or(config.auth.mode);
        let mode = match chosen {
            Some(AuthMode::None) => Mode::Open,
            Some(AuthMode::Token) => Mode::Token(token),
            Some(AuthMode::Password) => Mode::Password(password),
            Some(AuthMode::TrustedProxy) => return Err(Error::TrustedProxy),
            None if token.is_some() && password.is_some() => return Err(Error::AuthModeUnclear),
            None if password.is_some() => Mode::Password(password),
            None => Mode::Token(token),
        };
        Ok(Self { mode })
    }

    /// The mode, as clients are told it.
    pub fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Open => "none",
            Mode::Token(_) => "token",
            Mode::Password(_) => "password",
        }
    }

    /// Whether no secret is asked for at all.
    pub fn is_open(&self) -> bool {
        matches!(self.mode, Mode::Open)
    }

    /// Whether there is a secret that a client can know.
    pub fn is_guarded(&self) -> bool {
        match &self.mode {
            Mode::Open => false,
            Mode::Token(secret) | Mode::Password(secret) => secret.is_some(),
        }
    }

    /// Which secret is missing, if one is: the mode and the name of the secret.
    pub fn missing(&self) -> Option<&'static str> {
        match &self.mode {
            Mode::Token(None) => Some("token"),
            Mode::Password(None) => Some("password"),
            _ => None,
        }
    }

    /// Makes up a token for this run when the mode asks for one and there is none.
    pub fn mint(&mut self) {
        if matches!(self.mode, Mode::Token(None)) {
            let token = format!(
                "{}{}",
                uuid::Uuid::new_v4().simple(),
                uuid::Uuid::new_v4().simple()
            );
            self.mode = Mode::Token(Some(SecretValue::new(&token)));
        }
    }

    /// The secret, for whoever starts a client of this process's own.
    pub fn secret(&self) -> Option<&SecretValue> {
        match &self.mode {
            Mode::Open => None,
            Mode::Token(secret) | Mode::Password(secret) => secret.as_ref(),
        }
    }

    /// Whether a client sent anything that could be the secret.
    pub fn was_sent(auth: &Auth) -> bool {
        sent(&auth.token).or(sent(&auth.password)).is_some()
    }

    /// Checks what a client of the WebSocket sent. The page sends the same text as token and as password, so each
    /// counts as the other.
    pub fn check(&self, auth: &Auth) -> Result<Shown, Unauthorized> {
        let (token, password) = (sent(&auth.token), sent(&auth.password));
        self.judge(&match self.mode {
            Mode::Password(_) => [password, token],
            Mode::Open | Mode::Token(_) => [token, password],
        })
    }

    /// Checks what a caller of the HTTP API sent.
    pub fn check_bearer(&self, bearer: Option<&str>) -> Result<Shown, Unauthorized> {
        self.judge(&[bearer.filter(|bearer| !bearer.is_empty()), None])
    }

    fn judge(&self, candidates: &[Option<&str>; 2]) -> Result<Shown, Unauthorized> {
        let (secret, missing, mismatch, unset) = match &self.mode {
            Mode::Open => return Ok(Shown::NotAsked),
            Mode::Token(secret) => (
                secret,
                Unauthorized::TokenMissing,
                Unauthorized::TokenMismatch,
                Unauthorized::TokenNotConfigured,
            ),
            Mode::Password(secret) => (
                secret,
                Unauthorized::PasswordMissing,
                Unauthorized::PasswordMismatch,
                Unauthorized::PasswordNotConfigured,
            ),
        };
        let secret = secret.as_ref().ok_or(unset)?;
        let mut any = false;
        let mut right = false;
        for candidate in candidates.iter().flatten() {
            any = true;
            right |= secret.matches(candidate.as_bytes());
        }
        match (any, right) {
            (_, true) => Ok(Shown::Secret),
            (true, false) => Err(mismatch),
            (false, false) => Err(missing),
        }
    }
}

fn sent(field: &Option<String>) -> Option<&str> {
    field.as_deref().filter(|text| !text.is_empty())
}

fn is_set(secret: &SecretValue) -> bool {
    !secret.expose().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Credentials {
        let over = Overrides {
            token: Some(SecretValue::new(text)),
            ..Overrides::default()
        };
        Credentials::find(
            &Config::default(),
            &Environment::default(),
            &Snapshot::default(),
            &over,
        )
        .unwrap()
    }

    fn auth(token: Option<&str>, password: Option<&str>) -> Auth {
        Auth {
            token: token.map(str::to_owned),
            password: password.map(str::to_owned),
            ..Auth::default()
        }
    }

    #[test]
    fn the_secret_counts_in_either_field() {
        let credentials = token("right");
        assert_eq!(credentials.check(&auth(Some("right"), None)), Ok(Shown::Secret));
        assert_eq!(credentials.check(&auth(None, Some("right"))), Ok(Shown::Secret));
        assert_eq!(
            credentials.check(&auth(Some("wrong"), None)),
            Err(Unauthorized::TokenMismatch)
        );
        assert_eq!(
            credentials.check(&auth(Some(""), None)),
            Err(Unauthorized::TokenMissing)
        );
        assert_eq!(
            credentials.check(&auth(None, None)),
            Err(Unauthorized::TokenMissing)
        );
    }

    #[test]
    fn without_a_secret_nobody_is_let_in_by_one() {
        let none = Credentials::find(
            &Config::default(),
            &Environment::default(),
            &Snapshot::default(),
            &Overrides::default(),
        );
        let none = none.unwrap();
        assert_eq!(
            none.check(&auth(Some(""), None)),
            Err(Unauthorized::TokenNotConfigured)
        );
        assert_eq!(
            none.check(&auth(Some("x"), None)),
            Err(Unauthorized::TokenNotConfigured)
        );
        assert!(!none.is_guarded());
        let mut minted = none;
        minted.mint();
        let secret = minted.secret().unwrap().expose().to_owned();
        assert_eq!(
            (secret.len(), minted.check(&auth(Some(&secret), None))),
            (64, Ok(Shown::Secret))
        );
    }

    #[test]
    fn two_secrets_without_a_mode_are_unclear() {
        let over = Overrides {
            token: Some(SecretValue::new("a")),
            password: Some(SecretValue::new("b")),
            mode: None,
        };
        let found = Credentials::find(
            &Config::default(),
            &Environment::default(),
            &Snapshot::default(),
            &over,
        );
        assert!(matches!(found, Err(Error::AuthModeUnclear)));
    }
}
