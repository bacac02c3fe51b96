//! `ln` and `realpath`: second names, and the one name behind them.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Answers, Files, Report, quoted, reason};
use super::options::{Known, Takes, flag, long, parse, valued};
use super::target;
use crate::disk::Disk;

const OF_LN: [Known; 13] = [
    flag('s', "symbolic"),
    flag('f', "force"),
    flag('i', "interactive"),
    flag('n', "no-dereference"),
    flag('r', "relative"),
    flag('v', "verbose"),
    valued('t', "target-directory"),
    flag('T', "no-target-directory"),
    flag('b', ""),
    long("backup", Takes::Maybe),
    valued('S', "suffix"),
    flag('L', "logical"),
    flag('P', "physical"),
];

/// Links that are the file itself are made by the disk, because the interpreter knows none.
pub(super) struct Ln(pub(super) Arc<Disk>);

#[async_trait]
impl Builtin for Ln {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("ln", &OF_LN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let files = Files::new(&ctx);
        let pairs = match target::pairs("ln", &files, &given).await {
            Ok(pairs) => pairs,
            Err(refusal) => return Ok(*refusal),
        };
        let is_symbolic = given.has("symbolic");
        let mut report = Report::default();
        let mut answers = Answers::of(&ctx);
        for (from, to) in pairs {
            let path = files.path(&to);
            if !is_symbolic {
                match files.lstat(&from).await {
                    Ok(found) if found.file_type.is_dir() => {
                        report.fail("ln", &format!("{from}: hard link not allowed for directory"));
                        continue;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        report.fail(
                            "ln",
                            &format!("failed to access {}: {}", quoted(&from), reason(&error)),
                        );
                        continue;
                    }
                }
            }
            let asks = given.last(&["force", "interactive"]) == Some("interactive")
                && files.lstat(&to).await.is_ok();
            if asks && !answers.ask("ln", &format!("replace {}", quoted(&to)), &mut report) {
                continue;
            }
            if !target::keep("ln", &files, &given, &to, &mut report).await {
                continue;
            }
            if (given.has("force") || asks)
                && files
                    .fs
                    .lstat(&path)
                    .await
                    .is_ok_and(|found| !found.file_type.is_dir())
            {
                // What is wrong with it will show when the link is made.
                let _ = files.fs.remove(&path, false).await;
            }
            let text = match given.has("relative") {
                true => {
                    let above = path.parent().unwrap_or(Path::new("/"));
                    relative(&files.real(above).await, &files.real(&files.path(&from)).await)
                }
                false => PathBuf::from(&from),
            };
            let made = match is_symbolic {
                true => files.fs.symlink(&text, &path).await,
                false => {
                    let above = files.real(path.parent().unwrap_or(Path::new("/"))).await;
                    let at = above.join(path.file_name().unwrap_or_default());
                    self.0.link(&files.real(&files.path(&from)).await, &at)
                }
            };
            let text = text.to_string_lossy();
            match made {
                Ok(()) if given.has("verbose") => {
                    let arrow = if is_symbolic { "->" } else { "=>" };
                    report
                        .out
                        .push_str(&format!("{} {arrow} {}\n", quoted(&to), quoted(&text)));
                }
                Ok(()) => {}
                Err(error) => {
                    let (kind, to, text) = (
                        if is_symbolic { "symbolic" } else { "hard" },
                        quoted(&to),
                        quoted(&text),
                    );
                    let whom = match reason(&error).as_str() {
                        "File exists" => to,
                        _ if is_symbolic => format!("{to} -> {text}"),
                        _ => format!("{to} => {text}"),
                    };
                    report.fail(
                        "ln",
                        &format!("failed to create {kind} link {whom}: {}", reason(&error)),
                    );
                }
            }
        }
        Ok(report.end())
    }
}

/// The way from a folder to a path.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, two)| one == two)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    match way.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => way,
    }
}

const OF_REALPATH: [Known; 9] = [
    flag('e', "canonicalize-existing"),
    flag('m', "canonicalize-missing"),
    flag('s', "no-symlinks"),
    flag('L', "logical"),
    flag('P', "physical"),
    flag('q', "quiet"),
    flag('z', "zero"),
    long("relative-to", Takes::Value),
    long("relative-base", Takes::Value),
];

pub(super) struct Realpath;

#[async_trait]
impl Builtin for Realpath {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("realpath", &OF_REALPATH, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let files = Files::new(&ctx);
        let mut report = Report::default();
        if given.operands.is_empty() {
            report.fail(
                "realpath",
                "missing operand\nTry 'realpath --help' for more information.",
            );
        }
        let resolve = async |name: &str| match given.has("no-symlinks") {
            true => files.path(name),
            false => files.real(&files.path(name)).await,
        };
        let base = match given.value("relative-to") {
            Some(name) => Some(resolve(name).await),
            None => None,
        };
        let below = match given.value("relative-base") {
            Some(name) => Some(resolve(name).await),
            None => None,
        };
        for name in &given.operands {
            let path = resolve(name).await;
            let must_be = match (
                given.has("canonicalize-missing"),
                given.has("canonicalize-existing"),
            ) {
                (true, _) => None,
                (false, true) => Some(path.clone()),
                // The last part need not be there.
                (false, false) => path.parent().map(Path::to_owned),
            };
            if let Some(must_be) = must_be
                && let Err(error) = files.fs.stat(&must_be).await
            {
                report.code = 1;
                if !given.has("quiet") {
                    report.fail("realpath", &format!("{name}: {}", reason(&error)));
                }
                continue;
            }
            let shown = match (&base, &below) {
                (Some(base), None) => relative(base, &path),
                (base, Some(below)) if path.starts_with(below) => {
                    relative(base.as_ref().unwrap_or(below), &path)
                }
                _ => path,
            };
            report.out.push_str(&shown.to_string_lossy());
            report.out.push(if given.has("zero") { '\0' } else { '\n' });
        }
        Ok(report.end())
    }
}
