mod connection;
mod steps;
mod stream;
mod upgrade;

use std::future::Future;
use std::time::Duration;

use openclaw_policy::Host;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::connection::Passage;
use super::{Connection, Frame, Framing, Limits, Upgrade};
use crate::error::Result;

const PATIENCE: Duration = Duration::from_secs(10);

const LIMITS: Limits = Limits {
    arriving: 1 << 16,
    leaving: 1 << 16,
    patience: PATIENCE,
};

fn host() -> Host {
    "chat.example".parse().unwrap()
}

fn until() -> Instant {
    Instant::now() + PATIENCE
}

fn text(text: &str) -> Frame {
    Frame::Text(text.to_owned())
}

fn bytes(bytes: &[u8]) -> Frame {
    Frame::Binary(bytes::Bytes::copy_from_slice(bytes))
}

fn open_passage() -> Passage {
    Passage {
        outgoing: Box::new(Ok),
        incoming: Box::new(|frame| frame),
    }
}

fn upgrade(path: &str) -> Upgrade {
    Upgrade {
        authority: "chat.example".to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
        subprotocols: Vec::new(),
    }
}

/// A real connection to a server that does this with it.
async fn connect<F, Fut, T>(with: F) -> (TcpStream, JoinHandle<T>)
where
    F: FnOnce(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = T> + Send,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        with(stream).await
    });
    (TcpStream::connect(address).await.unwrap(), server)
}

async fn open(stream: TcpStream, upgrade: Upgrade, limits: Limits) -> Result<Connection> {
    let name = host();
    let opening = Connection::websocket(stream, &name, upgrade, limits, open_passage(), until());
    timeout(2 * PATIENCE, opening).await.unwrap()
}

fn tcp<S: super::Wire>(stream: S, framing: Framing, limits: Limits) -> Connection {
    Connection::tcp(stream, &host(), framing, limits, open_passage())
}

async fn next(connection: &mut Connection) -> Result<Frame> {
    let received = connection.receive(PATIENCE).await?;
    Ok(received.expect("a frame in time"))
}

async fn end<T>(server: JoinHandle<T>) -> T {
    timeout(PATIENCE, server).await.unwrap().unwrap()
}
