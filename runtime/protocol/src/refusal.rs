//! Why a connection is not let in: what it is answered, and how it is closed.
//!
//! **Promise.** Clients branch on the codes here, so each is the one that OpenClaw's clients know.

use serde_json::{Value, json};

use crate::connect::Connect;
use crate::device::Fault;
use crate::error::{Code, Error};
use crate::{PROBE_PROTOCOL, PROTOCOL};

/// The longest reason of a close, in bytes.
pub const REASON_BYTES: usize = 120;

/// How a connection ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Close {
    /// The code.
    pub code: u16,
    /// The reason, cut to [`REASON_BYTES`].
    pub reason: String,
}

impl Close {
    /// An end with this code and reason.
    pub fn new(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            code,
            reason: reason.get(..end).unwrap_or_default().to_owned(),
        }
    }

    /// A breach of the rules.
    pub fn policy(reason: &str) -> Self {
        Self::new(1008, reason)
    }
}

/// A connection that is not let in.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What it is answered; none: nothing.
    pub error: Option<Error>,
    /// How it is closed.
    pub close: Close,
}

impl Refusal {
    /// Answered with this and closed with the same words.
    pub fn new(error: Error) -> Self {
        let close = Close::policy(&error.message);
        Self {
            error: Some(error),
            close,
        }
    }

    /// Closed without an answer.
    pub fn silent(close: Close) -> Self {
        Self { error: None, close }
    }

    /// No protocol suits.
    pub fn protocol(connect: &Connect) -> Self {
        let error = Error::invalid("protocol mismatch").details(json!({
            "code": "PROTOCOL_MISMATCH",
            "clientMinProtocol": connect.min_protocol,
            "clientMaxProtocol": connect.max_protocol,
            "expectedProtocol": PROTOCOL,
            "minimumProbeProtocol": PROBE_PROTOCOL,
        }));
        Self {
            error: Some(error),
            close: Close::new(1002, "protocol mismatch"),
        }
    }

    /// The page is not one of ours.
    pub fn origin(reason: &str) -> Self {
        let message = "origin not allowed (open the Control UI from the gateway host or allow it in \
                       gateway.controlUi.allowedOrigins)";
        Self::new(Error::invalid(message).details(json!({
            "code": "CONTROL_UI_ORIGIN_NOT_ALLOWED", "reason": reason,
        })))
    }

    /// A client that must prove its device did not.
    pub fn device_required() -> Self {
        Self::new(
            Error::new(Code::NotPaired, "device identity required")
                .details(json!({"code": "DEVICE_IDENTITY_REQUIRED"})),
        )
    }

    /// A page that must prove its device did not.
    pub fn page_device_required() -> Self {
        let message = "control ui requires device identity (use HTTPS or localhost secure context)";
        Self::new(Error::invalid(message).details(json!({"code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"})))
    }

    /// The proof of a device does not pass.
    pub fn device(fault: Fault) -> Self {
        let (code, reason) = fault.code();
        Self::new(Error::invalid(fault.message()).details(json!({"code": code, "reason": reason})))
    }

    /// The gateway is about to stop.
    pub fn draining() -> Self {
        let error = Error::unavailable("connect unavailable during gateway restart")
            .retry_after(1000)
            .details(json!({"method": "connect", "reason": "restart", "phase": "draining"}));
        Self {
            error: Some(error),
            close: Close::new(1013, "connect unavailable during gateway restart"),
        }
    }

    /// What the client knows is not enough.
    pub fn unauthorized(why: Unauthorized, can_retry_with_device_token: bool) -> Self {
        let (code, reason, told, next) = why.words();
        let next = if can_retry_with_device_token {
            "retry_with_device_token"
        } else {
            next
        };
        let mut error = Error::invalid(format!("unauthorized: {told}")).details(json!({
            "code": code,
            "authReason": reason,
            "canRetryWithDeviceToken": can_retry_with_device_token,
            "recommendedNextStep": next,
        }));
        if let Unauthorized::RateLimited { retry_after_ms } = why {
            error = error.retry_after(retry_after_ms);
        }
        Self::new(error)
    }

    /// The device waits for a person.
    pub fn pairing(why: Pairing, request_id: &str, details: Value) -> Self {
        let message = format!("pairing required: {}", why.message());
        let mut all = json!({
            "code": "PAIRING_REQUIRED",
            "reason": why.reason(),
            "requestId": request_id,
            "remediationHint": format!("approve it on the gateway: openclaw devices approve {request_id}"),
        });
        if let (Some(all), Value::Object(details)) = (all.as_object_mut(), details) {
            all.extend(details);
        }
        let close = Close::policy(&format!("{message} (requestId: {request_id})"));
        Self {
            error: Some(Error::new(Code::NotPaired, message).details(all)),
            close,
        }
    }
}

/// Why what a client knows is not enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unauthorized {
    /// It sent no token.
    TokenMissing,
    /// It sent another token.
    TokenMismatch,
    /// The gateway has no token.
    TokenNotConfigured,
    /// It sent no password.
    PasswordMissing,
    /// It sent another password.
    PasswordMismatch,
    /// The gateway has no password.
    PasswordNotConfigured,
    /// Its bootstrap token is not known.
    BootstrapToken,
    /// Its device token is not the one that was issued.
    DeviceTokenMismatch,
    /// The proxy named nobody, or somebody who is not let in.
    IdentityHeader,
    /// Too many have failed from there.
    RateLimited {
        /// After how many milliseconds another try is looked at.
        retry_after_ms: u64,
    },
}

impl Unauthorized {
    /// Code, reason, words for a person, next step.
    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        const CONFIGURE: &str = "update_auth_configuration";
        const CREDENTIALS: &str = "update_auth_credentials";
        match self {
            Self::TokenMissing => (
                "AUTH_TOKEN_MISSING",
                "token_missing",
                "gateway token missing (provide gateway auth token)",
                CONFIGURE,
            ),
            Self::TokenMismatch => (
                "AUTH_TOKEN_MISMATCH",
                "token_mismatch",
                "gateway token mismatch (provide gateway auth token)",
                CREDENTIALS,
            ),
            Self::TokenNotConfigured => (
                "AUTH_TOKEN_NOT_CONFIGURED",
                "token_missing_config",
                "gateway token not configured on gateway (set gateway.auth.token)",
                CONFIGURE,
            ),
            Self::PasswordMissing => (
                "AUTH_PASSWORD_MISSING",
                "password_missing",
                "gateway password missing (provide gateway auth password)",
                CONFIGURE,
            ),
            Self::PasswordMismatch => (
                "AUTH_PASSWORD_MISMATCH",
                "password_mismatch",
                "gateway password mismatch (provide gateway auth password)",
                CREDENTIALS,
            ),
            Self::PasswordNotConfigured => (
                "AUTH_PASSWORD_NOT_CONFIGURED",
                "password_missing_config",
                "gateway password not configured on gateway (set gateway.auth.password)",
                CONFIGURE,
            ),
            Self::BootstrapToken => (
                "AUTH_BOOTSTRAP_TOKEN_INVALID",
                "bootstrap_token_invalid",
                "bootstrap token invalid or expired",
                CREDENTIALS,
            ),
            Self::DeviceTokenMismatch => (
                "AUTH_DEVICE_TOKEN_MISMATCH",
                "device_token_mismatch",
                "device token mismatch (rotate or pair this device again)",
                CREDENTIALS,
            ),
            Self::IdentityHeader => (
                "AUTH_IDENTITY_HEADER_REQUIRED",
                "trusted_proxy_user_missing",
                "the trusted proxy named no user who is let in",
                "review_auth_configuration",
            ),
            Self::RateLimited { .. } => (
                "AUTH_RATE_LIMITED",
                "rate_limited",
                "too many failed authentication attempts (retry later)",
                "wait_then_retry",
            ),
        }
    }
}

/// Why a device has to wait for a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pairing {
    /// It is new.
    NotPaired,
    /// It comes in a role that it has not been approved for.
    RoleUpgrade,
    /// It asks for more than it has been approved for.
    ScopeUpgrade,
}

impl Pairing {
    /// What a program is told.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotPaired => "not-paired",
            Self::RoleUpgrade => "role-upgrade",
            Self::ScopeUpgrade => "scope-upgrade",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NotPaired => "device is not approved yet",
            Self::RoleUpgrade => "device is asking for a higher role than currently approved",
            Self::ScopeUpgrade => "device is asking for more scopes than currently approved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let close = Close::policy(&"ä".repeat(100));
        assert_eq!(close.reason, "ä".repeat(60));
        assert_eq!(Close::policy("short").reason, "short");
    }

    #[test]
    fn clients_are_told_the_next_step() {
        let details = |refusal: Refusal| refusal.error.and_then(|error| error.details).unwrap();
        let told = details(Refusal::unauthorized(Unauthorized::TokenMismatch, false));
        assert_eq!(told["recommendedNextStep"], "update_auth_credentials");
        let told = details(Refusal::unauthorized(Unauthorized::TokenMismatch, true));
        assert_eq!(told["recommendedNextStep"], "retry_with_device_token");
        let limited = Refusal::unauthorized(Unauthorized::RateLimited { retry_after_ms: 7 }, false);
        assert_eq!(limited.error.unwrap().retry_after_ms, Some(7));
    }
}
