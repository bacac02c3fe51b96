//! The bytes of an archive: `ustar` with GNU's long names; pax names are read too.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bashkit::{FileType, Metadata};

use crate::builtins::common::{GROUP, USER};

const BLOCK: usize = 512;
/// Archives are filled up to whole records.
const RECORD: usize = 20 * BLOCK;

/// One thing in an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: FileType,
    /// Whether it is a second name of what `target` names.
    pub(super) is_link: bool,
    pub(super) mode: u32,
    pub(super) modified: SystemTime,
    pub(super) target: String,
    pub(super) bytes: Vec<u8>,
}

impl Member {
    pub(super) fn new(name: String, found: &Metadata) -> Self {
        Self {
            name,
            kind: found.file_type,
            is_link: false,
            mode: found.mode,
            modified: found.modified,
            target: String::new(),
            bytes: Vec::new(),
        }
    }
}

fn padded(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// Writes one member.
pub(super) fn write(out: &mut Vec<u8>, member: &Member) {
    for (letter, text) in [(b'K', &member.target), (b'L', &member.name)] {
        if text.len() > 100 {
            let mut bytes = text.clone().into_bytes();
            bytes.push(0);
            head(out, b"././@LongLink", 0o644, bytes.len(), 0, letter, b"");
            out.extend(bytes);
            padded(out);
        }
    }
    let letter = match member.kind {
        _ if member.is_link => b'1',
        FileType::Directory => b'5',
        FileType::Symlink => b'2',
        FileType::Fifo => b'6',
        FileType::File => b'0',
    };
    let seconds = member
        .modified
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let cut = |text: &str| text.bytes().take(100).collect::<Vec<u8>>();
    head(
        out,
        &cut(&member.name),
        member.mode,
        member.bytes.len(),
        seconds,
        letter,
        &cut(&member.target),
    );
    out.extend_from_slice(&member.bytes);
    padded(out);
}

fn head(out: &mut Vec<u8>, name: &[u8], mode: u32, size: usize, seconds: u64, letter: u8, target: &[u8]) {
    let mut block: Vec<u8> = Vec::with_capacity(BLOCK);
    let put = |block: &mut Vec<u8>, bytes: &[u8], wide: usize| {
        let end = block.len() + wide;
        block.extend_from_slice(bytes);
        block.resize(end, 0);
    };
    put(&mut block, name, 100);
    put(&mut block, format!("{mode:07o}").as_bytes(), 8);
    put(&mut block, b"0001750", 8);
    put(&mut block, b"0001750", 8);
    put(&mut block, format!("{size:011o}").as_bytes(), 12);
    put(&mut block, format!("{seconds:011o}").as_bytes(), 12);
    put(&mut block, b"        ", 8);
    block.push(letter);
    put(&mut block, target, 100);
    put(&mut block, b"ustar  ", 8);
    put(&mut block, USER.as_bytes(), 32);
    put(&mut block, GROUP.as_bytes(), 32);
    block.resize(BLOCK, 0);
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let (before, after) = (
        block.get(..148).unwrap_or_default(),
        block.get(156..).unwrap_or_default(),
    );
    out.extend_from_slice(before);
    out.extend_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(after);
}

/// Ends an archive.
pub(super) fn finish(out: &mut Vec<u8>) {
    out.resize((out.len() + 2 * BLOCK).next_multiple_of(RECORD), 0);
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn number(bytes: &[u8]) -> Option<u64> {
    match bytes.first() {
        // Numbers too large for digits are written as such.
        Some(first) if first & 0x80 != 0 => bytes
            .iter()
            .skip(1)
            .try_fold(0u64, |sum, byte| Some(sum.checked_mul(256)? + u64::from(*byte))),
        _ => {
            let digits = text(bytes);
            let digits = digits.trim();
            if digits.is_empty() {
                Some(0)
            } else {
                u64::from_str_radix(digits, 8).ok()
            }
        }
    }
}

/// Reads an archive, and says whether it ends within a member. `None`: it is none.
pub(super) fn read(bytes: &[u8]) -> Option<(Vec<Member>, bool)> {
    let mut members = Vec::new();
    let mut is_cut = false;
    let mut at = 0;
    let (mut long_name, mut long_target) = (None, None);
    while let Some(block) = bytes.get(at..at + BLOCK) {
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        let field = |from: usize, wide: usize| block.get(from..from + wide).unwrap_or_default();
        let sum: u64 = block
            .iter()
            .enumerate()
            .map(|(nth, byte)| {
                if (148..156).contains(&nth) {
                    32
                } else {
                    u64::from(*byte)
                }
            })
            .sum();
        if number(field(148, 8).trim_ascii())? != sum {
            return None;
        }
        let size = usize::try_from(number(field(124, 12))?).ok()?;
        let begin = at + BLOCK;
        let content = bytes.get(begin..begin.checked_add(size)?);
        is_cut = content.is_none();
        // Of a member that is cut, what is there is kept, as far as there are whole blocks.
        let content = content.or_else(|| bytes.get(begin..bytes.len() - bytes.len() % BLOCK))?;
        at = begin + content.len().next_multiple_of(BLOCK);
        let letter = *field(156, 1).first()?;
        match letter {
            b'L' => long_name = Some(text(content)),
            b'K' => long_target = Some(text(content)),
            b'x' => {
                for (name, value) in pax(content) {
                    match name.as_str() {
                        "path" => long_name = Some(value),
                        "linkpath" => long_target = Some(value),
                        _ => {}
                    }
                }
            }
            b'g' => {}
            _ => {
                let prefix = if field(257, 6) == b"ustar\0" {
                    text(field(345, 155))
                } else {
                    String::new()
                };
                let name = match prefix.is_empty() {
                    true => text(field(0, 100)),
                    false => format!("{prefix}/{}", text(field(0, 100))),
                };
                let kind = match letter {
                    b'5' => FileType::Directory,
                    b'2' => FileType::Symlink,
                    _ => FileType::File,
                };
                members.push(Member {
                    name: long_name.take().unwrap_or(name),
                    kind,
                    is_link: letter == b'1',
                    mode: u32::try_from(number(field(100, 8))? & 0o7777).ok()?,
                    modified: UNIX_EPOCH + Duration::from_secs(number(field(136, 12)).unwrap_or(0)),
                    target: long_target.take().unwrap_or_else(|| text(field(157, 100))),
                    bytes: content.to_vec(),
                });
            }
        }
    }
    (at > 0 || bytes.iter().all(|byte| *byte == 0)).then_some((members, is_cut))
}

fn pax(mut content: &[u8]) -> Vec<(String, String)> {
    let mut records = Vec::new();
    while let Some(space) = content.iter().position(|byte| *byte == b' ') {
        let length = String::from_utf8_lossy(content.get(..space).unwrap_or_default())
            .parse::<usize>()
            .unwrap_or(0);
        let Some(record) = content.get(space + 1..length) else {
            break;
        };
        let record = String::from_utf8_lossy(record).into_owned();
        if let Some((name, value)) = record.trim_end_matches('\n').split_once('=') {
            records.push((name.to_owned(), value.to_owned()));
        }
        content = content.get(length..).unwrap_or_default();
    }
    records
}
