//! What a nod is bound to.
//!
//! **Promise.** A nod is for this text, in this folder, with this environment, for this agent and session, and these
//! programs and this script as they were, or were not; whatever of it is another when the command starts, is told, and
//! the command does not start. What it could run beside that, which only running it would tell, is not held, and whoever
//! is asked is told so. Between the last look and the start lie microseconds in which a file could still change; that is
//! said here, because nobody can close it from outside of the kernel. **Cost.** One look at each file, and one read of
//! those that we could write to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::decide::{Asked, Rule};
use super::document::{Entry, LEGACY_AGENT};
use super::find::{Found, Places, find};
use super::listed::{By, Seat, Seen};
use super::policy::Policy;
use super::programs::{self, Kind};
use super::shell::Word;
use super::splitting::{Split, split};
use super::witness::Witness;

/// How many words of a text that was not understood are looked at.
const WORDS: usize = 512;
/// How many folders of one command are looked in.
const FOLDERS: usize = 16;

/// A command that somebody is asked about, or that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The text as the caller wrote it.
    pub command: String,
    /// Each program with its words, if the text was understood.
    pub argv: Vec<Vec<String>>,
    /// The folder that it begins in.
    pub cwd: PathBuf,
    /// For which agent.
    pub agent: String,
    /// In which session.
    pub session: String,
    /// Where the first program was found.
    pub resolved_path: Option<PathBuf>,
    /// Why somebody is asked, or why it runs.
    pub rule: Rule,
    /// How strict it is.
    pub policy: Policy,
    /// What is worth a warning.
    pub warning: Option<String>,
    /// What puts it on the list for good. None: a nod for it cannot last.
    pub lasting: Option<Vec<Entry>>,
    /// Whether it is told code, and that needs a nod.
    pub is_code: bool,
    /// What the shell is given if all of it is on the list.
    anew: Option<String>,
    env: [u8; 32],
    folder: Option<Witness>,
    /// The names that were looked for, and where they were found.
    names: BTreeMap<String, Option<PathBuf>>,
    files: Vec<Witness>,
    /// Whether only running it would tell all that it runs, or it is too long to be looked at: not all of that is held.
    pub(super) is_lost: bool,
    /// Where no file was that would be run if it were there.
    absent: Vec<PathBuf>,
}

/// A command that may run.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    plan: Plan,
    text: String,
}

/// What changed between a nod and the start.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the command was not started: {what} since it was allowed")]
pub struct Drift {
    /// What it is.
    pub what: String,
}

/// What is so when a command is about to start.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The text as the caller wrote it.
    pub command: &'a str,
    /// The folder that it begins in.
    pub cwd: &'a Path,
    /// Its whole environment.
    pub env: &'a BTreeMap<String, String>,
    /// For which agent.
    pub agent: &'a str,
    /// In which session.
    pub session: &'a str,
}

impl Bound {
    /// It runs as it was written: somebody has read it, or everything runs.
    pub(super) fn new(plan: Plan) -> Self {
        let text = plan.command.clone();
        Self { plan, text }
    }

    /// It runs as it was understood.
    pub(super) fn listed(plan: Plan) -> Self {
        let text = plan.anew.clone().unwrap_or_default();
        Self { plan, text }
    }

    /// What it was allowed as.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The text for the shell, if nothing changed. To be asked right before the start.
    pub fn check(&self, now: Now<'_>) -> Result<&str, Drift> {
        self.plan.check_unchanged(now)?;
        Ok(&self.text)
    }

    /// The text for the shell, without another look.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Plan {
    /// Of a command that runs because every command does: bound to no file.
    pub(super) fn unbound(asked: &Asked<'_>, policy: Policy) -> Self {
        Self {
            command: asked.command.to_owned(),
            argv: Vec::new(),
            cwd: asked.cwd.to_owned(),
            agent: asked.agent.to_owned(),
            session: asked.session.to_owned(),
            resolved_path: None,
            rule: Rule::Everything,
            policy,
            warning: None,
            lasting: None,
            is_code: false,
            anew: None,
            env: hash_of(asked.env),
            folder: None,
            names: BTreeMap::new(),
            files: Vec::new(),
            is_lost: false,
            absent: Vec::new(),
        }
    }

    pub(super) fn new(asked: &Asked<'_>, seen: &Seen, policy: Policy, rule: Rule) -> Self {
        let places = asked.places();
        // What runs at once is compared by everything but the bytes.
        let is_asked = !matches!(rule, Rule::Listed(_));
        let first = seen.programs.first().and_then(|seat| seat.found.as_ref());
        let mut plan = Self {
            argv: seen.programs.iter().map(Seat::argv).collect(),
            resolved_path: first.map(|found| found.path.clone()),
            rule,
            anew: seen.text.clone().ok(),
            folder: Witness::take(asked.cwd, false).ok(),
            ..Self::unbound(asked, policy)
        };
        let mut paths: Vec<PathBuf> = seen.around.iter().map(|found| found.path.clone()).collect();
        let mut folders = Folders::of(places.cwd);
        for seat in &seen.programs {
            plan.note(&seat.typed, seat.found.as_ref(), &mut paths);
            plan.look_elsewhere(&folders, &seat.typed, &mut paths);
            if programs::runs_scripts(seat.names()) {
                plan.look_for_script(&folders, seat.words.iter().map(Word::plain), &mut paths);
            }
            if programs::kind(seat.names()) == Some(Kind::Carrier) {
                let words = seat.argv().split_off(1);
                plan.search(&words, places, &mut folders, &mut paths);
            }
            folders.follow(&seat.typed, seat.words.iter().map(Word::plain));
        }
        if seen.programs.is_empty() {
            let Split { mut words, is_whole } = split(asked.command);
            words.dedup();
            folders.is_lost = !is_whole || goes_home(asked.command);
            plan.search(&words, places, &mut folders, &mut paths);
        }
        plan.is_lost |= folders.is_lost;
        for path in paths {
            // One that we may not read is held by all but its bytes.
            match Witness::take(&path, is_asked).or_else(|_| Witness::take(&path, false)) {
                Ok(witness) => plan.files.push(witness),
                Err(_) => plan.is_lost = true,
            }
        }
        plan
    }

    fn note(&mut self, name: &str, found: Option<&Found>, paths: &mut Vec<PathBuf>) {
        let path = found.map(|found| found.path.clone());
        paths.extend(path.clone());
        self.names.insert(name.to_owned(), path);
    }

    /// Looks for a file in each folder that the command may be in; says whether there is one.
    fn look_for(&mut self, folders: &Folders, name: &str, paths: &mut Vec<PathBuf>) -> bool {
        let (there, absent): (Vec<_>, Vec<_>) = folders.all(name).partition(|path| path.is_file());
        let is_there = !there.is_empty();
        paths.extend(there);
        self.absent.extend(absent);
        is_there
    }

    /// Looks for the script that an interpreter or a shell is to run: its first word that is no flag. One behind a flag
    /// could be the flag's value, so that the next is looked at too. A word that the shell expands is none.
    fn look_for_script<'a>(
        &mut self,
        folders: &Folders,
        words: impl Iterator<Item = Option<&'a str>>,
        paths: &mut Vec<PathBuf>,
    ) {
        let mut after_flag = false;
        for word in words {
            let Some(word) = word else { break };
            if word.starts_with('-') {
                after_flag = !word.contains('=');
                continue;
            }
            if self.look_for(folders, word, paths) && !after_flag {
                return;
            }
            if !after_flag {
                break;
            }
            after_flag = false;
        }
        // A module, a folder, a name to which it adds an ending, or what it reads.
        self.is_lost = true;
    }

    /// Looks for a program that is named by a way to it, where the command goes to another folder first.
    fn look_elsewhere(&mut self, folders: &Folders, name: &str, paths: &mut Vec<PathBuf>) {
        if folders.known.len() > 1 && name.contains('/') && Path::new(name).is_relative() {
            self.look_for(folders, name, paths);
        }
    }

    /// Looks for programs and scripts among words whose places say nothing: those of a text that was not understood, and
    /// those of a program that starts another.
    fn search(
        &mut self,
        words: &[String],
        places: Places<'_>,
        folders: &mut Folders,
        paths: &mut Vec<PathBuf>,
    ) {
        if words.len() > WORDS {
            self.is_lost = true;
        }
        let words = words.get(..WORDS).unwrap_or(words);
        let found: Vec<_> = words.iter().map(|word| find(word, places)).collect();
        let reads = |(word, found): (&String, &Option<Found>)| {
            let names = found.as_ref().map_or([word.as_str(), ""], Found::names);
            programs::runs_scripts(names)
        };
        let reads: Vec<bool> = words.iter().zip(&found).map(reads).collect();
        let runs_scripts = reads.contains(&true);
        for (at, (word, found)) in words.iter().zip(&found).enumerate() {
            self.note(word, found.as_ref(), paths);
            self.look_elsewhere(folders, word, paths);
            let behind = words.get(at + 1..).unwrap_or_default();
            let behind = || {
                behind
                    .iter()
                    .map(|word| (!is_open(word)).then_some(word.as_str()))
            };
            if reads.get(at) == Some(&true) {
                self.look_for_script(folders, behind(), paths);
            } else if found.is_none() && runs_scripts && !word.starts_with('-') {
                self.look_for(folders, word, paths);
            }
            folders.follow(word, behind());
        }
    }

    pub(super) fn make_lasting(&mut self, seen: &Seen, places: Places<'_>) {
        if seen.programs.is_empty() || self.agent == LEGACY_AGENT {
            return;
        }
        let missing = seen.programs.iter().filter(|seat| seat.by.is_none());
        let entries: Option<Vec<Entry>> = missing
            .map(|seat| {
                let (pattern, arguments) = seat.lasting(places)?;
                Some(Entry {
                    pattern,
                    arg_pattern: Some(arguments),
                    source: Some(super::document::ALWAYS.to_owned()),
                    command_text: Some(self.command.chars().take(300).collect()),
                    ..Entry::default()
                })
            })
            .collect();
        self.lasting = entries.filter(|entries| !entries.is_empty());
    }

    /// The entries of the list that allowed it: agent, id, pattern, and the program's path.
    pub(super) fn used(seen: &Seen) -> Vec<Used> {
        let used = seen.programs.iter().filter_map(|seat| match &seat.by {
            Some(By::Entry(listed)) => Some(Used {
                agent: listed.agent.clone(),
                id: listed.entry.id.clone(),
                pattern: listed.entry.pattern.clone(),
                last_used_at: listed.entry.last_used_at,
                path: seat.found.as_ref()?.path.display().to_string(),
                place: listed.place(),
            }),
            _ => None,
        });
        used.collect()
    }

    /// It may run as it was written, because a person who has read it says so.
    pub fn nodded(self) -> Bound {
        Bound::new(self)
    }

    /// Whether all of it is on the list.
    pub fn is_listed(&self) -> bool {
        self.anew.is_some()
    }

    /// What is not any more as it was.
    pub fn check_unchanged(&self, now: Now<'_>) -> Result<(), Drift> {
        let drift = |what: &str| {
            Err(Drift {
                what: what.to_owned(),
            })
        };
        if now.command != self.command {
            return drift("its text changed");
        }
        if now.cwd != self.cwd {
            return drift("its folder is another");
        }
        if now.agent != self.agent {
            return drift("its agent is another");
        }
        if now.session != self.session {
            return drift("its session is another");
        }
        if hash_of(now.env) != self.env {
            return drift("its environment changed");
        }
        if let Some(folder) = &self.folder
            && folder.is_replaced()
        {
            return drift("its folder was replaced");
        }
        let path = now.env.get("PATH").map(String::as_str).unwrap_or_default();
        let home = now.env.get("HOME").map(Path::new);
        let places = Places {
            path,
            home,
            cwd: now.cwd,
        };
        for (name, before) in &self.names {
            if find(name, places).map(|found| found.path) != *before {
                return drift(&format!("{name} is another program"));
            }
        }
        if let Some(path) = self.absent.iter().find(|path| path.exists() && !path.is_dir()) {
            return drift(&format!("{} appeared", path.display()));
        }
        match self.files.iter().find_map(Witness::drift) {
            Some(what) => Err(Drift { what }),
            None => Ok(()),
        }
    }
}

/// An entry that was used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Used {
    pub(super) agent: String,
    pub(super) id: Option<String>,
    pub(super) pattern: String,
    pub(super) last_used_at: Option<i64>,
    pub(super) path: String,
    pub(super) place: String,
}

/// The folders that a command may be in: where it begins, and where it goes.
struct Folders {
    known: Vec<PathBuf>,
    /// Whether it goes where only running it would tell.
    is_lost: bool,
}

impl Folders {
    fn of(cwd: &Path) -> Self {
        Self {
            known: vec![cwd.to_owned()],
            is_lost: false,
        }
    }

    /// Goes where a program that changes the folder goes. A word that the shell expands is none.
    fn follow<'a>(&mut self, program: &str, mut words: impl Iterator<Item = Option<&'a str>>) {
        if program == "popd" {
            self.is_lost = true;
        }
        if !matches!(program, "cd" | "pushd") {
            return;
        }
        let word = words.find(|word| !word.is_some_and(|word| word.len() > 1 && word.starts_with('-')));
        let Some(word) = word.flatten().filter(|word| *word != "-" && !is_open(word)) else {
            self.is_lost = true;
            return;
        };
        if self.known.len() >= FOLDERS {
            self.is_lost = true;
            return;
        }
        // From where it began, and from where it is by then.
        let new: Vec<_> = [self.known.first(), self.known.last()]
            .into_iter()
            .flatten()
            .map(|folder| folder.join(word))
            .collect();
        for folder in new {
            if !self.known.contains(&folder) {
                self.known.push(folder);
            }
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        self.known.iter().map(move |folder| folder.join(name))
    }
}

/// Whether a text that was not understood goes to a folder that it does not name.
fn goes_home(text: &str) -> bool {
    let is_end = |next: char| next.is_whitespace() || matches!(next, ';' | '&' | '|' | '(' | ')' | '{' | '}');
    text.match_indices("cd").any(|(at, word)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        let after = after.trim_start_matches([' ', '\t']);
        (before.is_empty() || before.ends_with(is_end)) && (after.is_empty() || after.starts_with(is_end))
    })
}

/// Whether the shell makes something else of a word.
fn is_open(word: &str) -> bool {
    word.contains(['$', '`', '*', '?', '[', '~'])
}

fn hash_of(env: &BTreeMap<String, String>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (name, value) in env {
        for text in [name, value] {
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(text.as_bytes());
        }
    }
    hash.finalize().into()
}
