//! Where a redirect leads, and what of the request goes along.
//!
//! **Promise.** The next request begins at the gate's first step, so the grant, the address and each secret are judged
//! anew. To another scheme, host or port no credential goes along: neither the headers that carry them nor any
//! header that held a placeholder. Method and body are sent again only where the standard says so.

use http::StatusCode;

use super::Body;
use super::exchange::Hop;
use crate::error::Cause;
use crate::secret::Vault;
use crate::target::Target;

/// Headers that prove who asks.
const CREDENTIALS: &[&str] = &["authorization", "cookie", "www-authenticate", "x-api-key"];

/// Headers that tell about a body that is not sent again.
const OF_BODY: &str = "content-";

/// Whether an answer sends the asker elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The next request, after an answer with this status and place.
pub(super) fn follow(hop: Hop, status: StatusCode, location: &str, vault: &Vault) -> Result<Hop, Cause> {
    let target = hop.target.redirected(location).map_err(|error| error.cause)?;
    let is_elsewhere = !target.is_same_origin(&hop.target);
    let mut next = Hop {
        method: hop.method.clone(),
        target,
        headers: hop.headers,
        body: Body::Empty,
        is_spent: false,
    };
    let is_reading = matches!(hop.method.as_str(), "GET" | "HEAD");
    let rewrites = match status.as_u16() {
        303 => !is_reading,
        301 | 302 => hop.method.as_str() == "POST",
        _ => false,
    };
    if rewrites {
        next.method = "GET".to_owned();
        next.headers
            .retain(|(name, _)| !name.to_ascii_lowercase().starts_with(OF_BODY));
    } else {
        if hop.is_spent {
            let why =
                "was redirected with its body, and a body that is read while it is sent cannot be sent twice";
            return Err(Cause::Request { why });
        }
        next.body = hop.body;
    }
    if is_elsewhere {
        next.headers.retain(|(name, value)| {
            let name = name.to_ascii_lowercase();
            !CREDENTIALS.contains(&name.as_str()) && !vault.holds_placeholder(value)
        });
        refuse_echo(location, vault, &next.target)?;
    }
    Ok(next)
}

/// A server may answer with the value that it was sent, and so have it carried to whom it likes.
fn refuse_echo(location: &str, vault: &Vault, target: &Target) -> Result<(), Cause> {
    let Some(scanner) = vault.scanner() else {
        return Ok(());
    };
    match scanner.mask_text(location) {
        std::borrow::Cow::Borrowed(_) => Ok(()),
        std::borrow::Cow::Owned(_) => Err(Cause::NotGranted {
            what: format!("a redirect that carries a secret to {}", target.host()),
            why: "the server put the value into the address".to_owned(),
        }),
    }
}
