//! Commands that pages name. A command line is walked word by word along the help texts of the real program:
//! ours by introspection, `openclaw` by asking its debug build. Each help text is fetched once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::CommandFactory;

use super::paths::Problem;
use crate::commands::Xtask;
use crate::openclaw::{self, Profile};
use crate::tree::Tree;

const XTASK: &str = "cargo xtask";

/// Words before a program that change nothing about what it is given.
const PREFIXES: [&str; 5] = ["sudo", "env", "exec", "time", "nohup"];

/// The programs whose commands are known.
pub(super) struct Programs<'a> {
    tree: &'a Tree,
    /// Built when the first page names a command of it.
    openclaw: Option<PathBuf>,
    helps: HashMap<String, Option<Help>>,
}

impl<'a> Programs<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            openclaw: None,
            helps: HashMap::new(),
        }
    }

    /// The first thing in the command line that our programs do not know.
    pub(super) fn check(&mut self, line: &str) -> Result<Option<Problem>> {
        // Prose in inline code may hold a quote that nothing closes.
        let words =
            shlex::split(line).unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect());
        for command in split_commands(&words) {
            let Some((program, args)) = find_program(&command) else {
                continue;
            };
            if program == openclaw::NAME && !openclaw::is_in(self.tree) {
                if args.first().is_some_and(|word| is_word(word) || is_flag(word)) {
                    let mend = "name its commands once they exist".to_owned();
                    return Ok(Some((
                        "there is no openclaw binary in this tree".to_owned(),
                        mend,
                    )));
                }
                continue;
            }
            if let Some(problem) = self.walk(program, args)? {
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

    fn walk(&mut self, program: &str, args: &[&str]) -> Result<Option<Problem>> {
        let mut path = program.to_owned();
        // A program that is only named is not asked anything.
        let Some(mut help) = (if args.is_empty() { None } else { self.help(&path)? }) else {
            return Ok(None);
        };
        let mut positional = false;
        let mut args = args.iter().copied();
        while let Some(arg) = args.next() {
            if arg == "--" || is_redirection(arg) {
                break;
            }
            if is_flag(arg) {
                let (flag, value) = split_flag(arg);
                if !help.has_flag(flag) {
                    let mend = format!("`{path} --help` lists its flags");
                    return Ok(Some((format!("`{path}` has no flag `{flag}`"), mend)));
                }
                if value.is_none() && help.takes_value(flag) {
                    args.next();
                }
                continue;
            }
            // From the first value on, words are values too.
            if positional || help.commands.is_empty() || !is_word(arg) {
                positional = true;
                continue;
            }
            let parent = path.clone();
            path = format!("{path} {arg}");
            let listed = help.commands.iter().any(|command| command == arg);
            let next = if listed { self.help(&path)? } else { None };
            let Some(next) = next else {
                let missing = path.strip_prefix(program).unwrap_or_default().trim();
                let mend = format!("`{parent} --help` lists its commands");
                return Ok(Some((format!("{program} has no command `{missing}`"), mend)));
            };
            if arg == "help" {
                break;
            }
            help = next;
        }
        Ok(None)
    }

    fn help(&mut self, path: &str) -> Result<Option<Help>> {
        if let Some(known) = self.helps.get(path) {
            return Ok(known.clone());
        }
        let help = match path.strip_prefix(XTASK) {
            Some(words) => describe_xtask(words),
            None => self.ask_openclaw(path.strip_prefix(openclaw::NAME).unwrap_or_default())?,
        };
        self.helps.insert(path.to_owned(), help.clone());
        Ok(help)
    }

    fn ask_openclaw(&mut self, words: &str) -> Result<Option<Help>> {
        let binary = self.openclaw()?;
        // No command writes anything for its help; should one do it all the same, it is here.
        let mut command = openclaw::isolated(&binary, &self.tree.root.join("target/lint-state"));
        command
            .args(words.split_whitespace())
            .arg("--help")
            .stdin(Stdio::null());
        let output = command.output().context("openclaw could not be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(output.status.success().then(|| Help::read(&text)))
    }

    fn openclaw(&mut self) -> Result<PathBuf> {
        if let Some(binary) = &self.openclaw {
            return Ok(binary.clone());
        }
        let binary = openclaw::build(self.tree, Profile::Debug)?;
        self.openclaw = Some(binary.clone());
        Ok(binary)
    }
}

fn describe_xtask(words: &str) -> Option<Help> {
    let mut command = Xtask::command();
    command.build();
    let mut command = &mut command;
    for word in words.split_whitespace() {
        command = command.find_subcommand_mut(word)?;
    }
    Some(Help::read(&command.render_long_help().to_string()))
}

/// What a help text says that a command line can be held against.
#[derive(Clone, Debug)]
struct Help {
    text: String,
    /// What stands under `Commands:`, with the aliases shown there.
    commands: Vec<String>,
}

impl Help {
    fn read(text: &str) -> Self {
        let mut commands = Vec::new();
        let listed = text
            .lines()
            .skip_while(|line| line.trim_end() != "Commands:")
            .skip(1);
        for line in listed.take_while(|line| line.is_empty() || line.starts_with(' ')) {
            // Deeper lines go on describing the command above them.
            let own = line.strip_prefix("  ").filter(|line| !line.starts_with(' '));
            commands.extend(
                own.and_then(|line| line.split_whitespace().next())
                    .map(str::to_owned),
            );
            if let Some((_, aliases)) = line.split_once("[aliases: ") {
                let aliases = aliases.split(']').next().unwrap_or_default();
                commands.extend(aliases.split(", ").map(str::to_owned));
            }
        }
        Self {
            text: text.to_owned(),
            commands,
        }
    }

    fn has_flag(&self, flag: &str) -> bool {
        self.after_flag(flag).next().is_some()
    }

    fn takes_value(&self, flag: &str) -> bool {
        self.after_flag(flag).any(|after| {
            // `-p, --port <PORT>`: the value stands after the long form.
            let after = after.split_once(", --").map_or(after, |(_, long)| {
                long.trim_start_matches(|c: char| c.is_alphanumeric() || c == '-')
            });
            after.starts_with(" <") || after.starts_with("=<")
        })
    }

    /// The rest of the line after each place where the flag stands as a word.
    fn after_flag<'t>(&'t self, flag: &'t str) -> impl Iterator<Item = &'t str> {
        let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        self.text
            .lines()
            .flat_map(move |line| line.match_indices(flag).map(move |found| (line, found)))
            .filter_map(move |(line, (at, _))| {
                let before = line.get(..at)?.chars().next_back();
                let after = line.get(at + flag.len()..)?;
                let alone = !before.is_some_and(is_part) && !after.starts_with(is_part);
                alone.then_some(after)
            })
    }
}

/// Cuts at pipes and the like. The shell's own syntax beyond that does not matter here.
fn split_commands(words: &[String]) -> Vec<Vec<&str>> {
    let mut commands = vec![Vec::new()];
    for word in words {
        let (word, ends) = match word.as_str() {
            "|" | "||" | "&&" | "&" | ";" => ("", true),
            word => word.strip_suffix(';').map_or((word, false), |word| (word, true)),
        };
        let word = word
            .trim_start_matches("$(")
            .trim_start_matches('(')
            .trim_end_matches(')');
        if let Some(last) = commands.last_mut().filter(|_| !word.is_empty()) {
            last.push(word);
        }
        if ends {
            commands.push(Vec::new());
        }
    }
    commands
}

/// The program of ours that the command starts, and what it is given.
fn find_program<'c>(command: &'c [&'c str]) -> Option<(&'static str, &'c [&'c str])> {
    let is_before = |word: &&&str| PREFIXES.contains(*word) || is_assignment(word);
    let skipped = command.iter().take_while(is_before).count();
    match command.get(skipped..)? {
        ["cargo", "xtask", args @ ..] => Some((XTASK, args)),
        [program, args @ ..]
            if Path::new(program)
                .file_name()
                .is_some_and(|name| name == openclaw::NAME) =>
        {
            Some((openclaw::NAME, args))
        }
        _ => None,
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// Whether this could be the name of a command.
fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_flag(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    word.starts_with('-') && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn is_redirection(word: &str) -> bool {
    word.trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with(['<', '>'])
        && !word.ends_with('>')
        || word == ">"
        || word == ">>"
}

/// Takes `--flag=value` apart, and `-p8080` too.
fn split_flag(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word
            .split_once('=')
            .map_or((word, None), |(flag, value)| (flag, Some(value)));
    }
    let end = word.char_indices().nth(2).map_or(word.len(), |(end, _)| end);
    let (flag, value) = word.split_at(end);
    (flag, Some(value).filter(|value| !value.is_empty()))
}
