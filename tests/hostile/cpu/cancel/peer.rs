//! A server on this machine that keeps whoever asks it waiting, in one way for each path, until it is let go.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

/// The server.
pub(super) struct Peer {
    pub(super) port: u16,
    held: watch::Sender<bool>,
    arrived: watch::Sender<u64>,
}

impl Peer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (held, watched) = watch::channel(false);
        let arrived = watch::Sender::new(0_u64);
        let tell = arrived.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tell.send_modify(|count| *count += 1);
                tokio::spawn(serve(stream, watched.clone()));
            }
        });
        Self { port, held, arrived }
    }

    /// Changes whenever somebody comes from here on.
    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrived.subscribe()
    }

    /// Whether everybody waits from here on.
    pub(super) fn hold(&self, is_held: bool) {
        self.held.send_replace(is_held);
    }
}

/// Ends with none when the other side is gone, as it is after its caller left.
async fn serve(mut stream: TcpStream, mut held: watch::Receiver<bool>) -> Option<()> {
    let mut head = [0; 16];
    while stream.peek(&mut head).await.ok()? < head.len() {
        tokio::task::yield_now().await;
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1)?.to_owned();
    if path.starts_with("/sock") {
        return talk(stream, &path, held).await;
    }
    // A body that is announced is read after the wait, so that one that is long does not find room.
    let announced = read_head(&mut stream).await?;
    let (early, late) = match path.as_str() {
        "/stall" => (
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 28\r\n\r\n{\"a\":",
            "\"a value that is new\"} ",
        ),
        _ => (
            "",
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        ),
    };
    stream.write_all(early.as_bytes()).await.ok()?;
    held.wait_for(|held| !held).await.ok()?;
    let mut body = (&mut stream).take(announced);
    tokio::io::copy(&mut body, &mut tokio::io::sink()).await.ok()?;
    stream.write_all(late.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// Reads the head of a request; yields how long its body will be.
async fn read_head(stream: &mut TcpStream) -> Option<u64> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    Some(length.map_or(0, |length| length.trim().parse().unwrap()))
}

/// A WebSocket: `/sock/late` is opened after the wait, `/sock/open` at once and then neither read nor written.
async fn talk(stream: TcpStream, path: &str, mut held: watch::Receiver<bool>) -> Option<()> {
    if path.starts_with("/sock/late") {
        held.wait_for(|held| !held).await.ok()?;
    }
    let mut socket = accept_async(stream).await.ok()?;
    held.wait_for(|held| !held).await.ok()?;
    socket.send(Message::text("hello")).await.ok()?;
    while let Some(Ok(_)) = socket.next().await {}
    Some(())
}
