//! Reads bytes as a stream of events. However they are cut they become what the HTML standard makes of them, read
//! word by word from the whole.

use openclaw_egress::Kind;
use openclaw_egress::socket::ServerEvent;
use openclaw_egress::socket::fuzzing::read_events;

/// To begin with: the most bytes of an event, where to cut, and the stream.
pub const SEEDS: &[&[u8]] = &[
    b"\x80\x03: hi\n\nevent: add\nid: 1\ndata: one\ndata: two\n\ndata:three\nid\n\n",
    b"\x14\x01data: 0123456789012345\r\n\r\n",
    b"\xff\x02\xef\xbb\xbfdata: a\r\rdata: b\r\n\r\ndata\n\nretry: 10\nid: x\0\n\n",
    b"\xff\x05data: \xff\xe2\x82\n\nevent\ndata: \xf0\x9f\x98\x80\n\n",
];

/// Fields, ends of lines and what the standard treats alone.
pub const TOKENS: &[&[u8]] = &[
    b"data",
    b"data: ",
    b"event: ",
    b"id: ",
    b"id",
    b"retry: 1",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\r\n\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xe2\x82",
    b"\xc3\xa9",
    b"data\n\n",
    b"Data:",
    b": \n",
];

/// Keeps the promises of streams of events.
pub fn run(data: &[u8]) {
    let [most, cut, bytes @ ..] = data else { return };
    let (most, cut) = (usize::from(*most), usize::from(*cut).max(1));
    let (whole, error) = read_events(&[bytes], most);
    let expected = read_whole(bytes);
    match &error {
        None => assert_eq!(whole, expected),
        Some(error) => {
            assert_eq!(error.cause.kind(), Kind::TooLarge);
            assert!(expected.starts_with(&whole), "{whole:?} {expected:?}");
        }
    }
    for event in &whole {
        let name = if event.name == "message" { "" } else { &event.name };
        let held = name.len() + event.data.len() + event.id.as_deref().unwrap_or_default().len();
        assert!(held <= most, "{held} bytes of {most}");
    }
    let uneven: Vec<&[u8]> = bytes
        .split_inclusive(|byte| usize::from(*byte) % 7 == cut % 7)
        .collect();
    for pieces in [bytes.chunks(cut).collect(), bytes.chunks(1).collect(), uneven] {
        let (found, other) = read_events(&pieces, most);
        assert_eq!(found, whole);
        assert_eq!(
            other.map(|error| error.cause.kind()),
            error.as_ref().map(|error| error.cause.kind())
        );
    }
}

fn read_whole(bytes: &[u8]) -> Vec<ServerEvent> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What has no end is no line.
    lines.pop();
    let (mut name, mut id, mut data) = (String::new(), String::new(), String::new());
    let mut events = Vec::new();
    for line in lines {
        if line.is_empty() {
            // The standard drops what has no data; a field without a value counts as data.
            if let Some(data) = data.strip_suffix('\n') {
                events.push(ServerEvent {
                    name: if name.is_empty() {
                        "message".to_owned()
                    } else {
                        name.clone()
                    },
                    id: Some(id.clone()).filter(|id| !id.is_empty()),
                    data: data.to_owned(),
                });
            }
            name.clear();
            data.clear();
            continue;
        }
        let (field, value) = match line.find(':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, ""),
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = value.to_owned(),
            "data" => data = format!("{data}{value}\n"),
            "id" if !value.contains('\0') => id = value.to_owned(),
            _ => {}
        }
    }
    events
}
