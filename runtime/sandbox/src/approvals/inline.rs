//! Programs that are told code: on the command line, or by what they read.
//!
//! **Promise.** Code that stands on the command line, or comes from standard input, is told apart from a script in a file.
//! Where that cannot be told, it counts as code on the command line. **Bound.** The [programs](super::programs) that are
//! known.

use super::guess::names_code;
use super::programs::{Interpreter, bare, interpreter, is_shell, runs_scripts, starts_another};
use super::shell::Word;

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
            _ if is_shell(&name) => shell_code(words),
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

/// The words that could name the script that a program is to run; the first that is a file is it.
pub(super) fn scripts<'a>(names: [&str; 2], words: &'a [Word]) -> impl Iterator<Item = &'a str> + use<'a> {
    let runs_scripts = runs_scripts(names);
    let plain = words.iter().filter_map(Word::plain);
    plain.filter(move |word| runs_scripts && !word.starts_with('-'))
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
}
