//! Methods: their case, and those that open what no rule can judge.

use crate::corpus::case::{Case, METHOD, NOT_GRANTED, Want, ask, case};

pub(super) fn cases() -> Vec<Case> {
    let odd = [
        "get",
        "Get",
        "post",
        "CONNECT",
        "TRACE",
        "connect",
        "G ET",
        "GET\r\nx: y",
        "GET /x HTTP/1.1\r\n",
        "GÉT",
    ];
    let begin = case("a method that is none, or that opens a tunnel, is refused").untouched();
    let refused = odd.iter().fold(begin, |case, method| {
        case.send(ask(method, "http://a.example/"), Want::Fails(METHOD))
    });
    vec![
        refused,
        case("a method without a name is refused")
            .ways(crate::corpus::case::TYPED)
            .send(ask("", "http://a.example/"), Want::Fails(METHOD))
            .send(ask(&"A".repeat(300), "http://a.example/"), Want::Fails(METHOD))
            .untouched(),
        case("a method that was not granted is refused")
            .send(
                ask("BREW", "http://a.example/"),
                Want::Fails(NOT_GRANTED.saying("other methods")),
            )
            .send(ask("POST", "http://reading.example/"), Want::Fails(NOT_GRANTED))
            .send(ask("DELETE", "http://reading.example/"), Want::Fails(NOT_GRANTED))
            .untouched(),
        case("every method that was granted is sent as it is")
            .send(ask("OPTIONS", "http://a.example/"), Want::Status(200))
            .send(ask("PROPFIND", "http://a.example/"), Want::Status(200))
            .send(ask("DELETE", "http://a.example/"), Want::Status(200))
            .send(ask("PATCH", "http://a.example/"), Want::Status(200))
            .send(ask("PUT", "http://a.example/"), Want::Status(200))
            .seen("PROPFIND / HTTP/1.1")
            .seen("PATCH / HTTP/1.1")
            .line("PROPFIND http://a.example/ 200 0>2 ok"),
        case("the answer to HEAD has no body, whatever it announces")
            .send(ask("HEAD", "http://a.example/"), Want::Status(200))
            .get("http://a.example/", Want::Body(200, "ok"))
            .connections(1),
    ]
}
