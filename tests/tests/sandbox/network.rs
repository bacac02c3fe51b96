//! What `curl` and `wget` reach, and what they do not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_sandbox::End;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::house::{House, Said};

const ONE: &str = "agent:main:irc:direct:ann";

/// A server on this machine, and what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers every path that begins with `/to/` by sending on to `other`.
    async fn start(other: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, other.unwrap_or(port), Arc::clone(&told)));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(stream: TcpStream, other: u16, asked: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let before = head.len();
            if stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
            let line = head[before..].to_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let body = String::from_utf8_lossy(&body).into_owned();
        asked.lock().unwrap().push(format!("{head}{body}"));
        let mut words = head.split(' ');
        let (method, path) = (words.next()?, words.next()?);
        let (status, more, said) = match path {
            "/hello.txt" => ("200 OK", String::new(), "hello\n".to_owned()),
            "/echo" => ("200 OK", String::new(), format!("{method} {body}\n")),
            "/to/other" => (
                "302 Found",
                format!("location: http://127.0.0.1:{other}/hello.txt\r\n"),
                String::new(),
            ),
            "/to/self" => ("303 See Other", "location: /echo\r\n".to_owned(), String::new()),
            "/round" => ("302 Found", "location: /round\r\n".to_owned(), String::new()),
            "/slow" => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                return None;
            }
            "/large" => ("200 OK", String::new(), "x".repeat(20 << 20)),
            _ => ("404 Not Found", String::new(), "nothing here\n".to_owned()),
        };
        let length = said.len();
        let head = format!(
            "HTTP/1.1 {status}\r\n{more}content-type: text/plain\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        if method != "HEAD" {
            stream.write_all(said.as_bytes()).await.ok()?;
        }
    }
}

async fn house(hosts: &[String]) -> House {
    House::open_with(json!({"wasm": {"hosts": hosts, "memory": "64m"}})).await
}

fn code(said: &Said) -> i32 {
    match said.end {
        End::Code(code) => code,
        _ => panic!("{said:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_the_operator_opened_is_reached_and_stands_in_the_audit() {
    let server = Server::start(None).await;
    let at = format!("http://127.0.0.1:{}", server.port);
    let house = house(&[format!("private {at}")]).await;
    for (tried, expected) in [
        ("curl AT/hello.txt", "hello\n"),
        ("curl -s AT/hello.txt | tr a-z A-Z", "HELLO\n"),
        ("curl -sS -d a=1 -d b=2 AT/echo", "POST a=1&b=2\n"),
        ("curl -sXPUT --data-raw @x AT/echo", "PUT @x\n"),
        (
            "printf 'x\\ny' > f; curl -s --data-binary @f AT/echo",
            "POST x\ny\n",
        ),
        ("printf 'x\\ny' > f; curl -s -d @f AT/echo", "POST xy\n"),
        ("echo piped | curl -s --data-binary @- AT/echo", "POST piped\n\n"),
        (
            "curl -s -G --data-urlencode 'q=a b' AT/echo -w '%{url_effective}\\n' -o /dev/null",
            "AT/echo?q=a%20b\n",
        ),
        ("curl -s -o out AT/hello.txt; cat out", "hello\n"),
        ("curl -sO AT/hello.txt && cat hello.txt", "hello\n"),
        ("curl -s -o /dev/null -w '%{http_code}\\n' AT/none", "404\n"),
        ("curl -sf AT/none; echo $?", "22\n"),
        ("curl -sI AT/hello.txt | head -1", "HTTP/1.1 200 OK\r\n"),
        ("curl -si AT/hello.txt | tail -1", "hello\n"),
        ("curl -s -d x -L AT/to/self", "GET \n"),
        (
            "curl -s -o /dev/null -w '%{http_code} %{redirect_url}' AT/to/self",
            "303 AT/echo",
        ),
        ("wget -qO- AT/hello.txt", "hello\n"),
        (
            "rm -f *; wget -q AT/hello.txt; wget -q AT/hello.txt; ls",
            "hello.txt\nhello.txt.1\n",
        ),
        ("wget -q --post-data x=1 -O- AT/echo", "POST x=1\n"),
        ("wget -q AT/none; echo $?", "8\n"),
        ("curl -s file:///etc/passwd gopher://x; echo $?", "1\n"),
        ("curl -s http://; echo $?", "3\n"),
        ("curl -sO AT/..; echo $?", "23\n"),
        (
            "rm -f *; curl -sO AT/..%2fup; ls -a /workspace",
            ".\n..\n..%2fup\n",
        ),
    ] {
        let said = house.run(ONE, &tried.replace("AT", &at)).await;
        assert_eq!(said.out, expected.replace("AT", &at), "{tried}: {said:?}");
    }
    let said = house
        .run(ONE, &format!("curl -sH 'X-Own: one' -A agent {at}/hello.txt"))
        .await;
    assert_eq!(said.out, "hello\n");
    let last = server.asked().pop().unwrap().to_lowercase();
    assert!(
        last.contains("x-own: one\r\n") && last.contains("user-agent: agent\r\n"),
        "{last}"
    );
    let workspace = house.enter(ONE).await.workspace;
    let actor = format!(
        "extension:shell/{}",
        workspace.file_name().unwrap().to_str().unwrap()
    );
    let asked = server.asked().len();
    let mut entries = 0;
    for _ in 0..1200 {
        let actor = actor.clone();
        let rows = house
            .state
            .read(move |view| view.audit_of(&actor, "egress.pass", 1000));
        entries = rows.await.unwrap().len();
        if entries >= asked {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(entries, asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_nobody_opened_is_not_asked_and_the_key_is_named() {
    let (server, other) = (Server::start(None).await, Server::start(None).await);
    let at = format!("http://127.0.0.1:{}", server.port);
    let house = house(&[format!("private {at}")]).await;
    let beside = format!("http://127.0.0.1:{}/hello.txt", other.port);
    for (tried, ends) in [
        (format!("curl -sS {beside}"), 6),
        (
            format!("curl -sS -H 'Host: 127.0.0.1:{}' {beside}", server.port),
            3,
        ),
        (format!("curl -sS http://localhost:{}/hello.txt", server.port), 6),
        (format!("wget {beside}"), 4),
        ("curl -sS https://example.org".to_owned(), 6),
        (
            format!("curl -sS http://user@127.0.0.1:{}/hello.txt@{at}", other.port),
            6,
        ),
    ] {
        let said = house.run(ONE, &tried).await;
        assert_eq!((code(&said), said.out.as_str()), (ends, ""), "{tried}: {said:?}");
        assert_eq!(said.err.lines().count(), 1, "{tried}: {said:?}");
        assert!(
            ends == 3 || said.err.contains("sandbox.wasm.hosts"),
            "{tried}: {said:?}"
        );
    }
    assert!(other.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_not_public_is_open_only_where_that_was_said() {
    let server = Server::start(None).await;
    let at = format!("http://127.0.0.1:{}", server.port);
    let house = house(std::slice::from_ref(&at)).await;
    let said = house.run(ONE, &format!("curl -sS {at}/hello.txt")).await;
    assert_eq!((code(&said), said.out.as_str()), (7, ""), "{said:?}");
    assert!(
        said.err
            .contains(&format!("\"private {at}\" in sandbox.wasm.hosts")),
        "{said:?}"
    );
    assert!(server.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_leads_only_to_what_is_open() {
    let other = Server::start(None).await;
    let server = Server::start(Some(other.port)).await;
    let at = format!("http://127.0.0.1:{}", server.port);
    let entry = format!("private {at}");
    let closed = house(std::slice::from_ref(&entry)).await;
    for (tried, ends) in [("curl -sSL -o got AT/to/other", 6), ("wget -q AT/to/other", 4)] {
        let said = closed.run(ONE, &tried.replace("AT", &at)).await;
        assert_eq!(code(&said), ends, "{tried}: {said:?}");
        assert!(said.err.contains("is not open here"), "{tried}: {said:?}");
    }
    assert_eq!(closed.out(ONE, "ls").await, "");
    assert!(other.asked().is_empty());
    // Where the other one is open, what was for the first does not go there.
    let both = house(&[entry, format!("private http://127.0.0.1:{}", other.port)]).await;
    let tried = format!("curl -sL -u me:word -H 'Cookie: mine' -H 'X-Own: one' {at}/to/other");
    assert_eq!(both.out(ONE, &tried).await, "hello\n");
    let first = server.asked().pop().unwrap().to_lowercase();
    let second = other.asked().pop().unwrap().to_lowercase();
    for private in ["authorization: basic", "cookie: mine"] {
        assert!(
            first.contains(private) && !second.contains(private),
            "{first} {second}"
        );
    }
    assert!(second.contains("x-own: one"), "{second}");
    let said = both
        .run(ONE, &format!("curl -sSL --max-redirs 3 {at}/round"))
        .await;
    assert_eq!(code(&said), 47, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_slow_or_too_large_ends_with_a_word() {
    let server = Server::start(None).await;
    let at = format!("http://127.0.0.1:{}", server.port);
    let house = house(&[format!("private {at}")]).await;
    let begun = std::time::Instant::now();
    let said = house.run(ONE, &format!("curl -sS -m 0.5 {at}/slow")).await;
    assert_eq!(code(&said), 28, "{said:?}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    let said = house
        .run(ONE, &format!("curl -sS -o big {at}/large; echo $?; ls"))
        .await;
    assert_eq!(said.out, "63\n", "{said:?}");
    // A command that waits for a server can be stopped like any other.
    let process = house.start(ONE, &format!("curl -sS {at}/slow")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    process.stop().cancel();
    assert_eq!(crate::house::hear(process).await.end, End::Stopped);
}
