//! What a list's entry says about a program's arguments.
//!
//! **Promise.** `argPattern` is read as an ECMAScript regular expression without flags, over the arguments joined by one
//! space. Understood: literals and escapes, `.`, classes, groups (plain, `(?:`, named), alternatives, `^`, `$`, `\b`,
//! `\d`, `\w`, `\s` and their opposites, and the quantifiers, greedy and lazy. Everything else, above all
//! references back and looks around, is said not to be understood, and such an entry fits nothing. An entry that was
//! made by "always allow" holds in its place a hash of the exact arguments and the folder, and one of the program's
//! bytes: who rewrites the program has another one. **Bound.** [`PATTERN_BYTES`] of
//! text, [`COMPILED_BYTES`] compiled. **Cost.** Linear in the arguments; one read of the program where they are the
//! exact ones.

use std::path::Path;

use regex::RegexBuilder;
use sha2::{Digest as _, Sha256};

use super::witness;

/// The longest pattern.
const PATTERN_BYTES: usize = 4096;
/// How large a pattern may be once it is compiled.
const COMPILED_BYTES: usize = 1 << 20;
/// What the hash of exact arguments begins with. As a regular expression it fits nothing that anybody types.
const EXACT: &str = "=argv-sha256:";

/// What is said about arguments for exactly these, in exactly this folder, of the program as it is. None: the program
/// cannot be read, or is too large.
pub(super) fn exact(arguments: &[&str], cwd: &Path, program: &Path) -> Option<String> {
    Some(format!("{}:{}", typed(arguments, cwd), held(program)?))
}

/// The part that depends on what is typed.
fn typed(arguments: &[&str], cwd: &Path) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(bytes);
    };
    add(cwd.as_os_str().as_encoded_bytes());
    for argument in arguments {
        add(argument.as_bytes());
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{EXACT}{digest}")
}

/// The part that depends on what the program holds.
fn held(program: &Path) -> Option<String> {
    let digest = witness::hold(program).ok()??;
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether arguments are as a pattern wants them. Err: why the pattern is not understood.
pub(super) fn fit(pattern: &str, arguments: &[&str], cwd: &Path, program: &Path) -> Result<bool, String> {
    if pattern.starts_with(EXACT) {
        let rest = pattern.strip_prefix(&typed(arguments, cwd));
        let wanted = rest.and_then(|rest| rest.strip_prefix(':'));
        return Ok(wanted.is_some_and(|wanted| held(program).as_deref() == Some(wanted)));
    }
    let regex = compile(pattern)?;
    Ok(regex.is_match(&arguments.join(" ")))
}

/// What is wrong with a pattern, if something is.
pub(super) fn fault(pattern: &str) -> Option<String> {
    if pattern.starts_with(EXACT) {
        return None;
    }
    compile(pattern).err()
}

fn compile(pattern: &str) -> Result<regex::Regex, String> {
    if pattern.len() > PATTERN_BYTES {
        return Err(format!("it is longer than {PATTERN_BYTES} bytes"));
    }
    let mut built = RegexBuilder::new(&translate(pattern)?);
    let built = built
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES)
        .nest_limit(64)
        .build();
    built.map_err(|fault| match fault {
        regex::Error::CompiledTooBig(_) => "it is too large when compiled".to_owned(),
        fault => {
            let said = fault.to_string();
            said.lines().last().unwrap_or("it is not understood").to_owned()
        }
    })
}

const SPACES: &str =
    r"\t\n\x0B\x0C\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// What came last in a class.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Last {
    Nothing,
    One,
    /// A `-` between two characters.
    Dash,
    /// Many characters at once, such as `\d` or `a-z`: no range begins with it.
    Many,
}

/// The same in the words of the engine that is used here.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern.chars().peekable();
    let mut was_quantity = false;
    while let Some(next) = rest.next() {
        let is_quantity = matches!(next, '*' | '+' | '?' | '{');
        if is_quantity && was_quantity {
            return Err("it has a quantifier after a quantifier".to_owned());
        }
        was_quantity = is_quantity;
        match next {
            '\\' => {
                escape(&mut out, &mut rest, false)?;
            }
            '[' => class(&mut out, &mut rest)?,
            '(' => {
                out.push('(');
                if rest.next_if_eq(&'?').is_some() {
                    group(&mut out, &mut rest)?;
                }
            }
            // Without flags it ends at every sign for the end of a line.
            '.' => out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
            '^' => out.push_str(r"\A"),
            '$' => out.push_str(r"\z"),
            '{' => quantity(&mut out, &mut rest)?,
            '}' | ']' => return Err(format!("it has a {next} without its beginning")),
            _ => out.push(next),
        }
        if is_quantity && rest.next_if_eq(&'?').is_some() {
            out.push('?');
        }
    }
    Ok(out)
}

fn class(out: &mut String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut last = Last::Nothing;
    while let Some(next) = rest.next() {
        last = match next {
            ']' if last == Last::Nothing => return Err("it has an empty class".to_owned()),
            ']' => {
                out.push(']');
                return Ok(());
            }
            // At an edge it means itself.
            '-' if last == Last::Nothing || rest.peek() == Some(&']') => {
                out.push_str(r"\-");
                Last::One
            }
            '-' if last == Last::One => {
                out.push('-');
                Last::Dash
            }
            '-' => return Err("it has a - in a class that is not understood".to_owned()),
            '\\' => {
                let is_many = escape(out, rest, true)?;
                if is_many && last == Last::Dash {
                    return Err("it has a - in a class that is not understood".to_owned());
                }
                if is_many || last == Last::Dash {
                    Last::Many
                } else {
                    Last::One
                }
            }
            _ => {
                out.push_str(&regex::escape(next.encode_utf8(&mut [0; 4])));
                if last == Last::Dash { Last::Many } else { Last::One }
            }
        };
    }
    Err("it has a class without its end".to_owned())
}

fn group(out: &mut String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    match rest.next() {
        Some(':') => {
            out.push_str("?:");
            Ok(())
        }
        Some('<') => {
            let mut name = String::new();
            for next in rest.by_ref() {
                match next {
                    '>' if !name.is_empty() => {
                        out.push_str("?P<");
                        out.push_str(&name);
                        out.push('>');
                        return Ok(());
                    }
                    _ if next.is_ascii_alphanumeric() || next == '_' => name.push(next),
                    _ => break,
                }
            }
            Err("it looks behind, or has a group whose name is not understood".to_owned())
        }
        Some('=' | '!') => Err("it looks ahead".to_owned()),
        _ => Err("it has a group that is not understood".to_owned()),
    }
}

/// `{n}`, `{n,}` and `{n,m}`.
fn quantity(out: &mut String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    let mut said = String::new();
    for next in rest.by_ref() {
        if next == '}' {
            let (least, most) = said.split_once(',').unwrap_or((&said, ""));
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if least.is_empty() || !is_number(least) || !is_number(most) {
                break;
            }
            out.push('{');
            out.push_str(&said);
            out.push('}');
            return Ok(());
        }
        said.push(next);
    }
    Err("it has a { that is not understood".to_owned())
}

/// Whether it stands for many characters.
fn escape(
    out: &mut String,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    in_class: bool,
) -> Result<bool, String> {
    let Some(next) = rest.next() else {
        return Err("it ends with a backslash".to_owned());
    };
    let many = match next {
        'd' => "[0-9]".to_owned(),
        'D' => "[^0-9]".to_owned(),
        'w' => "[0-9A-Za-z_]".to_owned(),
        'W' => "[^0-9A-Za-z_]".to_owned(),
        's' => format!("[{SPACES}]"),
        'S' => format!("[^{SPACES}]"),
        _ => String::new(),
    };
    if !many.is_empty() {
        out.push_str(&many);
        return Ok(true);
    }
    match next {
        'b' if in_class => out.push_str(r"\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        'n' | 'r' | 't' | 'f' | 'v' => {
            out.push('\\');
            out.push(next);
        }
        '0' if !rest.peek().is_some_and(char::is_ascii_digit) => out.push_str(r"\x00"),
        'x' => code(out, rest, 2)?,
        'u' => code(out, rest, 4)?,
        '0'..='9' | 'k' => return Err("it refers back".to_owned()),
        _ if next.is_ascii_alphabetic() => return Err(format!(r"it has \{next}")),
        _ => out.push_str(&regex::escape(next.encode_utf8(&mut [0; 4]))),
    }
    Ok(false)
}

fn code(
    out: &mut String,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    digits: usize,
) -> Result<(), String> {
    let mut said = String::new();
    while said.len() < digits
        && let Some(digit) = rest.next_if(char::is_ascii_hexdigit)
    {
        said.push(digit);
    }
    if said.len() < digits {
        return Err("it has a character's number that is not whole".to_owned());
    }
    out.push_str(&format!(r"\x{{{said}}}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, arguments: &str) -> bool {
        fit(pattern, &[arguments], Path::new("/"), Path::new("/none"))
            .unwrap_or_else(|why| panic!("{pattern}: {why}"))
    }

    #[test]
    fn a_pattern_means_what_it_means_in_ecmascript() {
        for (pattern, yes, no) in [
            ("^--version$", "--version", "--version x"),
            ("^--version$", "--version", "--version\n"),
            (r"^\d+$", "12", "\u{661}\u{662}"),
            (r"^\w+$", "a_1", "ü"),
            (r"^a\s+b$", "a \u{a0}b", "ab"),
            ("^a.b$", "axb", "a\u{2028}b"),
            ("^[a-c-]+$", "a-c", "d"),
            ("^[-a]+$", "-a", "b"),
            ("^[&&a]+$", "&a", "b"),
            ("^[a[]+$", "[a", "b"),
            ("^(?:status|log)( --oneline)?$", "log --oneline", "push"),
            ("^(?<verb>get|list) ", "get pods", "delete pods"),
            (r"\bpods\b", "get pods", "get podsx"),
            ("^x{2,3}$", "xx", "xxxx"),
            (r"^\x41\u0042\.$", "AB.", "ABx"),
            ("a|b", "xb", "c"),
            ("^a*?b+$", "aab", "aa"),
            (r"^[\d\s]+$", "1 2", "a"),
            (r"^[^\d]+$", "ab", "a1"),
        ] {
            assert!(fits(pattern, yes), "{pattern} does not fit {yes:?}");
            assert!(!fits(pattern, no), "{pattern} fits {no:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_and_fits_nothing() {
        for pattern in [
            "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", r"\k<a>", "(", ")", "[", "a{", "a}", "*", "+a",
            "[]", "[^]", "(?i)a", "(?P<a>b)", r"\A", r"\z", r"\p{L}", r"\u{41}", r"\x4", "[a--b]", "\\",
            r"\B", "a**",
        ] {
            let said = fit(pattern, &["a"], Path::new("/"), Path::new("/none"));
            assert!(said.is_err(), "{pattern} was understood: {said:?}");
            assert!(fault(pattern).is_some(), "{pattern}");
        }
        assert!(fault(&format!("({})", "a{1000}{1000}")).is_some());
        assert!(fault(&"(".repeat(10_000)).is_some());
    }

    #[test]
    fn exact_arguments_fit_only_themselves_in_their_folder_and_of_the_program_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("x");
        std::fs::write(&program, "one").unwrap();
        let here = Path::new("/work");
        let made = exact(&["a", "b c"], here, &program).unwrap();
        assert_eq!(fit(&made, &["a", "b c"], here, &program), Ok(true));
        assert_eq!(fit(&made, &["a", "b", "c"], here, &program), Ok(false));
        assert_eq!(fit(&made, &["a b c"], here, &program), Ok(false));
        assert_eq!(
            fit(&made, &["a", "b c"], Path::new("/elsewhere"), &program),
            Ok(false)
        );
        assert_eq!(fault(&made), None);
        let (without_content, _) = made.rsplit_once(':').unwrap();
        assert_eq!(fit(without_content, &["a", "b c"], here, &program), Ok(false));
        std::fs::write(&program, "two").unwrap();
        assert_eq!(fit(&made, &["a", "b c"], here, &program), Ok(false));
        std::fs::remove_file(&program).unwrap();
        assert_eq!(fit(&made, &["a", "b c"], here, &program), Ok(false));
        assert_eq!(exact(&["a"], here, &program), None);
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in ".{0,60}", text in ".{0,20}") {
            let _ = fit(&pattern, &[&text], Path::new("/"), Path::new("/none"));
        }

        #[test]
        fn a_quoted_text_fits_itself_alone(text in "[ -~]{0,20}", other in "[ -~]{0,20}") {
            let mut pattern = "^".to_owned();
            for next in text.chars() {
                if !next.is_ascii_alphanumeric() {
                    pattern.push('\\');
                }
                pattern.push(next);
            }
            pattern.push('$');
            prop_assert_eq!(fit(&pattern, &[&text], Path::new("/"), Path::new("/none")), Ok(true));
            prop_assert_eq!(fit(&pattern, &[&other], Path::new("/"), Path::new("/none")), Ok(text == other));
        }
    }
}
