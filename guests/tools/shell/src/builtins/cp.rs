//! `cp` and `mv`: files and folders under other names.

use std::path::Path;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, Error, ExecResult, FileType, Metadata, Result};

use super::common::{Answers, Files, Report, quoted, reason, within};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::target;

const OF_BOTH: [Known; 11] = [
    flag('f', "force"),
    flag('i', "interactive"),
    flag('n', "no-clobber"),
    flag('u', ""),
    long("update", Takes::Maybe),
    flag('v', "verbose"),
    valued('t', "target-directory"),
    flag('T', "no-target-directory"),
    flag('b', ""),
    long("backup", Takes::Maybe),
    valued('S', "suffix"),
];

const OF_CP: [Known; 17] = [
    flag('r', "recursive"),
    flag('R', "recursive"),
    flag('a', "archive"),
    flag('p', ""),
    flag('d', ""),
    flag('P', "no-dereference"),
    flag('L', "dereference"),
    flag('H', ""),
    flag('l', "link"),
    flag('s', "symbolic-link"),
    flag('x', "one-file-system"),
    long("parents", Takes::Nothing),
    long("preserve", Takes::Maybe),
    long("no-preserve", Takes::Value),
    long("remove-destination", Takes::Nothing),
    long("reflink", Takes::Maybe),
    long("sparse", Takes::Value),
];

pub(super) struct Cp;

#[async_trait]
impl Builtin for Cp {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let known: Vec<Known> = OF_BOTH.into_iter().chain(OF_CP).collect();
        let given = match parse("cp", &known, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let files = Files::new(&ctx);
        let pairs = match target::pairs("cp", &files, &given).await {
            Ok(pairs) => pairs,
            Err(refusal) => return Ok(*refusal),
        };
        let mut copy = Copy::new("cp", files, &given, Answers::of(&ctx));
        for (from, to) in pairs {
            if given.has("parents")
                && let Some((above, _)) = to.rsplit_once('/')
            {
                // What is wrong with it will show when the file is written.
                let _ = copy.files.fs.mkdir(&copy.files.path(above), true).await;
            }
            copy.one(&from, &to, true).await;
        }
        Ok(copy.report.end())
    }
}

pub(super) struct Mv;

#[async_trait]
impl Builtin for Mv {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("mv", &OF_BOTH, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let files = Files::new(&ctx);
        let pairs = match target::pairs("mv", &files, &given).await {
            Ok(pairs) => pairs,
            Err(refusal) => return Ok(*refusal),
        };
        let mut copy = Copy::new("mv", files, &given, Answers::of(&ctx));
        for (from, to) in pairs {
            copy.rename(&from, &to).await;
        }
        Ok(copy.report.end())
    }
}

struct Copy<'a> {
    tool: &'static str,
    files: Files,
    given: &'a Given,
    report: Report,
    answers: Answers,
    goes_down: bool,
    keeps_links: bool,
    keeps_times: bool,
}

impl<'a> Copy<'a> {
    fn new(tool: &'static str, files: Files, given: &'a Given, answers: Answers) -> Self {
        let (all, deep) = (given.has("archive") || tool == "mv", given.has("recursive"));
        let follows = given.has("dereference");
        let kept = given
            .value("preserve")
            .is_none_or(|kept| kept.contains("timestamps") || kept.contains("all"));
        Self {
            tool,
            files,
            given,
            report: Report::default(),
            answers,
            goes_down: all || deep,
            keeps_links: (all || deep || given.has("d") || given.has("no-dereference")) && !follows,
            keeps_times: all || given.has("p") || (given.has("preserve") && kept),
        }
    }

    fn fail(&mut self, why: &str) {
        self.report.fail(self.tool, why);
    }

    /// Whether something that is already there is to stay.
    async fn stays(&mut self, from: &Metadata, to: &str) -> bool {
        let Ok(found) = self.files.lstat(to).await else {
            return false;
        };
        let only_newer = self.given.has("u")
            || (self.given.has("update") && !matches!(self.given.value("update"), Some("all" | "none")));
        let asked = self.given.last(&["no-clobber", "force", "interactive"]);
        asked == Some("no-clobber")
            || self.given.value("update") == Some("none")
            || (only_newer && found.modified >= from.modified)
            || (asked == Some("interactive")
                && !self
                    .answers
                    .ask(self.tool, &format!("overwrite {}", quoted(to)), &mut self.report))
    }

    fn told(&mut self, words: &str, from: &str, to: &str) {
        if self.given.has("verbose") {
            self.report
                .out
                .push_str(&format!("{words}{} -> {}\n", quoted(from), quoted(to)));
        }
    }

    async fn one(&mut self, from: &str, to: &str, named: bool) {
        let keeps = self.keeps_links && !(named && self.given.has("H"));
        let found = match keeps {
            true => self.files.lstat(from).await,
            false => self.files.stat(from).await,
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.fail(&format!("cannot stat {}: {}", quoted(from), reason(&error))),
        };
        let there = self.files.stat(to).await.ok();
        let (source, goal) = (self.files.path(from), self.files.path(to));
        if self.is_same(&found, &source, &goal).await {
            return self.fail(&format!("{} and {} are the same file", quoted(from), quoted(to)));
        }
        match (
            found.file_type,
            there.as_ref().map(|there| there.file_type.is_dir()),
        ) {
            (FileType::Directory, _) if !self.goes_down => {
                self.fail(&format!("-r not specified; omitting directory {}", quoted(from)));
            }
            (FileType::Directory, Some(false)) => self.fail(&format!(
                "cannot overwrite non-directory {} with directory {}",
                quoted(to),
                quoted(from)
            )),
            (FileType::Directory, is_there) => {
                if self
                    .files
                    .real(&goal)
                    .await
                    .starts_with(self.files.real(&source).await)
                {
                    let (from, to) = (quoted(from), quoted(to));
                    return self.fail(&format!("cannot copy a directory, {from}, into itself, {to}"));
                }
                self.folder(from, to, &found, is_there.is_some()).await;
            }
            (_, Some(true)) => {
                self.fail(&format!(
                    "cannot overwrite directory {} with non-directory",
                    quoted(to)
                ));
            }
            _ => {
                if !self.stays(&found, to).await
                    && target::keep(self.tool, &self.files, self.given, to, &mut self.report).await
                {
                    self.file(from, to, &found).await;
                }
            }
        }
    }

    /// Whether writing a copy would destroy what it is made from: they are one entry, or lead to one file and no link
    /// is replaced.
    async fn is_same(&self, found: &Metadata, source: &Path, goal: &Path) -> bool {
        let Ok(there) = self.files.fs.lstat(goal).await else {
            return false;
        };
        if self.files.entry(source).await == self.files.entry(goal).await {
            return true;
        }
        let replaces = there.file_type.is_symlink()
            && (found.file_type.is_symlink() || self.given.has("remove-destination"));
        !replaces && self.files.real(source).await == self.files.real(goal).await
    }

    async fn folder(&mut self, from: &str, to: &str, found: &Metadata, is_there: bool) {
        let (source, goal) = (self.files.path(from), self.files.path(to));
        if !is_there {
            if let Err(error) = self.files.fs.mkdir(&goal, false).await {
                return self.fail(&format!(
                    "cannot create directory {}: {}",
                    quoted(to),
                    reason(&error)
                ));
            }
            self.told("", from, to);
        }
        let entries = match self.files.fs.read_dir(&source).await {
            Ok(entries) => entries,
            Err(error) => return self.fail(&format!("cannot access {}: {}", quoted(from), reason(&error))),
        };
        let mut names: Vec<String> = entries.into_iter().map(|entry| entry.name).collect();
        names.sort();
        for name in names {
            Box::pin(self.one(&within(from, &name), &within(to, &name), false)).await;
        }
        self.finish(&goal, found, is_there).await;
    }

    async fn file(&mut self, from: &str, to: &str, found: &Metadata) {
        let (source, goal) = (self.files.path(from), self.files.path(to));
        let fs = self.files.fs.clone();
        let replaces = self.given.has("remove-destination")
            || found.file_type.is_symlink()
            || self.given.has("symbolic-link");
        let was_there = fs.stat(&goal).await.is_ok();
        if replaces && fs.lstat(&goal).await.is_ok() {
            if self.given.has("symbolic-link") && !self.given.has("force") {
                let (from, to) = (quoted(from), quoted(to));
                return self.fail(&format!(
                    "cannot create symbolic link {to} to {from}: File exists"
                ));
            }
            // What is wrong with it will show when the new one is made.
            let _ = fs.remove(&goal, false).await;
        }
        let done: std::result::Result<(), (String, Error)> = async {
            if self.given.has("symbolic-link") {
                let why = |error| {
                    (
                        format!("cannot create symbolic link {} to {}", quoted(to), quoted(from)),
                        error,
                    )
                };
                return fs.symlink(Path::new(from), &goal).await.map_err(why);
            }
            if found.file_type.is_symlink() {
                let why = |error| (format!("cannot create symbolic link {}", quoted(to)), error);
                let target = fs.read_link(&source).await.map_err(why)?;
                return fs.symlink(&target, &goal).await.map_err(why);
            }
            let content = fs.read_file(&source).await;
            let content =
                content.map_err(|error| (format!("cannot open {} for reading", quoted(from)), error))?;
            let why = |error| (format!("cannot create regular file {}", quoted(to)), error);
            fs.write_file(&goal, &content).await.map_err(why)
        }
        .await;
        match done {
            Ok(()) => {
                self.told("", from, to);
                if !found.file_type.is_symlink() && !self.given.has("symbolic-link") {
                    self.finish(&goal, found, was_there).await;
                }
            }
            Err((what, error)) => self.fail(&format!("{what}: {}", reason(&error))),
        }
    }

    /// Gives a copy the mode of what it was made from, and its time if that was asked for.
    async fn finish(&mut self, goal: &Path, found: &Metadata, was_there: bool) {
        let mode = self
            .files
            .fs
            .stat(goal)
            .await
            .map(|made| made.mode)
            .unwrap_or(found.mode);
        if mode != found.mode && (!was_there || self.keeps_times) {
            // A mode is the least of a copy.
            let _ = self.files.fs.chmod(goal, found.mode).await;
        }
        if self.keeps_times
            && let Err(error) = self.files.fs.set_modified_time(goal, found.modified).await
        {
            let goal = goal.to_string_lossy().into_owned();
            self.fail(&format!(
                "preserving times for {}: {}",
                quoted(&goal),
                reason(&error)
            ));
        }
    }

    async fn rename(&mut self, from: &str, to: &str) {
        let found = match self.files.lstat(from.trim_end_matches('/')).await {
            Ok(found) => found,
            Err(error) => return self.fail(&format!("cannot stat {}: {}", quoted(from), reason(&error))),
        };
        let (source, goal) = (self.files.path(from), self.files.path(to));
        let there = self.files.lstat(to).await.ok();
        if self.files.entry(&source).await == self.files.entry(&goal).await {
            return self.fail(&format!("{} and {} are the same file", quoted(from), quoted(to)));
        }
        if found.file_type.is_dir() && goal.starts_with(&source) {
            let (from, to) = (quoted(from), quoted(to));
            return self.fail(&format!("cannot move {from} to a subdirectory of itself, {to}"));
        }
        match (
            found.file_type.is_dir(),
            there.map(|there| there.file_type.is_dir()),
        ) {
            (true, Some(false)) => {
                let (from, to) = (quoted(from), quoted(to));
                return self.fail(&format!(
                    "cannot overwrite non-directory {to} with directory {from}"
                ));
            }
            (false, Some(true)) => {
                return self.fail(&format!(
                    "cannot overwrite directory {} with non-directory",
                    quoted(to)
                ));
            }
            _ => {}
        }
        if self.stays(&found, to).await
            || !target::keep("mv", &self.files, self.given, to, &mut self.report).await
        {
            return;
        }
        match self.files.fs.rename(&source, &goal).await {
            Ok(()) => self.told("renamed ", from, to),
            // Between two folders of the host there is no renaming, only copying.
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::CrossesDevices => {
                let before = std::mem::take(&mut self.report.code);
                self.carry(from, to).await;
                self.report.code = self.report.code.max(before);
            }
            Err(error) => {
                let (from, to) = (quoted(from), quoted(to));
                self.fail(&format!("cannot move {from} to {to}: {}", reason(&error)));
            }
        }
    }

    /// Moves by copying. What failed before must not count here, so the code begins at 0.
    async fn carry(&mut self, from: &str, to: &str) {
        let (source, goal) = (self.files.path(from), self.files.path(to));
        // A link is replaced and not followed, and two folders are not mingled.
        if let Ok(there) = self.files.lstat(to).await
            && there.file_type != FileType::File
            && let Err(error) = self.files.fs.remove(&goal, false).await
        {
            return self.fail(&format!(
                "inter-device move failed: {} to {}; unable to remove target: {}",
                quoted(from),
                quoted(to),
                reason(&error)
            ));
        }
        self.one(from, to, true).await;
        if self.report.code == 0
            && let Err(error) = self.files.fs.remove(&source, true).await
        {
            self.fail(&format!("cannot remove {}: {}", quoted(from), reason(&error)));
        }
    }
}
