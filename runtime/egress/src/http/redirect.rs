//! Where a redirect leads, and what of the request goes along.
//!
//! **Promise.** The next request begins at the gate's first step, so the grant, the address and each secret are judged
//! anew. To another scheme, host or port no credential goes along: neither the headers that carry them nor any
//! header that held a placeholder. Method and body are sent again only where the standard says so.

use std::borrow::Cow;

use http::StatusCode;

use super::Body;
use super::exchange::Hop;
use crate::error::Cause;
use crate::secret::Vault;
use crate::target::Target;

/// Headers that prove who asks.
const CREDENTIALS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "private-token",
    "x-api-key",
    "x-auth-token",
    "x-goog-api-key",
];

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
            let name = name.to_ascii_lowercase().replace('_', "-");
            !CREDENTIALS.contains(&name.as_str()) && !holds_secret(vault, value)
        });
        if let Body::Bytes(body) = &next.body
            && holds_secret(vault, body)
        {
            return Err(Cause::NotGranted {
                what: format!("a redirect with a secret in its body to {}", next.target.host()),
                why: "no credential goes along to another host; send the request there itself".to_owned(),
            });
        }
        refuse_echo(location, vault, &next.target)?;
    }
    Ok(next)
}

fn holds_secret(vault: &Vault, bytes: &[u8]) -> bool {
    vault.holds_placeholder(bytes) || holds_value(vault, &String::from_utf8_lossy(bytes))
}

fn holds_value(vault: &Vault, text: &str) -> bool {
    let scanner = vault.scanner();
    scanner.is_some_and(|scanner| matches!(scanner.mask_text(text), Cow::Owned(_)))
}

/// A server may answer with the value that it was sent, and so have it carried to whom it likes.
fn refuse_echo(location: &str, vault: &Vault, target: &Target) -> Result<(), Cause> {
    match holds_value(vault, location) {
        false => Ok(()),
        true => Err(Cause::NotGranted {
            what: format!("a redirect that carries a secret to {}", target.host()),
            why: "the server put the value into the address".to_owned(),
        }),
    }
}
