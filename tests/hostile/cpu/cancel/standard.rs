//! Those who leave while a request of the standard's client is under way.

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Ended, Peer, house, leave, run};
use crate::common::text;
use crate::interface::courier;
use openclaw_components::{CallContext, Host};

fn begin(host: &Host, url: &str) -> JoinHandle<Ended> {
    let arguments = courier::errand(url, 1);
    let host = host.clone();
    tokio::spawn(async move {
        host.call("standard", &arguments, CallContext::default(), None)
            .await
    })
}

#[test]
fn a_caller_that_leaves_while_the_standards_client_waits_leaves_nothing_behind() {
    run(async {
        let house = house().await;
        let peer = Peer::start().await;
        let port = peer.port;
        let asks =
            courier::asks(json!({"scheme": "http", "host": "127.0.0.1", "port": port, "private": true}));
        house.add("courier", &courier::component(), asks).await;
        let host = &house.fixture.host;
        // The one waits for the head of the answer, the other for the rest of its body.
        for path in ["never", "stall"] {
            let url = format!("http://127.0.0.1:{port}/{path}");
            let attack = async {
                for _ in 0..3 {
                    peer.hold(true);
                    let mut arrivals = peer.arrivals();
                    let call = begin(host, &url);
                    arrivals.changed().await.unwrap();
                    leave('s', call).await;
                    peer.hold(false);
                }
                let said = begin(host, &url).await.unwrap().unwrap();
                let answers: Value = serde_json::from_str(text(&said)).unwrap();
                assert_eq!(answers[0]["status"], 200, "{answers}");
            };
            house.ordeal("courier", 4, attack).await;
        }
    });
}
