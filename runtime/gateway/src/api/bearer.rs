//! Who may use the HTTP API: whoever knows the gateway's secret.
//!
//! **Promise.** Wrong tries count against their address together with those over the socket. A request without a
//! secret counts as no try. **Cost.** One comparison in constant time.

use std::time::Instant;

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use openclaw_protocol::scope::{CLI, Grant, Scope};

use super::refusal::Refusal;
use crate::auth::limit::{Attempt, Verdict};
use crate::auth::place::Place;
use crate::gateway::Gateway;

/// What a caller may do.
pub(crate) async fn let_in(gateway: &Gateway, place: Place, headers: &HeaderMap) -> Result<Grant, Refusal> {
    let access = gateway.access();
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = sent.and_then(bearer);
    if access.credentials.is_open() {
        return Ok(asked(headers));
    }
    if let Verdict::Locked(left) = access.failures.verdict(Attempt::Secret, place.ip, Instant::now()) {
        return Err(locked(left.as_secs().saturating_add(1)));
    }
    if access.credentials.check_bearer(bearer).is_ok() {
        access.failures.forget(Attempt::Secret, place.ip);
        return Ok(Grant::of_cli());
    }
    if bearer.is_some() {
        let delay = access.failures.note(Attempt::Secret, place.ip, Instant::now());
        tokio::time::sleep(delay).await;
    }
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Unauthorized",
    ))
}

/// Refuses a caller that is not allowed this.
pub(crate) fn require(grant: &Grant, scope: Scope) -> Result<(), Refusal> {
    match grant.allows(scope) {
        true => Ok(()),
        false => Err(Refusal::missing_scope(scope.name())),
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Where nobody is asked for a secret, the caller says itself what it needs.
fn asked(headers: &HeaderMap) -> Grant {
    match headers.get("x-openclaw-scopes").map(|value| value.to_str()) {
        None => Grant::new(CLI.map(Scope::name)),
        Some(Ok(names)) => Grant::new(names.split(',').map(str::trim).filter(|name| !name.is_empty())),
        Some(Err(_)) => Grant::default(),
    }
}

fn locked(seconds: u64) -> Refusal {
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        "Too many failed authentication attempts. Please try again later.",
    )
    .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_with_a_token_is_one() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        assert_eq!(
            (bearer("Basic abc"), bearer("Bearer "), bearer("abc")),
            (None, None, None)
        );
    }
}
