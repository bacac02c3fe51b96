//! `chmod` and `mkdir`: the tools that give modes.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, mode_text, quoted, reason, within};
use super::mode;
use super::options::{Given, Known, Takes, flag, long, parse, valued};

const OF_CHMOD: [Known; 6] = [
    flag('R', "recursive"),
    flag('v', "verbose"),
    flag('c', "changes"),
    flag('f', "silent"),
    long("quiet", Takes::Nothing),
    long("reference", Takes::Value),
];

pub(super) struct Chmod;

struct Run<'a> {
    given: &'a Given,
    files: Files,
    mode: String,
    mask: u32,
    report: Report,
}

#[async_trait]
impl Builtin for Chmod {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        // `chmod -x file` takes a right away and is no option.
        let is_mode = |arg: &String| {
            arg.len() > 1
                && arg.starts_with('-')
                && arg.chars().skip(1).all(|letter| "rwxXstugo,+-=".contains(letter))
        };
        let taken = ctx.args.iter().position(is_mode);
        let args: Vec<String> = ctx
            .args
            .iter()
            .enumerate()
            .filter(|(nth, _)| Some(*nth) != taken)
            .map(|(_, arg)| arg.clone())
            .collect();
        let given = match parse("chmod", &OF_CHMOD, &args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let help = |why: &str| {
            ExecResult::err(
                format!("chmod: {why}\nTry 'chmod --help' for more information.\n"),
                1,
            )
        };
        let files = Files::new(&ctx);
        let mut names = given.operands.clone();
        let mode = match (given.value("reference"), taken.and_then(|nth| ctx.args.get(nth))) {
            (Some(like), _) => match files.stat(like).await {
                Ok(found) => format!("{:o}", found.mode),
                Err(error) => {
                    let why = format!(
                        "chmod: failed to get attributes of {}: {}\n",
                        quoted(like),
                        reason(&error)
                    );
                    return Ok(ExecResult::err(why, 1));
                }
            },
            (None, Some(mode)) => mode.clone(),
            (None, None) if names.is_empty() => return Ok(help("missing operand")),
            (None, None) => names.remove(0),
        };
        if names.is_empty() {
            return Ok(help(&format!("missing operand after ‘{mode}’")));
        }
        let mask = mode::mask(ctx.variables);
        if mode::apply(&mode, 0, false, mask).is_none() {
            return Ok(help(&format!("invalid mode: ‘{mode}’")));
        }
        let mut run = Run {
            given: &given,
            files,
            mode,
            mask,
            report: Report::default(),
        };
        for name in names {
            run.one(&name).await;
        }
        Ok(run.report.end())
    }
}

impl Run<'_> {
    async fn one(&mut self, name: &str) {
        let quiet = self.given.has("silent") || self.given.has("quiet");
        let found = match self.files.stat(name).await {
            Ok(found) => found,
            Err(error) => {
                self.report.code = 1;
                if !quiet {
                    self.report.fail(
                        "chmod",
                        &format!("cannot access {}: {}", quoted(name), reason(&error)),
                    );
                }
                return;
            }
        };
        let is_folder = found.file_type.is_dir();
        let Some(new) = mode::apply(&self.mode, found.mode, is_folder, self.mask) else {
            return;
        };
        if new != found.mode
            && let Err(error) = self.files.fs.chmod(&self.files.path(name), new).await
        {
            self.report.fail(
                "chmod",
                &format!("changing permissions of {}: {}", quoted(name), reason(&error)),
            );
            return;
        }
        let text = |mode: u32| {
            format!(
                "{mode:04o} ({})",
                mode_text(bashkit::FileType::File, mode)
                    .get(1..)
                    .unwrap_or_default()
            )
        };
        if new != found.mode && (self.given.has("verbose") || self.given.has("changes")) {
            let line = format!(
                "mode of {} changed from {} to {}\n",
                quoted(name),
                text(found.mode),
                text(new)
            );
            self.report.out.push_str(&line);
        } else if self.given.has("verbose") {
            self.report
                .out
                .push_str(&format!("mode of {} retained as {}\n", quoted(name), text(new)));
        }
        if is_folder && self.given.has("recursive") {
            let entries = self
                .files
                .fs
                .read_dir(&self.files.path(name))
                .await
                .unwrap_or_default();
            for entry in entries
                .into_iter()
                .filter(|entry| !entry.metadata.file_type.is_symlink())
            {
                Box::pin(self.one(&within(name, &entry.name))).await;
            }
        }
    }
}

const OF_MKDIR: [Known; 3] = [flag('p', "parents"), flag('v', "verbose"), valued('m', "mode")];

pub(super) struct Mkdir;

#[async_trait]
impl Builtin for Mkdir {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("mkdir", &OF_MKDIR, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        if given.operands.is_empty() {
            report.fail(
                "mkdir",
                "missing operand\nTry 'mkdir --help' for more information.",
            );
        }
        let mask = mode::mask(ctx.variables);
        let of_new = match given.value("mode") {
            Some(text) => match mode::apply(text, 0o777, true, mask) {
                Some(mode) => mode,
                None => {
                    report.fail("mkdir", &format!("invalid mode ‘{text}’"));
                    return Ok(report.end());
                }
            },
            None => 0o777 & !mask,
        };
        let files = Files::new(&ctx);
        for name in &given.operands {
            let mut made = Vec::new();
            if given.has("parents") {
                let mut above = String::new();
                for part in name.split_inclusive('/') {
                    above.push_str(part);
                    let shown = above.trim_end_matches('/');
                    if !shown.is_empty() && files.stat(shown).await.is_err() {
                        made.push(shown.to_owned());
                    }
                }
                if made.is_empty() && !files.is_folder(name).await {
                    report.fail("mkdir", &format!("cannot create directory ‘{name}’: File exists"));
                }
            } else {
                made.push(name.clone());
            }
            for new in made {
                let path = files.path(&new);
                if let Err(error) = files.fs.mkdir(&path, false).await {
                    report.fail(
                        "mkdir",
                        &format!("cannot create directory ‘{new}’: {}", reason(&error)),
                    );
                    break;
                }
                let mode = if new == name.trim_end_matches('/') {
                    of_new
                } else {
                    0o777 & !mask
                };
                if mode != 0o755 {
                    // A folder with another mode than wished is still a folder.
                    let _ = files.fs.chmod(&path, mode).await;
                }
                if given.has("verbose") {
                    report
                        .out
                        .push_str(&format!("mkdir: created directory {}\n", quoted(&new)));
                }
            }
        }
        Ok(report.end())
    }
}
