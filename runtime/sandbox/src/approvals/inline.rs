//! Programs that are told code: on the command line, or by what they read.
//!
//! **Promise.** Code that stands on the command line, or comes from standard input, is told apart from a script in a file.
//! Where that cannot be told, it counts as code on the command line. **Bound.** The [programs](super::programs) that are
//! known.

use super::guess::{ALSO_WORDS, begins_with_code, names_code};
use super::programs::{Interpreter, bare, interpreter, is_shell, starts_another, told};
use super::shell::Word;

/// Flags with which a program that starts another starts a shell, or takes a command as text.
const STARTS_A_SHELL: [&str; 6] = ["-c", "--command", "-s", "--shell", "-i", "--login"];

/// Whether a program that goes by these names is told code: what kind of code.
pub(super) fn code(names: [&str; 2], words: &[Word]) -> Option<&'static str> {
    names.into_iter().find_map(|name| {
        let name = bare(name);
        if let Some(known) = interpreter(&name) {
            return code_of(known, words);
        }
        if is_shell(&name) {
            return shell_code(words);
        }
        let plain = || words.iter().filter_map(Word::plain);
        if let Some(told) = told(&name) {
            return told.by(plain(), words.iter().any(could_be_flag));
        }
        let carries_code = || {
            let all: Vec<_> = plain().collect();
            let is_text = |word: &&&str| word.contains(char::is_whitespace);
            words.iter().any(|word| word.plain().is_none())
                || all
                    .iter()
                    .any(|word| STARTS_A_SHELL.contains(word) || ALSO_WORDS.contains(word))
                || names_code(&all.join(" "))
                || all.iter().filter(is_text).any(|word| begins_with_code(word))
        };
        let is_carried = starts_another(&name) && carries_code();
        is_carried.then_some("what could be code for a program that it starts")
    })
}

/// Whether the shell could make a flag of a word.
fn could_be_flag(word: &Word) -> bool {
    match word {
        Word::Plain(_) => false,
        Word::Open { raw, has_variable } => {
            let first = raw.trim_start_matches(['"', '\'', '\\']);
            *has_variable || raw.contains('{') || first.starts_with(['*', '?', '[', '-'])
        }
    }
}

/// Whether a name is that of what a program is given to read, and not of a file: `/dev/stdin`, `/dev/fd/0`.
pub(super) fn is_stream(name: &str) -> bool {
    let mut parts = name.rsplit('/').filter(|part| !matches!(*part, "" | "."));
    match (parts.next(), parts.next()) {
        (Some("stdin"), _) => true,
        (Some(last), Some("fd")) => is_number(last),
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Code for a shell that is not understood: what is understood was taken apart before.
fn shell_code(words: &[Word]) -> Option<&'static str> {
    let is_code =
        |flag: &str| flag.starts_with(['-', '+']) && !flag.starts_with("--") && flag.contains(['c', 's']);
    match operand(words, false, is_code) {
        Operand::Code => Some("commands for a shell"),
        Operand::Missing if !is_about(words) => Some("commands that a shell reads"),
        _ => None,
    }
}

fn code_of(known: &Interpreter, words: &[Word]) -> Option<&'static str> {
    let found = operand(words, known.has_modules, |flag| {
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
fn operand(words: &[Word], has_modules: bool, is_code: impl Fn(&str) -> bool) -> Operand {
    let mut after_flag = false;
    let mut found = Operand::Missing;
    for word in words {
        let Some(plain) = word.plain() else {
            // It could become anything.
            return Operand::Code;
        };
        // A number could be a stream, in the folder of the streams; behind a flag it is the flag's.
        if plain == "-" || is_stream(plain) || !after_flag && is_number(plain) {
            return Operand::Missing;
        }
        if is_code(plain) {
            return Operand::Code;
        }
        if has_modules && plain.starts_with("-m") || !plain.starts_with('-') && !after_flag {
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
            "perl -mstrict -e x",
            "perl '-Mstrict;print x' /dev/null",
            "tcsh -m -c x",
            "perl /dev/stdin",
            "python3 -B /dev/fd/0",
            "bash /proc/self/fd/./0",
            "ruby /dev/../dev//stdin",
            "python3 0",
            "at now",
            "crontab -",
            "dc -e '!x'",
            "sudo find . -exec rm {} +",
            "setsid make -f x",
            "watch 'p${z}ython3 -c x'",
            "find . {-exec,x,+}",
            "find . $A",
            "find . *",
            "fd x --exec=y",
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
            "python3 -W 1 x.py",
            "find ~/x -name y*",
            "sudo find . -name x",
            "setsid make all",
            "watch 'ls -l'",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
