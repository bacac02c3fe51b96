//! Headers, both ways: whose they are, how many, how long, and how slow.

use std::time::Duration;

use crate::corpus::case::{Case, FIRST_BYTE, HEADER, PEER, TOO_LARGE, TYPED, Want, case, get};
use crate::corpus::errand::{Limits, Send};
use crate::corpus::script::Script;

const OF_THE_GATE: &[&str] = &[
    "Host",
    "host",
    "CONNECTION",
    "Transfer-Encoding",
    "transfer_encoding",
    "content_length",
    "Upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Keep-Alive",
    "Proxy-Authorization",
    "Proxy_Connection",
    "HTTP2-Settings",
    "Sec-WebSocket-Key",
    "sec_websocket_version",
];

const NO_NAMES: &[&str] = &[
    "",
    "a b",
    "a:b",
    ":authority",
    " host",
    "host ",
    "ä",
    "a\r\nhost",
    "a\nb",
    "a\0b",
];

const NO_VALUES: &[&str] = &[
    "a\r\nx-injected: 1",
    "a\nx-injected: 1",
    "a\rb",
    "a\0b",
    "\u{1b}[0m",
    "\u{7f}",
];

fn many(count: usize, length: usize) -> Send {
    Send {
        many: (count, length),
        ..get("http://a.example/")
    }
}

fn hasty() -> Limits {
    Limits {
        first_byte: Some(400),
        ..Limits::default()
    }
}

/// A head with so many headers.
fn head(count: usize, length: usize) -> Script {
    let headers: String = (0..count)
        .map(|number| format!("x-{number}: {}\r\n", "a".repeat(length)))
        .collect();
    Script::Raw(format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\nok").into_bytes())
}

/// A head that is none.
fn broken(promise: &'static str, heads: &[&str]) -> Case {
    let paths = ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9"];
    assert!(heads.len() <= paths.len());
    heads.iter().zip(paths).fold(case(promise), |case, (head, path)| {
        case.serves(path, Script::Last(head.as_bytes().to_vec()))
            .fails(&format!("http://a.example{path}"), PEER)
    })
}

pub(super) fn cases() -> Vec<Case> {
    let begin = || case("a header that frames the request or names its host is refused").also_dials();
    let own = OF_THE_GATE.iter().fold(begin().unseen("HTTP/1.1"), |case, name| {
        case.send(get("http://a.example/").header(name, "x"), Want::Fails(HEADER))
    });
    let begin = case("a name of a header that is none is refused")
        .also_dials()
        .unseen("HTTP/1.1");
    let names = NO_NAMES.iter().fold(begin, |case, name| {
        case.send(get("http://a.example/").header(name, "x"), Want::Fails(HEADER))
    });
    let begin = case("a value of a header is one line without control characters")
        .also_dials()
        .unseen("HTTP/1.1");
    let values = NO_VALUES.iter().fold(begin, |case, value| {
        case.send(get("http://a.example/").header("x-a", value), Want::Fails(HEADER))
    });
    vec![
        own,
        case("the length of a body is the gate's to write")
            .ways(TYPED)
            .send(get("http://a.example/").header("Content-Length", "100"), Want::Fails(HEADER))
            .unseen("HTTP/1.1"),
        names,
        values,
        case("equal headers keep their order")
            .send(get("http://a.example/").header("x-a", "1").header("X-A", "2"), Want::Status(200))
            .seen("x-a: 1\r\nx-a: 2\r\n"),
        case("the gate writes what it accepts, and a name where there is none")
            .send(get("http://a.example/").header("accept-encoding", "br"), Want::Status(200))
            .seen("accept-encoding: gzip, deflate\r\n")
            .seen("user-agent: openclaw\r\n")
            .unseen("accept-encoding: br"),
        case("as many headers as are allowed are sent").send(many(100, 1), Want::Status(200)).seen("x-99: a\r\n"),
        case("one header more is refused").also_dials().send(many(101, 1), Want::Fails(TOO_LARGE)).untouched(),
        case("more bytes of headers than are allowed are refused")
            .also_dials()
            .send(many(1, 70_000), Want::Fails(TOO_LARGE))
            .untouched(),
        case("ten thousand headers are refused").ways(TYPED).send(many(10_000, 1), Want::Fails(TOO_LARGE)).untouched(),
        case("a header of a megabyte is refused").ways(TYPED).send(many(1, 1 << 20), Want::Fails(TOO_LARGE)).untouched(),
        case("as many headers as are allowed come back").serves("/", head(99, 1)).get("http://a.example/", Want::Body(200, "ok")),
        case("one header more does not come back")
            .serves("/", head(100, 1))
            .fails("http://a.example/", TOO_LARGE.after("Yes")),
        case("ten thousand headers do not come back")
            .serves("/", head(10_000, 1))
            .fails("http://a.example/", TOO_LARGE.after("Yes")),
        case("a header of a megabyte does not come back")
            .serves("/", head(1, 1 << 20))
            .fails("http://a.example/", TOO_LARGE.after("Yes")),
        case("headers without an end do not come back")
            .serves(
                "/",
                Script::Drip(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(50), Duration::ZERO, 1000),
            )
            .fails("http://a.example/", TOO_LARGE.after("Yes")),
        case("too many headers do not come back over the second version")
            .serves("/", head(101, 1))
            .fails("https://two.example/", TOO_LARGE.after("Yes")),
        case("too long headers do not come back over the second version")
            .serves("/", head(1, 70_000))
            .fails("https://two.example/", PEER.after("Unknown")),
        broken(
            "what is no head of a response is the server's fault",
            &[
                "hello\r\n\r\n",
                "HTTP/9.9 200 OK\r\n\r\n",
                "HTTP/1.1 abc OK\r\n\r\n",
                "HTTP/1.1 2000 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nx y: a\r\n\r\n",
                "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
            ],
        ),
        broken(
            "lengths that contradict each other are the server's fault",
            &[
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nok",
                "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nok",
            ],
        ),
        case("headers that drip end in time")
            .serves(
                "/",
                Script::Drip(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x".to_vec(), Duration::from_millis(50), 100),
            )
            .send(get("http://a.example/").limits(hasty()), Want::Fails(FIRST_BYTE)),
        case("news before an answer without an end end in time")
            .serves(
                "/",
                Script::Drip(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), Duration::from_millis(10), 1000),
            )
            .send(get("http://a.example/").limits(hasty()), Want::Fails(FIRST_BYTE)),
        case("news before an answer are passed over")
            .serves(
                "/",
                Script::Raw(
                    b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec(),
                ),
            )
            .get("http://a.example/", Want::Body(200, "ok")),
    ]
}
