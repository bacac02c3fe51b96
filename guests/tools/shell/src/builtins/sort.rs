//! `sort`: lines in order. How two of them compare is in `order`.

use std::cmp::Ordering;
use std::collections::hash_map::RandomState;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult};

use super::common::{Files, reason};
use super::lines::{content, end_of, lines, sources};
use super::options::{Given, Known, Takes, flag, long, parse, valued};
use super::order::Key;

const KNOWN: [Known; 28] = [
    flag('b', "ignore-leading-blanks"),
    flag('d', "dictionary-order"),
    flag('f', "ignore-case"),
    flag('g', "general-numeric-sort"),
    flag('h', "human-numeric-sort"),
    flag('i', "ignore-nonprinting"),
    flag('M', "month-sort"),
    flag('n', "numeric-sort"),
    flag('R', "random-sort"),
    flag('r', "reverse"),
    flag('V', "version-sort"),
    long("sort", Takes::Value),
    valued('k', "key"),
    valued('t', "field-separator"),
    flag('c', ""),
    flag('C', ""),
    long("check", Takes::Maybe),
    flag('m', "merge"),
    valued('o', "output"),
    flag('s', "stable"),
    flag('u', "unique"),
    flag('z', "zero-terminated"),
    long("files0-from", Takes::Value),
    // These say how to go about it, which comes out the same.
    valued('S', "buffer-size"),
    valued('T', "temporary-directory"),
    long("parallel", Takes::Value),
    long("batch-size", Takes::Value),
    long("compress-program", Takes::Value),
];

/// How `sort` ends when it could not do what it was asked for.
const TROUBLE: i32 = 2;

/// What was asked for.
struct Asked {
    keys: Vec<Key>,
    tab: Option<u8>,
    /// Where no key tells two lines apart, all their bytes do; unless these are left as they came.
    last_resort: bool,
    is_reversed: bool,
    chance: RandomState,
}

impl Asked {
    fn read(given: &Given) -> Result<Self, String> {
        let mut global = String::new();
        for (name, value) in &given.options {
            let letter = match (name.as_str(), value.as_deref()) {
                ("sort", Some(word)) => {
                    let known = KNOWN.iter().find(|known| known.1 == format!("{word}-sort"));
                    known
                        .and_then(|known| known.0)
                        .ok_or_else(|| format!("invalid argument ‘{word}’ for ‘--sort’"))?
                }
                (name, _) => match KNOWN.iter().take(11).find(|known| known.1 == name) {
                    Some(Known(Some(letter), ..)) => *letter,
                    _ => continue,
                },
            };
            global.push(letter);
        }
        let specs = given.options.iter().filter(|(name, _)| name == "key");
        let mut keys = specs
            .map(|(_, spec)| Key::read(spec.as_deref().unwrap_or_default(), &global))
            .collect::<Result<Vec<Key>, String>>()?;
        let line = Key::line(&global)?;
        if keys.is_empty() {
            keys.push(line);
        }
        let tab = match given.value("field-separator") {
            None => None,
            Some("") => return Err("empty tab".to_owned()),
            Some("\\0") => Some(0),
            Some(tab) => match tab.as_bytes() {
                [tab] => Some(*tab),
                _ => return Err(format!("multi-character tab ‘{tab}’")),
            },
        };
        Ok(Self {
            keys,
            tab,
            last_resort: !given.has("stable") && !given.has("unique"),
            is_reversed: line.way.reverse,
            chance: RandomState::new(),
        })
    }

    /// A line with the part of it that decides most often.
    fn row<'a>(&self, line: &'a [u8]) -> Row<'a> {
        let first = self.keys.first().map_or(line, |key| key.part(line, self.tab));
        Row { line, first }
    }

    fn compare(&self, one: &Row<'_>, two: &Row<'_>) -> Ordering {
        for (nth, key) in self.keys.iter().enumerate() {
            let order = match nth {
                0 => key.way.compare(one.first, two.first, &self.chance),
                _ => {
                    let (one, two) = (key.part(one.line, self.tab), key.part(two.line, self.tab));
                    key.way.compare(one, two, &self.chance)
                }
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        match (self.last_resort, self.is_reversed) {
            (false, _) => Ordering::Equal,
            (true, false) => one.line.cmp(two.line),
            (true, true) => two.line.cmp(one.line),
        }
    }
}

struct Row<'a> {
    line: &'a [u8],
    first: &'a [u8],
}

pub(super) struct Sort;

#[async_trait]
impl Builtin for Sort {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        let mut given = match parse("sort", &KNOWN, ctx.args, TROUBLE) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let refuse = |why: String| Ok(ExecResult::err(format!("sort: {why}\n"), TROUBLE));
        let asked = match Asked::read(&given) {
            Ok(asked) => asked,
            Err(why) => return refuse(why),
        };
        if let Some(list) = given.value("files0-from").map(str::to_owned) {
            match content(&ctx, &list).await {
                Ok(names) => {
                    let names = lines(&names, b'\0').map(|name| String::from_utf8_lossy(name).into_owned());
                    given.operands = names.collect();
                }
                Err(error) => return refuse(format!("cannot read: {list}: {}", reason(&error))),
            }
            if given.operands.is_empty() {
                return refuse(format!("no input from '{list}'"));
            }
        }
        let checks = given.last(&["c", "C", "check"]);
        if let (Some(letter), Some(extra)) = (checks, given.operands.get(1)) {
            let letter = if letter == "C" { 'C' } else { 'c' };
            return refuse(format!("extra operand '{extra}' not allowed with -{letter}"));
        }

        let end = end_of(&given);
        let mut text = Vec::new();
        for name in sources(&given) {
            match content(&ctx, &name).await {
                Ok(more) => text.extend(more),
                Err(error) => {
                    let why = reason(&error);
                    let what = match why.as_str() {
                        "Is a directory" => "read failed",
                        _ => "cannot read",
                    };
                    return refuse(format!("{what}: {name}: {why}"));
                }
            }
            if text.last().is_some_and(|last| *last != end) {
                text.push(end);
            }
        }
        let mut rows: Vec<Row<'_>> = lines(&text, end).map(|line| asked.row(line)).collect();
        let is_unique = given.has("unique");

        if let Some(check) = checks {
            let is_disorder = |pair: &[Row<'_>]| match pair {
                [one, two] => match asked.compare(one, two) {
                    Ordering::Greater => true,
                    Ordering::Equal => is_unique,
                    Ordering::Less => false,
                },
                _ => false,
            };
            let Some(at) = rows.windows(2).position(is_disorder) else {
                return Ok(ExecResult::ok(String::new()));
            };
            let is_quiet = check == "C" || matches!(given.value("check"), Some("quiet" | "silent"));
            let line = rows.get(at + 1).map(|row| String::from_utf8_lossy(row.line));
            let told = match is_quiet {
                true => String::new(),
                false => format!(
                    "sort: {}:{}: disorder: {}\n",
                    given.operands.first().map_or("-", String::as_str),
                    at + 2,
                    line.unwrap_or_default()
                ),
            };
            return Ok(ExecResult::err(told, 1));
        }

        rows.sort_by(|one, two| asked.compare(one, two));
        if is_unique {
            rows.dedup_by(|later, kept| asked.compare(kept, later) == Ordering::Equal);
        }
        let mut out = Vec::with_capacity(text.len());
        for row in rows {
            out.extend_from_slice(row.line);
            out.push(end);
        }
        match given.value("output") {
            None => Ok(ExecResult {
                stdout: out.into(),
                ..ExecResult::default()
            }),
            Some(name) => match ctx.fs.write_file(&Files::new(&ctx).path(name), &out).await {
                Ok(()) => Ok(ExecResult::ok(String::new())),
                Err(error) => refuse(format!("open failed: {name}: {}", reason(&error))),
            },
        }
    }
}
