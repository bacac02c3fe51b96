//! `stat`: what is known of files. The host tells neither owners nor links nor devices, so these are always the same:
//! the one user that there is, one link, device 0.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, FileType, Metadata, Result};
use chrono_tz::Tz;

use super::common::{Files, GROUP, Report, USER, mode_text, quoted, reason};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::time::{self, full};

const KNOWN: [Known; 6] = [
    flag('L', "dereference"),
    flag('f', "file-system"),
    flag('t', "terse"),
    valued('c', "format"),
    long("printf", Takes::Value),
    long("cached", Takes::Value),
];

pub(super) struct Stat;

#[async_trait]
impl Builtin for Stat {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("stat", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        if given.operands.is_empty() {
            report.fail("stat", "missing operand\nTry 'stat --help' for more information.");
            return Ok(report.end());
        }
        if given.has("file-system") {
            report.fail(
                "stat",
                "-f: this sandbox does not tell what its folders lie on; use df",
            );
            return Ok(report.end());
        }
        let (files, zone) = (Files::new(&ctx), time::zone(&ctx));
        for name in &given.operands {
            let found = match given.has("dereference") {
                true => files.stat(name).await,
                false => files.lstat(name).await,
            };
            match found {
                Ok(found) => {
                    let target = match found.file_type {
                        FileType::Symlink => files.fs.read_link(&files.path(name)).await.ok(),
                        _ => None,
                    };
                    let target = target.map(|target| target.to_string_lossy().into_owned());
                    report
                        .out
                        .push_str(&describe(&given, name, &Seen { found, target, zone }));
                }
                Err(error) => report.fail(
                    "stat",
                    &format!("cannot statx {}: {}", quoted(name), reason(&error)),
                ),
            }
        }
        Ok(report.end())
    }
}

/// What is known of one file.
struct Seen {
    found: Metadata,
    target: Option<String>,
    zone: Tz,
}

fn describe(given: &Given, name: &str, seen: &Seen) -> String {
    match given.last(&["format", "printf"]) {
        Some("format") => expand(given.value("format").unwrap_or_default(), name, seen) + "\n",
        Some(_) => expand(&unescape(given.value("printf").unwrap_or_default()), name, seen),
        None if given.has("terse") => expand("%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n", name, seen),
        None => {
            let form = "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: 0,0\tInode: %-10i  Links: %h\n\
                Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n";
            let form = match seen.target {
                Some(_) => form.to_owned(),
                None => form.replace("%N", "%n"),
            };
            expand(&form, name, seen)
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('0') => out.push('\0'),
                Some('\\') | None => out.push('\\'),
                Some('"') => out.push('"'),
                Some(other) => out.extend(['\\', other]),
            },
            other => out.push(other),
        }
    }
    out
}

fn expand(form: &str, name: &str, seen: &Seen) -> String {
    let mut out = String::new();
    let mut letters = form.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut width = String::new();
        let directive = loop {
            match letters.next() {
                Some(letter @ ('-' | '0'..='9' | '.' | '#' | '+' | ' ')) => width.push(letter),
                other => break other,
            }
        };
        let Some(directive) = directive else {
            out.push('%');
            break;
        };
        let value = value(directive, name, seen);
        let zero = width.starts_with('0');
        let left = width.starts_with('-');
        let wide: usize = width
            .trim_start_matches(['-', '0', '#', '+', ' '])
            .parse()
            .unwrap_or(0);
        let pad = wide.saturating_sub(value.chars().count());
        let fill = |with: char| std::iter::repeat_n(with, pad);
        match (left, zero) {
            (true, _) => {
                out.push_str(&value);
                out.extend(fill(' '));
            }
            (false, true) => {
                out.extend(fill('0'));
                out.push_str(&value);
            }
            (false, false) => {
                out.extend(fill(' '));
                out.push_str(&value);
            }
        }
    }
    out
}

fn value(directive: char, name: &str, Seen { found, target, zone }: &Seen) -> String {
    let kind = found.file_type;
    match directive {
        '%' => "%".to_owned(),
        'n' => name.to_owned(),
        'N' => match target {
            Some(target) => format!("{} -> {}", quoted(name), quoted(target)),
            None => quoted(name),
        },
        's' => found.size.to_string(),
        'b' => found.size.div_ceil(4096).saturating_mul(8).to_string(),
        'B' => "512".to_owned(),
        'o' => "4096".to_owned(),
        'a' => format!("{:o}", found.mode),
        'A' => mode_text(kind, found.mode),
        'f' => format!("{:x}", found.mode | type_bits(kind)),
        'F' => match kind {
            FileType::Directory => "directory",
            FileType::Symlink => "symbolic link",
            FileType::Fifo => "fifo",
            FileType::File if found.size == 0 => "regular empty file",
            FileType::File => "regular file",
        }
        .to_owned(),
        'u' | 'g' => "1000".to_owned(),
        'i' | 'd' | 'D' | 't' | 'T' | 'r' | 'R' => "0".to_owned(),
        'U' => USER.to_owned(),
        'G' => GROUP.to_owned(),
        'h' => "1".to_owned(),
        'm' => "/".to_owned(),
        'x' | 'y' | 'z' => full(found.modified, *zone),
        'X' | 'Y' | 'Z' => seconds(found.modified).to_string(),
        'w' => full(found.created, *zone),
        'W' => seconds(found.created).to_string(),
        other => format!("?{other}"),
    }
}

fn type_bits(kind: FileType) -> u32 {
    match kind {
        FileType::Directory => 0o040_000,
        FileType::Symlink => 0o120_000,
        FileType::Fifo => 0o010_000,
        FileType::File => 0o100_000,
    }
}

fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}
