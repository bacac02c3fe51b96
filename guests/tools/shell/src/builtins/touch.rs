//! `touch`: files are there, and their times are what is said.

use std::time::SystemTime;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Files, Report, quoted, reason};
use super::options::{Known, Takes, flag, long, parse, valued};
use super::{date, mode, time};

const KNOWN: [Known; 9] = [
    flag('a', ""),
    flag('m', ""),
    flag('c', "no-create"),
    flag('f', ""),
    flag('h', "no-dereference"),
    valued('d', "date"),
    valued('r', "reference"),
    valued('t', ""),
    long("time", Takes::Value),
];

pub(super) struct Touch;

#[async_trait]
impl Builtin for Touch {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("touch", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        let (files, zone) = (Files::new(&ctx), time::zone(&ctx));
        let wanted = if let Some(like) = given.value("reference") {
            files
                .stat(like)
                .await
                .map(|found| found.modified)
                .map_err(|error| format!("failed to get attributes of {}: {}", quoted(like), reason(&error)))
        } else if let Some(said) = given.value("date") {
            date::understand(said, zone).ok_or_else(|| format!("invalid date format ‘{said}’"))
        } else if let Some(stamp) = given.value("t") {
            stamped(stamp)
                .and_then(|said| date::understand(&said, zone))
                .ok_or_else(|| format!("invalid date format ‘{stamp}’"))
        } else {
            Ok(SystemTime::now())
        };
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(why) => {
                report.fail("touch", &why);
                return Ok(report.end());
            }
        };
        if given.operands.is_empty() {
            report.fail(
                "touch",
                "missing file operand\nTry 'touch --help' for more information.",
            );
        }
        for name in &given.operands {
            let path = files.path(name);
            if files.stat(name).await.is_err() {
                if given.has("no-create") {
                    continue;
                }
                if let Err(error) = files.fs.write_file(&path, b"").await {
                    report.fail(
                        "touch",
                        &format!("cannot touch {}: {}", quoted(name), reason(&error)),
                    );
                    continue;
                }
                let bits = 0o666 & !mode::mask(ctx.variables);
                if bits != 0o644 {
                    // A file with another mode than wished is still a file.
                    let _ = files.fs.chmod(&path, bits).await;
                }
            }
            // There is one time only; the one of the last reading is not kept.
            if given.last(&["a", "m"]) == Some("a") && !given.has("m") {
                continue;
            }
            if let Err(error) = files.fs.set_modified_time(&path, wanted).await {
                report.fail(
                    "touch",
                    &format!("setting times of {}: {}", quoted(name), reason(&error)),
                );
            }
        }
        Ok(report.end())
    }
}

/// `[[CC]YY]MMDDhhmm[.ss]` as a time that can be read.
fn stamped(text: &str) -> Option<String> {
    let (text, second) = text.split_once('.').unwrap_or((text, "00"));
    let (year, rest) = text.split_at_checked(text.len().checked_sub(8)?)?;
    let year = match year.len() {
        4 => year.to_owned(),
        2 => format!("{}{year}", if year < "69" { "20" } else { "19" }),
        0 => chrono::Utc::now().format("%Y").to_string(),
        _ => return None,
    };
    let part = |from: usize| rest.get(from..from + 2);
    Some(format!(
        "{year}-{}-{} {}:{}:{second}",
        part(0)?,
        part(2)?,
        part(4)?,
        part(6)?
    ))
}
