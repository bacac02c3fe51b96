//! `date`: times, as they are written and as people say them.

use std::time::SystemTime;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};
use chrono::DateTime;
use chrono_tz::Tz;

use super::common::{Files, Report, reason};
use super::lines::content;
use super::options::{Known, Takes, flag, long, parse, valued};
use super::time;

mod form;
mod said;

const KNOWN: [Known; 10] = [
    valued('d', "date"),
    valued('f', "file"),
    valued('r', "reference"),
    valued('s', "set"),
    flag('u', "utc"),
    long("universal", Takes::Nothing),
    flag('R', "rfc-email"),
    Known(Some('I'), "iso-8601", Takes::Maybe),
    long("rfc-3339", Takes::Value),
    long("debug", Takes::Nothing),
];

pub(super) struct Date;

#[async_trait]
impl Builtin for Date {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let given = match parse("date", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let mut report = Report::default();
        if given.has("set") {
            report.fail("date", "cannot set date: Operation not permitted");
            return Ok(report.end());
        }
        let zone = match given.has("utc") || given.has("universal") {
            true => Tz::UTC,
            false => time::zone(&ctx),
        };
        let form = match given.operands.as_slice() {
            [] => None,
            [form] if form.starts_with('+') => form.strip_prefix('+'),
            [other] => {
                report.fail("date", &format!("invalid date ‘{other}’"));
                return Ok(report.end());
            }
            [_, more, ..] => {
                report.fail(
                    "date",
                    &format!("extra operand ‘{more}’\nTry 'date --help' for more information."),
                );
                return Ok(report.end());
            }
        };
        let now = time::within(SystemTime::now(), zone);
        let mut times: Vec<std::result::Result<DateTime<Tz>, String>> = Vec::new();
        if let Some(name) = given.value("reference") {
            match Files::new(&ctx).stat(name).await {
                Ok(found) => times.push(Ok(time::within(found.modified, zone))),
                Err(error) => times.push(Err(format!("{name}: {}", reason(&error)))),
            }
        } else if let Some(name) = given.value("file") {
            match content(&ctx, name).await {
                Ok(text) => times.extend(String::from_utf8_lossy(&text).lines().map(|line| read(line, now))),
                Err(error) => times.push(Err(format!("{name}: {}", reason(&error)))),
            }
        } else {
            times.push(given.value("date").map_or(Ok(now), |said| read(said, now)));
        }
        for time in times {
            let time = match time {
                Ok(time) => time,
                Err(why) => {
                    report.fail("date", &why);
                    continue;
                }
            };
            let text = match (form, given.last(&["rfc-email", "iso-8601", "rfc-3339"])) {
                (Some(form), _) => form::show(form, &time),
                (None, Some("rfc-email")) => form::show("%a, %d %b %Y %H:%M:%S %z", &time),
                (None, Some(name)) => {
                    let t = if name == "rfc-3339" { " " } else { "T" };
                    let exact = match given.value(name).unwrap_or("date") {
                        "date" => "%Y-%m-%d".to_owned(),
                        "hours" | "h" => format!("%Y-%m-%d{t}%H%:z"),
                        "minutes" | "m" => format!("%Y-%m-%d{t}%H:%M%:z"),
                        "seconds" | "s" => format!("%Y-%m-%d{t}%H:%M:%S%:z"),
                        _ => format!("%Y-%m-%d{t}%H:%M:%S,%N%:z"),
                    };
                    form::show(&exact, &time)
                }
                (None, None) => form::show("%a %b %e %H:%M:%S %Z %Y", &time),
            };
            report.out.push_str(&text);
            report.out.push('\n');
        }
        Ok(report.end())
    }
}

fn read(said: &str, now: DateTime<Tz>) -> std::result::Result<DateTime<Tz>, String> {
    said::read(said, now).ok_or_else(|| format!("invalid date ‘{said}’"))
}

/// A time that somebody wrote, if it can be understood.
pub(super) fn understand(said: &str, zone: Tz) -> Option<SystemTime> {
    said::read(said, time::within(SystemTime::now(), zone)).map(SystemTime::from)
}
