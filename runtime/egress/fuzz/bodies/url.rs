//! Reads a line as the URL of a request and of a WebSocket, and the next as where a redirect leads. What is read
//! prints as something that reads to the same, and another reader finds the same scheme, host, port, path and query,
//! and nobody's name.

use ::url::Url;
use openclaw_egress::Target;
use openclaw_policy::Host;
use openclaw_policy::capability::http::Scheme;
use percent_encoding::percent_decode_str;

/// To begin with.
pub const SEEDS: &[&[u8]] = &[
    b"https://api.example.com/v1/messages?limit=10#top\n../w",
    b"wss://gateway.example:8443/?v=10&encoding=json\n//b.example/",
    b"http://127.1:8080/a/./b//c;x=%2e%2e/%C3%a9\n?q",
    b"https://[::ffff:127.0.0.1]:443/\nhttp://0x7f.1/",
    b"https://a.example./?x=/../@\nhttps://u:p@b.example/",
    b"ws://xn--bcher-kva.example/~a/%7Eb?a%20b\n/\\evil.example",
];

/// What readers of URLs differ about.
pub const TOKENS: &[&[u8]] = &[
    b"https://",
    b"http://",
    b"wss://",
    b"ws://",
    b"//",
    b"/",
    b"\\",
    b"@",
    b":",
    b":@",
    b"#",
    b"?",
    b"[",
    b"]",
    b"%",
    b"%00",
    b"%2e",
    b"%2f",
    b"%25",
    b"%C3%A9",
    b"..",
    b"/../",
    b"/.",
    b";",
    b"\t",
    b"\r",
    b"\n",
    b" ",
    b".",
    b"0x7f.1",
    b"127.0.0.1",
    b"[::1]",
    b"[::ffff:1.2.3.4]",
    b"0",
    b"017",
    b":443",
    b":80",
    b":0",
    b":65536",
    b"xn--",
    b"a.example",
    b"\xc3\xa9",
    b"\xe3\x80\x82",
    b"\xef\xbc\x8f",
    b"\xc2\xad",
    b"|",
    b"^",
    b"\"",
    b"<",
    b"'",
    b"`",
    b"{",
    b"javascript:",
    b"data:",
    b"file:",
];

/// Keeps the promises of [`Target`].
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (url, location) = text.split_once('\n').unwrap_or((&text, ""));
    for read in [Target::of_request, Target::of_websocket] {
        let target = match read(url) {
            Ok(target) => target,
            Err(error) => {
                assert!(!error.to_string().contains(char::is_control), "{error}");
                continue;
            }
        };
        let Ok(other) = Url::parse(url) else {
            // What is no good punycode is a name to a resolver and nothing to a browser.
            assert!(target.host().to_string().contains("xn--"), "{url}");
            continue;
        };
        agree(&target, &other);
        match target.redirected(location) {
            Ok(next) => {
                let base = Url::parse(&target.to_string()).expect("a URL");
                agree(
                    &next,
                    &base.join(location).expect("a place that another reader finds"),
                );
                assert!(matches!(next.scheme(), Scheme::Https | Scheme::Http));
            }
            Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
        }
    }
}

fn agree(target: &Target, other: &Url) {
    let is_encrypted = matches!(other.scheme(), "https" | "wss");
    assert_eq!(target.is_encrypted(), is_encrypted);
    assert_eq!(other.port_or_known_default(), Some(target.port()));
    // The two print an address of version 6 differently.
    let host = match other.host().expect("a host") {
        ::url::Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).parse(),
        ::url::Host::Ipv4(address) => Ok(Host::Address(address.into())),
        ::url::Host::Ipv6(address) => Ok(Host::Address(address.into())),
    };
    assert_eq!(host.as_ref(), Ok(target.host()));
    assert!(other.username().is_empty() && other.password().is_none());
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    // A path that can be read in two ways is marked as such and matches no narrow rule.
    if target.path().is_plain() {
        assert_eq!(decoded(target.path().as_str()), decoded(other.path()));
    }
    assert_eq!(target.query().map(decoded), other.query().map(decoded));
    let printed = target.to_string();
    assert!(printed.bytes().all(|c| c.is_ascii_graphic()), "{printed:?}");
    let again = Target::of_request(&printed).expect("what was printed is read");
    assert_eq!(&again, target);
    assert_eq!(again.to_string(), printed);
    assert!(again.is_same_origin(target));
}
