//! A server for the parrot: requests, WebSockets and lines at one port, because an account names one server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;

use super::PATIENCE;

/// What a server issues, and an adapter captures.
pub const ISSUED: &str = "issued-t0ken-31415926";

/// A server with what arrived there.
pub struct Server {
    /// Where it listens.
    pub port: u16,
    /// The paths that were asked for.
    pub asked: Arc<Mutex<Vec<String>>>,
    sockets: mpsc::UnboundedReceiver<WebSocketStream<TcpStream>>,
    lines: mpsc::UnboundedReceiver<TcpStream>,
}

impl Server {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let ((to_sockets, sockets), (to_lines, lines)) =
            (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let known = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (known, to_sockets, to_lines) =
                    (Arc::clone(&known), to_sockets.clone(), to_lines.clone());
                tokio::spawn(async move {
                    let mut begun = vec![0; 4096];
                    let Ok(Ok(count)) = timeout(PATIENCE, stream.peek(&mut begun)).await else {
                        return;
                    };
                    let begun = String::from_utf8_lossy(&begun[..count]).to_lowercase();
                    // Whoever tests may have ended.
                    if begun.contains("upgrade: websocket") && !begun.starts_with("get /refused") {
                        if let Ok(socket) = tokio_tungstenite::accept_async(stream).await {
                            let _ = to_sockets.send(socket);
                        }
                    } else if begun.starts_with("get ") {
                        answer(stream, &known).await;
                    } else {
                        let _ = to_lines.send(stream);
                    }
                });
            }
        });
        Self {
            port,
            asked,
            sockets,
            lines,
        }
    }

    /// The address of a path.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }

    /// The next WebSocket that was opened.
    pub async fn socket(&mut self) -> WebSocketStream<TcpStream> {
        timeout(PATIENCE, self.sockets.recv()).await.unwrap().unwrap()
    }

    /// The next connection of lines.
    pub async fn line(&mut self) -> TcpStream {
        timeout(PATIENCE, self.lines.recv()).await.unwrap().unwrap()
    }
}

async fn answer(mut stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    let (status, body) = match path.as_str() {
        "/slow" => {
            // Whoever asked is told nothing, and may go.
            let _ = timeout(Duration::from_secs(60), stream.read_u8()).await;
            (200, String::new())
        }
        "/token" => (200, format!(r#"{{"token": "{ISSUED}"}}"#)),
        "/refused" => (403, "no".to_owned()),
        _ => (200, format!("you asked for {path}")),
    };
    let length = body.len();
    let response =
        format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    // Whoever asked may have gone.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}
