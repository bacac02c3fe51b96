//! `seq`: numbers in a row, as many as are asked for; they are written as they are made, so a reader may stop them.

use async_trait::async_trait;
use bashkit::{Command, CommandContext, CommandStatus, Result};

use super::options::{Known, flag, parse, valued};

const KNOWN: [Known; 3] = [
    valued('s', "separator"),
    valued('f', "format"),
    flag('w', "equal-width"),
];

/// How much is written at one time.
const PIECE: usize = 4096;

pub(super) struct Seq;

/// A number as it was written, with its digits behind the point.
struct Number {
    value: f64,
    digits: usize,
    text: String,
}

#[async_trait]
impl Command for Seq {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        // A negative number is no option.
        let first = ctx.args.iter().position(|arg| {
            arg.strip_prefix('-')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
        });
        let mut args = ctx.args.to_vec();
        if let Some(first) = first {
            args.insert(first, "--".to_owned());
        }
        let given = match parse("seq", &KNOWN, &args, 1) {
            Ok(given) => given,
            Err(refusal) => {
                ctx.stderr.write_all(refusal.stderr.as_bytes()).await?;
                return Ok(CommandStatus::with_code(1));
            }
        };
        let fail = async |why: String| {
            let text = format!("seq: {why}\nTry 'seq --help' for more information.\n");
            ctx.stderr.write_all(text.as_bytes()).await?;
            Ok(CommandStatus::with_code(1))
        };
        let mut numbers = Vec::new();
        for operand in &given.operands {
            match number(operand) {
                Some(number) => numbers.push(number),
                None => return fail(format!("invalid floating point argument: ‘{operand}’")).await,
            }
        }
        let one = || Number {
            value: 1.0,
            digits: 0,
            text: "1".to_owned(),
        };
        let mut numbers = numbers.into_iter();
        let (from, step, to) = match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (None, ..) => return fail("missing operand".to_owned()).await,
            (Some(to), None, ..) => (one(), one(), to),
            (Some(from), Some(to), None, _) => (from, one(), to),
            (Some(from), Some(step), Some(to), None) => (from, step, to),
            (.., Some(more)) => return fail(format!("extra operand ‘{}’", more.text)).await,
        };
        if step.value == 0.0 {
            return fail(format!("invalid Zero increment value: ‘{}’", step.text)).await;
        }
        let digits = from.digits.max(step.digits);
        let width = match given.has("equal-width") {
            true => {
                let wide = |number: &Number| format!("{:.digits$}", number.value).len();
                wide(&from).max(wide(&to))
            }
            false => 0,
        };
        let separator = given.value("separator").unwrap_or("\n");
        let format = match given.value("format").map(Format::parse) {
            Some(None) => {
                let form = given.value("format").unwrap_or_default();
                return fail(format!("format ‘{form}’ has no % directive")).await;
            }
            other => other.flatten(),
        };
        let mut piece = String::with_capacity(PIECE + 64);
        let mut nth = 0u64;
        loop {
            let value = from.value + nth as f64 * step.value;
            // The last may be missed by less than can be shown.
            let slack =
                10f64.powi(-(i32::try_from(digits).unwrap_or(0)) - 6) * f64::from(u8::from(digits > 0));
            if (step.value > 0.0 && value > to.value + slack)
                || (step.value < 0.0 && value < to.value - slack)
            {
                break;
            }
            if nth > 0 {
                piece.push_str(separator);
            }
            match &format {
                Some(format) => piece.push_str(&format.show(value)),
                None => {
                    let text = format!("{value:.digits$}");
                    match text.strip_prefix('-') {
                        Some(rest) if width > 0 => {
                            piece.push_str(&format!("-{rest:0>0$}", width.saturating_sub(1)))
                        }
                        _ => piece.push_str(&format!("{text:0>width$}")),
                    }
                }
            }
            if piece.len() >= PIECE {
                ctx.stdout.write_all(piece.as_bytes()).await?;
                piece.clear();
            }
            nth += 1;
        }
        if nth > 0 {
            piece.push('\n');
        }
        ctx.stdout.write_all(piece.as_bytes()).await?;
        Ok(CommandStatus::success())
    }
}

fn number(text: &str) -> Option<Number> {
    let value: f64 = text
        .trim_start_matches('+')
        .parse()
        .ok()
        .filter(|value: &f64| !value.is_nan())?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
    Some(Number {
        value,
        digits,
        text: text.to_owned(),
    })
}

/// One `%…` with what stands around it.
struct Format {
    before: String,
    after: String,
    zero: bool,
    left: bool,
    width: usize,
    digits: Option<usize>,
    kind: char,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        let at = text.find('%')?;
        let (before, rest) = (text.get(..at)?, text.get(at + 1..)?);
        let end = rest.find(['f', 'g', 'e'])?;
        let (spec, after) = (rest.get(..end)?, rest.get(end + 1..)?);
        let flags: String = spec.chars().take_while(|c| "-0+ #".contains(*c)).collect();
        let (width, digits) = match spec.get(flags.len()..)?.split_once('.') {
            Some((width, digits)) => (width, Some(digits.parse().unwrap_or(0))),
            None => (spec.get(flags.len()..)?, None),
        };
        Some(Self {
            before: before.to_owned(),
            after: after.replace("%%", "%"),
            zero: flags.contains('0'),
            left: flags.contains('-'),
            width: width.parse().unwrap_or(0),
            digits,
            kind: rest.chars().nth(end)?,
        })
    }

    fn show(&self, value: f64) -> String {
        let digits = self.digits.unwrap_or(6);
        let text = match self.kind {
            'f' => format!("{value:.digits$}"),
            'e' => {
                let text = format!("{value:.digits$e}");
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let (sign, exponent) = match exponent.strip_prefix('-') {
                    Some(exponent) => ('-', exponent),
                    None => ('+', exponent),
                };
                format!("{mantissa}e{sign}{exponent:0>2}")
            }
            _ => format!("{value}"),
        };
        let width = self.width;
        let text = match (self.left, self.zero) {
            (true, _) => format!("{text:<width$}"),
            (false, true) => format!("{text:0>width$}"),
            (false, false) => format!("{text:>width$}"),
        };
        format!("{}{text}{}", self.before, self.after)
    }
}
