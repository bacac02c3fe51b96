//! Lasting connections: what a server does instead of opening one, and what goes over it.

use crate::corpus::case::{
    CLOSED, Case, Fault, LASTING, NOT_GRANTED, PEER, SECRET, TLS, TOO_LARGE, URL, Want, case, line,
};
use crate::corpus::errand::Dial;
use crate::corpus::script::Script;

fn lasting(promise: &'static str) -> Case {
    case(promise).ways(LASTING)
}

/// A server that opens no WebSocket.
fn refused(promise: &'static str, answer: &str, words: &'static str) -> Case {
    lasting(promise)
        .serves("/", Script::Raw(answer.as_bytes().to_vec()))
        .dial(
            line("ws://a.example/", &["x"], 1),
            Want::Fails(PEER.saying(words)),
        )
        .connections(1)
}

pub(super) fn cases() -> Vec<Case> {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    vec![
        lasting("messages go there and back, with TLS and without")
            .dial(
                line("ws://a.example/x", &["one", "0x:two"], 2),
                Want::Body(101, "one\ntwo\n"),
            )
            .dial(
                line("wss://a.example/x?y", &["three"], 1),
                Want::Body(101, "three\n"),
            )
            .seen("GET /x?y HTTP/1.1")
            .line("WEBSOCKET ws://a.example/x - 6>6 ok")
            .line("WEBSOCKET wss://a.example/x - 5>5 ok"),
        lasting("lines go there and back, with TLS and without")
            .dial(
                line("tcp://a.example:6667", &["one", "two"], 2),
                Want::Body(101, "one\ntwo\n"),
            )
            .dial(
                line("tls://a.example:6697", &["three"], 1),
                Want::Body(101, "three\n"),
            )
            .seen("one\r\n")
            .line("TCP tcp://a.example:6667 - 6>6 ok")
            .line("TLS tls://a.example:6697 - 5>5 ok"),
        lasting("events are a request that lasts, and granted as one")
            .serves(
                "/",
                Script::ok(
                    &["content-type: text/event-stream"],
                    "data: one\n\nevent: x\ndata: two\n\n",
                ),
            )
            .dial(
                line("http://a.example/", &[], 2),
                Want::Body(101, "message=one\nx=two\n"),
            )
            .dial(line("http://c.example/", &[], 1), Want::Fails(NOT_GRANTED))
            .seen("accept: text/event-stream")
            .line("GET http://a.example/")
            .passages(2),
        refused(
            "a WebSocket that is sent elsewhere stays where it is",
            "HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
            "which is not followed",
        ),
        refused(
            "an ordinary answer opens no WebSocket",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "with status 200",
        ),
        refused(
            "another protocol is no WebSocket",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
            "",
        ),
        refused(
            "an answer without its proof opens no WebSocket",
            &format!("{upgrade}\r\n"),
            "",
        ),
        refused(
            "a proof that is wrong opens no WebSocket",
            &format!("{upgrade}sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"),
            "",
        ),
        refused("what is no HTTP opens no WebSocket", "hello\r\n\r\n", ""),
        lasting("a server that goes opens no WebSocket")
            .serves("/", Script::Close)
            .dial(
                line("ws://a.example/", &[], 0),
                Want::Fails(PEER.saying("closed the connection")),
            ),
        lasting("a server that says nothing opens no WebSocket in time")
            .serves("/", Script::Silent)
            .dial(
                Dial {
                    open: Some(2500),
                    ..line("ws://a.example/", &[], 0)
                },
                Want::Fails(Fault {
                    kind: "Timeout",
                    words: "no connection was made",
                    sent: "Unknown",
                    ..CLOSED
                }),
            ),
        lasting("another host, port, transport or path is not granted")
            .dial(line("ws://c.example/", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(line("ws://a.example:8080/", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(line("ws://b.example/", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(
                line("ws://narrow.example/v1/../x", &[], 0),
                Want::Fails(NOT_GRANTED),
            )
            .dial(line("tcp://a.example:6697", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(line("tls://a.example:6667", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(line("tcp://a.example:80", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(line("http+x://a.example/", &[], 0), Want::Fails(URL))
            .untouched(),
        lasting("a certificate is that of the host, and another name must be granted")
            .dial(
                Dial {
                    server_name: Some("b.example".into()),
                    ..line("tls://a.example:6697", &[], 0)
                },
                Want::Fails(NOT_GRANTED),
            )
            .untouched(),
        lasting("a server that does no TLS is told as such")
            .wide()
            .dial(line("wss://a.example:80/", &[], 0), Want::Fails(NOT_GRANTED))
            .dial(line("wss://wrong.example/", &[], 0), Want::Fails(TLS)),
        lasting("a line is one line")
            .dial(
                line("tcp://a.example:6667", &["one\r\nPASS two"], 0),
                Want::Broken(
                    101,
                    Fault {
                        kind: "Invalid",
                        words: "",
                        sent: "No",
                        ..CLOSED
                    },
                ),
            )
            .unseen("two"),
        lasting("a frame that is too large ends the connection")
            .dial(
                Dial {
                    frame_bytes: Some(10),
                    ..line("ws://a.example/", &["12345678901"], 1)
                },
                Want::Broken(101, TOO_LARGE.saying("the bytes of a frame")),
            )
            .dial(
                Dial {
                    frame_bytes: Some(10),
                    ..line("tcp://a.example:6667", &["12345678901"], 1)
                },
                Want::Broken(101, TOO_LARGE.saying("the bytes of a frame")),
            ),
        lasting("a server that ends a connection has closed it")
            .serves(
                "/",
                Script::Raw(b"HTTP/1.1 400 No\r\ncontent-length: 2\r\n\r\nno".to_vec()),
            )
            .dial(
                line("ws://a.example/", &[], 0),
                Want::Fails(PEER.saying("with status 400")),
            ),
        lasting("a secret stands in a message or line where the grant says so")
            .knows("token")
            .dial(
                line("wss://a.example/", &[r#"{"op":1,"token":"{{token}}"}"#], 1),
                Want::Body(101, "[secret:token]"),
            )
            .dial(
                line("tls://a.example:6697", &["PASS {{token}}"], 1),
                Want::Body(101, "PASS [secret:token]\n"),
            )
            .seen(r#"{"op":1,"token":"tok3n.of-the-corpus_0123456789"}"#)
            .seen("PASS tok3n.of-the-corpus_0123456789\r\n"),
        lasting("a secret stands nowhere else in a message or line")
            .knows("token")
            .dial(
                line("wss://a.example/", &[r#"{"text":"{{token}}"}"#], 0),
                Want::Broken(101, SECRET),
            )
            .dial(
                line("wss://a.example/", &["hello {{token}}"], 0),
                Want::Broken(101, SECRET),
            )
            .dial(
                line("tls://a.example:6697", &["PRIVMSG #x :{{token}}"], 0),
                Want::Broken(101, SECRET),
            )
            .unseen("tok3n")
            .unseen("ocsecret_"),
        lasting("a secret stands in no bytes")
            .knows("token")
            .dial(
                line("wss://a.example/", &["0x:PASS {{token}}"], 0),
                Want::Broken(101, SECRET),
            )
            .unseen("tok3n")
            .unseen("ocsecret_"),
        lasting("a secret goes to its own host, and where nobody reads along")
            .knows("token")
            .dial(
                line("wss://b.example/", &[r#"{"token":"{{token}}"}"#], 0),
                Want::Broken(101, SECRET.saying("b.example")),
            )
            .dial(
                line("ws://a.example/", &[r#"{"token":"{{token}}"}"#], 0),
                Want::Broken(101, SECRET.saying("unencrypted")),
            )
            .dial(
                line("tcp://a.example:6667", &["PASS {{token}}"], 0),
                Want::Broken(101, SECRET.saying("unencrypted")),
            )
            .unseen("tok3n")
            .unseen("ocsecret_"),
        lasting("a secret with a line break stands in no line")
            .knows("broken")
            .dial(
                line("tls://a.example:6697", &["PASS {{broken}}"], 0),
                Want::Broken(
                    101,
                    Fault {
                        kind: "Invalid",
                        words: "cannot stand in",
                        sent: "No",
                        ..CLOSED
                    },
                ),
            )
            .unseen("x-injected"),
        lasting("a secret stands in the headers of an opening request")
            .knows("token")
            .dial(
                Dial {
                    headers: vec![("authorization".into(), "Bearer {{token}}".into())],
                    ..line("wss://a.example/?key={{token}}", &[], 0)
                },
                Want::Status(101),
            )
            .dial(
                Dial {
                    headers: vec![("x-other".into(), "{{token}}".into())],
                    ..line("wss://a.example/", &[], 0)
                },
                Want::Fails(SECRET),
            )
            .seen("authorization: Bearer tok3n.of-the-corpus_0123456789\r\n")
            .seen("GET /?key=tok3n.of-the-corpus_0123456789 HTTP/1.1")
            .unseen("x-other"),
    ]
}
