//! Connections: kept, stale, slow, switched, of the second version, and what is written about each.

use crate::corpus::case::{
    CONNECT, Case, FIRST_BYTE, Fault, NOT_GRANTED, PEER, RATE, TLS, TOTAL, TYPED, Want, ask, case, get,
};
use crate::corpus::errand::{Body, Limits};
use crate::corpus::script::Script;

/// A server that takes a request and goes.
const GONE: Fault = PEER
    .saying("closed the connection without an answer")
    .after("Unknown");
const NOT_CONNECTED: Fault = Fault {
    kind: "Timeout",
    words: "no connection was made",
    standard: &["ConnectionTimeout"],
    ..CONNECT
};
/// More than may leave at once.
const BURST: usize = 20;

fn ok() -> Script {
    Script::ok(&[], "ok")
}

/// How often something was heard.
macro_rules! heard {
    ($text:literal, $times:literal) => {
        |outcome| match outcome
            .heard
            .iter()
            .filter(|heard| heard.text.contains($text))
            .count()
        {
            $times => Ok(()),
            count => Err(format!("{} was heard {count} times", $text)),
        }
    };
}

pub(super) fn cases() -> Vec<Case> {
    let flood = (0..BURST).fold(case("after a burst a host is spared"), |case, _| {
        case.get("http://slow.example/", Want::Status(200))
    });
    vec![
        case("a connection is kept for the next request")
            .get("http://a.example/1", Want::Status(200))
            .get("http://a.example/2", Want::Status(200))
            .connections(1),
        case("a connection is kept for its scheme, host and port alone")
            .get("http://a.example/", Want::Status(200))
            .get("http://a.example:8080/", Want::Status(200))
            .get("https://a.example/", Want::Status(200))
            .get("http://b.example/", Want::Status(200))
            .connections(4),
        case("what is left of a response that nobody reads meets no other request")
            .serves("/", Script::ok(&[], vec![b'a'; 200_000]))
            .send(
                crate::corpus::errand::Send {
                    unread: true,
                    ..get("http://a.example/")
                },
                Want::Status(200),
            )
            .get("http://a.example/next", Want::Body(200, "ok")),
        case("a GET is sent once more if its kept connection was over")
            .serves("/again", Script::Close)
            .serves("/again", ok())
            .get("http://a.example/", Want::Status(200))
            .get("http://a.example/again", Want::Body(200, "ok"))
            .connections(2)
            .look(heard!("GET /again", 2)),
        case("a GET is sent once more and not twice")
            .serves("/again", Script::Close)
            .get("http://a.example/", Want::Status(200))
            .fails("http://a.example/again", GONE)
            .connections(2)
            .look(heard!("GET /again", 2)),
        case("a GET on a new connection is not repeated")
            .serves("/again", Script::Close)
            .fails("http://a.example/again", GONE)
            .connections(1),
        case("a POST that was taken is not repeated")
            .serves("/again", Script::Close)
            .get("http://a.example/", Want::Status(200))
            .send(
                ask("POST", "http://a.example/again").json("{}"),
                Want::Fails(GONE),
            )
            .connections(1)
            .look(heard!("POST /again", 1)),
        case("a DELETE that was taken is not repeated")
            .serves("/again", Script::Close)
            .get("http://a.example/", Want::Status(200))
            .send(ask("DELETE", "http://a.example/again"), Want::Fails(GONE))
            .look(heard!("DELETE /again", 1)),
        case("a switch to another protocol that nobody asked for is refused")
            .serves(
                "/",
                Script::Raw(
                    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec(),
                ),
            )
            .fails("http://a.example/", PEER),
        flood
            .fails("http://slow.example/", RATE)
            .get("http://b.example/", Want::Status(200))
            .connections(2),
        case("no answer ends in time")
            .serves("/", Script::Silent)
            .send(
                get("http://a.example/").limits(Limits {
                    first_byte: Some(300),
                    ..Limits::default()
                }),
                Want::Fails(FIRST_BYTE),
            )
            .line("GET http://a.example/ - 0>0 failed"),
        case("all of it ends in time")
            .ways(TYPED)
            .serves("/", Script::Silent)
            .send(
                get("http://a.example/").limits(Limits {
                    total: Some(2500),
                    ..Limits::default()
                }),
                Want::Fails(TOTAL.after("Unknown")),
            ),
        case("a body that nobody takes ends in time")
            .ways(TYPED)
            .serves("/", Script::Deaf)
            .send(
                ask("POST", "http://a.example/")
                    .body(Body::Bytes(9 << 20))
                    .limits(Limits {
                        first_byte: Some(500),
                        ..Limits::default()
                    }),
                Want::Fails(FIRST_BYTE),
            ),
        case("a handshake that never ends ends in time").fails("https://a.example:8443/", NOT_CONNECTED),
        case("a certificate for another name is refused")
            .fails("https://wrong.example/", TLS)
            .unseen("HTTP"),
        case("with TLS requests leave as they do without")
            .serves("/echo", Script::Echo)
            .send(
                ask("POST", "https://a.example/echo").text("text/plain", "x"),
                Want::Body(200, "x"),
            )
            .get("https://a.example/", Want::Body(200, "ok"))
            .connections(1),
        case("over the second version two requests share a connection")
            .get("https://two.example/1", Want::Body(200, "ok"))
            .get("https://two.example/2", Want::Body(200, "ok"))
            .seen("GET https://two.example/1 HTTP/2")
            .connections(1),
        case("over the second version a body goes there and back")
            .serves("/echo", Script::Echo)
            .send(
                ask("POST", "https://two.example/echo").body(Body::Bytes(300_000)),
                Want::Status(200),
            )
            .line("POST https://two.example/echo 200 300000>300000 ok"),
        case("over the second version a redirect is followed and judged")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "https://two-b.example/end"))
            .serves("/out", Script::redirect(302, "https://c.example/"))
            .get("https://two.example/go", Want::Body(200, "ok"))
            .fails("https://two.example/out", NOT_GRANTED.after("Yes"))
            .passages(4),
        case("each passage has one line, which says what it was and how it ended")
            .serves("/echo", Script::Echo)
            .serves("/404", Script::response("404 Not Found", &[], "no"))
            .serves("/gone", Script::Close)
            .send(
                ask("POST", "http://a.example/echo?key=query-of-a-request").text("text/plain", "12345"),
                Want::Status(200),
            )
            .get("http://a.example/404", Want::Body(404, "no"))
            .fails("http://c.example/x?key=query-of-a-request", NOT_GRANTED)
            .fails("http://b.example/gone", GONE)
            .line("POST http://a.example/echo 200 5>5 ok ")
            .line("GET http://a.example/404 404 0>2 ok ")
            .line("GET http://c.example/x - 0>0 denied ")
            .line("GET http://b.example/gone - 0>0 failed ")
            .look(|outcome| {
                match outcome
                    .lines
                    .iter()
                    .find(|line| line.contains("query-of-a-request"))
                {
                    None => Ok(()),
                    Some(line) => Err(format!("the query is written down: {line}")),
                }
            }),
    ]
}
