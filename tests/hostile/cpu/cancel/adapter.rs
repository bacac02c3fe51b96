//! Those who leave while an adapter waits.

use std::time::Duration;

use openclaw_components::channel::Facts;
use openclaw_tests::parrot::{Nest, Parrot, Server};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

use super::{WATCH, hold_disk, house, run};
use crate::ordeal::{House, WARM};

/// An account of the parrot with a connection to a server that neither reads nor answers.
struct Perch {
    house: House,
    _nest: Nest,
    parrot: Parrot,
    far: WebSocketStream<TcpStream>,
}

impl Perch {
    async fn build() -> Self {
        let mut house = house().await;
        house.warm = WARM;
        let folder = tempfile::tempdir().unwrap();
        let nest = Nest::settle(house.fixture.host.clone(), house.state.clone(), folder).await;
        let mut server = Server::start().await;
        let mut parrot = nest.open("work", server.port).await;
        let open = json!([{"do": "open", "name": "feed", "url": server.url("ws", "/feed")}]);
        assert_eq!(parrot.change(open).await, json!(["opening"]));
        let far = server.socket().await;
        parrot.next().await;
        Self {
            house,
            _nest: nest,
            parrot,
            far,
        }
    }

    /// The caller goes while the parrot does this, three times; then it does something else.
    async fn leaves(&self, steps: Value) {
        let count = || self.parrot.fetch(json!([{"do": "count"}]), Facts::default());
        count().await.unwrap();
        let attack = async {
            for _ in 0..3 {
                let fetch = self.parrot.fetch(steps.clone(), Facts::default());
                let ended = tokio::time::timeout(WATCH, fetch).await;
                assert!(ended.is_err(), "it did not wait: {ended:?}");
            }
            // An instance that was left is not used again.
            assert_eq!(count().await.unwrap(), json!([1]));
        };
        self.house.ordeal("parrot", 0, attack).await;
    }
}

#[test]
fn a_caller_that_leaves_while_an_adapter_waits_for_its_connection_leaves_nothing_behind() {
    run(async {
        let perch = Perch::build().await;
        perch
            .leaves(
                json!([{"do": "ask", "name": "feed", "question": "id?", "answer": "id=", "wait": 20_000}]),
            )
            .await;
        // More than any buffer on the way has room for.
        let frames = vec!["x".repeat(500_000); 24];
        perch
            .leaves(json!([{"do": "send", "name": "feed", "frames": frames}]))
            .await;
        drop(perch.far);
    });
}

#[test]
fn a_caller_that_leaves_while_media_that_are_delivered_are_looked_for_leaves_nothing_behind() {
    run(async {
        let perch = Perch::build().await;
        let parrot = &perch.parrot;
        // There are no such media, which is seen on the disk.
        let deliver = json!([{"do": "deliver", "id": "m1", "text": "look", "media": "0".repeat(32)}]);
        let attack = async {
            for _ in 0..3 {
                let hold = hold_disk().await;
                let handle = tokio::time::timeout(WATCH, parrot.handle(deliver.clone()));
                assert!(handle.await.is_err(), "it did not wait");
                drop(hold);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let (said, effects) = parrot.handle(deliver.clone()).await;
            assert_eq!(said[0]["refused"], "ErrorCode::Invalid", "{said}");
            assert!(effects.delivered.is_empty());
        };
        perch.house.ordeal("parrot", 0, attack).await;
    });
}
