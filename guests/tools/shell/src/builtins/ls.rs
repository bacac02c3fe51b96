//! `ls`: what is in folders. Inodes are unknown here and shown as `?`; the owner is the one user that there is.

use std::time::SystemTime;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, FileType, Metadata, Result};
use chrono_tz::Tz;

use super::common::{Files, Report, quoted, reason, within};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::time;

mod layout;
mod order;

const KNOWN: [Known; 51] = [
    flag('a', "all"),
    flag('A', "almost-all"),
    flag('l', ""),
    flag('1', ""),
    flag('C', ""),
    flag('x', ""),
    flag('m', ""),
    flag('d', "directory"),
    flag('R', "recursive"),
    flag('r', "reverse"),
    flag('t', ""),
    flag('S', ""),
    flag('U', ""),
    flag('v', ""),
    flag('X', ""),
    flag('f', ""),
    flag('c', ""),
    flag('u', ""),
    flag('h', "human-readable"),
    long("si", Takes::Nothing),
    flag('k', "kibibytes"),
    flag('F', ""),
    long("classify", Takes::Maybe),
    flag('p', ""),
    long("file-type", Takes::Nothing),
    long("indicator-style", Takes::Value),
    flag('i', "inode"),
    flag('s', "size"),
    flag('n', "numeric-uid-gid"),
    flag('g', ""),
    flag('G', "no-group"),
    flag('o', ""),
    flag('L', "dereference"),
    flag('H', "dereference-command-line"),
    flag('Q', "quote-name"),
    flag('b', "escape"),
    flag('N', "literal"),
    flag('q', "hide-control-chars"),
    long("quoting-style", Takes::Value),
    valued('w', "width"),
    valued('T', "tabsize"),
    valued('I', "ignore"),
    long("hide", Takes::Value),
    flag('B', "ignore-backups"),
    long("group-directories-first", Takes::Nothing),
    long("time-style", Takes::Value),
    long("full-time", Takes::Nothing),
    long("sort", Takes::Value),
    long("time", Takes::Value),
    long("format", Takes::Value),
    long("color", Takes::Maybe),
];

/// One line, or one cell, of a listing.
pub(super) struct Item {
    name: String,
    found: Metadata,
    /// Where a link leads, and whether that is there and a folder.
    target: Option<(String, Option<FileType>)>,
}

impl Item {
    fn is_folder(&self) -> bool {
        match &self.target {
            Some((_, kind)) => kind.is_some_and(|kind| kind.is_dir()),
            None => self.found.file_type.is_dir(),
        }
    }
}

pub(super) struct Ls;

struct Run<'a> {
    given: &'a Given,
    files: Files,
    zone: Tz,
    is_long: bool,
    report: Report,
    headed: bool,
    first: bool,
}

#[async_trait]
impl Builtin for Ls {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("ls", &KNOWN, ctx.args, 2) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let form = given.value("format").unwrap_or_default();
        let is_long = matches!(form, "long" | "verbose")
            || ["l", "n", "g", "o", "numeric-uid-gid", "full-time"]
                .iter()
                .any(|name| given.has(name));
        let mut run = Run {
            given: &given,
            files: Files::new(&ctx),
            zone: time::zone(&ctx),
            is_long,
            report: Report::default(),
            headed: given.has("recursive") || given.operands.len() > 1,
            first: true,
        };
        let here = [".".to_owned()];
        let names = if given.operands.is_empty() {
            &here
        } else {
            given.operands.as_slice()
        };
        run.top(names).await;
        Ok(run.report.end())
    }
}

impl Run<'_> {
    fn trouble(&mut self, why: &str, code: i32) {
        self.report.fail("ls", why);
        self.report.code = self.report.code.max(code);
        if code == 2 {
            self.report.code = 2;
        }
    }

    async fn top(&mut self, names: &[String]) {
        let (mut items, mut folders) = (Vec::new(), Vec::new());
        for name in names {
            let found = self.named(name).await;
            match found {
                Ok(item) if item.found.file_type.is_dir() && !self.given.has("directory") => {
                    folders.push(item)
                }
                Ok(item) => items.push(item),
                // The folder that the session is in may be gone; it is empty then.
                Err(_) if name == "." => {}
                Err(error) => self.trouble(&format!("cannot access {}: {}", quoted(name), reason(&error)), 2),
            }
        }
        order::sort(self.given, &mut items);
        order::sort(self.given, &mut folders);
        if !items.is_empty() {
            layout::write(&mut self.report.out, self.given, self.is_long, self.zone, &items);
            self.first = false;
        }
        for folder in folders {
            self.folder(&folder.name).await;
        }
    }

    async fn named(&self, name: &str) -> Result<Item> {
        let follows = self.given.has("dereference")
            || self.given.has("dereference-command-line")
            || !(self.is_long
                || self.given.has("directory")
                || self.given.has("F")
                || self.given.has("classify"));
        let mut item = self
            .item(name.to_owned(), name, self.files.lstat(name).await?)
            .await;
        let leads_to_folder = matches!(item.target, Some((_, Some(FileType::Directory))));
        let must = self.given.has("dereference") || self.given.has("dereference-command-line");
        if item.target.is_some() && (must || (follows && leads_to_folder)) {
            item.found = self.files.stat(name).await?;
            item.target = None;
        }
        Ok(item)
    }

    async fn item(&self, name: String, at: &str, found: Metadata) -> Item {
        let target = match found.file_type {
            FileType::Symlink => match self.files.fs.read_link(&self.files.path(at)).await {
                Ok(target) => {
                    let kind = self.files.stat(at).await.ok().map(|found| found.file_type);
                    Some((target.to_string_lossy().into_owned(), kind))
                }
                Err(_) => None,
            },
            _ => None,
        };
        Item { name, found, target }
    }

    async fn folder(&mut self, name: &str) {
        let listed = self.files.fs.read_dir(&self.files.path(name)).await;
        if !self.first {
            self.report.out.push('\n');
        }
        self.first = false;
        if self.headed {
            self.report.out.push_str(&format!("{name}:\n"));
        }
        let entries = match listed {
            Ok(entries) => entries,
            Err(error) => {
                return self.trouble(
                    &format!("cannot open directory {}: {}", quoted(name), reason(&error)),
                    2,
                );
            }
        };
        let mut items = Vec::new();
        let all = self.given.has("all") || self.given.has("f");
        if all {
            for dots in [".", ".."] {
                if let Ok(found) = self.files.stat(&within(name, dots)).await {
                    items.push(Item {
                        name: dots.to_owned(),
                        found,
                        target: None,
                    });
                }
            }
        }
        for entry in entries {
            if order::is_hidden(self.given, &entry.name, all || self.given.has("almost-all")) {
                continue;
            }
            let at = within(name, &entry.name);
            let mut item = self.item(entry.name, &at, entry.metadata).await;
            if self.given.has("dereference")
                && let Ok(found) = self.files.stat(&at).await
            {
                item.found = found;
                item.target = None;
            }
            items.push(item);
        }
        order::sort(self.given, &mut items);
        if self.is_long || self.given.has("size") {
            let blocks: u64 = items.iter().map(|item| layout::blocks(&item.found)).sum();
            let total = layout::size(self.given, blocks * 1024, blocks);
            self.report.out.push_str(&format!("total {total}\n"));
        }
        layout::write(&mut self.report.out, self.given, self.is_long, self.zone, &items);
        if self.given.has("recursive") {
            for item in items {
                if item.found.file_type.is_dir() && item.name != "." && item.name != ".." {
                    Box::pin(self.folder(&within(name, &item.name))).await;
                }
            }
        }
    }
}

/// When something was changed, for sorting.
fn changed(item: &Item) -> SystemTime {
    item.found.modified
}
