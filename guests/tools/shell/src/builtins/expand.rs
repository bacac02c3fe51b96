//! `expand` and `unexpand`: tabs as blanks, and blanks as tabs.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::common::{Report, reason};
use super::lines::{content, sources};
use super::options::{Known, Takes, flag, long, numbered, parse, valued};

const OF_EXPAND: [Known; 2] = [flag('i', "initial"), valued('t', "tabs")];
const OF_UNEXPAND: [Known; 3] = [
    flag('a', "all"),
    long("first-only", Takes::Nothing),
    valued('t', "tabs"),
];

/// Blanks cost memory.
const WIDEST: usize = 1 << 16;

/// Where the columns are that a tab leads to.
struct Stops {
    at: Vec<usize>,
    /// Behind the last of them each multiple of this is one, counted from the line's start or from the last stop.
    then: Option<(usize, bool)>,
}

impl Stops {
    fn read(list: &str) -> std::result::Result<Self, String> {
        let mut stops = Self {
            at: Vec::new(),
            then: None,
        };
        for word in list.split([',', ' ']).filter(|word| !word.is_empty()) {
            let (number, from_last) = match (word.strip_prefix('/'), word.strip_prefix('+')) {
                (Some(number), _) => (number, Some(false)),
                (_, Some(number)) => (number, Some(true)),
                (None, None) => (word, None),
            };
            let stop: usize = number
                .parse()
                .map_err(|_| format!("tab size contains invalid character(s): ‘{number}’"))?;
            if stop == 0 {
                return Err("tab size cannot be 0".to_owned());
            }
            if stop > WIDEST {
                return Err(format!("tab size is larger than {WIDEST}"));
            }
            match from_last {
                Some(from_last) => stops.then = Some((stop, from_last)),
                None if stops.at.last().is_some_and(|last| *last >= stop) => {
                    return Err("tab sizes must be ascending".to_owned());
                }
                None => stops.at.push(stop),
            }
        }
        if stops.at.is_empty() && stops.then.is_none() {
            stops.then = Some((8, false));
        }
        // One alone is the distance of all.
        if let ([every], None) = (stops.at.as_slice(), stops.then) {
            stops.then = Some((*every, false));
            stops.at.clear();
        }
        Ok(stops)
    }

    /// The next stop behind a column, if there is one.
    fn after(&self, column: usize) -> Option<usize> {
        if let Some(stop) = self.at.iter().find(|stop| **stop > column) {
            return Some(*stop);
        }
        let (every, from_last) = self.then?;
        let start = self.at.last().copied().filter(|_| from_last).unwrap_or(0);
        Some(start + (column - start) / every * every + every)
    }
}

/// Either of the two, by its name.
pub(super) struct Expand(pub(super) &'static str);

#[async_trait]
impl Builtin for Expand {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let expands = self.0 == "expand";
        let known = if expands {
            OF_EXPAND.as_slice()
        } else {
            &OF_UNEXPAND
        };
        let given = match parse(self.0, known, &numbered(ctx.args, 't'), 1) {
            Ok(given) => given,
            Err(refusal) => return Ok(*refusal),
        };
        let lists = given.options.iter().filter(|(name, _)| name == "tabs");
        let lists: Vec<&str> = lists.filter_map(|(_, list)| list.as_deref()).collect();
        let stops = match Stops::read(&lists.join(",")) {
            Ok(stops) => stops,
            Err(why) => return Ok(ExecResult::err(format!("{}: {why}\n", self.0), 1)),
        };
        let everywhere = match expands {
            true => !given.has("initial"),
            false => !given.has("first-only") && (given.has("all") || given.has("tabs")),
        };
        let mut report = Report::default();
        let mut out = Vec::new();
        for name in sources(&given) {
            match content(&ctx, &name).await {
                Ok(text) => {
                    for line in text.split_inclusive(|byte| *byte == b'\n') {
                        match expands {
                            true => expand(line, &stops, everywhere, &mut out),
                            false => unexpand(line, &stops, everywhere, &mut out),
                        }
                    }
                }
                Err(error) => report.fail(self.0, &format!("{name}: {}", reason(&error))),
            }
        }
        Ok(ExecResult {
            stdout: out.into(),
            ..report.end()
        })
    }
}

fn expand(line: &[u8], stops: &Stops, everywhere: bool, out: &mut Vec<u8>) {
    let mut column = 0usize;
    let mut expands = true;
    for byte in line {
        match byte {
            b'\t' if expands => {
                let stop = stops.after(column).unwrap_or(column + 1);
                out.resize(out.len() + (stop - column), b' ');
                column = stop;
                continue;
            }
            b'\x08' => column = column.saturating_sub(1),
            _ => column += 1,
        }
        expands &= everywhere || *byte == b' ';
        out.push(*byte);
    }
}

fn unexpand(line: &[u8], stops: &Stops, everywhere: bool, out: &mut Vec<u8>) {
    let mut column = 0usize;
    let mut converts = true;
    // Blanks that may become a tab.
    let mut waiting: Vec<u8> = Vec::new();
    // A blank alone in front of a stop stays one, unless more of them follow.
    let mut is_lone = false;
    let mut after_blank = true;
    for byte in line {
        let mut byte = *byte;
        let is_blank = matches!(byte, b' ' | b'\t');
        if converts && is_blank {
            match stops.after(column) {
                None => converts = false,
                Some(stop) => {
                    if byte == b'\t' {
                        column = stop;
                    } else {
                        column += 1;
                        if !after_blank || column != stop {
                            is_lone |= column == stop;
                            waiting.push(byte);
                            after_blank = true;
                            continue;
                        }
                        byte = b'\t';
                    }
                    waiting.clear();
                    if is_lone {
                        waiting.push(b'\t');
                    }
                }
            }
        } else if byte == b'\x08' {
            column = column.saturating_sub(1);
        } else {
            column += 1;
        }
        if let (true, [first, _, ..]) = (is_lone, waiting.as_mut_slice()) {
            *first = b'\t';
        }
        out.append(&mut waiting);
        is_lone = false;
        out.push(byte);
        after_blank = is_blank;
        converts &= everywhere || is_blank;
    }
    if let (true, [first, _, ..]) = (is_lone, waiting.as_mut_slice()) {
        *first = b'\t';
    }
    out.append(&mut waiting);
}
