//! `diff`: lines that differ, in all of the usual forms. Which lines count as the same is decided by Myers' algorithm, as
//! GNU does it, so the parts come out the same but for texts with many equal lines.

use std::collections::BTreeSet;
use std::time::SystemTime;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};
use chrono_tz::Tz;

use super::common::{Files, reason, within};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::{names, time};

mod lines;
mod render;

use lines::Rules;

const KNOWN: [Known; 30] = [
    flag('q', "brief"),
    flag('s', "report-identical-files"),
    Known(Some('u'), "", Takes::Nothing),
    valued('U', "unified"),
    Known(Some('c'), "", Takes::Nothing),
    valued('C', "context"),
    long("normal", Takes::Nothing),
    flag('e', "ed"),
    flag('y', "side-by-side"),
    valued('W', "width"),
    long("left-column", Takes::Nothing),
    long("suppress-common-lines", Takes::Nothing),
    flag('r', "recursive"),
    flag('N', "new-file"),
    flag('i', "ignore-case"),
    flag('w', "ignore-all-space"),
    flag('b', "ignore-space-change"),
    flag('Z', "ignore-trailing-space"),
    flag('B', "ignore-blank-lines"),
    flag('a', "text"),
    long("strip-trailing-cr", Takes::Nothing),
    long("label", Takes::Value),
    valued('L', ""),
    valued('x', "exclude"),
    flag('d', "minimal"),
    long("color", Takes::Maybe),
    long("no-dereference", Takes::Nothing),
    flag('p', "show-c-function"),
    flag('t', "expand-tabs"),
    flag('T', "initial-tab"),
];

pub(super) struct Diff;

/// One side of a comparison.
struct Side {
    name: String,
    bytes: Vec<u8>,
    modified: Option<SystemTime>,
}

struct Run<'a> {
    given: &'a Given,
    args: &'a [String],
    files: Files,
    zone: Tz,
    stdin: Vec<u8>,
    out: Vec<u8>,
    err: String,
    code: i32,
}

#[async_trait]
impl Builtin for Diff {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let args = numbered(ctx.args);
        let given = match parse("diff", &KNOWN, &args, 2) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let (one, two) = match given.operands.as_slice() {
            [one, two] => (one.clone(), two.clone()),
            [one] => return Ok(misused(&format!("missing operand after '{one}'"))),
            [] => return Ok(misused("missing operand after 'diff'")),
            [_, _, more, ..] => return Ok(misused(&format!("extra operand '{more}'"))),
        };
        let mut run = Run {
            given: &given,
            args: ctx.args,
            files: Files::new(&ctx),
            zone: time::zone(&ctx),
            stdin: ctx
                .stdin
                .map(|stdin| stdin.as_bytes().to_vec())
                .unwrap_or_default(),
            out: Vec::new(),
            err: String::new(),
            code: 0,
        };
        run.top(&one, &two).await;
        Ok(ExecResult {
            stdout: run.out.into(),
            stderr: run.err.into(),
            exit_code: run.code,
            ..ExecResult::default()
        })
    }
}

/// `-3u` and `-u3` are old ways to write `-U 3`.
fn numbered(args: &[String]) -> Vec<String> {
    let rewritten = args.iter().map(|arg| {
        let digits = arg.strip_prefix('-').unwrap_or_default();
        let (number, rest): (String, String) = digits.chars().partition(char::is_ascii_digit);
        match (number.is_empty(), rest.as_str()) {
            (false, "u" | "U") => format!("-U{number}"),
            (false, "c" | "C") => format!("-C{number}"),
            _ => arg.clone(),
        }
    });
    rewritten.collect()
}

fn misused(why: &str) -> ExecResult {
    ExecResult::err(
        format!("diff: {why}\ndiff: Try 'diff --help' for more information.\n"),
        2,
    )
}

impl Run<'_> {
    fn trouble(&mut self, why: &str) {
        self.err.push_str(&format!("diff: {why}\n"));
        self.code = 2;
    }

    fn differ(&mut self) {
        self.code = self.code.max(1);
    }

    async fn top(&mut self, one: &str, two: &str) {
        match (self.files.is_folder(one).await, self.files.is_folder(two).await) {
            (true, true) => self.folders(one, two).await,
            (true, false) if two != "-" => {
                let one = within(one, super::common::last(two));
                self.pair(&one, two, false).await;
            }
            (false, true) if one != "-" => {
                let two = within(two, super::common::last(one));
                self.pair(one, &two, false).await;
            }
            _ => self.pair(one, two, false).await,
        }
    }

    async fn folders(&mut self, one: &str, two: &str) {
        let mut names = BTreeSet::new();
        for folder in [one, two] {
            match self.files.fs.read_dir(&self.files.path(folder)).await {
                Ok(entries) => names.extend(entries.into_iter().map(|entry| entry.name)),
                // One that is not there is an empty one.
                Err(_) if self.given.has("new-file") && self.files.stat(folder).await.is_err() => {}
                Err(error) => return self.trouble(&format!("{folder}: {}", reason(&error))),
            }
        }
        let excluded: Vec<&String> = self
            .given
            .options
            .iter()
            .filter(|(name, _)| name == "exclude")
            .filter_map(|(_, value)| value.as_ref())
            .collect();
        names.retain(|name| !excluded.iter().any(|pattern| names::matches(pattern, name)));
        for name in names {
            let (left, right) = (within(one, &name), within(two, &name));
            let there = (
                self.files.stat(&left).await.ok(),
                self.files.stat(&right).await.ok(),
            );
            match there {
                (None, None) => {}
                (Some(_), None) | (None, Some(_)) if !self.given.has("new-file") => {
                    let holder = if there.0.is_some() { one } else { two };
                    self.out
                        .extend_from_slice(format!("Only in {holder}: {name}\n").as_bytes());
                    self.differ();
                }
                (one_is, two_is) => {
                    let folder = |found: &Option<bashkit::Metadata>| {
                        found.as_ref().map(|found| found.file_type.is_dir())
                    };
                    match (folder(&one_is), folder(&two_is)) {
                        (Some(true), Some(true) | None) | (None, Some(true))
                            if self.given.has("recursive") =>
                        {
                            Box::pin(self.folders(&left, &right)).await;
                        }
                        (Some(true), Some(true)) => {
                            let line = format!("Common subdirectories: {left} and {right}\n");
                            self.out.extend_from_slice(line.as_bytes());
                        }
                        (Some(true), Some(false)) => {
                            self.kinds(&left, "a directory", &right, "a regular file")
                        }
                        (Some(false), Some(true)) => {
                            self.kinds(&left, "a regular file", &right, "a directory")
                        }
                        _ => self.pair(&left, &right, true).await,
                    }
                }
            }
        }
    }

    fn kinds(&mut self, left: &str, is: &str, right: &str, other: &str) {
        let line = format!("File {left} is {is} while file {right} is {other}\n");
        self.out.extend_from_slice(line.as_bytes());
        self.differ();
    }

    async fn side(&mut self, name: &str) -> Option<Side> {
        if name == "-" {
            return Some(Side {
                name: name.to_owned(),
                bytes: self.stdin.clone(),
                modified: None,
            });
        }
        let path = self.files.path(name);
        match self.files.fs.read_file(&path).await {
            Ok(bytes) => {
                let modified = self.files.fs.stat(&path).await.ok().map(|found| found.modified);
                Some(Side {
                    name: name.to_owned(),
                    bytes,
                    modified,
                })
            }
            Err(_) if self.given.has("new-file") && self.files.stat(name).await.is_err() => Some(Side {
                name: name.to_owned(),
                bytes: Vec::new(),
                modified: Some(SystemTime::UNIX_EPOCH),
            }),
            Err(error) => {
                self.trouble(&format!("{name}: {}", reason(&error)));
                None
            }
        }
    }

    async fn pair(&mut self, one: &str, two: &str, in_folders: bool) {
        let (left, right) = (self.side(one).await, self.side(two).await);
        let (Some(left), Some(right)) = (left, right) else {
            return;
        };
        let rules = Rules::of(self.given);
        let is_same = left.bytes == right.bytes;
        let binary = |bytes: &[u8]| bytes.iter().take(4096).any(|byte| *byte == 0);
        if !is_same && !self.given.has("text") && (binary(&left.bytes) || binary(&right.bytes)) {
            let line = match self.given.has("brief") {
                true => format!("Files {one} and {two} differ\n"),
                false => format!("Binary files {one} and {two} differ\n"),
            };
            self.out.extend_from_slice(line.as_bytes());
            return self.differ();
        }
        let changes = match is_same {
            true => lines::Changes::default(),
            false => lines::compare(&left.bytes, &right.bytes, &rules),
        };
        if changes.is_empty() {
            if self.given.has("report-identical-files") {
                self.out
                    .extend_from_slice(format!("Files {one} and {two} are identical\n").as_bytes());
            } else if self.given.has("side-by-side") {
                render::side_by_side(&mut self.out, self.given, &changes, &left.bytes);
            }
            return;
        }
        self.differ();
        if self.given.has("brief") {
            self.out
                .extend_from_slice(format!("Files {one} and {two} differ\n").as_bytes());
            return;
        }
        if in_folders {
            let options: Vec<&str> = self
                .args
                .iter()
                .filter(|arg| arg.starts_with('-') && arg.len() > 1)
                .map(String::as_str)
                .collect();
            self.out
                .extend_from_slice(format!("diff {} {one} {two}\n", options.join(" ")).as_bytes());
        }
        let labels: Vec<&str> = self
            .given
            .options
            .iter()
            .filter(|(name, _)| name == "label" || name == "L")
            .filter_map(|(_, value)| value.as_deref())
            .collect();
        let head = |side: &Side, nth: usize| match labels.get(nth) {
            Some(label) => (*label).to_owned(),
            None => {
                let changed = side.modified.unwrap_or_else(SystemTime::now);
                format!("{}\t{}", side.name, time::full(changed, self.zone))
            }
        };
        render::all(
            &mut self.out,
            self.given,
            &changes,
            &head(&left, 0),
            &head(&right, 1),
        );
    }
}
