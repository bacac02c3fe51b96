//! `shuf`: lines, words or numbers in an order that nobody can foretell.

use std::collections::HashMap;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult};

use super::common::{Files, reason};
use super::lines::{content, end_of, lines};
use super::options::{Given, Known, flag, parse, valued};
use crate::random;

const KNOWN: [Known; 6] = [
    flag('e', "echo"),
    valued('i', "input-range"),
    valued('n', "head-count"),
    valued('o', "output"),
    flag('r', "repeat"),
    flag('z', "zero-terminated"),
];

/// How many are drawn where the same may come again and nobody says how many, as `yes` does it here.
const WITHOUT_END: u64 = 10_000;

/// What is printed is held in memory.
const MOST: usize = 64 << 20;

/// What is drawn from: given items, or the numbers from one up.
enum Lot {
    Items(Vec<Vec<u8>>),
    Numbers { first: u64, count: u64 },
}

impl Lot {
    fn count(&self) -> u64 {
        match self {
            Self::Items(items) => items.len() as u64,
            Self::Numbers { count, .. } => *count,
        }
    }

    fn put(&self, nth: u64, out: &mut Vec<u8>) {
        match self {
            Self::Items(items) => {
                let item = usize::try_from(nth).ok().and_then(|nth| items.get(nth));
                out.extend(item.into_iter().flatten());
            }
            Self::Numbers { first, .. } => out.extend((first + nth).to_string().into_bytes()),
        }
    }
}

pub(super) struct Shuf;

#[async_trait]
impl Builtin for Shuf {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        let given = match parse("shuf", &KNOWN, ctx.args, 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let out = match shuffle(&ctx, &given).await {
            Ok(out) => out,
            Err(why) => return Ok(ExecResult::err(format!("shuf: {why}\n"), 1)),
        };
        let Some(name) = given.value("output") else {
            return Ok(ExecResult {
                stdout: out.into(),
                ..ExecResult::default()
            });
        };
        match ctx.fs.write_file(&Files::new(&ctx).path(name), &out).await {
            Ok(()) => Ok(ExecResult::ok(String::new())),
            Err(error) => Ok(ExecResult::err(format!("shuf: {name}: {}\n", reason(&error)), 1)),
        }
    }
}

async fn shuffle(ctx: &BuiltinContext<'_>, given: &Given) -> Result<Vec<u8>, String> {
    let help = |why: &str| format!("{why}\nTry 'shuf --help' for more information.");
    let mut most: Option<u64> = None;
    for (_, count) in given.options.iter().filter(|(name, _)| name == "head-count") {
        let count = count.as_deref().unwrap_or_default();
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("invalid line count: ‘{count}’"));
        }
        // More than can be counted is all there are.
        let count = count.parse().unwrap_or(u64::MAX);
        most = Some(most.map_or(count, |most| most.min(count)));
    }
    let end = end_of(given);
    let lot = match (
        given.value("input-range"),
        given.has("echo"),
        given.operands.as_slice(),
    ) {
        (Some(_), true, _) => return Err(help("cannot combine -e and -i options")),
        (Some(_), false, [extra, ..]) | (None, false, [_, extra, ..]) => {
            return Err(help(&format!("extra operand ‘{extra}’")));
        }
        (Some(range), false, []) => {
            numbers(range).map_err(|wrong| format!("invalid input range: ‘{wrong}’"))?
        }
        (None, true, words) => Lot::Items(words.iter().map(|word| word.clone().into_bytes()).collect()),
        (None, false, names) => {
            let name = names.first().map_or("-", String::as_str);
            let text = content(ctx, name)
                .await
                .map_err(|error| format!("{name}: {}", reason(&error)))?;
            Lot::Items(lines(&text, end).map(<[u8]>::to_vec).collect())
        }
    };
    let mut dice = Dice::default();
    let mut out = Vec::new();
    let mut put = |nth: u64| {
        lot.put(nth, &mut out);
        out.push(end);
        match out.len() > MOST {
            true => Err(format!("more than {MOST} bytes")),
            false => Ok(()),
        }
    };
    if given.has("repeat") {
        if lot.count() == 0 && most != Some(0) {
            return Err("no lines to repeat".to_owned());
        }
        for _ in 0..most.unwrap_or(WITHOUT_END) {
            put(dice.below(lot.count())?)?;
        }
        return Ok(out);
    }
    // Each place is given what a place behind it holds; only those that changed are kept, since the numbers may be many.
    let mut moved: HashMap<u64, u64> = HashMap::new();
    for place in 0..most.unwrap_or(u64::MAX).min(lot.count()) {
        let other = place + dice.below(lot.count() - place)?;
        let here = moved.remove(&place).unwrap_or(place);
        match other == place {
            true => put(here)?,
            false => put(moved.insert(other, here).unwrap_or(other))?,
        }
    }
    Ok(out)
}

/// Reads `LO-HI`; `HI` may be the number before `LO`, which is none at all. The error is what is wrong with it.
fn numbers(range: &str) -> Result<Lot, &str> {
    let (first, last) = range.split_once('-').ok_or(range)?;
    let number = |text| str::parse::<u64>(text).map_err(|_| text);
    let (first, last) = (number(first)?, number(last)?);
    let count = last.checked_add(1).and_then(|end| end.checked_sub(first));
    let count = count.ok_or(range)?;
    Ok(Lot::Numbers { first, count })
}

/// Numbers from the host's random bytes, many of which are asked for at once.
#[derive(Default)]
struct Dice(Vec<u8>);

impl Dice {
    /// A number below `bound`, each as likely as the others.
    fn below(&mut self, bound: u64) -> Result<u64, String> {
        // Beyond the last multiple of the bound some numbers would come once more often.
        let fair = u64::MAX - u64::MAX % bound.max(1);
        loop {
            let thrown = self.throw()?;
            if thrown < fair {
                return Ok(thrown % bound.max(1));
            }
        }
    }

    fn throw(&mut self) -> Result<u64, String> {
        const AT_ONCE: usize = 4096;
        if self.0.len() < size_of::<u64>() {
            self.0 = random::bytes(AT_ONCE).map_err(|error| format!("no random numbers: {error}"))?;
        }
        let rest = self.0.len() - size_of::<u64>();
        let bytes = self.0.split_off(rest);
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}
