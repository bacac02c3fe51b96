//! Secrets that come back: in every spelling that services echo, and in every place that a guest can read.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::corpus::case::{Case, LASTING, NOT_GRANTED, PEER, TYPED, Want, case, get, line};
use crate::corpus::errand::{Dial, Limits, hex};
use crate::corpus::grants::value_of;
use crate::corpus::script::{Script, gzip};

/// What stands for a value that came back.
const MARK: &str = "[secret:token]";

/// A server that says this, to whoever asks.
fn says(promise: &'static str, body: String) -> Case {
    case(promise)
        .serves("/", Script::ok(&[], body))
        .get("https://a.example/", Want::Body(200, MARK))
}

/// A chunked body of so many bytes a chunk.
fn in_chunks(text: &str, size: usize) -> Script {
    let chunk = |chunk: &[u8]| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk));
    let chunks: String = text.as_bytes().chunks(size).map(chunk).collect();
    Script::chunked(&format!("{chunks}0\r\n\r\n"))
}

pub(super) fn cases() -> Vec<Case> {
    let value = value_of("token");
    let basic: [String; 3] = ["", "a", "ab"].map(|before| format!("{before}{value}, and more"));
    let answers = |url: &str| format!("HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n");
    let hidden = |case: Case| case.told(MARK);
    vec![
        says("a value that comes back as it is is hidden", format!("<{value}>")),
        says(
            "a value that comes back at the very end is hidden",
            format!("your token: {value}"),
        ),
        says("a value that comes back in hex is hidden", hex(value.as_bytes())),
        says(
            "a value that comes back in capital hex is hidden",
            hex(value.as_bytes()).to_uppercase(),
        ),
        case("a value that comes back in percent codes is hidden")
            .serves(
                "/",
                Script::ok(
                    &[],
                    "v=o%22d%26d%2541%20v%5Ca%3Dl%2Bue%20%C3%BC%20%23%3F%3B%3A%279876&x",
                ),
            )
            .get("https://a.example/", Want::Body(200, "v=[secret:odd]&x")),
        says(
            "a value that comes back in base64 is hidden",
            STANDARD.encode(&basic[0]),
        ),
        says(
            "a value that comes back in base64 behind one byte is hidden",
            STANDARD.encode(&basic[1]),
        ),
        says(
            "a value that comes back in base64 behind two bytes is hidden",
            STANDARD.encode(&basic[2]),
        ),
        says(
            "a value that comes back in base64 for URLs is hidden",
            URL_SAFE.encode(&basic[0]),
        ),
        says(
            "a value that comes back in base64 for URLs behind one byte is hidden",
            URL_SAFE.encode(&basic[1]),
        ),
        says(
            "a value that comes back in base64 for URLs behind two bytes is hidden",
            URL_SAFE.encode(&basic[2]),
        ),
        case("a value that comes back in JSON is hidden")
            .serves(
                "/",
                Script::ok(&[], serde_json::json!({"v": value_of("odd")}).to_string()),
            )
            .get("https://a.example/", Want::Body(200, "[secret:odd]")),
        case("a value that comes back compressed is hidden")
            .serves(
                "/",
                Script::ok(&["content-encoding: gzip"], gzip(format!("<{value}>").as_bytes())),
            )
            .get("https://a.example/", Want::Body(200, MARK)),
        case("a value that comes back byte by byte is hidden")
            .serves("/", in_chunks(&format!("<{value}>"), 1))
            .get("https://a.example/", Want::Body(200, "<[secret:token]>")),
        case("a value that comes back in pieces of seven bytes is hidden, in base64 too")
            .serves("/", in_chunks(&STANDARD.encode(&basic[1]), 7))
            .get("https://a.example/", Want::Body(200, MARK)),
        case("a value that comes back from another host is hidden")
            .serves("/", Script::ok(&[], value))
            .get("http://b.example/", Want::Body(200, MARK)),
        case("a value that comes back in the body of an error is hidden")
            .serves(
                "/",
                Script::response("401 Unauthorized", &[], format!("{value} is not accepted")),
            )
            .get(
                "https://a.example/",
                Want::Body(401, "[secret:token] is not accepted"),
            ),
        hidden(
            case("a value that comes back in a header is hidden")
                .serves("/", Script::ok(&[&format!("x-echo: {value}")], "ok"))
                .get("https://a.example/", Want::Body(200, "ok")),
        ),
        hidden(
            case("a value that comes back as the place of a redirect is hidden")
                .ways(TYPED)
                .serves(
                    "/",
                    Script::Raw(answers(&format!("https://a.example/{value}")).into_bytes()),
                )
                .send(
                    get("https://a.example/").limits(Limits {
                        redirects: Some(0),
                        ..Limits::default()
                    }),
                    Want::Status(302),
                ),
        ),
        case("a value is carried to no other host by a redirect")
            .ways(TYPED)
            .serves(
                "/",
                Script::Raw(answers(&format!("https://b.example/?{value}")).into_bytes()),
            )
            .get(
                "https://a.example/",
                Want::Fails(NOT_GRANTED.saying("carries a secret").after("Yes")),
            )
            .connections(1),
        case("a value that a redirect within one host carries is written down nowhere")
            .ways(TYPED)
            .serves("/", Script::Raw(answers(&format!("/{value}/x")).into_bytes()))
            .get("https://a.example/", Want::Status(200))
            .told("https://a.example/[secret:token]/x")
            .line("GET https://a.example/[secret:token]/x 200")
            .passages(2),
        case("a value that a redirect carries to where it is refused is told to nobody")
            .ways(TYPED)
            .serves(
                "/v1/go",
                Script::Raw(answers(&format!("/{value}/x")).into_bytes()),
            )
            .get(
                "http://narrow.example/v1/go",
                Want::Fails(NOT_GRANTED.after("Yes")),
            )
            .passages(2),
        case("a value that is the bad place of a redirect is told to nobody")
            .ways(TYPED)
            .serves(
                "/",
                Script::Raw(answers(&format!("https://{value}/")).into_bytes()),
            )
            .get("https://a.example/", Want::Fails(NOT_GRANTED.after("Yes"))),
        case("a value that comes back as a content encoding is told to nobody")
            .serves("/", Script::ok(&[&format!("content-encoding: {value}")], "ok"))
            .fails("https://a.example/", PEER),
        case("a value that comes back as the reason of a status is told to nobody")
            .serves("/", Script::response(&format!("200 {value}"), &[], "ok"))
            .get("https://a.example/", Want::Body(200, "ok")),
        case("a value that comes back in a message or a line is hidden")
            .ways(LASTING)
            .knows("token")
            .dial(
                line("wss://a.example/", &[r#"{"token":"{{token}}"}"#], 1),
                Want::Body(101, r#"{"token":"[secret:token]"}"#),
            )
            .dial(
                line("tls://a.example:6697", &["PASS {{token}}"], 1),
                Want::Body(101, "PASS [secret:token]"),
            ),
        case("a value that comes back in an event is hidden")
            .ways(LASTING)
            .serves(
                "/",
                Script::ok(
                    &["content-type: text/event-stream"],
                    format!("event: {value}\nid: {value}\ndata: <{value}>\n\n"),
                ),
            )
            .dial(
                line("https://a.example/", &[], 1),
                Want::Body(101, "<[secret:token]>"),
            )
            .passages(1),
        case("a value that comes back instead of a WebSocket is told to nobody")
            .ways(LASTING)
            .knows("token")
            .serves(
                "/",
                Script::response("401 Unauthorized", &[], format!("{value} is not accepted")),
            )
            .serves(
                "/go",
                Script::Raw(answers(&format!("wss://a.example/{value}")).into_bytes()),
            )
            .dial(
                with_token("wss://a.example/"),
                Want::Fails(PEER.saying("with status 401")),
            )
            .dial(with_token("wss://a.example/go"), Want::Fails(PEER)),
        case("a value that comes back as the reason of an end is told to nobody")
            .ways(LASTING)
            .knows("token")
            .serves("/", Script::Goodbye(value.to_owned()))
            .dial(
                line("wss://a.example/", &[], 1),
                Want::Broken(101, crate::corpus::case::CLOSED.after("No")),
            ),
    ]
}

fn with_token(url: &str) -> Dial {
    Dial {
        headers: vec![("authorization".to_owned(), "{{token}}".to_owned())],
        ..line(url, &[], 1)
    }
}
