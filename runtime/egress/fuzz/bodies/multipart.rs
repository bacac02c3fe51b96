//! Sends a form to a real server. Whoever reads it, with backslashes that escape or without, finds the parts that
//! were given and no other.

use openclaw_egress::{Body, Content, Part};

use super::wire::send;

/// To begin with. Parts end at 0x1e; name, file name, media type and content at 0x1f.
pub const SEEDS: &[&[u8]] = &[
    b"field\x1f\x1f\x1fvalue\x1efile\x1fa.txt\x1ftext/plain\x1fcontent",
    b"a\"; filename=\"b\x1fc\"\r\n\r\nd\x1f\x1f--boundary\r\n",
    b"\xc3\xa9\x1f..\\..\\x\x1fimage/png; a=\"b\"\x1f\xff\0\r\n--\r\n",
    b"",
];

/// What ends a quote, a line or a part for somebody.
pub const TOKENS: &[&[u8]] = &[
    b"\x1e",
    b"\x1f",
    b"\"",
    b"\\",
    b"\\\"",
    b"\"; filename=\"",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"--",
    b"--\r\n",
    b"------openclaw",
    b"%22",
    b"%",
    b";",
    b"=",
    b"Content-Type: x",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
    b"\x0b",
];

struct Given {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    content: Vec<u8>,
}

/// Keeps the promises of forms.
pub fn run(data: &[u8]) {
    let given: Vec<Given> = data.split(|byte| *byte == 0x1e).take(20).map(give).collect();
    let parts = given.iter().map(|part| Part {
        name: part.name.clone(),
        file_name: part.file_name.clone(),
        content_type: part.content_type.clone(),
        content: match String::from_utf8(part.content.clone()) {
            Ok(text) if part.file_name.is_none() => Content::Text(text),
            _ => Content::Bytes(part.content.clone().into()),
        },
    });
    let (sent, heard) = send(Vec::new(), Body::Multipart(parts.collect()));
    let is_line = |kind: &String| kind.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
    let is_allowed = given
        .iter()
        .filter_map(|part| part.content_type.as_ref())
        .all(is_line);
    if let Err(error) = sent {
        assert!(heard.is_empty() && !is_allowed, "refused: {error}");
        return;
    }
    let [heard] = heard.as_slice() else {
        panic!("{} requests arrived", heard.len())
    };
    assert!(is_allowed);
    let kind = String::from_utf8(heard.only("content-type")).expect("text");
    let boundary = kind
        .strip_prefix("multipart/form-data; boundary=")
        .expect("a boundary");
    let found = split(&heard.body, boundary);
    assert_eq!(found.len(), given.len());
    for ((head, content), given) in found.iter().zip(&given) {
        assert_eq!(*content, given.content);
        let head = std::str::from_utf8(head).expect("text");
        let mut lines = head.split("\r\n");
        let first = lines.next().expect("a line");
        let kind = lines
            .next()
            .map(|line| line.strip_prefix("Content-Type: ").expect("the type"));
        assert_eq!((kind, lines.next()), (given.content_type.as_deref(), None));
        assert!(!head.replace("\r\n", "").contains(['\r', '\n']));
        let plain = parameters(first, false);
        assert_eq!(plain, parameters(first, true), "{first}");
        let names: Vec<_> = plain.iter().map(|(name, _)| *name).collect();
        let expected: &[&str] = if given.file_name.is_some() {
            &["name", "filename"]
        } else {
            &["name"]
        };
        assert_eq!(names, expected);
        for ((_, found), given) in plain.iter().zip(
            [Some(&given.name), given.file_name.as_ref()]
                .into_iter()
                .flatten(),
        ) {
            let sent = given
                .replace('"', "%22")
                .replace('\r', "%0D")
                .replace('\n', "%0A");
            // A backslash at the end would make the quote behind it part of the name.
            let sent = sent
                .strip_suffix('\\')
                .map_or(sent.clone(), |start| format!("{start}%5C"));
            assert_eq!(*found, sent);
        }
    }
}

fn give(part: &[u8]) -> Given {
    let mut fields = part.splitn(4, |byte| *byte == 0x1f);
    let mut text = || String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
    let (name, file_name, content_type) = (text(), text(), text());
    Given {
        name,
        file_name: Some(file_name).filter(|name| !name.is_empty()),
        content_type: Some(content_type).filter(|kind| !kind.is_empty()),
        content: part
            .splitn(4, |byte| *byte == 0x1f)
            .nth(3)
            .unwrap_or_default()
            .to_vec(),
    }
}

/// Heads and contents of the parts.
fn split<'b>(body: &'b [u8], boundary: &str) -> Vec<(&'b [u8], &'b [u8])> {
    let mut found = Vec::new();
    let mut rest = body
        .strip_prefix(format!("--{boundary}").as_bytes())
        .expect("the boundary first");
    let between = format!("\r\n--{boundary}");
    while rest != b"--\r\n" {
        rest = rest
            .strip_prefix(b"\r\n")
            .expect("the end of the boundary's line");
        let (head, behind) = cut(rest, b"\r\n\r\n");
        let (content, behind) = cut(behind, between.as_bytes());
        found.push((head, content));
        rest = behind;
    }
    found
}

fn cut<'b>(bytes: &'b [u8], at: &[u8]) -> (&'b [u8], &'b [u8]) {
    let found = bytes
        .windows(at.len())
        .position(|part| part == at)
        .expect("an end");
    (&bytes[..found], &bytes[found + at.len()..])
}

/// What a reader finds in the quotes of a disposition. For some a backslash makes the sign behind it ordinary.
fn parameters(line: &str, has_escapes: bool) -> Vec<(&str, &str)> {
    let mut rest = line
        .strip_prefix("Content-Disposition: form-data")
        .expect("the disposition");
    let mut found = Vec::new();
    while let Some(behind) = rest.strip_prefix("; ") {
        let (name, behind) = behind.split_once("=\"").expect("a quote");
        let mut is_escaped = false;
        let end = behind.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = has_escapes && c == '\\' && !is_escaped;
            is_end
        });
        let (value, behind) = behind.split_at(end.expect("an end of the quotes"));
        found.push((name, value));
        rest = &behind[1..];
    }
    assert_eq!(rest, "", "{line}");
    found
}
