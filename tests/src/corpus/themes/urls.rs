//! Texts that are one place to one reader and another to the next.

use crate::corpus::case::{Case, NOT_GRANTED, TOO_LARGE, TYPED, URL, Want, case, get};

/// In each of them some reader sees the granted host and another one does not.
const TWO_READINGS: &[&str] = &[
    "http://user@a.example/",
    "http://user:pass@a.example/",
    "http://a.example@b.example/",
    "http://a.example:80@b.example/",
    "http://@a.example/",
    "http://a.example\\@b.example/",
    "http://a.example\\.b.example/",
    "http://b.example\\a.example/",
    "http://a.example\tb/",
    "http://a.exa\tmple/",
    "http:// a.example/",
    "http://a.example /",
    "http://a%2eexample/",
    "http://a.example%2f@b.example/",
    "http://b.example%00.a.example/",
    "http://b.example%23.a.example/",
    "http://a\u{3002}example/",
    "http://\u{ff41}.example/",
    "http://a.example:/",
    "http://a.example:0/",
    "http://a.example:080/",
    "http://a.example:+80/",
    "http://a.example:80:80/",
    "http://a.example:80a/",
    "http://a.example:65616/",
    "http://[a.example]/",
    "http://[::1%25lo]/",
    "http://1.2.3.4.5/",
    "http://a..example/",
    "http://.a.example/",
    "http://*.example/",
    "http:///a.example/",
];

const IN_THE_PATH: &[&str] = &[
    "http://a.example/x\ty",
    "http://a.example/x y",
    "http://a.example/x\\y",
    "http://a.example/\r\nx-injected: 1",
    "http://a.example/x HTTP/1.1\r\nx-injected: 1\r\n\r\n",
    "http://a.example/\u{e9}",
    "http://a.example/\0",
    "http://a.example?x=\r\nx-injected: 1",
];

fn refused(promise: &'static str, urls: &[&str]) -> Case {
    let begin = case(promise).untouched();
    urls.iter().fold(begin, |case, url| case.fails(url, URL))
}

pub(super) fn cases() -> Vec<Case> {
    let long = format!("http://a.example/{}", "a".repeat(17_000));
    vec![
        refused(
            "a host that can be read in two ways is refused, and never repaired",
            TWO_READINGS,
        )
        .also_dials(),
        refused("what ends a line or a word in a path is refused", IN_THE_PATH).also_dials(),
        refused(
            "what is no address of the web is refused",
            &[
                "a.example",
                "//a.example/",
                "file:///etc/passwd",
                "ftp://a.example/",
                "gopher://a.example/",
                "javascript:alert(1)",
                "data:,x",
                "unix:///var/run/docker.sock",
                "ws://a.example/",
                "http:a.example",
                "http:/a.example/",
                "",
            ],
        )
        .ways(TYPED),
        case("a URL has a length")
            .ways(TYPED)
            .send(get(&long), Want::Fails(TOO_LARGE))
            .untouched(),
        case("one dot behind a name means the same name")
            .also_dials()
            .get("http://a.example./", Want::Status(200))
            .seen("host: a.example\r\n"),
        case("capital letters mean the same name and scheme")
            .ways(TYPED)
            .get("HTTP://A.EXAMPLE/Path", Want::Status(200))
            .seen("GET /Path HTTP/1.1"),
        case("a fragment stays at home")
            .ways(TYPED)
            .get("http://a.example/x?y#fragment", Want::Status(200))
            .seen("GET /x?y HTTP/1.1")
            .unseen("fragment"),
        case("another port of a granted host is not granted")
            .fails(
                "http://a.example:81/",
                NOT_GRANTED.saying("another scheme or port"),
            )
            .fails("https://a.example:80/", NOT_GRANTED)
            .fails("http://a.example:443/", NOT_GRANTED)
            .fails("https://reading.example/", NOT_GRANTED)
            .untouched(),
        case("the usual port may be written, and another one that is granted")
            .get("http://a.example:80/", Want::Status(200))
            .get("http://a.example:8080/", Want::Status(200))
            .seen("host: a.example\r\n")
            .seen("host: a.example:8080\r\n")
            .connections(2),
        case("a name below or beside a granted one is another")
            .also_dials()
            .fails("http://x.a.example/", NOT_GRANTED)
            .fails("http://aa.example/", NOT_GRANTED)
            .fails("http://a.example.evil.example/", NOT_GRANTED)
            .fails("http://example/", NOT_GRANTED)
            .untouched(),
        case("a rule for names below does not hold for the name itself")
            .get("http://x.many.example/", Want::Status(200))
            .fails("http://many.example/", NOT_GRANTED)
            .fails("http://xmany.example/", NOT_GRANTED)
            .connections(1),
    ]
}
