//! `expr`: sums, comparisons and patterns, each word an argument.
//!
//! **Bound.** Numbers of 127 bits; nesting as deep as [`DEEPEST`].

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

/// How deep parentheses may nest.
const DEEPEST: usize = 200;

pub(super) struct Expr;

#[async_trait]
impl Builtin for Expr {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let words = match ctx.args {
            [first, rest @ ..] if first == "--" => rest,
            words => words,
        };
        if words.is_empty() {
            let text = "expr: missing operand\nTry 'expr --help' for more information.\n";
            return Ok(ExecResult::err(text, 2));
        }
        let mut reader = Reader {
            words,
            at: 0,
            depth: 0,
        };
        let value = reader
            .either()
            .and_then(|value| match reader.words.get(reader.at) {
                Some(word) => Err(format!("syntax error: unexpected argument ‘{word}’")),
                None => Ok(value),
            });
        Ok(match value {
            Ok(value) => ExecResult::with_code(format!("{value}\n"), i32::from(is_nothing(&value))),
            Err(why) => ExecResult::err(format!("expr: {why}\n"), 2),
        })
    }
}

type Value = std::result::Result<String, String>;

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    depth: usize,
}

/// Whether a value counts as no.
fn is_nothing(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    value.is_empty() || (!digits.is_empty() && digits.bytes().all(|byte| byte == b'0'))
}

fn number(text: &str) -> std::result::Result<i128, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("non-integer argument".to_owned());
    }
    text.parse()
        .map_err(|_| format!("{text}: Numerical result out of range"))
}

impl<'a> Reader<'a> {
    /// Takes the next word if it is one of these.
    fn take(&mut self, among: &[&'static str]) -> Option<&'static str> {
        let word = self.words.get(self.at)?;
        let found = among.iter().find(|known| *known == word).copied()?;
        self.at += 1;
        Some(found)
    }

    fn word(&mut self) -> std::result::Result<&'a str, String> {
        let Some(word) = self.words.get(self.at) else {
            let last = self.at.checked_sub(1).and_then(|at| self.words.get(at));
            return Err(format!(
                "syntax error: missing argument after ‘{}’",
                last.map_or("", String::as_str)
            ));
        };
        self.at += 1;
        Ok(word)
    }

    fn either(&mut self) -> Value {
        let mut left = self.both()?;
        while self.take(&["|"]).is_some() {
            let right = self.both()?;
            if is_nothing(&left) {
                left = match is_nothing(&right) {
                    true => "0".to_owned(),
                    false => right,
                };
            }
        }
        Ok(left)
    }

    fn both(&mut self) -> Value {
        let mut left = self.compared()?;
        while self.take(&["&"]).is_some() {
            let right = self.compared()?;
            if is_nothing(&left) || is_nothing(&right) {
                "0".clone_into(&mut left);
            }
        }
        Ok(left)
    }

    fn compared(&mut self) -> Value {
        let mut left = self.sum()?;
        while let Some(sign) = self.take(&["<=", "<", "==", "=", "!=", ">=", ">"]) {
            let right = self.sum()?;
            let order = match (number(&left), number(&right)) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => left.cmp(&right),
            };
            let holds = match sign {
                "<=" => order.is_le(),
                "<" => order.is_lt(),
                "!=" => order.is_ne(),
                ">=" => order.is_ge(),
                ">" => order.is_gt(),
                _ => order.is_eq(),
            };
            left = u8::from(holds).to_string();
        }
        Ok(left)
    }

    fn sum(&mut self) -> Value {
        let mut left = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let right = self.product()?;
            left = counted(sign, &left, &right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Value {
        let mut left = self.matched()?;
        while let Some(sign) = self.take(&["*", "/", "%"]) {
            let right = self.matched()?;
            left = counted(sign, &left, &right)?;
        }
        Ok(left)
    }

    fn matched(&mut self) -> Value {
        let mut left = self.single()?;
        while self.take(&[":"]).is_some() {
            let pattern = self.single()?;
            left = matching(&left, &pattern)?;
        }
        Ok(left)
    }

    fn single(&mut self) -> Value {
        if self.take(&["+"]).is_some() {
            return self.word().map(str::to_owned);
        }
        if self.take(&["("]).is_some() {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("parentheses nest deeper than {DEEPEST}"));
            }
            let value = self.either()?;
            self.depth -= 1;
            return match self.words.get(self.at) {
                Some(word) if word == ")" => {
                    self.at += 1;
                    Ok(value)
                }
                Some(word) => Err(format!("syntax error: expecting ')' instead of ‘{word}’")),
                None => {
                    let last = self.words.last().map_or("", String::as_str);
                    Err(format!("syntax error: expecting ')' after ‘{last}’"))
                }
            };
        }
        match self.take(&["match", "substr", "index", "length"]) {
            Some("match") => {
                let text = self.single()?;
                matching(&text, &self.single()?)
            }
            Some("substr") => {
                let text = self.single()?;
                let (from, count) = (number(&self.single()?), number(&self.single()?));
                let (Ok(from), Ok(count)) = (from, count) else {
                    return Ok(String::new());
                };
                match (usize::try_from(from), usize::try_from(count)) {
                    (Ok(from @ 1..), Ok(count)) => Ok(text.chars().skip(from - 1).take(count).collect()),
                    _ => Ok(String::new()),
                }
            }
            Some("index") => {
                let text = self.single()?;
                let letters = self.single()?;
                let at = text.chars().position(|letter| letters.contains(letter));
                Ok(at.map_or(0, |at| at + 1).to_string())
            }
            Some(_) => Ok(self.single()?.chars().count().to_string()),
            None if self.words.get(self.at).is_some_and(|word| word == ")") => {
                Err("syntax error: unexpected ')'".to_owned())
            }
            None => self.word().map(str::to_owned),
        }
    }
}

fn counted(sign: &str, left: &str, right: &str) -> Value {
    let (left, right) = (number(left)?, number(right)?);
    if matches!(sign, "/" | "%") && right == 0 {
        return Err("division by zero".to_owned());
    }
    let result = match sign {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    result
        .map(|result| result.to_string())
        .ok_or_else(|| "Numerical result out of range".to_owned())
}

/// What a pattern finds at the beginning of a text: its first group, or how many letters it takes.
fn matching(text: &str, pattern: &str) -> Value {
    let regex = translate(pattern).and_then(|regex| {
        let built = regex::RegexBuilder::new(&regex).size_limit(1 << 20).build();
        built.map_err(|_| "Invalid regular expression".to_owned())
    })?;
    let has_group = regex.captures_len() > 1;
    Ok(match (regex.captures(text), has_group) {
        (Some(found), true) => found.get(1).map_or("", |group| group.as_str()).to_owned(),
        (Some(found), false) => found
            .get(0)
            .map_or(0, |whole| whole.as_str().chars().count())
            .to_string(),
        (None, true) => String::new(),
        (None, false) => "0".to_owned(),
    })
}

/// A basic regular expression as an expression of the library's, which begins where the text does.
fn translate(pattern: &str) -> Value {
    let mut said = String::from("^(?s:");
    let mut letters = pattern.chars().peekable();
    // Where a star stands for itself.
    let mut is_begin = true;
    letters.next_if_eq(&'^');
    while let Some(letter) = letters.next() {
        let was_begin = std::mem::take(&mut is_begin);
        match letter {
            '\\' => match letters.next() {
                Some('(') => {
                    said.push('(');
                    is_begin = true;
                }
                Some('|') => {
                    said.push('|');
                    is_begin = true;
                }
                Some(sign @ (')' | '{' | '}' | '+' | '?')) => said.push(sign),
                Some(sign @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => said.extend(['\\', sign]),
                Some('1'..='9') => return Err("a reference back to a group is not supported here".to_owned()),
                Some(other) => said.push_str(&regex::escape(&other.to_string())),
                None => return Err("Trailing backslash".to_owned()),
            },
            '*' if was_begin => said.push_str("\\*"),
            '*' | '.' => said.push(letter),
            '$' if letters.peek().is_none() => said.push('$'),
            '[' => class(&mut letters, &mut said)?,
            other => said.push_str(&regex::escape(&other.to_string())),
        }
    }
    said.push(')');
    Ok(said)
}

/// A class in brackets, in which only the library has signs of its own.
fn class(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    said: &mut String,
) -> std::result::Result<(), String> {
    said.push('[');
    if letters.next_if_eq(&'^').is_some() {
        said.push('^');
    }
    let mut is_first = true;
    loop {
        let letter = letters.next().ok_or("Unmatched [, [^, [:, [., or [=")?;
        match letter {
            ']' if !is_first => break,
            '[' if letters.peek() == Some(&':') => {
                said.push('[');
                for letter in letters.by_ref() {
                    said.push(letter);
                    if letter == ']' {
                        break;
                    }
                }
            }
            '-' => said.push('-'),
            other => said.push_str(&match other {
                '[' | ']' | '\\' | '^' | '&' | '~' => format!("\\{other}"),
                other => other.to_string(),
            }),
        }
        is_first = false;
    }
    said.push(']');
    Ok(())
}
