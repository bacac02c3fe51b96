//! One server for all names and addresses: what it does for a path is the case's to say.
//!
//! It speaks the first version of HTTP in raw bytes, so that it can lie in every way, the second one by a library, and
//! WebSockets and lines besides. It listens at every address of its namespace.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::authority::Authority;
use super::hear::Stage;
use super::script::{Script, response};

/// Ports of the first version of HTTP in the clear.
const OPEN: [u16; 2] = [80, 8080];
/// Ports of TLS: HTTP of the version that the name asks for.
const ENCRYPTED: u16 = 443;
/// A port where nobody ever says a word.
const MUTE: u16 = 8443;
/// Lines, in the clear and with TLS.
const LINES: [u16; 2] = [6667, 6697];
/// Names for which the second version is spoken.
const SECOND: &str = "two.";
/// The longest that a server waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listens at all ports.
pub(crate) async fn listen(stage: &Stage, authority: Arc<Authority>) {
    let ports = OPEN.into_iter().chain([ENCRYPTED, MUTE]).chain(LINES);
    for port in ports {
        // This takes both versions' connections.
        let listener = TcpListener::bind(("::", port)).await.unwrap();
        let (stage, authority) = (stage.clone(), Arc::clone(&authority));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (stage, authority) = (stage.clone(), Arc::clone(&authority));
                tokio::spawn(async move {
                    let open = stage.arrived(stream.local_addr().unwrap());
                    // A server does not mind how a connection ends.
                    let _ = timeout(PATIENCE, serve(stream, port, &stage, open.number, &authority)).await;
                });
            }
        });
    }
}

async fn serve(
    stream: TcpStream,
    port: u16,
    stage: &Stage,
    number: usize,
    authority: &Authority,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    match port {
        6667 => return lines(stream, stage, number).await,
        MUTE => return std::future::pending().await,
        port if OPEN.contains(&port) => return first(stream, stage, number).await,
        _ => {}
    }
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let is_two = start
        .client_hello()
        .server_name()
        .is_some_and(|name| name.starts_with(SECOND));
    let config = match is_two {
        true => &authority.second,
        false => &authority.first,
    };
    let stream = start.into_stream(Arc::clone(config)).await?;
    match (port, is_two) {
        (6697, _) => lines(stream, stage, number).await,
        (_, false) => first(stream, stage, number).await,
        (_, true) => second(stream, stage, number).await,
    }
}

/// Lines: each is heard and comes back.
async fn lines<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    stage: &Stage,
    number: usize,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await? > 0 {
        stage.hear(number, &line);
        stream.write_all(&line).await?;
        line.clear();
    }
    Ok(())
}

/// A request as it arrived.
struct Asked {
    head: String,
    body: Vec<u8>,
}

impl Asked {
    fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    fn path(&self) -> &str {
        let place = self.head.split(' ').nth(1).unwrap_or_default();
        place.split('?').next().unwrap_or_default()
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then_some(value.trim())
        })
    }
}

async fn first<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    stage: &Stage,
    number: usize,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(head) = read_head(&mut stream).await? else {
            return Ok(());
        };
        let mut asked = Asked {
            head,
            body: Vec::new(),
        };
        let script = stage.script(asked.path());
        if !matches!(script, Some(Script::Deaf)) {
            asked.body = read_body(&mut stream, &asked).await?;
        }
        let whole = [asked.head.as_bytes(), &asked.body].concat();
        stage.hear(number, &whole);
        let is_socket = asked
            .header("upgrade")
            .is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
        let answer = match script {
            Some(Script::Raw(answer)) => answer,
            Some(Script::Last(answer)) => {
                stream.write_all(&answer).await?;
                return stream.shutdown().await;
            }
            Some(Script::Drip(before, piece, pause, times)) => {
                stream.write_all(&before).await?;
                for _ in 0..times {
                    stream.write_all(&piece).await?;
                    tokio::time::sleep(pause).await;
                }
                return stream.shutdown().await;
            }
            Some(Script::Silent | Script::Deaf) => {
                // What still arrives is thrown away, so that the end of the other side is seen.
                let mut rest = [0; 1024];
                if matches!(script, Some(Script::Deaf)) {
                    tokio::time::sleep(PATIENCE).await;
                }
                while stream.read(&mut rest).await? > 0 {}
                return Ok(());
            }
            Some(Script::Close) => return Ok(()),
            Some(Script::Echo) => response("200 OK", &[], &asked.body),
            Some(Script::Mirror) => response("200 OK", &[], &whole),
            Some(Script::Goodbye(reason)) => return talk(stream, stage, number, &asked, Some(reason)).await,
            None if is_socket => return talk(stream, stage, number, &asked, None).await,
            None if asked.method() == "HEAD" => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n".to_vec(),
            None => response("200 OK", &[], b"ok"),
        };
        stream.write_all(&answer).await?;
    }
}

/// The words that open a WebSocket.
fn accept(key: &str) -> String {
    let accepted = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {accepted}\r\n\r\n"
    )
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    stage: &Stage,
    number: usize,
    asked: &Asked,
    goodbye: Option<String>,
) -> std::io::Result<()> {
    let answer = accept(asked.header("sec-websocket-key").unwrap_or_default());
    stream.write_all(answer.as_bytes()).await?;
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    if let Some(reason) = goodbye {
        let frame = CloseFrame {
            code: CloseCode::Policy,
            reason: reason.into(),
        };
        // Whether it arrives is what the case is about.
        let _ = socket.close(Some(frame)).await;
    }
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            stage.hear(number, &message.clone().into_data());
            if socket.send(message).await.is_err() {
                break;
            }
        }
    }
    Ok(())
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    loop {
        if stream.read_until(b'\n', &mut head).await? == 0 {
            return Ok(None);
        }
        if head.ends_with(b"\r\n\r\n") || head == b"\r\n" {
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
    }
}

async fn read_body<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    asked: &Asked,
) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = asked
        .header("content-length")
        .and_then(|length| length.parse().ok())
    {
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
    } else if asked.header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).await?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or_default();
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).await?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    Ok(body)
}

/// The second version. Of the scripts it knows what needs no lies: whole responses and echoes.
async fn second<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    stage: &Stage,
    number: usize,
) -> std::io::Result<()> {
    let service = service_fn(|request: http::Request<Incoming>| {
        let stage = stage.clone();
        async move { Ok::<_, Infallible>(answer_second(request, &stage, number).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(1 << 20)
        .serve_connection(TokioIo::new(stream), service);
    connection.await.map_err(std::io::Error::other)
}

async fn answer_second(
    request: http::Request<Incoming>,
    stage: &Stage,
    number: usize,
) -> http::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let mut text = format!("{} {} HTTP/2\r\n", head.method, head.uri);
    for (name, value) in &head.headers {
        text.push_str(&format!(
            "{name}: {}\r\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    stage.hear(number, &[text.as_bytes(), b"\r\n", &body].concat());
    let answer = match stage.script(head.uri.path()) {
        Some(Script::Raw(answer)) => answer,
        Some(Script::Echo) => response("200 OK", &[], &body),
        _ => response("200 OK", &[], b"ok"),
    };
    translate(&answer)
}

/// A response in raw bytes as the library takes it.
fn translate(raw: &[u8]) -> http::Response<Full<Bytes>> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let mut answer = http::Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        answer = answer.header(name, value);
    }
    answer
        .body(Full::new(Bytes::copy_from_slice(&raw[end + 4..])))
        .unwrap()
}
