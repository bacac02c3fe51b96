//! What is really run: the program behind wrappers, the text behind `sh -c`.
//!
//! **Promise.** `env`, `nice`, `nohup`, `timeout` and `stdbuf` are looked through where they are the system's own and
//! their words are certain; so is a shell that is given a text that is understood. A wrapper or a shell whose words are
//! not understood makes the whole command one that is not understood: what it would run is not known. **Bound.**
//! [`DEPTH`] of them in each other.

use super::find::{Found, Places, find};
use super::safe::SafeBins;
use super::shell::{Join, Program, Script, Word, parse, quote};

/// How deep wrappers and shells may be nested.
const DEPTH: usize = 4;
const WRAPPERS: &[&str] = &["env", "nice", "nohup", "timeout", "stdbuf"];
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// A program as it is really run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Part {
    pub(super) join: Option<Join>,
    /// What stands before it: wrappers with their words, as a shell is to read them.
    pub(super) before: Vec<String>,
    /// The wrappers and shells.
    pub(super) around: Vec<Found>,
    pub(super) inner: Inner,
}

/// What is run behind all wrappers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Inner {
    Program {
        typed: String,
        found: Option<Found>,
        words: Vec<Word>,
    },
    /// The text of a shell.
    Text(Vec<Part>),
}

/// What is around while a text is taken apart.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) places: Places<'a>,
    pub(super) safe_bins: &'a SafeBins,
}

/// What a text really runs. Err: why that is not known.
pub(super) fn unwrap(script: &Script, around: Around<'_>) -> Result<Vec<Part>, String> {
    parts(script, around, 0)
}

fn parts(script: &Script, around: Around<'_>, depth: usize) -> Result<Vec<Part>, String> {
    let parts = script.parts.iter().map(|simple| {
        let part = Part {
            join: simple.join,
            before: Vec::new(),
            around: Vec::new(),
            inner: Inner::Text(Vec::new()),
        };
        peel(part, &simple.program, &simple.words, around, depth)
    });
    parts.collect()
}

fn peel(
    mut part: Part,
    program: &Program,
    words: &[Word],
    around: Around<'_>,
    depth: usize,
) -> Result<Part, String> {
    if depth > DEPTH {
        return Err("its wrappers are nested too deeply".to_owned());
    }
    let found = find(program.text(), around.places);
    let system = found.clone().filter(|found| around.safe_bins.trusts(found));
    let Some((outer, name)) = system.and_then(|found| {
        let name = found.name().to_owned();
        Some((found, name)).filter(|(_, name)| {
            WRAPPERS.contains(&name.as_str()) && !words.is_empty() || SHELLS.contains(&name.as_str())
        })
    }) else {
        part.inner = Inner::Program {
            typed: program.text().to_owned(),
            found,
            words: words.to_vec(),
        };
        return Ok(part);
    };
    let path = outer.text().unwrap_or_default().to_owned();
    if SHELLS.contains(&name.as_str()) {
        let Some(text) = shell_text(&name, words)? else {
            part.inner = Inner::Program {
                typed: program.text().to_owned(),
                found: Some(outer),
                words: words.to_vec(),
            };
            return Ok(part);
        };
        let script =
            parse(text).map_err(|obscure| format!("the text for {name} is not understood: {obscure}"))?;
        part.before.push(quote(&path));
        part.before.push("-c".to_owned());
        part.around.push(outer);
        part.inner = Inner::Text(parts(&script, around, depth + 1)?);
        return Ok(part);
    }
    let own = wrapper_words(&name, words)?;
    let (own, rest) = words.split_at_checked(own).unwrap_or((words, &[]));
    let Some((inner, rest)) = rest.split_first() else {
        return Err(format!("it is not known what {name} runs"));
    };
    let inner = Program::of(inner).map_err(|what| format!("it is not known what {name} runs: {what}"))?;
    part.before.push(quote(&path));
    part.before.extend(own.iter().filter_map(Word::plain).map(quote));
    part.around.push(outer);
    peel(part, &inner, rest, around, depth + 1)
}

/// The text that a shell is given. None: it runs a file.
fn shell_text<'a>(name: &str, words: &'a [Word]) -> Result<Option<&'a str>, String> {
    let plain: Option<Vec<&str>> = words.iter().map(Word::plain).collect();
    match plain.as_deref() {
        Some([flag, text]) if matches!(*flag, "-c" | "-lc") => Ok(Some(text)),
        Some([first, ..]) if !first.starts_with(['-', '+']) => Ok(None),
        // With a file its first word is one, whatever the others become.
        None if words
            .first()
            .and_then(Word::plain)
            .is_some_and(|first| !first.starts_with(['-', '+'])) =>
        {
            Ok(None)
        }
        _ => Err(format!("it is not known what {name} runs")),
    }
}

/// How many of a wrapper's words are its own.
fn wrapper_words(name: &str, words: &[Word]) -> Result<usize, String> {
    let unknown = |word: &str| Err(format!("{name} has {word}, so that it is not known what it runs"));
    let mut at = 0;
    // How many words of its own that are no flags come before the program.
    let mut plain_left = usize::from(name == "timeout");
    loop {
        let Some(word) = words.get(at) else {
            return Err(format!("it is not known what {name} runs"));
        };
        let Some(word) = word.plain() else {
            // A path in the home folder can be the program, and nothing of the wrapper's own.
            return if plain_left == 0 {
                Ok(at)
            } else {
                unknown("a word that the shell expands")
            };
        };
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
            _ => (word, None),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let takes = match (name, flag, value) {
            (_, "--", None) => {
                // What follows is no flag.
                let rest = words.get(at + 1..).unwrap_or_default();
                let own = rest.get(..plain_left).unwrap_or_default();
                return if own.len() == plain_left && own.iter().all(|word| word.plain().is_some()) {
                    Ok(at + 1 + plain_left)
                } else {
                    unknown("a word that the shell expands")
                };
            }
            ("env", "-i" | "--ignore-environment", None) => 1,
            ("nice", "-n" | "--adjustment", None) => 2,
            ("nice", "--adjustment", Some(_)) => 1,
            ("nice", _, None) if flag.strip_prefix('-').is_some_and(is_number) => 1,
            ("timeout", "-k" | "--kill-after" | "-s" | "--signal", None) => 2,
            ("timeout", "--kill-after" | "--signal", Some(_)) => 1,
            ("timeout", "--preserve-status" | "--foreground" | "-v" | "--verbose", None) => 1,
            ("stdbuf", "-i" | "-o" | "-e" | "--input" | "--output" | "--error", None) => 2,
            ("stdbuf", "--input" | "--output" | "--error", Some(_)) => 1,
            ("stdbuf", _, None) if is_mode(flag) => 1,
            _ if word.starts_with('-') => return unknown(word),
            _ if plain_left > 0 => {
                plain_left -= 1;
                1
            }
            _ => return Ok(at),
        };
        if takes == 2 && words.get(at + 1).and_then(Word::plain).is_none() {
            return unknown("a flag whose value is not certain");
        }
        at += takes;
    }
}

/// `-oL`, `-e0` and the like.
fn is_mode(flag: &str) -> bool {
    let value = ["-i", "-o", "-e"]
        .iter()
        .find_map(|begin| flag.strip_prefix(begin));
    value.is_some_and(|value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn programs(part: &Part) -> Vec<&Part> {
        match &part.inner {
            Inner::Program { .. } => vec![part],
            Inner::Text(parts) => parts.iter().flat_map(programs).collect(),
        }
    }

    fn really(text: &str) -> Result<Vec<String>, String> {
        let safe_bins = SafeBins::new(None, &[], &BTreeMap::new());
        let around = Around {
            places: Places {
                path: "/usr/bin:/bin",
                home: None,
                cwd: Path::new("/"),
            },
            safe_bins: &safe_bins,
        };
        let parts = unwrap(&parse(text).unwrap(), around)?;
        let shown = parts.iter().flat_map(programs).map(|part| {
            let Inner::Program { typed, words, .. } = &part.inner else {
                panic!("no program");
            };
            let words = words.iter().map(|word| word.plain().unwrap_or("?"));
            std::iter::once(typed.as_str())
                .chain(words)
                .collect::<Vec<_>>()
                .join(" ")
        });
        Ok(shown.collect())
    }

    #[test]
    fn wrappers_are_looked_through() {
        for (text, expected) in [
            ("env ls -l", "ls -l"),
            ("env -i ls", "ls"),
            ("env -- ls", "ls"),
            ("nice ls", "ls"),
            ("nice -n 5 ls -n", "ls -n"),
            ("nice -5 ls", "ls"),
            ("nice --adjustment=5 ls", "ls"),
            ("nohup ls", "ls"),
            ("timeout 5 ls", "ls"),
            ("timeout -k 1s -s KILL --preserve-status 5m ls x", "ls x"),
            ("timeout -- 5 ls", "ls"),
            ("stdbuf -oL ls", "ls"),
            ("stdbuf -o L --error=0 ls", "ls"),
            ("env nice timeout 5 nohup ls", "ls"),
            ("/usr/bin/env ls", "ls"),
            ("env", "env"),
        ] {
            assert_eq!(really(text), Ok(vec![expected.to_owned()]), "{text}");
        }
    }

    #[test]
    fn a_shell_with_a_simple_text_is_looked_through() {
        assert_eq!(really("sh -c 'ls -l'"), Ok(vec!["ls -l".to_owned()]));
        assert_eq!(
            really("sh -lc 'ls | wc -l && env date'; id"),
            Ok(vec![
                "ls".to_owned(),
                "wc -l".to_owned(),
                "date".to_owned(),
                "id".to_owned()
            ])
        );
        assert_eq!(really("nice bash -c \"sh -c 'ls'\""), Ok(vec!["ls".to_owned()]));
        assert_eq!(really("bash x.sh -c y"), Ok(vec!["bash x.sh -c y".to_owned()]));
    }

    #[test]
    fn what_a_wrapper_runs_must_be_certain() {
        for text in [
            "env A=1 ls",
            "env -S 'ls x'",
            "env -u PATH ls",
            "env --chdir=/ ls",
            "env $X",
            "env -i",
            "nice -n",
            "nice -n 5",
            "nice $X ls",
            "timeout 5",
            "timeout ls",
            "timeout $X ls",
            "timeout --foo 5 ls",
            "stdbuf -o$X ls",
            "stdbuf --foo=1 ls",
            "nohup --x ls",
            "sh -c 'ls > x'",
            "sh -c $X",
            "sh -c",
            "sh",
            "sh -c 'ls' x",
            "sh -ec 'ls'",
            "bash -s",
            "bash -i x.sh",
            "bash --rcfile x -c ls",
            "sh -c 'eval ls'",
            "env command ls",
            "sh -c \"sh -c 'sh -c \\\"sh -c ls\\\"'\" x",
            "env 'a b=c' ls",
        ] {
            let found = really(text);
            let unclear = match &found {
                Err(_) => true,
                // It names a program that is not there.
                Ok(_) => text == "timeout ls" || text == "env $X",
            };
            assert!(unclear, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_wrapper_that_is_not_the_systems_is_a_program_like_any_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        std::fs::copy("/bin/true", &path).unwrap();
        let text = format!("{} ls", path.display());
        assert_eq!(really(&text), Ok(vec![text]));
    }
}
