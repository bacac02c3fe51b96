//! `openclaw logs`: the gateway's log, from the gateway or, when it is down, from its file.

use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use openclaw_gateway::methods::logs::{Ask, tail};
use serde_json::{Map, Value, json};

use super::gateway::{block_on, log_place};
use crate::args::{Logs, Reach};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::output;

/// How often a gateway that went away is tried again, and how long at most between two tries.
const TRIES: u32 = 8;
const LONGEST: Duration = Duration::from_secs(30);

/// Prints it.
pub(crate) fn run(context: &Context, args: &Logs) -> Result<ExitCode, Failure> {
    let printer = Printer {
        zone: if args.utc {
            TimeZone::UTC
        } else {
            TimeZone::system()
        },
        json: args.json,
    };
    block_on(async {
        let begun = Talk::begin(context, &args.reach).await;
        match begun {
            Ok(talk) => from_gateway(context, args, &printer, talk).await,
            Err(why) if is_local(&args.reach) && !args.follow => {
                output::complain(&format!("{why}\nThese lines are from the log file."));
                from_file(context, args, &printer)
            }
            Err(why) => Err(why),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn is_local(reach: &Reach) -> bool {
    reach.url.is_none() && reach.port.is_none()
}

async fn from_gateway(
    context: &Context,
    args: &Logs,
    printer: &Printer,
    mut talk: Talk,
) -> Result<(), Failure> {
    let mut cursor = None;
    let mut failures = 0;
    loop {
        let params = ask(args, cursor);
        match talk.call("logs.tail", params).await {
            Ok(piece) => {
                failures = 0;
                if cursor.is_none() {
                    printer.meta(&piece, "gateway");
                }
                cursor = piece.field("cursor").as_u64();
                printer.lines(&piece);
            }
            Err(why) if args.follow && is_local(&args.reach) && failures < TRIES => {
                failures += 1;
                output::complain(&format!("[logs] {why}"));
            }
            Err(why) => return Err(why),
        }
        if !args.follow {
            return Ok(());
        }
        if failures == 0 {
            tokio::time::sleep(Duration::from_millis(args.interval)).await;
            continue;
        }
        tokio::time::sleep(LONGEST.min(Duration::from_secs(1 << (failures - 1).min(5)))).await;
        if let Ok(again) = Talk::begin(context, &args.reach).await {
            talk = again;
            output::complain("[logs] gateway reconnected");
        }
    }
}

fn ask(args: &Logs, cursor: Option<u64>) -> Value {
    let mut params = Map::from_iter([
        ("limit".to_owned(), json!(args.limit.clamp(1, 5000))),
        ("maxBytes".to_owned(), json!(args.max_bytes.clamp(1, 1_000_000))),
    ]);
    if let Some(cursor) = cursor {
        params.insert("cursor".to_owned(), json!(cursor));
    }
    Value::Object(params)
}

fn from_file(context: &Context, args: &Logs, printer: &Printer) -> Result<(), Failure> {
    let snapshot = context.load()?;
    let file = log_place(context, &snapshot).current();
    let ask = Ask {
        cursor: None,
        limit: Some(args.limit.into()),
        max_bytes: Some(args.max_bytes.into()),
    };
    let piece = tail(&file, ask).map_err(|error| Failure::file("read", &file, &error))?;
    let piece = serde_json::to_value(piece).unwrap_or_default();
    printer.meta(&piece, "file");
    printer.lines(&piece);
    Ok(())
}

struct Printer {
    zone: TimeZone,
    json: bool,
}

impl Printer {
    fn meta(&self, piece: &Value, source: &str) {
        if self.json {
            print_line(&json!({
                "type": "meta",
                "file": piece.field("file"),
                "source": source,
                "sourceKind": "file",
                "cursor": piece.field("cursor"),
                "size": piece.field("size"),
            }));
        }
    }

    fn lines(&self, piece: &Value) {
        for line in piece.elements("lines").filter_map(Value::as_str) {
            let read = serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
            match (self.json, read) {
                (true, Some(entry)) => print_line(&json!({
                    "type": "log",
                    "time": entry.field("time"),
                    "level": level(&entry),
                    "subsystem": subsystem(&entry),
                    "message": entry.field("message"),
                })),
                (true, None) => print_line(&json!({"type": "raw", "raw": line})),
                (false, Some(entry)) => output::print_shown(&self.line(&entry)),
                (false, None) => output::print_shown(line),
            }
        }
    }

    fn line(&self, entry: &Value) -> String {
        let text = |key: &str| entry.text(key);
        let time = match text("time").parse::<Timestamp>() {
            Ok(time) => time
                .to_zoned(self.zone.clone())
                .strftime("%H:%M:%S%:z")
                .to_string(),
            Err(_) => text("time").to_owned(),
        };
        let level = level(entry);
        match subsystem(entry) {
            None => format!("{time} {level} {}", text("message")),
            Some(subsystem) => format!("{time} {level} {subsystem} {}", text("message")),
        }
    }
}

/// The part of the gateway that a line is of, or the extension.
fn subsystem(entry: &Value) -> Option<String> {
    let name = entry.field("_meta").field("name").as_str()?;
    let named = serde_json::from_str::<Value>(name).ok()?;
    named.field("subsystem").as_str().map(str::to_owned)
}

/// The level in lower case, from wherever the line has it.
fn level(entry: &Value) -> String {
    let named = entry
        .field("level")
        .as_str()
        .or(entry.field("_meta").field("logLevelName").as_str());
    named.unwrap_or("info").to_lowercase()
}

fn print_line(value: &Value) {
    output::print_line_of_json(value);
}
