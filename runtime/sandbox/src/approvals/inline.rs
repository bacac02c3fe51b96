//! Programs that run what they are told: interpreters, shells, and those that start other programs.
//!
//! **Promise.** Code that stands on the command line, or comes from standard input, is told apart from a script in a file.
//! Where that cannot be told, it counts as code on the command line. **Bound.** It knows the programs of its tables, by
//! their names without the version at the end; under another name none is known.

use std::borrow::Cow;

use super::shell::Word;

/// How an interpreter takes code.
struct Interpreter {
    names: &'static [&'static str],
    /// Letters behind a single dash, also among others.
    letters: &'static [char],
    /// Long options, and words.
    words: &'static [&'static str],
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "pypy", "ipython"],
        letters: &['c'],
        words: &[],
    },
    Interpreter {
        names: &["node", "nodejs", "bun", "deno", "tsx", "ts-node", "electron"],
        letters: &['e', 'p'],
        words: &["--eval", "--print", "eval"],
    },
    Interpreter {
        names: &["ruby", "jruby", "irb"],
        letters: &['e'],
        words: &[],
    },
    Interpreter {
        names: &["perl", "raku"],
        letters: &['e', 'E'],
        words: &[],
    },
    Interpreter {
        names: &["php", "php-cli"],
        letters: &['r', 'B', 'R', 'E'],
        words: &["--run", "--process-begin", "--process-code", "--process-end"],
    },
    Interpreter {
        names: &[
            "lua",
            "luajit",
            "osascript",
            "rscript",
            "elixir",
            "groovy",
            "scala",
            "ghc",
            "tclsh",
            "expect",
        ],
        letters: &['e', 'c'],
        words: &["--eval", "--execute"],
    },
    Interpreter {
        names: &[
            "julia", "guile", "r", "erl", "emacs", "vim", "vi", "nvim", "ex", "ed", "gdb", "lldb",
        ],
        letters: &['e', 'E', 'c'],
        words: &["--eval", "--print", "--batch", "-eval", "-ex", "--cmd"],
    },
];

const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "mksh",
    "ash",
    "fish",
    "csh",
    "tcsh",
    "rbash",
    "pwsh",
    "powershell",
    "nu",
    "xonsh",
    "elvish",
];

/// Programs whose arguments are programs of a kind, whatever flags they have.
const LANGUAGES: &[&str] = &[
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "goawk",
    "original-awk",
    "sed",
    "gsed",
    "jq",
    "bc",
    "dc",
];

/// Programs that start others.
const CARRIERS: &[&str] = &[
    "xargs",
    "parallel",
    "find",
    "gfind",
    "fd",
    "fdfind",
    "sudo",
    "doas",
    "su",
    "runuser",
    "busybox",
    "toybox",
    "ssh",
    "script",
    "watch",
    "chroot",
    "unshare",
    "nsenter",
    "setsid",
    "ionice",
    "chrt",
    "taskset",
    "flock",
    "strace",
    "ltrace",
    "time",
    "make",
    "gmake",
    "npx",
    "bunx",
    "uvx",
    "pipx",
    "tmux",
    "screen",
    "systemd-run",
    "at",
    "batch",
    "crontab",
    "dbus-run-session",
    "command",
    "exec",
    "builtin",
    "env",
    "nice",
    "nohup",
    "timeout",
    "stdbuf",
    "setarch",
    "linux32",
    "linux64",
    "unbuffer",
    "rlwrap",
    "faketime",
    "proot",
    "fakeroot",
    "bwrap",
    "firejail",
];

/// Programs that run what they find in the folder that they begin in: rules, packages, tests, hooks. What that is, is not
/// settled by what is typed. `git` is one of them whatever it is asked for: the folder's own settings name programs that
/// it starts even for `git status`.
const RUNNERS: &[&str] = &[
    "ansible",
    "ansible-playbook",
    "ant",
    "bazel",
    "bundle",
    "cargo",
    "cmake",
    "composer",
    "corepack",
    "ctest",
    "direnv",
    "docker",
    "docker-compose",
    "dotnet",
    "eslint",
    "gem",
    "gh",
    "git",
    "go",
    "gradle",
    "gradlew",
    "hg",
    "java",
    "jest",
    "jj",
    "just",
    "lerna",
    "meson",
    "mix",
    "mocha",
    "mvn",
    "mvnw",
    "ninja",
    "nox",
    "npm",
    "nx",
    "pdm",
    "phpunit",
    "pip",
    "pipenv",
    "pnpm",
    "pnpx",
    "podman",
    "poetry",
    "pre-commit",
    "prettier",
    "py.test",
    "pytest",
    "rake",
    "rollup",
    "rspec",
    "sbt",
    "scons",
    "swift",
    "task",
    "terraform",
    "tox",
    "turbo",
    "uv",
    "vagrant",
    "vite",
    "vitest",
    "webpack",
    "yarn",
    "yarnpkg",
];

/// What a program does with what it is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// It runs scripts.
    Interpreter,
    /// It runs the text of commands.
    Shell,
    /// Its arguments are code.
    Language,
    /// It starts other programs.
    Carrier,
    /// It runs what it finds in its folder.
    Runner,
}

/// The kind of a program that goes by these names.
pub(super) fn kind(names: [&str; 2]) -> Option<Kind> {
    names.into_iter().find_map(|name| {
        let name = bare(name);
        if interpreter(&name).is_some() {
            Some(Kind::Interpreter)
        } else if SHELLS.contains(&&*name) {
            Some(Kind::Shell)
        } else if LANGUAGES.contains(&&*name) {
            Some(Kind::Language)
        } else {
            let is_carrier = CARRIERS.contains(&&*name).then_some(Kind::Carrier);
            is_carrier.or_else(|| RUNNERS.contains(&&*name).then_some(Kind::Runner))
        }
    })
}

/// The names of all programs that are known here.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let interpreters = INTERPRETERS.iter().flat_map(|known| known.names);
    let others = [SHELLS, LANGUAGES, CARRIERS, RUNNERS].into_iter().flatten();
    interpreters.chain(others).copied()
}

fn interpreter(name: &str) -> Option<&'static Interpreter> {
    INTERPRETERS.iter().find(|known| known.names.contains(&name))
}

/// A name in small letters, without the version at its end.
fn bare(name: &str) -> Cow<'static, str> {
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_suffix(".exe").unwrap_or(&lower);
    let short = lower.trim_end_matches(|end: char| end.is_ascii_digit() || matches!(end, '.' | '-' | '_'));
    // `7` and the like are nobody's version.
    Cow::Owned(if short.is_empty() { lower } else { short }.to_owned())
}

/// Whether a program that goes by these names is told code: what kind of code.
pub(super) fn code(names: [&str; 2], words: &[Word]) -> Option<&'static str> {
    names.into_iter().find_map(|name| {
        let name = bare(name);
        if let Some(known) = interpreter(&name) {
            return code_of(known, words);
        }
        let has = |flags: &[&str]| {
            let mut plain = words.iter().filter_map(Word::plain);
            plain.any(|word| {
                let flag = word.split_once('=').map_or(word, |(flag, _)| flag);
                flags.contains(&flag)
            })
        };
        match &*name {
            "awk" | "gawk" | "mawk" | "nawk" | "goawk" | "original-awk" => Some("a program for awk"),
            "sed" | "gsed" => Some("a program for sed"),
            "xargs" | "parallel" => Some("a command for what it reads"),
            "find" | "gfind" if has(&["-exec", "-execdir", "-ok", "-okdir"]) => {
                Some("a command for what it finds")
            }
            "fd" | "fdfind" if has(&["-x", "-X", "--exec", "--exec-batch"]) => {
                Some("a command for what it finds")
            }
            "make" | "gmake" if words.iter().any(is_makefile) => {
                Some("rules that are named on the command line")
            }
            _ if SHELLS.contains(&&*name) => shell_code(words),
            _ if starts_another(&name)
                && (words.iter().any(|word| word.plain().is_none_or(names_code))
                    || has(&["-c", "--command", "-s", "--shell", "-i", "--login"])) =>
            {
                Some("what could be code for a program that it starts")
            }
            _ => None,
        }
    })
}

fn is_makefile(word: &Word) -> bool {
    let Some(word) = word.plain() else { return true };
    ["--file", "--makefile", "--eval"]
        .iter()
        .any(|flag| word.starts_with(flag))
        || word.starts_with('-') && !word.starts_with("--") && word.contains(['f', 'E'])
}

/// Code for a shell that is not understood: what is understood was taken apart before.
fn shell_code(words: &[Word]) -> Option<&'static str> {
    match operand(words, |flag| {
        flag.starts_with(['-', '+']) && !flag.starts_with("--") && flag.contains(['c', 's'])
    }) {
        Operand::Code => Some("commands for a shell"),
        Operand::Missing if !is_about(words) => Some("commands that a shell reads"),
        _ => None,
    }
}

fn code_of(known: &Interpreter, words: &[Word]) -> Option<&'static str> {
    let found = operand(words, |flag| {
        let name = flag.split_once('=').map_or(flag, |(name, _)| name);
        known.words.contains(&name)
            || flag.starts_with('-')
                && !flag.starts_with("--")
                && flag
                    .get(1..)
                    .is_some_and(|letters| letters.contains(known.letters))
    });
    match found {
        Operand::Code => Some("code on the command line"),
        Operand::Missing if !is_about(words) => Some("code that it reads"),
        _ => None,
    }
}

/// Whether a program is only asked about itself.
fn is_about(words: &[Word]) -> bool {
    let about = ["--version", "--help", "-V", "-v", "-h", "-vV", "version", "help"];
    !words.is_empty()
        && words
            .iter()
            .all(|word| word.plain().is_some_and(|word| about.contains(&word)))
}

/// What an interpreter is told first.
#[derive(Clone, Copy)]
enum Operand {
    /// Code.
    Code,
    /// A file, or a module.
    File,
    /// Neither.
    Missing,
}

/// Looks for the script of an interpreter. A word behind a flag could be the flag's value, so that what follows it is
/// looked at too.
fn operand(words: &[Word], is_code: impl Fn(&str) -> bool) -> Operand {
    let mut after_flag = false;
    let mut found = Operand::Missing;
    for word in words {
        let Some(plain) = word.plain() else {
            // It could become anything.
            return Operand::Code;
        };
        if plain == "-" {
            return Operand::Missing;
        }
        if is_code(plain) {
            return Operand::Code;
        }
        if plain.starts_with("-m") || !plain.starts_with('-') && !after_flag {
            return Operand::File;
        }
        if plain.starts_with('-') {
            after_flag = !plain.contains('=');
        } else {
            found = Operand::File;
            after_flag = false;
        }
    }
    found
}

/// Whether a program runs scripts.
pub(super) fn runs_scripts(names: [&str; 2]) -> bool {
    matches!(kind(names), Some(Kind::Interpreter | Kind::Shell)) || matches!(names, ["." | "source", _])
}

/// The words that could name the script that a program is to run; the first that is a file is it.
pub(super) fn scripts<'a>(names: [&str; 2], words: &'a [Word]) -> impl Iterator<Item = &'a str> + use<'a> {
    let runs_scripts = runs_scripts(names);
    let plain = words.iter().filter_map(Word::plain);
    plain.filter(move |word| runs_scripts && !word.starts_with('-'))
}

/// Whether a program starts another that its words name. Those that have rules of their own are not among them.
fn starts_another(name: &str) -> bool {
    let has_rules = [
        "xargs", "parallel", "find", "gfind", "fd", "fdfind", "make", "gmake",
    ];
    CARRIERS.contains(&name) && !has_rules.contains(&name)
}

/// Words of the shell that stand before a command.
const BEFORE: &[&str] = &[
    "!", "if", "then", "else", "elif", "while", "until", "do", "time", "{", "[", "[[",
];

/// Whether a text that was not understood has a program whose name the shell makes up only when it runs.
fn hides_a_name(text: &str) -> bool {
    // What is written in numbers is written so to be hidden.
    if text.contains("$'") {
        return true;
    }
    let is_hidden = |word: &str| word.contains(['*', '?', '[', '{', '$', '`']);
    let mut commands = text.split(['|', '&', ';', '\n', '(', ')']);
    commands.any(|command| {
        let is_value = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.contains('$'));
        let mut words = command.split_whitespace();
        while let Some(word) = words.next() {
            if word.contains(['<', '>']) {
                // The file that it leads to may be the next word.
                if word.ends_with(['<', '>']) {
                    words.next();
                }
                continue;
            }
            if BEFORE.contains(&word) || is_value(word) {
                continue;
            }
            let name = bare(word.rsplit('/').next().unwrap_or(word));
            return is_hidden(word) || (starts_another(&name) && words.any(is_hidden));
        }
        false
    })
}

/// Whether a text that was not understood names a program that could be told code in it, or hides one.
pub(super) fn could_be_code(text: &str) -> bool {
    // Where a line goes on in the next, a word may.
    let text = text.replace("\\\n", "");
    hides_a_name(&text) || names_code(&text)
}

/// Whether a text names a program that could be told code in it.
fn names_code(text: &str) -> bool {
    let without_quotes: String = text
        .chars()
        .filter(|next| !matches!(next, '\'' | '"' | '\\'))
        .collect();
    let mut words = without_quotes.split(|next: char| {
        next.is_whitespace()
            || matches!(
                next,
                '|' | '&' | ';' | '<' | '>' | '(' | ')' | '`' | '$' | '{' | '}' | '='
            )
    });
    words.any(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        let name = bare(name);
        interpreter(&name).is_some()
            || SHELLS.contains(&&*name)
            || matches!(
                &*name,
                "awk" | "gawk" | "mawk" | "nawk" | "sed" | "gsed" | "xargs" | "parallel" | "eval"
            )
            || matches!(&*name, "find" | "fd" | "make" | "gmake")
                && (without_quotes.contains("-exec")
                    || without_quotes.contains("-ok")
                    || without_quotes.contains("-f")
                    || without_quotes.contains("-x"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::shell::parse;
    use super::*;

    fn told(text: &str) -> Option<&'static str> {
        let script = parse(text).unwrap();
        let part = &script.parts[0];
        code([part.program.text(), part.program.text()], &part.words)
    }

    #[test]
    fn code_on_the_command_line_is_seen() {
        for text in [
            "python -c 'x'",
            "python3.11 -c 'x'",
            "python3 -Bc x",
            "python3 -W ignore -c x",
            "python3 -X dev -c x",
            "python3",
            "python3 -",
            "python3 -i",
            "python3 $X y",
            "node -e x",
            "node -pe x",
            "node --eval=x",
            "node --print x",
            "deno eval x",
            "ruby -e x",
            "ruby -ne x",
            "perl -E x",
            "perl -lane x",
            "php -r x",
            "php8.2 -r x",
            "lua5.4 -e x",
            "osascript -e x",
            "awk x",
            "mawk -f y",
            "sed s/a/b/",
            "xargs rm",
            "find . -exec rm {} +",
            "find . -ok rm",
            "make -f x",
            "make --eval=x",
            "make -kf x",
            "bash -c 'a > b'",
            "bash -s",
            "sh",
            "bash -xc x",
        ] {
            assert!(told(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_script_in_a_file_is_no_code_on_the_command_line() {
        for text in [
            "python3 x.py -c y",
            "python3 -m pytest",
            "python3 --version",
            "node x.js -p 80",
            "node -v",
            "ruby x.rb",
            "perl -w x.pl",
            "bash x.sh",
            "bash -x x.sh",
            "find . -name x",
            "make test",
            "ls -e",
            "bash --version",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_understood_is_searched_for_programs_that_take_code() {
        for text in [
            "python3 -c x > y",
            "$(echo node) -e x",
            "p\"yth\"on3 -c x > y",
            "/usr/bin/perl -e x >y",
            "(sh -c x)",
            "X=1 ruby -e x",
            "find . -exec rm {} \\; >x",
            "cat x | eval \"$(y)\"",
        ] {
            assert!(could_be_code(text), "{text}");
        }
        for text in [
            "echo x > y",
            "ls $(pwd)",
            "git log > pythonic.txt",
            "make all > x",
        ] {
            assert!(!could_be_code(text), "{text}");
        }
    }

    #[test]
    fn versions_are_left_off_names() {
        for name in ["python3", "Python3.11", "perl5.36.0", "lua-5.4", "node20"] {
            assert_eq!(kind([name, ""]), Some(Kind::Interpreter), "{name}");
        }
        assert_eq!(kind(["bash", ""]), Some(Kind::Shell));
        assert_eq!(kind(["x", "busybox"]), Some(Kind::Carrier));
        assert_eq!(kind(["npm", "npm-cli.js"]), Some(Kind::Runner));
        assert_eq!(kind(["ls", "ls"]), None);
    }
}
