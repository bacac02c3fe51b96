//! How a WebSocket is opened, and how not.

use http::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use super::*;
use crate::error::{Error, Kind, Sent};
use crate::tls::TlsOptions;
use crate::tls::authority::{Authority, Manner, names, server};

/// Reads a request; the accept key that belongs to it.
async fn read_request(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
        .unwrap();
    let accept = derive_accept_key(key.as_bytes());
    (head, accept)
}

/// What comes of a server that answers so; `{accept}` stands for the right key.
async fn refused_by(answer: &'static str, subprotocols: &[&str]) -> Error {
    let (stream, server) = connect(move |mut stream| async move {
        let (_, accept) = read_request(&mut stream).await;
        let answer = answer.replace("{accept}", &accept);
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let mut asked = upgrade("/");
    asked.subprotocols = subprotocols.iter().map(|name| (*name).to_owned()).collect();
    let Err(error) = open(stream, asked, LIMITS).await else {
        panic!("opened by {answer:?}");
    };
    end(server).await;
    error
}

#[tokio::test]
async fn the_request_asks_for_what_was_judged_and_offers_no_extension() {
    let (stream, server) = connect(|mut stream| async move {
        let (head, accept) = read_request(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n\
             Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    })
    .await;
    let mut asked = upgrade("/a%2Fb/?q=%20x&y");
    asked.authority = "chat.example:8443".to_owned();
    asked.subprotocols = vec!["a".to_owned(), "b".to_owned()];
    asked.headers = vec![
        (
            HeaderName::from_static("origin"),
            HeaderValue::from_static("https://chat.example"),
        ),
        (HeaderName::from_static("x-a"), HeaderValue::from_static("1")),
        (HeaderName::from_static("x-a"), HeaderValue::from_static("2")),
    ];
    let connection = open(stream, asked, LIMITS).await.unwrap();
    assert_eq!(connection.subprotocol(), Some("b"));
    let head = end(server).await;
    let mut lines: Vec<_> = head
        .trim_end()
        .split("\r\n")
        .filter(|line| !line.contains("-Key: "))
        .collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "Connection: Upgrade",
            "GET /a%2Fb/?q=%20x&y HTTP/1.1",
            "Host: chat.example:8443",
            "Origin: https://chat.example",
            "Sec-WebSocket-Protocol: a, b",
            "Sec-WebSocket-Version: 13",
            "Upgrade: websocket",
            "x-a: 1",
            "x-a: 2",
        ]
    );
}

#[tokio::test]
async fn a_websocket_opens_over_tls() {
    let authority = Authority::new();
    let identity = authority.issue(&names(&["chat.example"]));
    let acceptor = server(&identity, Manner::default());
    let (stream, server) = connect(|stream| async move {
        let stream = acceptor.accept(stream).await.unwrap();
        let mut path = String::new();
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let look = |request: &Request, response: Response| {
            path = request.uri().to_string();
            Ok(response)
        };
        drop(accept_hdr_async(stream, look).await.unwrap());
        path
    })
    .await;
    let tls = authority.tls();
    let stream = tls
        .secure(stream, &host(), &TlsOptions::default(), &[], until())
        .await
        .unwrap();
    let opened = Connection::websocket(
        stream,
        &host(),
        upgrade("/gateway"),
        LIMITS,
        open_passage(),
        until(),
    )
    .await;
    assert_eq!(opened.unwrap().subprotocol(), None);
    assert_eq!(end(server).await, "/gateway");
}

#[tokio::test]
async fn an_answer_that_is_not_the_one_asked_for_opens_nothing() {
    for (answer, offered, why) in [
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            &[][..],
            "Accept",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            &[],
            "Accept",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
            &[],
            "Upgrade",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
            &[],
            "Connection",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
             Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            &[],
            "extension that was not offered",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
             Sec-WebSocket-Protocol: a\r\n\r\n",
            &[],
            "a subprotocol that was not offered",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
             Sec-WebSocket-Protocol: c\r\n\r\n",
            &["a", "b"],
            "a subprotocol that was not offered",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
             Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n",
            &["a", "b"],
            "more than one subprotocol",
        ),
        (
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
            &["a"],
            "none of the subprotocols",
        ),
        ("HTTP/1.1 200 OK\r\n\r\nhello", &[], "with status 200"),
        (
            "HTTP/1.1 401 Unauthorized\r\n\r\n{\"error\": \"\u{1b}[31mtoken\"}",
            &[],
            "with status 401",
        ),
        ("HTTP/1.1 429 x\r\n\r\n", &[], "status 429"),
        (
            "HTTP/1.1 302 Found\r\nLocation: wss://elsewhere.example/\r\n\r\n",
            &[],
            "status 302: it sends on to wss://elsewhere.example/, which is not followed",
        ),
        (
            "HTTP/1.1 307 x\r\n\r\n",
            &[],
            "another address, which is not followed",
        ),
        ("SSH-2.0-OpenSSH\r\n\r\n", &[], "broke the WebSocket protocol"),
        ("HTTP/1.0 101 x\r\n\r\n", &[], "broke the WebSocket protocol"),
        ("HTTP/1.1 101 x\r\nUpgr", &[], "before it had answered"),
        ("", &[], "before it had answered"),
    ] {
        let error = refused_by(answer, offered).await;
        let text = error.to_string();
        assert!(text.contains(why), "{why}: {text}");
        assert_eq!(
            (error.cause.kind(), error.sent),
            (Kind::Protocol, Sent::Yes),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_head_without_end_is_given_up() {
    let (stream, server) = connect(|mut stream| async move {
        read_request(&mut stream).await;
        let mut sent = 0_usize;
        stream.write_all(b"HTTP/1.1 101 x\r\nX: ").await.unwrap();
        while stream.write_all(&[b'a'; 4096]).await.is_ok() && sent < 100_000_000 {
            sent += 4096;
        }
        sent
    })
    .await;
    let error = open(stream, upgrade("/"), LIMITS).await.err().unwrap();
    assert!(error.to_string().contains("without an end"), "{error}");
    assert!(end(server).await < 100_000_000);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let (stream, server) = connect(|mut stream| async move {
        read_request(&mut stream).await;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
    })
    .await;
    let soon = Instant::now() + Duration::from_millis(50);
    let name = host();
    let opening = Connection::websocket(stream, &name, upgrade("/"), LIMITS, open_passage(), soon);
    let error = timeout(PATIENCE, opening).await.unwrap().err().unwrap();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Timeout, Sent::Unknown));
    end(server).await;
}

#[tokio::test]
async fn a_request_that_is_wrong_in_itself_is_never_sent() {
    let header = |name: &'static str| {
        let mut asked = upgrade("/");
        let value = HeaderValue::from_static("x");
        asked.headers.push((HeaderName::from_static(name), value));
        asked
    };
    let offering = |names: &[&str]| {
        let mut asked = upgrade("/");
        asked.subprotocols = names.iter().map(|name| (*name).to_owned()).collect();
        asked
    };
    let towards = |authority: &str| {
        let mut asked = upgrade("/");
        asked.authority = authority.to_owned();
        asked
    };
    let all = [
        upgrade("/a#b"),
        upgrade("/a b"),
        upgrade("/a\r\nX: y"),
        upgrade(""),
        upgrade("?a"),
        upgrade("@elsewhere.example/"),
        towards("chat.example/elsewhere?"),
        towards(""),
        header("host"),
        header("connection"),
        header("upgrade"),
        header("transfer-encoding"),
        header("content-length"),
        header("proxy-authorization"),
        header("sec-websocket-key"),
        header("sec-websocket-extensions"),
        header("sec-websocket-protocol"),
        offering(&["a b"]),
        offering(&["a", "b, c"]),
        offering(&[""]),
        offering(&["a", "a"]),
    ];
    for (said, asked) in all.into_iter().enumerate() {
        let (near, mut far) = tokio::io::duplex(4096);
        let opened = Connection::websocket(near, &host(), asked, LIMITS, open_passage(), until()).await;
        let error = opened.err().unwrap();
        assert_eq!(
            (error.cause.kind(), error.sent),
            (Kind::Invalid, Sent::No),
            "{said}"
        );
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).await.unwrap();
        assert!(sent.is_empty(), "{said}");
    }
}
