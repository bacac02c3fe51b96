//! The programs that run what they are told or find, by their names.
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

/// Whether a program starts another that its words name. Those that have rules of their own are not among them.
pub(super) fn starts_another(name: &str) -> bool {
    let has_rules = [
        "xargs", "parallel", "find", "gfind", "fd", "fdfind", "make", "gmake",
    ];
    CARRIERS.contains(&name) && !has_rules.contains(&name)
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
