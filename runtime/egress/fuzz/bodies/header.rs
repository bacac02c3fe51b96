//! Sends a request with any headers to a real server. Either it is refused and nothing arrives, or one request does,
//! with these headers, in their order, those of the gate, and no other.

use openclaw_egress::Body;

use super::wire::{authority, send, trimmed};

/// To begin with. A name ends at 0x1f and a value at 0x1e.
pub const SEEDS: &[&[u8]] = &[
    b"Authorization\x1fBearer abc\x1eX-Trace\x1f1\x1ex-trace\x1f2",
    b"Content-Type\x1fapplication/json\x1eUser-Agent\x1fmine\x1eRange\x1fbytes=0-1",
    b"host\x1fevil.example",
    b"x\x1fa\r\nHost: evil.example\r\n\r\nPOST /y HTTP/1.1\r\n",
    b"transfer_encoding\x1fchunked",
    b"accept-encoding\x1fbr\x1ecookie\x1fa=b; \xff\xc3\xa9 \t\x1ex_y\x1f",
];

/// Names of the gate's own headers, and what ends a line for somebody.
pub const TOKENS: &[&[u8]] = &[
    b"\x1e",
    b"\x1f",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b":",
    b" ",
    b"\t",
    b"_",
    b"-",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x84\xaa",
    b"\xe5\x98\x8a",
    b"Host",
    b"content-length",
    b"Transfer-Encoding",
    b"chunked",
    b"connection",
    b"close",
    b"upgrade",
    b"te",
    b"trailer",
    b"expect",
    b"100-continue",
    b"sec-websocket-key",
    b"proxy-authorization",
    b"keep-alive",
    b"http2-settings",
    b":authority",
    b"accept-encoding",
    b"range",
    b"user-agent",
    b"\x1ehost\x1f",
    b"\x1econtent_length\x1f5",
    b"\r\n\r\n",
];

const GATES: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Keeps the promises of headers that leave.
pub fn run(data: &[u8]) {
    let mut headers = Vec::new();
    for pair in data.split(|byte| *byte == 0x1e) {
        let end = pair.iter().position(|byte| *byte == 0x1f).unwrap_or(pair.len());
        let (name, value) = pair.split_at(end);
        let name = String::from_utf8_lossy(name).into_owned();
        headers.push((name, value.get(1..).unwrap_or_default().to_vec()));
    }
    let weight: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    let is_allowed = headers.iter().all(|(name, value)| may_leave(name, value));
    let (sent, heard) = send(headers.clone(), Body::Bytes("body".into()));
    if let Err(error) = sent {
        assert!(heard.is_empty(), "arrived though it was refused");
        assert!(!error.to_string().contains(char::is_control), "{error}");
        assert!(
            !is_allowed || weight > 64 << 10 || headers.len() > 100,
            "refused: {error}"
        );
        return;
    }
    let [heard] = heard.as_slice() else {
        panic!("{} requests arrived", heard.len())
    };
    assert!(is_allowed, "{headers:?}");
    assert_eq!(
        (heard.head[0].as_slice(), heard.body.as_slice()),
        (&b"POST /x HTTP/1.1"[..], &b"body"[..])
    );
    assert_eq!(heard.only("host"), authority());
    assert_eq!(heard.only("content-length"), b"4");
    heard.only("accept-encoding");
    let mut expected: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in &headers {
        let name = name.to_ascii_lowercase();
        if name != "accept-encoding" {
            expected.push((name, trimmed(value).to_vec()));
        }
    }
    if !expected.iter().any(|(name, _)| name == "user-agent") {
        expected.push(("user-agent".to_owned(), b"openclaw".to_vec()));
    }
    let mut found = heard.headers();
    found.retain(|(name, _)| !matches!(name.as_str(), "host" | "content-length" | "accept-encoding"));
    // Only the order of those with one name means something.
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, expected);
}

/// By the words of the promise.
fn may_leave(name: &str, value: &[u8]) -> bool {
    let is_token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    let alike = name.to_ascii_lowercase().replace('_', "-");
    let is_line = |c: &u8| *c == b'\t' || (*c >= b' ' && *c != 0x7f);
    !name.is_empty()
        && name.bytes().all(is_token)
        && !GATES.contains(&alike.as_str())
        && !alike.starts_with("sec-websocket-")
        // What the gate writes itself is left out, whatever it says.
        && (alike == "accept-encoding" && !name.contains('_') || value.iter().all(is_line))
}
