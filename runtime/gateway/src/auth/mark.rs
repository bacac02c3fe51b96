//! What ties a device's token to the shared secret that it was given for.
//!
//! **Promise.** Who has a mark and not the gateway's own key cannot try secrets against it. The same secret has the same
//! mark as long as that key is kept. **Cost.** One keyed hash.

use openclaw_protocol::identity::Identity;
use openclaw_secrets::SecretValue;
use ring::hmac;

/// The mark of a secret.
pub(crate) fn mark(identity: &Identity, secret: &SecretValue) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, identity.document());
    let mut context = hmac::Context::with_key(&key);
    // The key signs for nothing else with this before it.
    context.update(b"openclaw shared secret\0");
    context.update(secret.expose().as_bytes());
    context.sign().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_secret_or_another_gateway_has_another_mark() {
        let (ours, theirs) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let of = |identity: &Identity, secret: &str| mark(identity, &SecretValue::new(secret));
        assert_eq!(of(&ours, "one"), of(&ours, "one"));
        assert_ne!(of(&ours, "one"), of(&ours, "two"));
        assert_ne!(of(&ours, "one"), of(&theirs, "one"));
    }
}
