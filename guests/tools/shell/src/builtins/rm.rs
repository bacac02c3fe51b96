//! `rm`: files and folders are gone. There is nobody to ask, so `-i` reads its answers from the input as any other.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Answers, Files, Report, last, quoted, reason, within};
use super::options::{Given, Known, Takes, flag, long, parse};

const KNOWN: [Known; 9] = [
    flag('r', "recursive"),
    flag('R', "recursive"),
    flag('f', "force"),
    flag('d', "dir"),
    flag('v', "verbose"),
    flag('i', ""),
    long("one-file-system", Takes::Nothing),
    long("preserve-root", Takes::Maybe),
    long("no-preserve-root", Takes::Nothing),
];

pub(super) struct Rm;

struct Run<'a> {
    given: &'a Given,
    files: Files,
    report: Report,
    answers: Answers,
}

#[async_trait]
impl Builtin for Rm {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("rm", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut run = Run {
            given: &given,
            files: Files::new(&ctx),
            report: Report::default(),
            answers: Answers::of(&ctx),
        };
        if given.operands.is_empty() && !given.has("force") {
            run.report
                .fail("rm", "missing operand\nTry 'rm --help' for more information.");
        }
        for name in &given.operands {
            run.top(name).await;
        }
        Ok(run.report.end())
    }
}

impl Run<'_> {
    async fn top(&mut self, name: &str) {
        if matches!(last(name), "." | "..") {
            let why = format!(
                "refusing to remove '.' or '..' directory: skipping {}",
                quoted(name)
            );
            return self.report.fail("rm", &why);
        }
        if self.files.path(name) == std::path::Path::new("/") && !self.given.has("no-preserve-root") {
            let why = "it is dangerous to operate recursively on '/'\n\
                rm: use --no-preserve-root to override this failsafe";
            return self.report.fail("rm", why);
        }
        let found = match self.files.lstat(name).await {
            Ok(found) => found,
            Err(error) => {
                if !self.given.has("force") {
                    self.refused(name, &reason(&error));
                }
                return;
            }
        };
        let is_folder = found.file_type.is_dir();
        if is_folder && !self.given.has("recursive") && !self.given.has("dir") {
            return self.refused(name, "Is a directory");
        }
        self.remove(name, is_folder).await;
    }

    fn refused(&mut self, name: &str, why: &str) {
        self.report
            .fail("rm", &format!("cannot remove {}: {why}", quoted(name)));
    }

    fn may(&mut self, question: &str) -> bool {
        if self.given.last(&["i", "force"]) != Some("i") {
            return true;
        }
        self.answers.ask("rm", question, &mut self.report)
    }

    async fn remove(&mut self, name: &str, is_folder: bool) {
        let path = self.files.path(name);
        let one_by_one = self.given.has("verbose") || self.given.has("i");
        if is_folder && self.given.has("recursive") && one_by_one {
            let entries = match self.files.fs.read_dir(&path).await {
                Ok(entries) => entries,
                Err(error) => return self.refused(name, &reason(&error)),
            };
            let mut entries: Vec<(String, bool)> = entries
                .into_iter()
                .map(|entry| (entry.name, entry.metadata.file_type.is_dir()))
                .collect();
            entries.sort();
            for (entry, is_folder) in entries {
                Box::pin(self.remove(&within(name, &entry), is_folder)).await;
            }
        }
        let kind = if is_folder { "directory" } else { "regular file" };
        if !self.may(&format!("remove {kind} {}", quoted(name))) {
            return;
        }
        let whole = is_folder && self.given.has("recursive") && !one_by_one;
        match self.files.fs.remove(&path, whole).await {
            Ok(()) if self.given.has("verbose") => {
                let kind = if is_folder { "directory " } else { "" };
                self.report
                    .out
                    .push_str(&format!("removed {kind}{}\n", quoted(name)));
            }
            Ok(()) => {}
            Err(error) => self.refused(name, &reason(&error)),
        }
    }
}
