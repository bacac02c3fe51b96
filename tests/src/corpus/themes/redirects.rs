//! Being sent elsewhere: each step is judged anew, and nothing goes along that is not meant for there.

use crate::corpus::case::{
    Case, NOT_GRANTED, NOT_PUBLIC, Outcome, PEER, REDIRECTS, REQUEST, TYPED, Want, Way, ask, case, get,
};
use crate::corpus::errand::{Body, Limits, Send};
use crate::corpus::script::Script;

/// A redirect that leads nowhere.
fn refused(promise: &'static str, to: &'static str, fault: crate::corpus::case::Fault) -> Case {
    case(promise)
        .ways(TYPED)
        .wide()
        .serves("/go", Script::redirect(302, to))
        .fails("http://a.example/go", fault.after("Yes"))
        .connections(1)
        .passages(2)
}

/// What a method becomes.
fn becomes(promise: &'static str, status: u16, method: &'static str, sent: &'static str, body: bool) -> Case {
    let case = case(promise)
        .ways(TYPED)
        .serves("/go", Script::redirect(status, "/end"))
        .send(
            ask(method, "http://a.example/go").text("text/plain", "the body"),
            Want::Status(200),
        )
        .seen(format!("{sent} /end HTTP/1.1"))
        .passages(2);
    match body {
        true => case.look(|outcome| at_the_end(outcome, true)),
        false => case.look(|outcome| at_the_end(outcome, false)),
    }
}

fn at_the_end(outcome: &Outcome, body: bool) -> Result<(), String> {
    let last = &outcome.heard.last().ok_or("nothing was heard")?.text;
    let kept = last.ends_with("\r\n\r\nthe body") && last.contains("content-type: text/plain");
    let gone = !last.contains("the body") && !last.contains("content-");
    match if body { kept } else { gone } {
        true => Ok(()),
        false => Err(format!("at the end arrived {last}")),
    }
}

fn with_credentials(url: &str) -> Send {
    get(url)
        .header("authorization", "Bearer plain-credential")
        .header("Cookie", "session=plain-credential")
        .header("X-Api-Key", "plain-credential")
        .header("x-other", "stays")
}

/// The last server heard none of the credentials, and the other header.
fn without(outcome: &Outcome) -> Result<(), String> {
    let last = &outcome.heard.last().ok_or("nothing was heard")?.text;
    match !last.contains("plain-credential") && last.contains("x-other: stays") {
        true => Ok(()),
        false => Err(format!("at the end arrived {last}")),
    }
}

pub(super) fn cases() -> Vec<Case> {
    let begin = case("a place that is none is the server's fault").ways(TYPED);
    let bad = [
        "http://",
        "http://[",
        "file:///etc/passwd",
        "http://u:p@b.example/",
        "http://b.example:99999/",
        "/\\b.example",
        "/a b",
        "javascript:x",
    ];
    let paths = ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"];
    let bad = bad.iter().zip(paths).fold(begin, |case, (to, path)| {
        case.serves(path, Script::redirect(302, to)).fails(
            &format!("http://a.example{path}"),
            PEER.saying("redirected to a bad address"),
        )
    });
    let ordinary = [
        ("/300", 300),
        ("/304", 304),
        ("/305", 305),
        ("/306", 306),
        ("/399", 399),
    ]
    .into_iter();
    let ordinary = ordinary.fold(
        case("a status that sends nobody elsewhere is an answer"),
        |case, (path, status)| {
            let answer = format!("HTTP/1.1 {status} Odd\r\nlocation: /end\r\n\r\n");
            let answer = match status {
                304 => answer,
                _ => answer.replace("\r\n\r\n", "\r\ncontent-length: 0\r\n\r\n"),
            };
            case.serves(path, Script::Raw(answer.into_bytes()))
                .get(&format!("http://a.example{path}"), Want::Status(status))
        },
    );
    vec![
        refused(
            "a redirect to this machine is refused",
            "http://127.0.0.1/",
            NOT_PUBLIC,
        ),
        refused(
            "a redirect to this machine in other words is refused",
            "//2130706433/",
            NOT_PUBLIC,
        ),
        refused(
            "a redirect to a service of credentials is refused",
            "http://metadata.google.internal/",
            NOT_PUBLIC,
        ),
        refused(
            "a redirect to a private neighbour is refused",
            "http://[fd00::1]/",
            NOT_PUBLIC,
        ),
        refused(
            "a redirect to another port is refused",
            "http://b.example:8080/",
            NOT_GRANTED,
        ),
        case("a redirect from TLS to none is refused where only TLS was granted")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://only-tls.example/"))
            .fails("https://only-tls.example/go", NOT_GRANTED.after("Yes"))
            .connections(1)
            .passages(2),
        case("a redirect to a host that was not granted is refused")
            .ways(TYPED)
            .serves("/go", Script::redirect(307, "http://c.example/"))
            .send(
                ask("POST", "http://a.example/go").json("{}"),
                Want::Fails(NOT_GRANTED.after("Yes")),
            )
            .connections(1)
            .passages(2),
        bad,
        ordinary,
        becomes("301 makes a GET of a POST", 301, "POST", "GET", false),
        becomes("302 makes a GET of a POST", 302, "POST", "GET", false),
        becomes("303 makes a GET of a PUT", 303, "PUT", "GET", false),
        becomes("301 leaves a PUT and its body", 301, "PUT", "PUT", true),
        becomes("302 leaves a DELETE and its body", 302, "DELETE", "DELETE", true),
        becomes("307 leaves a POST and its body", 307, "POST", "POST", true),
        becomes("308 leaves a POST and its body", 308, "POST", "POST", true),
        case("303 leaves a HEAD")
            .ways(TYPED)
            .serves(
                "/go",
                Script::Raw(b"HTTP/1.1 303 Elsewhere\r\nlocation: /end\r\n\r\n".to_vec()),
            )
            .send(ask("HEAD", "http://a.example/go"), Want::Status(200))
            .seen("HEAD /end HTTP/1.1")
            .passages(2),
        case("a body that is read while it is sent is not sent twice")
            .ways(TYPED)
            .serves("/go", Script::redirect(307, "/end"))
            .send(
                ask("POST", "http://a.example/go").body(Body::Pieces(vec!["one".into(), "two".into()], None)),
                Want::Fails(REQUEST.saying("cannot be sent twice").after("Yes")),
            )
            .unseen("/end"),
        case("a redirect that leads to itself ends")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "/go"))
            .fails("http://a.example/go", REDIRECTS)
            .passages(11),
        case("redirects to and fro end")
            .ways(TYPED)
            .serves("/a", Script::redirect(302, "http://b.example/b"))
            .serves("/b", Script::redirect(301, "http://a.example/a"))
            .fails("http://a.example/a", REDIRECTS)
            .passages(11),
        case("a request may allow fewer redirects, and not more")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "/go"))
            .send(
                get("http://a.example/go").limits(follow(2)),
                Want::Fails(REDIRECTS),
            )
            .send(
                get("http://b.example/go").limits(follow(50)),
                Want::Fails(REDIRECTS),
            )
            .passages(3 + 11),
        case("without redirects one is an ordinary answer")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://127.0.0.1/"))
            .send(
                get("http://a.example/go").limits(follow(0)),
                Want::Body(302, "elsewhere"),
            )
            .told("http://127.0.0.1/")
            .connections(1),
        case("the standard interface gets a redirect as an ordinary answer")
            .ways(&[Way::Standard])
            .serves("/go", Script::redirect(302, "http://127.0.0.1/"))
            .get("http://a.example/go", Want::Body(302, "elsewhere"))
            .connections(1),
        case("a redirect without a place is an ordinary answer")
            .serves("/go", Script::response("302 Found", &[], "nowhere"))
            .get("http://a.example/go", Want::Body(302, "nowhere")),
        case("to another host no credential goes along")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://b.example/end"))
            .send(with_credentials("http://a.example/go"), Want::Status(200))
            .look(without)
            .passages(2),
        case("to another port no credential goes along")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://a.example:8080/end"))
            .send(with_credentials("http://a.example/go"), Want::Status(200))
            .look(without)
            .passages(2),
        case("to another scheme no credential goes along")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://a.example/end"))
            .send(with_credentials("https://a.example/go"), Want::Status(200))
            .look(without)
            .passages(2),
        case("a credential does not come back on the way home")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://b.example/back"))
            .serves("/back", Script::redirect(302, "http://a.example/end"))
            .send(with_credentials("http://a.example/go"), Want::Status(200))
            .look(without)
            .passages(3),
        case("within one origin credentials go along")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "/end"))
            .send(with_credentials("http://a.example/go"), Want::Status(200))
            .look(|outcome| match without(outcome) {
                Err(_) => Ok(()),
                Ok(()) => Err("the credentials are gone".to_owned()),
            })
            .passages(2),
        case("each hop has its line")
            .ways(TYPED)
            .serves("/go", Script::redirect(302, "http://b.example/end?query"))
            .get("http://a.example/go?query", Want::Status(200))
            .line("GET http://a.example/go 302 0>")
            .line("GET http://b.example/end 200 0>2 ok")
            .told("http://b.example/end?query")
            .passages(2),
    ]
}

fn follow(redirects: u32) -> Limits {
    Limits {
        redirects: Some(redirects),
        ..Limits::default()
    }
}
