//! `file`: what files hold, told from how they begin.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, FileType, Result};

use super::common::{Files, Report, reason};
use super::lines::content;
use super::options::{Known, Takes, flag, long, parse, valued};

const KNOWN: [Known; 8] = [
    flag('b', "brief"),
    flag('i', "mime"),
    long("mime-type", Takes::Nothing),
    flag('L', "dereference"),
    flag('h', "no-dereference"),
    flag('s', "special-files"),
    flag('k', "keep-going"),
    valued('F', "separator"),
];

/// How files of many kinds begin, what they are called, and their media type.
const BEGINNINGS: [(&[u8], &str, &str); 17] = [
    (b"\x89PNG\r\n\x1a\n", "PNG image data", "image/png"),
    (b"\xff\xd8\xff", "JPEG image data", "image/jpeg"),
    (b"GIF8", "GIF image data", "image/gif"),
    (b"RIFF", "RIFF (little-endian) data", "application/octet-stream"),
    (b"%PDF-", "PDF document", "application/pdf"),
    (b"PK\x03\x04", "Zip archive data", "application/zip"),
    (b"\x1f\x8b", "gzip compressed data", "application/gzip"),
    (b"BZh", "bzip2 compressed data", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "XZ compressed data", "application/x-xz"),
    (
        b"\x28\xb5\x2f\xfd",
        "Zstandard compressed data",
        "application/zstd",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "7-zip archive data",
        "application/x-7z-compressed",
    ),
    (b"\x7fELF", "ELF", "application/x-executable"),
    (b"\0asm", "WebAssembly (wasm) binary module", "application/wasm"),
    (
        b"SQLite format 3\0",
        "SQLite 3.x database",
        "application/vnd.sqlite3",
    ),
    (b"OggS", "Ogg data", "application/ogg"),
    (b"ID3", "Audio file with ID3", "audio/mpeg"),
    (b"fLaC", "FLAC audio bitstream data", "audio/flac"),
];

pub(super) struct File;

#[async_trait]
impl Builtin for File {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("file", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let files = Files::new(&ctx);
        let mut report = Report::default();
        if given.operands.is_empty() {
            return Ok(ExecResult::err("Usage: file [-bchiLs] file ...\n", 1));
        }
        let widest = given
            .operands
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        for name in &given.operands {
            let found = match given.has("dereference") {
                true => files.stat(name).await,
                false => files.lstat(name).await,
            };
            let (words, media) = match found {
                _ if name == "-" => told(&content(&ctx, name).await?),
                Err(error) => (
                    format!("cannot open `{name}' ({})", reason(&error)),
                    "cannot open".to_owned(),
                ),
                Ok(found) => match found.file_type {
                    FileType::Directory => ("directory".to_owned(), "inode/directory".to_owned()),
                    FileType::Symlink => {
                        let target = files.fs.read_link(&files.path(name)).await?;
                        (
                            format!("symbolic link to {}", target.display()),
                            "inode/symlink".to_owned(),
                        )
                    }
                    _ => told(&content(&ctx, name).await?),
                },
            };
            let words = if given.has("mime") || given.has("mime-type") {
                media
            } else {
                words
            };
            if given.has("brief") {
                report.out.push_str(&format!("{words}\n"));
            } else {
                let separator = given.value("separator").unwrap_or(":");
                let pad = widest - name.chars().count();
                report
                    .out
                    .push_str(&format!("{name}{separator}{:pad$} {words}\n", ""));
            }
        }
        Ok(report.end())
    }
}

fn told(bytes: &[u8]) -> (String, String) {
    let both = |words: &str, media: &str| (words.to_owned(), media.to_owned());
    if bytes.is_empty() {
        return both("empty", "inode/x-empty");
    }
    if let Some((_, words, media)) = BEGINNINGS.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return both(words, media);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return both("POSIX tar archive (GNU)", "application/x-tar");
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return match bytes.iter().any(|byte| *byte < 7) {
            true => both("data", "application/octet-stream"),
            false => both("ISO-8859 text", "text/plain"),
        };
    };
    if bytes.iter().any(|byte| *byte < 7 || (14..27).contains(byte)) {
        return both("data", "application/octet-stream");
    }
    let start = text.trim_start();
    if (start.starts_with('{') || start.starts_with('['))
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    {
        return both("JSON text data", "application/json");
    }
    let letters = if text.is_ascii() {
        "ASCII text"
    } else {
        "Unicode text, UTF-8 text"
    };
    let ends = match (text.contains("\r\n"), text.contains('\n')) {
        (true, _) => ", with CRLF line terminators",
        (false, true) => "",
        (false, false) => ", with no line terminators",
    };
    let first = text.lines().next().unwrap_or_default();
    let kind = match first.strip_prefix("#!") {
        Some(program) => {
            let program = program.trim();
            let name = program
                .split_whitespace()
                .map(super::common::last)
                .find(|name| *name != "env")
                .unwrap_or_default();
            let script = match name {
                "bash" => "Bourne-Again shell script, ",
                "sh" | "dash" => "POSIX shell script, ",
                "python" | "python3" => "Python script, ",
                "perl" => "Perl script text executable, ",
                _ => {
                    return (
                        format!("a {program} script, {letters} executable{ends}"),
                        "text/plain".to_owned(),
                    );
                }
            };
            return (
                format!("{script}{letters} executable{ends}"),
                "text/x-shellscript".to_owned(),
            );
        }
        None if start.starts_with("<!DOCTYPE html") || start.starts_with("<html") => "HTML document, ",
        None if start.starts_with("<?xml") => "XML 1.0 document, ",
        None if text.contains("#include <") => "C source, ",
        None => "",
    };
    let media = match kind {
        "HTML document, " => "text/html",
        "XML 1.0 document, " => "text/xml",
        "C source, " => "text/x-c",
        _ => "text/plain",
    };
    (format!("{kind}{letters}{ends}"), media.to_owned())
}
