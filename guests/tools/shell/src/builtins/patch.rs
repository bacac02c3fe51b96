//! `patch`: applies what `diff` wrote. A part that does not fit where it says is looked for nearby, with up to two lines
//! around it left out of account; what fits nowhere goes into a `.rej` beside the file.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, reason, within};
use super::options::{Given, Known, Takes, flag, long, parse, valued};

mod read;

use read::{Hunk, Move, Part};

const KNOWN: [Known; 21] = [
    valued('p', "strip"),
    flag('R', "reverse"),
    flag('N', "forward"),
    flag('b', "backup"),
    flag('E', "remove-empty-files"),
    flag('s', "quiet"),
    flag('f', "force"),
    flag('t', "batch"),
    flag('u', "unified"),
    flag('l', "ignore-whitespace"),
    valued('i', "input"),
    valued('o', "output"),
    valued('d', "directory"),
    valued('F', "fuzz"),
    valued('r', "reject-file"),
    valued('z', "suffix"),
    long("dry-run", Takes::Nothing),
    long("verbose", Takes::Nothing),
    long("no-backup-if-mismatch", Takes::Nothing),
    long("binary", Takes::Nothing),
    long("posix", Takes::Nothing),
];

pub(super) struct Patch;

#[async_trait]
impl Builtin for Patch {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("patch", &KNOWN, ctx.args, 2) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut files = Files::new(&ctx);
        if let Some(folder) = given.value("directory") {
            files = files.inside(folder);
        }
        let mut report = Report::default();
        let named = given
            .value("input")
            .or_else(|| given.operands.get(1).map(String::as_str));
        let text = match named.filter(|name| *name != "-") {
            Some(name) => match files.fs.read_file(&files.path(name)).await {
                Ok(text) => text,
                Err(error) => {
                    report.err = format!("patch: **** Can't open patch file {name} : {}\n", reason(&error));
                    report.code = 2;
                    return Ok(report.end());
                }
            },
            None => ctx
                .stdin
                .map(|input| input.as_bytes().to_vec())
                .unwrap_or_default(),
        };
        let parts = match read::parts(&text) {
            Ok(parts) => parts,
            Err(line) => {
                report.err = format!("patch: **** malformed patch at line {line}\n");
                report.code = 2;
                return Ok(report.end());
            }
        };
        if parts.is_empty() && !text.is_empty() {
            report.err = "patch: **** Only garbage was found in the patch input.\n".to_owned();
            report.code = 2;
        }
        for part in parts {
            let part = if given.has("reverse") { part.turned() } else { part };
            one(&given, &files, &part, &mut report).await;
        }
        Ok(report.end())
    }
}

/// Which file a part is about: the one named on the command line, else the first of its own names that is there.
async fn choose(given: &Given, files: &Files, part: &Part) -> Option<String> {
    if let Some(name) = given.operands.first() {
        return Some(name.clone());
    }
    let names = [&part.old, &part.new].into_iter();
    let names: Vec<String> = names.filter_map(|name| stripped(given, name)).collect();
    if part.git.moves.is_some() {
        return names.into_iter().next();
    }
    for name in &names {
        if files.stat(name).await.is_ok() {
            return Some(name.clone());
        }
    }
    names.into_iter().next_back()
}

/// A name without the folders that `-p` leaves out.
fn stripped(given: &Given, name: &str) -> Option<String> {
    if name == "/dev/null" {
        return None;
    }
    match given.value("strip").and_then(|strip| strip.parse::<usize>().ok()) {
        Some(count) => name.splitn(count + 1, '/').nth(count).map(str::to_owned),
        None => Some(name.rsplit('/').next().unwrap_or(name).to_owned()),
    }
}

async fn one(given: &Given, files: &Files, part: &Part, report: &mut Report) {
    let dry = given.has("dry-run");
    let Some(name) = choose(given, files, part).await else {
        report.out.push_str("can't find file to patch\n");
        report.code = 1;
        return;
    };
    if part.git.is_binary {
        report
            .out
            .push_str(&format!("File {name}: git binary diffs are not supported.\n"));
        report.code = 1;
        return;
    }
    let moved = part.git.moves.zip(stripped(given, &part.new));
    if let Some((how, to)) = &moved
        && *how != Move::Uncopied
        && files.lstat(to).await.is_ok()
    {
        let how = if *how == Move::Renamed { "rename" } else { "copy" };
        report.out.push_str(&format!(
            "The next patch would {how} the file {name} to {to},\nwhich already exists!  Skipping patch.\n"
        ));
        report.code = 1;
        return;
    }
    let path = files.path(&name);
    let before = match files.fs.read_file(&path).await {
        Ok(before) => before,
        Err(_) if part.makes() => Vec::new(),
        Err(_) => {
            report
                .out
                .push_str(&format!("can't find file to patch at input line {}\n", part.line));
            report.code = 1;
            return;
        }
    };
    let most: usize = given
        .value("fuzz")
        .and_then(|fuzz| fuzz.parse().ok())
        .unwrap_or(2);
    let loose = given.has("ignore-whitespace");
    let was_applied = match part.hunks.first() {
        _ if part.makes() => !before.is_empty(),
        Some(hunk) => {
            let lines = read::lines(&before);
            place(&lines, hunk, 0, most, loose).is_none()
                && place(&lines, &hunk.turned(), 0, most, loose).is_some()
        }
        None => false,
    };
    let is_passed_over = was_applied && !given.has("force");
    let is_told = !(is_passed_over && part.makes());
    if is_told && !given.has("quiet") {
        let does = if dry { "checking" } else { "patching" };
        report.out.push_str(&match &moved {
            Some((Move::Renamed, to)) => format!("{does} file {to} (renamed from {name})\n"),
            Some((Move::Copied, to)) => format!("{does} file {to} (copied from {name})\n"),
            Some((Move::Uncopied, _)) | None => format!("{does} file {name}\n"),
        });
    }
    if is_passed_over {
        return pass_over(given, files, part, &name, report).await;
    }
    let mut lines = read::lines(&before);
    let (mut shift, mut rejected, mut inexact) = (0isize, Vec::new(), false);
    for (nth, hunk) in part.hunks.iter().enumerate() {
        let found = match part.makes() && !before.is_empty() {
            true => None,
            false => place(&lines, hunk, shift, most, loose),
        };
        match found {
            Some((at, fuzz)) => {
                let wanted = hunk.place(fuzz);
                let offset = at as isize - wanted;
                let away = offset - part.grown(nth);
                if fuzz > 0 || away != 0 {
                    inexact = true;
                    let line = at as isize + 1 - isize::try_from(hunk.left_before(fuzz)).unwrap_or(0);
                    let with = if fuzz > 0 {
                        format!(" with fuzz {fuzz}")
                    } else {
                        String::new()
                    };
                    let away = match away {
                        0 => String::new(),
                        1 | -1 => format!(" (offset {away} line)"),
                        _ => format!(" (offset {away} lines)"),
                    };
                    report
                        .out
                        .push_str(&format!("Hunk #{} succeeded at {line}{with}{away}.\n", nth + 1));
                }
                shift = offset;
                hunk.apply(&mut lines, at, fuzz);
                shift += hunk.growth();
            }
            None => {
                report.out.push_str(&format!(
                    "Hunk #{} FAILED at {}.\n",
                    nth + 1,
                    hunk.new_start.max(1)
                ));
                rejected.push(hunk);
            }
        }
    }
    if !rejected.is_empty() {
        reject(given, files, part, &name, &rejected, Why::Unfit, report).await;
    }
    if dry {
        return;
    }
    let mismatch = (inexact || !rejected.is_empty()) && !given.has("no-backup-if-mismatch");
    if (given.has("backup") || mismatch) && files.stat(&name).await.is_ok() {
        let kept = format!("{name}{}", given.value("suffix").unwrap_or(".orig"));
        write(files, &kept, &before, report).await;
    }
    let after: Vec<u8> = lines.concat();
    let empties = after.is_empty() && (part.removes() || given.has("remove-empty-files"));
    let goes = empties || part.git.moves == Some(Move::Uncopied);
    if goes && rejected.is_empty() {
        return remove(files, &name).await;
    }
    if !part.hunks.is_empty() && rejected.len() == part.hunks.len() {
        return;
    }
    let target = moved.as_ref().map_or(name.as_str(), |(_, to)| to);
    let target = given.value("output").unwrap_or(target);
    if let Some((above, _)) = target.rsplit_once('/') {
        // What is wrong with it will show when the file is written.
        let _ = files.fs.mkdir(&files.path(&within(above, "")), true).await;
    }
    if !write(files, target, &after, report).await {
        return;
    }
    let mode = match (part.git.new_mode, &moved) {
        (Some(mode), _) => Some(mode),
        (None, Some(_)) => files.stat(&name).await.ok().map(|found| found.mode),
        (None, None) => None,
    };
    if let Some(mode) = mode {
        // The content is there; a mode that cannot be had is no reason to fail.
        let _ = files.fs.chmod(&files.path(target), mode & 0o777).await;
    }
    if part.git.moves == Some(Move::Renamed) && given.value("output").is_none() {
        remove(files, &name).await;
    }
}

/// Takes a file away, and the folders that are empty then.
async fn remove(files: &Files, name: &str) {
    let mut left = Some(name);
    while let Some(name) = left.filter(|name| !name.is_empty()) {
        if files.fs.remove(&files.path(name), false).await.is_err() {
            return;
        }
        left = name.rsplit_once('/').map(|(above, _)| above);
    }
}

/// Leaves a file as it is to which a part was applied before, or which it would make although it is there.
async fn pass_over(given: &Given, files: &Files, part: &Part, name: &str, report: &mut Report) {
    let what = match part.makes() {
        true => format!("The next patch would create the file {name},\nwhich already exists!"),
        false if given.has("reverse") => "Unreversed patch detected!".to_owned(),
        false => "Reversed (or previously applied) patch detected!".to_owned(),
    };
    // There is nobody to ask.
    let asked = match given.has("forward") || given.has("batch") {
        true => "  Skipping patch.",
        false if given.has("reverse") => "  Ignore -R? [n] \nApply anyway? [n] \nSkipping patch.",
        false => "  Assume -R? [n] \nApply anyway? [n] \nSkipping patch.",
    };
    report.out.push_str(&format!("{what}{asked}\n"));
    let all: Vec<&Hunk> = part.hunks.iter().collect();
    reject(given, files, part, name, &all, Why::Unasked, report).await;
}

/// Why hunks are not applied.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Why {
    /// They fit nowhere.
    Unfit,
    /// They were not tried: the file is as they would make it.
    Unasked,
}

/// Says how many hunks were not applied, and saves them beside the file; but for a file that the part would make.
async fn reject(
    given: &Given,
    files: &Files,
    part: &Part,
    name: &str,
    rejected: &[&Hunk],
    why: Why,
    report: &mut Report,
) {
    let (count, all) = (rejected.len(), part.hunks.len());
    let hunks = if all == 1 { "hunk" } else { "hunks" };
    let rejects = given
        .value("reject-file")
        .map_or_else(|| format!("{name}.rej"), str::to_owned);
    let is_saved = !given.has("dry-run") && (why == Why::Unfit || !part.makes());
    let saved = match is_saved {
        true => format!(" -- saving rejects to file {rejects}"),
        false => String::new(),
    };
    let how = match why {
        Why::Unfit => "FAILED",
        Why::Unasked => "ignored",
    };
    report
        .out
        .push_str(&format!("{count} out of {all} {hunks} {how}{saved}\n"));
    report.code = report.code.max(1);
    if is_saved {
        let mut text = format!("--- {}\n+++ {}\n", part.old, part.new).into_bytes();
        rejected.iter().for_each(|hunk| hunk.write(&mut text));
        write(files, &rejects, &text, report).await;
    }
}

/// Writes a file; says whether it could.
async fn write(files: &Files, name: &str, content: &[u8], report: &mut Report) -> bool {
    let written = files.fs.write_file(&files.path(name), content).await;
    if let Err(error) = &written {
        report
            .err
            .push_str(&format!("patch: **** Can't write {name} : {}\n", reason(error)));
        report.code = 2;
    }
    written.is_ok()
}

/// Where a hunk fits: as near to its own place as can be, with as few lines left out as can be.
fn place(lines: &[Vec<u8>], hunk: &Hunk, shift: isize, most: usize, loose: bool) -> Option<(usize, usize)> {
    for fuzz in 0..=most.min(hunk.context()) {
        let wanted = hunk.place(fuzz) + shift;
        let old = hunk.old(fuzz);
        // What is longer than the file may fit into it with fewer lines around it.
        let Some(last) = lines.len().checked_sub(old.len()) else {
            continue;
        };
        for away in 0..=lines.len() as isize {
            for at in [wanted + away, wanted - away] {
                let Ok(at) = usize::try_from(at) else {
                    continue;
                };
                let is_held = (hunk.is_at_start(fuzz) && at != 0) || (hunk.is_at_end(fuzz) && at != last);
                if at <= last && !is_held && fits(lines.get(at..at + old.len())?, &old, loose) {
                    return Some((at, fuzz));
                }
            }
        }
    }
    None
}

fn fits(lines: &[Vec<u8>], old: &[&Vec<u8>], loose: bool) -> bool {
    let plain = |line: &[u8]| {
        line.iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .copied()
            .collect::<Vec<u8>>()
    };
    lines
        .iter()
        .zip(old)
        .all(|(line, old)| line == *old || (loose && plain(line) == plain(old)))
}
