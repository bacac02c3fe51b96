//! The programs that run what they are told or find, by their names, and how each of them is told.
//!
//! **Bound.** It knows those of its tables, by their names without the version at the end; under another name none is
//! known. **Cost.** A walk over the tables.

use std::borrow::Cow;

/// How an interpreter takes code.
pub(super) struct Interpreter {
    names: &'static [&'static str],
    /// Letters behind a single dash, also among others.
    pub(super) letters: &'static [char],
    /// Long options, and words.
    pub(super) words: &'static [&'static str],
    /// Whether `-m` names a module to run, as which it looks like a file.
    pub(super) has_modules: bool,
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "pypy", "ipython"],
        letters: &['c'],
        words: &[],
        has_modules: true,
    },
    Interpreter {
        names: &["node", "nodejs", "bun", "deno", "tsx", "ts-node", "electron"],
        letters: &['e', 'p'],
        words: &["--eval", "--print", "eval"],
        has_modules: false,
    },
    Interpreter {
        names: &["ruby", "jruby", "irb"],
        letters: &['e'],
        words: &[],
        has_modules: false,
    },
    Interpreter {
        names: &["perl", "raku"],
        // A module is loaded with a line of code, which may have more in it than the module's name.
        letters: &['e', 'E', 'm', 'M'],
        words: &[],
        has_modules: false,
    },
    Interpreter {
        names: &["php", "php-cli"],
        letters: &['r', 'B', 'R', 'E'],
        words: &["--run", "--process-begin", "--process-code", "--process-end"],
        has_modules: false,
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
        has_modules: false,
    },
    Interpreter {
        names: &[
            "julia", "guile", "r", "erl", "emacs", "vim", "vi", "nvim", "ex", "ed", "gdb", "lldb",
        ],
        letters: &['e', 'E', 'c'],
        words: &["--eval", "--print", "--batch", "-eval", "-ex", "--cmd"],
        has_modules: false,
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

/// How a program that is neither an interpreter nor a shell is told to run something.
#[derive(Clone, Copy)]
pub(super) enum Told {
    /// Whatever its words are.
    Always(&'static str),
    /// By one of these flags.
    With(&'static [&'static str], &'static str),
    /// By a file of rules that is named, or by a rule.
    Rules(&'static str),
}

const AWKS: &[&str] = &["awk", "gawk", "mawk", "nawk", "goawk", "original-awk"];
const SEDS: &[&str] = &["sed", "gsed"];
const ORDERS: &[(&[&str], Told)] = &[
    (AWKS, Told::Always("a program for awk")),
    (SEDS, Told::Always("a program for sed")),
    (&["dc"], Told::Always("a program for dc")),
    (
        &["xargs", "parallel"],
        Told::Always("a command for what it reads"),
    ),
    (
        &["at", "batch", "crontab"],
        Told::Always("commands that run later"),
    ),
    (
        &["find", "gfind"],
        Told::With(
            &["-exec", "-execdir", "-ok", "-okdir"],
            "a command for what it finds",
        ),
    ),
    (
        &["fd", "fdfind"],
        Told::With(
            &["-x", "-X", "--exec", "--exec-batch"],
            "a command for what it finds",
        ),
    ),
    (
        &["make", "gmake"],
        Told::Rules("rules that are named on the command line"),
    ),
];

/// Programs whose arguments are programs of a kind, whatever flags they have.
const LANGUAGES: &[&[&str]] = &[AWKS, SEDS, &["jq", "bc", "dc"]];

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
        } else if LANGUAGES.iter().any(|names| names.contains(&&*name)) {
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
    let languages = LANGUAGES.iter().copied().flatten();
    let others = [SHELLS, CARRIERS, RUNNERS].into_iter().flatten();
    interpreters.chain(languages).chain(others).copied()
}

pub(super) fn interpreter(name: &str) -> Option<&'static Interpreter> {
    INTERPRETERS.iter().find(|known| known.names.contains(&name))
}

/// A name in small letters, without the version at its end.
pub(super) fn bare(name: &str) -> Cow<'static, str> {
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_suffix(".exe").unwrap_or(&lower);
    let short = lower.trim_end_matches(|end: char| end.is_ascii_digit() || matches!(end, '.' | '-' | '_'));
    // `7` and the like are nobody's version.
    Cow::Owned(if short.is_empty() { lower } else { short }.to_owned())
}

/// Whether a program runs scripts.
pub(super) fn runs_scripts(names: [&str; 2]) -> bool {
    matches!(kind(names), Some(Kind::Interpreter | Kind::Shell)) || matches!(names, ["." | "source", _])
}

/// How a program is told to run something, if it is one of those that can be.
pub(super) fn told(name: &str) -> Option<Told> {
    let order = ORDERS.iter().find(|(names, _)| names.contains(&name));
    order.map(|(_, told)| *told)
}

/// Whether a program starts another that its words name. Those that are [told] otherwise are not among them.
pub(super) fn starts_another(name: &str) -> bool {
    CARRIERS.contains(&name) && told(name).is_none()
}

impl Told {
    /// What a program is told, if it is by one of these words. `is_open`: one more of them could become any flag.
    pub(super) fn by<'a>(
        self,
        mut words: impl Iterator<Item = &'a str>,
        is_open: bool,
    ) -> Option<&'static str> {
        let (is_told, what) = match self {
            Self::Always(what) => (true, what),
            Self::With(flags, what) => {
                let is_flag = |word: &str| {
                    let flag = word.split_once('=').map_or(word, |(flag, _)| flag);
                    flags.contains(&flag)
                };
                (is_open || words.any(is_flag), what)
            }
            Self::Rules(what) => (is_open || words.any(names_rules), what),
        };
        is_told.then_some(what)
    }
}

fn names_rules(word: &str) -> bool {
    ["--file", "--makefile", "--eval"]
        .iter()
        .any(|flag| word.starts_with(flag))
        || word.starts_with('-') && !word.starts_with("--") && word.contains(['f', 'E'])
}

/// Whether it is a shell.
pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

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
