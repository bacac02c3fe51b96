//! Arithmetic expressions, read and computed in one pass, in `f64`. A result that is not a finite number is a
//! mistake. At most 4096 bytes and 64 levels, so the pass ends soon and needs little stack.

use std::fmt;

const MAX_BYTES: usize = 4096;
const MAX_DEPTH: usize = 64;
/// So many decimal digits survive in an `f64`; what comes after them is rounding.
const DIGITS: usize = 15;

/// Why an expression has no value, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Mistake {
    /// Counted in characters, from 1.
    place: usize,
    what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.place, self.what)
    }
}

impl std::error::Error for Mistake {}

type Result<T> = std::result::Result<T, Mistake>;

/// The value of an expression.
pub(crate) fn evaluate(text: &str) -> Result<f64> {
    if text.len() > MAX_BYTES {
        return Err(Mistake {
            place: 1,
            what: format!("the expression is longer than {MAX_BYTES} bytes; take it apart"),
        });
    }
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let value = reader.sum()?;
    match reader.peek() {
        None => Ok(value),
        Some(')') => Err(reader.mistake("this parenthesis was never opened")),
        Some(other) => Err(reader.mistake(format!("expected an operator or the end, found {other:?}"))),
    }
}

/// A number with as many digits as are certain, without an exponent where that is readable.
pub(crate) fn write_number(value: f64) -> String {
    let short = format!("{value:.*e}", DIGITS - 1);
    let rounded: f64 = short.parse().unwrap_or(value);
    let size = rounded.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e15).contains(&size) {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes, always between two characters.
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn mistake(&self, what: impl Into<String>) -> Mistake {
        self.mistake_at(self.at, what)
    }

    fn mistake_at(&self, at: usize, what: impl Into<String>) -> Mistake {
        let before = self.text.get(..at).unwrap_or_default();
        Mistake {
            place: before.chars().count() + 1,
            what: what.into(),
        }
    }

    /// A value that came of an operator or a function at this place.
    fn check(&self, at: usize, value: f64) -> Result<f64> {
        if value.is_finite() {
            Ok(value)
        } else if value.is_nan() {
            Err(self.mistake_at(at, "this has no value among the real numbers"))
        } else {
            Err(self.mistake_at(at, "the result is too large, the limit is about 1.8e308"))
        }
    }

    fn sum(&mut self) -> Result<f64> {
        let mut value = self.product()?;
        loop {
            self.peek();
            let at = self.at;
            let next = if self.accept('+') {
                value + self.product()?
            } else if self.accept('-') || self.accept('−') {
                value - self.product()?
            } else {
                return Ok(value);
            };
            value = self.check(at, next)?;
        }
    }

    fn product(&mut self) -> Result<f64> {
        let mut value = self.signed()?;
        loop {
            self.peek();
            let at = self.at;
            let next = if self.accept('*') || self.accept('×') || self.accept('·') {
                value * self.signed()?
            } else if self.accept('/') || self.accept('÷') {
                value / self.divisor(at)?
            } else if self.accept('%') {
                value % self.divisor(at)?
            } else {
                return Ok(value);
            };
            value = self.check(at, next)?;
        }
    }

    fn divisor(&mut self, at: usize) -> Result<f64> {
        let value = self.signed()?;
        if value == 0.0 {
            return Err(self.mistake_at(at, "division by zero"));
        }
        Ok(value)
    }

    /// Signs stand before powers: `-2^2` is `-(2^2)`, and `2^-1` is a half.
    fn signed(&mut self) -> Result<f64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.mistake(format!("more than {MAX_DEPTH} levels; take the expression apart")));
        }
        let value = if self.accept('-') || self.accept('−') {
            -self.signed()?
        } else if self.accept('+') {
            self.signed()?
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn power(&mut self) -> Result<f64> {
        let base = self.operand()?;
        self.peek();
        let at = self.at;
        if !self.accept('^') {
            return Ok(base);
        }
        let exponent = self.signed()?;
        if base == 0.0 && exponent < 0.0 {
            return Err(self.mistake_at(at, "division by zero"));
        }
        self.check(at, base.powf(exponent))
    }

    fn operand(&mut self) -> Result<f64> {
        match self.peek() {
            Some('(') => {
                let open = self.at;
                self.accept('(');
                let value = self.sum()?;
                self.close(open)?;
                Ok(value)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() => self.name(),
            Some(c) => Err(self.mistake(format!("expected a number, a name or \"(\", found {c:?}"))),
            None => Err(self.mistake("expected a number, a name or \"(\", found the end")),
        }
    }

    fn close(&mut self, open: usize) -> Result<()> {
        if self.accept(')') {
            return Ok(());
        }
        match self.peek() {
            None => Err(self.mistake_at(open, "this parenthesis is never closed")),
            Some(other) => Err(self.mistake(format!("expected an operator or \")\", found {other:?}"))),
        }
    }

    fn number(&mut self) -> Result<f64> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_');
        let mut len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        // An exponent needs a digit, or the `e` is the constant that follows by mistake.
        let tail = rest.get(len..).unwrap_or_default();
        if let Some(exponent) = tail.strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let digits = unsigned
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(unsigned.len());
            if digits > 0 {
                len += 1 + (exponent.len() - unsigned.len()) + digits;
            }
        }
        let written = rest.get(..len).unwrap_or_default();
        let value = written.replace('_', "").parse::<f64>();
        match value {
            Ok(value) if value.is_finite() => {
                self.at += len;
                Ok(value)
            }
            Ok(_) => Err(self.mistake("the number is too large, the limit is about 1.8e308")),
            Err(_) => Err(self.mistake(format!("{written:?} is not a number"))),
        }
    }

    fn name(&mut self) -> Result<f64> {
        let (start, rest) = (self.at, self.rest());
        let len = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..len).unwrap_or_default();
        self.at += len;
        match name {
            "pi" | "π" => return Ok(std::f64::consts::PI),
            "tau" | "τ" => return Ok(std::f64::consts::TAU),
            "e" => return Ok(std::f64::consts::E),
            _ => {}
        }
        let is_call = self.peek() == Some('(');
        let open = self.at;
        if !is_call {
            return Err(self.mistake_at(start, format!("{name:?} is no constant; there are pi, e and tau")));
        }
        self.accept('(');
        let mut arguments = vec![self.sum()?];
        while self.accept(',') {
            arguments.push(self.sum()?);
        }
        self.close(open)?;
        let value = apply(name, &arguments).map_err(|what| self.mistake_at(start, what))?;
        self.check(start, value)
    }
}

fn apply(name: &str, arguments: &[f64]) -> std::result::Result<f64, String> {
    let value = match (name, arguments) {
        ("sqrt", [x]) => x.sqrt(),
        ("cbrt", [x]) => x.cbrt(),
        ("exp", [x]) => x.exp(),
        // Their limit at zero is infinite, which is no value rather than a large one.
        ("ln" | "log2" | "log10", [0.0]) => f64::NAN,
        ("ln", [x]) => x.ln(),
        ("log2", [x]) => x.log2(),
        ("log10", [x]) => x.log10(),
        ("sin", [x]) => x.sin(),
        ("cos", [x]) => x.cos(),
        ("tan", [x]) => x.tan(),
        ("asin", [x]) => x.asin(),
        ("acos", [x]) => x.acos(),
        ("atan", [x]) => x.atan(),
        ("abs", [x]) => x.abs(),
        ("floor", [x]) => x.floor(),
        ("ceil", [x]) => x.ceil(),
        ("trunc", [x]) => x.trunc(),
        ("round", [x]) => x.round(),
        ("hypot", [x, y]) => x.hypot(*y),
        ("atan2", [y, x]) => y.atan2(*x),
        ("min", [first, rest @ ..]) => rest.iter().copied().fold(*first, f64::min),
        ("max", [first, rest @ ..]) => rest.iter().copied().fold(*first, f64::max),
        ("hypot" | "atan2", _) => return Err(format!("{name} takes two arguments, not {}", arguments.len())),
        (
            "sqrt" | "cbrt" | "exp" | "ln" | "log2" | "log10" | "sin" | "cos" | "tan" | "asin" | "acos"
            | "atan" | "abs" | "floor" | "ceil" | "trunc" | "round",
            _,
        ) => return Err(format!("{name} takes one argument, not {}", arguments.len())),
        ("log", _) => return Err("log is ambiguous; write ln, log2 or log10".to_owned()),
        _ => return Err(format!("there is no function {name:?}")),
    };
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        evaluate(text).map_or_else(|mistake| mistake.to_string(), write_number)
    }

    #[test]
    fn operators_bind_as_in_mathematics() {
        for (text, value) in [
            ("1 + 2 * 3", "7"),
            ("(1 + 2) * 3", "9"),
            ("10 - 4 - 3", "3"),
            ("100 / 10 / 2", "5"),
            ("2 ^ 3 ^ 2", "512"),
            ("-2 ^ 2", "-4"),
            ("2 ^ -1", "0.5"),
            ("2 * -3", "-6"),
            ("--1", "1"),
            ("-7 % 3", "-1"),
            ("7.5 % 2", "1.5"),
            ("3 × 4 ÷ 2 − 1", "5"),
        ] {
            assert_eq!(shown(text), value, "{text}");
        }
    }

    #[test]
    fn numbers_may_have_exponents_and_separators() {
        for (text, value) in [
            ("1e3 + .5", "1000.5"),
            ("1_000_000", "1000000"),
            ("1.5E-3", "0.0015"),
        ] {
            assert_eq!(shown(text), value, "{text}");
        }
    }

    #[test]
    fn fifteen_digits_are_shown_and_rounding_is_not() {
        for (text, value) in [
            ("0.1 + 0.2", "0.3"),
            ("1 / 3", "0.333333333333333"),
            ("19.99 * 3", "59.97"),
            ("2 ^ 40", "1099511627776"),
            ("2 ^ 100", "1.26765060022823e30"),
            ("1 / 3e9", "3.33333333333333e-10"),
            ("0 * -1", "0"),
        ] {
            assert_eq!(shown(text), value, "{text}");
        }
    }

    #[test]
    fn functions_and_constants_have_their_values() {
        for (text, value) in [
            ("sqrt(2) ^ 2", "2"),
            ("max(1, 5, 3) - min(4, 2)", "3"),
            ("round(2.5) + round(-2.5)", "0"),
            ("sin(pi / 2)", "1"),
            ("ln(e)", "1"),
            ("hypot(3, 4)", "5"),
            ("log10(1000)", "3"),
        ] {
            assert_eq!(shown(text), value, "{text}");
        }
    }

    #[test]
    fn a_mistake_says_where_it_is() {
        for (text, words) in [
            (
                "",
                "at character 1: expected a number, a name or \"(\", found the end",
            ),
            ("1 +", "at character 4: expected a number"),
            ("2 * (3 + 4", "at character 5: this parenthesis is never closed"),
            ("2 * 3)", "at character 6: this parenthesis was never opened"),
            (
                "1 2",
                "at character 3: expected an operator or the end, found '2'",
            ),
            ("1.2.3", "at character 1: \"1.2.3\" is not a number"),
            ("π × foo(1)", "at character 5: there is no function \"foo\""),
            ("x + 1", "at character 1: \"x\" is no constant"),
            ("sqrt(1, 2)", "at character 1: sqrt takes one argument, not 2"),
            ("log(10)", "at character 1: log is ambiguous"),
            ("1 / (2 - 2)", "at character 3: division by zero"),
            ("0 ^ -1", "at character 3: division by zero"),
            (
                "sqrt(-1)",
                "at character 1: this has no value among the real numbers",
            ),
            ("ln(0)", "at character 1: this has no value"),
            ("10 ^ 400", "at character 4: the result is too large"),
            ("1e999", "at character 1: the number is too large"),
        ] {
            let said = shown(text);
            assert!(said.starts_with(words), "{text}: {said}");
        }
    }

    #[test]
    fn neither_length_nor_depth_is_unbounded() {
        let deep = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
        assert!(shown(&deep).contains("more than 64 levels"));
        assert!(shown(&"-".repeat(3000)).contains("more than 64 levels"));
        assert!(shown(&"2^".repeat(1000)).contains("more than 64 levels"));
        assert!(shown(&"1+".repeat(3000)).contains("longer than 4096 bytes"));
        let wide = format!("{}1", "1+".repeat(2000));
        assert_eq!(shown(&wide), "2001");
        let nested = format!("{}1{}", "(".repeat(60), ")".repeat(60));
        assert_eq!(shown(&nested), "1");
    }
}
