//! The gateway, to which strangers and clients send whatever they like.
//!
//! **Promise.** Whatever anybody sends, before they have said who they are or afterwards, a client that did nothing wrong
//! is answered. Who has said nothing right has nothing but a challenge, and refusals.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_tests::gateway::{House, Line, Running};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::frames::{WORDS, connect};
use crate::material::{changed, torn, value, words};
use crate::run::fuzz;

/// How long an honest call may take in a build that is not optimised, beside whatever else this machine does.
const BAR: Duration = Duration::from_secs(5);
/// How long is listened to a client that sent nonsense.
const A_WHILE: Duration = Duration::from_millis(2);

type Socket = WebSocketStream<TcpStream>;

async fn open(house: &House) -> Socket {
    let stream = TcpStream::connect(("127.0.0.1", house.port())).await.unwrap();
    let url = format!("ws://127.0.0.1:{}", house.port());
    tokio_tungstenite::client_async(url, stream).await.unwrap().0
}

/// What comes back within a while. None: it was closed.
async fn heard(socket: &mut Socket) -> Option<Vec<Value>> {
    let mut heard = Vec::new();
    loop {
        match timeout(A_WHILE, socket.next()).await {
            Err(_) => return Some(heard),
            Ok(Some(Ok(Message::Text(text)))) => heard.push(serde_json::from_str(&text).unwrap()),
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return None,
            Ok(Some(Ok(_))) => {}
        }
    }
}

struct Scene {
    house: House,
    gateway: Running,
    honest: Line,
}

impl Scene {
    async fn is_answered(&mut self) {
        let asked = timeout(BAR, self.honest.ask("health", json!({}))).await;
        asked
            .expect("the honest client waits")
            .expect("the honest client is refused");
    }
}

#[test]
fn whoever_sends_whatever_an_honest_client_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut scene = runtime.block_on(async {
        let house = House::onboarded();
        let gateway = house.start().await;
        let honest = gateway.connect().await;
        Scene {
            house,
            gateway,
            honest,
        }
    });
    let words = words(WORDS);
    let methods: Vec<String> = scene.honest.hello.features.methods.clone();
    let mut stranger: Option<Socket> = None;
    let mut client: Option<Line> = None;
    fuzz("gateway", |u| {
        let is_stranger = u.arbitrary()?;
        let method = u.choose(&methods)?.clone();
        let mut frame = match is_stranger {
            true => connect(),
            false => json!({"type": "req", "id": "7", "method": method, "params": value(u, &words)?}),
        };
        frame = changed(u, &frame, &words)?;
        let bytes = torn(u, frame.to_string())?;
        let message = match String::from_utf8(bytes) {
            Ok(text) => Message::text(text),
            Err(error) => Message::Binary(Bytes::from(error.into_bytes())),
        };
        runtime.block_on(async {
            if is_stranger {
                let mut socket = match stranger.take() {
                    Some(socket) => socket,
                    None => open(&scene.house).await,
                };
                // One that was closed meanwhile takes nothing more.
                let _ = socket.send(message).await;
                if let Some(heard) = heard(&mut socket).await {
                    for frame in heard {
                        let is_challenge = frame["event"] == "connect.challenge";
                        assert!(is_challenge || frame["ok"] == false, "{frame}");
                    }
                    stranger = Some(socket);
                }
            } else {
                let mut line = match client.take() {
                    Some(line) => line,
                    None => scene.gateway.connect().await,
                };
                if line.try_raw(message, A_WHILE).await {
                    client = Some(line);
                }
            }
            scene.is_answered().await;
        });
        Ok(())
    });
    runtime.block_on(async {
        drop((stranger, client, scene.honest));
        assert!(scene.gateway.stop().success());
    });
}
