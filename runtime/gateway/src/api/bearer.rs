//! Who may use the HTTP API: whoever knows the gateway's secret.
//!
//! **Promise.** Wrong tries count against their source together with those over the socket. A request without a
//! secret counts as no try. **Cost.** One comparison in constant time.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use openclaw_protocol::scope::{CLI, Grant, Scope};

use super::refusal::Refusal;
use crate::access::Barred;
use crate::auth::credentials::Shown;
use crate::auth::limit::Source;
use crate::auth::place::Place;
use crate::gateway::Gateway;

/// What a caller may do.
pub(crate) async fn let_in(gateway: &Gateway, place: Place, headers: &HeaderMap) -> Result<Grant, Refusal> {
    let source = Source::of(place.ip, headers);
    match gateway.access().check_bearer(bearer(headers), source).await {
        Ok(Shown::NotAsked) => Ok(asked(headers)),
        Ok(Shown::Secret) => Ok(Grant::of_cli()),
        Err(Barred::Locked(left)) => Err(locked(left.as_secs().saturating_add(1))),
        Err(Barred::Unknown) => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Unauthorized",
        )),
    }
}

/// Refuses a caller that is not allowed this.
pub(crate) fn require(grant: &Grant, scope: Scope) -> Result<(), Refusal> {
    match grant.allows(scope) {
        true => Ok(()),
        false => Err(Refusal::missing_scope(scope.name())),
    }
}

/// What a request shows as its bearer.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
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
        let shown = |value: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            bearer(&headers).map(str::to_owned)
        };
        for value in ["Bearer abc", "bearer  abc "] {
            assert_eq!(shown(value).as_deref(), Some("abc"), "{value}");
        }
        for value in ["Basic abc", "Bearer ", "abc"] {
            assert_eq!(shown(value), None, "{value}");
        }
    }
}
