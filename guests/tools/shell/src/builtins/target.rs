//! Where `cp`, `mv` and `ln` put things: the last operand, the folder of `-t`, and the copy that `-b` keeps of what was
//! there.

use bashkit::ExecResult;

use super::common::{Files, Report, last, quoted, reason, within};
use super::options::Given;

/// Each source with the name that it is to have.
pub(super) async fn pairs(
    tool: &str,
    files: &Files,
    given: &Given,
) -> Result<Vec<(String, String)>, Box<ExecResult>> {
    let refuse = |why: String| Err(Box::new(ExecResult::err(format!("{tool}: {why}\n"), 1)));
    let help = |why: String| refuse(format!("{why}\nTry '{tool} --help' for more information."));
    let mut sources = given.operands.clone();
    let folder = match given.value("target-directory") {
        Some(folder) => match files.stat(folder).await {
            Ok(found) if found.file_type.is_dir() => Some(folder.to_owned()),
            Ok(_) => return refuse(format!("target directory {}: Not a directory", quoted(folder))),
            Err(error) => return refuse(format!("target directory {}: {}", quoted(folder), reason(&error))),
        },
        None => None,
    };
    let folder = match folder {
        Some(folder) => folder,
        None => {
            let Some(to) = sources.pop() else {
                return help("missing file operand".to_owned());
            };
            if sources.is_empty() && tool == "ln" {
                return Ok(vec![(to.clone(), last(&to).to_owned())]);
            }
            if sources.is_empty() {
                return help(format!("missing destination file operand after {}", quoted(&to)));
            }
            let found = match given.has("no-target-directory") {
                true => None,
                false => Some(match given.has("no-dereference") && tool == "ln" {
                    true => files.lstat(&to).await,
                    false => files.stat(&to).await,
                }),
            };
            let needs_folder = match sources.as_slice() {
                // Only a folder can be called by a name that ends like a folder's.
                [from] if tool != "ln" && to.ends_with('/') => !files.is_folder(from).await,
                _ => false,
            };
            match (found, sources.as_slice()) {
                (Some(Ok(found)), _) if found.file_type.is_dir() => to,
                (_, [from]) if needs_folder && files.lstat(from).await.is_ok() => {
                    return refuse(match tool {
                        "mv" => format!("cannot move {} to {}: Not a directory", quoted(from), quoted(&to)),
                        _ => format!("cannot create regular file {}: Not a directory", quoted(&to)),
                    });
                }
                (_, [from]) => return Ok(vec![(from.clone(), to)]),
                (None, sources) => {
                    let more = sources.last().map_or("", String::as_str);
                    return help(format!("extra operand {}", quoted(more)));
                }
                (Some(Ok(_)), _) => return refuse(format!("target {}: Not a directory", quoted(&to))),
                (Some(Err(error)), _) => {
                    return refuse(format!("target {}: {}", quoted(&to), reason(&error)));
                }
            }
        }
    };
    if sources.is_empty() {
        return help("missing file operand".to_owned());
    }
    let name = |from: &str| match given.has("parents") {
        true => from.trim_end_matches('/').to_owned(),
        false => last(from).to_owned(),
    };
    Ok(sources
        .iter()
        .map(|from| (from.clone(), within(&folder, &name(from))))
        .collect())
}

/// Keeps what is in the way, if that was asked for. Says whether the way is free.
pub(super) async fn keep(tool: &str, files: &Files, given: &Given, to: &str, report: &mut Report) -> bool {
    let asked = given.has("backup") || given.has("b") || given.has("suffix");
    if !asked || matches!(given.value("backup"), Some("none" | "off")) {
        return true;
    }
    match files.lstat(to).await {
        Ok(found) if !found.file_type.is_dir() => {}
        _ => return true,
    }
    let kept = match given.value("backup") {
        Some("numbered" | "t") => {
            let mut nth = 1;
            while files.lstat(&format!("{to}.~{nth}~")).await.is_ok() {
                nth += 1;
            }
            format!("{to}.~{nth}~")
        }
        _ => format!("{to}{}", given.value("suffix").unwrap_or("~")),
    };
    match files.fs.rename(&files.path(to), &files.path(&kept)).await {
        Ok(()) => true,
        Err(error) => {
            report.fail(tool, &format!("cannot backup {}: {}", quoted(to), reason(&error)));
            false
        }
    }
}
