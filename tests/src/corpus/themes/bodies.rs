//! Bodies, both ways: too long, too short, too slow, and larger than they look.

use std::time::Duration;

use crate::corpus::case::{
    BODY, Case, Fault, IDLE, PEER, REQUEST, TOO_LARGE, TOTAL, TYPED, Want, ask, case, get,
};
use crate::corpus::errand::{Body, Limits};
use crate::corpus::script::{BOMB, Script, gzip};

/// A response that is larger than was granted.
const GROWN: Fault = Fault {
    standard: &["HttpResponseBodySize"],
    ..BODY.after("Yes")
};
const OFF: Fault = PEER.saying("broke the response off");
const POISON: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";

fn zipped(body: &[u8], coding: &str) -> Script {
    Script::ok(&[&format!("content-encoding: {coding}")], body)
}

/// A body that breaks off, in several ways.
fn broken(promise: &'static str, answers: &[&str]) -> Case {
    let paths = ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9"];
    assert!(answers.len() <= paths.len());
    answers
        .iter()
        .zip(paths)
        .fold(case(promise), |case, (answer, path)| {
            let answer = format!("HTTP/1.1 200 OK\r\n{answer}");
            case.serves(path, Script::Last(answer.into_bytes()))
                .get(&format!("http://a.example{path}"), Want::Broken(200, OFF))
        })
}

/// What stands behind a response is no answer to the next request.
fn left_over(promise: &'static str, answer: String) -> Case {
    let status = if answer.contains("204") { 204 } else { 200 };
    case(promise)
        .serves("/", Script::Raw(answer.into_bytes()))
        .get("http://a.example/", Want::Status(status))
        .get("http://a.example/next", Want::Body(200, "ok"))
        .look(|outcome| {
            match outcome
                .answers
                .iter()
                .any(|answer| answer.body.contains("poison"))
            {
                true => Err(format!("it was poisoned: {:?}", outcome.answers)),
                false => Ok(()),
            }
        })
}

fn slow(every: u64) -> Script {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    Script::Drip(head, b"x".to_vec(), Duration::from_millis(every), 200)
}

pub(super) fn cases() -> Vec<Case> {
    let mut endless = Script::chunked("");
    if let Script::Raw(head) = &endless {
        endless = Script::Drip(
            head.clone(),
            format!("1000\r\n{}\r\n", "a".repeat(4096)).into_bytes(),
            Duration::ZERO,
            100_000,
        );
    }
    let nested = gzip(&gzip(&vec![b'a'; 100_000]));
    let text = gzip(b"a text that was compressed");
    vec![
        case("what is sent arrives, and what comes back is the same")
            .serves("/echo", Script::Echo)
            .send(
                ask("POST", "http://a.example/echo").text("text/plain", "over there"),
                Want::Body(200, "over there"),
            )
            .send(
                ask("POST", "http://a.example/echo")
                    .body(Body::Pieces(vec!["over ".into(), "there".into()], None)),
                Want::Body(200, "over there"),
            )
            .send(
                ask("POST", "http://a.example/echo")
                    .body(Body::Pieces(vec!["over ".into(), "there".into()], Some(10))),
                Want::Body(200, "over there"),
            )
            .line("POST http://a.example/echo 200 10>10 ok"),
        case("three megabytes go there and back")
            .serves("/echo", Script::Echo)
            .send(
                ask("POST", "http://a.example/echo").body(Body::Bytes(3 << 20)),
                Want::Status(200),
            )
            .line("POST http://a.example/echo 200 3145728>3145728 ok"),
        case("a form has its parts in their order")
            .ways(TYPED)
            .serves("/echo", Script::Echo)
            .send(
                ask("POST", "http://a.example/echo").body(Body::Form(vec![
                    ("one\"\r\nx: y".into(), "1".into()),
                    ("two".into(), "2".into()),
                ])),
                Want::Body(200, "name=\"one%22%0D%0Ax: y\"\r\n\r\n1\r\n"),
            ),
        case("a body of more than was granted is not sent")
            .send(
                ask("POST", "http://small.example/").body(Body::Bytes(1025)),
                Want::Fails(BODY),
            )
            .send(
                ask("POST", "http://small.example/").body(Body::Bytes(1024)),
                Want::Status(200),
            ),
        case("a body that grows beyond what was granted is broken off")
            .ways(TYPED)
            .send(
                ask("POST", "http://small.example/")
                    .body(Body::Pieces(vec!["a".repeat(1000), "b".repeat(1000)], None)),
                Want::Fails(BODY.after("Yes")),
            )
            .unseen("bbb"),
        case("a body longer than it announced is broken off")
            .ways(TYPED)
            .send(
                ask("POST", "http://a.example/")
                    .body(Body::Pieces(vec!["abc".into(), "def".into()], Some(4))),
                Want::Fails(REQUEST.saying("longer body").after("Yes")),
            )
            .unseen("def"),
        case("a body shorter than it announced is broken off")
            .ways(TYPED)
            .send(
                ask("POST", "http://a.example/").body(Body::Pieces(vec!["abc".into()], Some(4))),
                Want::Fails(REQUEST.saying("shorter body").after("Yes")),
            ),
        case("a response without an end ends at what was granted")
            .serves("/", endless.clone())
            .get("http://small.example/", Want::Broken(200, GROWN)),
        case("a response that announces more than was granted is refused")
            .serves("/", Script::ok(&[], vec![b'a'; 1025]))
            .fails("http://small.example/", GROWN),
        case("a response ends at what the request allows")
            .ways(TYPED)
            .serves("/", endless)
            .send(
                get("http://a.example/").limits(Limits {
                    response_bytes: Some(10_000),
                    ..Limits::default()
                }),
                Want::Broken(200, TOO_LARGE.saying("the response's body").after("Yes")),
            ),
        case("a body that drips too slowly ends in time")
            .serves("/", slow(2000))
            .send(
                get("http://a.example/").limits(Limits {
                    idle: Some(300),
                    ..Limits::default()
                }),
                Want::Broken(200, IDLE),
            ),
        case("a body that drips without an end ends in time")
            .ways(TYPED)
            .serves("/", slow(20))
            .send(
                get("http://a.example/").limits(Limits {
                    total: Some(2500),
                    ..Limits::default()
                }),
                Want::Broken(200, TOTAL),
            ),
        broken(
            "a body that is shorter than it says, or no chunk, is the server's fault",
            &[
                "content-length: 100\r\n\r\nshort",
                "transfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
                "transfer-encoding: chunked\r\n\r\n5\r\nsho",
                "transfer-encoding: chunked\r\n\r\nzz\r\nshort\r\n0\r\n\r\n",
                "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nshort\r\n0\r\n\r\n",
                "transfer-encoding: chunked\r\n\r\n-5\r\nshort\r\n0\r\n\r\n",
                "transfer-encoding: chunked\r\n\r\n5\r\nshortX\r\n0\r\n\r\n",
            ],
        ),
        left_over(
            "what stands behind a body is no answer",
            format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok{POISON}"),
        ),
        left_over(
            "what stands behind an empty body is no answer",
            format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n{POISON}"),
        ),
        left_over(
            "what stands behind a response without a body is no answer",
            format!("HTTP/1.1 204 No Content\r\n\r\n{POISON}"),
        ),
        left_over(
            "what stands behind the last chunk is no answer",
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{POISON}"),
        ),
        left_over(
            "a length beside chunks does not split a response in two",
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{POISON}"
            ),
        ),
        case("a compressed body is read, and its coding is not told")
            .serves("/", zipped(&text, "gzip"))
            .get("http://a.example/", Want::Body(200, "a text that was compressed"))
            .look(|outcome| {
                let told = format!("{:?}", outcome.answers[0].headers);
                match told.contains("content-encoding") || told.contains("content-length") {
                    true => Err(told),
                    false => Ok(()),
                }
            }),
        case("a body that grows too many times is broken off")
            .serves("/", zipped(&BOMB, "gzip"))
            .get(
                "http://a.example/",
                Want::Broken(200, TOO_LARGE.saying("how many times").after("Yes")),
            ),
        case("what a body becomes counts, and not what arrived")
            .serves("/", zipped(&gzip(&[b'a'; 2000]), "gzip"))
            .get("http://small.example/", Want::Broken(200, GROWN)),
        case("a body that is compressed twice is unpacked once")
            .serves("/", zipped(&nested, "gzip"))
            .get("http://a.example/", Want::Status(200))
            .look(|outcome| match outcome.answers[0].length {
                0..1000 => Ok(()),
                length => Err(format!("it became {length} bytes")),
            }),
        case("a coding that was not asked for is refused")
            .serves("/br", zipped(b"xyz", "br"))
            .serves("/two", zipped(&nested, "gzip, gzip"))
            .serves(
                "/both",
                Script::ok(&["content-encoding: gzip", "content-encoding: gzip"], &nested),
            )
            .serves("/odd", zipped(b"xyz", "\"><script>"))
            .fails("http://a.example/br", PEER.saying("content encoding"))
            .fails("http://a.example/two", PEER.saying("content encoding"))
            .fails("http://a.example/both", PEER.saying("content encoding"))
            .fails("http://a.example/odd", PEER.saying("content encoding")),
        case("what is no compressed body is the server's fault")
            .serves("/none", zipped(b"this was never compressed", "gzip"))
            .serves("/half", zipped(&text[..text.len() / 2], "gzip"))
            .serves(
                "/sum",
                zipped(&[&text[..text.len() - 8], &[0; 8]].concat(), "gzip"),
            )
            .get(
                "http://a.example/none",
                Want::Broken(200, PEER.saying("cannot be decompressed")),
            )
            .get(
                "http://a.example/half",
                Want::Broken(200, PEER.saying("cannot be decompressed")),
            )
            .get(
                "http://a.example/sum",
                Want::Broken(200, PEER.saying("cannot be decompressed")),
            ),
    ]
}
