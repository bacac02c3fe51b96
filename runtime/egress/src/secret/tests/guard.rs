use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::{everywhere, vault};
use crate::Kind;
use crate::secret::{StreamGuard, Vault};

fn setup() -> (Arc<Vault>, String) {
    let vault = vault(json!([everywhere("token")]), &[("token", "s3cret value")]);
    let token = vault.lookup("token").unwrap();
    (vault, token)
}

/// What leaves before the guard stops the stream, and whether it did.
fn send(vault: &Arc<Vault>, chunks: &[&[u8]]) -> (Vec<u8>, bool) {
    let mut guard = StreamGuard::new(vault.clone());
    let mut sent = Vec::new();
    for chunk in chunks {
        if let Err(failure) = guard.check(chunk) {
            assert_eq!(failure.kind(), Kind::Denied);
            return (sent, true);
        }
        sent.extend_from_slice(chunk);
    }
    (sent, false)
}

#[test]
fn a_placeholder_never_leaves_in_a_stream_however_it_is_cut() {
    let (vault, token) = setup();
    let text = format!("some bytes before {token} and after");
    for size in 1..text.len() {
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let (sent, stopped) = send(&vault, &chunks);
        assert!(stopped && !vault.holds_placeholder(&sent), "{size}");
    }
}

#[test]
fn what_only_looks_like_a_placeholder_passes() {
    let (vault, token) = setup();
    let other = token.replace(&token[20..23], "aaa");
    let (sent, stopped) = send(
        &vault,
        &[
            other.as_bytes(),
            b"ocsecret_",
            &token.as_bytes()[..40],
            b" ",
            &token.as_bytes()[40..],
        ],
    );
    assert!(!stopped && sent.len() == other.len() + 9 + token.len() + 1);
}

proptest! {
    #[test]
    fn a_stream_is_stopped_exactly_if_a_placeholder_is_in_it(
        around in prop::collection::vec("[a-z_ ]{0,60}", 2),
        is_there in any::<bool>(),
        cuts in prop::collection::vec(0_usize..60, 0..12),
    ) {
        let (vault, token) = setup();
        let text = format!("{}{}{}", around[0], if is_there { &token } else { "ocsecret_" }, around[1]);
        let mut rest = text.as_bytes();
        let mut chunks: Vec<&[u8]> = Vec::new();
        for cut in cuts {
            let (chunk, more) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = more;
        }
        chunks.push(rest);
        prop_assert_eq!(send(&vault, &chunks).1, is_there);
    }
}
