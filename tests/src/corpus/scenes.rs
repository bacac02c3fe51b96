//! What no single errand can show: several tenants, many requests at a time, and what is given up.

use std::sync::Arc;
use std::time::Duration;

use openclaw_egress::{Client, ConnectLimits, Endpoint, Gate, Kind, Options};
use tokio::time::{sleep, timeout};

use super::authority::Authority;
use super::case::get;
use super::errand::{Names as Placeholders, Send};
use super::grants::{self, Grant};
use super::hear::Stage;
use super::native::{client, request};
use super::resolver::Names;
use super::script::Script;
use super::server;
use super::watch::{Lines, Pages, leaks};
use super::world::{NAMES, caps};

/// A gate in front of the servers.
pub struct Scene {
    gate: Gate,
    stage: Stage,
    lines: Pages,
}

/// A test of a scene.
type Play = fn(Scene) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Plays a scene. Must be called in a namespace of its own.
pub fn play(play: Play) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (stage, names) = (Stage::default(), Names::default());
        NAMES.iter().for_each(|(name, answer)| names.put(name, &[answer]));
        let authority = Arc::new(Authority::new(&["a.example", "b.example"]));
        server::listen(&stage, Arc::clone(&authority)).await;
        let lines = Lines::default();
        let gate = Gate::new(Options {
            resolver: Arc::new(names),
            roots: authority.roots.clone(),
            upstream: None,
            caps: caps(),
            ledger: Arc::new(lines.clone()),
        });
        let scene = Scene {
            gate: gate.unwrap(),
            stage,
            lines: lines.0,
        };
        timeout(Duration::from_secs(30), play(scene)).await.unwrap();
    });
}

async fn status(client: &Client, send: &Send) -> Result<String, Kind> {
    let sent = client.send(request(send, &Placeholders::default())).await;
    let mut response = sent.map_err(|error| error.cause.kind())?;
    let body = response.bytes().await.map_err(|error| error.cause.kind())?;
    Ok(format!(
        "{} {}",
        response.status(),
        String::from_utf8_lossy(&body)
    ))
}

impl Scene {
    /// Waits until so many connections are open.
    async fn settle(&self, open: usize) {
        while self.stage.open() != open {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// What one extension left on a connection meets no other extension.
    pub async fn tenants(self) {
        let poison = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
        self.stage.set(&[("/poison", vec![Script::Raw(poison.into())])]);
        let (one, other) = (
            client(&self.gate, "one", Grant::Usual),
            client(&self.gate, "other", Grant::Usual),
        );
        assert_eq!(
            status(&one, &get("http://a.example/poison")).await.unwrap(),
            "200 ok"
        );
        assert_eq!(
            status(&other, &get("http://a.example/x")).await.unwrap(),
            "200 ok"
        );
        assert_eq!(status(&one, &get("http://a.example/x")).await.unwrap(), "200 ok");
        assert_eq!(
            status(&other, &get("http://a.example/y")).await.unwrap(),
            "200 ok"
        );
        let heard = self.stage.heard();
        let of = |text: &str| {
            heard
                .iter()
                .find(|heard| heard.text.contains(text))
                .unwrap()
                .connection
        };
        assert_ne!(of("GET /poison"), of("GET /y"), "two tenants shared a connection");
        drop(one);
        drop(other);
        // With its client a tenant's connections end.
        self.settle(0).await;
    }

    /// Only so many requests are in flight at a time, and what is given up is over at once.
    pub async fn flight(self) {
        self.stage.set(&[("/silent", vec![Script::Silent])]);
        let client = Arc::new(client(&self.gate, "one", Grant::Usual));
        let begin = || {
            let client = Arc::clone(&client);
            tokio::spawn(async move { status(&client, &get("http://a.example/silent")).await })
        };
        let flying: Vec<_> = (0..caps().requests).map(|_| begin()).collect();
        self.settle(caps().requests).await;
        assert_eq!(status(&client, &get("http://b.example/")).await, Err(Kind::Quota));
        for request in &flying {
            request.abort();
        }
        self.settle(0).await;
        assert_eq!(
            status(&client, &get("http://b.example/")).await.unwrap(),
            "200 ok"
        );
        let lines = self.lines.take();
        let given_up = lines
            .iter()
            .filter(|line| line.ends_with("failed given up"))
            .count();
        assert_eq!(
            (given_up, lines.len()),
            (caps().requests, caps().requests + 2),
            "{lines:#?}"
        );
    }

    /// Only so many connections last at a time, and one that is dropped is closed and makes room.
    pub async fn lasting(self) {
        let client = client(&self.gate, "one", Grant::Usual);
        let open = || {
            let (url, headers, subprotocols) = ("ws://a.example/".to_owned(), Vec::new(), Vec::new());
            let endpoint = Endpoint::WebSocket {
                url,
                headers,
                subprotocols,
            };
            client.connect(endpoint, ConnectLimits::default())
        };
        let mut held = Vec::new();
        for _ in 0..caps().connections {
            held.push(open().await.unwrap());
        }
        assert_eq!(open().await.map(drop).unwrap_err().cause.kind(), Kind::Quota);
        held.pop();
        self.settle(caps().connections - 1).await;
        held.push(open().await.unwrap());
        drop(held);
        self.settle(0).await;
        assert_eq!(self.lines.take().len(), caps().connections + 2);
    }

    /// No value stands in what a program prints of the gate's parts.
    pub async fn printed(self) {
        self.stage.set(&[("/", vec![Script::ok(&[], "ok")])]);
        let client = client(&self.gate, "one", Grant::Usual);
        let vault = &client.tenant().vault;
        let mut names = Placeholders::default();
        for (name, _) in grants::SECRETS.iter().filter(|(name, _)| *name != "foreign") {
            names.put(name, &vault.lookup(name).unwrap());
        }
        let host = "a.example".parse().unwrap();
        let injector = vault.inject(&host, true);
        let (text, json) = (
            names.fill("Bearer {{token}}"),
            names.fill(r#"{"token":"{{token}}"}"#),
        );
        let filled = injector.header("authorization", &text).unwrap();
        let body = injector.body(Some("application/json"), json.as_bytes()).unwrap();
        assert!(filled.has_secret() && body.has_secret());
        let refused = client
            .send(request(
                &get("https://b.example/").header("authorization", "{{token}}"),
                &names,
            ))
            .await;
        let (header, lookup) = (
            refused.map(drop).unwrap_err(),
            vault.lookup("foreign").unwrap_err(),
        );
        let printed = vec![
            format!("{vault:?} {injector:?} {filled:?} {body:?} {:?}", vault.scanner()),
            format!("{header:?} {header} {lookup:?} {lookup} {:?}", grants::values()),
            format!(
                "{:?} {:?}",
                vault.reveal(&names.fill("{{shown}}")).unwrap(),
                client.tenant().http
            ),
        ];
        let all: Vec<_> = grants::SECRETS.iter().map(|(_, value)| *value).collect();
        assert_eq!(leaks(&printed, &all), Vec::<&String>::new());
    }
}
