//! A server on this machine that keeps what it is sent, and a client of the gate that may send to it.
//!
//! What leaves is judged by the bytes on the wire, read by the plainest of readers.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use openclaw_egress::secret::{Captured, PlaceholderKey, Vault};
use openclaw_egress::{
    Body, Caps, Client, Gate, Header, Ledger, Options, Passage, Request, Result, Roots, SystemResolver,
    Tenant,
};
use openclaw_policy::{AccountValues, Capabilities};
use tokio::runtime::Runtime;

/// A request as it arrived.
pub struct Heard {
    /// The first line and the headers, each without its end.
    pub head: Vec<Vec<u8>>,
    /// What stood behind them.
    pub body: Vec<u8>,
}

impl Heard {
    /// Names and values of its headers, without the blanks around them.
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let lines = self.head.iter().skip(1);
        let pairs = lines.map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').expect("a colon");
            let name = String::from_utf8(line[..colon].to_vec()).expect("a name in ASCII");
            (name, trimmed(&line[colon + 1..]).to_vec())
        });
        pairs.collect()
    }

    /// The value of the only header of this name.
    pub fn only(&self, name: &str) -> Vec<u8> {
        let mut found = self.headers();
        found.retain(|(found, _)| found == name);
        assert_eq!(found.len(), 1, "{name}");
        found.remove(0).1
    }
}

/// A value without the blanks around it, which do not count.
pub fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// A request to `/x` with these headers and this body: how it ended, and all that arrived.
pub fn send(headers: Vec<Header>, body: Body) -> (Result<()>, Vec<Heard>) {
    static WIRE: LazyLock<Mutex<Wire>> = LazyLock::new(|| Mutex::new(Wire::open()));
    let wire = WIRE.lock().unwrap_or_else(PoisonError::into_inner);
    let request = Request {
        method: "POST".to_owned(),
        url: format!("http://{}/x", wire.server),
        headers,
        body,
        ..Request::default()
    };
    let sent = wire.runtime.block_on(async {
        let mut response = wire.client.send(request).await?;
        assert_eq!(response.status(), 200);
        response.bytes().await.map(|_| ())
    });
    (sent, wire.heard.try_iter().collect())
}

/// Where the server is to be reached, as requests name it.
pub fn authority() -> Vec<u8> {
    ADDRESS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

static ADDRESS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Wire {
    runtime: Runtime,
    client: Client,
    server: SocketAddr,
    heard: Receiver<Heard>,
}

struct NoLedger;

impl Ledger for NoLedger {
    fn record(&self, _: Passage) {}
}

impl Wire {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = listener.local_addr().expect("an address");
        *ADDRESS.lock().unwrap_or_else(PoisonError::into_inner) = server.to_string().into_bytes();
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || listen(stream, &sender));
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self {
            runtime: runtime.expect("a runtime"),
            client: client(server),
            server,
            heard,
        }
    }
}

fn client(server: SocketAddr) -> Client {
    let asked = serde_json::json!({"http": [
        {"scheme": "http", "host": "127.0.0.1", "port": server.port(), "methods": ["POST"], "private": true}
    ]});
    let asked: Capabilities = serde_json::from_value(asked).expect("a request of capabilities");
    let (key, none) = (PlaceholderKey::random().expect("a key"), AccountValues::new());
    let secrets = asked.secrets.resolve(&none);
    let vault = Vault::new(&key, "fuzz", None, secrets, BTreeMap::new(), Captured::default());
    let gate = Gate::new(Options {
        resolver: Arc::new(SystemResolver),
        roots: Roots::default(),
        upstream: None,
        caps: Caps {
            burst: u32::MAX,
            pace: Duration::from_nanos(1),
            total: Duration::from_secs(20),
            ..Caps::default()
        },
        ledger: Arc::new(NoLedger),
    });
    gate.expect("a gate").client(Tenant {
        extension: "fuzz".into(),
        account: None,
        http: asked.http.resolve(&none),
        sockets: asked.sockets.resolve(&none),
        vault: Arc::new(vault),
    })
}

/// Reads requests until the connection ends, and says yes to all.
fn listen(mut stream: TcpStream, heard: &Sender<Heard>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        while let Some((request, length)) = read(&bytes) {
            bytes.drain(..length);
            let _ = heard.send(request);
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .is_err()
            {
                return;
            }
        }
        match stream.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
}

/// The first request of these bytes, if it is whole, and its length.
fn read(bytes: &[u8]) -> Option<(Heard, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut head = vec![Vec::new()];
    for byte in &bytes[..end] {
        head.last_mut()?.push(*byte);
        if head.last()?.ends_with(b"\r\n") {
            let length = head.last()?.len();
            head.last_mut()?.truncate(length - 2);
            head.push(Vec::new());
        }
    }
    let length_of = |line: &Vec<u8>| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()
    };
    let length = head.iter().find_map(length_of).unwrap_or(0);
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some((Heard { head, body }, end + 4 + length))
}
