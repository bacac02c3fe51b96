//! Clients that cost next to nothing themselves, as they share the machine with what they measure.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use openclaw_protocol::client::{Requests, cli_connect, read_challenge};
use openclaw_protocol::connect::{Auth, Mode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::TOKEN;

const LONGEST: Duration = Duration::from_secs(60);

/// A client of the socket that calls `health` and skips whatever else it is told.
pub(crate) struct Caller {
    stream: TcpStream,
    read: Vec<u8>,
    call: Vec<u8>,
}

impl Caller {
    /// Connects and waits to be let in. None: it was not.
    pub(crate) async fn connect(port: u16) -> Option<Self> {
        timeout(LONGEST, Self::handshake(port)).await.ok()?
    }

    async fn handshake(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let mut requests = Requests::default();
        let (_, health) = requests.write("health", &json!({}));
        let mut caller = Self {
            stream,
            read: Vec::with_capacity(2_048),
            call: frame(&health),
        };
        let upgrade = format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        caller.stream.write_all(upgrade.as_bytes()).await.ok()?;
        let end = loop {
            if let Some(at) = caller.read.windows(4).position(|some| some == b"\r\n\r\n") {
                break at + 4;
            }
            caller.more().await?;
        };
        if !caller.read.starts_with(b"HTTP/1.1 101") {
            return None;
        }
        caller.read.drain(..end);
        let nonce = caller
            .next(|text| read_challenge(std::str::from_utf8(text).ok()?).ok())
            .await?;
        let auth = Auth {
            token: Some(TOKEN.to_owned()),
            ..Auth::default()
        };
        let connect = cli_connect(Mode::Cli, &["operator.read"], auth);
        let (_, connect) = requests.write_connect(connect, None, &nonce, 0);
        caller.stream.write_all(&frame(&connect)).await.ok()?;
        caller.answer().await.then_some(caller)
    }

    /// Calls and waits for the answer. None: the gateway hung up or refused.
    pub(crate) async fn call(&mut self) -> Option<()> {
        self.stream.write_all(&self.call).await.ok()?;
        let answered = timeout(LONGEST, self.answer()).await;
        answered.is_ok_and(|ok| ok).then_some(())
    }

    /// Whether the next answer is one of success.
    async fn answer(&mut self) -> bool {
        let answer = self.next(|text| {
            let head = text.get(..text.len().min(96))?;
            let has = |word: &[u8]| head.windows(word.len()).any(|some| some == word);
            has(b"\"type\":\"res\"").then(|| has(b"\"ok\":true"))
        });
        answer.await.unwrap_or_default()
    }

    /// Reads texts until one is meant.
    async fn next<T>(&mut self, meant: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        loop {
            let Some((text, end)) = text(&self.read) else {
                self.more().await?;
                continue;
            };
            let found = self.read.get(text..end).and_then(&meant);
            self.read.drain(..end);
            if found.is_some() {
                return found;
            }
        }
    }

    async fn more(&mut self) -> Option<()> {
        let count = self.stream.read_buf(&mut self.read).await.ok()?;
        (count > 0).then_some(())
    }
}

/// Where the first frame's text begins and ends, if all of it is there.
fn text(read: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(*read.get(1)? & 0x7f);
    let (begin, length) = match short {
        126 => (
            4,
            usize::from(u16::from_be_bytes(read.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(read.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        _ => (2, short),
    };
    let end = begin + length;
    (read.len() >= end).then_some((begin, end))
}

/// A text as a client sends it; masked with zeros, which change nothing.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(length @ ..126) => frame.push(0x80 | u8::try_from(length).unwrap()),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => panic!("no request of the bench is that long"),
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// How long each completion took of so many programs that ask one after another for so long.
pub(crate) async fn completions(port: u16, programs: usize, span: Duration) -> Vec<f64> {
    let begun = Instant::now();
    let programs: Vec<_> = (0..programs)
        .map(|_| tokio::spawn(program(port, begun, span)))
        .collect();
    let mut times = Vec::new();
    for program in programs {
        times.extend(program.await.unwrap());
    }
    times
}

async fn program(port: u16, begun: Instant, span: Duration) -> Vec<f64> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let body = json!({"model": "openclaw", "messages": [{"role": "user", "content": "Say hello."}]});
    let body = Bytes::from(body.to_string());
    let mut times = Vec::new();
    // The first one of each is not counted: it opens what the later ones find open.
    for round in 0.. {
        let asked = Instant::now();
        if begun.elapsed() >= span {
            break;
        }
        sender.ready().await.unwrap();
        let request = hyper::Request::post("/v1/chat/completions")
            .header("host", format!("127.0.0.1:{port}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let answer = response.into_body().collect().await.unwrap().to_bytes();
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            status == 200 && answer.contains(super::SAID),
            "{status}: {answer}"
        );
        if round > 0 {
            times.push(asked.elapsed().as_secs_f64() * 1e3);
        }
    }
    times
}
