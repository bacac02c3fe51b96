//! Options as GNU tools read them: clustered letters, values attached or apart, long names that may be shortened, operands
//! in between.

use bashkit::ExecResult;

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takes {
    /// None.
    Nothing,
    /// One, attached or the next argument.
    Value,
    /// One, but only attached.
    Maybe,
}

use Takes::{Maybe, Nothing, Value};

/// One option: its letter, its long name, whether it takes a value. Either name may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known(pub Option<char>, pub &'static str, pub Takes);

/// An option with a letter and a long name.
pub(super) const fn flag(letter: char, long: &'static str) -> Known {
    Known(Some(letter), long, Nothing)
}

/// One that takes a value.
pub(super) const fn valued(letter: char, long: &'static str) -> Known {
    Known(Some(letter), long, Value)
}

/// One with a long name only.
pub(super) const fn long(name: &'static str, takes: Takes) -> Known {
    Known(None, name, takes)
}

/// What was given: options in order, each by its long name or, without one, by its letter; then what is no option.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) options: Vec<(String, Option<String>)>,
    /// For each option, how many operands stand before it.
    pub(super) places: Vec<usize>,
    pub(super) operands: Vec<String>,
}

impl Given {
    /// Whether an option was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(given, _)| given == name)
    }

    /// The value of an option, as given last.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut given = self.options.iter().rev().filter(|(given, _)| given == name);
        given.next().and_then(|(_, value)| value.as_deref())
    }

    /// Which of these was given last.
    pub(super) fn last<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        let mut given = self.options.iter().rev();
        given.find_map(|(given, _)| names.iter().find(|name| *name == given).copied())
    }
}

/// Old ways to write a value: `-3` for the option with this letter.
pub(super) fn numbered(args: &[String], letter: char) -> Vec<String> {
    let ends = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let written = |(nth, arg): (usize, &String)| match arg.strip_prefix('-') {
        Some(digits)
            if nth < ends && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            format!("-{letter}{digits}")
        }
        _ => arg.clone(),
    };
    args.iter().enumerate().map(written).collect()
}

/// What `--help` prints: the options that are known here.
fn help(tool: &str, known: &[Known]) -> String {
    let mut help = format!("Usage: {tool} [OPTION]... [OPERAND]...\n\nOptions known here:\n");
    for Known(letter, long, takes) in known {
        let (value, attached) = match takes {
            Nothing => ("", ""),
            Value => (" VALUE", "=VALUE"),
            Maybe => ("[VALUE]", "[=VALUE]"),
        };
        help += &match (letter, *long) {
            (Some(letter), "") => format!("  -{letter}{value}\n"),
            (Some(letter), long) => format!("  -{letter}, --{long}{attached}\n"),
            (None, long) => format!("      --{long}{attached}\n"),
        };
    }
    help
}

/// Reads arguments; the error is what the tool prints, and how it ends.
pub(super) fn parse(
    tool: &str,
    known: &[Known],
    args: &[String],
    misused: i32,
) -> Result<Given, Box<ExecResult>> {
    let refuse = |why: String| {
        let text = format!("{tool}: {why}\nTry '{tool} --help' for more information.\n");
        Box::new(ExecResult::err(text, misused))
    };
    let id = |found: &Known| match (found.1, found.0) {
        ("", Some(letter)) => letter.to_string(),
        (name, _) => name.to_owned(),
    };
    let mut given = Given::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            given.operands.extend(args.by_ref().cloned());
        } else if arg == "--help" {
            return Err(Box::new(ExecResult::ok(help(tool, known))));
        } else if arg == "--version" {
            return Err(Box::new(ExecResult::ok(format!(
                "{tool} (shell of the sandbox) {}\n",
                env!("CARGO_PKG_VERSION")
            ))));
        } else if let Some(text) = arg.strip_prefix("--") {
            let (name, attached) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (text, None),
            };
            let exact = known.iter().find(|known| known.1 == name);
            let mut close = known
                .iter()
                .filter(|known| !known.1.is_empty() && known.1.starts_with(name));
            let found = match (exact, close.next(), close.next()) {
                (Some(found), ..) | (None, Some(found), None) => found,
                (None, None, _) => return Err(refuse(format!("unrecognized option '--{name}'"))),
                (None, Some(_), Some(_)) => return Err(refuse(format!("option '--{name}' is ambiguous"))),
            };
            let value = match (found.2, attached) {
                (Nothing, Some(_)) => {
                    return Err(refuse(format!(
                        "option '--{}' doesn't allow an argument",
                        found.1
                    )));
                }
                (Value, None) => match args.next() {
                    Some(value) => Some(value.clone()),
                    None => return Err(refuse(format!("option '--{}' requires an argument", found.1))),
                },
                (_, attached) => attached,
            };
            given.places.push(given.operands.len());
            given.options.push((id(found), value));
        } else if arg.len() > 1
            && let Some(letters) = arg.strip_prefix('-')
        {
            let mut letters = letters.chars();
            while let Some(letter) = letters.next() {
                let Some(found) = known.iter().find(|known| known.0 == Some(letter)) else {
                    return Err(refuse(format!("invalid option -- '{letter}'")));
                };
                let value = match found.2 {
                    Nothing => None,
                    _ => {
                        let rest: String = letters.by_ref().collect();
                        match (rest.is_empty(), found.2) {
                            (false, _) => Some(rest),
                            (true, Maybe) => None,
                            (true, _) => match args.next() {
                                Some(value) => Some(value.clone()),
                                None => {
                                    return Err(refuse(format!("option requires an argument -- '{letter}'")));
                                }
                            },
                        }
                    }
                };
                given.places.push(given.operands.len());
                given.options.push((id(found), value));
            }
        } else {
            given.operands.push(arg.clone());
        }
    }
    Ok(given)
}
