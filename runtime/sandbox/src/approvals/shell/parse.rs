//! Programs with their words, and what joins them.

use super::words::{Obscure, Token, Word, split};

/// What joins a program to the one before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Join {
    /// It reads what that one prints.
    Pipe,
    /// It runs if that one succeeded.
    And,
    /// It runs if that one failed.
    Or,
    /// It runs afterwards.
    Then,
}

impl Join {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Pipe => "|",
            Self::And => "&&",
            Self::Or => "||",
            Self::Then => ";",
        }
    }
}

/// A program with its words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Simple {
    /// What joins it to the one before it. None: it is the first.
    pub join: Option<Join>,
    /// How the program is named.
    pub program: Program,
    /// What it is given.
    pub words: Vec<Word>,
}

/// How a program is named: a name, or a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program(String);

impl Program {
    /// The name or the path; `~/` at its beginning means home.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A text that was understood whole: at least one program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Script {
    /// The programs, in their order.
    pub parts: Vec<Simple>,
}

/// Words that a shell takes for itself where a program is named. Some run other programs in a way that cannot be seen
/// from outside, the others change what the text behind them means.
const TAKEN: &[&str] = &[
    ".",
    "alias",
    "autoload",
    "bind",
    "break",
    "builtin",
    "case",
    "cd",
    "command",
    "complete",
    "continue",
    "coproc",
    "declare",
    "do",
    "done",
    "elif",
    "else",
    "emulate",
    "enable",
    "end",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fi",
    "for",
    "foreach",
    "function",
    "hash",
    "if",
    "in",
    "let",
    "local",
    "logout",
    "mapfile",
    "nocorrect",
    "noglob",
    "popd",
    "pushd",
    "read",
    "readarray",
    "readonly",
    "repeat",
    "return",
    "select",
    "set",
    "setopt",
    "shift",
    "shopt",
    "source",
    "suspend",
    "then",
    "time",
    "trap",
    "typeset",
    "unalias",
    "unfunction",
    "unset",
    "unsetopt",
    "until",
    "while",
    "zcompile",
    "zmodload",
    "{",
    "}",
    "[[",
    "]]",
    "-",
];

/// Takes a text apart.
pub fn parse(text: &str) -> Result<Script, Obscure> {
    let mut parts = Vec::new();
    let mut join = None;
    let mut words: Vec<(Word, usize)> = Vec::new();
    for token in split(text)? {
        let (next, at) = match token {
            Token::Word { word, at } => {
                words.push((word, at));
                continue;
            }
            Token::Pipe(at) => (Join::Pipe, at),
            Token::And(at) => (Join::And, at),
            Token::Or(at) => (Join::Or, at),
            Token::Then(at) => (Join::Then, at),
        };
        parts.push(simple(join, std::mem::take(&mut words), at)?);
        join = Some(next);
    }
    // A semicolon may stand at the end.
    if !(words.is_empty() && join == Some(Join::Then)) {
        parts.push(simple(join, words, text.len())?);
    }
    Ok(Script { parts })
}

fn simple(join: Option<Join>, words: Vec<(Word, usize)>, end: usize) -> Result<Simple, Obscure> {
    let mut words = words.into_iter();
    let Some((first, at)) = words.next() else {
        let what = "it has an operator without a command";
        return Err(Obscure { what, at: end });
    };
    Ok(Simple {
        join,
        program: Program::of(&first).map_err(|what| Obscure { what, at })?,
        words: words.map(|(word, _)| word).collect(),
    })
}

impl Program {
    /// The program that a word names. Err: why it names none that is certain.
    pub fn of(word: &Word) -> Result<Self, &'static str> {
        let name = match word {
            Word::Plain(name) => name,
            // The shell's home and ours could differ; we say which it is, by writing the path in its place.
            Word::Open { raw, .. } if is_home_path(raw) => raw,
            Word::Open { .. } => return Err("the program is not named plainly"),
        };
        if name.contains('=') {
            return Err("it sets a variable");
        }
        if !name.is_ascii() {
            return Err("the program's name has a letter that may look like another one");
        }
        if name.is_empty() || name.ends_with('/') || name.starts_with(['-', '+', '%', '@', '!']) {
            return Err("the program is not named plainly");
        }
        if TAKEN.contains(&name.as_str()) {
            return Err("it begins with a word of the shell");
        }
        Ok(Self(name.clone()))
    }
}

/// Whether it is `~/` and a path without anything that is quoted or expanded.
fn is_home_path(raw: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./+@".contains(&byte);
    raw.strip_prefix("~/").is_some_and(|path| path.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn programs(text: &str) -> Vec<(Option<Join>, String, Vec<String>)> {
        let script = parse(text).unwrap_or_else(|obscure| panic!("{text}: {obscure}"));
        let plain = |word: Word| match word {
            Word::Plain(text) => text,
            Word::Open { raw, .. } => format!("open:{raw}"),
        };
        let parts = script.parts.into_iter().map(|part| {
            let words = part.words.into_iter().map(plain).collect();
            (part.join, part.program.0, words)
        });
        parts.collect()
    }

    fn words(text: &str) -> Vec<String> {
        programs(text).remove(0).2
    }

    #[test]
    fn programs_are_joined_by_four_operators() {
        let names: Vec<_> = programs("a 1|b && c||d; e ;")
            .into_iter()
            .map(|(join, name, _)| (join.map(Join::sign), name))
            .collect();
        let expected = [
            (None, "a"),
            (Some("|"), "b"),
            (Some("&&"), "c"),
            (Some("||"), "d"),
            (Some(";"), "e"),
        ];
        assert_eq!(names, expected.map(|(join, name)| (join, name.to_owned())));
    }

    #[test]
    fn quotes_and_backslashes_are_taken_off() {
        assert_eq!(
            words(r#"x 'a b' "c d" e\ f g'h'"i" '' "\$\"\\\x" 'it'\''s' \; \| "&&" "a;b""#),
            [
                "a b", "c d", "e f", "ghi", "", r#"$"\\x"#, "it's", ";", "|", "&&", "a;b"
            ]
        );
    }

    #[test]
    fn what_the_shell_expands_is_kept_apart() {
        assert_eq!(
            words(r#"x *.rs "$HOME/a b" ${HOME} ~ ~/a a?b [ab] {a,b} {1..3} a=~/b {} a{b} '*' x.y,z"#),
            [
                "open:*.rs",
                "open:\"$HOME/a b\"",
                "open:${HOME}",
                "open:~",
                "open:~/a",
                "open:a?b",
                "open:[ab]",
                "open:{a,b}",
                "open:{1..3}",
                "open:a=~/b",
                "{}",
                "a{b}",
                "*",
                "x.y,z",
            ]
        );
        assert_eq!(programs("~/bin/x a")[0].1, "~/bin/x");
    }

    #[test]
    fn everything_else_is_not_understood() {
        for text in [
            "",
            " ",
            "a >b",
            "a < b",
            "a 2>&1",
            "a >>b",
            "a <<E",
            "a <<<x",
            "a <(b)",
            "a $(b)",
            "a `b`",
            "a \"$(b)\"",
            "a \"`b`\"",
            "(a)",
            "a (b)",
            "{ a; }",
            "a & b",
            "a &",
            "a |& b",
            "a ;; b",
            "a ; ; b",
            "a &&",
            "| a",
            "a | | b",
            "&& a",
            "a\nb",
            "a\rb",
            "a\0b",
            "a #b",
            "#a",
            "! a",
            "A=1 a",
            "A=1",
            "A+=1 a",
            "A[0]=1 a",
            "if a; then b; fi",
            "for x in y; do a; done",
            "while a; do b; done",
            "eval a",
            ". a",
            "source a",
            "exec a",
            "command a",
            "builtin a",
            "trap a EXIT",
            "alias a=b",
            "function a",
            "a() b",
            "time a",
            "[[ a ]]",
            "$a b",
            "${a} b",
            "a* b",
            "a? b",
            "[a] b",
            "{a,b} c",
            "\"$a\" b",
            "~a b",
            "~+ b",
            "a ${b:-c}",
            "a ${b[0]}",
            "a $b[0]",
            "a ${b@P}",
            "a $((1))",
            "a $[1]",
            "a $'b'",
            "a $\"b\"",
            "a $1",
            "a $@",
            "a $?",
            "a $$",
            "a $_ b",
            "a $",
            "a \"$\"",
            "a ~b",
            "a =b",
            "a \\",
            "a 'b",
            "a \"b",
            "a\\\nb",
            "\u{430} b",
            "a\u{a0}b",
            "a \u{202e}b",
            "a \u{200b}b",
            "a \u{2028}b",
            "a \u{3164}",
            "a\u{2003}b",
            "/ a",
            "a/ b",
            "- a",
            "%1",
            "\"\" a",
            "\"if\" a",
        ] {
            assert!(parse(text).is_err(), "{text:?} was understood: {:?}", parse(text));
        }
        let long = format!("a {}", "x".repeat(super::super::TEXT_BYTES));
        assert!(parse(&long).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_metacharacter_is_left_over(
            text in "[ab '\"\\\\|&;<>()$`{}*?\\[\\]~#!=\n\t,.x/-]{0,40}"
        ) {
            let Ok(script) = parse(&text) else { return Ok(()) };
            for part in script.parts {
                for word in part.words {
                    let Word::Open { raw, .. } = word else { continue };
                    prop_assert!(!raw.contains('\n'), "{raw}");
                    prop_assert!(!without_single_quotes(&raw).contains('`'), "{raw}");
                    let bare = without_quotes(&raw);
                    prop_assert!(!bare.contains(['<', '>', '(', ')', '|', '&', ';', ' ', '\t']), "{raw}");
                }
            }
        }
    }

    /// What of a word the shell may still look into: all but what single quotes hold and what is escaped.
    fn without_single_quotes(raw: &str) -> String {
        let (mut open, mut quote, mut rest) = (String::new(), None, raw.chars());
        while let Some(next) = rest.next() {
            match (quote, next) {
                (None | Some('"'), '\\') => {
                    rest.next();
                }
                (None, '\'' | '"') => quote = Some(next),
                (Some(end), _) if end == next => quote = None,
                (Some('\''), _) => {}
                _ => open.push(next),
            }
        }
        open
    }

    /// What of a word is neither quoted nor escaped, found by other means than the parser's.
    fn without_quotes(raw: &str) -> String {
        let (mut bare, mut quote, mut rest) = (String::new(), None, raw.chars());
        while let Some(next) = rest.next() {
            match (quote, next) {
                (None, '\\') | (Some('"'), '\\') => {
                    rest.next();
                }
                (None, '\'' | '"') => quote = Some(next),
                (Some(open), _) if open == next => quote = None,
                (Some(_), _) => {}
                (None, _) => bare.push(next),
            }
        }
        bare
    }
}
