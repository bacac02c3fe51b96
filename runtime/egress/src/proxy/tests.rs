use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::*;
use crate::error::{Error, Kind, Sent};
use crate::tls::TlsOptions;
use crate::tls::authority::{Authority, Manner, names, serve, server};

const PATIENCE: Duration = Duration::from_secs(10);

/// A proxy that leads on, and tells what it was asked.
async fn proxy() -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).await.unwrap();
        }
        let to: SocketAddr = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut onward = TcpStream::connect(to).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
            .await
            .unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        head
    });
    (address, served)
}

/// A proxy that says this, whatever it is asked.
async fn ask_one_that_says(answer: Vec<u8>, proxy: &str) -> Error {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let served = tokio::spawn(async move {
        // It may be left before it has said all.
        let _ = far.write_all(&answer).await;
        let mut asked = Vec::new();
        let _ = timeout(Duration::from_millis(50), far.read_buf(&mut asked)).await;
    });
    let proxy = Proxy::parse(proxy).unwrap();
    let to = "127.0.0.1:1".parse().unwrap();
    let asked = proxy.tunnel(near, to, Instant::now() + PATIENCE);
    let error = timeout(PATIENCE, asked).await.unwrap().unwrap_err();
    served.await.unwrap();
    error
}

#[tokio::test]
async fn the_proxy_is_asked_for_the_address_and_leads_there() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = target.local_addr().unwrap();
    let target = tokio::spawn(async move {
        let (mut stream, _) = target.accept().await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        stream.write_all(b"heard").await.unwrap();
        heard
    });
    let (address, served) = proxy().await;
    let proxy = Proxy::parse(&format!("http://me%40home:p%3Aw%C3%BC@{address}/")).unwrap();
    assert_eq!(
        (proxy.host().to_string(), proxy.port()),
        ("127.0.0.1".to_owned(), address.port())
    );
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = proxy.tunnel(stream, to, Instant::now() + PATIENCE).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer, "heard");
    assert_eq!(
        target.await.unwrap(),
        "hello",
        "nothing but what was said reaches the target"
    );
    drop(stream);
    let asked = timeout(PATIENCE, served).await.unwrap().unwrap();
    let authorization = STANDARD.encode("me@home:p:wü");
    assert_eq!(
        asked,
        format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nProxy-Authorization: Basic {authorization}\r\n\r\n")
    );
}

#[test]
fn an_address_of_version_6_is_asked_for_in_brackets_and_without_zone() {
    let proxy = Proxy::parse("http://proxy.example:3128").unwrap();
    let to = std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 443, 0, 3).into();
    assert_eq!(
        proxy.question(to).as_str(),
        "CONNECT [fe80::1]:443 HTTP/1.1\r\nHost: [fe80::1]:443\r\n\r\n"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_yes_is_told_with_its_status() {
    let head = |status: &str| format!("HTTP/1.1 {status}\r\n\r\n").into_bytes();
    for (answer, proxy, why) in [
        (
            head("407 Proxy Authentication Required"),
            "http://proxy.example",
            "wants a user and a password (status 407)",
        ),
        (
            head("407 x"),
            "http://a:hunter2@proxy.example",
            "did not accept its user and password (status 407)",
        ),
        (
            head("403 Forbidden"),
            "http://proxy.example",
            "status 403 Forbidden",
        ),
        (
            head("302 Found\r\nLocation: http://elsewhere.example"),
            "http://proxy.example",
            "status 302",
        ),
        (
            head("101 Switching Protocols"),
            "http://proxy.example",
            "status 101",
        ),
        (b"SSH-2.0-x\r\n".to_vec(), "http://proxy.example", "no HTTP"),
        (
            [b"HTTP/1.1 200 OK\r\nX: ", &[b'a'; 20_000][..]].concat(),
            "http://proxy.example",
            "more than 8192 bytes",
        ),
        (
            [b"HTTP/1.1 200 OK\r\n", "A: b\r\n".repeat(65).as_bytes()].concat(),
            "http://proxy.example",
            "no HTTP",
        ),
        (
            b"HTTP/1.1 200 OK\r\nHalf: ".to_vec(),
            "http://proxy.example",
            "closed the connection before",
        ),
    ] {
        let error = ask_one_that_says(answer, proxy).await;
        let text = error.to_string();
        assert!(text.contains(why) && !text.contains("hunter2"), "{text}");
        assert_eq!(
            (error.cause.kind(), error.sent),
            (Kind::Unavailable, Sent::No),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_a_server_says_first_is_not_lost() {
    let (near, mut far) = tokio::io::duplex(4096);
    let proxy = Proxy::parse("http://proxy.example").unwrap();
    far.write_all(b"HTTP/1.1 200 OK\r\n\r\n220 hello\r\n")
        .await
        .unwrap();
    let until = Instant::now() + PATIENCE;
    let mut stream = proxy
        .tunnel(near, "127.0.0.1:1".parse().unwrap(), until)
        .await
        .unwrap();
    let mut said = [0; 11];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"220 hello\r\n");
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_given_up() {
    let (near, _far) = tokio::io::duplex(4096);
    let proxy = Proxy::parse("https://proxy.example").unwrap();
    assert!(proxy.is_encrypted() && proxy.port() == 443);
    let to = "127.0.0.1:1".parse().unwrap();
    let asked = proxy.tunnel(near, to, Instant::now() + Duration::from_millis(50));
    let error = timeout(PATIENCE, asked).await.unwrap().unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Timeout, Sent::No));
}

#[test]
fn what_is_no_url_of_a_proxy_is_refused_without_quoting_it() {
    for url in [
        "",
        "hunter2",
        "hunter2.example:3128",
        "socks5://a:hunter2@proxy.example",
        "ftp://a:hunter2@proxy.example",
        "http://a:hunter2@",
        "http://a:hunter2@proxy.example/path",
        "http://a:hunter2@proxy.example?x",
        "http://a:hunter2@proxy.example#x",
        "http://a%3Ab:hunter2@proxy.example",
        "http://a:hunter2@proxy.example:99999",
    ] {
        let error = Proxy::parse(url).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert_eq!(error.cause.kind(), Kind::Invalid);
    }
}

#[test]
fn a_proxy_is_shown_without_its_user_and_password() {
    let proxy = Proxy::parse("http://user:hunter2@Proxy.Example:3128").unwrap();
    assert_eq!(format!("{proxy:?}"), "Proxy(http://proxy.example:3128)");
}

#[tokio::test]
async fn a_proxy_behind_tls_leads_to_a_server_behind_tls() {
    let authority = Authority::new();
    let tls = authority.tls();
    let plain = TlsOptions::default();
    let acceptor = server(&authority.issue(&names(&["chat.example"])), Manner::default());
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = target.local_addr().unwrap();
    let target = tokio::spawn(async move {
        let (stream, _) = target.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(b"welcome").await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let acceptor = server(&authority.issue(&names(&["proxy.example"])), Manner::default());
    let (onward, served) = proxy().await;
    let near = serve(acceptor, move |mut stream| async move {
        let mut onward = TcpStream::connect(onward).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    });
    let proxy = Proxy::parse("https://proxy.example:3129").unwrap();
    let until = Instant::now() + PATIENCE;
    let stream = tls.secure(near, proxy.host(), &plain, &[], until).await.unwrap();
    let stream = proxy.tunnel(stream, to, until).await.unwrap();
    let name = Host::from_str("chat.example").unwrap();
    let mut stream = tls.secure(stream, &name, &plain, &[], until).await.unwrap();
    let mut greeting = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut greeting))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(greeting, "welcome");
    drop(stream);
    timeout(PATIENCE, target).await.unwrap().unwrap();
    timeout(PATIENCE, served).await.unwrap().unwrap();
}
