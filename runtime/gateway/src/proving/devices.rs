//! Devices that lose what they were given while they are being let in.

use std::net::Ipv4Addr;

use openclaw_protocol::connect::Connect;
use openclaw_protocol::identity::Identity;
use serde_json::json;

use super::World;
use crate::auth::place::Place;
use crate::connection::Role;
use crate::pairing::{Admitted, By, admit};

const PLACE: Place = Place {
    ip: std::net::IpAddr::V4(Ipv4Addr::LOCALHOST),
    is_local: true,
};

async fn comes(world: &World, identity: &Identity, token: &str) -> Result<Admitted, serde_json::Value> {
    let connect = Connect::read(Some(json!({
        "minProtocol": 4, "maxProtocol": 4, "role": "operator", "scopes": ["operator.read"],
        "client": { "id": "openclaw-tui", "version": "1", "platform": "linux", "mode": "ui" },
    })))
    .unwrap();
    let (key, by) = (identity.public_key(), By::Token(token.to_owned()));
    let admitted = admit(&world.gateway, &connect, Role::Operator, key, by, PLACE, false);
    admitted
        .await
        .map_err(|refusal| serde_json::to_value(refusal.error.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_taken_back_after_it_was_looked_at_lets_nobody_in() {
    let world = World::new(json!({})).await;
    let identity = Identity::generate().unwrap();
    let (id, key) = (identity.device_id(), identity.public_key().text());
    let given = id.clone();
    let put = world.gateway.state().write(move |tx| {
        let scopes = ["operator.read".to_owned()];
        tx.approve_device(&given, &key, "{}", "operator", &scopes)?;
        tx.put_device_token(&given, "operator", "token", &scopes, None)
    });
    put.await.unwrap();
    let admitted = comes(&world, &identity, "token")
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let proof = admitted.device.unwrap();
    assert!(proof.holds(&world.gateway).await);
    let revoked = world
        .gateway
        .state()
        .write(move |tx| tx.revoke_device_token(&id, "operator"));
    assert!(revoked.await.unwrap());
    // Who was let in just before finds out, and who was about to be is not.
    assert!(!proof.holds(&world.gateway).await);
    let error = comes(&world, &identity, "token").await.err().unwrap();
    assert_eq!(error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
}
