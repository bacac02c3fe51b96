//! `tar`: folders in one file, plain, gzipped or bzipped.

use std::io::{ErrorKind, Read, Write};

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, FileType, Result};
use chrono_tz::Tz;

use super::common::{Files, GROUP, Report, USER, mode_text, reason, within};
use super::lines::content;
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::{gzip, names, time};

mod format;

use format::Member;

const KNOWN: [Known; 45] = [
    flag('c', "create"),
    flag('x', "extract"),
    long("get", Takes::Nothing),
    flag('t', "list"),
    flag('r', "append"),
    flag('u', "update"),
    valued('f', "file"),
    flag('z', "gzip"),
    flag('j', "bzip2"),
    flag('J', "xz"),
    flag('a', "auto-compress"),
    flag('v', "verbose"),
    valued('C', "directory"),
    flag('O', "to-stdout"),
    flag('k', "keep-old-files"),
    long("skip-old-files", Takes::Nothing),
    long("overwrite", Takes::Nothing),
    flag('p', "preserve-permissions"),
    flag('P', "absolute-names"),
    flag('h', "dereference"),
    flag('m', "touch"),
    valued('T', "files-from"),
    valued('X', "exclude-from"),
    long("exclude", Takes::Value),
    long("strip-components", Takes::Value),
    long("wildcards", Takes::Nothing),
    long("no-wildcards", Takes::Nothing),
    long("anchored", Takes::Nothing),
    long("no-anchored", Takes::Nothing),
    long("no-recursion", Takes::Nothing),
    long("owner", Takes::Value),
    long("group", Takes::Value),
    long("mode", Takes::Value),
    long("mtime", Takes::Value),
    long("numeric-owner", Takes::Nothing),
    long("no-same-owner", Takes::Nothing),
    long("no-same-permissions", Takes::Nothing),
    long("same-owner", Takes::Nothing),
    long("sort", Takes::Value),
    long("format", Takes::Value),
    long("exclude-vcs", Takes::Nothing),
    long("no-overwrite-dir", Takes::Nothing),
    long("null", Takes::Nothing),
    flag('S', "sparse"),
    flag('n', "seek"),
];

pub(super) struct Tar;

/// What could be read of an archive.
struct Archive {
    members: Vec<Member>,
    is_packed: bool,
    /// Why that is not all of it.
    fault: Option<&'static str>,
}

struct Run<'a> {
    given: &'a Given,
    files: Files,
    zone: Tz,
    /// Names are told here: to the other stream if the archive goes to the first.
    told: String,
    out: Vec<u8>,
    report: Report,
    excluded: Vec<String>,
    /// Links that lead out of their folder, which are made when all else is there: nothing is written through them.
    postponed: Vec<(String, String)>,
}

#[async_trait]
impl Builtin for Tar {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let args = dashed(ctx.args);
        let given = match parse("tar", &KNOWN, &args, 64) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut run = Run {
            given: &given,
            files: Files::new(&ctx),
            zone: time::zone(&ctx),
            told: String::new(),
            out: Vec::new(),
            report: Report::default(),
            excluded: Vec::new(),
            postponed: Vec::new(),
        };
        for (name, value) in &given.options {
            match (name.as_str(), value) {
                ("exclude", Some(pattern)) => run.excluded.push(pattern.trim_end_matches('/').to_owned()),
                ("exclude-from", Some(file)) => match content(&ctx, file).await {
                    Ok(text) => run
                        .excluded
                        .extend(String::from_utf8_lossy(&text).lines().map(str::to_owned)),
                    Err(error) => run.fatal(&format!("{file}: Cannot open: {}", reason(&error))),
                },
                ("exclude-vcs", _) => run.excluded.extend([".git", ".svn", ".hg"].map(str::to_owned)),
                _ => {}
            }
        }
        let asked = given.last(&["create", "extract", "get", "list", "append", "update"]);
        match asked {
            _ if given.has("xz") => run.fatal("xz is not built in here; use gzip (-z) or bzip2 (-j)"),
            _ if run.report.code != 0 => {}
            Some("create") => run.create(&ctx, Vec::new()).await,
            Some("append" | "update") => {
                match run.load(&ctx).await {
                    // Writing what could be read would lose the rest.
                    Some(Archive {
                        fault: Some(fault), ..
                    }) => run.fatal(fault),
                    Some(Archive { is_packed: true, .. }) => run.fatal("Cannot update compressed archives"),
                    Some(Archive { members, .. }) => run.create(&ctx, members).await,
                    None => {}
                }
            }
            Some(_) => {
                if let Some(archive) = run.load(&ctx).await {
                    run.read(archive, asked == Some("list")).await;
                }
            }
            None => {
                run.report.fail(
                    "tar",
                    "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\n\
                     Try 'tar --help' or 'tar --usage' for more information.",
                );
                run.report.code = 2;
            }
        }
        let to_out = asked == Some("create") && run.archive() == "-";
        match to_out {
            true => run.report.err.insert_str(0, &run.told),
            false => {
                let mut told = run.told.into_bytes();
                told.append(&mut run.out);
                run.out = told;
            }
        }
        Ok(ExecResult {
            stdout: run.out.into(),
            ..run.report.end()
        })
    }
}

/// `tar xzf a.tgz` is an old way to write `tar -x -z -f a.tgz`.
fn dashed(args: &[String]) -> Vec<String> {
    let Some((first, rest)) = args.split_first().filter(|(first, _)| !first.starts_with('-')) else {
        return args.to_vec();
    };
    let mut rest = rest.iter();
    let mut dashed = Vec::new();
    for letter in first.chars() {
        dashed.push(format!("-{letter}"));
        if KNOWN
            .iter()
            .any(|known| known.0 == Some(letter) && known.2 == Takes::Value)
        {
            dashed.extend(rest.next().cloned());
        }
    }
    dashed.extend(rest.cloned());
    dashed
}

/// A name of a member as it is written here: never out of the folder, and without its first parts.
fn stripped(name: &str, strip: usize) -> String {
    let parts = name.split('/').filter(|part| *part != "..").skip(strip);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

impl Run<'_> {
    fn archive(&self) -> &str {
        self.given.value("file").unwrap_or("-")
    }

    fn fatal(&mut self, why: &str) {
        self.report.fail(
            "tar",
            &format!("{why}\ntar: Error is not recoverable: exiting now"),
        );
        self.report.code = 2;
    }

    fn wrong(&mut self, why: &str) {
        self.report.fail("tar", why);
        self.report.code = 2;
    }

    /// Says at the end that something before went wrong.
    fn close(&mut self) {
        if self.report.code != 0 {
            self.report
                .fail("tar", "Exiting with failure status due to previous errors");
            self.report.code = 2;
        }
    }

    fn is_excluded(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        let mut tails = vec![name];
        tails.extend(name.match_indices('/').filter_map(|(at, _)| name.get(at + 1..)));
        self.excluded
            .iter()
            .any(|pattern| tails.iter().any(|tail| names::matches(pattern, tail)))
    }

    async fn load(&mut self, ctx: &BuiltinContext<'_>) -> Option<Archive> {
        let archive = self.archive().to_owned();
        let bytes = match content(ctx, &archive).await {
            Ok(bytes) => bytes,
            Err(error) => {
                self.fatal(&format!("{archive}: Cannot open: {}", reason(&error)));
                return None;
            }
        };
        let is_packed = matches!(bytes.get(..3), Some([0x1f, 0x8b, _] | b"BZh"));
        let (plain, why) = match bytes.get(..3) {
            Some([0x1f, 0x8b, _]) => {
                let (plain, why) = gzip::unpack(&bytes);
                (plain, why.map(|why| format!("gzip: stdin: {why}")))
            }
            Some(b"BZh") => {
                let mut plain = Vec::new();
                let unpacked = bzip2::read::MultiBzDecoder::new(bytes.as_slice()).read_to_end(&mut plain);
                let why = unpacked.err().map(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => "bzip2: Compressed file ends unexpectedly",
                    _ => "bzip2: Data integrity error when decompressing",
                });
                (plain, why.map(str::to_owned))
            }
            _ => (bytes, None),
        };
        let is_broken = why.is_some();
        if let Some(why) = why {
            self.report.err.push_str(&format!("\n{why}\n"));
        }
        let Some((members, is_cut)) = format::read(&plain) else {
            self.wrong("This does not look like a tar archive");
            self.close();
            return None;
        };
        let fault = match (is_cut, is_broken) {
            (true, _) => Some("Unexpected EOF in archive"),
            (false, true) => Some("Child returned status 1"),
            (false, false) => None,
        };
        Some(Archive {
            members,
            is_packed,
            fault,
        })
    }

    async fn create(&mut self, ctx: &BuiltinContext<'_>, mut members: Vec<Member>) {
        let mut operands: Vec<(String, Files)> = Vec::new();
        for (nth, name) in self.given.operands.iter().enumerate() {
            operands.push((name.clone(), self.folder(nth)));
        }
        if let Some(list) = self.given.value("files-from") {
            let end = if self.given.has("null") { '\0' } else { '\n' };
            match content(ctx, list).await {
                Ok(text) => {
                    let text = String::from_utf8_lossy(&text).into_owned();
                    let names = text.split(end).filter(|name| !name.is_empty());
                    let folder = self.folder(usize::MAX);
                    operands.extend(names.map(|name| (name.to_owned(), folder.clone())));
                }
                Err(error) => return self.fatal(&format!("{list}: Cannot open: {}", reason(&error))),
            }
        }
        if operands.is_empty() && !self.given.has("files-from") {
            self.report.fail(
                "tar",
                "Cowardly refusing to create an empty archive\nTry 'tar --help' or 'tar --usage' for more information.",
            );
            self.report.code = 2;
            return;
        }
        let own = self.files.path(self.archive());
        for (name, files) in operands {
            if name.starts_with('/') && !self.given.has("absolute-names") {
                self.report
                    .err
                    .push_str("tar: Removing leading `/' from member names\n");
            }
            self.add(&files, &name, &own, &mut members).await;
        }
        let mut bytes = Vec::new();
        members
            .iter()
            .for_each(|member| format::write(&mut bytes, member));
        format::finish(&mut bytes);
        let archive = self.archive().to_owned();
        let by_name = |ends: [&str; 2]| {
            self.given.has("auto-compress") && ends.iter().any(|end| archive.ends_with(end))
        };
        let packed = if self.given.has("gzip") || by_name([".gz", ".tgz"]) {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(&bytes).and_then(|()| packer.finish())
        } else if self.given.has("bzip2") || by_name([".bz2", ".tbz"]) {
            let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            packer.write_all(&bytes).and_then(|()| packer.finish())
        } else {
            Ok(bytes)
        };
        let packed = match packed {
            Ok(packed) => packed,
            Err(error) => return self.fatal(&format!("{archive}: {error}")),
        };
        if archive == "-" {
            self.out = packed;
        } else if let Err(error) = self.put(&own, &packed).await {
            return self.fatal(&format!("{archive}: Cannot open: {}", reason(&error)));
        }
        self.close();
    }

    /// Writes an archive, in the place of what is there only once all of it is written.
    async fn put(&self, own: &std::path::Path, bytes: &[u8]) -> Result<()> {
        let fs = &self.files.fs;
        let is_file = fs
            .lstat(own)
            .await
            .is_ok_and(|found| found.file_type == FileType::File);
        if !is_file {
            return fs.write_file(own, bytes).await;
        }
        let mut name = own.as_os_str().to_owned();
        name.push(".new~");
        let new = std::path::Path::new(&name);
        let written = fs.write_file(new, bytes).await;
        let done = match written {
            Ok(()) => fs.rename(new, own).await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            // What it says is more than what is left of it.
            let _ = fs.remove(new, false).await;
        }
        done
    }

    /// The folder that counts for an operand: the last `-C` before it, each from the one before.
    fn folder(&self, operand: usize) -> Files {
        let mut files = self.files.clone();
        for ((name, value), at) in self.given.options.iter().zip(&self.given.places) {
            if let ("directory", Some(folder), true) = (name.as_str(), value, *at <= operand) {
                files = files.inside(folder);
            }
        }
        files
    }

    async fn add(&mut self, files: &Files, name: &str, own: &std::path::Path, members: &mut Vec<Member>) {
        if self.is_excluded(name) {
            return;
        }
        let path = files.path(name);
        if path == own {
            self.report.err.push_str(&format!(
                "tar: {name}: archive cannot contain itself; not dumped\n"
            ));
            return;
        }
        let found = match self.given.has("dereference") {
            true => files.stat(name).await,
            false => files.lstat(name).await,
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.wrong(&format!("{name}: Cannot stat: {}", reason(&error))),
        };
        let shown = match self.given.has("absolute-names") {
            true => name.to_owned(),
            false => name.trim_start_matches('/').to_owned(),
        };
        let mut member = Member::new(shown, &found);
        match found.file_type {
            FileType::Symlink => {
                let target = files.fs.read_link(&path).await;
                member.target = target
                    .map(|target| target.to_string_lossy().into_owned())
                    .unwrap_or_default();
            }
            FileType::Directory => {
                if !member.name.ends_with('/') {
                    member.name.push('/');
                }
            }
            _ => match files.fs.read_file(&path).await {
                Ok(bytes) => member.bytes = bytes,
                Err(error) => return self.wrong(&format!("{name}: Cannot open: {}", reason(&error))),
            },
        }
        if self.given.has("verbose") {
            self.told.push_str(&format!("{}\n", member.name));
        }
        members.push(member);
        if found.file_type.is_dir() && !self.given.has("no-recursion") {
            let mut entries: Vec<String> = match files.fs.read_dir(&path).await {
                Ok(entries) => entries.into_iter().map(|entry| entry.name).collect(),
                Err(error) => return self.wrong(&format!("{name}: Cannot open: {}", reason(&error))),
            };
            entries.sort();
            for entry in entries {
                Box::pin(self.add(files, &within(name, &entry), own, members)).await;
            }
        }
    }

    async fn read(&mut self, Archive { members, fault, .. }: Archive, lists: bool) {
        let files = self.folder(usize::MAX);
        let strip: usize = self
            .given
            .value("strip-components")
            .and_then(|strip| strip.parse().ok())
            .unwrap_or(0);
        let wild = self.given.has("wildcards");
        let mut wanted: Vec<(String, bool)> = self
            .given
            .operands
            .iter()
            .map(|name| (name.trim_end_matches('/').to_owned(), false))
            .collect();
        for member in &members {
            let name = member.name.trim_end_matches('/');
            let mut is_wanted = wanted.is_empty();
            for (pattern, seen) in &mut wanted {
                let below = name
                    .strip_prefix(pattern.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                if below || (wild && names::matches(pattern, name)) {
                    *seen = true;
                    is_wanted = true;
                }
            }
            if !is_wanted || self.is_excluded(name) {
                continue;
            }
            if lists {
                let line = match self.given.has("verbose") {
                    true => self.line(member),
                    false => member.name.clone(),
                };
                self.told.push_str(&format!("{line}\n"));
                continue;
            }
            self.extract(&files, member, strip).await;
        }
        for (name, target) in std::mem::take(&mut self.postponed) {
            let path = files.path(&name);
            if let Some(above) = path.parent() {
                // What is wrong with it will show when the link is made.
                let _ = files.fs.mkdir(above, true).await;
            }
            if let Err(error) = files.fs.symlink(std::path::Path::new(&target), &path).await {
                self.wrong(&format!("{name}: Cannot open: {}", reason(&error)));
            }
        }
        for (name, _) in wanted.iter().filter(|(_, seen)| !seen) {
            self.wrong(&format!("{name}: Not found in archive"));
        }
        match fault {
            Some(fault) => self.fatal(fault),
            None => self.close(),
        }
    }

    fn line(&self, member: &Member) -> String {
        let (owner, size) = (format!("{USER}/{GROUP}"), member.bytes.len().to_string());
        let width = 19usize.saturating_sub(owner.len() + size.len() + 1) + size.len();
        let when = time::within(member.modified, self.zone).format("%Y-%m-%d %H:%M");
        let target = match member.kind {
            FileType::Symlink => format!(" -> {}", member.target),
            _ => String::new(),
        };
        format!(
            "{} {owner} {size:>width$} {when} {}{target}",
            mode_text(member.kind, member.mode),
            member.name
        )
    }

    async fn extract(&mut self, files: &Files, member: &Member, strip: usize) {
        let name = stripped(&member.name, strip);
        if name.is_empty() {
            return;
        }
        if self.given.has("verbose") {
            self.told.push_str(&format!("{}\n", member.name));
        }
        if self.given.has("to-stdout") {
            return self.out.extend_from_slice(&member.bytes);
        }
        let path = files.path(&name);
        let is_below = |link: &str| name.strip_prefix(link).is_some_and(|rest| rest.starts_with('/'));
        if self.postponed.iter().any(|(link, _)| is_below(link)) {
            return self.wrong(&format!("{name}: Cannot open: Not a directory"));
        }
        self.postponed.retain(|(link, _)| *link != name);
        let leads_out = member.target.starts_with('/') || member.target.split('/').any(|part| part == "..");
        if member.kind == FileType::Symlink && leads_out && files.fs.lstat(&path).await.is_err() {
            self.postponed.push((name, member.target.clone()));
            return;
        }
        if let Some(above) = path.parent() {
            // What is wrong with it will show when the file is written.
            let _ = files.fs.mkdir(above, true).await;
        }
        let is_there = files.fs.lstat(&path).await.is_ok();
        if is_there && member.kind != FileType::Directory {
            if self.given.has("skip-old-files") {
                return;
            }
            if self.given.has("keep-old-files") {
                return self.wrong(&format!("{name}: Cannot open: File exists"));
            }
            // As above.
            let _ = files.fs.remove(&path, false).await;
        }
        let made = match (member.kind, member.is_link) {
            (FileType::Directory, _) => files.fs.mkdir(&path, true).await,
            (FileType::Symlink, _) => {
                files
                    .fs
                    .symlink(std::path::Path::new(&member.target), &path)
                    .await
            }
            (_, true) => {
                let target = stripped(&member.target, strip);
                files.fs.copy(&files.path(&target), &path).await
            }
            _ => files.fs.write_file(&path, &member.bytes).await,
        };
        if let Err(error) = made {
            return self.wrong(&format!("{name}: Cannot open: {}", reason(&error)));
        }
        if member.kind == FileType::Symlink {
            return;
        }
        let usual = if member.kind == FileType::Directory {
            0o755
        } else {
            0o644
        };
        if member.mode != usual {
            // Mode and time are the least of it.
            let _ = files.fs.chmod(&path, member.mode).await;
        }
        if member.kind == FileType::File && !self.given.has("touch") {
            let _ = files.fs.set_modified_time(&path, member.modified).await;
        }
    }
}
